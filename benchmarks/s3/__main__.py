"""`python -m benchmarks.s3 [NAME ...]`: measure the S3 layer beside its peers, in one run, against one server.

The sides take turns, in another order each round, so that what else goes on strikes all of them; a ratio is ours over
theirs of the same round. Prints the median of the rounds, and how far the ratios spread.
"""

from __future__ import annotations

import argparse
import os
import statistics
from contextlib import ExitStack

from . import browser, listing, ranges, sending
from .cases import Case, Figures, Place, Side, take_turns

CASES: dict[str, Case] = {**listing.CASES, **ranges.CASES, **sending.CASES, **browser.CASES}
"""All cases by name; a further subject adds its own here."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.s3", description="Measure the S3 layer and its peers.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(CASES)}; all by default")
    parser.add_argument("--rounds", type=int, help="turns of each side that count; by default as the case has it")
    parser.add_argument("--one", nargs=3, metavar=("PEER", "ENDPOINT", "FOLDER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if unknown := set(options.names) - set(CASES):
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(CASES)}")
    if options.one:
        peer, endpoint, folder = options.one
        take_turns(CASES[options.names[0]].peers[peer], Place(endpoint, folder))
        return
    for name in options.names or CASES:
        before = os.getloadavg()[0]
        _show(CASES[name], _compared(name, CASES[name], options.rounds or CASES[name].rounds))
        print(f"\n{os.cpu_count()} processors; load {before:.1f} before, {os.getloadavg()[0]:.1f} after", flush=True)


def _compared(name: str, case: Case, rounds: int) -> dict[str, list[Figures]]:
    with case.place() as place, ExitStack() as stack:
        sides = {n: stack.enter_context(Side(name, n, place)) for n, peer in case.peers.items() if not peer.missing}
        found: dict[str, list[Figures]] = {peer: [] for peer in sides}
        order = list(sides)
        for _ in range(rounds):
            for peer in order:
                found[peer].append(sides[peer].turn())
            order = order[1:] + order[:1]
        return found


def _show(case: Case, found: dict[str, list[Figures]]) -> None:
    ours = list(found)[: case.ours]
    over = ["ours over it (spread)"] if case.ours == 1 else [f"{name} over it (spread)" for name in ours]
    print(f"\n{case.title}\n\n| | seconds | of the processor | {' | '.join(over)} | MB | {case.unit}/s |")
    print("|---|--:|--:|" + "--:|" * len(ours) + "--:|--:|")
    for peer, turns in found.items():
        seconds = statistics.median(turn.seconds for turn in turns)
        processor = statistics.median(turn.processor for turn in turns)
        ratios = " | ".join(_ratio(found[name], turns) for name in ours)
        memory, rate = max(turn.peak_mb for turn in turns), turns[-1].items / seconds
        print(f"| {peer} | {seconds:.2f} | {processor:.2f} | {ratios} | {memory:.0f} | {rate:,.0f} |")
    for missing in {peer.needs for peer in case.peers.values() if peer.missing}:
        print(f"\n{missing} is not on this machine and was left out.")


def _ratio(ours: list[Figures], theirs: list[Figures]) -> str:
    ratios = [one.seconds / other.seconds for one, other in zip(ours, theirs, strict=True)]
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


if __name__ == "__main__":
    main()
