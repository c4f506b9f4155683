"""Print the JSON schema of manifests: `python scripts/manifest_schema.py > docs/manifest.schema.json`."""

from __future__ import annotations

import json
import sys
from typing import Any

from cloud_data_cockpit.models import Manifest


def schema() -> dict[str, Any]:
    """JSON schema, draft 2020-12, of what `load_slices` reads; it checks besides that the columns fit each other."""
    found = Manifest.model_json_schema(mode="validation")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **found, "title": "Data Cockpit manifest"}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(schema(), indent=2) + "\n")
