"""What a QNode returned as a flat list of arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qdiag.bridges.results import array_of, outputs_of

NESTED = st.recursive(
    st.integers().map(float), lambda inner: st.lists(inner, max_size=3) | st.lists(inner, max_size=3).map(tuple), max_leaves=8
)


def leaves(value: Any) -> list[Any]:
    return [leaf for part in value for leaf in leaves(part)] if isinstance(value, (list, tuple)) else [value]


@given(NESTED)
def test_outputs_come_out_in_the_order_of_return_however_they_are_nested(result: Any) -> None:
    assert list(outputs_of(result)) == leaves(result)


@pytest.mark.parametrize("result", [0.5, np.float64(0.5), np.zeros(3), np.zeros((2, 2))])
def test_a_single_output_stays_whole(result: Any) -> None:
    (found,) = outputs_of(result)
    assert found is result


def test_a_dictionary_of_results_is_its_values_in_order() -> None:
    assert outputs_of({"b": 1.0, "a": (2.0, 3.0)}) == (1.0, 2.0, 3.0)


def test_counts_are_one_array_in_the_order_of_their_outcomes() -> None:
    (found,) = outputs_of({"11": 3, "00": np.int64(7), "01": 1})
    assert found.tolist() == [7, 1, 3]


def test_counts_of_numbers_are_counts_too() -> None:
    (found,) = outputs_of({1.0: 2, -1.0: 8})
    assert found.tolist() == [8, 2]


def test_an_empty_dictionary_holds_nothing() -> None:
    assert outputs_of({}) == outputs_of(()) == ()


class Box:
    """A tracked value, as autograd boxes one."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def __len__(self) -> int:
        return len(self._value)

    def __getitem__(self, place: int) -> Box:
        return Box(self._value[place])


def test_a_boxed_tuple_is_its_boxed_elements() -> None:
    found = outputs_of(Box((1.0, np.zeros(2))))
    assert len(found) == 2
    assert all(isinstance(part, Box) for part in found)


def test_a_boxed_array_is_one_output() -> None:
    assert len(outputs_of(Box(np.zeros(2)))) == 1


def test_what_is_in_a_box_is_found_however_deep() -> None:
    found = array_of(Box(Box(np.array([1.0, 2.0], "float32"))))
    assert (found.dtype.name, found.tolist()) == ("float32", [1.0, 2.0])


class Tensor:
    """A tensor as torch has it: something to let go of, to resolve and to move before numpy may look."""

    def __init__(self, log: list[str], value: Any) -> None:
        self.log, self.value = log, value

    def detach(self) -> Tensor:
        self.log.append("detach")
        return self

    def resolve_conj(self) -> Tensor:
        self.log.append("conj")
        return self

    def cpu(self) -> Tensor:
        self.log.append("cpu")
        return self

    def numpy(self) -> np.ndarray:
        return np.asarray(self.value)


def test_a_tensor_is_let_go_of_resolved_and_moved_before_it_is_read() -> None:
    log: list[str] = []
    assert array_of(Tensor(log, 1 + 2j)) == 1 + 2j
    assert log == ["detach", "conj", "cpu"]


def test_an_array_is_copied_so_that_it_does_not_change_with_the_live_one() -> None:
    live = np.array([1.0, 2.0])
    found = array_of(live)
    live[0] = 9
    assert found.tolist() == [1.0, 2.0]


def test_a_class_of_arrays_becomes_a_plain_array() -> None:
    class Mine(np.ndarray):
        pass

    assert type(array_of(np.zeros(2).view(Mine))) is np.ndarray


@pytest.mark.parametrize(
    ("output", "dtype"), [(True, "bool"), (3, "int64"), (0.5, "float64"), (1j, "complex128"), (np.float32(1), "float32")]
)
def test_a_number_has_the_dtype_of_its_kind(output: Any, dtype: str) -> None:
    found = array_of(output)
    assert (found.dtype.name, found.shape) == (dtype, ())


def test_a_bfloat16_tensor_is_an_array_of_the_same_numbers() -> None:
    torch = pytest.importorskip("torch")
    array = array_of(torch.tensor([0.3, 2.0], dtype=torch.bfloat16, requires_grad=True))
    assert (array.dtype.name, array.tolist()) == ("float32", [0.30078125, 2.0])
