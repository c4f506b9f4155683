"""Files, directories, bytes and URLs to S3: exact, in parallel, resumed by what S3 has, and nothing left behind."""

from __future__ import annotations

import os
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cloud_data_cockpit import upload
from cloud_data_cockpit.errors import BadRequest, Cancelled, Conflict, NotFound, ServiceError
from cloud_data_cockpit.models import PartReceipt
from cloud_data_cockpit.s3 import uploads, whole
from cloud_data_cockpit.s3.connections import Connection
from cloud_data_cockpit.s3.items import BytesItem, Item, file_item, key_beside
from cloud_data_cockpit.s3.ledger import Begun
from cloud_data_cockpit.s3.sending import OnConflict, Sending
from cloud_data_cockpit.s3.whole import put_whole

from .stub import Answer, Stub, fault

MIB = 1 << 20
DATA = os.urandom(20 * MIB + 5)


class Told:
    """A teller that counts, and stops when it is told to."""

    def __init__(self) -> None:
        self.done = self.items = self.total = 0
        self.notes: list[str] = []
        self.stop_at: int | None = None
        self._lock = threading.Lock()

    def add(self, done: int = 0, items: int = 0, total: int = 0, items_total: int = 0) -> None:
        with self._lock:
            self.done += done
            self.items += items
            self.total += total
        self.check()

    def check(self) -> None:
        if self.stop_at is not None and self.done >= self.stop_at:
            raise Cancelled("stopped")

    def note(self, text: str) -> None:
        self.notes.append(text)


class Book:
    """A ledger that a second run finds again."""

    def __init__(self) -> None:
        self.open: dict[str, Begun] = {}
        self.receipts: dict[str, dict[int, PartReceipt]] = {}
        self.done: set[tuple[str, str]] = set()
        self.again = False

    def begun(self, key: str) -> Begun | None:
        return next((each for each in self.open.values() if each.key == key), None)

    def begin(self, upload: Begun) -> None:
        self.open[upload.upload_id] = upload

    def part(self, upload_id: str, receipt: PartReceipt) -> None:
        self.receipts.setdefault(upload_id, {})[receipt.part_number] = receipt

    def parts(self, upload_id: str) -> list[PartReceipt]:
        return list(self.receipts.get(upload_id, {}).values())

    def end(self, upload_id: str) -> None:
        self.open.pop(upload_id, None)

    def open_uploads(self) -> list[Begun]:
        return list(self.open.values())

    def sent(self, key: str, stamp: str) -> None:
        self.done.add((key, stamp))

    def was_sent(self, key: str, stamp: str) -> bool:
        return (key, stamp) in self.done


def _read(boto: Any, bucket: str, key: str) -> bytes:
    with boto.get_object(Bucket=bucket, Key=key)["Body"] as body:
        return bytes(body.read())


def _keys(boto: Any, bucket: str) -> list[str]:
    return [each["Key"] for each in boto.list_objects_v2(Bucket=bucket).get("Contents", [])]


# --- upload, for notebooks ---------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 8 * MIB, 8 * MIB + 1, len(DATA)])
def test_a_file_is_uploaded_whole(lab: Connection, bucket: str, boto: Any, tmp_path: Path, size: int) -> None:
    path = tmp_path / "data é.fasta"
    path.write_bytes(DATA[:size])
    told: list[tuple[int, int]] = []
    sent = upload(path, f"s3://{bucket}/in/", lab, lambda done, total: told.append((done, total)))
    assert sent is not None
    assert (sent.uri, sent.size) == (f"s3://{bucket}/in/data é.fasta", size)
    assert sent.crc32 == f"{zlib.crc32(DATA[:size]):08x}"
    assert _read(boto, bucket, "in/data é.fasta") == DATA[:size]
    assert boto.head_object(Bucket=bucket, Key="in/data é.fasta")["ContentType"] == "text/plain"
    assert told[-1] == (size, size)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_bytes_and_a_directory(lab: Connection, bucket: str, boto: Any, tmp_path: Path) -> None:
    (tmp_path / "run" / "inner").mkdir(parents=True)
    for number in range(40):
        (tmp_path / "run" / "inner" / f"{number}.txt").write_bytes(b"x" * number)
    (tmp_path / "run" / "large").write_bytes(DATA)
    assert upload(tmp_path / "run", f"s3://{bucket}/", lab) is None
    assert len(_keys(boto, bucket)) == 41
    assert _read(boto, bucket, "run/inner/7.txt") == b"x" * 7
    assert _read(boto, bucket, "run/large") == DATA
    upload(memoryview(b"hello"), f"s3://{bucket}/greeting", "lab")
    assert _read(boto, bucket, "greeting") == b"hello"


def test_nothing_is_overwritten_unasked(lab: Connection, bucket: str, boto: Any) -> None:
    for content in (b"small", DATA):
        upload(content, f"s3://{bucket}/k", lab, overwrite=True)
        with pytest.raises(Conflict, match="exists already"):
            upload(b"new", f"s3://{bucket}/k", lab)
        with pytest.raises(Conflict, match="exists already"):
            upload(DATA[:-1], f"s3://{bucket}/k", lab)
        assert _read(boto, bucket, "k") == content
    assert uploads.list_open(lab, bucket) == []


def test_what_cannot_be_uploaded(lab: Connection, bucket: str, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no file"):
        upload(tmp_path / "nothing", f"s3://{bucket}/k", lab)
    with pytest.raises(BadRequest, match="have no name"):
        upload(b"x", f"s3://{bucket}/prefix/", lab)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(BadRequest, match="no regular file"):
        upload(tmp_path / "pipe", f"s3://{bucket}/k", lab)


def test_what_is_stopped_leaves_nothing(lab: Connection, bucket: str, boto: Any) -> None:
    def stop(done: int, total: int) -> None:
        if done > 10 * MIB:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        upload(DATA, f"s3://{bucket}/k", lab, stop)
    assert uploads.list_open(lab, bucket) == []
    assert _keys(boto, bucket) == []


# --- sending: conflicts, going on --------------------------------------------------------------


def _send(
    lab: Connection, bucket: str, items: list[Item], book: Book, told: Told, on_conflict: OnConflict = "fail"
) -> None:
    Sending(lab, bucket, told, book, on_conflict, workers=4).run(iter(items))


def test_a_second_run_sends_what_is_missing(lab: Connection, bucket: str, boto: Any, tmp_path: Path) -> None:
    path = tmp_path / "large"
    path.write_bytes(DATA)
    item = file_item("large", path)
    small = [BytesItem(f"small{n}", b"s" * n, stamp=str(n)) for n in range(5)]
    book, told = Book(), Told()
    told.stop_at = 9 * MIB
    with pytest.raises(Cancelled):
        Sending(lab, bucket, told, book, workers=2).run(iter([*small, item]))
    [begun] = book.open.values()
    stored = {part.part_number for part in uploads.list_parts(lab, bucket, "large", begun.upload_id)}
    again = Told()
    _send(lab, bucket, [*small, item], book, again)
    assert _read(boto, bucket, "large") == DATA
    assert len(_keys(boto, bucket)) == 6
    assert (again.done, again.items) == (item.size + sum(range(5)), 6)
    assert stored < set(book.receipts[begun.upload_id]) or len(stored) == 3
    assert book.open == {}
    assert uploads.list_open(lab, bucket) == []


def test_what_was_complete_when_its_run_died_is_not_sent_again(
    lab: Connection, bucket: str, boto: Any, tmp_path: Path
) -> None:
    path = tmp_path / "large"
    path.write_bytes(DATA)
    items: list[Item] = [file_item("large", path), BytesItem("small", b"s", stamp="1")]
    book = Book()
    ended: list[Begun] = []
    book.end = lambda upload_id: ended.append(book.open[upload_id])  # type: ignore[method-assign]
    _send(lab, bucket, items, book, Told())
    del book.end  # type: ignore[method-assign]
    book.done.clear()  # as if it had died just before it noted that they are there
    book.again = True
    told = Told()
    _send(lab, bucket, items, book, told)
    assert (told.done, told.items) == (len(DATA) + 1, 2)
    assert book.open == {}
    boto.put_object(Bucket=bucket, Key="small", Body=b"x")
    book.done.clear()
    with pytest.raises(Conflict, match="exists already"):
        _send(lab, bucket, items[1:], book, Told())


def test_a_file_that_was_changed_is_begun_anew(lab: Connection, bucket: str, boto: Any, tmp_path: Path) -> None:
    path = tmp_path / "large"
    path.write_bytes(DATA)
    book, told = Book(), Told()
    told.stop_at = 9 * MIB
    with pytest.raises(Cancelled):
        _send(lab, bucket, [file_item("large", path)], book, told)
    path.write_bytes(DATA[::-1])
    _send(lab, bucket, [file_item("large", path)], book, Told())
    assert _read(boto, bucket, "large") == DATA[::-1]
    assert uploads.list_open(lab, bucket) == []


def test_a_file_that_changes_meanwhile_is_not_completed(
    lab: Connection, bucket: str, boto: Any, tmp_path: Path
) -> None:
    path = tmp_path / "large"
    path.write_bytes(DATA)
    item = file_item("large", path)
    os.utime(path, ns=(1, 1))
    sending = Sending(lab, bucket, Told(), Book())
    with pytest.raises(Conflict, match="was changed while"):
        sending.run(iter([item]))
    sending.tidy()
    assert _keys(boto, bucket) == []
    assert uploads.list_open(lab, bucket) == []


def test_what_exists_is_skipped_or_replaced(lab: Connection, bucket: str, boto: Any) -> None:
    for key in ("a", "large"):
        boto.put_object(Bucket=bucket, Key=key, Body=b"old")
    items: list[Item] = [BytesItem("a", b"new"), BytesItem("b", b"new"), BytesItem("large", DATA)]
    told = Told()
    _send(lab, bucket, items, Book(), told, "skip")
    assert [_read(boto, bucket, key) for key in ("a", "b", "large")] == [b"old", b"new", b"old"]
    assert sorted(note.rsplit(": ", 1)[1] for note in told.notes) == ["a exists already", "large exists already"]
    _send(lab, bucket, items, Book(), Told(), "replace")
    assert [_read(boto, bucket, key) for key in ("a", "b", "large")] == [b"new", b"new", DATA]


def test_faults_of_the_service_do_not_show(lab: Connection, bucket: str, boto: Any, s3_service: Any) -> None:
    told = Told()
    for fields in ({"status": 503, "code": "SlowDown"}, {"lose_reply": True}, {"status": 500}):
        s3_service.inject(method="PUT", times=2, skip=1, **fields)
    try:
        _send(lab, bucket, [BytesItem("large", DATA), BytesItem("small", b"s" * 1000)], Book(), told)
    finally:
        s3_service.clear_faults()
    assert _read(boto, bucket, "large") == DATA
    assert _read(boto, bucket, "small") == b"s" * 1000
    assert told.done == len(DATA) + 1000


# --- small objects in one request --------------------------------------------------------------


@pytest.fixture
def forgetful() -> Iterator[None]:
    whole._honours.clear()
    yield
    whole._honours.clear()


@pytest.mark.usefixtures("forgetful")
def test_a_service_that_ignores_conditions_is_found_out_and_asked_first(stub: Stub, stubbed: Connection) -> None:
    there: set[str] = set()

    def service(asked: Any) -> Answer:
        key = asked.target.partition("?")[0]
        if asked.method == "PUT":
            there.add(key)
            return Answer(200, b"", {"ETag": '"e"'})
        if asked.method == "HEAD" and key in there:
            return Answer(200, b"", {"ETag": '"e"', "Content-Length": "1"})
        return Answer(200, b"<ListBucketResult></ListBucketResult>") if "list-type" in asked.query else fault(404, "N")

    stub.then = service
    put_whole(stubbed, "box", "a", b"x")
    assert whole._honours == {stub.endpoint_url: False}
    with pytest.raises(Conflict):
        put_whole(stubbed, "box", "a", b"y")
    put_whole(stubbed, "box", "b", b"y")
    assert [asked.body for asked in stub.asked if asked.method == "PUT"] == [b"x", b"x", b"y"]


@pytest.mark.usefixtures("forgetful")
def test_where_conditions_are_honoured_one_request_is_enough(lab: Connection, bucket: str, s3_service: Any) -> None:
    put_whole(lab, bucket, "first", b"x")
    assert whole._honours == {s3_service.endpoint_url: True}
    s3_service.inject(method="HEAD", status=500, times=100)
    try:
        put_whole(lab, bucket, "second", b"y")
        with pytest.raises(Conflict, match="exists already"):
            put_whole(lab, bucket, "first", b"z")
    finally:
        s3_service.clear_faults()


def test_a_write_whose_reply_was_lost_counts(lab: Connection, bucket: str, boto: Any, s3_service: Any) -> None:
    put_whole(lab, bucket, "first", b"x")
    s3_service.inject(method="PUT", lose_reply=True)
    try:
        assert put_whole(lab, bucket, "k", b"mine").size == 4
    finally:
        s3_service.clear_faults()
    assert _read(boto, bucket, "k") == b"mine"


def test_a_service_with_other_bytes_is_found_out(stub: Stub, stubbed: Connection) -> None:
    stub.then = lambda asked: Answer(200, b"", {"ETag": f'"{"0" * 32}"'})
    with pytest.raises(ServiceError, match="damaged"):
        put_whole(stubbed, "box", "k", b"x", overwrite=True)
    stub.then = lambda asked: Answer(
        200, b"", {"ETag": f'"{"0" * 32}"', "x-amz-checksum-crc32": asked.headers["x-amz-checksum-crc32"]}
    )
    assert put_whole(stubbed, "box", "k", b"x", overwrite=True).etag == "0" * 32


def test_both_are_kept(lab: Connection, bucket: str, boto: Any, tmp_path: Path) -> None:
    for name, data in {"a.csv": b"new", "b": b"new", "c.tar.gz": b"new", "large": DATA}.items():
        (tmp_path / name).write_bytes(data)
    for key in ("p/a.csv", "p/a (1).csv", "p/c.tar.gz", "p/large"):
        boto.put_object(Bucket=bucket, Key=key, Body=b"old")
    names = ("a.csv", "b", "c.tar.gz", "large")
    told, book = Told(), Book()
    for _ in range(2):  # a second run finds what the first has sent, and sends nothing
        items = iter([file_item(f"p/{name}", tmp_path / name, name) for name in names])
        Sending(lab, bucket, told, book, "keep").run(items)
    found = {row["Key"]: row["Size"] for row in boto.list_objects_v2(Bucket=bucket)["Contents"]}
    old = {"p/a.csv": 3, "p/a (1).csv": 3, "p/c.tar.gz": 3, "p/large": 3}
    assert found == {**old, "p/a (2).csv": 3, "p/b": 3, "p/c (1).tar.gz": 3, "p/large (1)": len(DATA)}
    assert "p/a.csv exists already, so a.csv is p/a (2).csv" in told.notes


@pytest.mark.parametrize(
    ("key", "beside"),
    [("a/b.csv", "a/b (2).csv"), ("x.tar.gz", "x (2).tar.gz"), (".hidden", ".hidden (2)"), ("a.b/c", "a.b/c (2)")],
)
def test_keys_beside(key: str, beside: str) -> None:
    assert (key_beside(key, 0), key_beside(key, 2)) == (key, beside)
