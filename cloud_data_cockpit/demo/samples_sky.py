"""A small made-up observation of a galaxy by a radio interferometer, as a MeasurementSet; casacore writes it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .samples_table import manager

Floats = NDArray[np.float64]

_LIGHT = 299_792_458.0
_START = 5_100_000_000.0
_LATITUDE, _DECLINATION = np.radians(34.0), np.radians(40.0)
_FREQUENCIES = 1.40e9 + 8e6 * np.arange(4)
_ARCSECOND = np.pi / 648_000
_GALAXY = (1.2, 20 * _ARCSECOND)
"""Flux density in Jy, and full width at half maximum in radians."""
_COMPACT = (0.3, 35 * _ARCSECOND, -20 * _ARCSECOND)
"""Flux density in Jy, and direction cosines from the middle of the field."""


def galaxy_sample() -> dict[str, bytes]:
    """Key below the demo bucket -> content of the MeasurementSet; nothing where python-casacore is not installed."""
    try:
        import casacore.tables  # noqa: F401
    except ImportError:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        path = write_observation(Path(folder) / "galaxy.ms")
        files = sorted(held for held in path.rglob("*") if held.is_file())
        return {f"astronomy/galaxy.ms/{held.relative_to(path).as_posix()}": held.read_bytes() for held in files}


def write_observation(path: Path, times: int = 24, arm: int = 5, seed: int = 9) -> Path:
    """Six hours with a Y of three arms: UVW in metres, DATA in Jy, FLAG where there is interference; the path."""
    import casacore.tables as ct

    chance = np.random.default_rng(seed)
    antennas = _antennas(arm)
    pairs = np.array([(i, j) for i in range(len(antennas)) for j in range(i + 1, len(antennas))], dtype=np.int32)
    angles = np.repeat(np.linspace(-np.pi / 4, np.pi / 4, times), len(pairs))
    both = np.tile(pairs, (times, 1))
    uvw = _turned(antennas[both[:, 1]] - antennas[both[:, 0]], angles)
    data, flags = _visibilities(uvw, chance)
    desc = ct.maketabdesc(
        [
            *(ct.makescacoldesc(name, 0.0) for name in ("TIME", "EXPOSURE", "INTERVAL")),
            *(ct.makescacoldesc(name, 0) for name in ("ANTENNA1", "ANTENNA2", "DATA_DESC_ID", "SCAN_NUMBER")),
            ct.makearrcoldesc("UVW", 0.0, ndim=1, shape=[3], datamanagergroup="uvw", keywords={"QuantumUnits": ["m"]}),
            ct.makearrcoldesc("DATA", 0j, ndim=2, valuetype="complex", datamanagergroup="data"),
            ct.makearrcoldesc("FLAG", False, ndim=2, datamanagergroup="flag"),
        ]
    )
    tiles = {name: ("TiledShapeStMan", [2, len(_FREQUENCIES), 256]) for name in ("data", "flag")}
    managers = {
        f"*{i}": manager(kind, name, [name.upper()], tile) for i, (name, (kind, tile)) in enumerate(tiles.items())
    }
    managers["*9"] = manager("TiledColumnStMan", "uvw", ["UVW"], [3, 256])
    table = ct.table(str(path), desc, nrow=len(both), dminfo=managers, ack=False)
    table.putcol("TIME", _START + (angles + np.pi / 4) * 43_200 / np.pi)
    for name in ("EXPOSURE", "INTERVAL"):
        table.putcol(name, np.full(len(both), 10.0))
    table.putcol("ANTENNA1", both[:, 0])
    table.putcol("ANTENNA2", both[:, 1])
    table.putcol("UVW", uvw)
    table.putcol("DATA", data)
    table.putcol("FLAG", flags)
    _subtables(path, table, antennas, ct)
    table.close()
    return path


def _antennas(arm: int) -> Floats:
    """East and north of antennas on three arms, in metres, each further out than the last."""
    far = 100.0 * (np.arange(1, arm + 1) ** 1.7)
    away = np.radians([[0.0], [115.0], [236.0]])
    return np.stack([np.ravel(far * np.sin(away)), np.ravel(far * np.cos(away))], axis=1)


def _turned(baselines: Floats, angles: Floats) -> Floats:
    """u, v, w in metres of east and north at hour angles in radians (Thompson, Moran & Swenson, equation 4.1)."""
    east, north = baselines[:, 0], baselines[:, 1]
    x, z = -np.sin(_LATITUDE) * north, np.cos(_LATITUDE) * north
    sin, cos = np.sin(angles), np.cos(angles)
    across = cos * x - sin * east
    u = sin * x + cos * east
    v = -np.sin(_DECLINATION) * across + np.cos(_DECLINATION) * z
    w = np.cos(_DECLINATION) * across + np.sin(_DECLINATION) * z
    return np.stack([u, v, w], axis=1)


def _visibilities(uvw: Floats, chance: np.random.Generator) -> tuple[NDArray[np.complex64], NDArray[np.bool_]]:
    """Rows x channels x two polarizations of a Gaussian galaxy and a compact source, with noise and interference."""
    u, v = (uvw[:, i, None] * _FREQUENCIES / _LIGHT for i in (0, 1))
    flux, width = _GALAXY
    seen = flux * np.exp(-((np.pi * width) ** 2) * (u**2 + v**2) / (4 * np.log(2)))
    flux, at_l, at_m = _COMPACT
    signal = (seen + flux * np.exp(-2j * np.pi * (u * at_l + v * at_m)))[:, :, None] + np.zeros(2)
    noise = chance.normal(0, 0.04, signal.shape) + 1j * chance.normal(0, 0.04, signal.shape)
    flags = np.broadcast_to(chance.random((*signal.shape[:2], 1)) < 0.02, signal.shape)
    loud = np.where(flags, 4 * np.exp(2j * np.pi * chance.random(signal.shape)), 0)
    return (signal + noise + loud).astype(np.complex64), flags.copy()


def _subtables(path: Path, table: Any, antennas: Floats, ct: Any) -> None:
    desc = ct.maketabdesc([ct.makescacoldesc("NAME", ""), ct.makearrcoldesc("POSITION", 0.0, ndim=1, shape=[3])])
    with ct.table(str(path / "ANTENNA"), desc, nrow=len(antennas), ack=False) as sub:
        sub.putcol("NAME", [f"A{i + 1:02d}" for i in range(len(antennas))])
        sub.putcol("POSITION", np.pad(antennas, ((0, 0), (0, 1))))
        table.putkeyword("ANTENNA", sub)
    desc = ct.maketabdesc([ct.makescacoldesc("NUM_CHAN", 0), ct.makearrcoldesc("CHAN_FREQ", 0.0, ndim=1)])
    with ct.table(str(path / "SPECTRAL_WINDOW"), desc, nrow=1, ack=False) as sub:
        sub.putcell("NUM_CHAN", 0, len(_FREQUENCIES))
        sub.putcell("CHAN_FREQ", 0, _FREQUENCIES)
        table.putkeyword("SPECTRAL_WINDOW", sub)
    table.putkeyword("MS_VERSION", 2.0)
