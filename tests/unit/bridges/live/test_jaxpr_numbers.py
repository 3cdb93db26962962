"""Programs of JAX's worked out in NumPy, on programs made by hand: what has no rule is said."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from qdiag.bridges.live.jaxpr_numbers import UnknownPrimitiveError, evaluate


def variable() -> Any:
    return SimpleNamespace()


def literal(value: Any) -> Any:
    return SimpleNamespace(val=value)


def equation(name: str, given: list[Any], out: list[Any], **params: Any) -> Any:
    return SimpleNamespace(primitive=SimpleNamespace(name=name), invars=given, outvars=out, params=params)


def program(given: list[Any], equations: list[Any], out: list[Any], constants: Any = ()) -> Any:
    return SimpleNamespace(constvars=list(constants), invars=given, eqns=equations, outvars=out)


def one(name: str, *given: Any, **params: Any) -> np.ndarray:
    places, out = [variable() for _ in given], variable()
    (found,) = evaluate(program(places, [equation(name, places, [out], **params)], [out]), (), given)
    return found


def test_constants_literals_and_arguments_lead_to_results() -> None:
    x, c, y, z = variable(), variable(), variable(), variable()
    found = evaluate(program([x], [equation("mul", [x, literal(2.0)], [y]), equation("add", [y, c], [z])], [z, y], [c]), [0.5], [3.0])
    assert [float(number) for number in found] == [6.5, 6.0]


def test_programs_inside_are_worked_out_open_or_closed() -> None:
    x, y, a, b = (variable() for _ in range(4))
    inner = program([a], [equation("sin", [a], [b])], [b])
    for called in (inner, SimpleNamespace(jaxpr=inner, consts=())):
        (found,) = evaluate(program([x], [equation("jit", [x], [y], jaxpr=called)], [y]), (), [0.3])
        assert float(found) == pytest.approx(np.sin(0.3))


A = np.arange(6.0).reshape(2, 3)


@pytest.mark.parametrize(
    ("name", "given", "params", "wanted"),
    [
        ("integer_pow", (A,), {"y": 2}, A**2),
        ("integer_pow", (A + 1,), {"y": -1}, 1 / (A + 1)),
        ("div", (np.array(-7), np.array(2)), {}, np.array(-3)),
        ("rem", (np.array(-7.0), np.array(2.0)), {}, np.array(-1.0)),
        ("convert_element_type", (A,), {"new_dtype": np.float32}, A.astype(np.float32)),
        ("broadcast_in_dim", (np.arange(3.0),), {"shape": (2, 3), "broadcast_dimensions": (1,)}, np.array([[0.0, 1, 2]] * 2)),
        ("reshape", (A,), {"new_sizes": (3, 2)}, A.reshape(3, 2)),
        ("squeeze", (A[:1],), {"dimensions": (0,)}, A[0]),
        ("slice", (A,), {"start_indices": (0, 1), "limit_indices": (2, 3), "strides": None}, A[:, 1:]),
        ("dynamic_slice", (A, np.array(9), np.array(0)), {"slice_sizes": (1, 3)}, A[1:]),
        ("concatenate", (A, A), {"dimension": 1}, np.concatenate([A, A], 1)),
        ("transpose", (A,), {"permutation": (1, 0)}, A.T),
        ("iota", (), {"shape": (2, 3), "dimension": 1, "dtype": np.int32}, np.array([[0, 1, 2]] * 2, np.int32)),
        ("dot_general", (A, A), {"dimension_numbers": (((1,), (1,)), ((), ()))}, A @ A.T),
        ("reduce_sum", (A,), {"axes": (1,)}, A.sum(1)),
        ("select_n", (np.array([True, False, True]), np.zeros(3), np.ones(3)), {}, np.array([1.0, 0, 1])),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_primitive_does_what_jax_means_by_it(name: str, given: Any, params: dict[str, Any], wanted: np.ndarray) -> None:
    found = one(name, *given, **params)
    assert found.dtype == wanted.dtype
    assert np.array_equal(found, wanted)


def test_what_has_no_rule_is_said() -> None:
    with pytest.raises(UnknownPrimitiveError, match="random_bits"):
        one("random_bits", np.zeros(2, np.uint32))
    with pytest.raises(UnknownPrimitiveError):
        one("dot_general", A, A, dimension_numbers=(((1,), (1,)), ((0,), (0,))))
