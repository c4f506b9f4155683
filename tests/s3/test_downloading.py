"""Downloads into a directory: whole and verified, any key a safe name, never outside, nothing left half-way."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_data_cockpit.demo.process import DemoProcess
from cloud_data_cockpit.errors import Cancelled, Incomplete, NotFound
from cloud_data_cockpit.models import DownloadRequest
from cloud_data_cockpit.s3 import downloading, local_files
from cloud_data_cockpit.s3.batches import Hopeless
from cloud_data_cockpit.s3.connections import Connection
from cloud_data_cockpit.s3.downloading import download_selection
from cloud_data_cockpit.s3.local_names import LONGEST, Taken, folder_marked, safe_path, with_mark

from .stub import ETAG, Answer, Asked, Stub, serve_object
from .test_copying import HOSTILE
from .watching import Watching

MIB = 1 << 20
RESERVED = {"con", "prn", "aux", "nul", "com1", "lpt9", "conin$", "com¹"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "jupyter"
    made.mkdir()
    return made.resolve()


@pytest.fixture
def fetch(lab: Connection, bucket: str, root: Path) -> Callable[..., Watching]:
    """Download into `root`, or `steps` below it."""

    def run(watch: Watching | None = None, steps: tuple[str, ...] = (), **more: Any) -> Watching:
        given = {"kind": "download", "connection": "lab", "bucket": bucket}
        watch = watch or Watching()
        download_selection(DownloadRequest.model_validate(given | more), root, steps, watch)
        return watch

    return run


@pytest.fixture
def no_faults(s3_service: DemoProcess) -> Iterator[None]:
    yield
    s3_service.clear_faults()


def files(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


# --- what arrives -----------------------------------------------------------------------------------


def test_a_prefix_arrives_as_it_is(fetch: Any, bucket: str, boto: Any, root: Path) -> None:
    data = {"a.csv": b"1", "deep/er/b.bin": os.urandom(3000), "empty": b"", "sub/": b""}
    for key, body in data.items():
        boto.put_object(Bucket=bucket, Key=f"x/run1/{key}", Body=body)
    boto.put_object(Bucket=bucket, Key="x/run10/no", Body=b"no")
    boto.put_object(Bucket=bucket, Key="top.csv", Body=b"top")
    watch = fetch(prefixes=["x/run1/"], keys=["top.csv"], steps=("in", "here"))
    expected = {f"in/here/run1/{key}": body for key, body in data.items() if not key.endswith("/")}
    assert files(root) == expected | {"in/here/top.csv": b"top"}
    assert (root / "in/here/run1/sub").is_dir()
    assert watch.notes == []
    assert (watch.items, watch.items_total) == (5, 5)
    assert watch.done == watch.total == 3004
    modified = boto.head_object(Bucket=bucket, Key="top.csv")["LastModified"].timestamp()
    assert (root / "in/here/top.csv").stat().st_mtime == modified


def test_a_whole_bucket_goes_into_a_folder_of_its_name(fetch: Any, bucket: str, boto: Any, root: Path) -> None:
    boto.put_object(Bucket=bucket, Key="a/b", Body=b"1")
    fetch(prefixes=[""])
    assert files(root) == {f"{bucket}/a/b": b"1"}


def test_large_objects_come_in_parallel_ranges(
    fetch: Any, bucket: str, boto: Any, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = os.urandom(20 * MIB + 3)
    boto.put_object(Bucket=bucket, Key="single", Body=data)
    upload = boto.create_multipart_upload(Bucket=bucket, Key="parts")["UploadId"]
    parts = []
    for number, start in enumerate(range(0, len(data), 6 * MIB), 1):
        body = data[start : start + 6 * MIB]
        sent = boto.upload_part(Bucket=bucket, Key="parts", UploadId=upload, PartNumber=number, Body=body)
        parts.append({"ETag": sent["ETag"], "PartNumber": number})
    boto.complete_multipart_upload(Bucket=bucket, Key="parts", UploadId=upload, MultipartUpload={"Parts": parts})
    joined: list[bool] = []
    original = downloading._Downloader._has_etag
    monkeypatch.setattr(
        downloading._Downloader, "_has_etag", lambda *given: joined.append(original(*given)) or joined[-1]
    )
    watch = fetch(keys=["single", "parts"])
    assert files(root) == {"single": data, "parts": data}
    assert watch.done == watch.total == 2 * len(data)
    assert joined == [True]


# --- names -------------------------------------------------------------------------------------------


@given(st.one_of(st.text(min_size=1, max_size=300), st.sampled_from([*HOSTILE, "../../etc/passwd", "/etc/passwd"])))
def test_any_key_is_a_safe_path(key: str) -> None:
    steps = safe_path(key)
    assert steps
    for step in steps:
        assert step not in ("", ".", "..")
        assert len(step.encode()) <= LONGEST
        assert not set(step) & set('<>:"/\\|?*\x7f')
        assert all(ord(character) >= 32 for character in step)
        assert step[-1] not in ". "
        assert step.split(".")[0].rstrip().casefold() not in RESERVED


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("plain/käse 1.csv", ("plain", "käse 1.csv")),
        ("../../up", ("__", "__", "up")),
        ("/absolute", ("_", "absolute")),
        ("C:\\windows\\x", ("C__windows_x",)),
        ("a/con.txt", ("a", "_con.txt")),
        ("NUL", ("_NUL",)),
        ("time 10:30.csv", ("time 10_30.csv",)),
        ("dot.", ("dot_",)),
        ("folder/", ("folder",)),
    ],
)
def test_names(key: str, path: tuple[str, ...]) -> None:
    assert safe_path(key) == path


def test_no_two_keys_get_one_path() -> None:
    taken = Taken()
    keys = ["a:b", "a?b", "a_b", "A_B", "e\u0301", "é", "É", "x.csv", "X.CSV", "ß", "ss"]
    paths = ["/".join(taken.path_for(key, key)) for key in keys]
    taken.close()
    assert len({path.casefold() for path in paths}) == len(keys)
    assert paths[0] == "a_b"
    assert paths[1].startswith("a_b~")
    assert paths[8].startswith("X~")
    assert paths[8].endswith(".CSV")


def test_a_key_that_equals_the_mark_of_another_one_has_a_path_of_its_own() -> None:
    keys = ["d/a:b", f"d/{with_mark('a_b', 'd/a?b')}", "d/a?b", "d/a*b"]
    with closing(Taken()) as taken:
        paths = ["/".join(taken.path_for(key, key)) for key in keys]
    assert len({path.casefold() for path in paths}) == len(keys)
    assert paths[1] == keys[1]


def test_a_file_and_a_folder_have_different_paths(fetch: Any, bucket: str, boto: Any, root: Path) -> None:
    keys = ["d/a", "d/a/", "d/a/x", "d/a/b/y", "d/B/z", "d/b", "d/c/x", "d/C"]
    for key in keys:
        boto.put_object(Bucket=bucket, Key=key, Body=key.encode() if not key.endswith("/") else b"")
    watch = fetch(prefixes=["d/"])
    found = files(root)
    assert sorted(found.values()) == sorted(key.encode() for key in keys if not key.endswith("/"))
    assert len({path.casefold() for path in found}) == len(found)
    marked = folder_marked("a", "d/a")
    assert {found[f"d/{marked}/x"], found[f"d/{marked}/b/y"]} == {b"d/a/x", b"d/a/b/y"}
    assert any(f"d/a/x is saved as d/{marked}/x" in note for note in watch.notes)


def test_what_a_kill_left_in_a_marked_folder_is_removed(bucket: str, root: Path) -> None:
    request = DownloadRequest.model_validate(
        {"kind": "download", "connection": "lab", "bucket": bucket, "keys": ["a"], "prefixes": ["a/"]}
    )
    for name in ("a", folder_marked("a", "a")):
        (root / name).mkdir()
        (root / name / f".x.mark{'0' * 12}.part").write_bytes(b"half")
    assert downloading.remove_left(request, root, (), "mark") == 2
    assert files(root) == {}


def test_hostile_keys_stay_inside_and_are_told(fetch: Any, bucket: str, boto: Any, root: Path) -> None:
    keys = [*HOSTILE, "Plain.csv", "../../../../tmp/evil", "%2e%2e/x", "a/../../b", "<img src=x onerror=alert(1)>"]
    for key in keys:
        boto.put_object(Bucket=bucket, Key=f"d/{key}", Body=key.encode() if not key.endswith("/") else b"")
    watch = fetch(prefixes=["d/"])
    found = files(root)
    assert sorted(found.values()) == sorted(key.encode() for key in keys if not key.endswith("/"))
    assert all(path.startswith("d/") for path in found)
    assert [path.name for path in root.parent.iterdir()] == ["jupyter"]
    assert any("d/plain.csv is saved as d/plain~" in note for note in watch.notes)
    assert any("evil is saved as d/__/__/__/__/tmp/evil" in note for note in watch.notes)


def test_links_are_not_followed_outside(fetch: Any, bucket: str, boto: Any, root: Path) -> None:
    outside = root.parent / "outside"
    outside.mkdir()
    (outside / "file").write_bytes(b"mine")
    (root / "d").symlink_to(outside)
    (root / "file").symlink_to(outside / "file")
    (root / "dangling").symlink_to(outside / "new")
    for key in ("d/x", "file", "dangling"):
        boto.put_object(Bucket=bucket, Key=key, Body=b"theirs")
    with pytest.raises(Incomplete, match=r"1 object was not downloaded.*leads outside"):
        fetch(prefixes=["d/"], on_conflict="replace")
    with pytest.raises(Incomplete, match=r"2 objects were not"):
        fetch(keys=["file", "dangling"])
    fetch(keys=["file", "dangling"], on_conflict="replace")
    assert files(outside) == {"file": b"mine"}
    assert not (root / "file").is_symlink()
    assert (root / "file").read_bytes() == (root / "dangling").read_bytes() == b"theirs"


# --- conflicts ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", ["fail", "skip", "replace"])
def test_what_exists(fetch: Any, bucket: str, boto: Any, root: Path, policy: str) -> None:
    (root / "d").mkdir()
    (root / "d/k").write_bytes(b"precious")
    for key in ("d/k", "d/l"):
        boto.put_object(Bucket=bucket, Key=key, Body=b"new")
    watch = Watching()
    if policy == "fail":
        with pytest.raises(Incomplete, match=r"1 object was not downloaded.*exists already"):
            fetch(watch, prefixes=["d/"], on_conflict=policy)
    else:
        fetch(watch, prefixes=["d/"], on_conflict=policy)
        assert watch.done == watch.total
    assert files(root) == {"d/k": b"new" if policy == "replace" else b"precious", "d/l": b"new"}
    assert any("skipped" in note for note in watch.notes) == (policy == "skip")


def test_files_and_folders_in_the_way(fetch: Any, bucket: str, boto: Any, root: Path) -> None:
    (root / "d").write_bytes(b"a file")
    (root / "k").mkdir()
    for key in ("d/x", "k", "ok"):
        boto.put_object(Bucket=bucket, Key=key, Body=b"1")
    with pytest.raises(Incomplete, match=r"2 objects were not"):
        fetch(prefixes=["d/"], keys=["k", "ok"], on_conflict="replace")
    assert files(root) == {"d": b"a file", "ok": b"1"}


def test_a_file_that_comes_to_exist_meanwhile_is_kept(
    fetch: Any, bucket: str, boto: Any, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    boto.put_object(Bucket=bucket, Key="k", Body=b"new")
    original = downloading._Downloader._verify

    def late(self: Any, *given: Any) -> None:
        original(self, *given)
        (root / "k").write_bytes(b"precious")

    monkeypatch.setattr(downloading._Downloader, "_verify", late)
    with pytest.raises(Incomplete, match="exists already"):
        fetch(keys=["k"])
    assert files(root) == {"k": b"precious"}


# --- what goes wrong -----------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [100, 17 * MIB])
def test_faults_that_pass_do_not_matter(
    fetch: Any, bucket: str, boto: Any, root: Path, s3_service: Any, no_faults: None, size: int
) -> None:
    data = os.urandom(size)
    boto.put_object(Bucket=bucket, Key="k", Body=data)
    s3_service.inject(method="GET", path=f"/{bucket}/k", status=503, times=2)
    s3_service.inject(method="GET", path=f"/{bucket}/k", cut_after=50, times=2)
    fetch(keys=["k"])
    assert files(root) == {"k": data}


@pytest.mark.parametrize("size", [100, 17 * MIB])
def test_what_keeps_failing_leaves_no_file(
    fetch: Any, bucket: str, boto: Any, root: Path, s3_service: Any, no_faults: None, size: int
) -> None:
    boto.put_object(Bucket=bucket, Key="d/k", Body=os.urandom(size))
    boto.put_object(Bucket=bucket, Key="d/l", Body=b"fine")
    s3_service.inject(method="GET", path=f"/{bucket}/d/k", status=500, times=1000)
    watch = Watching()
    with pytest.raises(Incomplete, match=r"1 object was not downloaded, the rest was: d/k: the service failed"):
        fetch(watch, prefixes=["d/"])
    assert files(root) == {"d/l": b"fine"}
    assert (watch.done, watch.items) == (4, 1)


@pytest.mark.parametrize("of_parts", [False, True])
def test_bytes_that_are_not_what_the_service_says(stubbed: Connection, stub: Stub, root: Path, of_parts: bool) -> None:
    data = b"these bytes were damaged"
    etag = ETAG if not of_parts else hashlib.md5(hashlib.md5(b"other").digest()).hexdigest() + "-1"
    serve = serve_object(data, etag)

    def answer(asked: Asked) -> Answer:
        return Answer(200, data, serve(asked).headers) if asked.method == "HEAD" else serve(asked)

    stub.then = answer
    request = DownloadRequest(kind="download", connection="stubbed", bucket="box", keys=["k"])
    with pytest.raises(Incomplete, match="another checksum"):
        download_selection(request, root, (), Watching())
    assert files(root) == {}


def test_a_cancel_leaves_no_file(fetch: Any, bucket: str, boto: Any, root: Path) -> None:
    boto.put_object(Bucket=bucket, Key="k", Body=os.urandom(40 * MIB))
    with pytest.raises(Cancelled):
        fetch(Watching(lambda watch: watch.done >= 8 * MIB), keys=["k"])
    assert list(root.iterdir()) == []
    assert not any(t.name.startswith(("s3-download", "s3-batch", "s3-count")) for t in threading.enumerate())


def test_a_full_disk_ends_it(fetch: Any, bucket: str, boto: Any, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Any, size: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(local_files.GrowingFile, "resize", full)
    for number in range(40):
        boto.put_object(Bucket=bucket, Key=f"d/{number}", Body=b"x")
    with pytest.raises(Hopeless, match="No space left on device; make room"):
        fetch(prefixes=["d/"])
    assert files(root) == {}


def test_a_bucket_that_is_not_there(lab: Connection, root: Path) -> None:
    request = DownloadRequest(kind="download", connection="lab", bucket="no-such", prefixes=["d/"])
    with pytest.raises(NotFound, match="no bucket"):
        download_selection(request, root, (), Watching())


def test_archived_objects_are_refused_in_words(fetch: Any, bucket: str, boto: Any, root: Path) -> None:
    boto.put_object(Bucket=bucket, Key="k", Body=b"cold", StorageClass="GLACIER")
    with pytest.raises(Incomplete, match="archived"):
        fetch(keys=["k"])
    assert files(root) == {}
