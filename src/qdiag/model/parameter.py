"""A number that an operator carries, in the dtype and the container that the user's number had.

Numbers of dtypes that numpy does not have are kept in a wider one, and stay numbers that the narrower one has.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

CONTAINERS = ("python", "numpy-scalar", "numpy", "autograd", "torch", "jax")
"""Where a number lived: a Python number, a numpy scalar, a numpy array, PennyLane's autograd tensor, a torch tensor, JAX's array."""

TENSORS = ("autograd", "torch", "jax")
"""Those of them that an interface makes plain numbers of, and follows."""

FOREIGN = {"bfloat16": 2.0**-7}
"""Dtypes that numpy does not have, and their eps: numbers of these are kept in a wider dtype, which holds each of them exactly."""

KEPT = "float32"
"""What numbers of these are kept as."""

WIDER = {"bfloat16": "float64", "float16": "float64", "float32": "float64", "complex64": "complex128"}
"""What a dtype of less than double precision becomes in it."""

NARROW = frozenset(WIDER)
"""The dtypes of less than double precision."""


@dataclass(frozen=True, eq=False)
class Parameter:
    """A number or array that an operator carries.

    Parameters
    ----------
    value
        The number as an array of any shape; its dtype is the one the user's number had, but for those of `FOREIGN`.
    container
        One of `CONTAINERS`.
    trainable
        Whether the user's interface tracked it, so that it is differentiated by.
    marked
        Whether it only carries the mark that makes PennyLane count it among the trainable ones (an array of ``pennylane.numpy`` carries
        it unless told otherwise), while nothing differentiates by it.
    foreign
        The dtype that the user's number had where numpy has none of that name: one of `FOREIGN`, or "".
    """

    value: np.ndarray
    container: str = "python"
    trainable: bool = False
    marked: bool = False
    foreign: str = ""

    def __post_init__(self) -> None:
        if self.foreign:
            # whatever moves a number moves it to one that its dtype has
            object.__setattr__(self, "value", rounded_to_bfloat16(self.value))

    @property
    def dtype(self) -> str:
        """The name of the dtype that the user's number had."""
        return self.foreign or self.value.dtype.name

    @property
    def eps(self) -> float:
        """That dtype's eps; that of double precision where it is none of real or complex numbers."""
        if self.foreign:
            return FOREIGN[self.foreign]
        return eps_of(self.value.dtype) if self.value.dtype.kind in "fc" else eps_of(np.dtype(np.float64))


def rounded_to_bfloat16(value: np.ndarray) -> np.ndarray:
    """The nearest numbers that bfloat16 has, as float32: its upper half, ties to even."""
    narrow = np.array(value, KEPT)
    # with an axis: numpy before 2 makes 64 bits of a number that has none
    bits = narrow.reshape(-1).view(np.uint32)
    rounded = ((bits + (np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1)))) & np.uint32(0xFFFF0000)).view(narrow.dtype)
    return np.where(np.isfinite(narrow), rounded.reshape(narrow.shape), narrow)


@cache
def eps_of(dtype: np.dtype) -> float:
    """The eps of a dtype of real or complex numbers."""
    return float(np.finfo(dtype).eps)
