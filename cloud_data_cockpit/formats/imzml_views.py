"""Ways to read a slice of imzML: spectra, a table, arrays, an ion image, files of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import BadRequest
from ..models import Slice
from ..source import Range, Source
from .imzml_cut import inside
from .imzml_header import parse_header
from .imzml_ibd import MZ_OFFSET, OFFSET, START, Spectrum, X, Y, open_ibd, read_spectra, settle
from .imzml_scan import COLUMNS, Ints, tables_in
from .imzml_slab import slab_of
from .imzml_write import with_offsets, write_pair

if TYPE_CHECKING:
    import pandas as pd

READ_BYTES = 8 << 20
LARGEST_IMAGE = 1 << 28


def iter_spectra(source: Source, shared: Mapping[str, Any], piece: Slice) -> Iterator[Spectrum]:
    """The spectra one by one, about 64 MiB of numbers in memory at once."""
    return _spectra(open_ibd(source, shared["ibd"]), source, shared, piece)


def _spectra(ibd: Source, source: Source, shared: Mapping[str, Any], piece: Slice) -> Iterator[Spectrum]:
    """The numbers are on their way while the XML is read."""
    with slab_of(ibd, piece.details) as slab:
        yield from read_spectra(ibd, tables(source, shared, piece), slab)


def to_pandas(source: Source, shared: Mapping[str, Any], piece: Slice) -> pd.DataFrame:
    """A row for every point: x, y, z (int64), mz and intensity in the number types of the object."""
    import pandas as pd

    spectra = list(iter_spectra(source, shared, piece))
    points = [len(spectrum.intensity) for spectrum in spectra]
    columns: dict[str, Any] = {
        name: np.repeat(np.array([getattr(s, name) for s in spectra], dtype=np.int64), points) for name in "xyz"
    }
    for name in ("mz", "intensity"):
        arrays = [getattr(spectrum, name) for spectrum in spectra]
        columns[name] = np.concatenate(arrays) if arrays else np.zeros(0)
    return pd.DataFrame(columns)


def to_arrays(source: Source, shared: Mapping[str, Any], piece: Slice) -> dict[str, Any]:
    """Coordinates as an int64 array of shape (spectra, 3), and lists of the m/z and the intensity arrays.

    Where all spectra share one m/z array, "mz" is that array and "intensity" has the shape (spectra, points).
    """
    spectra = list(iter_spectra(source, shared, piece))
    coordinates = np.array([spectrum[:3] for spectrum in spectra], dtype=np.int64).reshape(-1, 3)
    if spectra and all(spectrum.mz is spectra[0].mz for spectrum in spectra):
        together = np.stack([spectrum.intensity for spectrum in spectra])
        return {"coordinates": coordinates, "mz": spectra[0].mz, "intensity": together}
    arrays = {"mz": [spectrum.mz for spectrum in spectra], "intensity": [spectrum.intensity for spectrum in spectra]}
    return {"coordinates": coordinates, **arrays}


def ion_image(
    source: Source, shared: Mapping[str, Any], piece: Slice, mz: float, tol: float = 0.1, z: int | None = None
) -> NDArray[np.float64]:
    """Sums of the intensities with |m/z - `mz`| <= `tol`, as an image (y, x) of the whole object, 0 elsewhere.

    Pixel (1, 1) is element [0, 0]. Images of the slices add up to that of the object. With `z` only that plane.
    """
    x0, x1, y0, y1 = shared["extent"]
    x0, y0 = min(x0, 1), min(y0, 1)
    if (x1 - x0 + 1) * (y1 - y0 + 1) > LARGEST_IMAGE:
        raise BadRequest(f"the positions of {source.uri} reach from {x0}, {y0} to {x1}, {y1}: too large an image")
    image = np.zeros((y1 - y0 + 1, x1 - x0 + 1))
    low, high = mz - abs(tol), mz + abs(tol)
    for spectrum in iter_spectra(source, shared, piece):
        if z is None or spectrum.z == z:
            wanted = (spectrum.mz >= low) & (spectrum.mz <= high)
            image[spectrum.y - y0, spectrum.x - x0] += spectrum.intensity[wanted].sum(dtype=np.float64)
    return image


def to_imzml(source: Source, shared: Mapping[str, Any], piece: Slice, path: str | os.PathLike[str]) -> Path:
    """Write a pair of files, `path` and its .ibd, that holds these spectra and needs nothing else; its path."""
    ibd = open_ibd(source, shared["ibd"])
    table = _table(source, shared, piece)
    return write_pair(path, source, ibd, shared["body"], spans(source, shared, piece), table)


def tables(source: Source, shared: Mapping[str, Any], piece: Slice) -> Iterator[Ints]:
    """Tables of the spectra of the slice, settled, none of them empty."""
    for table in _all(source, shared, piece):
        rows = inside(table, piece.details, X, Y)
        if len(rows):
            yield rows


def spans(source: Source, shared: Mapping[str, Any], piece: Slice) -> list[Range]:
    """Where the XML of each spectrum of the slice stands: to the beginning of the next one."""
    table = np.concatenate([_NONE, *_all(source, shared, piece)])
    starts = table[:, START]
    begins, lengths = np.array(piece.ranges, dtype=np.int64).reshape(-1, 2).T
    stops = (begins + lengths)[np.searchsorted(begins, starts, side="right") - 1]
    stops = np.minimum(stops, np.append(starts[1:], np.iinfo(np.int64).max))
    chosen = np.isin(starts, inside(table, piece.details, X, Y)[:, START])
    return [(start, stop - start) for start, stop in zip(starts[chosen].tolist(), stops[chosen].tolist(), strict=True)]


def spectra_text(source: Source, shared: Mapping[str, Any], piece: Slice) -> bytes:
    """The XML of the spectra, of use without those before them: offsets that wrapped are written out."""
    if "region" not in piece.details and "wraps" not in piece.details:
        return b"".join(source.read_many(piece.ranges))
    texts = source.read_many(spans(source, shared, piece))
    if "wraps" in piece.details:
        names = parse_header(source.read(0, shared["body"])).names
        places = _table(source, shared, piece)[:, [MZ_OFFSET, OFFSET]].tolist()
        texts = [with_offsets(text, names, *place) for text, place in zip(texts, places, strict=True)]
    return b"".join(texts)


def _table(source: Source, shared: Mapping[str, Any], piece: Slice) -> Ints:
    return np.concatenate([_NONE, *tables(source, shared, piece)])


def _all(source: Source, shared: Mapping[str, Any], piece: Slice) -> Iterator[Ints]:
    """Tables of all spectra in the ranges of the slice, those outside its region among them."""
    names = parse_header(source.read(0, shared["body"])).names
    found = tables_in(source, names, [held for held in piece.ranges if held[1]], READ_BYTES)
    wraps = piece.details.get("wraps")
    if wraps is None:
        return map(settle, found)
    return iter([settle(np.concatenate(list(found)), (wraps[0], wraps[1]))])


_NONE = np.zeros((0, COLUMNS), dtype=np.int64)
