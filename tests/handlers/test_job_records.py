"""Priority, user, engine, rate and log of jobs through REST; benchmarks that were measured elsewhere."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from jupyter_server.auth import IdentityProvider, User

from cloud_data_cockpit.jobs.kinds import requests

from . import slow_format
from .conftest import Api

Put = Callable[[str, bytes], str]
LINES = b"".join(b"%d,a line\n" % n for n in range(4000))


class ByHeader(IdentityProvider):
    """Whoever a header names; the token decides whether they may come in."""

    async def get_user(self, handler: Any) -> User | None:
        user = await super().get_user(handler)
        name = handler.request.headers.get("X-Name")
        return User(username=name) if user is not None and name else user


@pytest.fixture
def jp_server_config(jp_server_config: dict[str, Any]) -> dict[str, Any]:
    """With users that have names."""
    jp_server_config["ServerApp"]["identity_provider_class"] = ByHeader
    return jp_server_config


def test_every_request_has_a_priority() -> None:
    for record in requests():
        assert record.model_fields["priority"].default == "normal", record


async def test_a_job_knows_who_and_how(api: Api, demo: str, put: Put, ended: Any, jp_auth_header: Any) -> None:
    body = {"kind": "index", "connection": demo, "uri": put("a.csv", LINES), "priority": "high"}
    named = {"headers": {**jp_auth_header, "X-Name": "Ada L."}}
    made = (await api("POST", "jobs", body, **named)).json
    assert (made["user"], made["priority"], made["executor"], made["started"]) == ("Ada L.", "high", "threads", None)
    job = await ended(made["id"])
    assert job["state"] == "succeeded"
    assert job["started"] >= job["created"]
    assert (job["rate"], job["seconds_left"]) == (None, None)
    found = (await api("GET", f"jobs/{job['id']}/log")).json
    texts = [line["text"] for line in found["lines"]]
    assert found["total"] == len(texts)
    assert texts[0] == "Index a.csv, asked for by Ada L., priority high, on threads"
    assert texts[1].startswith("Begun")
    assert "4,000 records" in texts
    assert texts[-1].startswith("Succeeded")
    again = (await api("POST", f"jobs/{job['id']}/retry", headers={**jp_auth_header, "X-Name": "Bo"})).json
    assert (again["user"], again["priority"]) == ("Bo", "high")


async def test_nobody_is_invented_for_the_token(api: Api, demo: str, put: Put) -> None:
    body = {"connection": demo, "uri": put("a.csv", LINES)}
    made = (await api("POST", "jobs", body)).json
    assert (made["user"], made["priority"]) == ("", "normal")


async def test_an_unknown_priority_is_refused(api: Api, demo: str) -> None:
    answer = await api("POST", "jobs", {"connection": demo, "uri": "s3://b/k", "priority": "urgent"})
    assert (answer.status, "priority" in answer.json["message"]) == (400, True)
    assert (await api("GET", "jobs/nobody/log")).status == 404


async def test_a_rate_and_the_time_that_is_left(
    api: Api, demo: str, put: Put, until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow_format.register(monkeypatch)
    body = {"kind": "index", "connection": demo, "uri": put("d.slow", b"slow" * 2000)}
    path = f"jobs/{(await api('POST', 'jobs', body)).json['id']}"

    async def is_known() -> bool:
        job = (await api("GET", path)).json
        return bool(job["rate"] and job["seconds_left"])

    await until(is_known)
    await api("POST", f"{path}/cancel")
    assert (await api("GET", path)).json["rate"] is None
    assert (await api("GET", f"{path}/log")).json["lines"][-1] | {"at": ""} == {
        "at": "",
        "level": "warning",
        "text": "Cancelled",
    }


# --- benchmarks from elsewhere ---------------------------------------------------------------------------


async def _measured(api: Api, demo: str, put: Put, ended: Any) -> Any:
    """The record of a benchmark that this server does not have."""
    body = {"kind": "benchmark", "connection": demo, "uri": put("b.csv", LINES), "sweep": {"values": [1, 4]}}
    job = await ended((await api("POST", "jobs", {**body, "repeats": 2, "warm_up": 0})).json["id"])
    path = f"benchmarks/{job['benchmark_id']}"
    result = (await api("GET", path)).json
    assert (await api("DELETE", path)).status == 204
    return {**result, "timed": "notebook:mine"}


async def test_a_benchmark_is_taken_in_once(api: Api, demo: str, put: Put, ended: Any) -> None:
    measured = await _measured(api, demo, put, ended)
    for _ in range(2):
        answer = await api("POST", "benchmarks", measured)
        assert answer.status == 201, answer.json
        assert (answer.json["id"], answer.json["timed"]) == (measured["id"], "notebook:mine")
    assert [row["id"] for row in (await api("GET", "benchmarks")).json] == [measured["id"]]
    assert (await api("GET", f"benchmarks/{measured['id']}")).json == measured
    other = await api("POST", "benchmarks", {**measured, "uri": "s3://another/one"})
    assert other.status == 409
    assert (await api("GET", f"benchmarks/{measured['id']}")).json == measured


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"id": "../../evil"}, "cannot be the id"),
        ({"version": 2}, "version"),
        ({"more": 1}, "more: Extra inputs"),
        ({"seconds": float("nan")}, "infinite or none"),
        ({"points": "many"}, "at most"),
    ],
)
async def test_what_is_no_benchmark_is_refused(
    api: Api, demo: str, put: Put, ended: Any, change: Any, words: str
) -> None:
    measured = await _measured(api, demo, put, ended)
    body = {**measured, **change}
    if change.get("points"):
        body["points"] = measured["points"] * 40
    answer = await api("POST", "benchmarks", json.dumps(body).encode())
    assert answer.status == 400, answer.json
    assert words in answer.json["message"]
    assert (await api("GET", "benchmarks")).json == []
