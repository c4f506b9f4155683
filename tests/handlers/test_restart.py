"""A server that was killed: its jobs are called interrupted, its uploads can go on, at the next start."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from cloud_data_cockpit.jobs.kept import KeptUpload, KeptUploads
from cloud_data_cockpit.jobs.kinds import PARTITION, UPLOAD
from cloud_data_cockpit.jobs.runner import new_job
from cloud_data_cockpit.jobs.store import Store
from cloud_data_cockpit.models import PartitionRequest, UploadRequest

from .conftest import Api

MIB = 1 << 20
DEAD = "feedfacefeedface"


@pytest.fixture
def left_over(demo: str, boto: Any, bucket: str, jp_data_dir: Path) -> list[str]:
    """What a killed server leaves: a running job, a queued one, an upload with a part, an old one; before the start."""
    from cloud_data_cockpit.s3.connections import resolve

    store = Store(jp_data_dir / "cloud-data-cockpit" / "jobs.sqlite3")
    partition = PartitionRequest(connection="demo", uri=f"s3://{bucket}/k")
    upload = UploadRequest(connection="demo", bucket=bucket, key="k", size=9 * MIB, last_modified=7)
    jobs = [
        new_job(PARTITION, partition, state="running"),
        new_job(PARTITION, partition),
        new_job(UPLOAD, upload, state="running"),
        new_job(UPLOAD, upload, state="interrupted", resumable=True),
    ]
    for job, touched in zip(jobs, (0, 0, time.time(), time.time() - 8 * 86_400), strict=True):
        store.save(job, DEAD)
        if job.kind == "upload":
            upload_id = boto.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
            boto.upload_part(Bucket=bucket, Key="k", UploadId=upload_id, PartNumber=1, Body=bytes(8 * MIB))
            kept = KeptUpload(job.id, DEAD, upload_id, resolve("demo").ref, bucket, "k", upload, "", 8 * MIB, touched)
            KeptUploads(store).begin(kept)
    store.close()
    return [job.id for job in jobs]


async def test_after_a_restart(left_over: list[str], api: Api, boto: Any, bucket: str, until: Any) -> None:
    jobs = {job["id"]: job for job in (await api("GET", "jobs")).json}
    assert set(jobs) == set(left_over)
    assert {job["state"] for job in jobs.values()} == {"interrupted"}
    for job_id in left_over[:2]:
        assert "start it again" in jobs[job_id]["error"]["message"]
    upload = left_over[2]
    assert jobs[upload]["resumable"]
    assert (await api("PUT", f"uploads/{upload}/parts/2", b"x")).status == 409
    other = await api("POST", f"uploads/{upload}/resume", {"size": 9 * MIB, "last_modified": 8})
    assert (other.status, other.json["code"]) == (409, "conflict")
    resumed = await api("POST", f"uploads/{upload}/resume", {"size": 9 * MIB, "last_modified": 7})
    assert [part["part_number"] for part in resumed.json["received"]] == [1]
    assert (await api("PUT", f"uploads/{upload}/parts/2", bytes(MIB))).status == 200
    assert (await api("POST", f"uploads/{upload}/complete")).json["state"] == "succeeded"
    assert boto.head_object(Bucket=bucket, Key="k")["ContentLength"] == 9 * MIB


async def test_what_is_too_old_is_given_up(left_over: list[str], api: Api, boto: Any, bucket: str, until: Any) -> None:
    old = left_over[3]

    async def given_up() -> bool:
        job = (await api("GET", f"jobs/{old}")).json
        return not job["resumable"] and "7 days" in job["error"]["message"]

    await until(given_up)
    assert len(boto.list_multipart_uploads(Bucket=bucket)["Uploads"]) == 1
    assert [each["job_id"] for each in (await api("GET", "uploads")).json] == [left_over[2]]
    assert (await api("POST", f"uploads/{old}/resume", {"size": 9 * MIB})).status == 409


async def test_an_upload_of_a_dead_server_is_cancelled_for_certain(
    left_over: list[str], api: Api, boto: Any, bucket: str
) -> None:
    answer = await api("POST", f"jobs/{left_over[2]}/cancel")
    assert (answer.json["state"], answer.json["resumable"]) == ("cancelled", False)
    assert (await api("POST", f"jobs/{left_over[3]}/cancel")).json["state"] in ("cancelled", "interrupted")
    assert "Uploads" not in boto.list_multipart_uploads(Bucket=bucket)
    assert (await api("GET", "uploads")).json == []
