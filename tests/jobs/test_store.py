"""The store: records survive closing, files are private, versions are respected, damage is put aside."""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
from pathlib import Path

import pytest

from cloud_data_cockpit.errors import Conflict, NotFound
from cloud_data_cockpit.jobs.store import SCHEMA_VERSION, KeptUpload, Store
from cloud_data_cockpit.models import ConnectionRef, Job, PartReceipt

REF = ConnectionRef(name="demo", kind="demo")


def _upload(job: Job, owner: str = "me") -> KeptUpload:
    return KeptUpload(job.id, owner, REF, "bucket", "käy #%?+//..", "upload-1")


def test_a_job_survives_closing(store: Store, job: Job) -> None:
    store.save(job, "me")
    store.save(job.model_copy(update={"state": "succeeded", "done": 7}), "someone else")
    store.close()
    again = Store(store.path)
    try:
        assert again.get(job.id) == job.model_copy(update={"state": "succeeded", "done": 7})
        assert again.unfinished() == []
    finally:
        again.close()


def test_latest_are_newest_first_and_bounded(store: Store, job: Job) -> None:
    for number in range(5):
        store.save(job.model_copy(update={"id": f"j{number}"}), "me")
    store.save(job.model_copy(update={"id": "j0", "done": 1}), "me")
    assert [found.id for found in store.latest(3)] == ["j4", "j3", "j2"]


def test_unfinished_knows_the_owner(store: Store, job: Job) -> None:
    store.save(job, "me")
    store.save(job.model_copy(update={"id": "ended", "state": "failed"}), "me")
    assert store.unfinished() == [("me", job)]


def test_an_unknown_job_is_not_found(store: Store) -> None:
    with pytest.raises(NotFound, match="no job 'x'"):
        store.get("x")


def test_uploads_stay_open_until_closed(store: Store, job: Job) -> None:
    store.save(job, "me")
    store.keep_upload(_upload(job))
    assert store.open_uploads() == [_upload(job)]
    store.close_upload(job.id)
    assert store.open_uploads() == []


def test_a_part_sent_again_replaces_the_former(store: Store, job: Job) -> None:
    store.save(job, "me")
    store.save_part(job.id, PartReceipt(part_number=2, etag="b", size=5))
    store.save_part(job.id, PartReceipt(part_number=1, etag="a", size=9))
    store.save_part(job.id, PartReceipt(part_number=2, etag="c", size=6))
    assert [(part.part_number, part.etag, part.size) for part in store.parts(job.id)] == [(1, "a", 9), (2, "c", 6)]


def test_pruning_keeps_the_newest_the_unfinished_and_open_uploads(store: Store, job: Job) -> None:
    for name, state in [("open", "interrupted"), ("runs", "running"), ("old", "succeeded"), ("new", "failed")]:
        store.save(job.model_copy(update={"id": name, "state": state}), "me")
    store.keep_upload(_upload(job.model_copy(update={"id": "open"})))
    store.prune(keep=1)
    assert [found.id for found in store.latest()] == ["new", "runs", "open"]


@pytest.mark.skipif(os.name == "nt", reason="POSIX modes")
def test_files_are_private(store: Store, job: Job) -> None:
    store.save(job, "me")
    files = sorted(store.path.parent.iterdir())
    assert [file.name for file in files] == ["jobs.sqlite3", "jobs.sqlite3-shm", "jobs.sqlite3-wal"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "jobs.sqlite3"
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    connection.close()
    with pytest.raises(Conflict, match="newer Data Cockpit"):
        Store(path)


def test_a_damaged_file_is_put_aside(tmp_path: Path, job: Job) -> None:
    path = tmp_path / "jobs.sqlite3"
    path.write_bytes(b"this is no database, and long enough to be looked at" * 100)
    store = Store(path)
    try:
        store.save(job, "me")
        assert store.latest() == [job]
        assert len(list(tmp_path.glob("jobs.sqlite3.damaged-*"))) == 1
    finally:
        store.close()


def test_two_servers_may_create_it_at_once(tmp_path: Path, job: Job) -> None:
    path = tmp_path / "jobs.sqlite3"
    problems: list[Exception] = []

    def begin(number: int) -> None:
        try:
            store = Store(path)
            store.save(job.model_copy(update={"id": f"j{number}"}), "me")
            store.close()
        except Exception as error:  # noqa: BLE001 - told by the assertion below
            problems.append(error)

    threads = [threading.Thread(target=begin, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    store = Store(path)
    try:
        assert len(store.latest()) == 8
    finally:
        store.close()
