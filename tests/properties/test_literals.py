"""Whatever number a circuit holds, the literal that stands for it gives the same bits back."""

import itertools
import math
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from qdiag.bridges.source.expression import build
from qdiag.bridges.source.literals import Style, complex_text, literal, real_text
from qdiag.bridges.source.outcomes import canonical, expressions, name_of
from qdiag.model.node import MeasuredOutcome
from qdiag.model.parameter import Parameter

DTYPES = ("float64", "float32", "complex128", "complex64", "int64", "int32", "bool")


def bits(value) -> bytes:
    # which NaN it is does not matter
    array = np.asarray(value)
    return np.where(np.isnan(array), array.dtype.type(math.nan), array).tobytes() if array.dtype.kind == "f" else array.tobytes()


@given(st.floats(allow_nan=True))
def test_a_double(value):
    assert bits(eval(real_text(value))) == bits(value)


@given(st.floats(width=32))
def test_a_single_is_written_with_no_more_digits_than_numpy_needs(value):
    text = real_text(value, "float32")
    assert bits(np.float32(eval(text))) == bits(np.float32(value))
    assert len(text) <= len(repr(float(value))) or not math.isfinite(value)


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_a_complex_number_with_the_signs_of_its_zeros(real, imaginary):
    assert bits(np.array(eval(complex_text(complex(real, imaginary))))) == bits(np.array(complex(real, imaginary)))


@given(st.sampled_from(DTYPES).flatmap(lambda dtype: arrays.arrays(dtype, arrays.array_shapes(min_dims=0, max_side=3))))
def test_an_array_of_any_shape_and_dtype(array):
    text, imports = literal(Parameter(array, "numpy"), Style())
    scope: dict[str, Any] = {}
    for line in imports:
        exec(line, scope)
    back = np.asarray(eval(text, scope))
    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    finite = np.isfinite(array) if array.dtype.kind in "fc" else np.ones(array.shape, bool)
    assert back[finite].tobytes() == array[finite].tobytes()


def tables(count: int):
    return st.lists(st.integers(-3, 3), min_size=2**count, max_size=2**count)


@given(st.integers(1, 4).flatmap(lambda count: st.tuples(st.permutations(range(count)), tables(count))))
def test_any_function_of_outcomes_is_a_polynomial_in_them(given_function):
    positions, table = given_function
    outcome = MeasuredOutcome(tuple(positions), tuple(table))
    *_, polynomial = expressions(outcome)
    for branch in itertools.product((0, 1), repeat=len(positions)):
        scope = {name_of(position): bit for position, bit in zip(positions, branch)}
        assert build(polynomial, scope, Style()) == table[int("".join(map(str, branch)), 2)]


@given(st.lists(st.booleans(), min_size=4, max_size=4))
def test_measurements_that_do_not_matter_are_left_out(table):
    found = canonical(MeasuredOutcome((1, 0), tuple(table)))
    assert found.measurements == tuple(sorted(found.measurements))
    constant = len(set(table)) == 1
    assert len(found.measurements) == 1 if constant else len(found.table) == 2 ** len(found.measurements)
