"""Uploads whose opening is not answered: nothing stays open that nobody knows of, and nothing of others is touched."""

from __future__ import annotations

import pickle
import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from cloud_data_cockpit.errors import ServiceError
from cloud_data_cockpit.models import UploadRequest
from cloud_data_cockpit.s3 import copies, opening, uploads
from cloud_data_cockpit.s3.connections import Connection
from cloud_data_cockpit.s3.opening import NotOpened

from .stub import Answer, Asked, Stub, fault

KEY = "dir/a é.bin"


def ids(boto: Any, bucket: str) -> set[str]:
    return {each["UploadId"] for each in boto.list_multipart_uploads(Bucket=bucket).get("Uploads", [])}


def request(bucket: str) -> UploadRequest:
    return UploadRequest(connection="lab", bucket=bucket, key=KEY, size=20 << 20)


@pytest.fixture
def lose(s3_service: Any, bucket: str) -> Any:
    """`lose(times)`: so many openings in this bucket are carried out without a reply."""
    yield lambda times: s3_service.inject(
        method="POST", path=f"/{bucket}/", query="uploads", lose_reply=True, times=times
    )
    s3_service.clear_faults()


def test_what_a_lost_reply_has_opened_is_aborted(lab: Connection, bucket: str, boto: Any, lose: Any) -> None:
    lose(2)
    opened = uploads.start(lab, request(bucket))
    assert ids(boto, bucket) == {opened.upload_id}
    lose(1)
    upload_id = copies.begin(lab, (bucket, KEY), {"Metadata": {"a": "b"}})
    assert ids(boto, bucket) == {opened.upload_id, upload_id}


def test_so_it_is_when_no_reply_comes_at_all(lab: Connection, bucket: str, boto: Any, lose: Any) -> None:
    lose(5)
    with pytest.raises(ServiceError) as caught:
        uploads.start(lab, request(bucket))
    assert not isinstance(caught.value, NotOpened)
    assert ids(boto, bucket) == set()


def test_uploads_of_others_stay(lab: Connection, bucket: str, boto: Any, lose: Any) -> None:
    with_parts = boto.create_multipart_upload(Bucket=bucket, Key=KEY)["UploadId"]
    boto.upload_part(Bucket=bucket, Key=KEY, UploadId=with_parts, PartNumber=1, Body=b"x")
    neighbour = boto.create_multipart_upload(Bucket=bucket, Key=KEY + "2")["UploadId"]
    ours = uploads.start(lab, request(bucket)).upload_id
    lose(1)
    opened = uploads.start(lab, request(bucket))
    assert ids(boto, bucket) == {with_parts, neighbour, ours, opened.upload_id}


def test_many_openings_of_one_key_do_not_abort_each_other(lab: Connection, bucket: str, boto: Any, lose: Any) -> None:
    lose(3)
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.append(uploads.start(lab, request(bucket)).upload_id)) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert ids(boto, bucket) == set(found)


def test_when_the_service_stays_away_it_is_done_later(
    lab: Connection, bucket: str, boto: Any, lose: Any, s3_service: Any
) -> None:
    lose(5)
    s3_service.inject(method="GET", path=f"/{bucket}", query="uploads", status=503, times=5)
    with pytest.raises(NotOpened) as caught:
        uploads.start(lab, request(bucket))
    assert ids(boto, bucket) != set()
    again = pickle.loads(pickle.dumps(caught.value))
    assert (again.message, again.upload_id) == (caught.value.message, caught.value.upload_id)
    uploads.abort(lab, bucket, KEY, caught.value.upload_id)
    assert ids(boto, bucket) == set()


@pytest.mark.parametrize("ahead", [0, 7200, -7200])
def test_the_clock_of_the_service_may_be_wrong(stub: Stub, stubbed: Connection, ahead: int) -> None:
    now = datetime.now(UTC) + timedelta(seconds=ahead)
    aborted = answering(stub, [("mine", now), ("older", now - timedelta(seconds=60))], now)
    with pytest.raises(ServiceError):
        uploads.start(stubbed, UploadRequest(connection="x", bucket="box", key="k", size=1, overwrite=True))
    assert aborted == ["mine"]


def answering(stub: Stub, listed: list[tuple[str, datetime]], now: datetime) -> list[str]:
    """A service that fails at each opening and lists these uploads as open; what it was asked to abort."""
    aborted: list[str] = []
    rows = "".join(
        f"<Upload><Key>k</Key><UploadId>{name}</UploadId><Initiated>{at:%Y-%m-%dT%H:%M:%S.000Z}</Initiated></Upload>"
        for name, at in listed
    )

    def answer(asked: Asked) -> Answer:
        if asked.method == "POST":
            return fault(500, "InternalError")
        if asked.method == "DELETE":
            aborted.append(asked.query["uploadId"])
            return Answer(204, b"")
        if "uploadId" in asked.query:
            return Answer(200, b"<ListPartsResult><IsTruncated>false</IsTruncated></ListPartsResult>")
        page = f"<ListMultipartUploadsResult>{rows}<IsTruncated>false</IsTruncated></ListMultipartUploadsResult>"
        return Answer(200, page.encode(), {"Date": format_datetime(now, usegmt=True)})

    stub.then = answer
    return aborted


def test_who_may_not_list_gets_the_error_of_the_opening(stub: Stub, stubbed: Connection) -> None:
    stub.then = lambda asked: fault(500, "InternalError") if asked.method == "POST" else fault(403, "AccessDenied")
    with pytest.raises(NotOpened, match="InternalError"):
        uploads.start(stubbed, UploadRequest(connection="x", bucket="box", key="k", size=1, overwrite=True))
    assert opening._turns == {}
