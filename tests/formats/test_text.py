"""Plain text: lines and words exactly once, in every encoding that can be scanned, over every seam."""

from __future__ import annotations

import io
import random
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field, ValidationError

from cloud_data_cockpit.errors import BadRequest, FormatError
from cloud_data_cockpit.formats.base import Format, Index
from cloud_data_cockpit.formats.lines import NEWLINE, positions
from cloud_data_cockpit.formats.text import TextFormat, TextParams
from cloud_data_cockpit.source import FileSource, MemorySource, Source

from .conformance import FormatConformance, ignore

SAMPLES = Path(__file__).parents[3] / "shared" / "samples" / "text"


def story(lines: int = 400, seed: int = 1) -> str:
    chance = random.Random(seed)
    words = ["Zürich", "snow", "a", "über", "雨", "naïve", "x" * 40, "don't", "—", "1,5", "🙂"]
    return "".join(" ".join(chance.choices(words, k=chance.randint(0, 12))) + "\n" for _ in range(lines))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 300), max_size=30), st.integers(0, 130), st.sampled_from([64, 128, 1 << 18]))
def test_places_of_newlines(lengths: list[int], rest: int, chunk: int) -> None:
    units = np.frombuffer(b"".join(b"x" * n + b"\n" for n in lengths) + b"x" * rest, np.uint8)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cloud_data_cockpit.formats.lines.CHUNK", chunk)
        assert positions(units, NEWLINE).tolist() == np.flatnonzero(units == NEWLINE).tolist()


def universal(text: str) -> list[str]:
    """Lines as Python's own text files have them, with their ends made newlines."""
    return list(io.StringIO(text, newline=None))


class TestText(FormatConformance):
    def make(self) -> Format:
        return TextFormat()

    def examples(self) -> Mapping[str, bytes]:
        latin = "Grüße aus Köln\nça va?\n\n  naïve\r\nfin".encode("latin-1")
        return {
            "small.txt": b"one\ntwo\r\n\r\n\nthree\rfour\r\rlast without end",
            "story.txt": story(2500).encode(),
            "small-story-utf16le.txt": b"\xff\xfe" + story(20).encode("utf-16-le"),
            "small-utf16be.txt": b"\xfe\xff" + "a\nbü\r\n🙂\r雨ਊ\n\nend".encode("utf-16-be"),
            "small-utf32.txt": "\ufeffa\nb🙂\r\nc".encode("utf-32-le"),
            "small-bom.txt": "\ufeffé\n雨\n".encode(),
            "latin.txt": latin,
            "one.txt": b"a",
            "newline.txt": b"\n",
            "return.txt": b"\r",
        }

    def text(self, data: bytes) -> str:
        for bom, name in ((b"\xff\xfe\0\0", "utf-32"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
            if data.startswith(bom):
                return data.decode(name)
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError:
            return data.decode("latin-1")

    def reference(self, data: bytes) -> list[Any]:
        return universal(self.text(data))

    def records_of(self, value: Any) -> list[Any]:
        return universal(value)

    def body(self, data: bytes) -> bytes:
        for bom in (b"\xff\xfe\0\0", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf"):
            if data.startswith(bom):
                return data[len(bom) :]
        return data

    def damaged(self) -> Mapping[str, bytes]:
        return {
            "picture.png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)),
            "late-zero.txt": b"line\n" * 30_000 + b"\0",
            "archive.gz": b"\x1f\x8b\x08" + b"abc" * 9,
            "odd-utf16.txt": b"\xff\xfea\0b",
            "bad-utf16.txt": b"\xff\xfe" + "a\n".encode("utf-16-le") + b"\x00\xdca\0",
            "end-utf16.txt": b"\xff\xfe" + "a\n".encode("utf-16-le") + b"\x00\xd8",
            "bad-utf32.txt": b"\xff\xfe\0\0" + b"\0\0\x11\0",
            "bad-bom.txt": b"\xef\xbb\xbfabc\xff\n",
            "only-bom.txt": b"\xef\xbb\xbf",
        }


class TestWords(FormatConformance):
    """The same promises when records are words."""

    def make(self) -> Format:
        return _Words()

    def examples(self) -> Mapping[str, bytes]:
        return {
            "small.txt": b"  one two\tthree\n\nfour\x0bfive\x0c six\r\nseven ",
            "story.txt": story(2500).encode(),
            "utf16.txt": b"\xff\xfe" + "a bü  🙂\r雨ਊ x\n\nend".encode("utf-16-le"),
            "utf16be.txt": b"\xfe\xff" + "ਠ x਀y\n\nend".encode("utf-16-be"),
        }

    def text(self, data: bytes) -> str:
        return data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8")

    def reference(self, data: bytes) -> list[Any]:
        # Plain white space only: U+3000 and its like stay inside a word.
        return self.records_of(self.text(data))

    def records_of(self, value: Any) -> list[Any]:
        return [word.decode() for word in value.encode().split()]

    def body(self, data: bytes) -> bytes:
        return data[2:] if data[:2] in (b"\xff\xfe", b"\xfe\xff") else data

    def damaged(self) -> Mapping[str, bytes]:
        return {"picture.png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"}


class _WordParams(TextParams):
    words: bool = Field(default=True, json_schema_extra={"reading": True})


class _Words(TextFormat):
    params = _WordParams


def read_all(source: Source, index: Index, **choices: Any) -> list[str]:
    fmt = TextFormat()
    cut = fmt.partition(index, TextParams(**choices))
    return [fmt.read(source, cut.shared, piece) for piece in cut.slices]


def index_of(source: Source, *, block_size: int = 1 << 24, **choices: Any) -> Index:
    return TextFormat().index(source, TextParams(**choices), ignore, block_size=block_size)


@settings(max_examples=60, deadline=None)
@given(
    text=st.text(st.sampled_from("ab \t\n\r\n\ré雨🙂\u2028\x85"), min_size=1, max_size=60),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32", "cp1252", "latin-1", "cp037"]),
    block=st.sampled_from([1, 2, 3, 5, 1000]),
    words=st.booleans(),
    number=st.integers(1, 70),
)
def test_any_text_in_any_encoding(text: str, encoding: str, block: int, words: bool, number: int) -> None:
    data = text.encode(encoding, "ignore")
    text = data.decode(encoding)
    if not text:
        return
    source = MemorySource(data)
    index = index_of(source, encoding=encoding, words=words, block_size=block)
    parts = read_all(source, index, num_slices=number)
    assert "".join(parts) == text
    whole = words_of(text) if words else universal(text)
    assert [r for part in parts for r in (words_of(part) if words else universal(part))] == whole
    assert index.records == len(whole)
    assert len(parts) == max(1, min(number, len(whole)))


def words_of(text: str) -> list[str]:
    return [word.decode("utf-8", "surrogatepass") for word in text.encode("utf-8", "surrogatepass").split()]


def test_lines_per_slice_are_exact_where_marks_are_thin(monkeypatch: pytest.MonkeyPatch) -> None:
    """With far fewer marks than lines, slices of 7 lines still hold 7 lines, and more slices than marks work."""
    monkeypatch.setattr("cloud_data_cockpit.formats.marks.MarkBuilder.__init__.__defaults__", (1, 8))
    data = story(700).encode()
    source = MemorySource(data)
    expected = data.decode().splitlines(keepends=True)
    for words in (False, True):
        index = index_of(source, words=words)
        assert len(index.arrays["offsets"]) <= 8
        fmt = TextFormat()
        for number in (3, 8, 100, 700):
            cut = fmt.partition(index, TextParams(num_slices=number))
            pieces = list(cut.slices)
            assert "".join(fmt.read(source, cut.shared, p) for p in pieces) == data.decode()
            assert [fmt.count(source, cut.shared, p) for p in pieces] == [p.records for p in pieces]
            assert len(pieces) == number
            ends = [(o, o + n) for p in pieces for o, n in p.ranges]
            assert all(a[1] <= b[0] for a, b in pairwise(ends))
    index = index_of(source)
    assert read_all(source, index, lines=7) == ["".join(expected[i : i + 7]) for i in range(0, 700, 7)]
    merged = read_all(source, index, lines=9, remainder="merge")
    assert "".join(merged) == data.decode()
    assert [part.count("\n") for part in merged] == [9] * 76 + [16]


def test_marks_do_not_depend_on_blocks_when_they_are_thinned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cloud_data_cockpit.formats.marks.MarkBuilder.__init__.__defaults__", (1, 16))
    source = MemorySource(story(700).encode())
    whole = index_of(source)
    for block_size in (11, 100, 1000, 5000):
        TestText.same(whole, index_of(source, block_size=block_size), block_size)


def test_slices_of_so_many_bytes_hold_whole_lines() -> None:
    data = story(600).encode()
    source = MemorySource(data)
    parts = read_all(source, index_of(source), slice_bytes=1000)
    longest = max(map(len, data.splitlines(keepends=True)))
    assert "".join(parts) == data.decode()
    assert all(part.endswith("\n") for part in parts)
    assert len(parts) >= len(data) // 1000
    assert max(len(part.encode()) for part in parts) <= 1000 + longest


def test_one_line_longer_than_many_slices() -> None:
    data = b"x" * 500_000 + b"\n" + b"a\n" * 9
    source = MemorySource(data)
    parts = read_all(source, index_of(source, block_size=1000), num_slices=5)
    assert [len(p) for p in parts] == [500_003, 4, 4, 4, 4]
    assert len(read_all(source, index_of(source), slice_bytes=1000)) == 2


@pytest.mark.parametrize("name", ["big5", "gb18030", "shift_jis", "cp932", "euc_jp", "johab", "big5hkscs"])
def test_multibyte_encodings_by_name(name: str) -> None:
    text = "".join(c for c in "中文字元 一二三\r\n日本語、カナ。\n\nΩмир end\n" * 30 if c.isascii() or _can(c, name))
    data = text.encode(name)
    source = MemorySource(data)
    for block_size in (1, 7, 4096):
        index = index_of(source, encoding=name, block_size=block_size)
        assert "".join(read_all(source, index, num_slices=11)) == text
    with pytest.raises(FormatError, match="or is damaged"):
        index_of(MemorySource(data + b"\x81"), encoding=name, block_size=7)
    with pytest.raises(FormatError, match="or is damaged"):
        index_of(MemorySource(data[:40] + b"\xff\n\xff" + data[40:]), encoding=name)


def _can(character: str, encoding: str) -> bool:
    try:
        return bool(character.encode(encoding))
    except UnicodeEncodeError:
        return False


@pytest.mark.parametrize("name", ["iso2022_jp", "ISO-2022-KR", "utf-7", "hz", "no-such", "base64", "idna", "rot13"])
def test_encodings_that_cannot_be_scanned_are_refused(name: str) -> None:
    with pytest.raises(BadRequest, match=r"UTF-8|utf-8"):
        index_of(MemorySource(b"abc\n"), encoding=name)


def test_text_that_is_not_utf8_is_said_to_be_a_guess() -> None:
    for data, encoding in (("Grüße €\n".encode("cp1252") * 9, "cp1252"), (b"a\x81\xe9\n", "latin_1")):
        source = MemorySource(data)
        index = index_of(source)
        cut = TextFormat().partition(index, TextParams())
        assert index.facts["encoding"] == encoding
        assert any("not UTF-8" in note for note in cut.notes)
        assert "".join(read_all(source, index, num_slices=2)) == data.decode(encoding)


@pytest.mark.parametrize("bad", [b"\xc3", b"\x80", b"\xe9\x9b", b"\xf0\x9f\x99", b"\xed\xa0\x80", b"\xc0\xaf", b"\xff"])
def test_broken_utf8_is_found_at_every_seam(bad: bytes) -> None:
    for before in range(6):
        data = "雨🙂é".encode()[: 9 - 0] + b"a" * before + bad + b"b" + "雨\n".encode()
        for block_size in (1, 2, 3, 4, 5, 100):
            assert index_of(MemorySource(data), block_size=block_size).facts["encoding"] != "utf-8", (bad, before)
            with pytest.raises(FormatError, match="or is damaged"):
                index_of(MemorySource(data), encoding="utf-8", block_size=block_size)


def test_a_named_encoding_is_checked_and_allows_zero_bytes() -> None:
    with pytest.raises(FormatError, match="ascii"):
        index_of(MemorySource("é\n".encode()), encoding="ascii")
    source = MemorySource(b"a\0b\nc\n")
    assert index_of(source, encoding="latin-1").records == 2
    assert index_of(MemorySource("a\nb".encode("utf-16-le")), encoding="utf-16").facts["encoding"] == "utf-16-le"


def test_views() -> None:
    fmt = TextFormat()
    text = story(300) + "end\r\nof\rit"
    source = MemorySource(text.encode())
    cut = fmt.partition(index_of(source), TextParams(num_slices=3))
    pieces = list(cut.slices)
    plain = [line.rstrip("\n") for line in universal(text)]

    def view(name: str, piece: Any, **options: Any) -> Any:
        return fmt.views[name](source, cut.shared, piece, **options)

    assert [line for piece in pieces for line in view("lines", piece)] == plain
    assert [line for piece in pieces for line in view("iter_lines", piece)] == plain
    assert b"".join(view("to_bytes", piece) for piece in pieces) == text.encode()
    assert "".join(view("to_text", piece) for piece in pieces) == text
    assert [w for piece in pieces for w in view("words", piece)] == words_of(text)
    assert [line for piece in pieces for line in view("to_file_obj", piece)] == universal(text)
    out = io.StringIO()
    for piece in pieces:
        view("to_file_obj", piece, file_obj=out)
    assert out.getvalue().splitlines() == plain
    view("to_file_obj", pieces[0], file_obj=out, close_fd=True)
    assert out.closed


def test_lines_are_read_in_small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cloud_data_cockpit.formats.text.READ_BYTES", 5)
    text = "one\r\ntwo\n\nthré雨🙂\r" + "x" * 30 + "\r\n\nend"
    source = MemorySource(text.encode())
    cut = TextFormat().partition(index_of(source), TextParams(num_slices=1))
    assert TextFormat().views["lines"](source, cut.shared, next(iter(cut.slices))) == text.splitlines()


def test_detection_is_modest_and_refuses_binary() -> None:
    detect = TextFormat().detect
    assert 0 < detect("a.txt", b"hello") < 0.1
    assert detect("a.txt", "\ufeffa".encode("utf-16")) > 0
    assert detect("a.txt", bytes(range(256))) == 0
    assert detect("a.gz", b"\x1f\x8babcdef") == 0
    assert detect("empty", b"") == 0


def test_lines_and_words_exclude_each_other() -> None:
    with pytest.raises(ValidationError, match="lines and words"):
        TextParams(lines=3, words=True)


def test_upstream_strategy_names_our_parameters() -> None:
    for arguments in TextFormat.strategies.values():
        assert set(arguments.values()) <= set(TextParams.model_fields)
    chosen = TextFormat.strategy_params["whole_words_strategy"]
    assert TextParams(num_slices=2, **chosen).words


class Repeated:
    """A source of any size that repeats a pattern whose length divides the size."""

    def __init__(self, pattern: bytes, times: int) -> None:
        self._pattern = pattern
        self.size = len(pattern) * times
        self.uri = "memory:repeated"
        self.etag = "1"

    def read(self, offset: int, length: int) -> bytes:
        first = offset % len(self._pattern)
        return (self._pattern * (length // len(self._pattern) + 2))[first : first + length]

    def read_many(self, ranges: Any) -> list[bytes]:
        return [self.read(*r) for r in ranges]

    def sibling(self, suffix: str) -> Source:
        raise NotImplementedError


def test_offsets_beyond_four_gibibytes() -> None:
    """Few and long lines, so that 6 GiB pass in seconds: every 64th block is looked at, the rest are like it."""
    pattern = b"x" * ((1 << 24) - 2) + b"\r\n"
    source = Repeated(pattern, 384)
    found: dict[int, Any] = {}

    def once(fn: Any, items: Any) -> Any:
        for offset, length in items:
            if not found:
                found[0] = fn((0, length))
            yield [replace(p, offset=p.offset + offset, offsets=p.offsets + offset) for p in found[0]]

    index = TextFormat().index(source, TextParams(), ignore, run=once, block_size=len(pattern))
    assert index.records == 384
    assert index.arrays["offsets"].dtype == np.int64
    assert int(index.arrays["offsets"][-1]) == 383 << 24
    cut = TextFormat().partition(index, TextParams(num_slices=384))
    last = list(cut.slices)[-1]
    assert last.ranges == ((383 << 24, 1 << 24),)
    assert TextFormat().count(source, cut.shared, last) == 1


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the real sample files are not on this machine")
class TestSamples:
    @pytest.mark.parametrize("name", ["big5", "gb18030", "shift_jis"])
    def test_text_equals_its_utf8_twin(self, name: str) -> None:
        twin = (SAMPLES / f"{name}-utf8.txt").read_bytes().decode()
        source = FileSource(SAMPLES / f"{name}.txt")
        for number in (1, 2, 3, 7, 16, 64):
            index = index_of(source, encoding=name, block_size=number)
            assert "".join(read_all(source, index, num_slices=number)) == twin

    def test_the_sample_of_the_other_system(self) -> None:
        source = FileSource(SAMPLES / "lorem_ipsum.txt")
        text = (SAMPLES / "lorem_ipsum.txt").read_text()
        assert index_of(source).records == 103
        for number in (1, 2, 3, 7, 16, 64, 1000):
            assert "".join(read_all(source, index_of(source), num_slices=number)) == text
            parts = read_all(source, index_of(source, words=True), num_slices=number)
            assert [w for part in parts for w in part.split()] == text.split()
            assert len(parts) == number
