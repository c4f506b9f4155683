"""Delimiter, quotes and header of a CSV, found in its first rows; how sure one can be that a text is a table at all."""

from __future__ import annotations

import csv
import io
import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

LIKELY = (",", "\t", ";", "|")
NAMED = (".csv", ".tsv", ".tab")
NAMED_OTHERWISE = (
    ".md",
    ".markdown",
    ".rst",
    ".tex",
    ".html",
    ".json",
    ".yaml",
    ".yml",
    ".sql",
    ".py",
    ".r",
    ".js",
    ".sh",
)
SAMPLE_ROWS = 200
SAMPLE_CHARS = 64 << 10
LONG_CELL_WORDS = 3.0
WIDE = 200
GROWING_ROWS = 0.1
MISSING = frozenset(["", "na", "n/a", "nan", "null", "none", "#n/a", "?", "-", ".", "inf", "-inf"])
OTHER_KINDS = re.compile(r">|\{|\[|<|%PDF|@(HD|SQ|RG|PG|CO)\t|##(fileformat|gff)|@[^\n]*\n[^\n]*\n\+")
NUMBER = re.compile(r"\s*[-+]?(\d+([.,]\d*)?|[.,]\d+)([eE][-+]?\d+)?%?\s*")
YEAR = re.compile(r"[12]\d{3}")
SEPARATOR = re.compile(r'"?sep=([^\w\r\n"])"?[,;|\t]*(?:\r\n?|\n)', re.IGNORECASE)
COMMENT = re.compile(r"[\r\n]*((?:[#!]|track\s+\w+=|browser\s+[a-z]+\s)[^\r\n]*)(?:\r\n?|\n)")
TIME = re.compile(r"\d{1,2}:\d\d(:\d\d([.,]\d+)?)?")

Rows = list[list[str]]


@dataclass(frozen=True)
class Dialect:
    """How cells are told apart. `cells` is the usual number of cells in a row, `agreeing` the share of rows with it."""

    delimiter: str
    quote: str | None
    cells: int = 1
    agreeing: float = 1.0


@dataclass(frozen=True)
class Above:
    """What may stand above a table: up to `end` (characters), comments from `comments` on, and the delimiter named."""

    end: int = 0
    comments: tuple[int, ...] = ()
    delimiter: str | None = None

    @property
    def begin(self) -> int:
        """Where the first comment begins, or the table if there is none."""
        return self.comments[0] if self.comments else self.end


def find_above(text: str) -> Above:
    """Excel's `sep=;` in the first line, and the comments that follow it: lines that begin with # or !, and UCSC's."""
    named = SEPARATOR.match(text)
    end, comments = named.end() if named else 0, []
    while comment := COMMENT.match(text, end):
        end = comment.end()
        comments.append(comment.start(1))
    return Above(end, tuple(comments), named[1] if named else None)


def parse_rows(text: str, delimiter: str, quote: str | None, *, whole: bool, most: int = SAMPLE_CHARS) -> Rows:
    """The first rows of `text`; unless it is the `whole` object, the last row of it is cut and left out.

    No more than `most` characters are looked at.
    """
    lines = io.StringIO(text[:most], newline="")
    if quote is None:
        reader = csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE)
    else:
        reader = csv.reader(lines, delimiter=delimiter, quotechar=quote)
    rows: Rows = []
    try:
        rows.extend(row for row in reader if row)
    except csv.Error:
        return rows  # a cell that is longer than the csv module takes; the rows before it are whole
    return rows if (whole and len(text) <= most) or len(rows) < 2 else rows[:-1]


def sniff(text: str, *, whole: bool, name: str, delimiter: str | None = None, quote: str | None = '"') -> Dialect:
    """The dialect in which the rows of `text` agree best about their number of cells.

    Cells that are numbers and many columns speak for a delimiter too. Colons count only where nothing else does. Where
    no delimiter makes a table, it is the one that most rows hold, or the one that the name of the object promises.
    """
    if delimiter is not None:
        return _judge(text, delimiter, quote, whole)[1]
    judged = [_judge(text, candidate, quote, whole) for candidate in LIKELY]
    score, best = max(judged, key=lambda j: j[0])
    if score > 0.3:
        return best
    score, colon = _judge(text, ":", quote, whole)
    if score > 0.9 and not all(TIME.fullmatch(line.strip()) for line in text.splitlines()[1:SAMPLE_ROWS]):
        return colon
    if best.cells == 1 and not any(_held(text, candidate, whole) > 0.5 for candidate in LIKELY):
        default = "\t" if name.lower().endswith((".tsv", ".tab")) else ","
        return next(dialect for _, dialect in judged if dialect.delimiter == default)
    return max(judged, key=lambda j: _held(text, j[1].delimiter, whole))[1]


def sniff_quote(text: str, *, whole: bool, delimiter: str | None) -> str:
    """The double quote, unless only the single one makes the rows agree."""
    if '"' in text or "'" not in text:
        return '"'
    candidates = [delimiter] if delimiter else LIKELY

    def best(quote: str) -> float:
        judged = [_judge(text, candidate, quote, whole)[1] for candidate in candidates]
        return max((dialect.agreeing for dialect in judged if dialect.cells > 1), default=0.0)

    return "'" if best("'") > 0.9 > best('"') else '"'


def looks_like_header(rows: Rows) -> bool:
    """Whether the first row names the columns.

    It does when its cells are words: no number among them (years over columns of other things may be, and numbers that
    `_number_the_columns`), fewer than half of them empty, no two alike (or they are alike but stand over columns of
    numbers), and most of them not repeated below as data.
    """
    first, rest = [cell.strip() for cell in rows[0]], rows[1:SAMPLE_ROWS]
    words = [cell for cell in first if cell]
    columns = [[row[i].strip() for row in rest if i < len(row) and row[i].strip()] for i in range(len(first))]
    numbers = [i for i, cell in enumerate(first) if NUMBER.fullmatch(cell)]
    if not words or len(words) * 2 < len(first):
        return False
    if numbers and len(set(words)) == len(words) and _number_the_columns(first, rest, columns, numbers):
        return True
    if len(numbers) == len(words):
        return False
    if any(not YEAR.fullmatch(first[i]) or sum(map(_is_year, columns[i])) * 2 > len(columns[i]) for i in numbers):
        return False
    if len(set(words)) < len(words):
        return any(column and all(NUMBER.fullmatch(c) for c in column) for column in columns)
    repeated = sum(bool(cell) and cell in column for cell, column in zip(first, columns, strict=True))
    return repeated * 2 <= len(words)


def likelihood(name: str, text: str, *, whole: bool) -> float:
    """0 to 1, that `text` is CSV: 0 for other kinds of text and for prose unless named so, 0.7 or 0.9 for a table."""
    begun = text.lstrip("\ufeff \t\r\n")
    if not begun or OTHER_KINDS.match(begun) or name.lower().endswith(NAMED_OTHERWISE):
        return 0.0
    named = name.lower().endswith(NAMED)
    above = find_above(text)
    text = text[above.end :] or text
    dialect = sniff(text, whole=whole, name=name, delimiter=above.delimiter)
    rows = parse_rows(text, dialect.delimiter, dialect.quote, whole=whole)[:SAMPLE_ROWS]
    is_table = len(rows) > 1 and dialect.cells > 1 and dialect.agreeing >= 0.8
    # Not one row ends within the head: a table of thousands of columns, or a text without line ends.
    is_table = is_table or (
        len(rows) == 1 and not whole and dialect.cells >= WIDE and (named or dialect.delimiter == "\t")
    )
    if is_table and (named or (dialect.delimiter != ":" and not _is_prose(rows))):
        return 0.9 if named else 0.7
    return 0.5 if named else 0.0


def unique_names(cells: Sequence[str]) -> list[str]:
    """Column names as pandas makes them: "Unnamed: 0" for an empty one, "a", "a.1" for two alike."""
    named = [cell if cell else f"Unnamed: {i}" for i, cell in enumerate(cells)]
    seen: Counter[str] = Counter()
    given = set(named)
    unique: list[str] = []
    for name in named:
        new = name
        while seen[name] > 0:
            new = f"{name}.{seen[name]}"
            seen[name] += 1
            if new not in given:
                break
        given.add(new)
        seen[name] += seen[name] == 0
        unique.append(new)
    return unique


def _number_the_columns(first: list[str], rest: Rows, columns: Rows, numbers: list[int]) -> bool:
    """Whether the cells `numbers` of the first row are names all the same, as wavelengths and pandas' 0, 1, 2 are.

    Words stand over columns of numbers beside them; or they grow from left to right: behind a corner that alone in its
    column is empty, or, where few other rows grow, from 0 in steps of one or behind words.
    """
    words = [i for i, cell in enumerate(first) if cell.lower() not in MISSING and i not in numbers]
    if any(len(columns[i]) > 1 and all(NUMBER.fullmatch(cell) for cell in columns[i]) for i in words):
        return True
    values = _growing(first, numbers)
    if not (values and rest):
        return False
    counted = values == list(range(len(values)))
    if not first[0] and len(numbers) == len(first) - 1 and len(columns[0]) == len(rest) > 1:
        return counted or len(values) > 1
    if sum(bool(_growing(row, numbers)) for row in rest) > len(rest) * GROWING_ROWS:
        return False
    if not words:
        return counted and len(values) > 2
    steps = [after - before for before, after in pairwise(values)]
    return len(values) > 5 or (len(values) > 3 and max(steps) - min(steps) < 1e-6 * max(steps))


def _growing(row: list[str], places: list[int]) -> list[float]:
    """The numbers at `places` of a row; none unless each is larger than the one before."""
    try:
        values = [float(row[i].strip().replace(",", ".").removesuffix("%")) for i in places]
    except (IndexError, ValueError):
        return []
    return values if all(a < b for a, b in pairwise(values)) else []


def _is_year(cell: str) -> bool:
    return YEAR.fullmatch(cell) is not None


def _judge(text: str, delimiter: str, quote: str | None, whole: bool) -> tuple[float, Dialect]:
    rows = parse_rows(text, delimiter, quote, whole=whole)
    if not rows:
        return 0.0, Dialect(delimiter, quote)
    cells, agreeing = Counter(map(len, rows)).most_common(1)[0]
    share = agreeing / len(rows)
    dialect = Dialect(delimiter, quote, cells, share)
    if cells == 1:
        return 0.0, dialect
    sample = [cell for row in rows[:SAMPLE_ROWS] for cell in row if cell]
    numbers = sum(NUMBER.fullmatch(cell) is not None for cell in sample) / max(1, len(sample))
    return share**2 * (1 + numbers) * (1 + 0.1 * math.log2(cells)), dialect


def _held(text: str, delimiter: str, whole: bool) -> float:
    rows = parse_rows(text, delimiter, '"', whole=whole)
    return sum(len(row) > 1 for row in rows) / max(1, len(rows))


def _is_prose(rows: Rows) -> bool:
    cells = [cell for row in rows for cell in row if cell.strip()]
    if any(NUMBER.fullmatch(cell) for cell in cells):
        return False
    return sum(len(cell.split()) for cell in cells) / max(1, len(cells)) > LONG_CELL_WORDS
