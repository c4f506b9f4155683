"""Which dtypes Zarr holds itself, how the others go as raw bytes, and how large a chunk is."""

from __future__ import annotations

import ast
import math
from typing import Any

import numpy as np

from ..errors import BadRequest, FormatError

CHUNK_BYTES = 4 << 20
"""Bytes of a chunk before compression: few requests for a whole array, little waste for a part of it."""

_LARGEST = {"f": 8, "c": 16}


def stored_dtype(dtype: np.dtype[Any]) -> tuple[np.dtype[Any], str | None]:
    """(dtype in Zarr, description of the real one where that differs).

    Extended precision and records with subarrays have no Zarr data type and go as raw bytes. BadRequest for Python
    objects, which only a pickle could hold, and for items without bytes.
    """
    if dtype.hasobject:
        raise BadRequest(
            "an array of Python objects is not saved, since reading it would run code; make it numbers or fixed-length"
            " texts (astype('U')), or save a dict or list of arrays"
        )
    if dtype.itemsize == 0:
        raise BadRequest(f"items of dtype {dtype} have no bytes: there is nothing to save")
    described = repr(np.lib.format.dtype_to_descr(dtype))
    if not _has_type(dtype):
        return np.dtype(f"V{dtype.itemsize}"), described
    # Zarr forgets the byte order, and mistakes that of a record's fields.
    native = dtype.newbyteorder("=")
    return native, None if native == dtype else described


def to_stored(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The array with the dtype that Zarr holds."""
    stored, _ = stored_dtype(array.dtype)
    if stored == array.dtype or _has_type(array.dtype):
        return array.astype(stored, copy=False)
    return np.ascontiguousarray(array).reshape(array.shape).view(stored)


def from_stored(array: np.ndarray[Any, Any], described: str | None, *, fortran: bool = False) -> np.ndarray[Any, Any]:
    """The array with its own dtype and memory order. FormatError for a description that is none."""
    real = real_dtype(described, array.dtype)
    if array.dtype.kind == "V" and array.dtype.names is None and real != array.dtype:
        array = np.ascontiguousarray(array).reshape(array.shape).view(real)
    elif real != array.dtype:
        array = array.astype(real)
    return np.asfortranarray(array) if fortran else array


def real_dtype(described: str | None, stored: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype that a description of `stored_dtype` names; a literal, never evaluated."""
    if described is None:
        return stored
    try:
        found = np.lib.format.descr_to_dtype(ast.literal_eval(described))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        raise FormatError(f"{described!r} describes no dtype: the array's attributes are damaged") from None
    if found.itemsize != stored.itemsize or found.hasobject:
        raise FormatError(f"items of {stored.itemsize} bytes are not of dtype {found}: the attributes are damaged")
    return found


def chunk_shape(shape: tuple[int, ...], itemsize: int, given: tuple[int, ...] | None = None) -> tuple[int, ...]:
    """Chunks of about CHUNK_BYTES: the longest axis is halved until they are that small, so that they stay compact."""
    if given is not None:
        if len(given) != len(shape) or any(size < 1 for size in given):
            raise BadRequest(f"chunks {given} do not fit an array of shape {shape}: give one positive size an axis")
        return tuple(given)
    sizes = [max(1, size) for size in shape]
    while math.prod(sizes) * itemsize > CHUNK_BYTES and max(sizes) > 1:
        longest = sizes.index(max(sizes))
        sizes[longest] = -(-sizes[longest] // 2)
    return tuple(sizes)


def _has_type(dtype: np.dtype[Any]) -> bool:
    """Whether Zarr has a data type for it."""
    if dtype.fields:
        return all(_has_type(field[0]) for field in dtype.fields.values())
    return dtype.subdtype is None and dtype.itemsize <= _LARGEST.get(dtype.kind, dtype.itemsize)
