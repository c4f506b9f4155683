"""The TypeScript types of the records are those of models/: a fresh generation equals the committed file."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.skipif(
    shutil.which("node") is None or not (ROOT / "node_modules/json-schema-to-typescript").is_dir(),
    reason="needs node and `jlpm install`",
)
def test_types_are_fresh() -> None:
    fresh = subprocess.run(
        ["node", "scripts/types.mjs"],
        cwd=ROOT,
        env={**os.environ, "PYTHON": sys.executable},
        capture_output=True,
        check=True,
        encoding="utf-8",
    )
    committed = (ROOT / "src/api/schema.ts").read_text(encoding="utf-8")
    assert committed == fresh.stdout, "models/ has changed: run `jlpm types` and commit src/api/schema.ts"
