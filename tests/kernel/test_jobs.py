"""cockpit.jobs(): live views of the jobs of a real server; without one, a clear sentence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import cloud_data_cockpit as cdc
from cloud_data_cockpit.errors import CredentialsError, NotFound, ServiceError, TaskFailed
from cloud_data_cockpit.kernel import cockpit
from tests.handlers.servers import Server

TEXT = "".join(f"line {i}\n" for i in range(1000)).encode()


@pytest.fixture
def server(s3_service: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    keys = {"access_key": s3_service.access_key, "secret_key": s3_service.secret_key}
    cdc.connect("lab", endpoint_url=s3_service.endpoint_url, save=True, keep_in="aws-credentials-file", **keys)
    with Server(tmp_path, tmp_path / "log") as server:
        monkeypatch.setenv("DATA_COCKPIT_SERVER", server.url)
        monkeypatch.setenv("DATA_COCKPIT_TOKEN", server.token)
        yield server


def test_without_a_server() -> None:
    with pytest.raises(ServiceError, match=r"none started this process: set DATA_COCKPIT_SERVER and .*, or call"):
        cockpit.jobs()


def test_followed_cancelled_and_failed(server: Server, boto: Any, bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(cockpit.jobs()) == []
    assert cockpit.jobs()._repr_html_() == "<div>no jobs</div>"
    boto.put_object(Bucket=bucket, Key="<b>.txt", Body=TEXT)
    asked = {"connection": "lab", "uri": f"s3://{bucket}/<b>.txt", "format": "text", "params": {"num_slices": 5}}
    started = server("POST", "jobs", asked).json
    (job,) = cockpit.jobs()
    assert job.id == started["id"]
    assert job.wait(60, progress=True) is job
    assert (job.state, job.kind, job.ended) == ("succeeded", "partition", True)
    assert len(job.slices()) == 5
    assert job.cancel().state == "succeeded"
    assert "<b>.txt" not in job._repr_html_()
    assert "&lt;b&gt;.txt" in cockpit.jobs()._repr_html_()
    assert isinstance(str(job.log()), str)
    assert job.log().total >= len(job.log())
    assert "manifest_id" in dir(job)
    with pytest.raises(AttributeError, match="a job has no 'colour'"):
        _ = job.colour
    server("POST", "jobs", asked | {"uri": f"s3://{bucket}/gone.txt"})
    failed = cockpit.jobs(kind="partition")[0]
    with pytest.raises(NotFound, match="gone"):
        failed.wait(60)
    assert [each.id for each in cockpit.jobs(state="failed")] == [failed.id]
    with pytest.raises(NotFound, match="no slices"):
        failed.slices()
    monkeypatch.setenv("DATA_COCKPIT_TOKEN", "wrong")
    with pytest.raises(CredentialsError, match="does not take this token"):
        cockpit.jobs()


def test_one_that_was_stopped(server: Server, boto: Any, bucket: str, s3_service: Any) -> None:
    boto.put_object(Bucket=bucket, Key="a.txt", Body=TEXT)
    s3_service.inject(delay=2.0, times=50)
    try:
        server("POST", "jobs", {"connection": "lab", "uri": f"s3://{bucket}/a.txt", "format": "text"})
        job = cockpit.jobs()[0]
        with pytest.raises(TimeoutError, match=job.id):
            job.wait(0.2)
        job.cancel()
        with pytest.raises(TaskFailed, match="cancelled"):
            job.wait(60)
    finally:
        s3_service.clear_faults()
