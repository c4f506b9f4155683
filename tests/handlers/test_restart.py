"""A server that was killed: its jobs are called interrupted, its multipart uploads aborted, at the next start."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from cloud_data_cockpit.jobs.kinds import PARTITION, UPLOAD
from cloud_data_cockpit.jobs.runner import new_job
from cloud_data_cockpit.jobs.store import KeptUpload, Store
from cloud_data_cockpit.models import PartitionRequest, UploadRequest

from .conftest import Api


@pytest.fixture
def left_over(demo: str, boto: Any, bucket: str, jp_data_dir: Path) -> list[str]:
    """What a killed server leaves: a running job, a queued one, an upload with a part; made before the start."""
    from cloud_data_cockpit.s3.connections import resolve

    store = Store(jp_data_dir / "cloud-data-cockpit" / "jobs.sqlite3")
    partition = PartitionRequest(connection="demo", uri=f"s3://{bucket}/k")
    upload = UploadRequest(connection="demo", bucket=bucket, key="k", size=9 << 20)
    jobs = [
        new_job(PARTITION, partition, state="running"),
        new_job(PARTITION, partition),
        new_job(UPLOAD, upload, state="running"),
    ]
    for job in jobs:
        store.save(job, "feedfacefeedface")
    upload_id = boto.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    boto.upload_part(Bucket=bucket, Key="k", UploadId=upload_id, PartNumber=1, Body=bytes(8 << 20))
    store.keep_upload(KeptUpload(jobs[2].id, "feedfacefeedface", resolve("demo").ref, bucket, "k", upload_id))
    store.close()
    return [job.id for job in jobs]


async def test_after_a_restart(left_over: list[str], api: Api, boto: Any, bucket: str) -> None:
    jobs = {job["id"]: job for job in (await api("GET", "jobs")).json}
    assert set(jobs) == set(left_over)
    for job in jobs.values():
        assert job["state"] == "interrupted"
        assert "start it again" in job["error"]["message"]
    for _ in range(100):
        if "Uploads" not in boto.list_multipart_uploads(Bucket=bucket):
            break
        await asyncio.sleep(0.05)
    assert "Uploads" not in boto.list_multipart_uploads(Bucket=bucket)
    assert (await api("POST", f"jobs/{left_over[2]}/cancel")).json["state"] == "interrupted"
    late = await api("PUT", f"uploads/{left_over[2]}/parts/1", b"x")
    assert late.status == 409
