"""The published schema of manifests is that of the record, and what is saved is as it says."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from cloud_data_cockpit.slicing.partition import partition

ROOT = Path(__file__).parents[2]
PUBLISHED = ROOT / "docs" / "manifest.schema.json"


def test_the_schema_is_fresh() -> None:
    script = str(ROOT / "scripts" / "manifest_schema.py")
    fresh = subprocess.run([sys.executable, script], cwd=ROOT, capture_output=True, check=True, encoding="utf-8").stdout
    words = "Manifest has changed: run `python scripts/manifest_schema.py > docs/manifest.schema.json`"
    assert PUBLISHED.read_text(encoding="utf-8") == fresh, words


def test_a_manifest_is_as_the_schema_says(poem: Path) -> None:
    schema = json.loads(PUBLISHED.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    held = json.loads(partition(poem, num_slices=4).manifest.model_dump_json())
    jsonschema.validate(held, schema)
    for broken in (held | {"version": 2}, held | {"novel": 1}, {k: v for k, v in held.items() if k != "etag"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(broken, schema)
