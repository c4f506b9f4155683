"""Saved indexes: whole, of the right object, and made again when damaged."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest

from cloud_data_cockpit.slicing import indexes
from cloud_data_cockpit.slicing.storage import data_directory, whole_file
from cloud_data_cockpit.source import FileSource, MemorySource

from .lines import LineFormat, LineParams


def report(done: int, total: int) -> None: ...


def index_file() -> Path:
    (path,) = data_directory("indexes").iterdir()
    return path


def test_saved_index_comes_back_equal(poem: Path) -> None:
    source, format, params = FileSource(poem), LineFormat(), LineParams(skip=2)
    made = format.index(source, params, report)
    assert indexes.load(source, format, params) is None
    indexes.save(made)
    back = indexes.load(source, format, params)
    assert back is not None
    assert (back.uri, back.etag, back.size, back.records) == (made.uri, made.etag, made.size, made.records)
    assert back.facts == {"ünïcode": [1, 2.5, None]}
    assert back.reading == {"skip": 2}
    assert back.arrays["starts"].dtype == np.int64
    assert np.array_equal(back.arrays["starts"], made.arrays["starts"])


def test_another_reading_version_or_etag_is_another_index(poem: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, format = MemorySource(b"a\nb\n", uri="s3://b/k", etag="1"), LineFormat()
    indexes.save(format.index(source, LineParams(), report))
    assert indexes.load(source, format, LineParams()) is not None
    assert indexes.load(source, format, LineParams(skip=1)) is None
    assert indexes.load(MemorySource(b"a\nb\n", uri="s3://b/k", etag="2"), format, LineParams()) is None
    assert indexes.load(MemorySource(b"a\nb\n", uri="s3://b/K", etag="1"), format, LineParams()) is None
    assert indexes.load(MemorySource(b"a\nb\nc", uri="s3://b/k", etag="1"), format, LineParams()) is None
    monkeypatch.setattr(LineFormat, "version", 2)
    assert indexes.load(source, format, LineParams()) is None


@pytest.mark.parametrize("damage", ["cut", "flip", "text", "empty", "pickle", "other"])
def test_damaged_index_is_told_and_made_again(poem: Path, caplog: pytest.LogCaptureFixture, damage: str) -> None:
    source, format, params = FileSource(poem), LineFormat(), LineParams()
    indexes.save(format.index(source, params, report))
    path = index_file()
    data = bytearray(path.read_bytes())
    if damage == "cut":
        path.write_bytes(data[: len(data) // 2])
    elif damage == "flip":
        data[400] ^= 255
        path.write_bytes(data)
    elif damage == "text":
        path.write_bytes(b"hello")
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "pickle":
        with path.open("wb") as file:
            np.savez(file, about=np.array([{"a": 1}], dtype=object))
    else:
        with path.open("wb") as file:
            np.savez(file, about=np.frombuffer(b'{"uri": 1}', dtype=np.uint8))
    with caplog.at_level(logging.WARNING):
        assert indexes.load(source, format, params) is None
    assert "indexed again" in caplog.text


def test_any_changed_byte_gives_the_index_or_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexes.log, "disabled", True)
    source, format, params = MemorySource(b"a\nb\nc\n", uri="m:", etag="e"), LineFormat(), LineParams()
    made = format.index(source, params, report)
    indexes.save(made)
    data = index_file().read_bytes()
    refused = 0
    for i in range(len(data)):
        index_file().write_bytes(data[:i] + bytes([data[i] ^ 0x55]) + data[i + 1 :])
        back = indexes.load(source, format, params)
        refused += back is None
        assert back is None or (back.facts == made.facts and np.array_equal(back.arrays["starts"], [0, 2, 4]))
    assert refused > len(data) // 2


def test_index_moved_under_another_key_is_not_believed(poem: Path, caplog: pytest.LogCaptureFixture) -> None:
    one, two = MemorySource(b"a\n", uri="m:1", etag="e"), MemorySource(b"b\n", uri="m:2", etag="e")
    format, params = LineFormat(), LineParams()
    first = indexes.save(format.index(one, params, report))
    second = indexes.save(format.index(two, params, report))
    assert first is not None
    assert second is not None
    first.replace(second)
    assert indexes.load(two, format, params) is None
    assert "something else" in caplog.text


def test_a_disk_that_refuses_does_not_stop_the_work(poem: Path, caplog: pytest.LogCaptureFixture) -> None:
    data_directory("indexes").parent.mkdir(parents=True)
    data_directory("indexes").write_text("a file where the folder should be")
    index = LineFormat().index(FileSource(poem), LineParams(), report)
    assert indexes.save(index) is None
    assert "cannot write" in caplog.text


def test_file_that_fails_half_way_leaves_nothing(tmp_path: Path) -> None:
    target = tmp_path / "new" / "file"

    def fail_half_way() -> None:
        with whole_file(target) as file:
            file.write(b"half")
            raise KeyError

    with pytest.raises(KeyError):
        fail_half_way()
    assert list(target.parent.iterdir()) == []
    target.write_bytes(b"old")
    with pytest.raises(KeyError):
        fail_half_way()
    assert target.read_bytes() == b"old"
