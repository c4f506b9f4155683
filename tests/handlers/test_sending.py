"""Jobs that send from Jupyter's directory: exact, never from outside, with companions, over restarts by themselves."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from .conftest import Api
from .test_uploads_killed import start  # noqa: F401 - a fixture

MIB = 1 << 20


@pytest.fixture
def send(api: Api, demo: str, bucket: str) -> Any:
    """`await send(paths=[...])`: the answer to the request for a job."""

    async def ask(**fields: Any) -> Any:
        return await api("POST", "jobs", {"kind": "upload", "connection": "demo", "bucket": bucket, **fields})

    return ask


def _keys(boto: Any, bucket: str) -> list[str]:
    return [each["Key"] for each in boto.list_objects_v2(Bucket=bucket).get("Contents", [])]


def _read(boto: Any, bucket: str, key: str) -> bytes:
    with boto.get_object(Bucket=bucket, Key=key)["Body"] as body:
        return bytes(body.read())


async def test_files_and_directories(send: Any, ended: Any, boto: Any, bucket: str, jp_root_dir: Path) -> None:
    large = os.urandom(17 * MIB + 1)
    (jp_root_dir / "run 1" / "käse").mkdir(parents=True)
    (jp_root_dir / "run 1" / ".ipynb_checkpoints").mkdir()
    (jp_root_dir / "run 1" / ".ipynb_checkpoints" / "x").write_bytes(b"x")
    (jp_root_dir / "run 1" / ".zarray").write_bytes(b"{}")
    (jp_root_dir / "run 1" / "käse" / "🧀.bin").write_bytes(large)
    (jp_root_dir / "single #1.csv").write_bytes(b"a,b\n")
    answer = await send(paths=["run 1", "/single #1.csv"], prefix="in/")
    assert (answer.status, answer.json["kind"], answer.json["uri"]) == (201, "upload", f"s3://{bucket}/in/")
    job = await ended(answer.json["id"])
    assert (job["state"], job["done"], job["total"]) == ("succeeded", len(large) + 6, len(large) + 6), job
    assert (job["items"], job["items_total"], job["notes"]) == (3, 3, [])
    assert _keys(boto, bucket) == ["in/run 1/.zarray", "in/run 1/käse/🧀.bin", "in/single #1.csv"]
    assert _read(boto, bucket, "in/run 1/käse/🧀.bin") == large
    assert boto.head_object(Bucket=bucket, Key="in/single #1.csv")["ContentType"] == "text/csv"


async def test_nothing_from_outside_is_sent(
    send: Any, ended: Any, boto: Any, bucket: str, jp_root_dir: Path, tmp_path_factory: Any
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "secret").write_bytes(b"secret")
    (jp_root_dir / "folder").mkdir()
    (jp_root_dir / "folder" / "inner").write_bytes(b"inner")
    (jp_root_dir / "folder" / "to-secret").symlink_to(outside / "secret")
    (jp_root_dir / "folder" / "to-outside").symlink_to(outside)
    (jp_root_dir / "folder" / "to-itself").symlink_to(jp_root_dir / "folder")
    (jp_root_dir / "folder" / "to-nothing").symlink_to(jp_root_dir / "nothing")
    (jp_root_dir / "folder" / "to-inner").symlink_to(jp_root_dir / "folder" / "inner")
    os.mkfifo(jp_root_dir / "folder" / "pipe")
    (jp_root_dir / "link").symlink_to(outside / "secret")
    for path, status in {
        "../outside": 403,
        f"../{outside.name}/secret": 403,
        "link": 403,
        "folder/to-secret": 403,
        "folder/../../x": 403,
        "nothing": 404,
        "folder/pipe": 400,
        "": 400,
        "a\x00b": 400,
    }.items():
        assert (await send(paths=[path])).status == status, path
    assert (await send()).status == 400
    job = await ended((await send(paths=["folder"])).json["id"])
    assert job["state"] == "succeeded", job
    assert _keys(boto, bucket) == ["folder/inner", "folder/to-inner"]
    assert len(job["notes"]) == 5
    assert all("was left out" in note for note in job["notes"])


async def test_companions_are_taken_along(send: Any, ended: Any, boto: Any, bucket: str, jp_root_dir: Path) -> None:
    for name in ("a.imzML", "a.ibd", "b.bam", "b.bam.bai", "c.shp", "c.dbf", "c.SHX", "lonely.bai"):
        (jp_root_dir / name).write_bytes(b"x")
    job = await ended((await send(paths=["a.ibd", "b.bam", "c.dbf"])).json["id"])
    assert _keys(boto, bucket) == ["a.ibd", "a.imzML", "b.bam", "b.bam.bai", "c.SHX", "c.dbf", "c.shp"]
    assert "a.imzML belongs to a.ibd and was taken along" in job["notes"]


async def test_what_exists(send: Any, ended: Any, boto: Any, bucket: str, put: Any, jp_root_dir: Path) -> None:
    put("a", b"old")
    for name in ("a", "b"):
        (jp_root_dir / name).write_bytes(b"new")
    job = await ended((await send(paths=["a", "b"])).json["id"])
    assert (job["state"], job["error"]["code"]) == ("failed", "conflict")
    job = await ended((await send(paths=["a"], on_conflict="skip")).json["id"])
    assert (job["state"], len(job["notes"])) == ("succeeded", 1)
    assert _read(boto, bucket, "a") == b"old"
    job = await ended((await send(paths=["a"], on_conflict="replace")).json["id"])
    assert job["state"] == "succeeded"
    assert _read(boto, bucket, "a") == b"new"


async def test_two_of_one_name_do_not_overwrite_each_other(
    send: Any, ended: Any, boto: Any, bucket: str, jp_root_dir: Path
) -> None:
    for folder in ("a", "b"):
        (jp_root_dir / folder).mkdir()
        (jp_root_dir / folder / "x.csv").write_bytes(folder.encode())
    for fields in (
        {"paths": ["a/x.csv", "b/x.csv"]},
        {"paths": ["a/x.csv", "b/x.csv"], "on_conflict": "keep"},
        {"paths": ["a/x.csv"], "urls": ["http://127.0.0.1:9/other/x.csv?signed"]},
        {"urls": ["http://127.0.0.1:9/a/x.csv", "http://127.0.0.1:9/b/x%2ecsv"]},
    ):
        answer = await send(**{"on_conflict": "replace", **fields})
        assert answer.status == 400, fields
        assert "2 of what is to be uploaded would become x.csv" in answer.json["message"]
    answer = await send(paths=["a/x.csv", "/a/x.csv"], prefix="in/")
    assert (await ended(answer.json["id"]))["state"] == "succeeded"
    assert _keys(boto, bucket) == ["in/x.csv"]


async def test_a_url(
    send: Any, ended: Any, api: Api, boto: Any, bucket: str, put: Any, s3_service: Any, demo: str
) -> None:
    put("from", b"bytes")
    url = boto.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "from"})
    job = await ended((await send(urls=[url], prefix="to/")).json["id"])
    assert job["state"] == "succeeded", job
    assert job["title"] == "Upload from"
    assert _read(boto, bucket, "to/from") == b"bytes"
    assert "Signature" not in str(job)
    assert (await api("POST", f"jobs/{job['id']}/retry")).status == 409
    for bad in ("http://169.254.169.254/", "file:///etc/passwd"):
        assert (await send(urls=[bad])).status in (400, 403)


async def test_cancelled_nothing_stays(
    send: Any, api: Api, boto: Any, bucket: str, jp_root_dir: Path, s3_service: Any, until: Any
) -> None:
    (jp_root_dir / "large").write_bytes(os.urandom(64 * MIB))
    s3_service.inject(method="PUT", query=".*partNumber.*", delay=0.4, times=1000)
    try:
        job_id = (await send(paths=["large"])).json["id"]

        async def under_way() -> bool:
            return bool((await api("GET", f"jobs/{job_id}")).json["done"])

        await until(under_way)
        assert (await api("POST", f"jobs/{job_id}/cancel")).json["state"] == "cancelled"
    finally:
        s3_service.clear_faults()

    async def gone() -> bool:
        return "Uploads" not in await asyncio.to_thread(boto.list_multipart_uploads, Bucket=bucket)

    await until(gone)
    assert _keys(boto, bucket) == []


async def test_a_service_that_is_away_lets_it_go_on_later(
    send: Any, ended: Any, api: Api, boto: Any, bucket: str, jp_root_dir: Path, s3_service: Any
) -> None:
    content = os.urandom(24 * MIB)
    (jp_root_dir / "large").write_bytes(content)
    s3_service.inject(method="PUT", query=".*partNumber=2.*", status=503, times=1000)
    try:
        job = await ended((await send(paths=["large"])).json["id"])
    finally:
        s3_service.clear_faults()
    assert (job["state"], job["resumable"], job["error"]["code"]) == ("interrupted", True, "service"), job
    assert len(boto.list_multipart_uploads(Bucket=bucket)["Uploads"]) == 1
    assert (await api("GET", "uploads")).json == []
    again = await api("POST", f"jobs/{job['id']}/retry")
    assert again.json["id"] == job["id"]
    job = await ended(job["id"])
    assert (job["state"], job["done"], job["error"]) == ("succeeded", len(content), None)
    assert _read(boto, bucket, "large") == content
    assert "Uploads" not in boto.list_multipart_uploads(Bucket=bucket)


def test_it_goes_on_by_itself_after_kill_9(
    start: Any,  # noqa: F811
    boto: Any,
    bucket: str,
    tmp_path: Path,
    s3_service: Any,
) -> None:
    first = start()
    content = os.urandom(40 * MIB)
    (tmp_path / "root" / "run").mkdir()
    (tmp_path / "root" / "run" / "large").write_bytes(content)
    for number in range(30):
        (tmp_path / "root" / "run" / f"small{number}").write_bytes(b"s" * number)
    s3_service.inject(method="PUT", query=".*partNumber=[45].*", delay=30.0, times=1000)
    try:
        job_id = first(
            "POST", "jobs", {"kind": "upload", "connection": "demo", "bucket": bucket, "paths": ["run"]}
        ).json["id"]
        while first("GET", f"jobs/{job_id}").json["items"] < 30:
            pass
        while not any(
            len(boto.list_parts(Bucket=bucket, Key=each["Key"], UploadId=each["UploadId"]).get("Parts", [])) == 3
            for each in boto.list_multipart_uploads(Bucket=bucket).get("Uploads", [])
        ):
            pass
        first.kill()
    finally:
        s3_service.clear_faults()
    second = start()
    job = second.ended(job_id)
    assert (job["state"], job["error"]) == ("succeeded", None), job
    assert (job["items"], job["done"]) == (31, len(content) + sum(range(30)))
    assert _read(boto, bucket, "run/large") == content
    assert len(_keys(boto, bucket)) == 31
    assert "Uploads" not in boto.list_multipart_uploads(Bucket=bucket)


async def test_what_is_in_the_way_is_kept_beside(
    send: Any, ended: Any, boto: Any, bucket: str, jp_root_dir: Path
) -> None:
    """As the panel does it: a job that fails at a key that exists, then another one that keeps both."""
    (jp_root_dir / "set").mkdir()
    for name in ("a", "b.csv", "c"):
        (jp_root_dir / "set" / name).write_bytes(b"new")
    boto.put_object(Bucket=bucket, Key="p/set/b.csv", Body=b"old")
    first = await ended((await send(paths=["set"], prefix="p/")).json["id"])
    assert (first["state"], first["error"]["code"]) == ("failed", "conflict")
    assert "s3://" in first["error"]["message"].partition(" exists already")[0]
    there = set(_keys(boto, bucket))
    second = (await send(paths=["set"], prefix="p/", on_conflict="keep", after=first["id"])).json
    assert (await ended(second["id"]))["state"] == "succeeded"
    assert set(_keys(boto, bucket)) == {"p/set/a", "p/set/b.csv", "p/set/b (1).csv", "p/set/c"}
    assert (_read(boto, bucket, "p/set/b.csv"), _read(boto, bucket, "p/set/b (1).csv")) == (b"old", b"new")
    # What another job sent to another place says nothing of this one.
    third = (await send(paths=["set"], prefix="q/", on_conflict="keep", after=second["id"])).json
    assert (await ended(third["id"]))["state"] == "succeeded"
    assert {key for key in _keys(boto, bucket) if key.startswith("q/")} == {"q/set/a", "q/set/b.csv", "q/set/c"}
    assert there <= set(_keys(boto, bucket))
    url = boto.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "p/set/b.csv"})
    again = await ended((await send(urls=[url], prefix="p/set/")).json["id"])
    assert (again["state"], again["error"]["code"]) == ("failed", "conflict")
    last = (await send(urls=[url], prefix="p/set/", on_conflict="keep", after=again["id"])).json
    assert (await ended(last["id"]))["state"] == "succeeded"
    assert _read(boto, bucket, "p/set/b (2).csv") == b"old"
