"""Live numbers as bytes, the short way: where dtypes and shapes are those of an earlier call, only the numbers themselves are read.

What comes out is what `array_bundle.pack` makes of their arrays, bit for bit; single numbers are asked for their value, which takes a
part of what an array of it takes, and all of them become bytes at once.
"""

from __future__ import annotations

import math
import struct
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from qdiag.bridges.results import array_of
from qdiag.trace.array_bundle import header_of

PYTHON = {float: np.float64, int: np.int64, complex: np.complex128, bool: np.bool_}
"""The dtype of each of Python's own numbers."""

_LETTERS = {
    **dict(zip(("bool", "float16", "float32", "float64"), "?efd")),
    **dict(zip(("int8", "int16", "int32", "int64"), "bhiq")),
    **dict(zip(("uint8", "uint16", "uint32", "uint64"), "BHIQ")),
}
"""How ``struct`` calls a dtype."""

_ITSELF, _ITEM, _FOUND = "itself", "item", "found"
"""How a single number is read."""


class Packer:
    """Packs numbers that have the dtypes and shapes of some arrays. `pack` may raise whatever a number raises.

    Parameters
    ----------
    numbers
        An earlier call's numbers.
    arrays
        Their arrays.
    """

    def __init__(self, numbers: Sequence[Any], arrays: Sequence[np.ndarray]) -> None:
        self._header = header_of(arrays)
        letters = ["" if array.ndim else _LETTERS.get(array.dtype.name, "") for array in arrays]
        self._ways = [_way_of(number) if letter else "" for number, letter in zip(numbers, letters)]
        self._struct = struct.Struct("<" + "".join(letter or f"{array.nbytes}s" for letter, array in zip(letters, arrays)))
        self._sizes = [array.nbytes for array in arrays]
        self._dtypes = [array.dtype for array in arrays]

    def pack(self, numbers: Sequence[Any]) -> bytes:
        """The numbers as bytes (see `array_bundle.pack`)."""
        return self._header + self._struct.pack(*self._read(numbers))

    def pack_and_judge(self, numbers: Sequence[Any]) -> tuple[bytes, bool]:
        """The same, and whether they are numbers throughout."""
        values, finite = self._read(numbers), True
        for value, way, dtype in zip(values, self._ways, self._dtypes):
            if way:
                finite = finite and math.isfinite(value)
            elif dtype.kind in "fc":
                finite = finite and bool(np.isfinite(np.frombuffer(value, dtype)).all())
        return self._header + self._struct.pack(*values), finite

    def _read(self, numbers: Sequence[Any]) -> list[Any]:
        """The values of single numbers, and the bytes of arrays."""
        return [
            (number.item() if way is _ITEM else number if way is _ITSELF else _item(number)) if way else self._bytes(number, size)
            for number, way, size in zip(numbers, self._ways, self._sizes)
        ]

    @staticmethod
    def _bytes(number: Any, size: int) -> bytes:
        found = _array(number)
        data = found.tobytes() if found.dtype.isnative and sys.byteorder == "little" else b""
        if len(data) != size:
            raise ValueError("another number of bytes than before")
        return data


def _way_of(number: Any) -> str:
    if type(number) in PYTHON:
        return _ITSELF
    return _ITEM if hasattr(number, "item") and not hasattr(number, "_value") else _FOUND


def _item(number: Any) -> Any:
    return _array(number).item()


def _array(number: Any) -> np.ndarray:
    dtype = PYTHON.get(type(number))
    if dtype is not None:
        return np.array(number, dtype)
    if hasattr(number, "detach"):
        try:
            array: np.ndarray = number.detach().numpy()
        except (TypeError, RuntimeError):
            return array_of(number)
        return array
    while hasattr(number, "_value"):
        number = number._value
    return np.asarray(number)
