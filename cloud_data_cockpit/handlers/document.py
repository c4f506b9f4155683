"""The OpenAPI 3.1 document, made from the table of routes and the records."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from .. import models
from .routes import PATH_PARAMETERS, ROOT, Many, OneOf, RecordType, Route
from .schemas import definitions

_REF = "#/components/schemas/{model}"


def document(routes: Sequence[Route], version: str) -> dict[str, Any]:
    """The description of `routes`. Paths are below the Jupyter server's base URL."""
    paths: dict[str, Any] = {}
    for route in routes:
        paths.setdefault("/" + route.path, {})[route.method.lower()] = _operation(route)
    replies = {record for route in routes for record in _records(route.reply)} | {models.Problem}
    bodies = {record for route in routes for record in _records(route.body)}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Data Cockpit",
            "version": version,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            "description": "The server extension of Data Cockpit. Every error reply is a Problem.",
        },
        "servers": [{"url": "." + ROOT.rstrip("/"), "description": "below the base URL of the Jupyter server"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Authorization",
                    "description": "`token <the server's token>`; a login cookie with its XSRF token does too",
                }
            },
            "schemas": {
                **definitions(_sorted(bodies), "validation", _REF),
                **definitions(_sorted(replies), "serialization", _REF),
            },
        },
    }


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": f"{route.method.lower()}_{re.sub(r'[^a-z]+', '_', route.path.lower()).strip('_')}",
        "summary": route.summary,
        "responses": {str(route.status): _response(route), "default": _problem()},
    }
    parameters = [*_path_parameters(route.path), *_query_parameters(route.query)]
    if parameters:
        operation["parameters"] = parameters
    if route.body == "bytes":
        operation["requestBody"] = {"required": True, "content": {"application/octet-stream": {}}}
    elif isinstance(route.body, OneOf):
        choice = {"oneOf": [_reference(record) for record in route.body.records]}
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": choice}}}
    elif route.body is not None:
        operation["requestBody"] = {"required": True, "content": _json(_reference(route.body))}
    return operation


def _path_parameters(path: str) -> Iterable[dict[str, Any]]:
    for name in re.findall(r"{(\w+)}", path):
        schema = (
            {"type": "integer"} if name == "number" else {"type": "string", "pattern": f"^{PATH_PARAMETERS[name]}$"}
        )
        yield {"name": name, "in": "path", "required": True, "schema": schema}


def _query_parameters(query: RecordType | None) -> Iterable[dict[str, Any]]:
    if query is None:
        return
    schema = definitions([query], "validation", _REF)[query.__name__]
    for name, field in schema["properties"].items():
        yield {"name": name, "in": "query", "required": name in schema.get("required", []), "schema": field}


def _response(route: Route) -> dict[str, Any]:
    if route.reply is None:
        return {"description": "Done"}
    if route.reply == "bytes":
        return {"description": "The bytes", "content": {"application/octet-stream": {}, "application/zip": {}}}
    if route.reply == "json":
        return {"description": "An OpenAPI document", "content": _json({"type": "object"})}
    if isinstance(route.reply, Many):
        items = {"type": "array", "items": _reference(route.reply.record)}
        return {"description": f"A list of {route.reply.record.__name__}", "content": _json(items)}
    return {"description": route.reply.__name__, "content": _json(_reference(route.reply))}


def _problem() -> dict[str, Any]:
    return {"description": "What is wrong and what to do", "content": _json(_reference(models.Problem))}


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _reference(record: RecordType) -> dict[str, str]:
    return {"$ref": _REF.format(model=record.__name__)}


def _records(what: RecordType | Many | OneOf | str | None) -> Iterable[RecordType]:
    if isinstance(what, Many):
        yield what.record
    elif isinstance(what, OneOf):
        yield from what.records
    elif isinstance(what, type):
        yield what


def _sorted(found: Iterable[RecordType]) -> list[RecordType]:
    return sorted(found, key=lambda record: record.__name__)
