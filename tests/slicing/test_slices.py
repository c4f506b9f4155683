"""Slices and LazySlice: sequence, pickling into another process, views, threads, HTML."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
import threading
from html.parser import HTMLParser
from pathlib import Path

import cloudpickle
import pytest

import cloud_data_cockpit as cdc
from cloud_data_cockpit.errors import BadRequest, CockpitError, CredentialsError, FormatError, SourceChanged
from cloud_data_cockpit.kernel import loading
from cloud_data_cockpit.models import ConnectionRef, Manifest
from cloud_data_cockpit.slicing import opened
from cloud_data_cockpit.slicing.partition import partition
from cloud_data_cockpit.slicing.slices import LazySlice, Slices, load_slices
from cloud_data_cockpit.slicing.table import bytes_for_people

from .lines import LineFormat


def test_is_a_sequence(poem: Path) -> None:
    slices = partition(poem, num_slices=10)
    assert len(slices) == 10
    assert slices[-1].number == 9
    assert slices[3] in slices
    assert [piece.number for piece in slices[2:5]] == [2, 3, 4]
    assert [piece.number for piece in slices[::-3]] == [9, 6, 3, 0]
    assert [piece.number for piece in slices[2:8][1:3]] == [3, 4]
    assert isinstance(slices[2:5], Slices)
    assert slices[::-3].records == 40
    assert slices[:0].records == slices[:0].nbytes == 0
    assert slices[2:5].nbytes == sum(piece.nbytes for piece in slices[2:5])
    with pytest.raises(IndexError, match="no slice 10"):
        slices[10]


def test_nothing_is_read_before_it_is_asked_for(poem: Path) -> None:
    slices = partition(poem, num_slices=10)
    poem.unlink()
    assert (slices[4].records, len(slices[4].ranges)) == (10, 1)
    assert "10 slices" in repr(slices)
    assert "slice 4" in repr(slices[4])
    assert slices._repr_html_()


def test_views_by_attribute(poem: Path) -> None:
    piece = partition(poem, num_slices=100)[0]
    assert piece.upper() == "LINE 0 É\n"
    assert piece.upper("!").endswith("!")
    assert piece.upper.__doc__ == "The lines in capitals."
    assert "upper" in dir(piece)
    assert pickle.loads(pickle.dumps(piece.upper))() == "LINE 0 É\n"
    with pytest.raises(AttributeError, match="views are upper"):
        piece.lower  # noqa: B018
    assert not hasattr(piece, "_missing")


def test_to_file(poem: Path, tmp_path: Path) -> None:
    piece = partition(poem, num_slices=100)[5]
    assert piece.to_file(tmp_path / "out").read_bytes() == b"# lines\n" + "line 5 é\n".encode()
    assert piece.to_file(str(tmp_path / "out"), header=False).read_bytes() == "line 5 é\n".encode()
    poem.write_bytes(b"changed")
    with pytest.raises(SourceChanged):
        piece.to_file(tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == "line 5 é\n".encode()
    with pytest.raises(CockpitError, match="cannot write"):
        load_slices(partition(poem, num_slices=1).manifest)[0].to_file(tmp_path)


@pytest.mark.parametrize("link", [False, True])
def test_what_was_cut_is_never_written_over(poem: Path, tmp_path: Path, link: bool) -> None:
    slices, before = partition(poem, num_slices=3), poem.read_bytes()
    target = poem
    if link:
        target = tmp_path / "link.json"
        target.hardlink_to(poem)
    with pytest.raises(BadRequest, match="would replace the data"):
        slices[0].to_file(target)
    with pytest.raises(BadRequest, match="would replace the data" if link else "ends with .json"):
        slices.save(target)
    assert poem.read_bytes() == before


def test_pickles_small_and_equal(poem: Path) -> None:
    piece = partition(poem, num_slices=10)[3]
    for twin in (pickle.loads(pickle.dumps(piece)), cloudpickle.loads(cloudpickle.dumps(piece)), copy.deepcopy(piece)):
        assert twin == piece
        assert hash(twin) == hash(piece)
        assert twin.get() == piece.get()
    assert len(pickle.dumps(piece)) < 2000
    assert copy.copy(piece) == piece
    slices = partition(poem, num_slices=10)
    assert list(pickle.loads(pickle.dumps(slices[2:4]))) == list(slices[2:4])


def test_pickle_of_an_s3_slice_holds_the_name_of_the_connection_only() -> None:
    piece = LazySlice(s3_slices()._origin, s3_slices()[0]._piece)
    data = pickle.dumps(piece)
    assert len(data) < 2000
    assert b"lab" in data
    back = pickle.loads(data)
    assert back == piece
    assert back._origin.connection == ConnectionRef(name="lab", kind="profile", profile="lab")


def test_slice_travels_to_another_process(poem: Path, tmp_path: Path) -> None:
    slices = partition(poem, num_slices=10)
    (tmp_path / "slices.pickle").write_bytes(pickle.dumps(list(slices)))
    program = """
import pickle, sys
from importlib.metadata import EntryPoint
from cloud_data_cockpit import registry
points = {"lines": EntryPoint("lines", "tests.slicing.lines:LineFormat", registry.GROUP)}
registry._entry_points = lambda: points
pieces = pickle.load(open(sys.argv[1], "rb"))
sys.stdout.buffer.write("|".join("".join(piece.get()) for piece in pieces).encode())
assert "boto3" not in sys.modules and "pandas" not in sys.modules
"""
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "slices.pickle")], cwd=root, capture_output=True, check=False
    )
    assert done.stderr.decode() == ""
    assert done.stdout.decode() == "|".join("".join(piece.get()) for piece in slices)


def test_changed_object_is_never_read(poem: Path) -> None:
    slices = partition(poem, num_slices=10)
    data = poem.read_bytes()
    poem.write_bytes(data.swapcase())
    for read in (slices[0].get, slices[0].read, slices[0].count, slices[0].upper, load_slices(slices.manifest)[1].get):
        with pytest.raises(SourceChanged, match="changed"):
            read()


def test_what_the_format_wrote_and_somebody_took_out_is_missed_in_words(tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_bytes(b"a,b\n1,2\n3,4\n")
    manifest = partition(str(table), num_slices=2).manifest.model_copy(update={"shared": {}})
    edited = Slices.of(manifest)
    with pytest.raises(FormatError, match=r"slice 0 .*damaged or edited; partition the object again"):
        edited[0].get()


def test_other_version_of_the_format_is_refused(poem: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slices = partition(poem, num_slices=10)
    monkeypatch.setattr(LineFormat, "version", 2)
    with pytest.raises(FormatError, match=r"version 1 of the format lines.*version 2; partition it again"):
        slices[0].get()


@pytest.mark.parametrize("workers", [None, 1, 3, 50])
def test_map_keeps_the_order(poem: Path, workers: int | None) -> None:
    slices = partition(poem, num_slices=40)
    assert slices.map(LazySlice.get, workers=workers) == [piece.get() for piece in slices]
    assert slices[:0].map(LazySlice.get) == []


def test_map_overlaps_and_is_bounded(poem: Path) -> None:
    meeting = threading.Barrier(4, timeout=10)
    slices = partition(poem, num_slices=40)
    names = slices.map(lambda piece: (meeting.wait(), threading.current_thread().name)[1], workers=4)
    assert len(set(names)) == 4
    with pytest.raises(ValueError, match="at least 1"):
        slices.map(LazySlice.get, workers=0)


def test_map_stops_at_the_first_error_and_names_the_slice(poem: Path) -> None:
    seen: list[int] = []
    gone_on = threading.Event()

    def fail(piece: LazySlice) -> None:
        seen.append(piece.number)
        if piece.number == 0:
            gone_on.wait(10)
        if piece.number == 3:
            gone_on.set()
            raise KeyError("wrong")

    with pytest.raises(KeyError) as caught:
        partition(poem, num_slices=100).map(fail, workers=2)
    assert caught.value.__notes__ == [f"while slice 3 of {poem.as_uri()} was mapped"]
    assert len(seen) < 12


def test_many_threads_share_one_source(poem: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened._open.clear()
    slices = partition(poem, num_slices=100)
    for _ in range(3):
        assert slices.map(LazySlice.get, workers=16) == [[f"line {i} é"] for i in range(100)]
    assert len(opened._open) == 1


def test_few_sources_stay_open_and_refused_ones_close(poem: Path, tmp_path: Path) -> None:
    for i in range(opened._MOST + 4):
        path = tmp_path / f"{i}.lines"
        path.write_bytes(b"x\n")
        partition(path)[0].get()
    assert len(opened._open) == opened._MOST
    with pytest.raises(CredentialsError), opened.forget_when_refused():
        raise CredentialsError("expired")
    assert len(opened._open) == 0


def test_sources_that_are_held_at_once_are_let_go_in_any_order(poem: Path) -> None:
    piece = partition(poem)[0]
    first, second = opened.open_source(poem), opened.open_source(poem)
    one, other = opened.held(first), opened.held(second)
    one.__enter__()
    other.__enter__()
    assert piece.source is second
    one.__exit__(None, None, None)
    assert piece.source is second
    other.__exit__(None, None, None)
    assert piece.source is not first
    assert piece.source is not second


HOSTILE = "s3://b/<img src=x onerror=alert(1)>'\"&amp;</td><script>alert(2)</script>.lines"


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.text = ""
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


def s3_slices() -> Slices:
    number = 25
    return Slices(
        Manifest.model_validate(
            {
                "id": "<b>id</b>",
                "created": "2026-01-01T00:00:00Z",
                "uri": HOSTILE,
                "etag": "e",
                "size": 10_000_000_000,
                "connection": {"name": "lab", "kind": "profile", "profile": "lab"},
                "format": "<u>",
                "format_version": 1,
                "params": {},
                "shared": {},
                "records": number,
                "notes": ["<script>note</script>"],
                "slices": {
                    "records": [1] * number,
                    "range_counts": [2] * number,
                    "offsets": list(range(2 * number)),
                    "lengths": [1] * 2 * number,
                },
            }
        )
    )


def test_html_escapes_every_text() -> None:
    tags = Tags()
    tags.feed(s3_slices()._repr_html_())
    assert tags.seen == {"div", "strong", "em", "table", "thead", "tbody", "tr", "th", "td"}
    assert tags.attributes == {"style", "scope"}
    assert HOSTILE in tags.text
    assert "<script>note</script>" in tags.text
    assert "25 slices" in tags.text
    assert "and 5 more" in tags.text
    assert "color" not in s3_slices()._repr_html_()


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "0.98 KiB"),
        (1536, "1.5 KiB"),
        (100 * 1024, "100 KiB"),
        (64 << 20, "64 MiB"),
        (3000 * 1024**5, "3,000 PiB"),
    ],
)
def test_bytes_for_people(number: int, words: str) -> None:
    assert bytes_for_people(number) == words


def test_slices_are_found_by_the_public_name() -> None:
    assert cdc.load_slices is loading.load_slices
    assert cdc.partition is partition
