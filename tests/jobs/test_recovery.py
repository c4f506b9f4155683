"""After a crash: jobs of dead servers are interrupted, uploads can go on, those of servers that live are left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from cloud_data_cockpit.jobs.driven import UPLOAD
from cloud_data_cockpit.jobs.kept import KeptUpload, KeptUploads
from cloud_data_cockpit.jobs.ownership import Owner
from cloud_data_cockpit.jobs.recovery import recover
from cloud_data_cockpit.jobs.runner import new_job
from cloud_data_cockpit.jobs.store import Store
from cloud_data_cockpit.models import ConnectionRef, Job, PartReceipt, UploadRequest

REF = ConnectionRef(name="demo", kind="demo")


@pytest.mark.parametrize("state", ["running", "queued"])
def test_recovery_after_a_crash(store: Store, job: Job, tmp_path: Path, state: str) -> None:
    request = UploadRequest(connection="demo", bucket="b", key="k", size=9)
    upload = new_job(UPLOAD, request, state=state)
    alive, dead = Owner(tmp_path), Owner(tmp_path)
    dead.close()
    store.save(upload, dead.name)
    kept = KeptUploads(store)
    kept.begin(KeptUpload(upload.id, dead.name, "u", REF, "b", "k", request, part_size=5, touched=1.0))
    kept.save_part(upload.id, "u", PartReceipt(part_number=1, etag="e", size=5))
    store.save(job, dead.name)
    lives = job.model_copy(update={"id": "lives"})
    store.save(lives, alive.name)
    me = Owner(tmp_path)
    assert recover(store, me) == []
    found = store.get(upload.id)
    assert (found.state, found.done, found.resumable) == ("interrupted", 5, True)
    assert found.error is not None
    assert "same file again" in found.error.message
    partition = store.get(job.id)
    assert (partition.state, partition.resumable) == ("interrupted", False)
    assert store.get("lives") == lives
    alive.close()
    me.close()
