"""What searches have found: by key while it grows, once each, bounded, from another connection, forgotten in time."""

from __future__ import annotations

import os
import threading
from datetime import UTC, datetime

import pytest

from cloud_data_cockpit.errors import NotFound
from cloud_data_cockpit.jobs import hits as module
from cloud_data_cockpit.jobs.hits import Hits, read_hits
from cloud_data_cockpit.models import ObjectEntry

NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)


def _entries(*keys: str) -> list[ObjectEntry]:
    return [ObjectEntry(key=key, size=3, last_modified=NOW, etag="e", storage_class="GLACIER") for key in keys]


def test_in_the_order_of_keys_while_it_grows() -> None:
    with Hits("job-1", 100) as hits:
        assert read_hits("job-1", 0, 10).hits == []
        assert hits.add(_entries("b", "é", "Z")) == 3
        assert hits.add(_entries("a", "b", "\ud800odd", "<img onerror>", "\x00")) == 4
        page = read_hits("job-1", 1, 4)
        assert (page.offset, page.total) == (1, 7)
        assert [hit.key for hit in page.hits] == ["<img onerror>", "Z", "a", "b"]
        assert page.hits[3] == _entries("b")[0]
    assert [hit.key for hit in read_hits("job-1", 5, 10).hits] == ["é", "\ud800odd"]
    assert hits.add(_entries("late")) == 0


def test_no_more_than_the_limit_whoever_adds() -> None:
    with Hits("job-2", 500) as hits:
        threads = [
            threading.Thread(target=lambda n=n: [hits.add(_entries(f"{n}-{i}", f"both-{i}")) for i in range(100)])
            for n in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert hits.full
    assert read_hits("job-2", 0, 1000).total == len(read_hits("job-2", 0, 1000).hits) == 500


def test_old_ones_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_SEARCHES", 3)
    for number in range(5):
        with Hits(f"job-{number}", 10) as hits:
            hits.add(_entries("k"))
        os.utime(module._path(f"job-{number}"), (number, number))
    for number in (0, 1):
        with pytest.raises(NotFound, match="search again"):
            read_hits(f"job-{number}", 0, 1)
    assert read_hits("job-4", 0, 1).total == 1
    monkeypatch.setattr(module, "MOST_BYTES", 1)
    with Hits("job-9", 10):
        assert [path.name for path in module._path("x").parent.glob("*.sqlite")] == ["job-9.sqlite"]
