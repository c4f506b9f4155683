"""Searches through REST: started as a job, their hits read while they run and after."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from .conftest import HOSTILE, Api

pytestmark = pytest.mark.usefixtures("demo")
Ended = Callable[..., Awaitable[Any]]


async def test_a_search(api: Api, bucket: str, put: Any, ended: Ended) -> None:
    for key in HOSTILE:
        put(f"in/{key}", b"x")
    put("out/plain.csv", b"x")
    request = {"kind": "search", "connection": "demo", "bucket": bucket, "prefix": "in/", "pattern": "*.CSV"}
    job = (await api("POST", "jobs", {**request, "syntax": "glob"})).json
    assert (job["kind"], job["unit"], job["uri"]) == ("search", "objects", f"s3://{bucket}/in/")
    expected = sorted((f"in/{key}" for key in HOSTILE if key.endswith(".csv")), key=str.encode)
    done = await ended(job["id"])
    assert (done["state"], done["items"], done["done"]) == ("succeeded", len(expected), len(HOSTILE))
    page = (await api("GET", f"jobs/{job['id']}/hits", query={"limit": 3, "offset": 1})).json
    assert (page["total"], [hit["key"] for hit in page["hits"]]) == (len(expected), expected[1:4])


async def test_hits_are_those_of_searches(api: Api, bucket: str, put: Any, ended: Ended) -> None:
    uri = put("a.csv", b"a,b\n1,2\n")
    job = (await api("POST", "jobs", {"connection": "demo", "uri": uri})).json
    await ended(job["id"])
    answer = await api("GET", f"jobs/{job['id']}/hits")
    assert (answer.status, answer.json["code"]) == (400, "bad_request")
    assert (await api("GET", "jobs/nobody/hits")).status == 404
    assert (await api("GET", f"jobs/{job['id']}/hits", query={"limit": 1001})).status == 400


async def test_a_search_that_cannot_be(api: Api, bucket: str, ended: Ended) -> None:
    request = {"kind": "search", "connection": "demo", "bucket": "no-such-bucket", "pattern": "x"}
    job = await ended((await api("POST", "jobs", request)).json["id"])
    assert (job["state"], job["error"]["code"]) == ("failed", "not_found")
    assert (await api("POST", "jobs", {**request, "pattern": ""})).status == 400
    assert (await api("POST", "jobs", {**request, "connection": "nobody"})).status == 404
