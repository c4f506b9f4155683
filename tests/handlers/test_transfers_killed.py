"""Downloads, copies and openings over a server that dies: real processes, kill -9, and nothing of them stays."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .servers import Server

MIB = 1 << 20
CONTENT = os.urandom(20 * MIB)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Jupyter's directory."""
    made = tmp_path / "root"
    made.mkdir()
    return made


@pytest.fixture
def start(isolated_home: Path, s3_service: Any, tmp_path: Path, root: Path) -> Any:
    """`start()`: a server of this user, with a second connection "other". Those that still run end with the test."""
    from cloud_data_cockpit.s3.connections import write_demo

    write_demo(s3_service.endpoint_url, s3_service.access_key, s3_service.secret_key)
    Path(os.environ["AWS_CONFIG_FILE"]).write_text(f"[profile other]\nendpoint_url = {s3_service.endpoint_url}\n")
    Path(os.environ["AWS_SHARED_CREDENTIALS_FILE"]).write_text(
        f"[other]\naws_access_key_id = {s3_service.access_key}\naws_secret_access_key = {s3_service.secret_key}\n"
    )
    started: list[Server] = []

    def begin(**settings: Any) -> Server:
        started.append(Server(root, tmp_path / f"log-{len(started)}", **settings))
        return started[-1]

    yield begin
    s3_service.clear_faults()
    for server in started:
        server.__exit__(None, None, None)


def _until(condition: Callable[[], object], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)


def _open(boto: Any, bucket: str) -> list[Any]:
    return list(boto.list_multipart_uploads(Bucket=bucket).get("Uploads", []))


def test_a_download_that_was_killed_leaves_no_hidden_file(
    start: Any, root: Path, boto: Any, bucket: str, s3_service: Any
) -> None:
    for key in ("large", "set/deep/large", "set/small"):
        boto.put_object(Bucket=bucket, Key=key, Body=CONTENT if "large" in key else b"1")
    (root / "here" / "set").mkdir(parents=True)
    kept = [root / "here" / ".mine.part", root / "here" / "set" / ".other.0123456789abcdef-0123456789ab.part"]
    for path in kept:
        path.write_bytes(b"not of this job")
    first = start()
    s3_service.inject(method="GET", path=f"/{bucket}/", delay=30, times=100)
    body = {"kind": "download", "connection": "demo", "bucket": bucket, "keys": ["large"], "prefixes": ["set/"]}
    job = first("POST", "jobs", {**body, "directory": "here"}).json

    def hidden() -> set[Path]:
        return {path for path in root.rglob(".*.part") if path not in kept}

    _until(lambda: {path.parent.name for path in hidden()} >= {"here", "deep"})
    first.kill()
    s3_service.clear_faults()
    assert hidden()
    second = start()
    _until(lambda: not hidden())
    assert all(path.read_bytes() == b"not of this job" for path in kept)
    assert second("GET", f"jobs/{job['id']}").json["state"] == "interrupted"
    again = second("POST", f"jobs/{job['id']}/retry").json
    assert second.ended(again["id"])["state"] == "succeeded"
    assert (root / "here" / "large").read_bytes() == CONTENT
    assert (root / "here" / "set" / "deep" / "large").read_bytes() == CONTENT


def test_a_copy_that_was_killed_leaves_no_parts(start: Any, boto: Any, bucket: str, s3_service: Any) -> None:
    boto.put_object(Bucket=bucket, Key="large", Body=CONTENT)
    first = start()
    s3_service.inject(method="PUT", path=f"/{bucket}/to/large", query="partNumber=2", delay=30, times=100)
    body = {"kind": "copy", "connection": "demo", "bucket": bucket, "keys": ["large"], "to_connection": "other"}
    job = first("POST", "jobs", {**body, "to_bucket": bucket, "to_prefix": "to/"}).json

    def parts() -> list[Any]:
        return [
            part
            for each in _open(boto, bucket)
            for part in boto.list_parts(Bucket=bucket, Key=each["Key"], UploadId=each["UploadId"]).get("Parts", [])
        ]

    _until(parts)
    first.kill()
    s3_service.clear_faults()
    assert parts()
    second = start()
    _until(lambda: not _open(boto, bucket))
    assert second("GET", f"jobs/{job['id']}").json["state"] == "interrupted"
    again = second("POST", f"jobs/{job['id']}/retry").json
    assert second.ended(again["id"])["state"] == "succeeded"
    assert boto.head_object(Bucket=bucket, Key="to/large")["ContentLength"] == len(CONTENT)


@pytest.mark.parametrize("changed", [False, True])
def test_a_move_of_keys_that_was_killed_among_its_deletions_goes_on(
    start: Any, boto: Any, bucket: str, s3_service: Any, changed: bool
) -> None:
    keys = [f"k{number}" for number in range(5)]
    for key in keys:
        boto.put_object(Bucket=bucket, Key=key, Body=key.encode())
    first = start()
    s3_service.inject(method="DELETE", path=f"/{bucket}/k4", delay=30, times=100)
    body = {"kind": "move", "connection": "demo", "bucket": bucket, "keys": keys, "to_connection": "demo"}
    job = first("POST", "jobs", {**body, "to_bucket": bucket, "to_prefix": "to/"}).json

    def left() -> list[str]:
        rows = boto.list_objects_v2(Bucket=bucket).get("Contents", [])
        return [row["Key"] for row in rows if not row["Key"].startswith("to/")]

    _until(lambda: left() == ["k4"])
    first.kill()
    s3_service.clear_faults()
    if changed:  # then it is not known to be the copy of what is gone
        boto.put_object(Bucket=bucket, Key="to/k1", Body=b"another")
    boto.put_object(Bucket=bucket, Key="to/k9", Body=b"never moved")
    second = start()
    other = {**body, "to_bucket": bucket, "to_prefix": "to/", "keys": ["k9", "k4"]}
    ended = second.ended(second("POST", "jobs", other).json["id"])
    assert ended["state"] == "failed"
    assert left() == ["k4"]
    ended = second.ended(second("POST", f"jobs/{job['id']}/retry").json["id"])
    if changed:
        assert (ended["state"], left()) == ("failed", ["k4"])
        assert "1 object was not copied" in ended["error"]["message"]
    else:
        assert (ended["state"], ended["items"], left()) == ("succeeded", 5, [])
        assert "4 had been moved before" in ended["notes"]


@pytest.mark.parametrize("by", ["browser", "job"])
def test_an_opening_without_an_answer_is_looked_for_by_the_next_server(
    start: Any, root: Path, boto: Any, bucket: str, s3_service: Any, by: str
) -> None:
    (root / "large").write_bytes(CONTENT)
    first = start()
    s3_service.inject(method="POST", path=f"/{bucket}/large", query="uploads", lose_reply=True, times=5)
    s3_service.inject(method="GET", path=f"/{bucket}", query="uploads", status=503, times=100)
    fields = {"connection": "demo", "bucket": bucket}
    if by == "browser":
        answer = first("POST", "uploads", {**fields, "key": "large", "size": len(CONTENT)})
        assert answer.status == 502, answer.json
        assert first("GET", "uploads").json == []
    else:
        job = first("POST", "jobs", {**fields, "kind": "upload", "paths": ["large"]}).json
        assert first.ended(job["id"])["state"] == "interrupted"
    first.kill()
    s3_service.clear_faults()
    assert _open(boto, bucket)
    second = start()
    if by == "job":
        assert second.ended(job["id"])["state"] == "succeeded"
        assert boto.head_object(Bucket=bucket, Key="large")["ContentLength"] == len(CONTENT)
    _until(lambda: not _open(boto, bucket))
