"""A QNode's circuit traced anew, as JAX would if it compiled now: in a copy of the process, where nothing that XLA runs comes back.

Tracing runs no XLA. What leads from arguments to the circuit's numbers is worked out in NumPy, and so is the circuit, without any
interface. Loaded only where JAX is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, NoReturn, Optional

import jax
import numpy as np
import pennylane as qml

from qdiag.bridges.codec import jax_numbers
from qdiag.bridges.live.jaxpr_numbers import evaluate
from qdiag.bridges.results import array_of, outputs_of

POINTS = 2
"""Arguments at which circuits are compared."""


class Shapes(NamedTuple):
    """What a function was given while it was traced: the leaves of its arguments, and how they are put together."""

    leaves: tuple[Any, ...]
    tree: Any


class Anew(NamedTuple):
    """A circuit as it is traced now.

    Parameters
    ----------
    operations
        Name of each operation, with its wires.
    numbers
        For each point: all numbers of the circuit.
    fixed
        Those that are constants of the trace, None in the places of the others.
    owners
        Which operation each number belongs to.
    outputs
        For each point: what the circuit gives; None where it gives no numbers that can be compared.
    """

    operations: tuple[str, ...]
    numbers: tuple[tuple[np.ndarray, ...], ...]
    fixed: tuple[Optional[np.ndarray], ...]
    owners: tuple[int, ...]
    outputs: Optional[tuple[tuple[np.ndarray, ...], ...]]


def shapes_of(args: Sequence[Any], kwargs: dict[str, Any]) -> Shapes:
    """What stands for numbers in arguments, by shape and dtype: nothing of what JAX traces is kept."""
    leaves, tree = jax.tree_util.tree_flatten((tuple(args), dict(kwargs)))
    return Shapes(tuple(_Open(leaf.shape, leaf.dtype) if jax_numbers.is_traced(leaf) else leaf for leaf in leaves), tree)


class _Open(NamedTuple):
    """Stands for numbers that are not there yet."""

    shape: tuple[int, ...]
    dtype: Any


def fixed_among(parameters: Sequence[Any]) -> tuple[Optional[np.ndarray], ...]:
    """The numbers of a circuit that are constants of the trace."""
    return tuple(None if jax_numbers.is_staged(value) else array_of(jax_numbers.concrete_value(value)) for value in parameters)


def circuit_anew(qnode: Any, function: Any, shapes: Shapes) -> Anew:
    """The QNode's circuit where a function that calls it, or its own quantum function, is traced now.

    Parameters
    ----------
    qnode
        The QNode.
    function
        Its quantum function, or one that calls it.
    shapes
        What that was given.
    """
    # what was traced before is not taken for what would be traced now
    jax.clear_caches()
    tapes: list[Any] = []
    places = [place for place, leaf in enumerate(shapes.leaves) if isinstance(leaf, _Open)]

    def numbers_of(*numbers: Any) -> list[Any]:
        leaves = list(shapes.leaves)
        for place, number in zip(places, numbers):
            leaves[place] = number
        args, kwargs = jax.tree_util.tree_unflatten(shapes.tree, leaves)
        tapes.append(_tape(qnode, function, args, kwargs))
        parameters = [_outside(value) for value in tapes[-1].get_parameters(trainable_only=False)]
        return [value for value in parameters if jax_numbers.is_traced(value)]

    open_leaves = [shapes.leaves[place] for place in places]
    closed = jax.make_jaxpr(numbers_of)(*(jax.ShapeDtypeStruct(leaf.shape, leaf.dtype) for leaf in open_leaves))
    tape, parameters = tapes[-1], tapes[-1].get_parameters(trainable_only=False)
    fixed = fixed_among(parameters)
    constants = [np.asarray(constant) for constant in closed.consts]
    all_numbers = []
    for point in range(POINTS):
        found = iter(evaluate(closed.jaxpr, constants, [_drawn(leaf, point) for leaf in open_leaves]))
        # what a transform around it takes for constant has a number of its own as well
        all_numbers.append(tuple(np.array(next(found)) if jax_numbers.is_traced(value) else array_of(value) for value in parameters))
    operations = tuple(f"{operation.name} on {list(operation.wires)}" for operation in tape.operations)
    owners = tuple(number for number, operation in enumerate(tape.operations) for _ in operation.data)
    return Anew(operations, tuple(all_numbers), fixed, owners, _outputs(qnode, tape, all_numbers))


class _Reached(BaseException):
    """The QNode is called: no more of the function is wanted."""


@contextmanager
def _stopping_at(qnode: Any) -> Iterator[None]:
    plain = qml.QNode.__call__

    def stop(called: Any, *args: Any, **kwargs: Any) -> Any:
        if called is not qnode:
            return plain(called, *args, **kwargs)
        raise _Reached(args, kwargs)

    qml.QNode.__call__ = stop
    try:
        yield
    finally:
        qml.QNode.__call__ = plain


def _tape(qnode: Any, function: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """The circuit that the QNode makes when the function is called."""
    if function is not qnode.func:
        try:
            with _stopping_at(qnode):
                function(*args, **kwargs)
            _never_called()
        except _Reached as reached:
            args, kwargs = reached.args
            args, kwargs = jax.tree_util.tree_map(_outside, (tuple(args), dict(kwargs)))
    return qml.tape.make_qscript(qnode.func)(*args, **kwargs)


def _never_called() -> NoReturn:
    raise LookupError("the QNode is not called")


def _outside(value: Any) -> Any:
    """What a value stands for outside of the transforms around it: of many at once, the first."""
    while jax_numbers.is_traced(value):
        inner = jax_numbers.concrete_value(value)
        if type(inner).__name__ == "BatchTracer":
            inner = inner.val if inner.batch_dim is None else jax.lax.index_in_dim(inner.val, 0, inner.batch_dim, keepdims=False)
        if inner is value:
            break
        value = inner
    return value


def _drawn(leaf: _Open, point: int) -> np.ndarray:
    """Numbers of no special values, always the same; whole numbers are zero, as an index may be."""
    dtype = np.dtype(leaf.dtype)
    if dtype.kind not in "fc":
        return np.zeros(leaf.shape, dtype)
    return np.random.default_rng([512, point]).uniform(0.2, 1.2, leaf.shape).astype(dtype)


def _outputs(qnode: Any, tape: Any, numbers: Sequence[Sequence[np.ndarray]]) -> Optional[tuple[tuple[np.ndarray, ...], ...]]:
    """What the circuit gives at each point, without shots and without an interface."""
    found = []
    try:
        for values in numbers:
            bound = tape.bind_new_parameters(list(values), list(range(len(values)))).copy(shots=None)
            (results,) = qml.execute([bound], qnode.device, diff_method=None, interface=None)
            found.append(tuple(np.asarray(output, dtype=complex) for output in outputs_of(results)))
    except Exception:
        return None
    return tuple(found)


def gap_between(one: Anew, other: Anew) -> Optional[float]:
    """How far apart the outputs of two circuits are; None where that is not known."""
    if one.outputs is None or other.outputs is None:
        return None
    pairs = [pair for left, right in zip(one.outputs, other.outputs) for pair in zip(left, right)]
    if any(left.shape != right.shape for left, right in pairs):
        return None
    gap = max((float(np.max(np.abs(left - right), initial=0.0)) for left, right in pairs), default=0.0)
    return gap if np.isfinite(gap) else None


def numbers_apart(one: Anew, other: Anew) -> tuple[str, ...]:
    """The operations that differ between two circuits: by their numbers, else by what there is."""
    if one.operations != other.operations:
        first = next((k for k, pair in enumerate(zip(one.operations, other.operations)) if pair[0] != pair[1]), None)
        at = min(len(one.operations), len(other.operations)) if first is None else first
        longer = other.operations if len(other.operations) > at else one.operations
        return (f"{longer[at]} (operation {at})",)
    owners = sorted({owner for k, owner in enumerate(one.owners) if _differ(one, other, k)})
    return tuple(f"{other.operations[owner]} (operation {owner})" for owner in owners)


def _differ(one: Anew, other: Anew, place: int) -> bool:
    pairs = [(left[place], right[place]) for left, right in zip(one.numbers, other.numbers)]
    return any(left.shape != right.shape or not np.array_equal(left, right, equal_nan=True) for left, right in pairs)


def is_as_compiled(anew: Anew, fixed: Sequence[Optional[np.ndarray]]) -> bool:
    """Whether the constants of a circuit traced anew are those that were compiled."""
    if len(anew.fixed) != len(fixed):
        return False
    for one, other in zip(anew.fixed, fixed):
        if (one is None) is not (other is None):
            return False
        if one is not None and other is not None and not np.array_equal(one, other, equal_nan=one.dtype.kind in "fc"):
            return False
    return True

