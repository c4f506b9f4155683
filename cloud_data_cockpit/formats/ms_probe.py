"""Looks into a casacore table in a process of its own, since a damaged one may end the process: rows, times, baselines.

Run as `python -P ms_probe.py TABLE RESULT`; RESULT becomes an npz without pickles. It imports nothing of this package.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

CHUNK = 100_000
MOST_MEMORY = 8 << 30
_ENDS = 3


def main(path: str, result: str) -> None:
    """Write what there is to know, or the words of casacore about what is wrong with the table."""
    _limit_memory()
    try:
        facts, arrays = look(path)
    except (RuntimeError, MemoryError, ValueError, TypeError, KeyError, IndexError) as error:
        facts, arrays = {"problem": str(error).strip()[:500] or type(error).__name__}, {}
    about = np.frombuffer(json.dumps(facts).encode(), dtype=np.uint8)
    np.savez(result, allow_pickle=False, facts=about, **arrays)


def look(path: str) -> tuple[dict[str, Any], dict[str, NDArray[np.int64]]]:
    """Facts as JSON and arrays about the table; everything that does not lie in tiles is read on the way."""
    import casacore.tables as ct

    table = ct.table(path, ack=False, readonly=True)
    managers = list(table.getdminfo().values())
    tiled = {column for held in managers if held["TYPE"].startswith("Tiled") for column in held["COLUMNS"]}
    plain = [name for name in table.colnames() if name not in tiled]
    for name in plain:
        _read_through(table, name)
    facts: dict[str, Any] = {
        "rows": int(table.nrows()),
        "managers": [int(held["SEQNR"]) for held in managers],
        "plain": plain,
    }
    arrays = {}
    if _is_scalar(table, "TIME"):
        arrays["times"] = _runs(table)
    if _is_scalar(table, "ANTENNA1") and _is_scalar(table, "ANTENNA2"):
        arrays["baselines"], arrays["baseline_rows"] = _baselines(table)
    return facts, arrays


def _is_scalar(table: Any, name: str) -> bool:
    return name in table.colnames() and bool(table.isscalarcol(name))


def _chunks(table: Any, name: str) -> Iterator[Any]:
    for start in range(0, table.nrows(), CHUNK):
        yield table.getcol(name, start, min(CHUNK, table.nrows() - start))


def _read_through(table: Any, name: str) -> None:
    """Read a column so that damage is met here: all of a scalar one, the first and last cells of arrays."""
    if table.isscalarcol(name):
        for _ in _chunks(table, name):
            pass
        return
    rows = table.nrows()
    for row in {*range(min(_ENDS, rows)), *range(max(0, rows - _ENDS), rows)}:
        if table.iscelldefined(name, row):
            table.getcell(name, row)


def _runs(table: Any) -> NDArray[np.int64]:
    """Rows at which TIME is not that of the row before."""
    found = []
    before = np.zeros(0)
    start = 0
    for times in _chunks(table, "TIME"):
        joined = np.concatenate([before, times])
        changes = np.flatnonzero(joined[1:] != joined[:-1]) + 1 - len(before) + start
        found.append(changes if start else np.concatenate([[0], changes]))
        before = times[-1:]
        start += len(times)
    return np.concatenate([np.zeros(0, dtype=np.int64), *found]).astype(np.int64)


def _baselines(table: Any) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """ANTENNA1 * 2**32 + ANTENNA2 of each baseline, ascending, and how many rows it has."""
    rows: dict[int, int] = {}
    for one, other in zip(_chunks(table, "ANTENNA1"), _chunks(table, "ANTENNA2"), strict=True):
        codes, counts = np.unique((one.astype(np.int64) << 32) + other, return_counts=True)
        for code, count in zip(codes.tolist(), counts.tolist(), strict=True):
            rows[code] = rows.get(code, 0) + count
    codes_held = sorted(rows)
    return np.array(codes_held, dtype=np.int64), np.array([rows[code] for code in codes_held], dtype=np.int64)


def _limit_memory() -> None:
    """A damaged length may ask for more memory than there is; let that fail in this process only."""
    import resource

    resource.setrlimit(resource.RLIMIT_DATA, (MOST_MEMORY, MOST_MEMORY))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
