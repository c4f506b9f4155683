"""`cloud-data-cockpit jobs`: from the database when no server runs, through the server when one does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cloud_data_cockpit.cli import main
from cloud_data_cockpit.jobs.index import INDEX
from cloud_data_cockpit.jobs.log import Logs
from cloud_data_cockpit.jobs.runner import new_job
from cloud_data_cockpit.jobs.store import Store, default_path
from cloud_data_cockpit.models import IndexRequest

from .handlers.servers import Server


@pytest.fixture
def job_id(isolated_home: Path) -> str:
    """An index that a server left half-way."""
    request = IndexRequest(kind="index", connection="nowhere", uri="s3://bucket/a.csv", priority="high")
    job = new_job(INDEX, request, state="running", done=1, total=4, user="ada", rate=2.5e6, seconds_left=3665.4)
    store = Store(default_path())
    store.save(job, "feedfacefeedface")
    store.keep_request(job.id, request.model_dump_json())
    Logs(store).add(job.id, "Tasks run on dask")
    Logs(store).add(job.id, "a worker was lost", "warning")
    store.close()
    return job.id


def test_without_a_server(job_id: str, capsys: Any) -> None:
    assert main(["jobs"]) == 0
    head, line = capsys.readouterr().out.splitlines()
    assert head.split() == ["ID", "KIND", "STATE", "PRIORITY", "DONE", "RATE", "LEFT", "UPDATED", "TITLE"]
    assert line.split()[:8] == [job_id, "index", "running", "high", "25", "%", "2.5", "MB/s"]
    assert "  1:01:05  " in line
    assert line.endswith("Index a.csv")
    assert main(["jobs", "show", job_id[:6], "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["id"] == job_id
    assert main(["jobs", "show", job_id]) == 0
    assert "USER        ada\nENGINE      threads\n" in capsys.readouterr().out
    assert main(["jobs", "log", job_id[:6]]) == 0
    assert [line[21:] for line in capsys.readouterr().out.splitlines()] == [
        "Tasks run on dask",
        "warning: a worker was lost",
    ]
    assert main(["jobs", "log", job_id, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["total"] == 2
    for command, words in (
        (["cancel", job_id], "no Jupyter server"),
        (["show", "nothing"], "no job 'nothing'"),
        (["resume"], "name the job to resume"),
    ):
        assert main(["jobs", *command]) == 1
        assert words in capsys.readouterr().err


def test_nothing_yet(isolated_home: Path, capsys: Any) -> None:
    assert main(["jobs", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []
    assert not default_path().exists()


def test_through_a_server(job_id: str, tmp_path: Path, capsys: Any) -> None:
    with Server(tmp_path, tmp_path / "log"):
        assert main(["jobs", "show", job_id]) == 0
        shown = capsys.readouterr().out
        assert "interrupted, can go on" in shown
        assert "resume it" in shown
        assert main(["jobs", "log", job_id]) == 0
        assert "warning: Interrupted: the Jupyter server stopped" in capsys.readouterr().out
        assert main(["jobs", "cancel", job_id[:8]]) == 0
        assert "cancelled" in capsys.readouterr().out
        assert main(["jobs", "resume", job_id]) == 1
        assert "cannot go on" in capsys.readouterr().err
