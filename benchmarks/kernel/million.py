"""A manifest of a million slices: saved and loaded, seconds and memory, each in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from .array_peers import memory

SLICES = 1_000_000
LENGTH = 12_345


def run() -> None:
    """Print what saving and loading take, with the aims."""
    with tempfile.TemporaryDirectory() as place:
        print(
            f"\n{SLICES:,} slices\n\n"
            "| | seconds | of the processor | more memory MB | bytes of the file |\n|---|--:|--:|--:|--:|"
        )
        for step in ("save", "load"):
            command = [sys.executable, "-m", __name__, step, place]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            row = json.loads(done.stdout)
            print(
                f"| {step} | {row['seconds']:.2f} | {row['processor']:.2f} | {row['more_mb']:.0f} | {row['bytes']:,} |"
            )
    print("\naims: to load takes less than 1 s and 200 MB; best of 3 loads, memory at its peak beyond the imports")


def save(place: Path) -> dict[str, float]:
    """Made in memory as a cut makes them, then written."""
    from cloud_data_cockpit.models import Manifest, SliceTable
    from cloud_data_cockpit.slicing.sharing import save as save_manifest

    numbers = list(range(SLICES))
    table = SliceTable(
        records=[100] * SLICES,
        range_counts=[1] * SLICES,
        offsets=[number * LENGTH for number in numbers],
        lengths=[LENGTH] * SLICES,
    )
    manifest = Manifest(
        id="million-01234567",
        created=datetime.now(UTC),
        uri="s3://bucket/key.csv",
        etag="0123456789abcdef",
        size=SLICES * LENGTH,
        connection=None,
        format="text",
        format_version=1,
        params={},
        shared={},
        records=100 * SLICES,
        notes=[],
        slices=table,
    )
    before = memory("VmRSS", afresh=True)
    clock, processor = time.perf_counter(), time.process_time()
    path = Path(save_manifest(manifest, place / "million.json"))
    took = {"seconds": time.perf_counter() - clock, "processor": time.process_time() - processor}
    return {**took, "more_mb": memory("VmHWM") - before, "bytes": path.stat().st_size}


def load(place: Path) -> dict[str, float]:
    """By the path of the file, and one slice of it asked for."""
    from cloud_data_cockpit import load_slices
    from cloud_data_cockpit.slicing import manifests

    path = place / "million.json"
    before, took = memory("VmRSS", afresh=True), []
    for _ in range(3):
        manifests._parsed.cache_clear()
        clock, processor = time.perf_counter(), time.process_time()
        slices = load_slices(path)
        if (len(slices), slices[SLICES - 1].nbytes) != (SLICES, LENGTH):
            raise RuntimeError("other slices than were saved")
        took.append((time.perf_counter() - clock, time.process_time() - processor))
        if len(took) == 1:
            more = memory("VmHWM") - before
        del slices
    return {
        "seconds": min(took)[0],
        "processor": min(used for _, used in took),
        "more_mb": more,
        "bytes": path.stat().st_size,
    }


if __name__ == "__main__":
    print(json.dumps({"save": save, "load": load}[sys.argv[1]](Path(sys.argv[2]))))
