"""Members of gzip: every header field, every way of being wrong, fed in pieces of any size."""

from __future__ import annotations

import gzip
import zlib

import pytest

from cloud_data_cockpit.errors import FormatError
from cloud_data_cockpit.formats import gzip_members
from cloud_data_cockpit.formats.gzip_members import Engine, Members, bgzf_size, engine, header_length
from cloud_data_cockpit.formats.gzip_source import plain_head

from .gzip_made import EOF_BLOCK, bgzf, member, some_lines, trailer


def decoded(data: bytes, step: int) -> bytes:
    members = Members("memory:it")
    out = [piece for at in range(0, len(data), step) for piece in members.feed(data[at : at + step])]
    members.finish()
    assert members.plain == sum(map(len, out))
    return b"".join(out)


LINES = some_lines(300)
GOOD = {
    "one": member(LINES),
    "all header fields": member(LINES, flags=2 | 4 | 8 | 16),
    "each header field": b"".join(member(LINES[i * 50 : i * 50 + 50], flags=i) for i in range(32)),
    "empty": member(b""),
    "empty ones between": member(b"") + member(b"a\n") + member(b"") + member(b"") + member(b"b\n") + member(b""),
    "a thousand small": b"".join(member(b"%d\n" % i) for i in range(1000)),
    "stored": member(LINES, 0),
    "zeros behind": member(LINES) + bytes(1000),
    "zeros between": member(LINES) + bytes(7) + member(LINES),
    "bgzf": bgzf(LINES, 1000),
    "ten million zeros": member(bytes(10_000_000)),
    "text flag": member(LINES)[:3] + b"\x01" + member(LINES)[4:],
}


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("step", [1, 7, 1000, 1 << 20])
def test_all_plain_bytes_come_out(name: str, step: int) -> None:
    assert decoded(GOOD[name], step) == gzip.decompress(GOOD[name])


@pytest.mark.parametrize("name", GOOD)
def test_zlib_serves_where_there_is_no_isal(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gzip_members, "engine", lambda: Engine(zlib, zlib.error))
    assert decoded(GOOD[name], 1000) == gzip.decompress(GOOD[name])


ONE = member(LINES)
BAD = {
    "nothing": (b"", "empty"),
    "not gzip": (b"a,b\n1,2\n" * 10, "not gzip"),
    "cut in the header": (ONE[:5], "cut off"),
    "cut in a name": (member(LINES, flags=8)[:14], "cut off"),
    "cut in the data": (ONE[: len(ONE) // 2], "cut off"),
    "cut in the checksum": (ONE[:-6], "cut off"),
    "cut in the length": (ONE[:-1], "cut off"),
    "cut in the second": (ONE + ONE[:-100], "cut off"),
    "wrong checksum": (ONE[:-8] + b"\0\0\0\0" + ONE[-4:], "checksum"),
    "wrong length": (ONE[:-4] + b"\1\0\0\0", "length"),
    "wrong length of the first": (ONE[:-4] + b"\1\0\0\0" + ONE, "length"),
    "other method": (ONE[:2] + b"\x07" + ONE[3:], "method"),
    "unknown flags": (ONE[:3] + b"\x80" + ONE[4:], "flags"),
    "wrong header checksum": (
        member(LINES, flags=2)[:10] + b"\0\0" + member(LINES, flags=2)[12:],
        "checksum of the header",
    ),
    "endless name": (member(b"")[:3] + b"\x08\0\0\0\0\0\xff" + b"n" * (300 << 10), "does not end"),
    "text behind": (ONE + b"and some text\n", "not gzip"),
    "half a signature behind": (ONE + b"\x1f", "cut off"),
    "text behind zeros": (ONE + bytes(500) + b"text", "not gzip"),
    "impossible block": (ONE[:10] + b"\x07" + ONE[11:], "damaged"),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("step", [1, 100, 1 << 20])
def test_what_is_wrong_is_said(name: str, step: int) -> None:
    data, words = BAD[name]
    step = max(step, len(data) // 1000)
    with pytest.raises(FormatError, match=words) as caught:
        decoded(data, step)
    assert "memory:it" in caught.value.message


def test_a_flipped_bit_never_changes_what_comes_out() -> None:
    """Only the unused bits of the last byte of the data are nobody's concern."""
    plain = some_lines(6)
    data = member(plain)
    unnoticed = 0
    for bit in range(10 * 8, len(data) * 8):
        changed = bytearray(data)
        changed[bit >> 3] ^= 1 << (bit & 7)
        try:
            assert decoded(bytes(changed), 1 << 20) == plain
            unnoticed += 1
        except FormatError:
            continue
    assert unnoticed < 8


def test_the_end_of_a_member_is_held_back_until_it_is_proved() -> None:
    pieces = Members("memory:it").feed(ONE[:-8] + bytes(8))
    with pytest.raises(FormatError, match="checksum"):
        next(pieces)


def test_bgzf_blocks_tell_their_size() -> None:
    assert bgzf_size(EOF_BLOCK) == len(EOF_BLOCK) == 28
    assert bgzf_size(member(b"", flags=4)) is None
    assert bgzf_size(ONE) is None
    other_field_first = b"\x1f\x8b\x08\x04\0\0\0\0\0\xff\x0b\0AB\x01\0xBC\x02\0\x10\x27"
    assert bgzf_size(other_field_first) == 10_001


def test_a_header_that_is_not_all_there_is_not_judged() -> None:
    whole = member(b"", flags=2 | 4 | 8 | 16)
    length = header_length(whole)
    assert length is not None
    assert all(header_length(whole[:n]) is None for n in range(length))
    assert all(header_length(whole[:n]) == length for n in range(length, len(whole)))


def test_the_head_of_what_is_cut_off_or_damaged() -> None:
    lines = some_lines(20_000)
    data = member(lines)
    assert lines.startswith(plain_head(data[: 64 << 10], 1 << 16))
    assert len(plain_head(data[: 64 << 10], 1 << 16)) == 1 << 16
    assert plain_head(b"no gzip at all", 100) == b""
    assert lines.startswith(plain_head(data[:50_000] + b"\xff" * 1000, 1 << 30))


def test_the_trailer_of_the_tests_is_that_of_python() -> None:
    assert gzip.compress(LINES)[-8:] == trailer(LINES)


def test_isal_is_used_where_it_is_installed() -> None:
    pytest.importorskip("isal")
    assert "isal" in engine().module.__name__
