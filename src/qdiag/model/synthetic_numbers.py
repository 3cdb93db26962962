"""Numbers that are nobody's: a circuit's values replaced by made-up ones of the same kind.

What is 0, ±1 or a simple fraction of π says something about a circuit and nothing about the user's data, and stays.
"""

from __future__ import annotations

import io
import math
import re
import tokenize
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from qdiag.model.circuit import Circuit
from qdiag.model.node import MeasuredOutcome, Tagged, Value, parameters_of, walk
from qdiag.model.variants import with_nodes, with_values

_Number = TypeVar("_Number", float, complex)

_KINDS = 1e-6
"""So exactly a matrix must be unitary or Hermitian, and a state normalised, to be replaced by another of its kind."""

_ULPS = 8
"""So close to a simple number a number is one, in steps of its own dtype: what is merely small is data."""

_FRACTION = re.compile(r"\d\.\d|\.\d|\d[eE]-?\d")
"""A number with a fraction, in a comment or a string."""

_SIMPLE = np.asarray([0.0, 1.0, *(math.pi * k / n for n in (1, 2, 3, 4, 6, 8) for k in range(1, 2 * n + 1))])


def made_up(circuit: Circuit, seed: int) -> Circuit:
    """The same circuit on made-up numbers.

    Parameters
    ----------
    circuit
        The user's.
    seed
        Another one, other numbers.
    """
    draws = np.random.default_rng(seed)
    sparse = [value for top in circuit.nodes for value in walk(top) if isinstance(value, Tagged) and _is_sparse(value)]
    parts = {id(part) for value in sparse for part in parameters_of(value)}
    numbers = {i: p.value for i, p in enumerate(circuit.parameters) if id(p) not in parts}
    drawn = with_values(circuit, {i: _draw_like(value, draws) for i, value in numbers.items()})
    return with_nodes(drawn, lambda value: _beside(value, draws))


def tells_numbers(source: str) -> bool:
    """Whether a source holds numbers of its own, be it in a comment: integers and simple fractions of one half are none."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.NUMBER and _own(token.string):
            return True
        quoted = token.type not in (tokenize.NUMBER, tokenize.NAME, tokenize.OP)
        if quoted and _FRACTION.search(token.string):
            return True
    return False


def _own(literal: str) -> bool:
    try:
        return not (2 * abs(complex(literal.replace("_", "")))).is_integer()
    except ValueError:
        # hexadecimal and the like: an integer
        return False


def _beside(value: Value, draws: np.random.Generator) -> Value:
    """What an operator carries beside its data: a power's exponent, the values of an outcome; integers and flags stay."""
    if isinstance(value, (float, complex)):
        return _scalar(value, draws)
    if isinstance(value, MeasuredOutcome):
        return replace(value, table=tuple(_scalar(entry, draws) if isinstance(entry, float) else entry for entry in value.table))
    return _sparse(value, draws) if isinstance(value, Tagged) and _is_sparse(value) else value


def _is_sparse(value: Tagged) -> bool:
    """Whether it is a matrix of scipy, whose indices are no numbers of the user's."""
    return value.kind.startswith("sparse-")


def _sparse(value: Tagged, draws: np.random.Generator) -> Tagged:
    """Other entries in the same places; a Hermitian matrix stays one."""
    # scipy takes a while to load, and few circuits need it
    import scipy.sparse

    content: Any = value.content
    shape, parts, flag = content
    arrays = [part.value for part in parts]
    matrix = scipy.sparse.csr_matrix(tuple(arrays), shape=shape)
    made = scipy.sparse.csr_matrix((_numbers(arrays[0], draws), *arrays[1:]), shape=shape)
    if abs(matrix - matrix.getH()).max() < _KINDS:
        rows, columns = matrix.nonzero()
        made = (made + made.getH()) / 2
        made = scipy.sparse.csr_matrix((np.ravel(made[rows, columns]), (rows, columns)), shape=shape)
    fresh = (made.data.astype(arrays[0].dtype), made.indices, made.indptr)
    return Tagged(value.kind, (shape, tuple(replace(part, value=array) for part, array in zip(parts, fresh)), flag))


def _scalar(number: _Number, draws: np.random.Generator) -> _Number:
    return type(number)(_draw_like(np.asarray(number), draws).item())


def _draw_like(value: np.ndarray, draws: np.random.Generator) -> np.ndarray:
    """Numbers of the kind, dtype and shape of others: a unitary matrix for a unitary one, a state for a state."""
    if value.dtype.kind not in "fc":
        if value.dtype.kind not in "iu" or not value.size or np.abs(value).max() <= 1:
            return value
        low, high = min(0, int(value.min())), max(0, int(value.max()))
        return draws.integers(low, high, size=value.shape, endpoint=True).astype(value.dtype)
    if np.all(_simple(value)):
        return value
    if value.dtype.kind == "c" and np.allclose(np.abs(value), 1, atol=_KINDS):
        return _phases(value, draws).astype(value.dtype)
    if value.ndim > 1 and value.shape[-1] == value.shape[-2] > 1:
        if value.ndim > 2:
            return np.stack([_draw_like(matrix, draws) for matrix in value])
        return _matrix(value, draws).astype(value.dtype)
    if value.ndim and value.shape[-1] > 1 and _is_normalised(value):
        return np.apply_along_axis(_state, -1, value, draws).astype(value.dtype)
    return _numbers(value, draws).astype(value.dtype)


def _is_normalised(value: np.ndarray) -> bool:
    """Whether the last axis holds states."""
    return bool(np.allclose(np.linalg.norm(value, axis=-1), 1, atol=_KINDS))


def _matrix(value: np.ndarray, draws: np.random.Generator) -> np.ndarray:
    drawn = draws.standard_normal(value.shape) + (1j * draws.standard_normal(value.shape) if value.dtype.kind == "c" else 0)
    if np.allclose(np.abs(value), np.eye(len(value))[np.argmax(np.abs(value), axis=0)].T, atol=_KINDS):
        return _phases(value, draws)
    if np.allclose(value @ value.conj().T, np.eye(len(value)), atol=_KINDS):
        return np.asarray(np.linalg.qr(drawn)[0])
    if np.allclose(value, value.conj().T, atol=_KINDS) and abs(np.trace(value) - 1) < _KINDS:
        state = drawn[0] / np.linalg.norm(drawn[0])
        return np.outer(state, state.conj())
    if np.allclose(value, value.conj().T, atol=_KINDS):
        return np.asarray((drawn + drawn.conj().T) / 2)
    if _is_normalised(value):
        return np.apply_along_axis(_state, -1, value, draws)
    return np.where(value == 0, 0, drawn * min(1.0, float(np.linalg.norm(value, 2))) / np.linalg.norm(drawn, 2))


def _phases(value: np.ndarray, draws: np.random.Generator) -> np.ndarray:
    """Other phases, be it those of a permutation; signs and quarter turns say something about the circuit, and stay."""
    if value.dtype.kind != "c":
        return value
    turns = np.exp(1j * np.round(draws.uniform(0.15, 1.35, value.shape), 2))
    quarters = np.angle(value) / (math.pi / 2)
    simple = np.abs(quarters - np.round(quarters)) < _ULPS * np.finfo(value.dtype).eps
    return np.where(simple | (np.abs(value) < _KINDS), np.round(value), turns)


def _state(value: np.ndarray, draws: np.random.Generator) -> np.ndarray:
    if np.count_nonzero(value) == 1:
        # a basis state, but for its phase
        return _phases(value, draws)
    drawn = draws.uniform(0.2, 1.0, value.shape) * np.where(value == 0, 0, 1)
    return np.asarray(drawn / np.linalg.norm(drawn))


def _numbers(value: np.ndarray, draws: np.random.Generator) -> np.ndarray:
    """Numbers between 0.15 and 1.35 with two digits, with the signs that were there."""
    size = np.round(draws.uniform(0.15, 1.35, value.shape), 2)
    sign = _sign(value)
    return np.where(_simple(value), value, size * np.where(_is_a_sign(sign), sign, 1))


def _simple(value: np.ndarray) -> np.ndarray:
    """Where numbers are 0, ±1 or ± a simple fraction of π."""
    length = np.abs(value)
    near = np.any(np.abs(length[..., None] - _SIMPLE) <= _ULPS * np.finfo(value.dtype).eps * _SIMPLE, axis=-1)
    return np.asarray(near & _is_a_sign(_sign(value)))


def _sign(value: np.ndarray) -> np.ndarray:
    length = np.abs(value)
    return np.asarray(np.divide(value, length, out=np.ones_like(value), where=length > 0))


def _is_a_sign(phase: np.ndarray) -> np.ndarray:
    return np.isin(np.round(np.real(phase), 6), (0.0, 1.0, -1.0))
