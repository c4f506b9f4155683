"""Bodies and parameters that are not right, errors of every class: always {code, message} with the right status."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from cloud_data_cockpit import errors
from cloud_data_cockpit.handlers import formats

from .conftest import Api, login_cookies

CLASSES = [
    value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, errors.CockpitError)
]


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
async def test_each_error_has_its_status(
    api: Api, monkeypatch: pytest.MonkeyPatch, kind: type[errors.CockpitError]
) -> None:
    def fail() -> None:
        raise kind("what is wrong: what to do, 100 %s")

    monkeypatch.setattr(formats, "describe_formats", fail)
    answer = await api("GET", "formats")
    assert answer.status == kind.status
    assert answer.json == {"code": kind.code, "message": "what is wrong: what to do, 100 %s"}


async def test_what_nobody_foresaw(api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> None:
        raise KeyError("https://h/?X-Amz-Signature=abcdef")

    monkeypatch.setattr(formats, "describe_formats", fail)
    with caplog.at_level(logging.ERROR):
        answer = await api("GET", "formats")
    assert answer.status == 500
    assert answer.json["code"] == "internal"
    assert "log" in answer.json["message"]
    assert "KeyError" in caplog.text
    assert "in fail" in caplog.text
    assert "abcdef" not in caplog.text + json.dumps(answer.json)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "Invalid JSON"),
        (b"{", "Invalid JSON"),
        (b"[]", "object"),
        (b'{"uri": "s3://b/k"}', "connection: Field required"),
        (b'{"connection": "demo", "uri": 7}', "uri: "),
        (b'{"connection": "demo", "uri": "s3://b/k", "colour": 1}', "colour: "),
        (b'{"connection": "demo", "uri": "\\ud800"}', "Invalid JSON"),
        ('{"connection": "demo", "uri": "ä"}'.encode("latin-1"), ""),
    ],
    ids=["empty", "cut off", "a list", "field missing", "wrong type", "unknown field", "half a surrogate", "latin-1"],
)
async def test_a_wrong_body_names_the_field(api: Api, body: bytes, words: str) -> None:
    answer = await api("POST", "jobs", body)
    assert answer.status == 400
    assert answer.json["code"] == "bad_request"
    assert words in answer.json["message"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"bucket": "b"}, "connection: Field required"),
        ({"connection": "demo", "bucket": "b", "page_size": "many"}, "page_size: "),
        ({"connection": "demo", "bucket": "b", "page_size": "1001"}, "page_size: "),
        ({"connection": "demo", "bucket": "b", "colour": "red"}, "colour: "),
    ],
    ids=["missing", "no number", "too large", "unknown"],
)
async def test_a_wrong_query_names_the_parameter(api: Api, query: dict[str, str], words: str) -> None:
    answer = await api("GET", "objects", query=query)
    assert answer.status == 400
    assert words in answer.json["message"]


async def test_what_jupyterlab_adds_to_a_url_is_no_error(
    http_server_client: Any, jp_base_url: str, jp_auth_header: Any
) -> None:
    url = f"{jp_base_url}cloud-data-cockpit/api/buckets?connection=nowhere&1795219752000&no_track_activity=1&_xsrf=x"
    reply = await http_server_client.fetch(url, headers=jp_auth_header, raise_error=False)
    assert reply.code == 404
    assert "nowhere" in json.loads(reply.body)["message"]


async def test_a_pages_token_by_the_wrong_name_is_told(
    jp_serverapp: Any, http_server_client: Any, jp_base_url: str
) -> None:
    cookies = await login_cookies(jp_serverapp, http_server_client, jp_base_url)
    headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
    url = f"{jp_base_url}cloud-data-cockpit/api/objects?connection=demo&bucket=b&token=abc"
    reply = await http_server_client.fetch(url, headers=headers, raise_error=False)
    assert reply.code == 400
    assert "next_token" in json.loads(reply.body)["message"]


async def test_a_query_that_is_not_utf8(
    jp_fetch: Any, http_server_client: Any, jp_base_url: str, jp_auth_header: Any
) -> None:
    url = f"{jp_base_url}cloud-data-cockpit/api/object?connection=demo&bucket=b&key=%ff%fe"
    reply = await http_server_client.fetch(url, headers=jp_auth_header, raise_error=False)
    assert reply.code == 400
    assert json.loads(reply.body)["code"] == "bad_request"


async def test_a_method_that_is_not_there(api: Api) -> None:
    answer = await api("DELETE", "info")
    assert answer.status == 405
    assert answer.json["code"] == "method_not_allowed"


async def test_an_unknown_connection(api: Api) -> None:
    answer = await api("GET", "buckets", query={"connection": "nowhere"})
    assert answer.status == 404
    assert "nowhere" in answer.json["message"]


async def test_a_partition_that_cannot_be_is_refused_at_once(api: Api) -> None:
    for request, words in [
        ({"connection": "nowhere", "uri": "s3://b/k"}, "nowhere"),
        ({"connection": "anonymous", "uri": "/etc/passwd"}, "s3://bucket/key"),
        ({"connection": "anonymous", "uri": "s3://b/k", "format": "tarot"}, "tarot"),
        ({"connection": "anonymous", "uri": "s3://b/k", "format": "csv", "params": {"num_slices": 0}}, "num_slices"),
        ({"connection": "anonymous", "uri": "s3://b/k", "format": "csv", "params": {"moon": 1}}, "moon"),
    ]:
        answer = await api("POST", "jobs", request)
        assert answer.status in (400, 404), request
        assert words in answer.json["message"]
    assert (await api("GET", "jobs")).json == []
