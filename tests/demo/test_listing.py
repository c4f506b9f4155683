"""Listings against a model: a sorted list of byte strings. Any keys, prefix, delimiter and page size."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes
from xml.etree.ElementTree import Element, fromstring

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud_data_cockpit.demo.auth import Identity
from cloud_data_cockpit.demo.keys import Keys
from cloud_data_cockpit.demo.listing import after_prefix
from cloud_data_cockpit.demo.multipart import uploads_page
from cloud_data_cockpit.demo.operations import Call
from cloud_data_cockpit.demo.pages import list_objects, list_versions
from cloud_data_cockpit.demo.records import Condition, Draft
from cloud_data_cockpit.demo.request import Request
from cloud_data_cockpit.demo.store import Store
from cloud_data_cockpit.demo.uploads import start_upload

NASTY = "ab/%+ é日\U0001f600\uffff\x01\n&<."
texts = st.text(NASTY, min_size=1, max_size=6)
keys_of_a_bucket = st.lists(texts, max_size=25, unique=True)
prefixes = st.text(NASTY, max_size=2)
delimiters = st.sampled_from(["", "/", "a", "//", "é", "/a"])


class Bench:
    """A store without a server, and the listings called directly."""

    def __init__(self, directory: Path) -> None:
        self.store = Store(directory)
        self.pool = ThreadPoolExecutor(1)
        self.count = 0

    def fill(self, keys: list[str], versioning: str = "") -> str:
        self.count += 1
        name = f"bucket-{self.count}"
        self.store.create_bucket(name, "private")
        self.store.set_versioning(self.store.bucket(name), versioning)
        for key in keys:
            self.store.put(self.store.bucket(name), Draft(key.encode()), '"e"', [], None, Condition())
        return name

    def ask(self, operation: Any, bucket: str, parameters: dict[str, str]) -> Element:
        parameters = {name: value for name, value in parameters.items() if value} | {"encoding-type": "url"}
        request = Request("GET", f"/{bucket}", list(parameters.items()), {}, "localhost", bucket, b"", parameters)
        call = Call(self.store, self.pool, Keys("a", "s"), request, Identity("a"), self.store.bucket(bucket), 0.0)
        tree = fromstring(asyncio.run(operation(call)).body.decode())
        for node in tree.iter():
            node.tag = node.tag.rpartition("}")[2]
        return tree


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    place = Path(tempfile.mkdtemp())
    bench = Bench(place)
    yield bench
    bench.store.close()
    bench.pool.shutdown()
    shutil.rmtree(place)


def model(keys: list[str], prefix: str, delimiter: str) -> list[bytes]:
    """Keys and common prefixes in the order in which they are met."""
    found: list[bytes] = []
    start, cut = prefix.encode(), delimiter.encode()
    for key in sorted(key.encode() for key in keys):
        if not key.startswith(start):
            continue
        where = key.find(cut, len(start)) if cut else -1
        item = key if where < 0 else key[: where + len(cut)]
        if not found or found[-1] != item:
            found.append(item)
    return found


def items(tree: Element, entry: str = "Contents") -> list[bytes]:
    """What a page holds, keys and common prefixes together, in byte order."""
    keys = [unquote_to_bytes(node.findtext("Key") or "") for node in tree.findall(entry)]
    rolled = [unquote_to_bytes(node.findtext("Prefix") or "") for node in tree.findall("CommonPrefixes")]
    assert keys == sorted(keys)
    assert rolled == sorted(rolled)
    return sorted(keys + rolled)


@settings(max_examples=150, deadline=None)
@given(keys=keys_of_a_bucket, prefix=prefixes, delimiter=delimiters, size=st.integers(1, 5))
def test_pages_of_v2_together_are_the_model(
    bench: Bench, keys: list[str], prefix: str, delimiter: str, size: int
) -> None:
    bucket, token, found = bench.fill(keys), "", []
    while True:
        asked = {"list-type": "2", "prefix": prefix, "delimiter": delimiter, "max-keys": str(size)}
        tree = bench.ask(list_objects, bucket, asked | {"continuation-token": token})
        page = items(tree)
        assert tree.findtext("KeyCount") == str(len(page))
        found += page
        if tree.findtext("IsTruncated") == "false":
            break
        assert len(page) == size
        token = tree.findtext("NextContinuationToken") or ""
    assert found == model(keys, prefix, delimiter)


@settings(max_examples=100, deadline=None)
@given(keys=keys_of_a_bucket, prefix=prefixes, delimiter=delimiters, size=st.integers(1, 5))
def test_pages_of_v1_together_are_the_model(
    bench: Bench, keys: list[str], prefix: str, delimiter: str, size: int
) -> None:
    bucket, marker, found = bench.fill(keys), "", []
    while True:
        asked = {"prefix": prefix, "delimiter": delimiter, "max-keys": str(size), "marker": marker}
        tree = bench.ask(list_objects, bucket, asked)
        found += items(tree)
        if tree.findtext("IsTruncated") == "false":
            break
        named = tree.findtext("NextMarker")
        assert (named is not None) == bool(delimiter)
        marker = unquote_to_bytes(named).decode() if named is not None else found[-1].decode()
    assert found == model(keys, prefix, delimiter)


@settings(max_examples=100, deadline=None)
@given(keys=keys_of_a_bucket, prefix=prefixes, after=texts)
def test_start_after_leaves_out_what_is_not_greater(bench: Bench, keys: list[str], prefix: str, after: str) -> None:
    tree = bench.ask(list_objects, bench.fill(keys), {"list-type": "2", "prefix": prefix, "start-after": after})
    assert items(tree) == [key for key in model(keys, prefix, "") if key > after.encode()]


@settings(max_examples=80, deadline=None)
@given(keys=st.lists(texts, max_size=15), prefix=prefixes, delimiter=st.sampled_from(["", "/"]), size=st.integers(1, 4))
def test_pages_of_versions_together_are_all_versions(
    bench: Bench, keys: list[str], prefix: str, delimiter: str, size: int
) -> None:
    bucket, found = bench.fill(keys, "Enabled"), []
    markers = {"key-marker": "", "version-id-marker": ""}
    while True:
        asked = {"versions": "", "prefix": prefix, "delimiter": delimiter, "max-keys": str(size)}
        tree = bench.ask(list_versions, bucket, asked | markers)
        found += items(tree, "Version")
        if tree.findtext("IsTruncated") == "false":
            break
        key = unquote_to_bytes(tree.findtext("NextKeyMarker") or "").decode()
        markers = {"key-marker": key, "version-id-marker": tree.findtext("NextVersionIdMarker") or ""}
    longer = {item for item in model(keys, prefix, delimiter) if len(item) > len(prefix.encode())}
    rolled = {item for item in longer if delimiter and item.endswith(delimiter.encode())}
    single = [key.encode() for key in keys if key.startswith(prefix) and delimiter not in key[len(prefix) :]]
    expected = sorted(key.encode() for key in keys if key.startswith(prefix)) if not delimiter else [*single, *rolled]
    assert found == sorted(expected)


@settings(max_examples=60, deadline=None)
@given(keys=st.lists(texts, max_size=12), prefix=prefixes, size=st.integers(1, 4))
def test_pages_of_uploads_together_are_all_uploads(bench: Bench, keys: list[str], prefix: str, size: int) -> None:
    name = bench.fill([])
    bucket = bench.store.bucket(name)
    started = sorted((key.encode(), start_upload(bench.store, bucket, Draft(key.encode()), "", "")) for key in keys)
    found, markers = [], {"key-marker": "", "upload-id-marker": ""}
    while True:
        tree = bench.ask(uploads_page, name, {"uploads": "", "prefix": prefix, "max-uploads": str(size)} | markers)
        for node in tree.findall("Upload"):
            found.append((unquote_to_bytes(node.findtext("Key") or ""), node.findtext("UploadId")))
        if tree.findtext("IsTruncated") == "false":
            break
        key = unquote_to_bytes(tree.findtext("NextKeyMarker") or "").decode()
        markers = {"key-marker": key, "upload-id-marker": tree.findtext("NextUploadIdMarker") or ""}
    assert found == [item for item in started if item[0].startswith(prefix.encode())]


@given(prefix=st.binary(max_size=4), other=st.binary(max_size=6))
def test_what_follows_a_prefix_is_greater_than_all_that_begin_with_it(prefix: bytes, other: bytes) -> None:
    bound = after_prefix(prefix)
    begins = other.startswith(prefix)
    assert begins == (other >= prefix and (bound is None or other < bound))


def test_a_large_folder_is_one_step(bench: Bench) -> None:
    """A folder of 20,000 keys must be passed by a seek: SQLite's own count of steps says so."""
    bucket = bench.store.bucket(bench.fill(["a", "z/last"]))
    rows = ((bucket.id, f"m/{number:06d}".encode()) for number in range(20_000))
    with bench.store.transaction() as database:
        database.executemany(
            "INSERT INTO versions(bucket, key, version, latest, marker, size, etag, modified, headers, tags, acl, "
            "checksum) VALUES (?, ?, 'null', 1, 0, 0, '\"e\"', 0, '{}', '{}', 'private', '')",
            rows,
        )
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    bench.store.database.set_progress_handler(count, 100)
    try:
        tree = bench.ask(list_objects, bucket.name, {"list-type": "2", "delimiter": "/"})
    finally:
        bench.store.database.set_progress_handler(None, 100)
    assert items(tree) == [b"a", b"m/", b"z/"]
    assert steps < 50  # hundreds of SQLite's instructions; reading the folder would take 200,000
