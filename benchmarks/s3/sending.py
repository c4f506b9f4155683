"""Uploads from Jupyter's directory: one file of 1 GiB, and 1,000 of 64 KiB."""

from __future__ import annotations

import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .cases import BUCKET, Case, Peer, Place, Work
from .clients import boto, connection, obstore_store, s5cmd_environment
from .places import LARGE_MIB, MIB, SMALL_COUNT, SMALL_SIZE, with_large_file, with_small_files

AT_ONCE = 16


def ours(place: Place, name: str) -> Work:
    """The work of an upload job, which remembers each part on disk as it does in the server."""
    from cloud_data_cockpit.jobs.directory import set_directory
    from cloud_data_cockpit.jobs.progress import Progress
    from cloud_data_cockpit.jobs.runner import new_job
    from cloud_data_cockpit.jobs.sending import SEND
    from cloud_data_cockpit.jobs.store import Store, default_path
    from cloud_data_cockpit.models import SendRequest

    connection(place)
    set_directory(Path(place.folder))
    store = Store(default_path())

    def work() -> int:
        fields = {"connection": "benchmark", "bucket": BUCKET, "paths": [name], "prefix": "ours/"}
        request = SendRequest.model_validate({"kind": "upload", **fields, "on_conflict": "replace"})
        job = new_job(SEND, request)
        store.save(job, "benchmark")
        if SEND.work is None:
            raise RuntimeError("jobs of this kind have no work")
        done = SEND.work(request, Progress(lambda changes: None, threading.Event(), job_id=job.id, store=store))
        return int(done["done"])

    return work


def boto3_large(place: Place) -> Work:
    """boto3's upload_file, which is s3transfer."""
    client, path = boto(place), Path(place.folder) / "large"

    def work() -> int:
        client.upload_file(str(path), BUCKET, "boto3/large")
        return LARGE_MIB * MIB

    return work


def obstore_large(place: Place) -> Work:
    """obstore.put of a path, in parts of its own choice."""
    import obstore

    store, path = obstore_store(place), Path(place.folder) / "large"

    def work() -> int:
        obstore.put(store, "obstore/large", path)
        return LARGE_MIB * MIB

    return work


def s5cmd(place: Place, name: str, size: int) -> Work:
    """s5cmd cp, a process for each run."""
    source = f"{place.folder}/{name}"
    command = ["s5cmd", "--endpoint-url", place.endpoint, "cp", source, f"s3://{BUCKET}/s5cmd/"]

    def work() -> int:
        subprocess.run(command, env=s5cmd_environment(), capture_output=True, check=True)
        return size

    return work


def boto3_small(place: Place) -> Work:
    """put_object, called by 16 threads."""
    client, pool = boto(place), ThreadPoolExecutor(AT_ONCE)

    def one(path: Path) -> int:
        client.put_object(Bucket=BUCKET, Key=f"boto3/{path.name}", Body=path.read_bytes())
        return SMALL_SIZE

    return lambda: sum(pool.map(one, (Path(place.folder) / "many").iterdir()))


def obstore_small(place: Place) -> Work:
    """obstore.put, called by 16 threads."""
    import obstore

    store, pool = obstore_store(place), ThreadPoolExecutor(AT_ONCE)

    def one(path: Path) -> int:
        obstore.put(store, f"obstore/{path.name}", path.read_bytes())
        return SMALL_SIZE

    return lambda: sum(pool.map(one, (Path(place.folder) / "many").iterdir()))


CASES = {
    "send-large": Case(
        "1 GiB from Jupyter's directory",
        "bytes",
        {
            "ours": Peer(lambda place: ours(place, "large")),
            "boto3": Peer(boto3_large),
            "obstore": Peer(obstore_large),
            "s5cmd": Peer(lambda place: s5cmd(place, "large", LARGE_MIB * MIB), needs="s5cmd"),
        },
        with_large_file,
    ),
    "send-small": Case(
        "1,000 files of 64 KiB from Jupyter's directory",
        "bytes",
        {
            "ours": Peer(lambda place: ours(place, "many")),
            "boto3": Peer(boto3_small),
            "obstore": Peer(obstore_small),
            "s5cmd": Peer(lambda place: s5cmd(place, "many/*", SMALL_COUNT * SMALL_SIZE), needs="s5cmd"),
        },
        with_small_files,
    ),
}
