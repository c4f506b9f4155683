"""The file by which the demo service tells this user's other processes how to reach it."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from ..errors import BadRequest, CredentialsError
from .clients import Keys, check_endpoint


def demo_path() -> Path:
    """<Jupyter data directory>/cloud-data-cockpit/demo.json, whether or not it is there."""
    from jupyter_core.paths import jupyter_data_dir

    return Path(jupyter_data_dir()) / "cloud-data-cockpit" / "demo.json"


def write_demo(endpoint_url: str, access_key: str, secret_key: str) -> Path:
    """Announce the demo service to this user's notebooks and servers; the file is readable by the user alone."""
    path = demo_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    record = {"endpoint_url": check_endpoint(endpoint_url), "access_key": access_key, "secret_key": secret_key}
    # mkstemp makes the file 0600 from the first moment; the rename shows it whole or not at all.
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".demo-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(record, file)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return path


def forget_demo(endpoint_url: str) -> None:
    """Take the announcement back, unless another demo service has announced itself since."""
    found = read_demo()
    if found is not None and found[0] == check_endpoint(endpoint_url):
        demo_path().unlink(missing_ok=True)


def read_demo() -> tuple[str, Keys] | None:
    """Endpoint and keys of the demo service; None when none has announced itself. CredentialsError: unreadable file."""
    path = demo_path()
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        return check_endpoint(record["endpoint_url"]), Keys(str(record["access_key"]), str(record["secret_key"]))
    except FileNotFoundError:
        return None
    except (BadRequest, ValueError, KeyError, TypeError, OSError) as error:
        raise CredentialsError(
            f"{path} cannot be used ({type(error).__name__}); start the demo again: cloud-data-cockpit demo"
        ) from None
