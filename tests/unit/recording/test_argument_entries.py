"""What the user calls the numbers of a circuit: an entry of an argument, where it is one and only one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from qdiag.recording.argument_entries import name_numbers


class Tensor:
    """What torch's tensors show of themselves: values, a mark, and an address."""

    def __init__(self, values: Any, requires_grad: bool = True, start: int = 1000) -> None:
        self.values = np.asarray(values, float)
        self.requires_grad = requires_grad
        self.start = start

    def detach(self) -> Tensor:
        return self

    def numpy(self) -> np.ndarray:
        return self.values

    def data_ptr(self) -> int:
        return self.start

    def stride(self) -> tuple[int, ...]:
        return tuple(size // 8 for size in self.values.strides)

    def element_size(self) -> int:
        return 8

    def __getitem__(self, index: Any) -> Tensor:
        places = index if isinstance(index, tuple) else (index,)
        return Tensor(self.values[index], self.requires_grad, self.start + sum(i * s for i, s in zip(places, self.values.strides)))


class Made:
    """A call as the recorder sees it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.args, self.kwargs = args, kwargs


def named(*sources: Any, names: tuple[str, ...] = ("weights", "coefficients"), args: tuple[Any, ...] = (), **kwargs: Any) -> Any:
    return name_numbers(Made(*args, **kwargs), names, sources)  # type: ignore[arg-type]


WEIGHTS, COEFFICIENTS = Tensor([[0.1, 0.2], [0.3, 0.4]]), Tensor([0.7, 0.8], start=5000)


def test_an_entry_is_called_as_the_user_indexes_it_and_a_whole_argument_by_its_name() -> None:
    found = named(WEIGHTS[1, 0], COEFFICIENTS[0], WEIGHTS, WEIGHTS[0], args=(WEIGHTS, COEFFICIENTS))
    assert found == ("weights[1, 0]", "coefficients[0]", "weights", "weights[0]")


def test_a_column_of_a_batch_is_named_too() -> None:
    assert named(Tensor([0.1, 0.3]), args=(WEIGHTS,)) == ("weights[..., 0]",)


def test_keywords_lists_and_further_arguments_have_names() -> None:
    assert named(Tensor(0.8), args=(), weights=WEIGHTS, scale=COEFFICIENTS) == ("scale[1]",)
    assert named(Tensor(0.7), args=([WEIGHTS, COEFFICIENTS],)) == ("weights[1][0]",)
    assert named(Tensor(0.7), names=(), args=(WEIGHTS, COEFFICIENTS)) == ("*1[0]",)


def test_equal_entries_are_told_apart_by_where_they_lie() -> None:
    zeros = Tensor([0.0, 0.0, 0.0])
    assert named(zeros[2], args=(zeros,)) == ("weights[2]",)


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(Tensor(0.55), id="worked out from arguments"),
        pytest.param(Tensor(0.1, requires_grad=False), id="not trainable"),
        pytest.param(Tensor(float("nan")), id="no number"),
    ],
)
def test_what_is_no_entry_of_an_argument_has_no_name(source: Tensor) -> None:
    assert named(source, args=(WEIGHTS, Tensor([float("nan")]))) == ("",)


def test_equal_entries_whose_addresses_say_nothing_have_no_name() -> None:
    assert named(Tensor(0.5, start=1), args=(Tensor([0.5, 0.5]),)) == ("",)


def test_what_the_script_does_not_differentiate_by_lends_no_name() -> None:
    assert named(Tensor(0.7), args=(Tensor([0.7], requires_grad=False),)) == ("",)


def test_large_arguments_are_not_looked_through() -> None:
    assert named(Tensor(1.0), args=(Tensor(np.arange(5000.0)),)) == ("",)


class Box:
    """What autograd holds a list or a dictionary in."""

    def __init__(self, value: Any) -> None:
        self._value, self._node = value, object()


def test_the_parts_of_a_list_that_autograd_holds_in_one_box_have_names() -> None:
    found = named(Tensor(0.2), args=(Box([np.asarray(0.1), np.asarray(0.2)]),))
    assert found == ("weights[1]",)


def test_what_is_in_a_dictionary_has_no_name() -> None:
    assert named(Tensor(0.2), args=(Box({"a": np.asarray(0.2)}),)) == ("",)
