"""A small MeasurementSet, made by casacore where that is installed."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

_START = 4_900_000_000.0


def measurementset_sample() -> dict[str, bytes]:
    """Key below the demo bucket -> content of a MeasurementSet; nothing where python-casacore is not installed."""
    try:
        import casacore.tables  # noqa: F401
    except ImportError:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        path = write_measurementset(Path(folder) / "array.ms", times=40, antennas=7, channels=16, deep=64)
        files = sorted(held for held in path.rglob("*") if held.is_file())
        return {f"astronomy/array.ms/{held.relative_to(path).as_posix()}": held.read_bytes() for held in files}


def write_measurementset(
    path: Path, *, times: int, antennas: int, channels: int = 4, deep: int = 16, endian: str = "little"
) -> Path:
    """A made-up observation: visibilities of a source that drifts, in tiles of `deep` rows; the path."""
    import casacore.tables as ct

    pairs = [(i, j) for i in range(antennas) for j in range(i + 1, antennas)]
    rows = times * len(pairs)
    desc = ct.maketabdesc(
        [
            *(ct.makescacoldesc(name, 0.0) for name in ("TIME", "EXPOSURE")),
            *(ct.makescacoldesc(name, 0) for name in ("ANTENNA1", "ANTENNA2", "DATA_DESC_ID", "SCAN_NUMBER")),
            ct.makescacoldesc("FLAG_ROW", False),
            ct.makescacoldesc("NOTE", ""),
            ct.makearrcoldesc("UVW", 0.0, ndim=1, shape=[3], datamanagergroup="uvw"),
            ct.makearrcoldesc("DATA", 0j, ndim=2, valuetype="complex", datamanagergroup="data"),
            ct.makearrcoldesc("FLAG", False, ndim=2, datamanagergroup="flag"),
            ct.makearrcoldesc("WEIGHT", 0.0, ndim=1, valuetype="float"),
        ]
    )
    managers = {
        "*1": manager("TiledColumnStMan", "uvw", ["UVW"], [3, deep]),
        "*2": manager("TiledShapeStMan", "data", ["DATA"], [2, max(1, channels // 2), deep]),
        "*3": manager("TiledShapeStMan", "flag", ["FLAG"], [2, channels, 4 * deep]),
        "*4": {"TYPE": "IncrementalStMan", "NAME": "slow", "COLUMNS": ["TIME", "EXPOSURE", "SCAN_NUMBER"]},
    }
    table = ct.table(str(path), desc, nrow=rows, dminfo=managers, endian=endian, ack=False)
    _fill(table, pairs, times, channels)
    _subtable(path, table, antennas, ct)
    table.close()
    return path


def manager(kind: str, name: str, columns: list[str], tile: list[int]) -> dict[str, Any]:
    """What `dminfo` of a casacore table says of a storage manager: its kind, its columns and the shape of its tiles."""
    return {"TYPE": kind, "NAME": name, "COLUMNS": columns, "SPEC": {"DEFAULTTILESHAPE": tile}}


def _fill(table: Any, pairs: list[tuple[int, int]], times: int, channels: int) -> None:
    rng = np.random.default_rng(33)
    rows = times * len(pairs)
    when = np.repeat(np.arange(times), len(pairs))
    antenna = np.array(pairs * times, dtype=np.int32).reshape(-1, 2)
    table.putcol("TIME", _START + 10.0 * when)
    table.putcol("EXPOSURE", np.full(rows, 10.0))
    table.putcol("SCAN_NUMBER", (when // 10).astype(np.int32))
    table.putcol("ANTENNA1", antenna[:, 0])
    table.putcol("ANTENNA2", antenna[:, 1])
    table.putcol("NOTE", [f"row {row}" if row % 7 == 0 else "" for row in range(rows)])
    table.putcol("UVW", rng.normal(0, 300, (rows, 3)))
    for row in range(rows):
        # Every fifth time has but one channel, as spectral windows of a real array differ.
        shape = (1 if when[row] % 5 == 4 else channels, 2)
        phase = 0.1 * when[row] * (antenna[row, 1] - antenna[row, 0])
        noise = rng.normal(0, 0.1, shape) + 1j * rng.normal(0, 0.1, shape)
        table.putcell("DATA", row, np.exp(1j * phase) + noise)
        table.putcell("FLAG", row, rng.random(shape) < 0.05)
        if row % 3:
            table.putcell("WEIGHT", row, rng.random(2).astype(np.float32))


def _subtable(path: Path, table: Any, antennas: int, ct: Any) -> None:
    desc = ct.maketabdesc([ct.makescacoldesc("NAME", ""), ct.makearrcoldesc("POSITION", 0.0, ndim=1, shape=[3])])
    sub = ct.table(str(path / "ANTENNA"), desc, nrow=antennas, ack=False)
    sub.putcol("NAME", [f"A{i + 1:02d}" for i in range(antennas)])
    sub.putcol("POSITION", np.arange(3.0 * antennas).reshape(-1, 3))
    table.putkeyword("ANTENNA", sub)
    table.putkeyword("MS_VERSION", 2.0)
    sub.close()
