"""Who may ask: every route against no login, no permission, no XSRF token; generated from the table."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from jupyter_server.auth import Authorizer

from cloud_data_cockpit.handlers.routes import ROUTES, Route

from .conftest import SETTINGS, Api, login_cookies

EXAMPLES = {
    "job_id": "0123456789abcdef",
    "number": "1",
    "manifest_id": "data-01234567",
    "connection": "lab",
    "ticket": "t" * 32,
    "benchmark_id": "data-01234567",
}
ALL = pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
CHANGING = pytest.mark.parametrize(
    "route", [route for route in ROUTES if route.method != "GET"], ids=lambda route: f"{route.method} {route.path}"
)
WRITING = {"POST", "PUT", "DELETE"}


def _path(route: Route) -> str:
    return route.path.format(**EXAMPLES)


class Refusing(Authorizer):
    """Says no, and remembers what was asked."""

    asked: list[tuple[str, str]] = []  # noqa: RUF012

    def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
        self.asked.append((action, resource))
        return False


def _body(route: Route) -> Any:
    return b"x" * 100 if route.body == "bytes" else None


@ALL
@pytest.mark.parametrize("allowed", [True, False], ids=["server allows strangers", "server refuses strangers"])
class TestStrangers:
    @pytest.fixture
    def jp_server_config(self, allowed: bool) -> dict[str, Any]:
        return {**SETTINGS, "ServerApp": {**SETTINGS["ServerApp"], "allow_unauthenticated_access": allowed}}

    async def test_are_refused(self, api: Api, route: Route) -> None:
        answer = await api(route.method, _path(route), _body(route), headers={"Authorization": "token wrong"})
        assert answer.status == 403
        assert set(answer.json) == {"code", "message"}
        assert answer.json["code"] == "forbidden"


@ALL
class TestUnauthorised:
    @pytest.fixture
    def jp_server_config(self) -> dict[str, Any]:
        Refusing.asked.clear()
        return {**SETTINGS, "ServerApp": {**SETTINGS["ServerApp"], "authorizer_class": Refusing}}

    async def test_are_refused(self, api: Api, route: Route) -> None:
        answer = await api(route.method, _path(route), _body(route))
        assert answer.status == 403
        assert "not authorized" in answer.json["message"]
        action = "write" if route.method in WRITING else "read"
        assert Refusing.asked == [(action, "cloud_data_cockpit")]


@CHANGING
async def test_a_cookie_without_xsrf_token_is_refused(
    jp_serverapp: Any, http_server_client: Any, jp_base_url: str, route: Route
) -> None:
    cookies = await login_cookies(jp_serverapp, http_server_client, jp_base_url)
    headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items() if name != "_xsrf")}
    url = f"{jp_base_url}cloud-data-cockpit/api/{_path(route)}"
    body = None if route.method == "DELETE" else b"x"
    reply = await http_server_client.fetch(url, method=route.method, headers=headers, body=body, raise_error=False)
    assert reply.code == 403
    assert b"XSRF" in reply.body or b"_xsrf" in reply.body


async def test_a_cookie_with_xsrf_token_is_let_in(jp_serverapp: Any, http_server_client: Any, jp_base_url: str) -> None:
    cookies = await login_cookies(jp_serverapp, http_server_client, jp_base_url)
    headers = {
        "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()),
        "X-XSRFToken": cookies["_xsrf"],
    }
    url = f"{jp_base_url}cloud-data-cockpit/api/jobs/nobody/cancel"
    reply = await http_server_client.fetch(url, method="POST", headers=headers, body=b"", raise_error=False)
    assert reply.code == 404


class TestPlainBaseUrl:
    @pytest.fixture
    def jp_base_url(self) -> str:
        return "/"

    async def test_it_answers(self, api: Api) -> None:
        assert (await api("GET", "info")).status == 200


async def test_a_stranger_sends_no_body(jp_serverapp: Any, api: Api, extension: Any, monkeypatch: Any) -> None:
    taken: list[int] = []
    from cloud_data_cockpit.handlers.uploads import PartHandler

    original = PartHandler.data_received

    async def spy(self: Any, chunk: bytes) -> None:
        taken.append(len(chunk))
        await original(self, chunk)

    monkeypatch.setattr(PartHandler, "data_received", spy)
    answer = await api("PUT", "uploads/a/parts/1", b"x" * (1 << 20), headers={"Authorization": "token wrong"})
    assert answer.status == 403
    assert taken == []


async def test_the_log_has_neither_query_nor_token(
    api: Api, jp_serverapp: Any, caplog: pytest.LogCaptureFixture
) -> None:
    token = jp_serverapp.identity_provider.token
    with caplog.at_level(logging.DEBUG):
        await api(
            "GET",
            "objects",
            query={"connection": "no such", "bucket": "b", "prefix": "X-Amz-Signature=abcdef", "token": token},
        )
        await api("GET", "nothing", query={"token": token})
    ours = [
        record for record in caplog.records if "abcdef" in record.getMessage() and "objects:" in record.getMessage()
    ]
    assert ours == []
    assert token not in caplog.text
