"""Uploads over servers that die and servers side by side: real processes, kill -9, exact bytes, nothing left behind."""

from __future__ import annotations

import os
import zlib
from pathlib import Path
from typing import Any

import pytest

from .servers import Server

MIB = 1 << 20
CONTENT = os.urandom(34 * MIB + 5)
FILE = {"size": len(CONTENT), "last_modified": 1_700_000_000_000}


@pytest.fixture
def start(isolated_home: Path, s3_service: Any, tmp_path: Path) -> Any:
    """`start()`: a server of this user. Those that still run are ended with the test."""
    from cloud_data_cockpit.s3.connections import write_demo

    write_demo(s3_service.endpoint_url, s3_service.access_key, s3_service.secret_key)
    started: list[Server] = []
    (tmp_path / "root").mkdir()

    def begin(**settings: Any) -> Server:
        started.append(Server(tmp_path / "root", tmp_path / f"log-{len(started)}", **settings))
        return started[-1]

    yield begin
    for server in started:
        server.__exit__(None, None, None)


def _begin(server: Server, bucket: str, key: str = "dir/a file é.bin") -> Any:
    request = {"connection": "demo", "bucket": bucket, "key": key, "filename": "a file.bin", **FILE}
    answer = server("POST", "uploads", request)
    assert answer.status == 201, answer.json
    return answer.json


def _send(server: Server, upload: Any, number: int) -> Any:
    size = upload["part_size"]
    part = CONTENT[(number - 1) * size : number * size]
    return server("PUT", f"uploads/{upload['job_id']}/parts/{number}", part, X_Part_Crc32=f"{zlib.crc32(part):08x}")


def _open(boto: Any, bucket: str) -> int:
    return len(boto.list_multipart_uploads(Bucket=bucket).get("Uploads", []))


def _content(boto: Any, bucket: str, key: str) -> bytes:
    with boto.get_object(Bucket=bucket, Key=key)["Body"] as body:
        return bytes(body.read())


def test_uploads_survive_kill_9_and_can_be_cancelled(start: Any, boto: Any, bucket: str) -> None:
    first = start()
    upload = _begin(first, bucket)
    job_id = upload["job_id"]
    for number in (1, 3):
        assert _send(first, upload, number).status == 200
    with first.half_a_part(f"uploads/{job_id}/parts/2", 8 * MIB, CONTENT[8 * MIB : 11 * MIB]):
        unwanted = _begin(first, bucket, "unwanted")
        assert _send(first, unwanted, 1).status == 200
        first.kill()
    second = start()
    assert second("POST", f"jobs/{unwanted['job_id']}/cancel").json["state"] == "cancelled"
    assert _open(boto, bucket) == 1
    assert second("POST", f"uploads/{unwanted['job_id']}/resume", FILE).status == 409
    [pending] = second("GET", "uploads").json
    assert pending["job_id"] == job_id
    assert (pending["done"], pending["active"], pending["filename"]) == (16 * MIB, False, "a file.bin")
    assert second("GET", f"jobs/{job_id}").json["state"] == "interrupted"
    for other in ({"size": 1}, {**FILE, "last_modified": 5}):
        assert second("POST", f"uploads/{job_id}/resume", {**FILE, **other}).status == 409
    resumed = second("POST", f"uploads/{job_id}/resume", FILE).json
    assert [part["part_number"] for part in resumed["received"]] == [1, 3]
    for part in resumed["received"]:
        start_at = (part["part_number"] - 1) * resumed["part_size"]
        assert int(part["crc32"], 16) == zlib.crc32(CONTENT[start_at : start_at + part["size"]])
    for number in (2, 4, 5):
        assert _send(second, resumed, number).status == 200
    assert second("POST", f"uploads/{job_id}/complete").json["state"] == "succeeded"
    assert _content(boto, bucket, upload["key"]) == CONTENT
    assert _open(boto, bucket) == 0
    assert second("GET", "uploads").json == []


def test_two_servers_of_one_user_hand_uploads_over(start: Any, boto: Any, bucket: str) -> None:
    first, second = start(), start()
    upload = _begin(first, bucket)
    job_id = upload["job_id"]
    assert _send(first, upload, 1).status == 200
    [pending] = second("GET", "uploads").json
    assert (pending["job_id"], pending["active"]) == (job_id, True)
    for path in (f"uploads/{job_id}/resume", f"uploads/{job_id}/pause", f"jobs/{job_id}/cancel"):
        refused = second("POST", path, FILE if path.endswith("resume") else None)
        assert (refused.status, "another Jupyter server" in refused.json["message"]) == (409, True)
    paused = first("POST", f"uploads/{job_id}/pause").json
    assert (paused["state"], paused["resumable"], paused["error"]) == ("interrupted", True, None)
    assert [each["active"] for each in second("GET", "uploads").json] == [False]
    resumed = second("POST", f"uploads/{job_id}/resume", FILE).json
    assert _send(first, upload, 2).status == 404
    assert first("POST", f"uploads/{job_id}/resume", FILE).status == 409
    for number in range(2, 6):
        assert _send(second, resumed, number).status == 200
    assert second("POST", f"uploads/{job_id}/complete").json["state"] == "succeeded"
    assert first("GET", f"jobs/{job_id}").json["state"] == "succeeded"
    assert _content(boto, bucket, upload["key"]) == CONTENT
    assert _open(boto, bucket) == 0

    upload = _begin(second, bucket, "another")
    assert _send(second, upload, 1).status == 200
    second.__exit__(None, None, None)
    [pending] = first("GET", "uploads").json
    assert (pending["job_id"], pending["done"], pending["active"]) == (upload["job_id"], 8 * MIB, False)
    resumed = first("POST", f"uploads/{upload['job_id']}/resume", FILE).json
    assert [part["part_number"] for part in resumed["received"]] == [1]
    assert first("POST", f"jobs/{upload['job_id']}/cancel").json["state"] == "cancelled"
    assert _open(boto, bucket) == 0
