"""Index, cut in 8 and read all: ours and Dataplug's, in turns against one server, as ratios.

Usage: python benchmarks/formats.py [--size-mb 100] [--dir D] [--repeat 2] [--seed 1] [csv fasta ...]. Each
measurement is a process of its own, so that its whole peak memory is seen. Dataplug's FASTQ needs gztool on the PATH,
its COPC needs pyproj; what cannot be measured is said, with the reason. Prints Markdown. Needs Linux or macOS.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

MB = 1_000_000
BUCKET = "benchmark"
SLICES = 8
PATIENCE = 1800
LIBRARIES = ("boto3", "numpy", "pandas", "pyarrow", "pyarrow.csv", "isal.isal_zlib", "laspy", "lazrs", "rasterio")
OURS = ("slicing.partition", "s3.source", "s3.connections")
STARTED = 0.0
UNIT = 1 if sys.platform == "darwin" else 1024
Read = Callable[[Any], int]


@dataclass(frozen=True)
class Case:
    """One format: how it is cut and read on both sides.

    ours: parameters of partition; reads: label -> how a slice is read, the first compares with Dataplug's get().
    also: parameters of partition that a further row has instead, by its label.
    passes: how often the bytes must be read at least; floor: what must be computed at least, as often.
    """

    aim: float
    module: str
    data_format: str
    strategy: str
    arguments: dict[str, Any]
    ours: dict[str, Any]
    reads: dict[str, Read]
    also: dict[str, dict[str, Any]] = field(default_factory=dict)
    passes: int = 2
    floor: str = "scan"
    preprocess: dict[str, Any] = field(default_factory=dict)
    their_ending: tuple[str, str] = ("", "")


def _array_bytes(spectra: Any) -> int:
    return sum(spectrum.mz.nbytes + spectrum.intensity.nbytes for spectrum in spectra)


CASES: dict[str, Case] = {
    "csv": Case(
        3,
        "generic.csv",
        "CSV",
        "partition_num_chunks",
        {"num_chunks": SLICES},
        {"num_slices": SLICES},
        {
            "read(): bytes": lambda piece: len(piece.read()),
            "to_text(): str": lambda piece: len(piece.to_text()),
            "get(): pandas": lambda piece: len(piece.get()),
            "read(), types=text": lambda piece: len(piece.read()),
        },
        also={"read(), types=text": {"num_slices": SLICES, "types": "text"}},
    ),
    "fasta": Case(
        2,
        "genomics.fasta",
        "FASTA",
        "partition_chunks_strategy",
        {"num_chunks": SLICES},
        {"num_slices": SLICES, "cut_sequences": True},
        {
            "read(): bytes": lambda piece: len(piece.read()),
            "get(): records": lambda piece: sum(len(record.sequence) for record in piece.get()),
        },
        preprocess={"chunk_size": "an eighth"},
    ),
    "fastq": Case(
        5,
        "genomics.fastq",
        "FASTQGZip",
        "partition_reads_batches",
        {"num_batches": SLICES},
        {"num_slices": SLICES},
        {
            "iter_lines(): list of str": lambda piece: len(list(piece.iter_lines())),
            "read(): bytes": lambda piece: len(piece.read()),
            "get(): reads": lambda piece: len(piece.get()),
        },
        floor="isal",
    ),
    "vcf": Case(
        3,
        "genomics.vcf",
        "VCF",
        "partition_num_chunks",
        {"num_chunks": SLICES},
        {"num_slices": SLICES},
        {
            "read(): bytes": lambda piece: len(piece.read()),
            "to_text(): str": lambda piece: len(piece.to_text()),
            "get(): the natural object": lambda piece: len(piece.get()),
        },
    ),
    "copc": Case(
        5,
        "geospatial.copc",
        "CloudOptimizedPointCloud",
        "square_split_strategy",
        {"num_chunks": SLICES},
        {"num_slices": SLICES},
        {
            "read(): bytes of LAS": lambda piece: len(piece.read()),
            "get(): LasData": lambda piece: len(piece.get().points),
            "read(), tiles=8": lambda piece: len(piece.read()),
        },
        also={"read(), tiles=8": {"tiles": SLICES}},
        passes=1,
        floor="lazrs",
    ),
    "cog": Case(
        3,
        "geospatial.cog",
        "CloudOptimizedGeoTiff",
        "grid_partition_strategy",
        {"n_splits": 3},
        {"num_slices": SLICES},
        {
            "to_numpy()": lambda piece: int(piece.to_numpy().nbytes),
            "to_numpy(), grid=3": lambda piece: int(piece.to_numpy().nbytes),
        },
        also={"to_numpy(), grid=3": {"grid": 3}},
        passes=1,
        floor="gdal",
    ),
    "imzml": Case(
        3,
        "metabolomics.imzml",
        "ImzML",
        "partition_chunks_strategy",
        {"chunk_size": "an eighth"},
        {"num_slices": SLICES},
        {"get(): spectra": lambda piece: _array_bytes(piece.get())},
        passes=1,
        floor="none",
        their_ending=(".imzML", ".ibd"),
    ),
}


# --- what runs in a process of its own


def run_ours(name: str, uri: str, label: str) -> dict[str, Any]:
    """Our side, with the default ways to scan and to read."""
    import cloud_data_cockpit
    from cloud_data_cockpit.registry import format_names, get_format

    case = CASES[name]
    # Neither side's imports are counted.
    for module in (*LIBRARIES, *(f"cloud_data_cockpit.{m}" for m in OURS)):
        with suppress(ImportError):
            import_module(module)
    for known in format_names():
        get_format(known)
    where = os.environ["AWS_ENDPOINT_URL"]
    keys = {"access_key": os.environ["AWS_ACCESS_KEY_ID"], "secret_key": os.environ["AWS_SECRET_ACCESS_KEY"]}
    before = peak()
    start = begin()
    connection = cloud_data_cockpit.connect("benchmark", endpoint_url=where, region="us-east-1", **keys)
    slices = cloud_data_cockpit.partition(uri, connection=connection, **case.also.get(label, case.ours))
    indexed = time.perf_counter()
    size = sum(case.reads[label](piece) for piece in slices)
    return result(start, indexed, len(slices), size, before) | {"largest": max(piece.nbytes for piece in slices)}


def run_theirs(name: str, uri: str, label: str) -> dict[str, Any]:
    """Dataplug's side, as its README has it: preprocess, partition, get."""
    from dataplug import CloudObject

    case = CASES[name]
    module = import_module(f"dataplug.formats.{case.module}")
    credentials = {
        "AccessKeyId": os.environ["AWS_ACCESS_KEY_ID"],
        "SecretAccessKey": os.environ["AWS_SECRET_ACCESS_KEY"],
    }
    config = {"endpoint_url": os.environ["AWS_ENDPOINT_URL"], "region_name": "us-east-1", "credentials": credentials}
    # Without this boto3 signs URLs in a way that S3 itself takes in old regions only, and the demo service not at all.
    config["botocore_config_kwargs"] = {"signature_version": "s3v4"}
    before = peak()
    start = begin()
    found = CloudObject.from_s3(getattr(module, case.data_format), uri, s3_config=config)
    found.preprocess(force=True, **_eighths(case.preprocess, found.size))
    pieces = found.partition(getattr(module, case.strategy), **_eighths(case.arguments, found.size))
    indexed = time.perf_counter()
    if name == "cog":
        # Its URLs are signed with this header, which it does not send.
        os.environ["GDAL_HTTP_HEADERS"] = "x-amz-request-payer: requester"
    size = 0
    for piece in pieces:
        size += _length(piece.get())
    return result(start, indexed, len(pieces), size, before)


def run_reference(name: str, uri: str, label: str) -> dict[str, Any]:
    """A plain way to do as much: the same bytes by ranges, 8 at once, and then the least work on them in one go.

    No bound: who computes while the bytes arrive, or in more threads, is faster.
    """
    from concurrent.futures import ThreadPoolExecutor

    import urllib3
    from botocore.config import Config
    from botocore.session import Session

    for module in LIBRARIES:
        with suppress(ImportError):
            import_module(module)
    settings = Config(signature_version="s3v4")
    where = os.environ["AWS_ENDPOINT_URL"]
    client = Session().create_client("s3", region_name="us-east-1", endpoint_url=where, config=settings)
    urls = []
    for one in (uri, uri.replace(".imzML", ".ibd")) if name == "imzml" else (uri,):
        bucket, _, key = one.removeprefix("s3://").partition("/")
        size = client.head_object(Bucket=bucket, Key=key)["ContentLength"]
        url = client.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": key})
        step = 8 << 20
        urls += [(url, f"bytes={at}-{min(at + step, size) - 1}") for at in range(0, size, step)]
    pool = urllib3.PoolManager(maxsize=SLICES)
    before = peak()
    start = begin()
    with ThreadPoolExecutor(SLICES) as threads:
        for _ in range(CASES[name].passes):
            parts = list(threads.map(lambda u: pool.request("GET", u[0], headers={"Range": u[1]}), urls))
    read = time.perf_counter()
    if any(part.status != 206 for part in parts):
        raise SystemExit("the server does not answer ranges")
    for _ in range(CASES[name].passes):
        FLOORS[CASES[name].floor]([part.data for part in parts])
    return result(start, read, len(urls), sum(len(part.data) for part in parts), before)


def _scan(parts: list[bytes]) -> None:
    import numpy as np

    for part in parts:
        np.count_nonzero(np.frombuffer(part, dtype=np.uint8) == 10)


def _inflate(parts: list[bytes]) -> None:
    from isal import isal_zlib

    decoder = isal_zlib.decompressobj(31)
    for part in parts:
        decoder.decompress(part)


def _decode_points(parts: list[bytes]) -> None:
    from laspy.copc import CopcReader

    CopcReader(io.BytesIO(b"".join(parts))).query()


def _decode_pixels(parts: list[bytes]) -> None:
    from rasterio.io import MemoryFile

    with MemoryFile(b"".join(parts)) as held, held.open() as image:
        image.read()


FLOORS: dict[str, Callable[[list[bytes]], None]] = {
    "none": lambda parts: None,
    "scan": _scan,
    "isal": _inflate,
    "lazrs": _decode_points,
    "gdal": _decode_pixels,
}


def begin() -> float:
    """The clock, and the processor time from which that of the process is counted."""
    global STARTED
    STARTED = time.process_time()
    return time.perf_counter()


def peak() -> int:
    """The most memory that this process or one that it started has had, in bytes."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * UNIT
    status = Path("/proc/self/status")
    if not status.exists():
        return max(children, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * UNIT)
    # Linux counts into ru_maxrss what the process that started this one had.
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
    return max(children, int(line.split()[1]) * 1024)


def result(start: float, indexed: float, slices: int, size: int, before: int) -> dict[str, Any]:
    end = time.perf_counter()
    return {
        "index": indexed - start,
        "read": end - indexed,
        "slices": slices,
        "size": size,
        "before": before,
        "peak": peak(),
        "cpu": time.process_time() - STARTED,
    }


def _eighths(arguments: dict[str, Any], size: int) -> dict[str, Any]:
    # Rounded down for a preprocessing in chunks, of which Dataplug leaves out the last when it is not a whole one.
    return {name: size // SLICES if value == "an eighth" else value for name, value in arguments.items()}


def _length(found: Any) -> int:
    return int(found.nbytes) if hasattr(found, "nbytes") else len(found)


# --- the table


def measured(side: str, name: str, uri: str, label: str, environment: dict[str, str]) -> dict[str, Any]:
    """One run in a new process with a home of its own; {"why": ...} when it fails."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as home:
        own = {**environment, "HOME": home, "JUPYTER_DATA_DIR": home}
        command = [sys.executable, "-W", "ignore", __file__, "--side", side, "--uri", uri, "--label", label, name]
        try:
            done = subprocess.run(command, env=own, capture_output=True, text=True, timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            return {"why": f"it takes more than {PATIENCE} s"}
    if done.returncode:
        last = [line for line in done.stderr.splitlines() if line.strip()] or ["no message"]
        return {"why": last[-1][:160]}
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def fastest(name: str, uri: str, environment: dict[str, str], repeat: int) -> dict[tuple[str, str], dict[str, Any]]:
    """The fastest run by (side, label). The sides take turns, so that what else the machine does meets all of them."""
    case = CASES[name]
    old, new = case.their_ending
    runs = [("theirs", "get"), ("reference", ""), *(("ours", label) for label in case.reads)]
    best: dict[tuple[str, str], dict[str, Any]] = {}
    for _ in range(repeat):
        for side, label in runs:
            place = uri.replace(old, new) if old and side == "theirs" else uri
            found = measured(side, name, place, label, environment)
            before = best.get((side, label), {"why": "it was not run"})
            if "why" in before or ("why" not in found and _total(found) < _total(before)):
                best[side, label] = found
    return best


def table(names: list[str], directory: Path, asked: argparse.Namespace) -> Iterator[str]:
    """The rows, as they are measured."""
    import boto3
    from make_files import make

    from cloud_data_cockpit.demo.process import DemoProcess

    with tempfile.TemporaryDirectory(dir=directory) as store, DemoProcess(Path(store)) as service:
        environment = {
            **os.environ,
            "AWS_ENDPOINT_URL": service.endpoint_url,
            "AWS_ACCESS_KEY_ID": service.access_key,
            "AWS_SECRET_ACCESS_KEY": service.secret_key,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            # Dataplug's COG goes through GDAL alone, which knows the endpoint by these only.
            "AWS_S3_ENDPOINT": service.endpoint_url.removeprefix("http://"),
            "AWS_HTTPS": "NO",
            "AWS_VIRTUAL_HOSTING": "FALSE",
        }
        client = boto3.client(
            "s3",
            endpoint_url=service.endpoint_url,
            region_name="us-east-1",
            aws_access_key_id=service.access_key,
            aws_secret_access_key=service.secret_key,
        )
        client.create_bucket(Bucket=BUCKET)
        for name in names:
            paths = make(name, directory, asked.size_mb, asked.seed)
            for path in paths:
                client.upload_file(str(path), BUCKET, path.name)
            main = next((path for path in paths if path.suffix != ".ibd"), paths[0])
            size = sum(path.stat().st_size for path in paths)
            yield from rows(name, f"s3://{BUCKET}/{main.name}", size, environment, asked.repeat)
            for path in paths:
                client.delete_object(Bucket=BUCKET, Key=path.name)


def rows(name: str, uri: str, size: int, environment: dict[str, str], repeat: int) -> Iterator[str]:
    """One row for each way to read a slice of ours; the first has Dataplug's figures."""
    case = CASES[name]
    best = fastest(name, uri, environment, repeat)
    theirs, reference = best["theirs", "get"], best["reference", ""]
    for number, label in enumerate(case.reads):
        yield row(name if not number else "", label, size, best["ours", label], theirs, reference, case.aim)


def row(
    name: str,
    label: str,
    size: int,
    ours: dict[str, Any],
    theirs: dict[str, Any],
    reference: dict[str, Any],
    aim: float,
) -> str:
    cells = [name, f"{size / MB:.0f}" if name else "", label, *_figures(ours, size)]
    if not name:
        cells += ["", "", ""]
    else:
        cells += _figures(theirs, size)
    both = "why" not in ours and "why" not in theirs
    ratio = f"{_total(theirs) / _total(ours):.1f}x" if both else "-"
    cells += [ratio, f"{aim:g}x" if name else ""]
    known = "why" not in ours and "why" not in reference
    cells += [f"{100 * _total(reference) / _total(ours):.0f} % of {_total(reference):.2f} s" if known else "-"]
    return f"| {' | '.join(cells)} |"


def _figures(found: dict[str, Any], size: int) -> list[str]:
    if "why" in found:
        return [f"not measurable: {found['why']}", "", ""]
    speed = size / MB / _total(found)
    seconds = f"{found['index']:.2f} + {found['read']:.2f} ({found['cpu']:.2f})"
    memory = f"{found['peak'] / MB:.0f} ({(found['peak'] - found['before']) / MB:.0f} more)"
    return [seconds, f"{speed:.0f}", memory]


def _total(found: dict[str, Any]) -> float:
    return float(found["index"] + found["read"])


HEAD = " | ".join(
    [
        "| format | MB | a slice is read by | ours: index + read (processor), s | MB/s | peak MB",
        "Dataplug: index + read (processor), s | MB/s | peak MB | faster | aim | of the reference |",
    ]
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("formats", nargs="*", metavar="format", help=", ".join(CASES))
    parser.add_argument("--size-mb", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--repeat", type=int, default=2)
    parser.add_argument("--dir", type=Path, help="keep the files here, and use those that are there")
    parser.add_argument("--side", choices=["ours", "theirs", "reference"], help=argparse.SUPPRESS)
    parser.add_argument("--uri", help=argparse.SUPPRESS)
    parser.add_argument("--label", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.side:
        run = {"ours": run_ours, "theirs": run_theirs, "reference": run_reference}[asked.side]
        print(json.dumps(run(asked.formats[0], asked.uri, asked.label)))
        return
    directory = asked.dir or Path(tempfile.mkdtemp(prefix="formats-"))
    try:
        print(f"Python {platform.python_version()}, {os.cpu_count()} processors, best of {asked.repeat}\n")
        print(HEAD)
        print("|---|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
        for line in table(asked.formats or list(CASES), directory, asked):
            print(line, flush=True)
    finally:
        if asked.dir is None:
            shutil.rmtree(directory)


if __name__ == "__main__":
    main()
