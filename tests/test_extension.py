"""The extension as Jupyter finds it: enabled and valid, its settings, light to import."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from cloud_data_cockpit.extension import CloudDataCockpit


def test_jupyter_finds_it_valid(tmp_path: Path) -> None:
    listed = subprocess.run(
        [sys.executable, "-m", "jupyter", "server", "extension", "list"],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    words = listed.stdout + listed.stderr
    assert "cloud_data_cockpit" in words
    after = words.split("Validating cloud_data_cockpit...")[1]
    assert "OK" in after.splitlines()[1]


def test_the_settings_are_those_that_are_documented() -> None:
    assert {name for name, _ in CloudDataCockpit.class_own_traits(config=True).items()} == {
        "open_panel",
        "default_connection",
        "max_jobs",
        "max_upload_parts",
        "keep_jobs",
        "keep_jobs_days",
        "upload_idle_seconds",
        "upload_keep_days",
        "index_place",
        "index_connection",
        "allow_user_endpoints",
        "allowed_hosts",
        "allowed_roles",
        "refuse_private_hosts",
    }
    page = (Path(__file__).parent.parent / "docs" / "rest-api.md").read_text(encoding="utf-8")
    for name in CloudDataCockpit.class_own_traits(config=True):
        assert f"`{name}`" in page


@pytest.mark.parametrize("setting", ["max_jobs", "max_upload_parts", "upload_idle_seconds"])
def test_a_setting_that_cannot_be_is_refused(setting: str) -> None:
    from traitlets import TraitError

    with pytest.raises(TraitError):
        CloudDataCockpit(**{setting: 0})


def test_a_place_of_indexes_that_cannot_be_is_refused() -> None:
    from traitlets import TraitError

    assert CloudDataCockpit(index_place="s3://mine/indexes").index_place == "s3://mine/indexes/"
    assert CloudDataCockpit(index_place="local").index_place == ""
    for place in ("/tmp/indexes", "s3:///prefix", "https://host/x"):
        with pytest.raises(TraitError, match="indexes can be kept in"):
            CloudDataCockpit(index_place=place)


def test_loading_it_loads_no_heavy_library() -> None:
    script = (
        "import sys, cloud_data_cockpit.extension; "
        "print([name for name in ('boto3', 'botocore', 'pandas', 'pyarrow') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_schema_for_typescript_has_every_record() -> None:
    script = Path(__file__).parent.parent / "scripts" / "schema.py"
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True)
    definitions = json.loads(done.stdout)["$defs"]
    from cloud_data_cockpit.handlers.schemas import records

    assert set(definitions) == {record.__name__ for record in records()}
    assert {"Job", "Problem", "UploadRequest", "ServerInfo"} <= set(definitions)
    assert "Record" not in definitions
    for name, definition in definitions.items():
        may_lack = {"priority"} if name.endswith("Request") else set()  # who asks for a job need not say it
        assert set(definition["properties"]) - set(definition["required"]) <= may_lack
        assert "title" not in definition
