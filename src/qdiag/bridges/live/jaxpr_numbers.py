"""What a program of JAX's works out, in NumPy: for a copy of a process, in which nothing that XLA runs ever comes back.

Only what lies between a QNode's arguments and its circuit's numbers is asked for, so a short table of primitives is enough. One that is
not there is said, and nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Rule = Callable[..., Any]


class UnknownPrimitiveError(Exception):
    """A primitive that has no rule here."""


def evaluate(jaxpr: Any, constants: Sequence[Any], arguments: Sequence[Any]) -> list[np.ndarray]:
    """The results of a program.

    Parameters
    ----------
    jaxpr
        The program, open.
    constants, arguments
        What its variables stand for.

    Raises
    ------
    UnknownPrimitiveError
        Where something in it has no rule here.
    """
    known: dict[int, np.ndarray] = {}

    def value(variable: Any) -> np.ndarray:
        return np.asarray(variable.val) if hasattr(variable, "val") else known[id(variable)]

    def bind(variables: Sequence[Any], values: Sequence[Any]) -> None:
        for variable, number in zip(variables, values):
            known[id(variable)] = np.asarray(number)

    bind(jaxpr.constvars, constants)
    bind(jaxpr.invars, arguments)
    for equation in jaxpr.eqns:
        given = [value(variable) for variable in equation.invars]
        bind(equation.outvars, _results(equation.primitive.name, given, equation.params))
    return [value(variable) for variable in jaxpr.outvars]


def _results(name: str, given: Sequence[np.ndarray], params: dict[str, Any]) -> Sequence[Any]:
    inner = next((params[key] for key in ("jaxpr", "call_jaxpr") if key in params), None)
    if inner is not None and name in _CALLS:
        # open or closed
        return evaluate(getattr(inner, "jaxpr", inner), getattr(inner, "consts", ()), given)
    if name in _UNSEEN:
        return ()
    if name in _PLAIN:
        return [_PLAIN[name](*given)]
    if name in _WITH_PARAMS:
        return [_WITH_PARAMS[name](params, *given)]
    raise UnknownPrimitiveError(name)


_CALLS = ("jit", "pjit", "closed_call", "core_call", "custom_jvp_call", "custom_vjp_call", "custom_vjp_call_jaxpr", "checkpoint")
_UNSEEN = ("debug_callback", "debug_print")

_PLAIN: dict[str, Rule] = {
    "add": np.add,
    "add_any": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": lambda one, other: np.divide(one, other) if one.dtype.kind in "fc" else np.trunc(one / other).astype(one.dtype),
    "rem": np.fmod,
    "max": np.maximum,
    "min": np.minimum,
    "pow": np.power,
    "atan2": np.arctan2,
    "eq": np.equal,
    "ne": np.not_equal,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "and": np.bitwise_and,
    "or": np.bitwise_or,
    "xor": np.bitwise_xor,
    "not": np.bitwise_not,
    "neg": np.negative,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
    "exp": np.exp,
    "exp2": np.exp2,
    "expm1": np.expm1,
    "log": np.log,
    "log1p": np.log1p,
    "sqrt": np.sqrt,
    "rsqrt": lambda one: 1 / np.sqrt(one),
    "cbrt": np.cbrt,
    "square": np.square,
    "abs": np.abs,
    "sign": np.sign,
    "floor": np.floor,
    "ceil": np.ceil,
    "real": np.real,
    "imag": np.imag,
    "conj": np.conj,
    "complex": lambda one, other: one + 1j * other,
    "is_finite": np.isfinite,
    "logistic": lambda one: 1 / (1 + np.exp(-one)),
    "clamp": lambda low, one, high: np.clip(one, low, high),
    "copy": lambda one: one,
    "copy_p": lambda one: one,
    "stop_gradient": lambda one: one,
    "optimization_barrier": lambda one: one,
    "select_n": lambda which, *cases: np.choose(which.astype(int), cases),
}


def _broadcast(params: dict[str, Any], one: np.ndarray) -> np.ndarray:
    shape = [1] * len(params["shape"])
    for axis, size in zip(params["broadcast_dimensions"], one.shape):
        shape[axis] = size
    return np.broadcast_to(one.reshape(shape), params["shape"])


def _slice(params: dict[str, Any], one: np.ndarray) -> np.ndarray:
    strides = params["strides"] or [1] * one.ndim
    return one[tuple(map(slice, params["start_indices"], params["limit_indices"], strides))]


def _dynamic_slice(params: dict[str, Any], one: np.ndarray, *starts: np.ndarray) -> np.ndarray:
    sizes = params["slice_sizes"]
    at = [int(np.clip(start, 0, whole - size)) for start, whole, size in zip(starts, one.shape, sizes)]
    return one[tuple(slice(start, start + size) for start, size in zip(at, sizes))]


def _iota(params: dict[str, Any]) -> np.ndarray:
    shape, axis = params["shape"], params["dimension"]
    along = np.arange(shape[axis], dtype=params["dtype"]).reshape([-1 if k == axis else 1 for k in range(len(shape))])
    return np.broadcast_to(along, shape)


def _dot_general(params: dict[str, Any], one: np.ndarray, other: np.ndarray) -> np.ndarray:
    (left, right), (rows, others) = params["dimension_numbers"]
    if rows or others:
        raise UnknownPrimitiveError("dot_general in batches")
    return np.tensordot(one, other, (left, right))


_WITH_PARAMS: dict[str, Rule] = {
    "integer_pow": lambda params, one: one ** params["y"] if params["y"] >= 0 else 1 / one ** -params["y"],
    "convert_element_type": lambda params, one: one.astype(params["new_dtype"]),
    "broadcast_in_dim": _broadcast,
    "reshape": lambda params, one: one.reshape(params["new_sizes"]),
    "squeeze": lambda params, one: np.squeeze(one, tuple(params["dimensions"])),
    "expand_dims": lambda params, one: np.expand_dims(one, tuple(params["dimensions"])),
    "slice": _slice,
    "dynamic_slice": _dynamic_slice,
    "concatenate": lambda params, *parts: np.concatenate(parts, params["dimension"]),
    "transpose": lambda params, one: np.transpose(one, params["permutation"]),
    "rev": lambda params, one: np.flip(one, tuple(params["dimensions"])),
    "round": lambda params, one: np.round(one),
    "iota": _iota,
    "dot_general": _dot_general,
    "reduce_sum": lambda params, one: np.sum(one, tuple(params["axes"])),
    "reduce_prod": lambda params, one: np.prod(one, tuple(params["axes"])),
    "reduce_max": lambda params, one: np.max(one, tuple(params["axes"])),
    "reduce_min": lambda params, one: np.min(one, tuple(params["axes"])),
    "cumsum": lambda params, one: np.cumsum(one, params["axis"]),
}
