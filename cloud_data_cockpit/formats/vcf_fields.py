"""CHROM and POS of many VCF lines at once, eight bytes of each line in one machine word."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .lines import Ints

Words = NDArray[np.uint64]

# Bytes of a line that are looked at here: names of up to 32 bytes, positions of up to 15 digits.
REACH = 64
_NAME_WORDS = 4

_TAB = np.uint64(0x09)
_TABS = np.uint64(0x0909090909090909)
_LOWEST_BYTE = np.uint64(0xFF)
_LOW = np.uint64(0x0101010101010101)
_HIGH = np.uint64(0x8080808080808080)
_ZEROS = np.uint64(0x3030303030303030)
_SIX = np.uint64(0x0606060606060606)
_UPPER = np.uint64(0xF0F0F0F0F0F0F0F0)
_PLACES = np.uint64(0x0001020304050607)
_SIX_BELOW_TAB = np.uint64(0x0006060606060606)
_UPPER_AND_TAB = np.uint64(0xFFF0F0F0F0F0F0F0)
_PAIRS = np.uint64(0x00FF00FF00FF00FF)
_FOURS = np.uint64(0x0000FFFF0000FFFF)
_TEN_AND_ONE = np.uint64((10 << 8) + 1)
_HUNDRED_AND_ONE = np.uint64((100 << 16) + 1)
_MYRIAD_AND_ONE = np.uint64((10_000 << 32) + 1)
_ONE = np.uint64(1)
_EIGHT = np.uint64(8)
_POWERS = np.array([10**i for i in range(9)], dtype=np.int64)


class Unusual(Exception):
    """Some line is not as nearly all lines are; look at them one by one."""


def words_of(data: bytes) -> Words:
    """The eight bytes at each place of `data`, but for its last seven, without a copy."""
    view: Words = np.ndarray((len(data) - 7,), dtype="<u8", buffer=data, strides=(1,))
    return view


def names_and_positions(words: Words, starts: Ints) -> tuple[NDArray[np.bool_], Ints, Ints]:
    """(whether line i has the CHROM of line i - 1, lengths of CHROM, POS) of the lines at `starts`.

    Every line has two tabs and REACH bytes. Unusual when a name is empty or longer than 32 bytes, or a POS no number.
    """
    word = words[starts]
    alike = _one_short_name(word)
    if alike:
        same = np.ones(len(starts), dtype=np.bool_)
        same[0] = False
        return same, np.full(len(starts), alike, dtype=np.int64), _positions(words, starts + (alike + 1))
    tab, lengths = _first_tab(word)
    key = word & (tab - _ONE)
    same = np.empty(len(starts), dtype=np.bool_)
    same[:1] = False
    # Without a tab all eight bytes are the key: 0 - 1 has every bit.
    np.equal(key[1:], key[:-1], out=same[1:])
    todo = np.flatnonzero(tab == 0)
    if len(todo) < len(starts):
        # A name that goes on differs from one that has ended after the same bytes.
        same[1:] &= (tab[1:] == 0) == (tab[:-1] == 0)
    _compare_longer(words, starts, lengths, same, todo)
    if not bool(lengths.all()):
        raise Unusual
    return same, lengths, _positions(words, starts + lengths + 1)


def _one_short_name(word: Words) -> int:
    """The length of the name that all lines have, when it is one of less than eight bytes; else 0."""
    first = word[:1]
    tab, place = _first_tab(first)
    if not tab[0]:
        return 0
    name_and_tab = (tab << _EIGHT) - _ONE
    return 0 if bool(((word ^ first) & name_and_tab).any()) else int(place[0])


def _compare_longer(words: Words, starts: Ints, lengths: Ints, same: NDArray[np.bool_], todo: Ints) -> None:
    """Narrow `same` and complete `lengths` for the lines `todo`, whose names have more than eight bytes."""
    for level in range(1, _NAME_WORDS):
        if not len(todo):
            return
        word = words[starts[todo] + 8 * level]
        tab, place = _first_tab(word)
        key = word & (tab - _ONE)
        ended = tab > 0
        lengths[todo] = 8 * level + np.where(ended, place, 8)
        # A line whose neighbour's name has ended before differs from it already.
        near = todo[1:] == todo[:-1] + 1
        same[todo[1:]] &= ~near | ((key[1:] == key[:-1]) & (ended[1:] == ended[:-1]))
        todo = todo[~ended]
    if len(todo):
        raise Unusual


def _positions(words: Words, at: Ints) -> Ints:
    found = _positions_alike(words, at)
    return _positions_of_any_length(words, at) if found is None else found


def _positions_alike(words: Words, at: Ints) -> Ints | None:
    """The positions when all have as many digits as the first, as those of neighbours mostly have; else None."""
    place = at[:1]
    tab, digits = _first_tab(words[place])
    if not tab[0]:
        tab, digits = _first_tab(words[place + 8])
        if not tab[0]:
            return None
        whole = words[at] ^ _ZEROS
        if bool((((whole + _SIX) | whole) & _UPPER).any()):
            return None
        values = _number(whole)
        rest = _digits_and_tab(words[at + 8], int(digits[0]))
        if rest is None:
            return None
        return values * _POWERS[digits[0]] + _number(rest) if digits[0] else values
    last = _digits_and_tab(words[at], int(digits[0])) if digits[0] else None
    return None if last is None else _number(last)


def _digits_and_tab(word: Words, length: int) -> Words | None:
    """The first `length` bytes of each word, up to 7, at its end as digits; None when one is none or no tab follows.

    With no such bytes the words stay as they are.
    """
    if not length:
        return None if bool(((word & _LOWEST_BYTE) != _TAB).any()) else word
    pattern = int.from_bytes(b"0" * length + b"\t", "little")
    # The tab comes to the highest byte, which then has to be zero.
    moved = (word ^ np.uint64(pattern)) << np.uint64(8 * (7 - length))
    if bool((((moved + _SIX_BELOW_TAB) | moved) & _UPPER_AND_TAB).any()):
        return None
    return moved << _EIGHT


def _positions_of_any_length(words: Words, at: Ints) -> Ints:
    word = words[at]
    tab, place = _first_tab(word)
    long = np.flatnonzero(tab == 0)
    place[long] = 8
    values = _digits(word, place)
    if len(long):
        more = words[at[long] + 8]
        tab, rest = _first_tab(more)
        if not bool((tab > 0).all()):
            raise Unusual
        values[long] = values[long] * _POWERS[rest] + _digits(more, rest, allow_none=True)
    return values


def _first_tab(word: Words) -> tuple[Words, Ints]:
    """(the lowest bit of the first tab's byte or 0, the place of that byte) in each word."""
    matched = word ^ _TABS
    matched = (matched - _LOW) & ~matched & _HIGH
    lowest = (matched & (~matched + _ONE)) >> np.uint64(7)
    place = ((lowest * _PLACES) >> np.uint64(56)).astype(np.int64)
    return lowest, place


def _digits(word: Words, length: Ints, allow_none: bool = False) -> Ints:
    """The number that the first `length` bytes of each word spell."""
    if not allow_none and not bool((length > 0).all()):
        raise Unusual
    # The digits move to the end of the word and zeros fill its beginning.
    shift = (8 - length).astype(np.uint64) << np.uint64(3)
    moved = (word ^ _ZEROS) << (shift & np.uint64(63))
    if allow_none:
        moved[length == 0] = 0
    if bool((((moved + _SIX) | moved) & _UPPER).any()):
        raise Unusual
    return _number(moved)


def _number(digits: Words) -> Ints:
    """The number that the eight digits of each word are, the highest in its first byte: pairs, fours, all of them."""
    value = digits * _TEN_AND_ONE >> _EIGHT
    value = (value & _PAIRS) * _HUNDRED_AND_ONE >> np.uint64(16)
    value = (value & _FOURS) * _MYRIAD_AND_ONE >> np.uint64(32)
    return value.view(np.int64)
