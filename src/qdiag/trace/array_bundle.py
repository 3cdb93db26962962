"""Arrays as bytes: a JSON header with dtypes and shapes, then the raw little-endian data. No pickle, bounded sizes."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Optional

import numpy as np

from qdiag.errors import CircuitFormatError
from qdiag.trace import bound

DTYPES = frozenset(
    ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
    + ["float16", "float32", "float64", "complex64", "complex128"]
)
"""The dtypes that a file may hold; anything else is refused when written and when read."""

_DTYPES_BY_NAME = {name: (np.dtype(name).newbyteorder("<"), np.dtype(name)) for name in DTYPES}
"""As they lie in a bundle, and as this machine has them."""

MAX_BYTES = 1 << 30
"""No single bundle of arrays may claim to be larger: a file from a stranger must not exhaust memory."""


def pack(arrays: Sequence[Optional[np.ndarray]]) -> bytes:
    """Bundle arrays (or None) into bytes that `unpack` restores bit for bit.

    Raises
    ------
    CircuitFormatError
        If a dtype is not in `DTYPES`.
    """
    header = header_of(arrays)
    blocks = [_little_endian(array) for array in arrays if array is not None]
    return header + b"".join(blocks)


def header_of(arrays: Sequence[Optional[np.ndarray]]) -> bytes:
    """The first line of a bundle of arrays, which says their dtypes and shapes."""
    return _header(tuple([None if array is None else (array.dtype, array.shape) for array in arrays]))


@lru_cache(maxsize=4096)
def _header(kinds: tuple[Optional[tuple[Any, tuple[int, ...]]], ...]) -> bytes:
    """The first line of a bundle; the calls of a training share theirs."""
    for dtype in (kind[0] for kind in kinds if kind is not None):
        if dtype.name not in DTYPES:
            raise CircuitFormatError(f"an array of dtype {dtype} cannot be stored", "convert it to a numeric dtype")
    described = [None if kind is None else (kind[0].name, kind[1]) for kind in kinds]
    return bound.dumps(described, separators=(",", ":")).encode() + b"\n"


def _little_endian(array: np.ndarray) -> bytes:
    if sys.byteorder == "little" and array.dtype.isnative:
        return array.tobytes()
    return array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()


def unpack(data: bytes) -> tuple[Optional[np.ndarray], ...]:
    """Restore what `pack` bundled.

    Raises
    ------
    CircuitFormatError
        If the bytes are damaged, of an unknown dtype, or larger than `MAX_BYTES`.
    """
    try:
        if not isinstance(data, bytes):
            raise TypeError
        head, newline, body = data.partition(b"\n")
        header = bound.loads(head)
        if not newline or not isinstance(header, list) or len(data) > MAX_BYTES:
            raise ValueError
        arrays: list[Optional[np.ndarray]] = []
        offset = 0
        for entry in header:
            if entry is None:
                arrays.append(None)
                continue
            name, shape = entry
            if name not in DTYPES or not all(isinstance(n, int) and n >= 0 for n in shape):
                raise ValueError
            dtype, native = _DTYPES_BY_NAME[name]
            count = math.prod(shape)
            if offset + count * dtype.itemsize > len(body):
                raise ValueError
            flat = np.frombuffer(body, dtype=dtype, count=count, offset=offset)
            arrays.append(flat.astype(native).reshape(shape))
            offset += count * dtype.itemsize
        if offset != len(body):
            raise ValueError
    except (ValueError, TypeError, UnicodeDecodeError, RecursionError):
        raise CircuitFormatError("a bundle of arrays is damaged", "record the trace again") from None
    return tuple(arrays)
