"""Uploads from this machine's disk, side by side: ours, boto3 and obstore; one large file, then many small ones.

Usage: python benchmarks/send_files.py [--mib 1024] [--small 1000] [--runs 5]. Prints times, and ours over each other's.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from cloud_data_cockpit import connect, upload
from cloud_data_cockpit.demo.process import DemoProcess

MIB = 1 << 20
BUCKET = "benchmark"
SMALL = 64 << 10


def _boto(service: DemoProcess) -> Any:
    import boto3
    from botocore.config import Config

    return boto3.client(
        "s3",
        endpoint_url=service.endpoint_url,
        aws_access_key_id=service.access_key,
        aws_secret_access_key=service.secret_key,
        region_name="us-east-1",
        config=Config(s3={"addressing_style": "path"}, max_pool_connections=32),
    )


def _ours(service: DemoProcess) -> Any:
    keys = {"access_key": service.access_key, "secret_key": service.secret_key}
    return connect("ours", endpoint_url=service.endpoint_url, **keys)


def _large(service: DemoProcess, path: Path) -> Iterator[tuple[str, Callable[[str], object]]]:
    ours = _ours(service)
    yield "ours", lambda key: upload(path, f"s3://{BUCKET}/{key}", ours)
    boto = _boto(service)
    yield "boto3", lambda key: boto.upload_file(str(path), BUCKET, key)
    store = _store(service)
    if store is not None:
        import obstore

        yield "obstore", lambda key: obstore.put(store, key, path)


def _small(service: DemoProcess, folder: Path) -> Iterator[tuple[str, Callable[[str], object]]]:
    files = sorted(folder.iterdir())
    ours = _ours(service)
    yield "ours", lambda key: upload(folder, f"s3://{BUCKET}/{key}", ours)
    boto = _boto(service)

    def with_boto(key: str) -> None:
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda f: boto.put_object(Bucket=BUCKET, Key=f"{key}/{f.name}", Body=f.read_bytes()), files))

    yield "boto3", with_boto
    store = _store(service)
    if store is not None:
        import obstore

        def with_obstore(key: str) -> None:
            with ThreadPoolExecutor(16) as pool:
                list(pool.map(lambda f: obstore.put(store, f"{key}/{f.name}", f.read_bytes()), files))

        yield "obstore", with_obstore


def _store(service: DemoProcess) -> Any:
    try:
        from obstore.store import S3Store
    except ImportError:
        return None
    return S3Store(
        BUCKET,
        endpoint=service.endpoint_url,
        access_key_id=service.access_key,
        secret_access_key=service.secret_key,
        region="us-east-1",
        client_options={"allow_http": True},
    )


def _compare(
    what: str, clients: list[tuple[str, Callable[[str], object]]], service: DemoProcess, runs: int, prefix: str
) -> None:
    boto = _boto(service)
    times: dict[str, list[float]] = {name: [] for name, _ in clients}
    work: dict[str, list[float]] = {name: [] for name, _ in clients}
    for run in range(runs + 1):  # the first one warms up and does not count
        for name, send in clients:
            begun, worked = time.perf_counter(), time.process_time()
            send(f"{prefix}{name}-{run}")
            times[name].append(time.perf_counter() - begun)
            work[name].append(time.process_time() - worked)
            for page in boto.get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
                keys = [{"Key": each["Key"]} for each in page.get("Contents", [])]
                if keys:
                    boto.delete_objects(Bucket=BUCKET, Delete={"Objects": keys})
    counted = {name: found[1:] for name, found in times.items()}
    for name, found in counted.items():
        ratio = statistics.median(ours / other for ours, other in zip(counted["ours"], found, strict=True))
        print(
            f"{what}: {name:8} {min(found):6.2f} s at best, {statistics.median(found):6.2f} s in the middle, "
            f"{min(work[name][1:]):5.2f} s of processor; ours/{name} {ratio:.2f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mib", type=int, default=1024)
    parser.add_argument("--small", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, DemoProcess(Path(folder) / "s3") as service:
        _boto(service).create_bucket(Bucket=BUCKET)
        large = Path(folder) / "large"
        with large.open("wb") as file:
            for _ in range(options.mib):
                file.write(os.urandom(MIB))
        many = Path(folder) / "many"
        many.mkdir()
        for number in range(options.small):
            (many / f"{number:06}").write_bytes(os.urandom(SMALL))
        if options.mib:
            _compare(f"{options.mib} MiB", list(_large(service, large)), service, options.runs, "large-")
        if options.small:
            _compare(f"{options.small} x 64 KiB", list(_small(service, many)), service, options.runs, "small-")
    print(f"memory of this process at most: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
