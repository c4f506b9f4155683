"""Tables of casacore: every column of every row once, through tiles and holes; times, baselines, damage, real sets."""

from __future__ import annotations

import gc
import io
import json
import random
import shutil
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cloud_data_cockpit as cdc
from cloud_data_cockpit.demo.samples_sky import galaxy_sample
from cloud_data_cockpit.demo.samples_table import measurementset_sample, write_measurementset
from cloud_data_cockpit.errors import BadRequest, Cancelled, FormatError, MissingExtra, SourceChanged
from cloud_data_cockpit.formats import ms_clone
from cloud_data_cockpit.formats.base import HEAD_BYTES, Cut, Format, Index
from cloud_data_cockpit.formats.ms import MsFormat, MsParams
from cloud_data_cockpit.formats.ms_header import NotUnderstood, tiles_of
from cloud_data_cockpit.models import Slice
from cloud_data_cockpit.source import MemorySource, Source
from cloud_data_cockpit.tree import FileTree, Member

from .conformance import SLICE_COUNTS, CountingSource, FormatConformance, ignore

ct = pytest.importorskip("casacore.tables", reason="python-casacore is for Linux only")

SAMPLES = Path(__file__).parents[3] / "shared" / "samples" / "ms"
Row = tuple[Any, ...]


@cache
def _home() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="cockpit-test-")


@cache
def made(name: str) -> Path:
    """The directory of an example, made once."""
    path = Path(_home().name, name)
    if name == "empty.ms":
        return write_measurementset(path, times=0, antennas=3)
    if name == "other managers.tab":
        return other_managers(path)
    endian = "big" if "big" in name else "little"
    return write_measurementset(path, times=12, antennas=5, deep=7 if "odd" in name else 16, endian=endian)


def other_managers(path: Path) -> Path:
    """Arrays outside tiles, tiles of cells, old storage managers, empty cells, strings, records."""
    desc = ct.maketabdesc(
        [
            ct.makescacoldesc("id", 0, datamanagertype="StManAipsIO", datamanagergroup="old"),
            ct.makescacoldesc("name", "", datamanagertype="StManAipsIO", datamanagergroup="old"),
            ct.makearrcoldesc("any", 0.0, ndim=-1),
            ct.makearrcoldesc("words", "", ndim=1),
            ct.makearrcoldesc("cells", 0.0, ndim=2, datamanagertype="TiledCellStMan", datamanagergroup="cells"),
            ct.makearrcoldesc("shaped", 0, ndim=2, datamanagertype="TiledShapeStMan", datamanagergroup="shaped"),
            ct.makescacoldesc("complex", 0j, datamanagertype="IncrementalStMan", datamanagergroup="slow"),
        ]
    )
    table = ct.table(str(path), desc, nrow=40, ack=False)
    rng = np.random.default_rng(4)
    # Rows are filled out of order, so that places in hypercubes are not in the order of rows.
    for row in rng.permutation(40).tolist():
        table.putcell("id", row, row)
        table.putcell("name", row, f"é{row}" * (row % 3))
        table.putcell("words", row, ["a" * row, ""])
        table.putcell("cells", row, rng.random((2, 1 + row % 4)))
        if row % 4:
            table.putcell("any", row, rng.random((row % 5 + 1, 3)))
            table.putcell("shaped", row, rng.integers(0, 9, (3, 1 + row % 2)).astype(np.int32))
        table.putcell("complex", row, complex(row // 9, 1))
    table.close()
    return path


def rows_in(table: Any) -> list[Row]:
    """All cells of all rows."""

    def cell(name: str, row: int) -> Any:
        if not table.iscelldefined(name, row):
            return None
        value = table.getcell(name, row)
        return (value.dtype.str, value.shape, value.tobytes()) if isinstance(value, np.ndarray) else repr(value)

    return [tuple(cell(name, row) for name in table.colnames()) for row in range(table.nrows())]


def by_casacore(path: Path) -> list[Row]:
    """All rows of a copy of the table, which casacore may lock."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(path, Path(folder, "x"))
        table = ct.table(str(Path(folder, "x")), ack=False)
        try:
            return rows_in(table)
        finally:
            table.close()


def packed(path: Path) -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as file:
        file.add(path, arcname="x")
    return archive.getvalue()


def cut_of(tree: Source, **params: Any) -> tuple[list[Slice], Cut, Index]:
    index = MsFormat().index(tree, MsParams(), ignore)
    cut = MsFormat().partition(index, MsParams(**params))
    return list(cut.slices), cut, index


def read_all(path: Path, **params: Any) -> list[Row]:
    tree = FileTree(path)
    slices, cut, _ = cut_of(tree, **params)
    return [row for piece in slices for row in rows_in(MsFormat().read(tree, cut.shared, piece))]


class CountingTree(FileTree):
    """A tree that remembers the largest read, and how much was read of each file."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.sources: list[tuple[str, CountingSource]] = []

    def _open(self, member: Member) -> Source:
        self.sources.append((member.name, CountingSource(super()._open(member))))
        return self.sources[-1][1]


def _arrays_elsewhere(work: tuple[Any, ...]) -> Any:
    fmt, tree, shared, piece = work
    return fmt.views["to_arrays"](tree, shared, piece, ["DATA", "TIME"])


class TestMs(FormatConformance):
    cuts_bytes = False
    ranges_overlap = True

    def make(self) -> Format:
        return MsFormat()

    def examples(self) -> Mapping[str, bytes]:
        return {name: _packed(name) for name in ("little.ms", "big odd.ms", "other managers.tab")}

    def source(self, name: str) -> Any:
        return FileTree(made(name))

    def reference(self, data: bytes) -> list[Any]:
        with tempfile.TemporaryDirectory() as folder:
            with tarfile.open(fileobj=io.BytesIO(data)) as archive:
                archive.extractall(folder, filter="data")
            return by_casacore(next(Path(folder).iterdir()))

    def records_of(self, value: Any) -> list[Any]:
        return rows_in(value)

    def damaged(self) -> Mapping[str, bytes]:
        return {"an object": b"\xbe\xbe\xbe\xbe and more"}

    def test_it_is_detected_from_its_content(self) -> None:
        for name in self.examples():
            assert self.make().detect(name, FileTree(made(name)).head(HEAD_BYTES)) == 1
        assert self.make().detect("x.ms", b"table.dat\ntable.f0\n") == 0

    def test_slices_are_numbered_disjoint_and_ascending(self) -> None:
        for name in self.examples():
            slices, _ = self.cut(self.index(self.source(name)), 16)
            assert [piece.number for piece in slices] == list(range(len(slices)))
            for piece in slices:
                ends = [(o, o + n) for o, n in piece.ranges]
                assert all(a[1] <= b[0] for a, b in pairwise(ends))
            rows = [piece.details["rows"] for piece in slices]
            assert all(a[1] == b[0] for a, b in pairwise(rows))

    def test_slices_are_read_in_another_process(self) -> None:
        tree = self.source("little.ms")
        slices, cut = self.cut(self.index(tree), 3)
        work = [(self.make(), tree, dict(cut.shared), piece) for piece in slices]
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            values = list(pool.map(_arrays_elsewhere, work))
        times = np.concatenate([value["TIME"] for value in values])
        assert times.tolist() == np.repeat(4_900_000_000.0 + 10 * np.arange(12), 10).tolist()
        assert sum(len(value["DATA"]) for value in values) == 120

    def test_indexing_reads_blocks_never_the_whole(self) -> None:
        tree = CountingTree(made("little.ms"))
        MsFormat().index(tree, MsParams(), ignore, block_size=1024)
        assert max(source.largest for _, source in tree.sources) <= 1024

    def test_progress_is_told_and_a_cancel_stops(self) -> None:
        tree = FileTree(made("little.ms"))
        seen: list[tuple[int, int]] = []
        MsFormat().index(tree, MsParams(), lambda *told: seen.append(told), block_size=1024)
        assert [done for done, _ in seen] == sorted(done for done, _ in seen)
        assert seen[-1] == (tree.size, tree.size)

        def stop(done: int, total: int) -> None:
            if done > total // 4:
                raise Cancelled("stopped")

        with pytest.raises(Cancelled):
            MsFormat().index(tree, MsParams(), stop, block_size=1024)

    def test_an_object_that_changed_is_noticed(self, tmp_path: Path) -> None:
        path = Path(shutil.copytree(made("little.ms"), tmp_path / "x.ms"))
        tree = FileTree(path)
        slices, cut, _ = cut_of(tree, num_slices=2)
        with (path / "table.f1_TSM1").open("ab") as file:
            file.write(b"more")
        with pytest.raises(SourceChanged):
            MsFormat().read(FileTree(path, tree.etag, tree.size), cut.shared, slices[0])
        with pytest.raises(SourceChanged):
            MsFormat().read(tree, cut.shared, slices[0])


@cache
def _packed(name: str) -> bytes:
    return packed(made(name))


# --- tiles -------------------------------------------------------------------------------------


def test_only_the_tiles_that_hold_the_rows_are_fetched() -> None:
    tree = CountingTree(made("little.ms"))
    slices, cut, index = cut_of(tree, num_slices=6)
    assert {"table.f0_TSM0", "table.f1_TSM1", "table.f1_TSM2", "table.f2_TSM1"} <= set(index.facts["tiled"])
    MsFormat().read(tree, cut.shared, slices[0])
    tree.sources.clear()
    table = MsFormat().read(tree, cut.shared, slices[3])
    assert rows_in(table) == by_casacore(made("little.ms"))[60:80]
    read = {}
    for name, source in tree.sources:
        read[name] = read.get(name, 0) + source.total
    assert sum(read.values()) == sum(length for _, length in slices[3].ranges)
    assert 0 < read["table.f1_TSM1"] < 0.5 * (made("little.ms") / "table.f1_TSM1").stat().st_size
    assert not [name for name in read if "TSM" not in name], "what is not tiled is fetched once a process"


def test_headers_of_other_kinds_are_not_understood() -> None:
    header = (made("little.ms") / "table.f1").read_bytes()
    rows, tiles = tiles_of(header)
    assert rows == 120
    assert [one.file for one in tiles] == [1, 2]
    for data in (b"", header[:10], header[:-5], b"\0" + header[1:], (made("little.ms") / "table.f4").read_bytes()):
        with pytest.raises(NotUnderstood):
            tiles_of(data)
    for place in range(len(header)):
        for value in (0, 0x7F, 0xFF):
            try:
                tiles_of(header[:place] + bytes([value]) + header[place + 1 :])
            except NotUnderstood:
                continue


def test_tiles_of_rows_out_of_order() -> None:
    _, tiles = tiles_of((made("little.ms") / "table.f1").read_bytes())
    for one in tiles:
        for first in range(0, 120, 7):
            for last in range(first + 1, 121, 11):
                offset, length = one.needed(first, last)
                assert 0 <= offset <= offset + length <= one.size
    assert tiles[0].needed(0, 120) == (0, tiles[0].size)
    assert tiles[1].needed(0, 40) == (0, 0), "the first four times have all channels"


# --- cuts --------------------------------------------------------------------------------------


def test_rows_times_and_bytes() -> None:
    tree = FileTree(made("little.ms"))
    index = MsFormat().index(tree, MsParams(), ignore)
    expected = by_casacore(made("little.ms"))
    for params, counts in (
        ({"rows": 50}, [50, 50, 20]),
        ({"times": 5}, [50, 50, 20]),
        ({"times": 1}, [10] * 12),
        ({"times": 100}, [120]),
        ({}, [120]),
    ):
        cut = MsFormat().partition(index, MsParams(**params))
        slices = list(cut.slices)
        assert [piece.records for piece in slices] == counts
        assert [row for piece in slices for row in rows_in(MsFormat().read(tree, cut.shared, piece))] == expected
    assert len(cut_of(tree, slice_bytes=1000)[0]) > 5


def test_baselines() -> None:
    tree = FileTree(made("little.ms"))
    slices, cut, _ = cut_of(tree, baselines=4)
    assert [piece.records for piece in slices] == [48, 48, 24]
    seen: list[Row] = []
    for piece in slices:
        table = MsFormat().read(tree, cut.shared, piece)
        pairs = set(zip(table.getcol("ANTENNA1").tolist(), table.getcol("ANTENNA2").tolist(), strict=True))
        assert len(pairs) == piece.records // 12
        seen += rows_in(table)
    assert sorted(map(repr, seen)) == sorted(map(repr, by_casacore(made("little.ms"))))


def test_a_table_without_rows() -> None:
    tree = FileTree(made("empty.ms"))
    for params in ({"num_slices": 3}, {"times": 2}, {"rows": 5}, {}):
        slices, cut, index = cut_of(tree, **params)
        assert index.records == 0
        assert [piece.records for piece in slices] == [0]
        assert MsFormat().read(tree, cut.shared, slices[0]).nrows() == 0


def test_a_table_without_times_or_baselines_says_so() -> None:
    for params in ({"times": 1}, {"baselines": 1}):
        with pytest.raises(BadRequest, match="rows"):
            cut_of(FileTree(made("other managers.tab")), **params)


# --- views -------------------------------------------------------------------------------------


def test_a_slice_becomes_a_measurementset(tmp_path: Path) -> None:
    tree = FileTree(made("big odd.ms"))
    slices, cut, _ = cut_of(tree, num_slices=3)
    path = MsFormat().views["to_ms"](tree, cut.shared, slices[1], tmp_path / "part.ms")
    expected = by_casacore(made("big odd.ms"))
    assert by_casacore(path) == expected[40:80]
    table = ct.table(str(path), ack=False)
    assert ct.table(table.getkeyword("ANTENNA"), ack=False).nrows() == 5
    assert str(tmp_path) in table.getkeyword("ANTENNA")
    assert read_all(path, num_slices=2) == expected[40:80]
    with pytest.raises(BadRequest, match="exists"):
        MsFormat().views["to_ms"](tree, cut.shared, slices[1], path)


def test_columns_as_arrays() -> None:
    tree = FileTree(made("little.ms"))
    slices, cut, _ = cut_of(tree, times=3)
    arrays = MsFormat().views["to_arrays"](tree, cut.shared, slices[0])
    assert arrays["DATA"].shape == (30, 4, 2)
    assert arrays["WEIGHT"][0] is None
    mixed = MsFormat().views["to_arrays"](tree, cut.shared, slices[1], ["DATA"])
    assert {cell.shape for cell in mixed["DATA"]} == {(4, 2), (1, 2)}
    with pytest.raises(BadRequest, match="known are"):
        MsFormat().views["to_arrays"](tree, cut.shared, slices[1], ["DATE"])


def test_subtables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(ms_clone, "_bases", type(ms_clone._bases)())
    tree = FileTree(made("little.ms"))
    slices, cut, _ = cut_of(tree, num_slices=4)
    subtable = MsFormat().views["subtable"]
    antennas = subtable(tree, cut.shared, slices[1], "ANTENNA")
    ms_clone._bases.clear()
    gc.collect()
    expected = ct.table(str(made("little.ms") / "ANTENNA"), ack=False)
    assert antennas.nrows() == 5
    assert antennas.getcol("NAME") == expected.getcol("NAME")
    assert antennas.query("ROWID() < 2").getcol("POSITION").shape == (2, 3)
    for name in ("ANTENA", "MS_VERSION", "../.."):
        with pytest.raises(BadRequest, match="known are ANTENNA"):
            subtable(tree, cut.shared, slices[1], name)
    del antennas
    ms_clone._bases.clear()
    gc.collect()
    assert list(tmp_path.iterdir()) == []


def test_files_stay_as_long_as_something_reads_them_and_no_longer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(ms_clone, "_bases", type(ms_clone._bases)())
    tree = FileTree(made("little.ms"))
    slices, cut, _ = cut_of(tree, num_slices=4)
    table = MsFormat().read(tree, cut.shared, slices[1])
    chosen = table.query("ANTENNA1 == 0").sort("-TIME").selectrows([0, 1])
    del table
    ms_clone._bases.clear()
    gc.collect()
    assert chosen.getcol("DATA").shape == (2, 4, 2)
    assert ct.table(chosen.getkeyword("ANTENNA"), ack=False).nrows() == 5
    del chosen
    gc.collect()
    assert list(tmp_path.iterdir()) == []


def test_slices_are_read_by_threads() -> None:
    tree = FileTree(made("little.ms"))
    slices, cut, _ = cut_of(tree, num_slices=12)
    with ThreadPoolExecutor(4) as pool:
        tables = list(pool.map(lambda piece: MsFormat().read(tree, cut.shared, piece), slices))
    assert [row for table in tables for row in rows_in(table)] == by_casacore(made("little.ms"))


# --- what is refused ---------------------------------------------------------------------------


def broken(tmp_path: Path, change: Callable[[Path], object], name: str = "little.ms") -> FileTree:
    path = Path(shutil.copytree(made(name), tmp_path / "x.ms"))
    change(path)
    return FileTree(path)


def cut_short(name: str, size: int = -1) -> Callable[[Path], object]:
    def change(path: Path) -> None:
        data = (path / name).read_bytes()
        (path / name).write_bytes(data[: size if size >= 0 else len(data) // 2])

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda path: (path / "table.dat").unlink(), "no table.dat"),
        (lambda path: (path / "table.dat").write_bytes(b"hello, I am a text"), "not one of casacore"),
        (cut_short("table.dat"), "casacore cannot read"),
        (cut_short("table.dat", 0), "cut off"),
        (cut_short("table.f1_TSM1"), "cut off"),
        (cut_short("table.f4"), "casacore cannot read"),
        (cut_short("table.f3"), "casacore cannot read"),
        (cut_short("table.f0"), "casacore cannot read"),
        (lambda path: (path / "table.f1").unlink(), "casacore cannot read"),
        (lambda path: (path / "table.f1_TSM1").unlink(), "left behind"),
        (lambda path: [file.unlink() for file in path.glob("*_TSM*")], "left behind"),
    ],
)
def test_damaged_tables_are_refused(tmp_path: Path, change: Callable[[Path], object], words: str) -> None:
    with pytest.raises(FormatError, match=words):
        cut_of(broken(tmp_path, change))


def test_a_name_that_would_be_a_command_of_the_shell_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """casacore copies a table by `cp -r '...'`, and names in a bucket may be anything."""
    monkeypatch.chdir(tmp_path)
    tree = broken(tmp_path, lambda path: None)
    slices, cut, _ = cut_of(tree, num_slices=1)
    shutil.copytree(tmp_path / "x.ms" / "ANTENNA", tmp_path / "x.ms" / "S';touch made;'x")
    table = ct.table(str(tmp_path / "x.ms"), readonly=False, ack=False)
    table.putkeyword("SUB", f"Table: {tmp_path}/x.ms/S';touch made;'x", False)
    table.close()
    tree = FileTree(tmp_path / "x.ms")
    with pytest.raises(FormatError, match="not safe"):
        cut_of(tree)
    with pytest.raises(FormatError, match="not safe"):
        MsFormat().read_bytes(tree, cut.shared, slices[0], header=True)
    assert not (tmp_path / "made").exists()


def test_a_slice_goes_to_a_path_with_a_quote(tmp_path: Path) -> None:
    tree = FileTree(made("little.ms"))
    slices, cut, _ = cut_of(tree, num_slices=2)
    path = MsFormat().views["to_ms"](tree, cut.shared, slices[0], tmp_path / "d'un jour.ms")
    assert by_casacore(path) == by_casacore(made("little.ms"))[: slices[0].records]
    assert ct.table(ct.table(str(path), ack=False).getkeyword("ANTENNA"), ack=False).nrows() == 5


def test_tables_that_refer_to_others_are_refused(tmp_path: Path) -> None:
    path = Path(shutil.copytree(made("little.ms"), tmp_path / "x.ms"))
    ct.table(str(path), ack=False).query("ANTENNA1 == 0", name=str(tmp_path / "ref.ms")).close()
    with pytest.raises(FormatError, match="RefTable"):
        cut_of(FileTree(tmp_path / "ref.ms"))


def test_a_measurementset_given_as_one_object_is_refused() -> None:
    with pytest.raises(FormatError, match="directory"):
        cut_of(MemorySource(b"\xbe\xbe\xbe\xbe"))


def test_random_damage_never_ends_this_process(tmp_path: Path) -> None:
    chance = random.Random(5)
    started = time.perf_counter()
    for number in range(12):
        path = Path(shutil.copytree(made("other managers.tab"), tmp_path / f"{number}.tab"))
        victim = path / chance.choice(["table.dat", "table.f0", "table.f1", "table.f2", "table.lock"])
        data = bytearray(victim.read_bytes())
        for _ in range(chance.choice((1, 20))):
            data[chance.randrange(len(data))] = chance.randrange(256)
        victim.write_bytes(data)
        with suppress(FormatError):
            cut_of(FileTree(path))
    assert time.perf_counter() - started < 60


def test_a_process_that_hangs_or_breaks_down_is_a_damaged_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "python"
    monkeypatch.setattr(sys, "executable", str(script))
    monkeypatch.setattr(ms_clone, "_LEAST_SECONDS", 0.5)
    for line, words in (("kill -6 $$", "breaks down"), ("exec sleep 60", "not come back")):
        script.write_text(f"#!/bin/sh\n{line}\n")
        script.chmod(0o755)
        started = time.perf_counter()
        with pytest.raises(FormatError, match=words):
            cut_of(FileTree(made("little.ms")))
        assert time.perf_counter() - started < 10


def test_without_casacore_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "casacore.tables", None)
    with pytest.raises(MissingExtra, match="astronomy"):
        cut_of(FileTree(made("little.ms")))
    assert measurementset_sample() == {}
    assert galaxy_sample() == {}


def test_the_demo_observation(tmp_path: Path) -> None:
    path = tmp_path / "galaxy.ms"
    for key, content in galaxy_sample().items():
        file = path / key.partition("galaxy.ms/")[2]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    slices = cdc.partition(path, times=5)
    assert slices.records == 24 * 105
    assert [row for piece in slices for row in rows_in(piece.get())] == by_casacore(path)
    columns = [piece.to_arrays(["UVW", "DATA", "FLAG", "TIME", "ANTENNA1", "ANTENNA2"]) for piece in slices]
    uvw, data, flag, *_ = (np.concatenate([held[name] for held in columns]) for name in columns[0])
    # What turns with the Earth keeps its length, and the whole flux is seen where baselines are short.
    antennas = np.stack([held["ANTENNA1"] * 15 + held["ANTENNA2"] for held in columns[:1]], axis=1)[:105, 0]
    lengths = np.linalg.norm(uvw, axis=1).reshape(24, 105)
    assert np.allclose(lengths, lengths[0], rtol=1e-9)
    assert len(set(antennas.tolist())) == 105
    short = np.hypot(uvw[:, 0], uvw[:, 1]) < 200
    assert abs(np.abs(data[short][~flag[short]]).mean() - 1.45) < 0.05
    assert np.abs(data[flag]).mean() > 3


# --- from a path, from S3, real ones -----------------------------------------------------------


def test_partition_of_a_directory_and_of_its_table_dat() -> None:
    expected = by_casacore(made("little.ms"))
    for uri in (made("little.ms"), made("little.ms") / "table.dat", f"{made('little.ms').as_uri()}/"):
        slices = cdc.partition(uri, times=4)
        assert slices.format == "ms"
        assert [row for piece in cdc.load_slices(slices.manifest_id) for row in rows_in(piece.get())] == expected
    assert slices[0].count() == 40


def test_partition_of_a_prefix(boto: Any, bucket: str, s3_service: Any) -> None:
    connection = cdc.connect(
        "table-lab",
        endpoint_url=s3_service.endpoint_url,
        access_key=s3_service.access_key,
        secret_key=s3_service.secret_key,
    )
    path = made("little.ms")
    for file in (held for held in path.rglob("*") if held.is_file()):
        key = f"a b#/x.ms/{file.relative_to(path).as_posix()}"
        boto.put_object(Bucket=bucket, Key=key, Body=file.read_bytes())
    boto.put_object(Bucket=bucket, Key="a b#/x.ms/", Body=b"")
    boto.put_object(Bucket=bucket, Key="a b#/x.ms2/table.dat", Body=b"another")
    for uri in (f"s3://{bucket}/a b#/x.ms/", f"s3://{bucket}/a b#/x.ms/table.dat"):
        slices = cdc.partition(uri, connection=connection, num_slices=5)
        assert [row for piece in slices for row in rows_in(piece.get())] == by_casacore(path)
    boto.put_object(Bucket=bucket, Key="a b#/x.ms/table.info", Body=b"changed")
    with pytest.raises(SourceChanged):
        cdc.load_slices(slices.manifest_id, connection=connection)[0]._origin.reader().read(
            cdc.slicing.open.open_source(slices.uri, connection, slices._origin.etag, slices._origin.size),
            slices._origin.shared,
            slices[0]._piece,
        )


def real(name: str, folder: Path) -> Path:
    if name.endswith(".tgz"):
        with tarfile.open(SAMPLES / name) as archive:
            archive.extractall(folder, filter="data")
        return next(held for held in folder.iterdir() if held.is_dir())
    path = Path(shutil.copytree(SAMPLES / name, folder / name))
    path.chmod(0o755)
    return path


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the real samples are not on this machine")
@pytest.mark.parametrize("name", ["mssel_test_small.ms.tgz", "tDDECal.in_MS.tgz", "tTable_2.data_v1"])
def test_real_tables(name: str, tmp_path: Path) -> None:
    path = real(name, tmp_path)
    truth = json.loads((SAMPLES.parent / "truth.json").read_text())
    rows = truth["ms/tTable_2.data_v1/table.dat"]["rows"] if "Table" in name else truth[f"ms/{name}"][path.name]["rows"]
    tree = FileTree(path)
    expected = by_casacore(path)
    assert len(expected) == rows
    for number in (n for n in SLICE_COUNTS if n in (1, 3, 16)):
        slices, cut, index = cut_of(tree, num_slices=number)
        assert index.records == rows
        assert len(slices) == min(number, rows)
        got: Sequence[Row] = [row for piece in slices for row in rows_in(MsFormat().read(tree, cut.shared, piece))]
        assert got == expected, number


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the real samples are not on this machine")
def test_a_table_whose_lock_file_was_left_behind_is_refused(tmp_path: Path) -> None:
    """Its table.dat says 0 rows; only the lock file knows of them."""
    path = real("mssel_test_small.ms.tgz", tmp_path)
    (path / "table.lock").unlink()
    with pytest.raises(FormatError, match=r"table\.lock"):
        cut_of(FileTree(path))
