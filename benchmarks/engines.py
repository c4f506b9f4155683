"""Engines side by side: 64 slices with 50 ms a request by 1 and 16 threads; what Dask costs beside processes.

`python benchmarks/engines.py [--repeat 3]`. Needs distributed for the second part; joblib and Ray are measured where
they are installed.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from cloud_data_cockpit import connect, partition
from cloud_data_cockpit.demo.process import DemoProcess
from cloud_data_cockpit.executors import Executor, list_executors, open_executor
from cloud_data_cockpit.slicing.slices import LazySlice, Slices

LATENCY = 0.05
SLICES = 64
TASKS = 400


def read(piece: LazySlice) -> int:
    """Read one slice; its length."""
    return len(piece.read(header=False))


def nothing(number: int) -> int:
    """A task that costs nothing but its journey."""
    return number


def scan(number: int) -> int:
    """Some 10 ms of work, as a block of an index is."""
    return sum(i * i for i in range(100_000)) + number


def clock(work: Callable[[], Any], repeat: int) -> float:
    """The median of the seconds that `repeat` calls take."""
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def far_slices(service: DemoProcess) -> Slices:
    """64 slices of an object in the demo service, small enough that only requests count."""
    client = boto3.client(
        "s3",
        endpoint_url=service.endpoint_url,
        aws_access_key_id=service.access_key,
        aws_secret_access_key=service.secret_key,
        region_name="us-east-1",
        config=Config(s3={"addressing_style": "path"}),
    )
    client.create_bucket(Bucket="bench")
    client.put_object(Bucket="bench", Key="t.csv", Body=b"a,b\n" + b"".join(b"%d,word\n" % i for i in range(64_000)))
    client.close()
    connect("bench", endpoint_url=service.endpoint_url, access_key=service.access_key, secret_key=service.secret_key)
    return partition("s3://bench/t.csv", connection="bench", num_slices=SLICES)


def threads(repeat: int) -> None:
    """Reading with 50 ms a request: 1 thread against 16."""
    with tempfile.TemporaryDirectory() as folder, DemoProcess(Path(folder), faults=True) as service:
        slices = far_slices(service)
        service.inject(method="GET", path="/bench/t.csv", delay=LATENCY, times=1_000_000)
        seconds = {}
        for workers in (1, 4, 16):
            with open_executor("threads", workers=workers) as executor:
                list(executor.map(read, slices[:workers]))  # connections are open
                seconds[workers] = clock(lambda e=executor: list(e.map(read, slices)), repeat)
        for workers, took in seconds.items():
            print(
                f"{SLICES} slices, {LATENCY * 1000:.0f} ms a request, {workers:2} threads: "
                f"{took:.2f} s, {seconds[1] / took:.1f}x"
            )


def journeys(repeat: int) -> None:
    """What a task costs on each engine with two workers: nothing to do, and 10 ms of work."""
    found = {}
    for info in list_executors():
        if not info.usable or info.name in ("lithops", "spark"):
            continue
        with open_executor(info.name, workers=2) as executor:
            found[info.name] = measured(executor, repeat)
    base = found["processes"]
    print(f"\n{TASKS} tasks, 2 workers      nothing to do: ms a task, of processes    10 ms of work: s, of processes")
    for name, (empty, full) in found.items():
        print(f"{name:>20} {empty / TASKS * 1000:27.2f} {empty / base[0]:10.1f}x {full:28.2f} {full / base[1]:10.2f}x")


def measured(executor: Executor, repeat: int) -> tuple[float, float]:
    """(seconds for tasks that do nothing, seconds for tasks that work), the workers started before."""
    list(executor.map(scan, range(8)))
    empty = clock(lambda: list(executor.map(nothing, range(TASKS))), repeat)
    return empty, clock(lambda: list(executor.map(scan, range(TASKS))), repeat)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=3)
    chosen = parser.parse_args()
    threads(chosen.repeat)
    journeys(chosen.repeat)


if __name__ == "__main__":
    main()
