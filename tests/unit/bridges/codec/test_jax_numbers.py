"""JAX's arrays and tracers are told by their types, with types made here in their place: no test needs JAX."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from qdiag.bridges.codec import jax_numbers


class Tracer:
    """What stands for an array while JAX traces."""

    dtype, shape = np.dtype(np.float32), (2,)


class DynamicJaxprTracer(Tracer):
    """Of ``jit``: nothing is known of its numbers."""

    val = "its place in what is traced, which is no number"


class JVPTracer(Tracer):
    """Of ``grad``: it carries what it stands for."""

    def __init__(self, primal: Any, trace: Any = None) -> None:
        self.primal = primal
        self._trace = trace


class LinearizeTracer(JVPTracer):
    """The same in newer versions."""


class BatchTracer(Tracer):
    """Of ``vmap``: it carries many numbers for one."""

    def __init__(self, val: Any) -> None:
        self.val = val


class ArrayImpl(np.ndarray):
    """An array of JAX."""


for kind in (Tracer, DynamicJaxprTracer, JVPTracer, LinearizeTracer, BatchTracer):
    kind.__module__ = "jax._src.interpreters"
ArrayImpl.__module__ = "jaxlib._jax"

ARRAY = np.array([0.5, 0.25], np.float32).view(ArrayImpl)


def test_arrays_and_tracers_are_known_by_where_their_types_come_from() -> None:
    assert [jax_numbers.is_jax(type(value)) for value in (ARRAY, DynamicJaxprTracer(), np.zeros(2), 0.5)] == [True, True, False, False]
    values = (ARRAY, DynamicJaxprTracer(), JVPTracer(ARRAY), 0.5)
    assert [jax_numbers.is_traced(value) for value in values] == [False, True, True, False]


def test_inside_grad_the_array_is_there_and_inside_jit_it_is_not() -> None:
    assert jax_numbers.concrete_value(JVPTracer(LinearizeTracer(ARRAY))) is ARRAY
    assert not jax_numbers.is_staged(LinearizeTracer(ARRAY))
    assert jax_numbers.is_staged(LinearizeTracer(DynamicJaxprTracer()))
    assert jax_numbers.is_staged(BatchTracer(ARRAY)), "many arrays are no array"
    assert jax_numbers.placeholder(JVPTracer(ARRAY)).tolist() == [0.5, 0.25]
    unknown = jax_numbers.placeholder(JVPTracer(DynamicJaxprTracer()))
    assert (unknown.tolist(), unknown.dtype.name) == ([0, 0], "float32")


def test_it_is_compiled_where_no_transform_around_it_has_numbers() -> None:
    open_ = DynamicJaxprTracer()
    values = (JVPTracer(open_), BatchTracer(JVPTracer(open_)), open_, BatchTracer(ARRAY), JVPTracer(BatchTracer(ARRAY)), ARRAY, 0.5)
    assert [jax_numbers.is_compiled(value) for value in values] == [True, True, True, False, False, False, False]


def test_it_is_differentiated_in_whatever_transform_around_it() -> None:
    values = (JVPTracer(ARRAY), BatchTracer(JVPTracer(ARRAY)), BatchTracer(DynamicJaxprTracer()), DynamicJaxprTracer(), ARRAY, 0.5)
    assert [jax_numbers.is_differentiated(value) for value in values] == [True, True, False, False, False, False]


OUTER, INNER = SimpleNamespace(main=None), SimpleNamespace(main=None)
OUTER.main, INNER.main = OUTER, INNER


@pytest.mark.parametrize("traces", [(object(), object()), (OUTER, INNER)], ids=["now", "up to JAX 0.4.35"])
def test_it_is_differentiated_twice_where_two_transforms_differentiate_by_it_or_by_what_is_beside_it(traces: tuple[Any, Any]) -> None:
    outer, inner = traces
    both, other, open_ = JVPTracer(JVPTracer(ARRAY, outer), inner), JVPTracer(ARRAY, outer), DynamicJaxprTracer()
    assert jax_numbers.are_differentiated_twice([both, 0.5])
    assert jax_numbers.are_differentiated_twice([LinearizeTracer(BatchTracer(JVPTracer(open_, outer)), inner)])
    assert jax_numbers.are_differentiated_twice([LinearizeTracer(ARRAY, inner), other]), "the mixed derivative"
    assert not jax_numbers.are_differentiated_twice([other, JVPTracer(open_, outer), open_, ARRAY, 0.5])


def test_levels_of_one_transform_are_one_transform() -> None:
    levels = [SimpleNamespace(main=OUTER) for _ in range(2)]
    assert not jax_numbers.are_differentiated_twice([JVPTracer(ARRAY, level) for level in levels])


def test_it_is_transformed_where_it_is_differentiated_or_one_of_many() -> None:
    values = (JVPTracer(ARRAY), BatchTracer(ARRAY), BatchTracer(DynamicJaxprTracer()), DynamicJaxprTracer(), ARRAY, 0.5)
    assert [jax_numbers.is_transformed(value) for value in values] == [True, True, True, False, False, False]


def test_what_is_only_staged_may_be_differentiated_later() -> None:
    weight, datum = JVPTracer(DynamicJaxprTracer()), DynamicJaxprTracer()
    assert jax_numbers.differentiated_among([weight, datum, 0.5]) == [weight]
    assert jax_numbers.differentiated_among([datum, ARRAY]) == [datum]
    assert jax_numbers.differentiated_among([ARRAY, 0.5]) == []


def test_arrays_of_64_bits_are_a_setting_of_a_loaded_jax(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jax", SimpleNamespace(config=SimpleNamespace(jax_enable_x64=True)))
    assert jax_numbers.double_precision_is_on()
    monkeypatch.delitem(sys.modules, "jax")
    assert not jax_numbers.double_precision_is_on()
