"""Jupyter's own directory: what lies in it may be read and written by jobs, and nothing else."""

from __future__ import annotations

from pathlib import Path

from ..errors import AccessDenied, BadRequest

_root: Path | None = None


def set_directory(root: Path | None) -> None:
    """Said once by the server; None where Jupyter keeps its files in no directory of this machine."""
    global _root
    _root = root.resolve() if root is not None else None


def directory() -> Path:
    """The real path of Jupyter's directory. BadRequest where there is none."""
    if _root is None:
        raise BadRequest("this Jupyter server keeps its files in no directory; use what it shows for them instead")
    return _root


def inside(path: str) -> Path:
    """The real path of `path`, which is relative to Jupyter's directory; it need not be there.

    Links are followed. BadRequest when it is no such path, AccessDenied when it leads outside.
    """
    root = directory()
    if "\x00" in path or Path(path.strip("/")).is_absolute() or Path(path).drive:
        raise BadRequest(f"{path!r} is no path below Jupyter's directory; choose one in its file browser")
    try:
        real = (root / path.strip("/")).resolve()
    except (OSError, RuntimeError):
        raise BadRequest(f"{path!r} cannot be followed; it may be a link that leads to itself") from None
    check_inside(real, path)
    return real


def check_inside(real: Path, shown: str) -> None:
    """AccessDenied when a real path is not in Jupyter's directory."""
    if not real.is_relative_to(directory()):
        raise AccessDenied(f"{shown!r} leads outside of Jupyter's directory; copy it there first")
