"""Where indexes and manifests are kept on this machine, and how a file is written: whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from jupyter_core.paths import jupyter_data_dir

from ..errors import CockpitError


def data_directory(name: str) -> Path:
    """The folder `name` ("indexes", "manifests") in Jupyter's data directory of this moment; it may not exist yet."""
    return Path(jupyter_data_dir()) / "cloud-data-cockpit" / name


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """A file that appears under `path` when the block ends well, and leaves nothing behind when it does not.

    CockpitError when the folder cannot be written or the disk is full.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name[:40]}.", delete=False) as file:
            try:
                yield file.file
                file.flush()
                os.fsync(file.fileno())
                file.close()
                Path(file.name).replace(path)
            except BaseException:
                file.close()
                Path(file.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        raise CockpitError(
            f"cannot write {path}: {error.strerror or error}; make room or choose another place"
        ) from error
