"""Plain values are copied and compared; anything else is neither."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from qdiag.recording import plain_values
from qdiag.recording.plain_values import NotPlainError, copy_of, is_cheap, is_same, looks_same, words_of


class Array:
    """In the place of an array of JAX."""

    dtype: Any = None
    shape: Any = None

    def __init__(self, *numbers: float) -> None:
        self.numbers = np.array(numbers)
        self.dtype, self.shape, self.nbytes, self.size = self.numbers.dtype, self.numbers.shape, self.numbers.nbytes, len(numbers)

    def __array__(self, *_: Any, **__: Any) -> np.ndarray:
        return self.numbers


Array.__module__ = "jaxlib._jax"


@pytest.mark.parametrize(
    "value", [None, True, 3, 0.5, math.nan, 1j, "cz", np.float32(0.5), [1, (2.0, {"a": np.zeros(3)})], np.arange(4)], ids=str
)
def test_a_copy_is_the_same(value: Any) -> None:
    assert is_same(copy_of(value), value)
    assert looks_same(copy_of(value), value)


def test_what_is_moved_in_place_is_no_longer_the_same() -> None:
    value = [np.zeros(2), {"rate": 0.1}]
    before = copy_of(value)
    value[0][1] = 1.0
    assert not looks_same(before, value)
    value[0][1] = 0.0
    assert is_same(before, value)
    value[1]["rate"] = 0.2
    assert not is_same(before, value)
    assert not is_same(1, 1.0)
    assert not is_same([1], [1, 2])


def test_arrays_of_jax_are_compared_by_identity_first_and_by_numbers_later() -> None:
    one, other = Array(0.5), Array(0.5)
    assert copy_of(one) is one
    assert looks_same([one], [one])
    assert not looks_same(one, other)
    assert is_same(one, other)
    assert not is_same(one, Array(0.25))


@pytest.mark.parametrize(
    "value",
    [object(), {1, 2}, [object()], {(1, 2): 3}, np.array(["a"]), lambda: 0],
    ids=["an object", "a set", "an object in a list", "a tuple as key", "words in an array", "a function"],
)
def test_what_is_not_plain_is_not_copied(value: Any) -> None:
    with pytest.raises(NotPlainError):
        copy_of(value)


def test_what_is_too_large_is_not_copied() -> None:
    for value in (np.zeros(plain_values.MOST_BYTES), list(range(plain_values.MOST_PARTS + 1)), "x" * (plain_values.MOST_BYTES + 1)):
        with pytest.raises(NotPlainError):
            copy_of(value)


def test_in_words_a_value_is_short() -> None:
    told = [words_of(one) for one in (0.1 + 0.2, 3, "cz", np.arange(6.0), np.float64(0.25))]
    assert told == ["0.3", "3", "'cz'", "[0, 1, 2, 3, …]", "0.25"]
    assert len(words_of("x" * 100)) == 60
    assert is_cheap(0.5)
    assert not is_cheap([0.5])
    assert not is_cheap(np.zeros(100))
