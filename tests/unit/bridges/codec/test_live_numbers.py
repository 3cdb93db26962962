"""Live numbers as parameters and back: every container keeps its bits, and what cannot be kept is said."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qdiag.bridges.codec.live_numbers import NotANumber, plain_number, reader_for
from qdiag.model.parameter import Parameter
from tests.worlds.sameness import same


def read(value: Any) -> tuple[Parameter, list[str]]:
    notes: list[str] = []
    reader = reader_for(type(value))
    assert reader is not None
    return reader(value, notes.append), notes


NUMBERS = st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.complex_numbers()
SCALARS = st.sampled_from(["bool", "int8", "uint16", "int64", "float16", "float32", "float64", "complex64", "complex128"])


@given(NUMBERS)
def test_a_python_number_comes_back_as_itself(value: complex) -> None:
    parameter, notes = read(value)
    assert (parameter.container, parameter.trainable, notes) == ("python", False, [])
    assert same(plain_number(parameter), value)


@given(SCALARS, st.integers(0, 1))
def test_a_numpy_scalar_comes_back_with_its_dtype(dtype: str, number: int) -> None:
    value = np.dtype(dtype).type(number)
    parameter, notes = read(value)
    back = plain_number(parameter)
    assert (parameter.container, notes) == ("numpy-scalar", [])
    assert (type(back), back) == (type(value), value)


@given(SCALARS, st.sampled_from([(), (0,), (3,), (2, 2)]))
def test_an_array_comes_back_with_its_dtype_and_shape_and_shares_nothing(dtype: str, shape: tuple[int, ...]) -> None:
    value = np.ones(shape, dtype)
    parameter, _ = read(value)
    back = plain_number(parameter)
    assert parameter.container == "numpy"
    assert same(back, value)
    value[...] = 0
    assert np.all(parameter.value == 1)
    assert not np.shares_memory(back, parameter.value)


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, 10**40])
def test_an_integer_beyond_64_bits_is_no_number_that_a_file_holds(value: int) -> None:
    with pytest.raises(NotANumber, match="beyond 64 bits"):
        read(value)


@pytest.mark.parametrize(
    ("value", "dtype"),
    [(np.zeros(2, ">f8"), "float64"), (np.zeros(2, ">c8"), "complex64"), (np.zeros(2, ">i4"), "int32")],
)
def test_the_other_byte_order_is_turned_round_without_a_word(value: np.ndarray, dtype: str) -> None:
    parameter, notes = read(value)
    assert (parameter.value.dtype, notes) == (np.dtype(dtype), [])


@pytest.mark.skipif(np.dtype(np.longdouble) == np.dtype(np.float64), reason="here it is a double")
@pytest.mark.parametrize(("dtype", "narrowed"), [(np.longdouble, "float64"), (np.clongdouble, "complex128")])
def test_more_than_double_precision_is_narrowed_with_a_note(dtype: Any, narrowed: str) -> None:
    for value in (np.ones(2, dtype), dtype(1)):
        parameter, (note,) = read(value)
        assert parameter.value.dtype.name == narrowed
        assert note.endswith(f"were narrowed to {narrowed}")


@pytest.mark.parametrize("value", [np.array(["text"]), np.array([None]), np.array(["2020-01-01"], "M8[D]")])
def test_an_array_of_what_is_no_number_is_none(value: np.ndarray) -> None:
    with pytest.raises(NotANumber, match="an array of dtype"):
        read(value)


@pytest.mark.parametrize("kind", [str, list, dict, type(None), object, tuple])
def test_what_is_no_number_has_no_reader(kind: type) -> None:
    assert reader_for(kind) is None


class Foreign:
    """An array of a library that we do not know."""

    dtype, shape = "float32", (2,)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __array__(self, *_: Any, **__: Any) -> np.ndarray:
        if self.value is None:
            raise RuntimeError("traced")
        return np.asarray(self.value)


Foreign.__module__ = "elsewhere.core"


def test_an_array_of_another_library_is_recorded_as_numpys_with_a_note() -> None:
    parameter, notes = read(Foreign(np.ones(2, "float32")))
    assert (parameter.container, parameter.value.dtype.name) == ("numpy", "float32")
    assert notes == ["elsewhere arrays were recorded as numpy arrays"]


def test_one_that_has_no_value_yet_is_none() -> None:
    with pytest.raises(NotANumber, match="Foreign without a value"):
        read(Foreign(None))


def test_a_class_of_arrays_is_recorded_as_a_plain_one() -> None:
    class Mine(np.ndarray):
        pass

    parameter, notes = read(np.ones(2).view(Mine))
    assert type(parameter.value) is np.ndarray
    assert len(notes) == 1


# --- under autograd and torch -----------------------------------------------------------------------------------------------


class Box:
    """A tracked value, as autograd boxes one."""

    type_mappings: dict[type, type] = {}  # noqa: RUF012

    def __init__(self, value: Any) -> None:
        self._value = value


Box.__module__ = "autograd.numpy.numpy_boxes"


@pytest.mark.parametrize("value", [np.float64(0.5), np.array([0.5]), 0.5])
def test_what_is_in_autograds_boxes_is_tracked(value: Any) -> None:
    parameter, notes = read(Box(Box(value)))
    assert (parameter.container, parameter.trainable, notes) == ("autograd", True, [])
    assert np.ravel(parameter.value) == [0.5]


@pytest.mark.stack
@pytest.mark.parametrize("trainable", [True, False])
@pytest.mark.parametrize("container", ["autograd", "torch"])
def test_a_tracked_number_comes_back_tracked_and_a_plain_one_plain(container: str, trainable: bool) -> None:
    value = np.array([[0.5, -0.0]], "float32")
    back = plain_number(Parameter(value, container, trainable))
    assert back.requires_grad is trainable
    again, notes = read(back)
    assert notes == []
    assert same(again, Parameter(value, container, trainable))


@pytest.mark.stack
@pytest.mark.parametrize("dtype", ["int64", "bool"])
def test_whole_numbers_of_torch_cannot_be_tracked(dtype: str) -> None:
    assert not plain_number(Parameter(np.ones(2, dtype), "torch", True)).requires_grad


@pytest.mark.stack
def test_what_comes_back_for_torch_is_a_leaf_of_its_own() -> None:
    parameter = Parameter(np.ones(2), "torch", True)
    one, two = plain_number(parameter), plain_number(parameter)
    assert one.is_leaf
    one.detach()[0] = 7
    assert two[0] == 1
    assert parameter.value[0] == 1


@pytest.mark.parametrize("tracked", [True, False])
def test_a_bfloat16_tensor_comes_back_as_itself(tracked: bool) -> None:
    torch = pytest.importorskip("torch")
    tensor = torch.tensor([0.3, -2.5], dtype=torch.bfloat16, requires_grad=tracked)
    parameter, notes = read(tensor)
    back = plain_number(parameter)
    assert (parameter.dtype, parameter.value.dtype.name, notes) == ("bfloat16", "float32", [])
    assert (back.dtype, back.requires_grad) == (torch.bfloat16, tracked)
    assert torch.equal(back, tensor)
