"""Slicing of objects in S3: hostile keys, other processes, changed objects, connections by name, threads."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

import cloud_data_cockpit as cdc
from cloud_data_cockpit.demo.process import DemoProcess
from cloud_data_cockpit.errors import CredentialsError, NotFound, SourceChanged
from cloud_data_cockpit.slicing import manifests
from cloud_data_cockpit.slicing.ahead import Ahead
from cloud_data_cockpit.slicing.partition import partition
from cloud_data_cockpit.slicing.slices import LazySlice

KEYS = ["plain.lines", "a b+c%20d#e?f&g.lines", "ü/ñ/日本.lines", "a//b/../c.lines", "<script>.lines"]
DATA = "".join(f"line {i}\n" for i in range(1000)).encode()


@pytest.fixture
def lab(s3_service: DemoProcess) -> Any:
    return cdc.connect(
        name="lab",
        endpoint_url=s3_service.endpoint_url,
        access_key=s3_service.access_key,
        secret_key=s3_service.secret_key,
        region="us-east-1",
    )


@pytest.mark.parametrize("key", KEYS)
def test_every_record_once_whatever_the_key(boto: Any, bucket: str, lab: Any, key: str) -> None:
    boto.put_object(Bucket=bucket, Key=key, Body=DATA)
    made = partition(f"s3://{bucket}/{key}", connection="lab", num_slices=7)
    slices = cdc.load_slices(made.manifest_id)
    assert slices.manifest.connection == lab.ref
    assert b"".join(piece.read(header=False) for piece in slices) == DATA
    assert slices.map(LazySlice.count) == [piece.records for piece in slices]


def test_slices_of_an_object_prove_themselves(boto: Any, bucket: str, lab: Any) -> None:
    boto.put_object(Bucket=bucket, Key="a b#.lines", Body=DATA)
    slices = cdc.load_slices(partition(f"s3://{bucket}/a b#.lines", connection="lab", num_slices=7).manifest_id)
    found = slices.verify(workers=3)
    assert found.ok, str(found)
    assert (found.records, found.bytes, found.checksum) == (1000, len(DATA), "equal")
    boto.put_object(Bucket=bucket, Key="a b#.lines", Body=DATA.swapcase())
    with pytest.raises(SourceChanged):
        slices.verify()


def test_no_credentials_in_manifest_index_or_pickle(boto: Any, bucket: str, lab: Any, s3_service: DemoProcess) -> None:
    boto.put_object(Bucket=bucket, Key="x.lines", Body=DATA)
    slices = partition(f"s3://{bucket}/x.lines", connection=lab, num_slices=3)
    assert slices[0].get()
    stored = [path.read_bytes() for path in manifests.directory().parent.rglob("*") if path.is_file()]
    assert len(stored) >= 2
    for data in (*stored, pickle.dumps(slices[0]), pickle.dumps(slices), repr(slices[0]).encode()):
        assert s3_service.secret_key.encode() not in data
        assert s3_service.access_key.encode() not in data
    assert len(pickle.dumps(slices[0])) < 2000


def test_another_process_reads_with_credentials_of_its_own(
    boto: Any, bucket: str, lab: Any, s3_service: DemoProcess, tmp_path: Path
) -> None:
    boto.put_object(Bucket=bucket, Key="x.lines", Body=DATA)
    slices = partition(f"s3://{bucket}/x.lines", connection="lab", num_slices=3)
    (tmp_path / "slice").write_bytes(pickle.dumps(slices[1]))
    program = """
import pickle, sys
from importlib.metadata import EntryPoint
from cloud_data_cockpit import registry
from cloud_data_cockpit.errors import CockpitError
registry._entry_points = lambda: {"lines": EntryPoint("lines", "tests.slicing.lines:LineFormat", registry.GROUP)}
try:
    print(pickle.load(open(sys.argv[1], "rb")).get()[0])
except CockpitError as error:
    print(error.code)
"""

    def run(**variables: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", program, str(tmp_path / "slice")],
            cwd=Path(__file__).parents[2],
            env={**os.environ, **variables},
            capture_output=True,
            check=False,
        )
        assert done.stderr == b""
        return done.stdout.decode().strip()

    assert run() == "credentials"
    assert run(AWS_ACCESS_KEY_ID=s3_service.access_key, AWS_SECRET_ACCESS_KEY=s3_service.secret_key) == "line 333"


def test_changed_and_deleted_objects(boto: Any, bucket: str, lab: Any) -> None:
    boto.put_object(Bucket=bucket, Key="x.lines", Body=DATA)
    slices = partition(f"s3://{bucket}/x.lines", connection="lab", num_slices=3)
    boto.put_object(Bucket=bucket, Key="x.lines", Body=DATA.swapcase())
    for read in (slices[0].get, slices[1].read, slices[2].count, slices[0].upper):
        with pytest.raises(SourceChanged):
            read()
    assert partition(f"s3://{bucket}/x.lines", connection="lab", num_slices=3)[0].get()[0] == "LINE 0"
    boto.delete_object(Bucket=bucket, Key="x.lines")
    with pytest.raises(NotFound):
        slices[0].get()


def test_connecting_anew_under_the_same_name_is_heeded(
    boto: Any, bucket: str, lab: Any, s3_service: DemoProcess
) -> None:
    boto.put_object(Bucket=bucket, Key="x.lines", Body=DATA)
    slices = partition(f"s3://{bucket}/x.lines", connection="lab", num_slices=3)
    assert slices[0].get()
    settings = {"endpoint_url": s3_service.endpoint_url, "region": "us-east-1", "access_key": s3_service.access_key}
    cdc.connect(name="lab", secret_key="wrong" * 8, **settings)
    with pytest.raises(CredentialsError):
        slices[0].get()
    cdc.connect(name="lab", secret_key=s3_service.secret_key, **settings)
    assert slices[0].get()


def test_a_manifest_is_read_through_another_connection(
    boto: Any, bucket: str, lab: Any, s3_service: DemoProcess
) -> None:
    boto.put_object(Bucket=bucket, Key="x.lines", Body=DATA)
    made = partition(f"s3://{bucket}/x.lines", connection="lab", num_slices=3)
    other = cdc.connect(
        name="other",
        endpoint_url=s3_service.endpoint_url,
        access_key=s3_service.access_key,
        secret_key=s3_service.secret_key,
        region="us-east-1",
    )
    for which in (other, "other", other.ref):
        slices = cdc.load_slices(made.manifest_id, connection=which)
        assert slices.manifest.connection == other.ref
        assert slices[2].get()[-1] == "line 999"


def test_ahead_keeps_order_and_stays_within_its_window() -> None:
    running, most, lock = 0, 0, threading.Lock()
    taken: list[int] = []

    def items() -> Any:
        for i in range(40):
            taken.append(i)
            yield i

    def work(i: int) -> int:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.005 if i % 3 else 0.01)
        with lock:
            running -= 1
        return i * i

    results = Ahead(4)(work, items())
    assert next(results) == 0
    assert len(taken) == 5
    assert list(results) == [i * i for i in range(1, 40)]
    assert most == min(4, os.cpu_count() or 1)


def test_ahead_passes_errors_on_and_stops() -> None:
    seen: list[int] = []

    def work(i: int) -> int:
        seen.append(i)
        if i == 3:
            raise KeyError(i)
        return i

    with pytest.raises(KeyError):
        list(Ahead(2)(work, range(1000)))
    assert len(seen) < 10
