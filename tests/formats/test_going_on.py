"""A scan of any format that was broken off goes on from the blocks that were kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cloud_data_cockpit.demo.samples import make_samples
from cloud_data_cockpit.errors import MissingExtra
from cloud_data_cockpit.formats.base import HEAD_BYTES
from cloud_data_cockpit.registry import detect_format
from cloud_data_cockpit.slicing.checkpoints import Checkpoint
from cloud_data_cockpit.slicing.open import open_source
from cloud_data_cockpit.tree import head_of


class Stopped(Exception):
    """The scan was broken off."""


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a sample of every format."""
    root = tmp_path_factory.mktemp("samples")
    for key, (content, _) in make_samples().items():
        path = root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root


def _scan_of(
    path: Path, directory: Path, stop_after: int | None, params: dict[str, Any] | None = None
) -> tuple[Any, list[Any]]:
    """(index, blocks scanned) of a sample; None for the index when it was Stopped after so many blocks."""
    source = open_source(path)
    format = detect_format(path.name, head_of(source, HEAD_BYTES), source.size)
    asked, scanned = format.params(**(params or {})), []

    def run(fn: Any, items: Any) -> Any:
        for item in items:
            if stop_after is not None and len(scanned) == stop_after:
                raise Stopped
            scanned.append(str(getattr(item, "numbers", item)))
            yield fn(item)

    kept = Checkpoint(directory, interval=0).over(run, source, format, asked, None)
    try:
        return format.index(source, asked, lambda done, total: None, run=kept, block_size=8192), scanned
    except Stopped:
        return None, scanned


SCANNED = [
    ("tables/weather.csv", {}),
    ("sequences/genome.fa", {}),
    ("sequences/reads.fastq", {}),
    ("sequences/reads.fastq.gz", {}),
    ("text/sentences.txt", {}),
    ("variants/family.vcf", {}),
    ("imaging/tissue.imzML", {}),
    ("point-clouds/terrain.laz", {"tiles": 4}),
    ("astronomy/array.ms", {}),
]
"""Formats that scan an object block by block; the others read its headers."""


@pytest.mark.parametrize(("key", "params"), SCANNED, ids=[key for key, _ in SCANNED])
def test_a_scan_of_every_format_goes_on(samples: Path, tmp_path: Path, key: str, params: dict[str, Any]) -> None:
    path = samples / key
    if not path.exists():
        pytest.skip(f"{key} cannot be made with what is installed")
    try:
        whole, blocks = _scan_of(path, tmp_path / "whole", None, params)
    except MissingExtra as error:
        pytest.skip(error.message)
    half = len(blocks) // 2
    assert half > 0
    assert _scan_of(path, tmp_path / "part", half, params) == (None, blocks[:half])
    index, scanned = _scan_of(path, tmp_path / "part", None, params)
    assert (index.records, index.facts) == (whole.records, whole.facts)
    assert index.arrays.keys() == whole.arrays.keys()
    assert all(np.array_equal(array, index.arrays[name]) for name, array in whole.arrays.items())
    assert scanned == blocks[half:]


def test_blocks_count_beside_the_same_companion_only(samples: Path, tmp_path: Path) -> None:
    for name in ("tissue.imzML", "tissue.ibd"):
        (tmp_path / name).write_bytes((samples / "imaging" / name).read_bytes())
    _, blocks = _scan_of(tmp_path / "tissue.imzML", tmp_path / "whole", None)
    _scan_of(tmp_path / "tissue.imzML", tmp_path / "part", 5)
    ibd = tmp_path / "tissue.ibd"
    ibd.write_bytes(ibd.read_bytes() + b"more")
    _, scanned = _scan_of(tmp_path / "tissue.imzML", tmp_path / "part", None)
    assert scanned == blocks
