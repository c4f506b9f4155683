"""What every S3 service has to do for us, asked of each of them in the same way."""

from __future__ import annotations

import random
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from cloud_data_cockpit import load_slices, partition
from cloud_data_cockpit.errors import CockpitError, Conflict, NotFound, SourceChanged
from cloud_data_cockpit.kernel import cockpit, reached
from cloud_data_cockpit.models import UploadRequest
from cloud_data_cockpit.s3 import multipart, opening, rebuilding, uploads, versions
from cloud_data_cockpit.s3.connections import Connection
from cloud_data_cockpit.s3.source import S3Source
from cloud_data_cockpit.s3.tags import get_tags, put_tags
from cloud_data_cockpit.s3.versions import delete_version, iter_versions, restore_version, versioning_of
from cloud_data_cockpit.s3.whole import put_whole

from .conftest import Service

MIB = 1 << 20
KEYS = ["a b", "a+b", "ä/ü", "per%cent", "que?ry#x", "run1/a", "run1/b", "run10/c", "x/y/z.csv"]


@pytest.fixture
def top(there: Connection, box: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(reached, "_chosen", there)
    return f"s3://{box}/"


def filled(top: str, keys: list[str] = KEYS) -> list[str]:
    for key in keys:
        cockpit.upload(key.encode() * 3, top + key)
    return sorted(keys, key=str.encode)


def test_keys_come_back_as_they_are(top: str) -> None:
    keys = filled(top)
    assert [uri.removeprefix(top) for uri in cockpit.find(top)] == keys
    for key in keys:
        assert cockpit.cat(top + key) == key.encode() * 3
    assert [uri.removeprefix(top) for uri in cockpit.ls(f"{top}run1/")] == ["run1/a", "run1/b"]
    assert cockpit.du(f"{top}run1/") == (2, 36)


def test_pages_follow_one_another(top: str, there: Connection, box: str) -> None:
    from cloud_data_cockpit.s3.objects import list_page

    keys = filled(top)
    found: list[str] = []
    token = None
    while True:
        page = list_page(there, box, delimiter="", token=token, page_size=2)
        found += [entry.key for entry in page.objects]
        token = page.next_token
        if token is None:
            break
    assert found == keys


def test_ranges(top: str, there: Connection) -> None:
    data = random.Random(1).randbytes(3 * MIB)
    cockpit.upload(data, f"{top}data.bin")
    source = S3Source(there, f"{top}data.bin")
    wanted = [(0, 10), (len(data) - 5, 5), (MIB, MIB), (7, 0)]
    assert source.read_many(wanted) == [data[start : start + length] for start, length in wanted]
    cockpit.upload(b"other", f"{top}data.bin", on_conflict="replace")
    with pytest.raises(SourceChanged):
        source.read(0, 10)


def test_an_upload_in_parts_goes_on(there: Connection, box: str, top: str) -> None:
    data = random.Random(2).randbytes(17 * MIB)
    request = UploadRequest(connection=there.ref.name, bucket=box, key="in parts", size=len(data))
    opened = uploads.start(there, request)

    def send(number: int) -> Any:
        start = (number - 1) * opened.part_size
        body = data[start : start + opened.part_size]
        return uploads.put_part(there, box, "in parts", opened.upload_id, number, body)

    receipts = {number: send(number) for number in (3, 1)}
    held = uploads.list_parts(there, box, "in parts", opened.upload_id)
    assert [(part.part_number, part.size) for part in held] == [(n, receipts[n].size) for n in (1, 3)]
    receipts[2] = send(2)
    uploads.complete(there, request, opened.upload_id, [receipts[number] for number in (1, 2, 3)])
    assert S3Source(there, f"{top}in parts").read(0, len(data)) == data


def test_an_abort_leaves_nothing(there: Connection, box: str) -> None:
    opened = uploads.start(there, UploadRequest(connection=there.ref.name, bucket=box, key="k", size=9 * MIB))
    uploads.put_part(there, box, "k", opened.upload_id, 1, b"x" * (8 * MIB))
    uploads.abort(there, box, "k", opened.upload_id)
    assert uploads.list_open(there, box) == []


def test_a_file_goes_up_and_comes_down(top: str, tmp_path: Path) -> None:
    data = random.Random(3).randbytes(20 * MIB)
    (tmp_path / "large.bin").write_bytes(data)
    cockpit.upload(tmp_path / "large.bin", top)
    cockpit.download(f"{top}large.bin", tmp_path / "down")
    assert (tmp_path / "down" / "large.bin").read_bytes() == data


def test_what_exists_is_not_replaced_unasked(there: Connection, box: str, top: str) -> None:
    for content in (b"one", b"two"):
        put_whole(there, box, "fresh", content, overwrite=True)
    with pytest.raises(Conflict):
        put_whole(there, box, "fresh", b"three")
    assert cockpit.cat(f"{top}fresh") == b"two"


def test_copy_move_delete(top: str) -> None:
    filled(top)
    cockpit.copy(f"{top}run1/", f"{top}kept/")
    cockpit.move(f"{top}a b", f"{top}moved/")
    assert cockpit.rm(f"{top}run1/").objects == 2
    found = [uri.removeprefix(top) for uri in cockpit.find(top)]
    assert [key for key in found if key.startswith(("run", "kept", "moved"))] == [
        "kept/run1/a", "kept/run1/b", "moved/a b", "run10/c",
    ]  # fmt: skip
    assert cockpit.cat(f"{top}kept/run1/b") == b"run1/b" * 3
    assert "a b" not in found


def test_tags_and_a_link(there: Connection, box: str, top: str) -> None:
    cockpit.upload(b"tagged", f"{top}ä b")
    put_tags(there, box, "ä b", {"project": "alps + more"})
    assert get_tags(there, box, "ä b").tags == {"project": "alps + more"}
    with urllib.request.urlopen(cockpit.presign(f"{top}ä b", 60).url) as reply:
        assert reply.read() == b"tagged"


def test_versions(there: Connection, box: str, top: str) -> None:
    there.client.put_bucket_versioning(Bucket=box, VersioningConfiguration={"Status": "Enabled"})
    assert versioning_of(there, box) == "enabled"
    for content in (b"first", b"second"):
        cockpit.upload(content, f"{top}v", on_conflict="replace")
    cockpit.rm(f"{top}v")
    with pytest.raises(NotFound):
        cockpit.cat(f"{top}v")
    # The order of markers among versions is the service's own.
    versions = sorted(iter_versions(there, box, "v"), key=lambda version: (not version.latest, not version.deleted))
    assert [(version.deleted, version.latest) for version in versions] == [(True, True), (False, False), (False, False)]
    contents = {
        S3Source(there, f"{top}v", version_id=version.version_id).read(0, version.size): version
        for version in versions[1:]
    }
    assert set(contents) == {b"first", b"second"}
    first = contents[b"first"]
    restore_version(there, box, "v", first.version_id)
    assert cockpit.cat(f"{top}v") == b"first"
    for version in list(iter_versions(there, box, "v")):
        delete_version(there, box, "v", version.version_id)
    assert list(iter_versions(there, box, "v")) == []


def test_a_large_version_is_restored_in_parts(
    there: Connection, box: str, top: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(versions, "LARGEST_COPY", 6 * MIB)
    monkeypatch.setattr(rebuilding, "COPIED_PART", 5 * MIB)
    there.client.put_bucket_versioning(Bucket=box, VersioningConfiguration={"Status": "Enabled"})
    data = random.Random(5).randbytes(11 * MIB)
    put_whole(there, box, "v é", data[: 8 * MIB])
    cockpit.upload(data, f"{top}v é", on_conflict="replace")
    large = next(version for version in iter_versions(there, box, "v é") if version.size == len(data))
    cockpit.upload(b"newer", f"{top}v é", on_conflict="replace")
    restore_version(there, box, "v é", large.version_id)
    assert cockpit.cat(f"{top}v é") == data
    assert uploads.list_open(there, box) == []


def test_an_opening_whose_reply_is_lost_leaves_nothing(there: Connection, box: str, service: Service) -> None:
    """Opened as by attempts that got no reply; then the look for what they have left."""
    others = uploads.start(there, UploadRequest(connection=there.ref.name, bucket=box, key="k", size=9 * MIB))
    uploads.put_part(there, box, "k", others.upload_id, 1, b"x" * (8 * MIB))
    made: list[str] = []

    def ask(lost: opening.Lost) -> str:
        for _ in range(3):
            made.append(multipart.create(there, box, "k", None))
            lost()
        return made[-1]

    kept = opening.opened(there, box, "k", ask)
    if service.name == "moto":  # it says that all uploads were begun in 2010, so none of them is taken for ours
        assert len(uploads.list_open(there, box)) == 4
        return
    assert {each.upload_id for each in uploads.list_open(there, box)} == {others.upload_id, kept}
    assert len(set(made)) == 3


def test_ranges_one_after_another(there: Connection, top: str) -> None:
    """Over connections that are used again, with a refusal among them."""
    data = random.Random(6).randbytes(MIB)
    cockpit.upload(data, f"{top}small ranges")
    source = S3Source(there, f"{top}small ranges")
    for start in range(0, MIB - 9, 40_009):
        assert source.read(start, 9) == data[start : start + 9]
    gone = S3Source(there, f"{top}none", etag=source.etag, size=100)
    with pytest.raises(NotFound):
        gone.read(3, 5)
    assert source.read(5, 70_000) == data[5:70_005]


def test_every_record_exactly_once(there: Connection, top: str) -> None:
    rows = b"".join(b"%d,name %d\n" % (number, number) for number in range(20_000))
    cockpit.upload(b"id,name\n" + rows, f"{top}table.csv")
    slices = load_slices(partition(f"{top}table.csv", connection=there, num_slices=7).manifest_id)
    assert len(slices) == 7
    assert [row for piece in slices for row in piece.get()["id"]] == list(range(20_000))


def test_errors_name_the_cause(there: Connection, box: str, service: Service) -> None:
    with pytest.raises(NotFound, match="no-such-bucket"):
        cockpit.ls("s3://no-such-bucket-here/", connection=there)
    with pytest.raises(NotFound):
        cockpit.head(f"s3://{box}/none", connection=there)
    if service.name == "moto":  # it takes any key
        return
    from cloud_data_cockpit.s3.connections import connect

    wrong = connect("wrong", endpoint_url=service.endpoint_url, access_key=service.access_key, secret_key="x" * 40)
    with pytest.raises(CockpitError, match=r"(?i)secret|signature|key"):
        cockpit.ls(f"s3://{box}/", connection=wrong)
