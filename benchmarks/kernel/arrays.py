"""256 MiB of float64 saved, loaded, and 1 % of it: Arrays beside Zarr, cottoncandy and boto3, each by itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from . import array_peers

ROUNDS = 3
NEEDS = {"zarr + s3fs": "s3fs", "zarr + obstore": "obstore", "cottoncandy": "cottoncandy", "boto3": "boto3"}
Row = dict[str, float]


def run(peer_python: str | None = None) -> None:
    """Print a table for noise and one for a field that shrinks; peers that this Python has not run by `peer_python`."""
    from cloud_data_cockpit.demo.process import DemoProcess

    sys.stdout.reconfigure(line_buffering=True)
    for kind in ("noise", "field"):
        with tempfile.TemporaryDirectory() as place, DemoProcess(Path(place)) as service:
            found: dict[str, Row] = {}
            keys = [service.endpoint_url, service.access_key, service.secret_key]
            for number in range(ROUNDS):  # in turns, so that what else the machine does meets all of them
                for peer in array_peers.PEERS:
                    _make_bucket(keys)
                    python = _python_of(peer, peer_python)
                    row = _measured(python, peer, [*keys, "arrays", kind, "1"]) if python else None
                    if row is not None:
                        found[peer] = {step: min(took, found.get(peer, row)[step]) for step, took in row.items()}
                    elif not number:
                        print(f"{peer}: left out, not installed here; give --peer-python")
            _show(kind, found)


def _show(kind: str, found: dict[str, Row]) -> None:
    first = found["Arrays"]
    print(f"\n256 MiB of float64, {kind}; best of {ROUNDS} rounds in turns\n")
    print("| | save s | load s | 1 % s | more memory MB | of Arrays: save, load, 1 % |\n|---|--:|--:|--:|--:|---|")
    for peer, row in found.items():
        times = ", ".join(f"{row[step] / first[step]:.1f}x" for step in ("save", "load", "part"))
        figures = f"{row['save']:.2f} | {row['load']:.2f} | {row['part']:.3f} | {row['more_mb']:.0f}"
        print(f"| {peer} | {figures} | {times} |")


def _python_of(peer: str, peer_python: str | None) -> str | None:
    needed = next((library for name, library in NEEDS.items() if peer.startswith(name)), None)
    return sys.executable if needed is None or find_spec(needed) else peer_python


def _measured(python: str, peer: str, arguments: list[str]) -> Row | None:
    environment = {**os.environ, "AWS_EC2_METADATA_DISABLED": "true"}
    if python != sys.executable:
        environment.pop("PYTHONPATH", None)
    command = [python, array_peers.__file__, peer, *arguments]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        print(f"{peer} failed; its error stands above")
        return None
    row: Row = json.loads(done.stdout.splitlines()[-1])
    return row


def _make_bucket(keys: list[str]) -> None:
    """An empty one for every peer: the disk need not hold what others saved."""
    import boto3
    from botocore.config import Config

    client = boto3.client(
        "s3",
        endpoint_url=keys[0],
        aws_access_key_id=keys[1],
        aws_secret_access_key=keys[2],
        region_name="us-east-1",
        config=Config(s3={"addressing_style": "path"}),
    )
    if "arrays" in [bucket["Name"] for bucket in client.list_buckets()["Buckets"]]:
        pages = client.get_paginator("list_objects_v2").paginate(Bucket="arrays")
        for page in pages:
            gone = [{"Key": entry["Key"]} for entry in page.get("Contents", [])]
            if gone:
                client.delete_objects(Bucket="arrays", Delete={"Objects": gone})
        client.delete_bucket(Bucket="arrays")
    client.create_bucket(Bucket="arrays")
