"""Every real sample against what its reference library found: detected, indexed, cut in any number, counted."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from cloud_data_cockpit.errors import CockpitError
from cloud_data_cockpit.formats.base import HEAD_BYTES, Cut, Format, Index
from cloud_data_cockpit.models import Slice
from cloud_data_cockpit.registry import detect_format, format_names
from cloud_data_cockpit.slicing.open import object_name, open_source
from cloud_data_cockpit.source import Source
from cloud_data_cockpit.tree import head_of

SAMPLES = Path(__file__).parents[3] / "shared" / "samples"
SLICE_COUNTS = (1, 2, 3, 7, 16, 64)
TIME_LIMIT = 30
MOST_RECORDS = 5000
"""Of larger files more slices than records would take minutes; what such cuts do is tested with small ones."""
MOST_READ = 300

# Folder of samples -> the formats of which one must recognise each of its files.
FORMATS: Mapping[str, tuple[str, ...]] = {
    "bam": ("bam", "cram"),
    "copc": ("copc",),
    "csv": ("csv",),
    "fasta": ("fasta",),
    "fastq": ("fastq",),
    "gzip": ("fastq-gz", "text-gz"),
    "hdf5": ("hdf5", "netcdf"),
    "imzml": ("imzml",),
    "las": ("las",),
    "ms": ("ms", "measurementset", "measurement-set"),
    "npy": ("npy",),
    "parquet": ("parquet",),
    "text": ("text",),
    "tiff": ("geotiff",),
    "vcf": ("vcf", "vcf-gz"),
    "zarr": ("zarr",),
}
LATER = ("bam", "hdf5", "npy", "parquet", "zarr")
COMPANIONS = (".fai", ".bai", ".crai", ".tbi", ".gzi", ".ibd")


def truth() -> dict[str, dict[str, Any]]:
    """What the reference libraries say of each sample; none where the samples are not on this machine."""
    path = SAMPLES / "truth.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def expected(folder: str, facts: Mapping[str, Any], shared: Mapping[str, Any]) -> int:
    """The number of records, from the key that this folder's reference library filled."""
    unended = 0 if facts.get("ends_with_newline", True) else 1
    if folder == "csv":
        return int(facts["nonblank_records"]) - int(shared["header"])
    if folder == "gzip":
        return int(facts.get("reads", facts["lines"] + unended))
    if folder == "text":
        return int(facts["lines_lf"]) + unended
    if folder == "tiff":
        return int(facts["shape"][1]) * int(facts["shape"][2])
    keys = {
        "copc": "copc_points",
        "fasta": "records_gt_lines",
        "fastq": "reads_pysam",
        "imzml": "spectra",
        "las": "points_read",
        "ms": "rows",
        "vcf": "records",
    }
    return int(facts[keys[folder]])


def real() -> list[str]:
    """Samples that are objects by themselves: neither companions nor parts of a directory."""
    names = (name for name in truth() if not name.endswith(COMPANIONS))
    return sorted(name for name in names if not name.startswith("ms/tTable_2.data_v1/"))


def negative(name: str) -> bool:
    return bool(truth()[name].get("negative") or truth()[name].get("error"))


def ignore(done: int, total: int) -> None:
    """Nobody asked for progress."""


def limited(work: Any, *arguments: Any) -> Any:
    """The result of `work`, or TimeoutError."""
    pool = ThreadPoolExecutor(1)
    try:
        return pool.submit(work, *arguments).result(TIME_LIMIT)
    finally:
        pool.shutdown(wait=False)


def opened(path: Path) -> tuple[Source, Format]:
    source = open_source(path)
    return source, detect_format(object_name(source.uri), head_of(source, HEAD_BYTES), source.size)


def indexed(path: Path) -> tuple[Source, Format, Index]:
    source, fmt = opened(path)
    return source, fmt, fmt.index(source, fmt.params(), ignore)


def cut(fmt: Format, index: Index, number: int) -> tuple[list[Slice], Cut]:
    made = fmt.partition(index, fmt.params(num_slices=number))
    return list(made.slices), made


def counted(fmt: Format, source: Source, made: Cut, slices: Iterable[Slice]) -> list[int]:
    return [fmt.count(source, made.shared, piece) for piece in slices]


def skip_unless_known(folder: str) -> None:
    if set(FORMATS[folder]) & set(format_names()):
        return
    if folder in LATER:
        pytest.skip(f"format arrives later: {folder}")
    pytest.fail(f"none of the formats {FORMATS[folder]} is in the registry")


def check(path: Path, folder: str, facts: Mapping[str, Any]) -> None:
    source, fmt, index = limited(indexed, path)
    assert fmt.name in FORMATS[folder]
    records = expected(folder, facts, cut(fmt, index, 1)[1].shared)
    assert index.records == records
    for asked in (*SLICE_COUNTS, *([records + 1] if records <= MOST_RECORDS else [])):
        slices, made = cut(fmt, index, asked)
        assert len(slices) == max(1, min(asked, records)), asked
        assert sum(piece.records for piece in slices) == records, asked
        read = slices if len(slices) <= MOST_READ else slices[:: len(slices) // MOST_READ + 1]
        assert counted(fmt, source, made, read) == [piece.records for piece in read], asked


@pytest.mark.skipif(not truth(), reason="the real sample files are not on this machine")
@pytest.mark.parametrize("name", [name for name in real() if not negative(name)])
def test_every_record_of_the_truth_in_any_number_of_slices(name: str, tmp_path: Path) -> None:
    folder, facts = name.split("/", 1)[0], truth()[name]
    skip_unless_known(folder)
    path = SAMPLES / name
    if not name.endswith(".tgz"):
        check(path, folder, facts)
        return
    with tarfile.open(path) as archive:
        archive.extractall(tmp_path, filter="data")
    for directory, held in facts.items():
        check(tmp_path / directory, folder, held)


@pytest.mark.skipif(not truth(), reason="the real sample files are not on this machine")
@pytest.mark.parametrize("name", [name for name in real() if negative(name)])
def test_what_the_reference_library_cannot_read_is_refused_in_time(name: str) -> None:
    folder = name.split("/", 1)[0]
    skip_unless_known(folder)
    with pytest.raises(CockpitError) as caught:
        limited(indexed, SAMPLES / name)
    assert len(caught.value.message) > 20
