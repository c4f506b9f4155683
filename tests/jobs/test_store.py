"""The store: records survive closing, files are private, versions are respected, damage is put aside."""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cloud_data_cockpit.errors import Conflict, NotFound
from cloud_data_cockpit.jobs.kept import KeptUpload, KeptUploads
from cloud_data_cockpit.jobs.store import SCHEMA_VERSION, Store
from cloud_data_cockpit.models import ConnectionRef, Job, PartReceipt, UploadRequest

REF = ConnectionRef(name="demo", kind="demo")
KEY = "käy #%?+//.."


def _upload(job: Job, owner: str = "me") -> KeptUpload:
    request = UploadRequest(connection="demo", bucket="bucket", key=KEY, size=9, filename="f", last_modified=5)
    return KeptUpload(job.id, owner, "upload-1", REF, "bucket", KEY, request, part_size=8, touched=12.5)


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
    kept = KeptUploads(store)
    kept.begin(_upload(job))
    assert kept.open() == kept.open(job.id) == [_upload(job)]
    assert kept.open("another") == []
    assert kept.ids("bucket") == {"upload-1": job.id}
    kept.end(job.id, "upload-1")
    assert kept.open() == []
    assert kept.ids("bucket") == {}


def test_a_part_sent_again_replaces_the_former(store: Store, job: Job) -> None:
    store.save(job, "me")
    kept = KeptUploads(store)
    kept.begin(_upload(job))
    for number, etag, size in [(2, "b", 5), (1, "a", 9), (2, "c", 6)]:
        receipt = PartReceipt(part_number=number, etag=etag, size=size, crc32="0123abcd")
        kept.save_part(job.id, "upload-1", receipt)
    found = kept.parts(job.id, "upload-1")
    assert [(part.part_number, part.etag, part.size) for part in found] == [(1, "a", 9), (2, "c", 6)]
    assert {part.crc32 for part in found} == {"0123abcd"}
    assert kept.open()[0].touched > 12.5
    [(_, listed, done)] = kept.browsers()
    assert (listed, done) == (job, 15)


def test_pruning_keeps_the_newest_the_unfinished_and_open_uploads(store: Store, job: Job) -> None:
    for name, state in [("open", "interrupted"), ("runs", "running"), ("old", "succeeded"), ("new", "failed")]:
        store.save(job.model_copy(update={"id": name, "state": state}), "me")
    KeptUploads(store).begin(_upload(job.model_copy(update={"id": "open"})))
    store.prune(keep=1)
    assert [found.id for found in store.latest()] == ["new", "runs", "open"]


def test_what_is_old_is_forgotten(store: Store, job: Job) -> None:
    now = datetime.now(UTC)
    for name, state, days in [("old", "failed", 8), ("runs", "running", 8), ("new", "failed", 6.9)]:
        store.save(job.model_copy(update={"id": name, "state": state, "updated": now - timedelta(days=days)}), "me")
    store.prune()
    assert len(store.latest()) == 3
    store.prune(days=7)
    assert [found.id for found in store.latest()] == ["new", "runs"]


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


def test_a_job_passes_to_one_server_only(store: Store, job: Job) -> None:
    store.save(job, "dead")
    assert store.take(job.id, "dead", "me")
    assert not store.take(job.id, "dead", "another")
    assert store.owner(job.id) == "me"
    store.save(job.model_copy(update={"done": 3}), "me")
    assert store.owner(job.id) == "me"


def test_what_was_sent_is_known_by_its_stamp(store: Store, job: Job) -> None:
    store.save(job, "me")
    kept = KeptUploads(store)
    kept.sent(job.id, KEY, "stamp")
    assert kept.was_sent(job.id, KEY, "stamp")
    assert not kept.was_sent(job.id, KEY, "another")
    assert not kept.was_sent("another", KEY, "stamp")


def test_a_database_of_the_first_release_is_brought_up_to_date(tmp_path: Path, job: Job) -> None:
    path = tmp_path / "jobs.sqlite3"
    connection = sqlite3.connect(path)
    connection.executescript("""
        CREATE TABLE jobs (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, owner TEXT NOT NULL,
            state TEXT NOT NULL, record TEXT NOT NULL);
        CREATE INDEX jobs_by_state ON jobs (state);
        CREATE TABLE uploads (job_id TEXT PRIMARY KEY REFERENCES jobs (id) ON DELETE CASCADE, connection TEXT NOT NULL,
            bucket TEXT NOT NULL, key TEXT NOT NULL, upload_id TEXT NOT NULL, closed INTEGER NOT NULL DEFAULT 0);
        CREATE TABLE parts (job_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE, part_number INTEGER NOT NULL,
            etag TEXT NOT NULL, size INTEGER NOT NULL, PRIMARY KEY (job_id, part_number));
        PRAGMA user_version = 1;
    """)
    with connection:
        row = (job.id, "me", job.state, job.model_dump_json())
        connection.execute("INSERT INTO jobs (id, owner, state, record) VALUES (?, ?, ?, ?)", row)
        upload = (job.id, REF.model_dump_json(), "bucket", KEY, "upload-1")
        connection.execute("INSERT INTO uploads VALUES (?, ?, ?, ?, ?, 0)", upload)
        connection.execute("INSERT INTO parts VALUES (?, 1, 'e', 5)", (job.id,))
    connection.close()
    store = Store(path)
    try:
        assert store.get(job.id) == job
        [kept] = KeptUploads(store).open()
        assert (kept.upload_id, kept.key, kept.request, kept.owner) == ("upload-1", KEY, None, "me")
    finally:
        store.close()
