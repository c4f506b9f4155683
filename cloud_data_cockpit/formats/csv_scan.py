"""Where the rows of a CSV block begin, for every state in which the block may be entered; vectorised and exact.

A run of adjacent quotes decides by its length and by what stands before it (rules of Python's csv module, not strict):
an even run changes nothing; an odd run inside a quoted field ends it; an odd run outside opens one if a delimiter, a
newline or the beginning stands before it, and is text otherwise. So after an odd run that cannot open, the state is
"outside" whatever it was before: from there on all entry states agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RECORD, FIELD, PLAIN, QUOTED, QUOTE, CR = range(6)
"""Entry states: at a record's first unit, at a field's, in an unquoted field, in a quoted one, after a quote in a
quoted one (its end, or half of a doubled quote), after a carriage return outside quotes."""

LF_UNIT, CR_UNIT = 10, 13
CACHED_UNITS = 1 << 19
SETTLE_UNITS = 1 << 16
"""So far behind the first quote all entry states agree, in nearly every file; where they do not, it costs time only."""

Units = NDArray[np.uint8]
Positions = NDArray[np.int64]

_NO_STARTS: NDArray[np.uint32] = np.zeros(0, np.uint32)


@dataclass(frozen=True)
class Grammar:
    """Delimiter and quote (None: quotes mean nothing), and the code units they are written in (1, 2 or 4 bytes)."""

    delimiter: str
    quote: str | None
    unit: int = 1
    big_endian: bool = False

    def units(self, data: bytes | memoryview) -> Units:
        """One number a code unit; those above 254 become 255, which means nothing in CSV."""
        if self.unit == 1:
            return np.frombuffer(data, dtype=np.uint8)
        wide = np.frombuffer(data, dtype=f"{'>' if self.big_endian else '<'}u{self.unit}")
        narrow: Units = np.minimum(wide, 255).astype(np.uint8)
        return narrow


@dataclass(frozen=True)
class Scan:
    """Row starts of a block in units from its beginning: `heads[entry]`, then `common` to all entries; exit states."""

    heads: dict[int, NDArray[np.uint32]]
    common: NDArray[np.uint32]
    exits: dict[int, int]

    def starts(self, entry: int) -> NDArray[np.uint32]:
        """All row starts if the block is entered in state `entry`."""
        return np.concatenate([self.heads[entry], self.common]) if len(self.common) else self.heads[entry]

    def count(self, entry: int) -> int:
        return len(self.heads[entry]) + len(self.common)


@dataclass(frozen=True)
class _Quotes:
    """Odd runs of quotes (begin, whether they can open), and apart from them the run that touches the block's end."""

    begin: Positions
    opens: NDArray[np.bool_]
    last_begin: int
    last_length: int
    last_opens: bool

    def opens_for(self, entry: int) -> NDArray[np.bool_]:
        if len(self.begin) == 0 or self.begin[0] != 0:
            return self.opens
        opens = self.opens.copy()
        opens[0] = _may_open(entry)
        return opens


def possible_entries(previous: int | None, grammar: Grammar) -> list[int]:
    """States in which a block may be entered whose preceding unit is `previous`; the likeliest first."""
    if previous is None:
        return [RECORD]
    if grammar.quote is not None and previous == ord(grammar.quote):
        return [QUOTE, QUOTED, PLAIN]
    outside = _after(previous, grammar)
    return [outside] if grammar.quote is None else [outside, QUOTED]


def scan(units: Units, grammar: Grammar, entries: Sequence[int]) -> Scan:
    """Row starts and exit state of `units` for each entry state; a row start is the first unit of a non-empty line."""
    if len(entries) == 1:
        starts, exit_state = _scan_from(units, grammar, entries[0])
        return Scan({entries[0]: starts}, _NO_STARTS, {entries[0]: exit_state})
    first = _first_quote(units, grammar)
    if first == len(units):
        alone = {e: (_NO_STARTS, e) if e == QUOTED else _scan_from(units, grammar, e) for e in entries}
        return Scan({e: starts for e, (starts, _) in alone.items()}, _NO_STARTS, {e: x for e, (_, x) in alone.items()})
    border = first + SETTLE_UNITS
    begun = _scan_exactly(units[:border], grammar, entries)
    if len(set(begun.exits.values())) > 1:
        return _scan_exactly(units, grammar, entries)
    last = begun.exits[entries[0]]
    rest, exit_state = _scan_from(units[border:], grammar, last)
    common = np.concatenate([begun.common, rest + np.uint32(border)])
    return Scan(begun.heads, common, dict.fromkeys(entries, exit_state))


def plain_scan(first: int, last: int, starts: NDArray[np.uint32], grammar: Grammar, entries: Sequence[int]) -> Scan:
    """The scan of a block without quotes and returns, its first and last unit given.

    `starts` are those of the rows behind the first newline.
    """
    outside = starts if first == LF_UNIT else np.concatenate([np.zeros(1, np.uint32), starts])
    heads = {e: _NO_STARTS if e == QUOTED else outside if e in (RECORD, CR) else starts for e in entries}
    state = _after(last, grammar)
    return Scan(heads, _NO_STARTS, {e: QUOTED if e == QUOTED else state for e in entries})


def _first_quote(units: Units, grammar: Grammar) -> int:
    if grammar.quote is None:
        return len(units)
    mask = units == ord(grammar.quote)
    first = int(mask.argmax()) if len(units) else 0
    return first if len(units) and mask[first] else len(units)


def _scan_from(units: Units, grammar: Grammar, entry: int) -> tuple[NDArray[np.uint32], int]:
    """Row starts and exit state for one entry state; pieces that fit the processor's cache, each by its fastest way."""
    found = []
    for at in range(0, len(units), CACHED_UNITS):
        piece = units[at : at + CACHED_UNITS]
        result = _scan_regular(piece, grammar, entry)
        if result is None:
            exact = _scan_exactly(piece, grammar, [entry])
            result = exact.starts(entry), exact.exits[entry]
        starts, entry = result
        found.append(starts + np.uint32(at))
    return (np.concatenate(found) if found else _NO_STARTS), entry


def _scan_regular(units: Units, grammar: Grammar, entry: int) -> tuple[NDArray[np.uint32], int] | None:
    regular = _outside_regular(units, grammar, _newline_mask(units), entry)
    if regular is None:
        return None
    newlines, inside = regular
    starts = _row_starts(units, newlines)
    if entry in (RECORD, CR) and not _is_newline(int(units[0])):
        starts = np.concatenate([np.zeros(1, np.uint32), starts])
    if inside:
        return starts, QUOTED
    last = int(units[-1])
    return starts, QUOTE if grammar.quote and last == ord(grammar.quote) else _after(last, grammar)


def _outside_regular(
    units: Units, grammar: Grammar, mask: NDArray[np.bool_], entry: int
) -> tuple[Positions, bool] | None:
    """Where `mask` is true outside quotes, by their parity alone, and whether the end is inside.

    None where a quote stands in the middle of an unquoted field.
    """
    inside, quote = entry == QUOTED, ord(grammar.quote) if grammar.quote else -1
    quotes = units == quote if quote >= 0 else np.zeros(0, np.bool_)
    if not quotes.any():
        return np.flatnonzero(mask)[: 0 if inside else None], inside
    events = np.flatnonzero(mask | quotes)
    quoted = units[events] == quote
    # Only the parity of this sum matters, and that survives the overflow.
    after = (np.cumsum(quoted, dtype=np.uint8) + np.uint8(inside)) & 1 == 1
    openings = events[quoted & after]
    before = units[np.maximum(openings - 1, 0)]
    fine = (before == ord(grammar.delimiter)) | (before == quote) | (before == LF_UNIT) | (before == CR_UNIT)
    if len(openings) and openings[0] == 0:
        fine[0] = _may_open(entry)
    if not fine.all():
        return None
    return events[~(quoted | after)], bool(after[-1])


def _scan_exactly(units: Units, grammar: Grammar, entries: Sequence[int]) -> Scan:
    quotes = _find_quotes(units, grammar)
    newlines = np.flatnonzero(_newline_mask(units))
    begin = quotes.begin
    agree = np.flatnonzero(~quotes.opens & (begin > 0))
    split = int(agree[0]) if len(agree) else len(begin)
    border = np.searchsorted(newlines, begin[split]) if split < len(begin) else len(newlines)
    after = _inside_after(quotes.opens[split:], False)
    common = _row_starts(units, _outside(newlines[border:], begin[split:], after, False))
    heads: dict[int, NDArray[np.uint32]] = {}
    exits: dict[int, int] = {}
    for entry in entries:
        inside = entry == QUOTED
        before = _inside_after(quotes.opens_for(entry)[:split], inside)
        found = _row_starts(units, _outside(newlines[:border], begin[:split], before, inside))
        if len(units) and entry in (RECORD, CR) and not _is_newline(int(units[0])):
            found = np.concatenate([np.zeros(1, np.uint32), found])
        heads[entry] = found
        states = after if len(after) else before
        exits[entry] = _exit(units, grammar, quotes, entry, bool(states[-1]) if len(states) else inside)
    return Scan(heads, common, exits)


def fields(units: Units, grammar: Grammar) -> tuple[Positions, Positions]:
    """(end, number of cells) of every row of `units`, which begin at a row start; ends exclude the newline."""
    mask = _newline_mask(units) | (units == ord(grammar.delimiter))
    regular = _outside_regular(units, grammar, mask, RECORD)
    if regular is not None:
        places, _ = regular
    else:
        quotes = _find_quotes(units, grammar)
        states = _inside_after(quotes.opens_for(RECORD), False)
        places = _outside(np.flatnonzero(mask), quotes.begin, states, False)
    newlines = np.flatnonzero(units[places] != ord(grammar.delimiter))
    ends = np.append(places[newlines], len(units))
    delimiters_before = np.append(newlines - np.arange(len(newlines)), len(places) - len(newlines))
    begins = np.concatenate([np.zeros(1, np.int64), ends[:-1] + 1])
    rows = begins < ends
    cells = np.diff(delimiters_before, prepend=0) + 1
    return ends[rows], cells[rows]


def end_of_rows(grammar: Grammar, data: bytes) -> int:
    """How many bytes of `data`, which begins with a row, are whole rows, whatever follows."""
    quoted = grammar.quote is not None and grammar.quote.encode() in data
    if grammar.unit == 1 and not quoted and b"\r" not in data:
        return data.rfind(b"\n") + 1
    whole = memoryview(data)[: len(data) // grammar.unit * grammar.unit]
    starts = scan(grammar.units(whole), grammar, [RECORD]).starts(RECORD)
    return int(starts[-1]) * grammar.unit if len(starts) else 0


def last_opening(units: Units, grammar: Grammar) -> int:
    """Unit at which the quoted field opened in which `units`, begun at a row start, end; -1 when they end outside."""
    quotes = _find_quotes(np.append(units, np.uint8(255)), grammar)
    states = _inside_after(quotes.opens_for(RECORD), False)
    if not len(states) or not states[-1]:
        return -1
    return int(quotes.begin[-1])


def _is_newline(unit: int) -> bool:
    return unit in (LF_UNIT, CR_UNIT)


def _may_open(entry: int) -> bool:
    # After QUOTE, the pending quote and the run make one run: the same outcome as a run that opens.
    return entry in (RECORD, FIELD, CR, QUOTE)


def _newline_mask(units: Units) -> NDArray[np.bool_]:
    mask: NDArray[np.bool_] = units == LF_UNIT
    returns = units == CR_UNIT
    if returns.any():
        mask |= returns
    return mask


def _after(unit: int, grammar: Grammar) -> int:
    """The state after `unit`, which stands outside quotes and is none."""
    return {LF_UNIT: RECORD, CR_UNIT: CR, ord(grammar.delimiter): FIELD}.get(unit, PLAIN)


def _row_starts(units: Units, newlines: Positions) -> NDArray[np.uint32]:
    after = newlines + 1
    if len(after) and after[-1] >= len(units):
        after = after[:-1]
    following = units[after]
    blank = (following == LF_UNIT) | (following == CR_UNIT)
    return (after[~blank] if blank.any() else after).astype(np.uint32)


def _find_quotes(units: Units, grammar: Grammar) -> _Quotes:
    none = _Quotes(np.zeros(0, np.int64), np.zeros(0, np.bool_), -1, 0, False)
    if grammar.quote is None:
        return none
    quotes = np.flatnonzero(units == ord(grammar.quote))
    if not len(quotes):
        return none
    firsts = np.flatnonzero(np.diff(quotes, prepend=-2) != 1)
    lengths = np.diff(np.append(firsts, len(quotes)))
    begin = quotes[firsts]
    opens = _opens(units, begin, grammar)
    last = (-1, 0, False)
    if quotes[-1] == len(units) - 1:
        last = (int(begin[-1]), int(lengths[-1]), bool(opens[-1]))
        begin, lengths, opens = begin[:-1], lengths[:-1], opens[:-1]
    odd = (lengths & 1) == 1
    return _Quotes(begin[odd], opens[odd], *last)


def _opens(units: Units, begin: Positions, grammar: Grammar) -> NDArray[np.bool_]:
    previous = units[np.maximum(begin - 1, 0)]
    opens: NDArray[np.bool_] = (previous == ord(grammar.delimiter)) | (previous == LF_UNIT) | (previous == CR_UNIT)
    if begin[0] == 0:
        opens[0] = True
    return opens


def _inside_after(opens: NDArray[np.bool_], inside: bool) -> NDArray[np.bool_]:
    """Whether each odd run leaves the scan inside a quoted field, when it was `inside` before the first."""
    toggles = np.cumsum(opens, dtype=np.int64)
    latest_reset = np.maximum.accumulate(np.where(opens, np.int64(-1), np.arange(len(opens))))
    base = np.where(latest_reset >= 0, toggles[latest_reset], -int(inside))
    state: NDArray[np.bool_] = ((toggles - base) & 1) == 1
    return state


def _outside(places: Positions, runs: Positions, after: NDArray[np.bool_], inside: bool) -> Positions:
    if not len(runs):
        return places[:0] if inside else places
    states = np.concatenate([np.array([inside]), after])
    kept: Positions = places[~states[np.searchsorted(runs, places)]]
    return kept


def _exit(units: Units, grammar: Grammar, quotes: _Quotes, entry: int, inside: bool) -> int:
    if not len(units):
        return entry
    if quotes.last_length:
        odd = quotes.last_length % 2 == 1
        opens = _may_open(entry) if quotes.last_begin == 0 else quotes.last_opens
        if inside:
            return QUOTE if odd else QUOTED
        if opens:
            return QUOTED if odd else QUOTE
        return PLAIN
    if inside:
        return QUOTED
    return _after(int(units[-1]), grammar)
