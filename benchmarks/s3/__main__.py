"""`python -m benchmarks.s3 [NAME ...]`: measure the S3 layer beside its peers, in one run, against one server."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from . import listing
from .cases import Case, Figures, measure
from .null_server import null_server

CASES: dict[str, Case] = {**listing.CASES}
"""All cases by name; a further subject adds its own here."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.s3", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(CASES)}; all by default")
    parser.add_argument("--one", nargs=2, metavar=("PEER", "ENDPOINT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if unknown := set(options.names) - set(CASES):
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(CASES)}")
    if options.one:
        peer, endpoint = options.one
        print(json.dumps(dataclasses.asdict(measure(CASES[options.names[0]].peers[peer], endpoint))))
        return
    with null_server() as endpoint:
        for name in options.names or CASES:
            _show(name, CASES[name], endpoint)


def _show(name: str, case: Case, endpoint: str) -> None:
    print(f"\n{case.title}\n\n| | seconds | of the processor | times the fastest peer | peak MB | {case.unit}/s |")
    print("|---|--:|--:|--:|--:|--:|")
    figures = {peer: _measured(name, peer, endpoint) for peer, one in case.peers.items() if not one.missing}
    others = [found.seconds for peer, found in figures.items() if not peer.startswith(("ours", "bytes"))]
    for peer, found in figures.items():
        times = f"{found.seconds / min(others):.1f}x" if others else ""
        rate = f"{found.items / found.seconds:,.0f}"
        print(f"| {peer} | {found.seconds:.2f} | {found.processor:.2f} | {times} | {found.peak_mb:.0f} | {rate} |")
    for missing in [one.needs for one in case.peers.values() if one.missing]:
        print(f"\n{missing} is not on this machine and was left out.")


def _measured(name: str, peer: str, endpoint: str) -> Figures:
    """In a process of its own, whose home is empty."""
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "HOME": home, "JUPYTER_DATA_DIR": str(Path(home) / "jupyter")}
        command = [sys.executable, "-m", "benchmarks.s3", name, "--one", peer, endpoint]
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return Figures(**json.loads(done.stdout))


if __name__ == "__main__":
    main()
