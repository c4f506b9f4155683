"""Search: patterns mean what they say, no key is missed or counted twice however a bucket is divided, and it stops."""

from __future__ import annotations

import random
import threading
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud_data_cockpit.errors import Cancelled, NotFound
from cloud_data_cockpit.models import ObjectEntry, SearchRequest
from cloud_data_cockpit.s3 import search as searching
from cloud_data_cockpit.s3 import walk
from cloud_data_cockpit.s3.connections import Connection
from cloud_data_cockpit.s3.objects import list_page
from cloud_data_cockpit.s3.patterns import Glob, Pattern, Substring
from cloud_data_cockpit.s3.search import search

from .test_objects import KEYS


class Sink:
    """Hits in memory, and a watch that counts."""

    def __init__(self, limit: int = 10_000, stop_after: int | None = None) -> None:
        self.keys: set[str] = set()
        self.done = self.items = 0
        self.notes: list[str] = []
        self._limit, self._stop_after = limit, stop_after
        self._lock = threading.Lock()

    @property
    def full(self) -> bool:
        return len(self.keys) >= self._limit

    def check(self) -> None:
        if self._stop_after is not None and self.done >= self._stop_after:
            raise Cancelled("stopped")

    def note(self, text: str) -> None:
        self.notes.append(text)

    def count(self, done: int = 0, items: int = 0, total: int = 0, items_total: int = 0) -> None:
        with self._lock:
            self.done += done
            self.items += items
        self.check()

    def keep(self, entries: Sequence[ObjectEntry]) -> int:
        with self._lock:
            room = self._limit - len(self.keys)
            new = [entry.key for entry in entries if entry.key not in self.keys][:room]
            self.keys.update(new)
            return len(new)


class _Hits:
    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    @property
    def full(self) -> bool:
        return self._sink.full

    def add(self, entries: Sequence[ObjectEntry]) -> int:
        return self._sink.keep(entries)


class _Watch:
    def __init__(self, sink: Sink) -> None:
        self.check, self.note, self.add = sink.check, sink.note, sink.count


def _run(lab: Connection, sink: Sink, bucket: str, pattern: str, **more: Any) -> set[str]:
    request = SearchRequest(kind="search", connection="lab", bucket=bucket, pattern=pattern, **more)
    search(lab, request, _Watch(sink), _Hits(sink))
    return sink.keys


def _found(lab: Connection, bucket: str, pattern: str, **more: Any) -> set[str]:
    return _run(lab, Sink(), bucket, pattern, **more)


def _put(boto: Any, bucket: str, keys: Sequence[str]) -> None:
    for key in keys:
        boto.put_object(Bucket=bucket, Key=key, Body=b"")


# --- patterns ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("glob", "name", "expected"),
    [
        ("*.csv", "a.csv", True),
        ("*.csv", "deep/er/a.csv", True),
        ("*.csv", "a.csv/b", False),
        ("*.csv", "a.csv/", True),
        ("data/*.csv", "data/a.csv", True),
        ("data/*.csv", "data/x/a.csv", False),
        ("data/*.csv", "x/data/a.csv", False),
        ("data/**/*.csv", "data/a.csv", True),
        ("data/**/*.csv", "data/x/y/a.csv", True),
        ("**/x/**/y", "a/x/b/x/c/y", True),
        ("**/x/**/y", "a/x/b/x/c/z", False),
        ("data/**", "data/x", True),
        ("data/**", "data", True),
        ("data/**", "database", False),
        ("**", "anything/at/all", True),
        ("run?/[ab]", "run1/a", True),
        ("run?/[!ab]", "run1/a", False),
        ("run?", "x/run12", False),
        ("[", "[", True),
        ("a//b", "a//b", True),
        ("a/*/b", "a//b", True),
        ("*.CSV", "a.csv", True),
        ("a\nb*", "a\nbc", True),
    ],
)
def test_globs(glob: str, name: str, expected: bool) -> None:
    assert Glob(glob, case_sensitive=False).matches(name) is expected


def test_case() -> None:
    assert Substring("ÜBER", case_sensitive=False).matches("x/über.txt")
    assert not Substring("ÜBER", case_sensitive=True).matches("x/über.txt")
    assert Substring("straße", case_sensitive=False).matches("STRASSE")
    assert not Glob("*.CSV", case_sensitive=True).matches("a.csv")


@pytest.mark.parametrize(
    ("glob", "sensitive", "folded"),
    [
        ("data/2024-*/x", "data/2024-", ""),
        ("2024/07*/x", "2024/07", "2024/07"),
        ("2024/July/x*", "2024/July/x", "2024/"),
        ("*/x", "", ""),
        ("plain", "", ""),
        ("a/b/", "a/b", ""),
        ("a/**", "a", ""),
        ("a/**/b", "a", ""),
        ("a/[b]", "a/", ""),
    ],
)
def test_what_narrows_a_search(glob: str, sensitive: str, folded: str) -> None:
    assert (Glob(glob, True).literal, Glob(glob, False).literal) == (sensitive, folded)


STEPS = st.lists(st.sampled_from(["a", "b", "ab", "", "B"]), min_size=1, max_size=5)
GLOBS = st.lists(st.sampled_from(["a", "*", "**", "a*", "?", "[ab]", "", "*b"]), min_size=1, max_size=4)


def _slowly(steps: list[str], names: list[str]) -> bool:
    """By the definition: every number of steps is tried for `**`."""
    from fnmatch import fnmatchcase

    if not steps:
        return not names
    if steps[0] == "**":
        return any(_slowly(steps[1:], names[number:]) for number in range(len(names) + 1))
    return bool(names) and fnmatchcase(names[0], steps[0]) and _slowly(steps[1:], names[1:])


@settings(max_examples=300, deadline=None)
@given(STEPS, GLOBS)
def test_globs_are_what_they_are_defined_as(names: list[str], steps: list[str]) -> None:
    glob = "/".join(steps)
    if "/" not in glob or glob.endswith("/"):
        return
    name = "/".join(names)
    expected = _slowly(steps, name.removesuffix("/").split("/"))
    pattern: Pattern = Glob(glob, case_sensitive=True)
    assert pattern.matches(name) is expected
    if expected:
        assert name.startswith(pattern.literal)
        for at, character in enumerate(name):
            if character == "/" and at + 1 < len(name):
                assert pattern.may_hold(name[: at + 1])


def test_a_glob_that_is_made_to_take_long_does_not() -> None:
    assert not Glob("*a" * 200 + "b", True).matches("a" * 1000)
    assert not Glob("**/a/" * 100 + "b", True).matches("a/" * 500)


# --- listing -----------------------------------------------------------------------------------


def test_any_key_is_found(lab: Connection, bucket: str, boto: Any) -> None:
    _put(boto, bucket, KEYS)
    assert _found(lab, bucket, "**", syntax="glob") == set(KEYS)
    for key in KEYS:
        assert key in _found(lab, bucket, key, case_sensitive=True)


def _tree(random_: random.Random, folders: int, keys: int) -> list[str]:
    """Keys in folders of very different sizes, some of them with names that sort oddly."""
    names = ["a", "a-", "a.b", "b/c", "z", "é", "\U0010ffff", "", "d/d/d", "0"][:folders]
    made = [f"{random_.choice(names)}/{random_.randrange(keys)}" for _ in range(keys)]
    return sorted({*made, *(f"top{i}" for i in range(keys // 10)), "a/", "a"})


@pytest.mark.parametrize("seed", range(4))
def test_nothing_is_missed_however_it_is_divided(
    lab: Connection, bucket: str, boto: Any, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    keys = _tree(random.Random(seed), folders=3 + 2 * seed, keys=150)
    _put(boto, bucket, keys)
    asked: list[str] = []

    def small_page(connection: Any, box: str, prefix: str, token: Any = None, delimiter: str = "/", **more: Any) -> Any:
        asked.append(prefix)
        return list_page(connection, box, prefix, token, delimiter, 7, **more)

    monkeypatch.setattr(walk, "list_page", small_page)
    monkeypatch.setattr(searching, "list_page", small_page)
    for pattern, expected in (
        ("**", set(keys)),
        ("a*/**", {key for key in keys if key.startswith(("a/", "a-/", "a.b/"))} | {"a"}),
        ("1*", {key for key in keys if key.rpartition("/")[2].startswith("1")}),
    ):
        sink = Sink()
        assert _run(lab, sink, bucket, pattern, syntax="glob", case_sensitive=True) == expected
        assert sink.items == len(expected)
    assert len(set(asked)) > 3


def test_folders_that_cannot_match_are_not_listed(
    lab: Connection, bucket: str, boto: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    _put(boto, bucket, [f"{folder}/{part}/{i}" for folder in "abc" for part in "xy" for i in range(20)])
    asked: list[str] = []

    def small_page(connection: Any, box: str, prefix: str, token: Any = None, delimiter: str = "/", **more: Any) -> Any:
        asked.append(prefix)
        return list_page(connection, box, prefix, token, delimiter, 10, **more)

    monkeypatch.setattr(walk, "list_page", small_page)
    monkeypatch.setattr(searching, "list_page", small_page)
    assert _found(lab, bucket, "?/y/1", syntax="glob") == {f"{folder}/y/1" for folder in "abc"}
    assert not [prefix for prefix in asked if prefix.startswith(("b/x", "c/x"))]
    asked.clear()
    assert len(_found(lab, bucket, "b/y/*", syntax="glob", case_sensitive=True)) == 20
    assert all(prefix.startswith("b/y/") for prefix in asked)


def test_below_a_prefix_only(lab: Connection, bucket: str, boto: Any) -> None:
    _put(boto, bucket, ["x/report.csv", "x/deep/Report 2.csv", "report.csv", "x-report.csv"])
    assert _found(lab, bucket, "REPORT", prefix="x/") == {"x/report.csv", "x/deep/Report 2.csv"}
    assert _found(lab, bucket, "x") == {"x/report.csv", "x/deep/Report 2.csv", "x-report.csv"}
    assert _found(lab, bucket, "x", prefix="x/") == set()
    assert _found(lab, bucket, "*.csv", prefix="x/", syntax="glob") == {"x/report.csv", "x/deep/Report 2.csv"}


def test_it_ends_at_the_limit(lab: Connection, bucket: str, boto: Any) -> None:
    _put(boto, bucket, [f"k{i:02}" for i in range(30)])
    sink = Sink(limit=5)
    assert len(_run(lab, sink, bucket, "k", limit=5)) == 5
    assert "there may be more" in sink.notes[0]
    assert sink.items == 5


def test_it_stops_and_it_fails(lab: Connection, bucket: str, boto: Any) -> None:
    _put(boto, bucket, ["a", "b"])
    with pytest.raises(Cancelled):
        _run(lab, Sink(stop_after=1), bucket, "a")
    with pytest.raises(NotFound, match="no bucket"):
        _found(lab, "no-such-bucket", "a")
