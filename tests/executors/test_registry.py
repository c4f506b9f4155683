"""Which engines there are, which can be used, and what the others need."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from cloud_data_cockpit.errors import BadRequest, MissingExtra
from cloud_data_cockpit.executors import executor_names, list_executors, open_executor
from cloud_data_cockpit.executors.registry import check_executor


def test_all_engines_are_listed() -> None:
    infos = {info.name: info for info in list_executors()}
    assert set(infos) == set(executor_names()) >= {"threads", "processes", "dask", "ray", "lithops", "joblib", "spark"}
    assert infos["threads"].usable
    assert infos["processes"].usable
    assert "workers" in infos["processes"].options_schema["properties"]
    assert "address" in infos["dask"].options_schema["properties"]
    assert next(iter(infos)) == "threads", "the simplest comes first"


@pytest.mark.parametrize("name", ["dask", "ray", "lithops", "joblib", "spark"])
def test_an_engine_that_is_not_installed_says_what_would_mend_that(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cloud_data_cockpit.executors.engine.find_spec", lambda module: None)
    info = next(info for info in list_executors() if info.name == name)
    assert not info.usable
    assert info.problem is not None
    assert info.problem.endswith(f"pip install 'cloud-data-cockpit[{name}]'")
    with pytest.raises(MissingExtra, match="pip install"):
        open_executor(name)


@pytest.mark.parametrize(
    ("name", "options", "problem"),
    [
        ("abacus", {}, "there is no engine 'abacus'; known are"),
        ("threads", {"workers": 0}, "cannot open threads of this process like this: workers"),
        ("threads", {"wheels": 1}, "there is no option 'wheels'; known are workers, tries, forward_credentials"),
    ],
)
def test_what_cannot_be_opened(name: str, options: dict[str, Any], problem: str) -> None:
    for opened in (lambda: open_executor(name, **options), lambda: check_executor(name, options)):
        with pytest.raises(BadRequest, match=problem):
            opened()


def test_listing_loads_none_of_them() -> None:
    code = (
        "import sys; from cloud_data_cockpit.executors import list_executors; list_executors()\n"
        "print(sorted({'dask', 'distributed', 'ray', 'lithops', 'joblib', 'pyspark', 'botocore'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
