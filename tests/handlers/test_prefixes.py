"""Data sets that are prefixes, through REST: described as one, to a bound, and partitioned."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

import pytest

from cloud_data_cockpit.s3 import prefixes
from cloud_data_cockpit.s3.objects import list_page

from .conftest import Api
from .pile_format import register

pytestmark = pytest.mark.usefixtures("demo")
PILE = {"pile.json": b"{}", "a": b"12345", "deep/b": b"678", "deep/er/c": b"9"}


@pytest.fixture
def pile(put: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    """The key of a prefix that holds four objects, and the marker of a folder."""
    register(monkeypatch)
    put("way/x.pile/", b"")
    for name, content in PILE.items():
        put(f"way/x.pile/{name}", content)
    put("way/x.pile2/other", b"not of it")
    return "way/x.pile/"


async def _describe(api: Api, bucket: str, key: str) -> Any:
    return await api("GET", "object", query={"connection": "demo", "bucket": bucket, "key": key})


async def test_a_prefix_is_described_as_one(api: Api, bucket: str, pile: str, boto: Any) -> None:
    answer = await _describe(api, bucket, pile)
    assert answer.status == 200, answer.json
    found = answer.json
    assert (found["uri"], found["key"]) == (f"s3://{bucket}/{pile}", pile)
    assert (found["size"], found["format"], found["problem"]) == (11, "pile", None)
    listed = boto.list_objects_v2(Bucket=bucket, Prefix=pile)["Contents"]
    newest = max(each["LastModified"] for each in listed if each["Key"] != pile)
    assert datetime.fromisoformat(found["last_modified"]) == newest


async def test_its_etag_changes_with_any_object(api: Api, bucket: str, pile: str, put: Any) -> None:
    before = (await _describe(api, bucket, pile)).json["etag"]
    assert (await _describe(api, bucket, pile)).json["etag"] == before
    put(f"{pile}deep/b", b"876")
    after = (await _describe(api, bucket, pile)).json
    assert after["size"] == 11
    assert after["etag"] not in ("", before)


async def test_it_is_partitioned_under_the_etag_that_was_shown(api: Api, bucket: str, pile: str, ended: Any) -> None:
    shown = (await _describe(api, bucket, pile)).json
    answer = await api("POST", "jobs", {"connection": "demo", "uri": shown["uri"]})
    assert (answer.status, answer.json["title"]) == (201, "Partition x.pile")
    job = await ended(answer.json["id"])
    assert job["state"] == "succeeded", job
    manifest = (await api("GET", f"manifests/{job['manifest_id']}")).json
    assert (manifest["uri"], manifest["etag"], manifest["format"]) == (shown["uri"], shown["etag"], "pile")
    assert (manifest["records"], manifest["bytes"], manifest["num_slices"]) == (4, 11, 4)


async def test_a_prefix_of_no_known_format_says_so(api: Api, bucket: str, put: Any) -> None:
    put("plain/a.csv", b"a,b\n1,2\n")
    found = (await _describe(api, bucket, "plain/")).json
    assert (found["format"], found["size"]) == (None, 8)
    assert "plain" in found["problem"]
    put("nothing/in/it", b"")
    found = (await _describe(api, bucket, "nothing/")).json
    assert "empty" in found["problem"]


async def test_nothing_below_it_is_not_found(api: Api, bucket: str, put: Any) -> None:
    put("marker/", b"")
    assert (await _describe(api, bucket, "nowhere/")).status == 404
    assert (await _describe(api, bucket, "marker/")).status == 404
    assert (await _describe(api, "no-such-bucket-here", "x.ms/")).status == 404


async def test_a_name_that_no_file_can_have_is_a_problem(api: Api, bucket: str, pile: str, put: Any) -> None:
    put(f"{pile}up/../there", b"x")
    found = (await _describe(api, bucket, pile)).json
    assert (found["format"], found["etag"]) == (None, "")
    assert "up/../there" in found["problem"]


async def test_a_large_prefix_is_looked_at_to_a_bound(
    api: Api, bucket: str, pile: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str | None] = []

    def page_of_one(connection: Any, bucket: str, prefix: str, token: str | None, delimiter: str, **more: Any) -> Any:
        asked.append(token)
        return list_page(connection, bucket, prefix, token, delimiter, 1, **more)

    monkeypatch.setattr("cloud_data_cockpit.s3.walk.list_page", page_of_one)
    bounded = partial(prefixes.describe_prefix, most=2)
    monkeypatch.setattr(prefixes, "describe_prefix", bounded)
    found = (await _describe(api, bucket, pile)).json
    assert "over 2 objects" in found["problem"]
    assert (found["etag"], found["size"]) == ("", 8)
    # The marker of the folder, the two objects, the one more that is too many, and the page that is fetched ahead.
    assert len(asked) in (4, 5)
    # The names right below the prefix still tell what it is.
    assert found["format"] == "pile"
