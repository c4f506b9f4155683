"""Connections over REST: listed, added, changed, removed, tried; and a canary secret that must show nowhere."""

from __future__ import annotations

import logging
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import keyring
import pytest

from cloud_data_cockpit.s3.connections import resolve
from tests.s3.keyring_made import FileKeyring

from .conftest import SETTINGS, Api

CANARY = {"access_key": "AKIACANARYCANARY", "secret_key": "canary/secret+key", "session_token": "canary-token"}


@pytest.fixture(autouse=True)
def file_keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TEST_KEYRING", str(tmp_path / "keyring.json"))
    before = keyring.get_keyring()
    keyring.set_keyring(FileKeyring())
    yield
    keyring.set_keyring(before)


def draft(service: Any, name: str = "lab", **more: Any) -> dict[str, Any]:
    keys = {"access_key": service.access_key, "secret_key": service.secret_key}
    return {"name": name, "endpoint_url": service.endpoint_url, **keys, **more}


async def names(api: Api) -> dict[str, Any]:
    return {each["ref"]["name"]: each for each in (await api("GET", "connections")).json}


async def test_from_adding_to_removing(
    api: Api, s3_service: Any, bucket: str, jp_serverapp: Any, http_server_client: Any, jp_base_url: str
) -> None:
    made = await api("POST", "connections", draft(s3_service, buckets=[bucket]))
    assert made.status == 201, made.json
    assert (made.json["saved"], made.json["secret"], made.json["problem"]) == (True, "keyring", None)
    assert made.json["ref"]["buckets"] == [bucket]
    assert (await names(api))["lab"] == made.json
    listed = await api("GET", "buckets", query={"connection": "lab"})
    assert bucket in {each["name"] for each in listed.json}

    again = await api("POST", "connections", draft(s3_service))
    assert (again.status, again.json["code"]) == (409, "conflict")

    odd = "lab / 2 é"
    changed = await api(
        "PUT", "connections/lab", {"name": odd, "endpoint_url": s3_service.endpoint_url, "region": "eu-west-1"}
    )
    assert changed.status == 200, changed.json
    assert changed.json["ref"]["region"] == "eu-west-1"
    tested = await api("POST", "connections/test", {"name": odd})
    assert (tested.status, tested.json["ok"], tested.json["cause"]) == (200, True, "")
    assert "lab" not in await names(api)
    url = f"{jp_base_url}cloud-data-cockpit/api/connections/{quote(odd, safe='')}"  # as a browser writes it
    token = {"Authorization": f"token {jp_serverapp.identity_provider.token}"}
    removed = await http_server_client.fetch(url, method="DELETE", headers=token, raise_error=False)
    assert removed.code == 204
    assert set(await names(api)) == {"anonymous"}


async def test_removing(api: Api, s3_service: Any) -> None:
    await api("POST", "connections", draft(s3_service, "a b#c"))
    assert (await api("DELETE", "connections/a b#c")).status == 204
    assert "a b#c" not in await names(api)
    assert (await api("DELETE", "connections/a b#c")).status == 404
    found = await api("DELETE", "connections/anonymous")
    assert (found.status, found.json["code"]) == (404, "not_found")
    assert "found, not saved" in found.json["message"]


@pytest.mark.parametrize("path", ["connections", "connections/lab"])
async def test_a_draft_that_is_wrong(api: Api, path: str) -> None:
    method = "POST" if path == "connections" else "PUT"
    for body in ({}, {"name": ""}, {"name": "x", "keep_in": "browser"}, {"name": "x", "password": "canary-word"}):
        answer = await api(method, path, body)
        assert (answer.status, answer.json["code"]) == (400, "bad_request")
        assert "canary-word" not in answer.json["message"]
    assert (await api("PUT", "connections/lab", {"name": "x", "credentials": "anonymous"})).status == 404


async def test_a_test_that_fails_is_an_answer(api: Api, s3_service: Any) -> None:
    answer = await api("POST", "connections/test", {"draft": draft(s3_service, secret_key="wrong")})
    assert (answer.status, answer.json["ok"]) == (200, False)
    assert "secret key does not fit" in answer.json["cause"]
    assert answer.json["cure"]
    assert (await api("POST", "connections/test", {})).status == 400


async def test_without_a_keyring(api: Api, s3_service: Any) -> None:
    from keyring.backends.fail import Keyring

    assert (await api("GET", "info")).json["keyring"] is True
    keyring.set_keyring(Keyring())  # type: ignore[no-untyped-call]
    assert (await api("GET", "info")).json["keyring"] is False
    answer = await api("POST", "connections", draft(s3_service))
    assert (answer.status, answer.json["code"]) == (501, "missing_extra")
    assert "AWS credentials file" in answer.json["message"]
    kept = await api("POST", "connections", draft(s3_service, keep_in="aws-credentials-file"))
    assert (kept.status, kept.json["secret"]) == (201, "aws-credentials-file")


@pytest.mark.parametrize("place", ["keyring", "aws-credentials-file", "process"])
async def test_no_reply_log_or_file_of_ours_shows_the_canary(
    api: Api, s3_service: Any, place: str, caplog: pytest.LogCaptureFixture, isolated_home: Path, jp_data_dir: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    body = {"name": "canary", "endpoint_url": s3_service.endpoint_url, "keep_in": place, **CANARY}
    answers = [
        await api("POST", "connections", body),
        await api("GET", "connections"),
        await api("POST", "connections/test", {"name": "canary"}),
        await api("POST", "connections/test", {"draft": body}),
        await api("GET", "buckets", query={"connection": "canary"}),
        await api("PUT", "connections/canary", {**body, "region": "eu-west-1"}),
        await api("POST", "connections", {**body, "region": "?"}),
        await api("POST", "connections", {**body, "secret_key": CANARY["secret_key"] + "\n x"}),
        await api("GET", "info"),
    ]
    assert answers[0].status == 201
    connection = resolve("canary")
    shown = [answer.raw for answer in answers] + [pickle.dumps(connection), repr(connection).encode()]
    ours = [record for record in caplog.records if not record.name.startswith(("botocore", "boto3"))]
    shown += [record.getMessage().encode() for record in ours]
    keeper = isolated_home / "aws-credentials"
    shown += [
        path.read_bytes()
        for folder in (isolated_home, jp_data_dir)
        for path in folder.rglob("*")
        if path.is_file() and path != keeper
    ]
    for secret in CANARY.values():
        for text in shown:
            assert secret.encode() not in text
            assert quote(secret, safe="").encode() not in text
    removed = await api("DELETE", "connections/canary")
    assert removed.status == 204
    assert CANARY["secret_key"] not in (keeper.read_text() if keeper.exists() else "")


class TestRules:
    """What the administrator sets holds for the server, and for what it starts."""

    @pytest.fixture
    def jp_server_config(self, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
        from cloud_data_cockpit.s3 import guard

        for name in guard._VARIABLES.values():
            monkeypatch.setenv(name, "")  # so that it is put back
        rules = {"allow_user_endpoints": False, "allowed_hosts": ["*.example"], "allowed_roles": ["arn:aws:iam::1:*"]}
        return {**SETTINGS, "CloudDataCockpit": {**rules, "refuse_private_hosts": True}}

    async def test_hold(self, api: Api, s3_service: Any, demo: str) -> None:
        import os

        assert (await api("GET", "info")).json["user_endpoints"] is False
        refused = await api("POST", "connections", draft(s3_service))
        assert (refused.status, refused.json["code"]) == (403, "access_denied")
        tested = await api("POST", "connections/test", {"draft": draft(s3_service)})
        assert tested.json["ok"] is False
        assert "administrator" in tested.json["cause"]
        assert "administrator" in ((await names(api))[demo]["problem"] or "")
        assert (await api("GET", "buckets", query={"connection": demo})).status == 403
        assert os.environ["CLOUD_DATA_COCKPIT_ALLOWED_HOSTS"] == "*.example"
        assert os.environ["CLOUD_DATA_COCKPIT_REFUSE_PRIVATE_HOSTS"] == "true"
