"""One way to save and load an array, measured in this process. Stands alone, since peers may need another Python:

`PYTHON array_peers.py PEER ENDPOINT ACCESS_KEY SECRET_KEY BUCKET ROUNDS` prints a line of JSON.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

SHAPE = (4096, 8192)
COLUMNS = 82
"""1 % of the last axis."""


@dataclass(frozen=True)
class Service:
    """Where to, and with which keys."""

    endpoint: str
    access_key: str
    secret_key: str
    bucket: str


@dataclass(frozen=True)
class Way:
    """Save under a name, load by it, load the first columns of it."""

    save: Callable[[str, Any], object]
    load: Callable[[str], Any]
    part: Callable[[str], Any]


def ours(service: Service, **options: Any) -> Way:
    """Arrays, with its defaults."""
    import cloud_data_cockpit as cdc

    connection = cdc.connect(
        "benchmark",
        endpoint_url=service.endpoint,
        access_key=service.access_key,
        secret_key=service.secret_key,
    )
    arrays = cdc.Arrays(f"s3://{service.bucket}/ours/", connection=connection)
    return Way(
        lambda name, value: arrays.save(name, value, **options),
        arrays.load,
        lambda name: arrays.open(name)[..., :COLUMNS],
    )


def zarr_obstore(service: Service) -> Way:
    """Zarr's defaults over obstore."""
    from obstore.store import S3Store
    from zarr.storage import ObjectStore

    options: Any = {"allow_http": True}

    def store(name: str) -> Any:
        return ObjectStore(
            S3Store(
                service.bucket,
                prefix=f"obstore/{name}",
                endpoint=service.endpoint,
                access_key_id=service.access_key,
                secret_access_key=service.secret_key,
                region="us-east-1",
                client_options=options,
            )
        )

    return _zarr(store)


def zarr_s3fs(service: Service) -> Way:
    """Zarr's defaults over s3fs."""

    def store(name: str) -> Any:
        from zarr.storage import FsspecStore

        options = {
            "key": service.access_key,
            "secret": service.secret_key,
            "client_kwargs": {"endpoint_url": service.endpoint, "region_name": "us-east-1"},
        }
        return FsspecStore.from_url(f"s3://{service.bucket}/s3fs/{name}", storage_options=options)

    return _zarr(store)


def _zarr(store: Callable[[str], Any]) -> Way:
    import zarr

    return Way(
        lambda name, value: zarr.create_array(store(name), data=value),
        lambda name: zarr.open_array(store(name), mode="r")[...],
        lambda name: zarr.open_array(store(name), mode="r")[..., :COLUMNS],
    )


def cottoncandy(service: Service, **options: Any) -> Way:
    """Raw arrays, compressed by gzip unless told; a part needs the whole."""
    import cottoncandy

    cloud = cottoncandy.get_interface(
        service.bucket,
        ACCESS_KEY=service.access_key,
        SECRET_KEY=service.secret_key,
        endpoint_url=service.endpoint,
        verbose=False,
    )
    return Way(
        lambda name, value: cloud.upload_raw_array(f"cc/{name}", value, **options),
        lambda name: cloud.download_raw_array(f"cc/{name}"),
        lambda name: cloud.download_raw_array(f"cc/{name}")[..., :COLUMNS].copy(),
    )


def boto3_object(service: Service) -> Way:
    """put_object and get_object of the bytes; a part needs the whole."""
    import boto3
    from botocore.config import Config

    client = boto3.client(
        "s3",
        endpoint_url=service.endpoint,
        aws_access_key_id=service.access_key,
        aws_secret_access_key=service.secret_key,
        region_name="us-east-1",
        config=Config(s3={"addressing_style": "path"}),
    )

    def load(name: str) -> Any:
        body = client.get_object(Bucket=service.bucket, Key=f"boto3/{name}")["Body"].read()
        return np.frombuffer(body).reshape(SHAPE)

    return Way(
        lambda name, value: client.put_object(Bucket=service.bucket, Key=f"boto3/{name}", Body=value.tobytes()),
        load,
        lambda name: load(name)[..., :COLUMNS].copy(),
    )


PEERS: dict[str, Callable[[Service], Way]] = {
    "Arrays": ours,
    "Arrays, not compressed": lambda service: ours(service, compress=False),
    "zarr + obstore": zarr_obstore,
    "zarr + s3fs": zarr_s3fs,
    "cottoncandy": cottoncandy,
    "cottoncandy, not compressed": lambda service: cottoncandy(service, compression=False),
    "boto3 put/get": boto3_object,
}


def value_of(kind: str) -> Any:
    """256 MiB of float64: "noise" does not shrink, "field" (a smooth one with three digits) does."""
    if kind == "noise":
        return np.random.default_rng(0).standard_normal(SHAPE)
    rows, columns = (np.linspace(0, 6, size) for size in SHAPE)
    return np.round(np.sin(rows)[:, None] * np.cos(3 * columns)[None, :], 3)


def memory(what: str, *, afresh: bool = False) -> float:
    """MB of this process now ("VmRSS") or at its peak ("VmHWM"), which may begin afresh. Linux."""
    if afresh:
        Path("/proc/self/clear_refs").write_text("5")
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith(what))) / 1000


def main() -> None:
    """Measure one peer and say what it took."""
    peer, *place, kind, rounds = sys.argv[1:]
    way = PEERS[peer](Service(*place))
    value = value_of(kind)
    took: dict[str, list[float]] = {"save": [], "load": [], "part": []}
    way.save(f"{kind}-warm", value[:64])  # imports and connections are not what is measured
    before = memory("VmRSS", afresh=True)
    for number in range(int(rounds)):
        name = f"{kind}-{number}"
        for step, work in (
            ("save", lambda name=name: way.save(name, value)),
            ("load", lambda name=name: way.load(name)),
            ("part", lambda name=name: way.part(name)),
        ):
            clock = time.perf_counter()
            found = work()
            took[step].append(time.perf_counter() - clock)
            wanted = {"load": value, "part": value[..., :COLUMNS]}.get(step)
            if wanted is not None and not np.array_equal(found, wanted):
                raise RuntimeError(f"{peer} gives back another array")
    more = memory("VmHWM") - before
    print(json.dumps({**{step: min(found) for step, found in took.items()}, "more_mb": more}))


if __name__ == "__main__":
    main()
