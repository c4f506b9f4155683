"""Where uploads are measured: the demo service with an empty bucket, and a folder with what is to be sent."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cloud_data_cockpit.demo.process import DemoProcess

from .cases import ACCESS_KEY, BUCKET, SECRET_KEY, Place
from .clients import boto

MIB = 1 << 20
LARGE_MIB = 1024
SMALL_COUNT = 1000
SMALL_SIZE = 64 << 10


@contextmanager
def _service() -> Iterator[Place]:
    with (
        tempfile.TemporaryDirectory() as folder,
        DemoProcess(Path(folder) / "s3", access_key=ACCESS_KEY, secret_key=SECRET_KEY) as service,
    ):
        place = Place(service.endpoint_url, str(Path(folder) / "files"))
        Path(place.folder).mkdir()
        boto(place).create_bucket(Bucket=BUCKET)
        yield place


@contextmanager
def with_large_file() -> Iterator[Place]:
    """A file `large` of 1 GiB that cannot be compressed."""
    with _service() as place:
        with (Path(place.folder) / "large").open("wb") as file:
            for _ in range(LARGE_MIB):
                file.write(os.urandom(MIB))
        yield place


@contextmanager
def with_small_files() -> Iterator[Place]:
    """A folder `many` of 1,000 files of 64 KiB."""
    with _service() as place:
        many = Path(place.folder) / "many"
        many.mkdir()
        for number in range(SMALL_COUNT):
            (many / f"{number:06}").write_bytes(os.urandom(SMALL_SIZE))
        yield place
