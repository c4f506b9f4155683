"""JSON schemas of the records, as OpenAPI and the TypeScript types need them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema

from .. import models
from ..models.base import Queued


class RecordSchema(GenerateJsonSchema):
    """Schemas without titles, and with every field required in what is sent: a reply leaves none out."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def field_is_required(self, field: Any, total: bool) -> bool:
        if self.mode == "serialization":
            return True
        return super().field_is_required(field, total)


def records() -> list[type[models.Record]]:
    """Every public record, sorted by name."""
    found = [
        value
        for name, value in vars(models).items()
        if isinstance(value, type) and issubclass(value, models.Record) and value is not models.Record
        if not name.startswith("_")
    ]
    return sorted(found, key=lambda record: record.__name__)


def definitions(
    wanted: Sequence[type[BaseModel]], mode: JsonSchemaMode, ref_template: str = "#/$defs/{model}"
) -> dict[str, Any]:
    """Name -> JSON schema (draft 2020-12) of each record and of those it refers to; `mode` as in pydantic."""
    _, schema = models_json_schema(
        [(record, mode) for record in wanted], schema_generator=RecordSchema, ref_template=ref_template
    )
    found: dict[str, Any] = schema.get("$defs", {})
    for definition in found.values():
        definition.pop("title", None)
    for record in wanted:
        if issubclass(record, Queued) and "priority" in (required := found[record.__name__].get("required", [])):
            required.remove("priority")  # who asks need not say it
    return found


JOB_EVENT = "https://cloud-data-cockpit.org/events/job/v1"


def job_event() -> dict[str, Any]:
    """The schema of the event that tells a change of a job; its data is the Job record."""
    found = definitions([models.Job], "serialization")
    job = found.pop("Job")
    return {
        "$id": JOB_EVENT,
        "version": "1",
        "title": "Data Cockpit job",
        "personal-data": True,
        "description": "A job of Data Cockpit was made, got on, or ended.",
        **{name: job[name] for name in ("type", "properties", "required")},
        "$defs": found,
    }
