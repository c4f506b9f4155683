"""What is left after kill -9: whole objects, open uploads, the same keys, and nothing else."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from cloud_data_cockpit.demo.process import DemoProcess
from cloud_data_cockpit.errors import ServiceError

MIB = 1 << 20


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "data"


def test_objects_uploads_and_keys_outlive_kill_9(place: Path, boto_for: Any) -> None:
    first = DemoProcess(place)
    boto = boto_for(first)
    boto.create_bucket(Bucket="kept")
    boto.put_object(Bucket="kept", Key="small", Body=b"1", Metadata={"a": "b"})
    named = {"Bucket": "kept", "Key": "mp"}
    named["UploadId"] = boto.create_multipart_upload(**named)["UploadId"]
    body = os.urandom(5 * MIB)
    etags = [boto.upload_part(**named, PartNumber=1, Body=body)["ETag"]]
    os.kill(first.pid, signal.SIGKILL)
    first.kill()
    boto.close()
    with DemoProcess(place) as second:
        assert (second.access_key, second.secret_key) == (first.access_key, first.secret_key)
        boto = boto_for(second)
        found = boto.get_object(Bucket="kept", Key="small")
        assert (found["Body"].read(), found["Metadata"]) == (b"1", {"a": "b"})
        assert [part["Size"] for part in boto.list_parts(**named)["Parts"]] == [5 * MIB]
        etags.append(boto.upload_part(**named, PartNumber=2, Body=b"end")["ETag"])
        parts = [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(etags, 1)]
        boto.complete_multipart_upload(**named, MultipartUpload={"Parts": parts})
        assert boto.get_object(Bucket="kept", Key="mp")["Body"].read() == body + b"end"
        boto.close()


def test_an_object_is_whole_or_absent(place: Path, boto_for: Any) -> None:
    """Killed while it is written to, again and again: every object there is one that was sent, from end to end."""
    sent = {letter: bytes([letter]) * (3 * MIB) for letter in b"abcd"}
    for round_number in range(4):
        service = DemoProcess(place)
        boto = boto_for(service)
        if round_number == 0:
            boto.create_bucket(Bucket="kept")

        def write(client: Any = boto) -> None:
            try:
                for _ in range(100):
                    for letter, body in sent.items():
                        client.put_object(Bucket="kept", Key="same", Body=body)
                        client.put_object(Bucket="kept", Key=f"own/{letter}", Body=body)
            except (BotoCoreError, ClientError):
                return  # the service was killed

        writer = threading.Thread(target=write)
        writer.start()
        time.sleep(0.15 + 0.07 * round_number)
        service.kill()
        writer.join()
        boto.close()
    with DemoProcess(place) as service:
        boto = boto_for(service)
        found = boto.list_objects_v2(Bucket="kept").get("Contents", [])
        assert found
        for item in found:
            body = boto.get_object(Bucket="kept", Key=item["Key"])["Body"].read()
            assert body == sent[body[0]]
        assert list((place / "incoming").iterdir()) == []
        boto.close()
        bodies = place / "bodies"
        deadline = time.monotonic() + 10
        while len([file for file in bodies.rglob("*") if file.is_file()]) != len(found):
            assert time.monotonic() < deadline, "left-over bodies were not swept"
            time.sleep(0.05)


def test_it_ends_with_who_started_it_and_on_a_signal(place: Path) -> None:
    service = DemoProcess(place)
    service.stop()
    assert not service.running
    again = DemoProcess(place)
    again._close_input()
    deadline = time.monotonic() + 10
    while again.running:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    again.stop()


def test_two_services_do_not_share_a_directory(place: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with DemoProcess(place), pytest.raises(ServiceError, match="did not start"):
        DemoProcess(place)
    assert "already running" in capfd.readouterr().err


def test_a_port_that_is_taken(place: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with DemoProcess(place) as service, pytest.raises(ServiceError):
        DemoProcess(tmp_path / "other", port=int(service.endpoint_url.rpartition(":")[2]))
    assert "is taken" in capfd.readouterr().err


def test_given_keys_are_used_and_not_kept(place: Path, boto_for: Any) -> None:
    with DemoProcess(place, access_key="mine", secret_key="my secret") as service:
        boto = boto_for(service)
        assert boto.list_buckets()["Buckets"] == []
        boto.close()
    assert (service.access_key, service.secret_key) == ("mine", "my secret")
    assert not (place / "credentials.json").exists()
