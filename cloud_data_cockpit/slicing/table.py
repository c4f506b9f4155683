"""How slices look in a notebook: a table in HTML, every text of it escaped, in colours that any theme brings."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .slices import LazySlice, Slices

_ROWS = 20
_CELL = "padding: 2px 12px 2px 0; text-align: {}; vertical-align: top"
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def bytes_for_people(number: int) -> str:
    """`number` of bytes as the panel writes it, in powers of 1024 and three digits at most: 812 B, 1.5 KiB, 64 MiB."""
    value, unit = float(number), 0
    while value >= 999.5 and unit < len(_UNITS) - 1:
        value /= 1024
        unit += 1
    digits = 0 if unit == 0 or value >= 99.95 else 1 if value >= 9.995 else 2
    text = f"{value:,.{digits}f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text} {_UNITS[unit]}"


def slices_html(slices: Slices) -> str:
    """A line about the object and the first rows of its slices."""
    facts = (
        slices.format,
        f"{len(slices):,} slices",
        f"{slices.records:,} records",
        bytes_for_people(slices.nbytes),
        f"manifest {slices.manifest_id}",
    )
    parts = [
        "<div style='overflow-x: auto'>",
        f"<div><strong style='overflow-wrap: anywhere'>{escape(slices.uri)}</strong></div>",
        f"<div style='opacity: 0.75'>{' · '.join(escape(fact) for fact in facts)}</div>",
        *(f"<div><em>{escape(note)}</em></div>" for note in slices.notes),
        _table(slices),
    ]
    if len(slices) > _ROWS:
        parts.append(f"<div style='opacity: 0.75'>and {len(slices) - _ROWS:,} more</div>")
    return "".join([*parts, "</div>"])


def _table(slices: Slices) -> str:
    titles = (("slice", "right"), ("records", "right"), ("size", "right"), ("bytes of the object", "left"))
    head = "".join(f"<th scope='col' style='{_CELL.format(align)}'>{title}</th>" for title, align in titles)
    rows = "".join(_row(piece) for piece in slices[:_ROWS])
    return f"<table style='margin: 4px 0'><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _row(piece: LazySlice) -> str:
    numbers = (f"{piece.number:,}", f"{piece.records:,}", bytes_for_people(piece.nbytes))
    cells = "".join(f"<td style='{_CELL.format('right')}'>{escape(text)}</td>" for text in numbers)
    return f"<tr>{cells}<td style='{_CELL.format('left')}'>{escape(_ranges(piece))}</td></tr>"


def _ranges(piece: LazySlice) -> str:
    shown = ", ".join(f"{offset:,}–{offset + length:,}" for offset, length in piece.ranges[:3])
    return f"{shown} and {len(piece.ranges) - 3:,} more" if len(piece.ranges) > 3 else shown or "none"
