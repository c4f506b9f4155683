"""Measure the demo service: start, memory, uploads, ranges, listings. `python benchmarks/demo_service.py [--gib 1]`."""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from urllib3 import HTTPConnectionPool
from urllib3.util import parse_url

from cloud_data_cockpit.demo.process import DemoProcess

MIB = 1 << 20


def memory(pid: int) -> tuple[float, float]:
    """(now, peak) resident memory of a process, MB."""
    lines = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line)
    return int(lines["VmRSS"].split()[0]) / 1000, int(lines["VmHWM"].split()[0]) / 1000


def clock(work: Callable[[], Any]) -> float:
    """Seconds a call takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def starts(directory: Path) -> None:
    """Time from starting the process to its line, and its memory then."""
    times = []
    for _ in range(5):
        start = time.perf_counter()
        with DemoProcess(directory) as service:
            times.append(time.perf_counter() - start)
            now, _ = memory(service.pid)
    print(f"start: best {min(times):.3f} s, worst {max(times):.3f} s; resident {now:.0f} MB")


def upload(client: Any, service: DemoProcess, gib: float) -> None:
    """One multipart upload, parts of 16 MiB, four at once."""
    body = os.urandom(16 * MIB)
    count = int(gib * 64)
    started = client.create_multipart_upload(Bucket="bench", Key="big")["UploadId"]
    common = {"Bucket": "bench", "Key": "big", "UploadId": started}

    def part(number: int) -> dict[str, Any]:
        return {"PartNumber": number, "ETag": client.upload_part(**common, PartNumber=number, Body=body)["ETag"]}

    with ThreadPoolExecutor(4) as pool:
        start = time.perf_counter()
        parts = list(pool.map(part, range(1, count + 1)))
        seconds = time.perf_counter() - start
    finish = clock(lambda: client.complete_multipart_upload(**common, MultipartUpload={"Parts": parts}))
    now, peak = memory(service.pid)
    print(
        f"multipart {count * 16} MiB: {count * 16 / seconds:.0f} MiB/s, completed in {finish * 1000:.0f} ms; "
        f"resident {now:.0f} MB, peak {peak:.0f} MB"
    )


def ranges(client: Any, service: DemoProcess, key: str, size: int, total: int, workers: int) -> None:
    """Ranges of an object by one presigned URL over plain HTTP."""
    url = parse_url(client.generate_presigned_url("get_object", Params={"Bucket": "bench", "Key": key}))
    pool = HTTPConnectionPool(url.host or "", url.port, maxsize=workers)
    length = client.head_object(Bucket="bench", Key=key)["ContentLength"]

    def read(number: int) -> int:
        start = number * size % (length - size)
        headers = {"Range": f"bytes={start}-{start + size - 1}"}
        return len(pool.request("GET", url.request_uri, headers=headers).data)

    with ThreadPoolExecutor(workers) as threads:
        start = time.perf_counter()
        got = sum(threads.map(read, range(total)))
        seconds = time.perf_counter() - start
    print(
        f"ranges of {size // 1024} KiB, {workers} at once: {total / seconds:.0f}/s, {got / MIB / seconds:.0f} MiB/s; "
        f"peak {memory(service.pid)[1]:.0f} MB"
    )


def small(client: Any, service: DemoProcess, count: int) -> None:
    """Small objects, eight at once; then a listing by pages and one with a delimiter."""

    def put(number: int) -> None:
        client.put_object(Bucket="bench", Key=f"small/{number % 7}/{number:07d}", Body=b"x" * 100)

    with ThreadPoolExecutor(8) as pool:
        seconds = clock(lambda: list(pool.map(put, range(count))))
    print(f"puts of 100 bytes: {count / seconds:.0f}/s")
    pages = client.get_paginator("list_objects_v2")
    seconds = clock(lambda: list(pages.paginate(Bucket="bench", Prefix="small/")))
    print(f"listing {count} keys by 1000: {seconds * 1000:.0f} ms (boto3's parsing included)")
    seconds = clock(lambda: client.list_objects_v2(Bucket="bench", Prefix="", Delimiter="/"))
    print(f"listing them as one common prefix: {seconds * 1000:.1f} ms")


def main() -> None:
    """Run everything and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gib", type=float, default=1.0, help="size of the multipart upload")
    parser.add_argument("--dir", help="where to measure (default: a temporary directory)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.dir) as place:
        starts(Path(place))
        with DemoProcess(place) as service:
            config = Config(signature_version="s3v4", s3={"addressing_style": "path"}, max_pool_connections=32)
            client = boto3.client(
                "s3",
                endpoint_url=service.endpoint_url,
                region_name="us-east-1",
                config=config,
                aws_access_key_id=service.access_key,
                aws_secret_access_key=service.secret_key,
            )
            client.create_bucket(Bucket="bench")
            upload(client, service, options.gib)
            ranges(client, service, "big", 16 * MIB, 64, 4)
            ranges(client, service, "big", 64 * 1024, 2000, 16)
            small(client, service, 3000)


if __name__ == "__main__":
    main()
