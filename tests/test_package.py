"""The package as a whole: light to import, all its names there, all its files saying what they are for."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import cloud_data_cockpit

PACKAGE = Path(cloud_data_cockpit.__file__).parent
LOADED = """
import sys
import cloud_data_cockpit
heavy = {"pandas", "boto3", "botocore", "dataplug", "pyarrow", "numpy", "tornado", "pydantic"}
print(",".join(sorted(heavy & set(sys.modules))))
"""


def test_import_loads_nothing_heavy() -> None:
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_every_public_name_is_there() -> None:
    for name in cloud_data_cockpit.__all__:
        assert getattr(cloud_data_cockpit, name).__doc__
    assert set(cloud_data_cockpit.__all__) <= set(dir(cloud_data_cockpit))
    assert cloud_data_cockpit.__version__


def test_every_file_says_its_job() -> None:
    for path in PACKAGE.rglob("*.py"):
        if path.name != "__init__.py" and "labextension" not in path.parts:
            assert ast.get_docstring(ast.parse(path.read_text())), path
