"""Prints one JSON schema with every public record under "$defs", from which the TypeScript types are made."""

from __future__ import annotations

import json
import sys
from typing import Any

from cloud_data_cockpit.handlers.schemas import definitions, records


def tuples_as_items(node: Any) -> Any:
    """The same schema with tuples as `items: [...]`: json-schema-to-typescript knows no `prefixItems`."""
    if isinstance(node, list):
        return [tuples_as_items(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {"items" if name == "prefixItems" else name: tuples_as_items(value) for name, value in node.items()}


def main() -> None:
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$defs": tuples_as_items(definitions(records(), "serialization")),
    }
    json.dump(schema, sys.stdout, indent=2)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
