"""Table, Tornado routes and OpenAPI document are the same; info and formats answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from cloud_data_cockpit.handlers.document import document
from cloud_data_cockpit.handlers.routes import PATH_PARAMETERS, ROUTES, pattern

from .conftest import Api

METHODS = ("get", "post", "put", "delete", "patch", "head")


def _rules(router: Any) -> Iterator[Any]:
    for rule in router.rules:
        if hasattr(rule.target, "rules"):
            yield from _rules(rule.target)
        else:
            yield rule


def _documented() -> set[tuple[str, str]]:
    return {(pattern(route.path), route.method) for route in ROUTES}


def test_no_route_is_listed_twice() -> None:
    assert len(_documented()) == len(ROUTES)


def test_tornado_has_what_the_table_has_and_nothing_else(jp_serverapp: Any, jp_base_url: str) -> None:
    from tornado.web import RequestHandler

    found = set()
    for rule in _rules(jp_serverapp.web_app.default_router):
        expression = getattr(rule.matcher, "regex", None)
        target = rule.target
        if (
            expression is None
            or not isinstance(target, type)
            or not target.__module__.startswith("cloud_data_cockpit.")
        ):
            continue
        path = expression.pattern.removeprefix(jp_base_url.rstrip("/")).removesuffix("$")
        for method in METHODS:
            if getattr(target, method) is not getattr(RequestHandler, method):
                found.add((path, method.upper()))
    assert found == _documented()


def test_the_document_describes_every_route() -> None:
    described = document(ROUTES, "1.2.3")
    found = {(path.lstrip("/"), method.upper()) for path, item in described["paths"].items() for method in item}
    assert found == {(route.path, route.method) for route in ROUTES}
    assert described["info"]["version"] == "1.2.3"
    identifiers = [each["operationId"] for item in described["paths"].values() for each in item.values()]
    assert len(set(identifiers)) == len(identifiers) == len(ROUTES)


def _nodes(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
    for below in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _nodes(below)


def test_every_schema_is_valid_and_every_reference_leads_somewhere() -> None:
    described = document(ROUTES, "1")
    schemas = described["components"]["schemas"]
    for schema in schemas.values():
        Draft202012Validator.check_schema(schema)
    references = {node["$ref"] for node in _nodes(described) if "$ref" in node}
    assert references == {f"#/components/schemas/{name}" for name in schemas}


def test_what_a_request_may_leave_out_is_not_required() -> None:
    schemas = document(ROUTES, "1")["components"]["schemas"]
    assert schemas["PartitionRequest"]["required"] == ["connection", "uri"]
    assert "manifest_id" in schemas["Job"]["required"]
    parameters = document(ROUTES, "1")["paths"]["/objects"]["get"]["parameters"]
    assert [each["name"] for each in parameters if each["required"]] == ["connection", "bucket"]


def test_the_page_for_readers_has_every_route() -> None:
    page = (Path(__file__).parent.parent.parent / "docs" / "rest-api.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| (GET|POST|PUT|DELETE) \| `([^`]+)`", page, re.MULTILINE))
    assert listed == {(route.method, route.path) for route in ROUTES}


def test_every_parameter_of_a_path_has_a_pattern() -> None:
    for route in ROUTES:
        assert set(re.findall(r"{(\w+)}", route.path)) <= set(PATH_PARAMETERS)


async def test_it_is_served(api: Api) -> None:
    answer = await api("GET", "openapi.json")
    assert answer.status == 200
    assert answer.json["openapi"] == "3.1.0"
    assert set(answer.json["paths"]) == {"/" + route.path for route in ROUTES}


async def test_info(api: Api) -> None:
    answer = await api("GET", "info")
    assert answer.status == 200
    assert answer.json["open_panel"] is False
    assert answer.json["default_connection"] is None
    assert re.match(r"\d+\.\d+", answer.json["version"])


async def test_formats_have_schemas_for_their_forms(api: Api) -> None:
    answer = await api("GET", "formats")
    assert answer.status == 200
    found = {each["name"]: each for each in answer.json}
    assert {"csv", "fasta"} <= set(found)
    for each in found.values():
        if each["usable"]:
            assert "num_slices" in each["params_schema"]["properties"]
        else:
            assert each["problem"]


@pytest.mark.parametrize("path", ["jobs/nobody", "jobs/nobody/cancel", "uploads/nobody/complete"])
async def test_an_unknown_job_is_not_found(api: Api, path: str) -> None:
    answer = await api("GET" if path.count("/") == 1 else "POST", path)
    assert answer.status == 404
    assert answer.json["code"] == "not_found"
    assert "nobody" in answer.json["message"]
