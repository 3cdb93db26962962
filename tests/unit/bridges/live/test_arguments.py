"""The tensors and arrays among a QNode's arguments: taken out wherever they are, and put back with other numbers."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.stack

torch = pytest.importorskip("torch")
arguments = pytest.importorskip("qdiag.bridges.live.arguments")

from pennylane import numpy as pnp  # noqa: E402

Pair = namedtuple("Pair", "one other")
TENSOR, TRACKED = torch.tensor([1.0, 2.0]), torch.tensor(0.5, requires_grad=True)
BOXED, ARRAY = pnp.array(0.25, requires_grad=True), np.array([3.0])


def leaves(*args: Any, **kwargs: Any) -> list[tuple[str, bool, bool]]:
    return [(leaf.name, leaf.tracked, leaf.torch) for leaf in arguments.leaves_of(args, kwargs, ("x", "weights"))]


def test_each_has_the_name_that_the_function_gives_it() -> None:
    assert leaves(TENSOR, TRACKED, ARRAY, scale=BOXED) == [
        ("x", False, True), ("weights", True, True), ("*2", False, False), ("scale", True, False),
    ]  # fmt: skip


def test_they_are_found_in_lists_tuples_and_dictionaries() -> None:
    assert [name for name, _, _ in leaves([TENSOR, (TRACKED, 1.0)], {"a": ARRAY, "b": ["text", BOXED]})] == [
        "x[0]", "x[1][0]", "weights['a']", "weights['b'][1]",
    ]  # fmt: skip


@pytest.mark.parametrize("value", [1.0, "text", None, True, object()])
def test_what_holds_no_array_has_none(value: Any) -> None:
    assert leaves(value) == []


def test_a_leaf_is_a_copy_without_its_graph() -> None:
    (leaf,) = arguments.leaves_of((TRACKED * 2,), {}, ("x",))
    assert (leaf.value.requires_grad, leaf.tracked) == (False, True)
    assert float(leaf.array) == 1.0


def test_putting_back_keeps_the_shape_of_the_arguments_and_the_rest() -> None:
    given = [TENSOR, (TRACKED, "text", 1.0), {"a": ARRAY}, Pair(BOXED, 2)]
    following = iter(["first", "second", "third", "fourth"])
    put = arguments.substitute_leaves(given, following)
    assert put == ["first", ("second", "text", 1.0), {"a": "third"}, Pair("fourth", 2)]
    assert isinstance(put[3], Pair)
    assert list(following) == []


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (torch.ones(2), "float64"),
        (torch.ones(2, dtype=torch.complex64), "complex128"),
        (torch.ones(2, dtype=torch.int32), "int32"),
        (np.ones(2, np.float32), "float64"),
        (np.ones(2, np.complex64), "complex128"),
        (np.ones(2, np.int8), "int8"),
    ],
)
def test_wider_numbers_of_the_same_kind(value: Any, dtype: str) -> None:
    assert str(arguments.in_double_precision(value).dtype).replace("torch.", "") == dtype


@pytest.mark.parametrize("value", [TRACKED, BOXED, torch.tensor([1.0, 2.0], dtype=torch.float32, requires_grad=True)])
def test_a_move_is_along_its_direction_and_of_its_own_kind(value: Any) -> None:
    (leaf,) = arguments.leaves_of((value,), {}, ("x",))
    direction = np.ones(np.shape(leaf.array))
    moved = arguments.step_along(leaf.value, leaf, direction, 0.5)
    assert type(moved) is type(leaf.value)
    assert np.allclose(np.asarray(moved, float), np.asarray(leaf.array, float) + 0.5)
