"""imzML whose numbers are fetched while the XML is read: the same spectra as without that, and as pyimzml reads."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from cloud_data_cockpit.errors import SourceChanged
from cloud_data_cockpit.formats import imzml_ibd, imzml_slab, imzml_views
from cloud_data_cockpit.formats.imzml import ImzmlFormat
from cloud_data_cockpit.formats.imzml_slab import Slab, slab_of
from cloud_data_cockpit.models import Slice
from cloud_data_cockpit.source import MemorySource, Range

from .test_imzml import PAIRS, Pair, by_pyimzml, cut_of, image, made, plain, source_of

KINDS: dict[str, Pair] = {
    **PAIRS,
    **{
        f"{mz_type}{type_}{'-swapped' * swapped}{'-packed' * packed}": made(
            image(7, 5), mz_type=mz_type, type_=type_, swapped=swapped, packed=packed
        )
        for mz_type, type_ in (("<f8", "<f4"), ("<f4", "<f8"), ("<f8", "<i8"), ("<f4", "<i4"))
        for swapped, packed in ((False, False), (True, False), (False, True))
    },
    "whole": made([(x, 1, None, [1.0 * x, 2.0], [3.0, x]) for x in range(1, 40)]),
    "one axis": made([(x, 1, None, [1.0, 2.0], [3.0, x]) for x in range(1, 40)], continuous=True),
}


def read(source: MemorySource, shared: Any, pieces: Sequence[Slice]) -> list[Any]:
    return [spectrum for piece in pieces for spectrum in ImzmlFormat().read(source, shared, piece)]


def without(piece: Slice) -> Slice:
    """The slice as it was made before slabs were: its details do not say where its numbers stand."""
    return piece.model_copy(update={"details": {k: v for k, v in piece.details.items() if k != "ibd"}})


@pytest.mark.parametrize("part", [40, 1000, 4 << 20])
@pytest.mark.parametrize("kind", KINDS)
def test_spectra_are_the_same_by_slab_and_without(kind: str, part: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imzml_slab, "PART", part)
    monkeypatch.setattr(imzml_ibd, "_ROWS", 3)
    monkeypatch.setattr(imzml_views, "READ_BYTES", 9000)
    source = source_of(KINDS[kind])
    for asked in ({"num_slices": 1}, {"num_slices": 4}, {"spectra": 1}, {"region": "2:5,1:2"}):
        pieces, cut, _ = cut_of(source, **asked)
        spectra = read(source, cut.shared, pieces)
        assert plain(spectra) == plain(read(source, cut.shared, [without(piece) for piece in pieces]))
        # pyimzml takes packed numbers for plain ones.
        if "region" not in asked and "packed" not in kind:
            assert plain(spectra) == by_pyimzml(*KINDS[kind])
        for spectrum in spectra:
            for array in (spectrum.mz, spectrum.intensity):
                assert array.flags.aligned
                assert not (array.size and array.flags.writeable)


def test_slabs_are_named_where_slices_have_their_numbers_together() -> None:
    pieces, _, index = cut_of(source_of(KINDS["whole"]), num_slices=3)
    ends = index.arrays["offset"] + index.arrays["bytes"]
    at = 0
    for piece in pieces:
        begin = int(index.arrays["mz_offset"][at])
        at += piece.records
        assert piece.details["ibd"] == [begin, int(ends[at - 1]) - begin]
        assert piece.details["ibd"][1] == piece.details["data_bytes"]
    # With one axis for all spectra, the intensities alone.
    later = cut_of(source_of(KINDS["one axis"]), num_slices=3)[0][1:]
    assert [piece.details["ibd"][1] for piece in later] == [8 * piece.records for piece in later]
    # Every second column of a wide image: half of what lies between is not wanted.
    wide = made([(x % 40 + 1, x // 40 + 1, None, [1.0] * 50, [2.0] * 50) for x in range(400)])
    assert "ibd" not in cut_of(source_of(wide), num_slices=1, region="1:20,1:10")[0][0].details
    assert "ibd" not in cut_of(source_of(made([(1, 1, None, [], [])])), num_slices=1)[0][0].details


@pytest.mark.parametrize("told", [[0, 0], [-5, 100], [3, 10**12], [16, 60], [500, 30], [0, 16]])
def test_a_slab_that_is_not_where_the_numbers_are_changes_nothing(told: list[int]) -> None:
    for kind in ("processed.imzML", "continuous.imzML", "whole"):
        source = source_of(KINDS[kind])
        pieces, cut, _ = cut_of(source, num_slices=3)
        astray = [piece.model_copy(update={"details": {**piece.details, "ibd": told}}) for piece in pieces]
        assert plain(read(source, cut.shared, astray)) == by_pyimzml(*KINDS[kind])


def test_a_spectrum_keeps_no_other_numbers_in_memory() -> None:
    source = source_of(KINDS["whole"])
    pieces, cut, _ = cut_of(source, num_slices=1)
    for spectrum in read(source, cut.shared, pieces):
        assert len(spectrum.mz.base) == spectrum.mz.nbytes + spectrum.intensity.nbytes


def test_spectra_with_one_axis_share_it_across_blocks_of_xml(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imzml_views, "READ_BYTES", 1500)
    source = source_of(KINDS["one axis"])
    pieces, cut, _ = cut_of(source, num_slices=1)
    spectra = read(source, cut.shared, pieces)
    assert all(spectrum.mz is spectra[0].mz for spectrum in spectra)


def test_parts_are_fetched_once_and_again_only_after_they_were_let_go_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imzml_slab, "PART", 10)
    asked: list[Range] = []

    class Seen(MemorySource):
        def read(self, offset: int, length: int) -> bytes:
            asked.append((offset, length))
            return super().read(offset, length)

    data = bytes(range(100))
    with ThreadPoolExecutor(2) as pool:
        slab = Slab(Seen(data), (5, 42), pool)
        for offset, length in ((5, 42), (5, 1), (14, 1), (14, 2), (15, 10), (9, 30), (46, 1), (20, 0)):
            assert slab.cut(offset, length) == data[offset : offset + length]
        assert sorted(asked) == [(5, 10), (15, 10), (25, 10), (35, 10), (45, 2)]
        slab.passed(31)
        assert slab.cut(30, 9) == data[30:39]
        assert len(asked) == 5
        assert slab.cut(12, 5) == data[12:17]
        assert sorted(asked[5:]) == [(5, 10), (15, 10)]


def test_an_error_of_the_companion_comes_through_and_no_thread_stays() -> None:
    class Broken(MemorySource):
        def read(self, offset: int, length: int) -> bytes:
            raise SourceChanged("the companion has changed since it was indexed")

    with slab_of(Broken(bytes(100)), {"ibd": [0, 50]}) as slab:
        assert slab is not None
        with pytest.raises(SourceChanged, match="companion"):
            slab.cut(10, 5)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ibd")]


def test_a_reading_that_is_broken_off_leaves_no_thread() -> None:
    source = source_of(KINDS["whole"])
    pieces, cut, _ = cut_of(source, num_slices=1)
    spectra = imzml_views.iter_spectra(source, cut.shared, pieces[0])
    first = next(spectra)
    spectra.close()  # type: ignore[attr-defined]
    assert np.array_equal(first.mz, [1.0, 2.0])
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ibd")]
