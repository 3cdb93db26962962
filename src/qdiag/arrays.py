"""Arrays as bytes: a JSON header with dtypes and shapes, then the raw little-endian data. No pickle, bounded sizes."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Optional

import numpy as np

from qdiag.errors import CircuitFormatError

DTYPES = frozenset(
    ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
    + ["float16", "float32", "float64", "complex64", "complex128"]
)
"""The dtypes that a file may hold; anything else is refused when written and when read."""

MAX_BYTES = 1 << 30
"""No single bundle of arrays may claim to be larger: a file from a stranger must not exhaust memory."""


def pack(arrays: Sequence[Optional[np.ndarray]]) -> bytes:
    """Bundle arrays (or None) into bytes that `unpack` restores bit for bit.

    Raises
    ------
    CircuitFormatError
        If a dtype is not in `DTYPES`.
    """
    header: list[Optional[tuple[str, tuple[int, ...]]]] = []
    blocks: list[bytes] = []
    for array in arrays:
        if array is None:
            header.append(None)
            continue
        if array.dtype.name not in DTYPES:
            raise CircuitFormatError(f"an array of dtype {array.dtype} cannot be stored", "convert it to a numeric dtype")
        header.append((array.dtype.name, array.shape))
        blocks.append(array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes())
    return json.dumps(header, separators=(",", ":")).encode() + b"\n" + b"".join(blocks)


def unpack(data: bytes) -> tuple[Optional[np.ndarray], ...]:
    """Restore what `pack` bundled.

    Raises
    ------
    CircuitFormatError
        If the bytes are damaged, of an unknown dtype, or larger than `MAX_BYTES`.
    """
    head, newline, body = data.partition(b"\n")
    try:
        header = json.loads(head)
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
            dtype = np.dtype(name).newbyteorder("<")
            count = math.prod(shape)
            if offset + count * dtype.itemsize > len(body):
                raise ValueError
            flat = np.frombuffer(body, dtype=dtype, count=count, offset=offset)
            arrays.append(flat.astype(np.dtype(name)).reshape(shape))
            offset += count * dtype.itemsize
        if offset != len(body):
            raise ValueError
    except (ValueError, TypeError, UnicodeDecodeError, RecursionError):
        raise CircuitFormatError("a bundle of arrays is damaged", "record the trace again") from None
    return tuple(arrays)
