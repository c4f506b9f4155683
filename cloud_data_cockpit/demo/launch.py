"""The `demo` command: the demo S3 service, its sample data, and JupyterLab with the panel open."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from ..errors import MissingExtra, NotFound
from ..s3 import connections, objects
from .process import DemoProcess
from .samples import make_samples

BUCKET = "demo"


def default_directory() -> Path:
    """Where the demo service keeps its data: below the user's Jupyter data folder, so that it is there the next day."""
    from jupyter_core.paths import jupyter_data_dir

    return Path(jupyter_data_dir()) / "cloud-data-cockpit" / "demo-s3"


def seed(connection: connections.Connection) -> list[str]:
    """Put the samples that are not there yet into the demo bucket; the keys that were added."""
    if BUCKET not in {bucket.name for bucket in objects.list_buckets(connection)}:
        objects.create_bucket(connection, BUCKET)
    added = []
    for key, (content, content_type) in make_samples().items():
        try:
            objects.head(connection, BUCKET, key)
        except NotFound:
            connection.client.put_object(Bucket=BUCKET, Key=key, Body=content, ContentType=content_type)
            added.append(key)
    return added


def launch(*, directory: Path | None, notebook_dir: Path, port: int, s3_port: int, browser: bool) -> int:
    """Run both until JupyterLab ends; its exit status. The samples go into the bucket `demo`."""
    if find_spec("jupyterlab") is None:
        raise MissingExtra("the demo opens JupyterLab, which is not installed here: pip install 'jupyterlab>=4.2,<5'")
    with DemoProcess(directory or default_directory(), port=s3_port) as service:
        connections.write_demo(service.endpoint_url, service.access_key, service.secret_key)
        try:
            seed(connections.resolve("demo"))
            return _wait_for(lab_command(notebook_dir, port, browser))
        finally:
            connections.forget_demo(service.endpoint_url)


def _wait_for(command: list[str]) -> int:
    """Run `command` to its end; its exit status. Ctrl-C is its own to answer, and a SIGTERM is handed on to it."""
    with subprocess.Popen(command) as process:
        signal.signal(signal.SIGTERM, lambda number, frame: process.terminate())
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                continue  # JupyterLab was interrupted too, and asks whether that was meant


def lab_command(notebook_dir: Path, port: int, browser: bool) -> list[str]:
    """The command that starts JupyterLab with the panel open on the demo connection."""
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        f"--ServerApp.root_dir={notebook_dir.absolute()}",
        f"--ServerApp.port={port}",
        "--CloudDataCockpit.open_panel=True",
        "--CloudDataCockpit.default_connection=demo",
    ]
    if not browser:
        command.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    return command
