"""Engines side by side: 64 slices with 50 ms a request by 1 and 16 threads; what Dask costs beside processes.

`python benchmarks/engines.py [--repeat 5]`. Needs distributed for the second part; joblib and Ray are measured where
they are installed.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
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
TASKS = 100


def read(piece: LazySlice) -> int:
    """Read one slice; its length."""
    return len(piece.read(header=False))


def nothing(number: int) -> int:
    """A task that costs nothing but its journey."""
    return number


def scan(number: int) -> int:
    """Some 50 ms of work, as a block of an index is."""
    return sum(i * i for i in range(700_000)) + number


def clock(work: Callable[[], Any]) -> float:
    """Seconds a call takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


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
        with ExitStack() as stack:
            engines = {n: stack.enter_context(open_executor("threads", workers=n)) for n in (1, 4, 16)}
            for number, engine in engines.items():
                list(engine.map(read, slices[:number]))  # connections are open
            seconds = best(repeat, {n: lambda e=e: list(e.map(read, slices)) for n, e in engines.items()})
        for number, took in seconds.items():
            print(
                f"{SLICES} slices, {LATENCY * 1000:.0f} ms a request, {number:2} threads: "
                f"{took:.2f} s, {seconds[1] / took:.1f}x"
            )


def journeys(repeat: int) -> None:
    """What a task costs on each engine with two workers: nothing to do, and some work."""
    with ExitStack() as stack:
        engines: dict[str, Executor] = {}
        for info in list_executors():
            if info.usable and info.name not in ("lithops", "spark"):
                engines[info.name] = stack.enter_context(open_executor(info.name, workers=2))
                list(engines[info.name].map(scan, range(8)))  # workers have begun
        empty = best(repeat, {n: lambda e=e: list(e.map(nothing, range(TASKS))) for n, e in engines.items()})
        full = best(repeat, {n: lambda e=e: list(e.map(scan, range(TASKS))) for n, e in engines.items()})
    print(f"\n{TASKS} tasks, 2 workers      nothing to do: ms a task, of processes    50 ms of work: s, of processes")
    for name in engines:
        of_empty, of_full = empty[name] / empty["processes"], full[name] / full["processes"]
        print(f"{name:>20} {empty[name] / TASKS * 1000:27.2f} {of_empty:10.1f}x {full[name]:28.2f} {of_full:10.2f}x")


def best(repeat: int, works: dict[Any, Callable[[], Any]]) -> dict[Any, float]:
    """The shortest of `repeat` times for each; they take turns, so that a busy moment of the machine meets all."""
    rounds = [{name: clock(work) for name, work in works.items()} for _ in range(repeat)]
    return {name: min(one[name] for one in rounds) for name in works}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=5)
    chosen = parser.parse_args()
    threads(chosen.repeat)
    journeys(chosen.repeat)


if __name__ == "__main__":
    main()
