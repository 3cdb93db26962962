"""Operations that act on qubits, from the instances: on wires 0, 1, …, wrapped where they can be, and what may be tracked in them."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Optional

import numpy as np
import pennylane as qml

from qdiag.bridges.codec import flattening
from qdiag.bridges.codec.encoding import Encoding
from qdiag.bridges.space.instances import operators
from qdiag.model.node import Node, parameters_of
from qdiag.model.parameter import Parameter

MOST_WIRES = 4
"""Operations on more wires are left out: what they are made of is asked about by itself."""

MOST_NUMBERS = 16
"""Operations with more numbers are left out."""

EMPTY_TARGETS = frozenset({"Elbow", "TemporaryAND"})
"""Operations that are defined where their last wire is in the state 0 alone."""

_CV = tuple(kind for name in ("CV", "CVOperation", "CVObservable") if (kind := getattr(qml.operation, name, None)) is not None)
_PREPARATIONS = getattr(qml.operation, "StatePrepBase", ())
_OTHER = ("pennylane.ops.qutrit", "pennylane.ops.cv", "pennylane.ftqc", "pennylane.qcut")
_STATES = "pennylane.templates.state_preparations"

_NO_OPERATIONS = frozenset(
    ["Barrier", "BasisStateProjector", "Conditional", "LabelledOp", "MarkedOp", "MeasureNode", "MidMeasure", "MidMeasureMP"]
    + ["PauliMeasure", "PrepareNode", "Projector", "Snapshot", "StateVectorProjector", "WireCut"]
)
"""What does nothing to the state, or measures it."""

MATRICES = frozenset({"BasisRotation", "BlockEncode", "FABLE"})
"""Operations whose real numbers are the entries of a matrix, which cannot be moved one by one."""


@dataclass(frozen=True, eq=False)
class Build:
    """An operation as it can stand in a circuit.

    Parameters
    ----------
    label
        How it is called.
    core
        The name of the class that it is about.
    operator
        PennyLane's object.
    node
        The same as a value.
    tracked
        Positions, among the node's parameters, of real numbers for which PennyLane promises a derivative.
    empty
        Wires that must be in the state 0 before.
    first
        Whether it sets the state, so that nothing stands before it on its wires.
    scalars
        Whether all its numbers are angles that may carry a batch.
    made_of
        The operations into which PennyLane takes it apart, by the names of their classes.
    """

    label: str
    core: str
    operator: Any
    node: Node
    tracked: tuple[int, ...] = ()
    empty: tuple[Any, ...] = ()
    first: bool = False
    scalars: bool = False
    made_of: frozenset[str] = frozenset()


@cache
def builds(module: str = "") -> tuple[Build, ...]:
    """Every operation on few qubits that PennyLane has, in the order of its instances, by label; before them those of a module."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = (build for instance in operators(module) if (build := build_of(instance.name, instance.operator)) is not None)
        return tuple(found)


def wrapped_builds(build: Build) -> Iterator[tuple[str, Build]]:
    """The same operation reversed, controlled by a wire in the state 1 and in the state 0, and repeated: in what, and the whole."""
    if build.first or build.empty or not is_unitary(build.operator) or len(build.node.wires) > MOST_WIRES - 1:
        return
    operator, control = build.operator, len(build.node.wires)
    yield from _wraps(
        build,
        {
            "adjoint": lambda: qml.adjoint(operator, lazy=True),
            "controlled": lambda: qml.ctrl(operator, control=control),
            "controlled on 0": lambda: qml.ctrl(operator, control=control, control_values=[0]),
            "squared": lambda: qml.pow(operator, 2, lazy=True),
        },
    )


def arithmetic_builds(build: Build) -> Iterator[tuple[str, Build]]:
    """The same operation in a product; and where it is Hermitian as an exponent, alone and in a sum: in what, and the whole."""
    if build.first or build.empty or not is_unitary(build.operator) or len(build.node.wires) > MOST_WIRES - 1:
        return
    operator, other = build.operator, qml.PauliZ(len(build.node.wires))
    ways: dict[str, Callable[[], Any]] = {"in a product": lambda: qml.prod(operator, other)}
    if _is_hermitian(operator):
        ways["exponentiated"] = lambda: qml.exp(operator, -0.3j)
        ways["evolved in a sum"] = lambda: qml.evolve(qml.sum(operator, qml.s_prod(0.4, other)), 0.3)
    yield from _wraps(build, ways)


def _wraps(build: Build, ways: Mapping[str, Callable[[], Any]]) -> Iterator[tuple[str, Build]]:
    for words, make in ways.items():
        with warnings.catch_warnings(), flattening.stop_recording():
            warnings.simplefilter("ignore")
            try:
                wrapped = build_of(build.label, make(), like=build)
            except Exception:
                # PennyLane does not wrap everything in everything
                continue
        if wrapped is not None:
            yield words, wrapped


def on_wires(build: Build, labels: tuple[Any, ...]) -> Optional[Build]:
    """The same operation on other wires; None where PennyLane cannot move it."""
    with warnings.catch_warnings(), flattening.stop_recording():
        warnings.simplefilter("ignore")
        return build_of(build.label, build.operator, like=build, labels=labels)


def build_of(label: str, operator: Any, *, like: Optional[Build] = None, labels: tuple[Any, ...] = ()) -> Optional[Build]:
    """The operator on wires 0, 1, … or those named; None where it is no operation on qubits, is too large, or cannot be kept.

    What is made of a build (``like``) acts on qubits as that one does.
    """
    wires = tuple(operator.wires)
    small = 0 < len(wires) <= MOST_WIRES and getattr(operator, "batch_size", None) is None
    if not small or type(operator).__name__ in _NO_OPERATIONS or not (like or _acts_on_qubits(operator)):
        return None
    wanted = labels or tuple(range(len(wires)))
    if wires != wanted:
        if set(wires) == set(wanted) and not labels:
            wanted = wires
        else:
            # older releases write the wires of a moved QuantumPhaseEstimation into what it was made of as well
            apart = copy.copy(operator)
            apart._hyperparameters = dict(operator.hyperparameters)
            try:
                operator = qml.map_wires(apart, dict(zip(wires, wanted)))
            except Exception:
                # each class has its own way of not being movable
                return None
    encoding = Encoding()
    node = encoding.whole(operator)
    parameters = parameters_of(node)
    if node.opaque or sum(p.value.size for p in parameters) > MOST_NUMBERS:
        return None
    tracked = _tracked_numbers(operator, parameters, encoding.numbers)
    empty = tuple(_work_wires(operator))
    if type(operator).__name__ in EMPTY_TARGETS:
        empty = (*empty, tuple(operator.wires)[-1])
    return Build(
        label,
        type(operator).__name__ if like is None else like.core,
        operator,
        node,
        tracked,
        empty,
        first=_sets_state(operator) if like is None else like.first,
        made_of=frozenset(part.__name__ for part in _parts(operator)) if like is None else like.made_of,
        scalars=bool(tracked) and len(tracked) == len(parameters) and all(parameters[i].value.ndim == 0 for i in tracked),
    )


def _acts_on_qubits(operator: Any) -> bool:
    """Whether a device for qubits may be asked for it: a channel, what is unitary, or what is made of such."""
    if isinstance(operator, _CV) or type(operator).__module__.startswith(_OTHER):
        return False
    if isinstance(operator, (qml.operation.Channel, _PREPARATIONS)):
        return True
    if not is_unitary(operator):
        return False
    return not any(_is_of_others(part) for part in _parts(operator))


def _is_of_others(kind: type) -> bool:
    """Whether a class is of modes or qutrits; PennyLane counts Identity among both, modes and qubits."""
    return (issubclass(kind, _CV) and kind is not qml.Identity) or kind.__module__.startswith(_OTHER)


def is_unitary(operator: Any) -> bool:
    """Whether its matrix is unitary, as far as it has one, or it is an operation that is made of other operations."""
    if isinstance(operator, qml.operation.Channel):
        return False
    try:
        matrix = np.asarray(qml.matrix(operator, wire_order=operator.wires))
    except Exception:
        # each class has its own way of having none
        return isinstance(operator, qml.operation.Operation) and not isinstance(operator, _PREPARATIONS)
    return bool(matrix.ndim == 2 and np.allclose(matrix @ matrix.conj().T, np.eye(len(matrix)), atol=1e-6))


def _is_hermitian(operator: Any) -> bool:
    """Whether its matrix is, where it has one."""
    try:
        matrix = np.asarray(qml.matrix(operator, wire_order=operator.wires))
    except Exception:
        # each class has its own way of having none
        return False
    return bool(matrix.ndim == 2 and np.allclose(matrix, matrix.conj().T, atol=1e-9))


def _parts(operator: Any, depth: int = 0) -> frozenset[type]:
    """The classes of the operations that an operation is made of, all the way down."""
    own = _decomposition(operator)
    return frozenset().union(*({type(part)} | _parts_of_part(part, depth + 1) for part in own)) if own else frozenset()


def _decomposition(operator: Any) -> list[Any]:
    try:
        return list(operator.decomposition())
    except Exception:
        # what has no decomposition is made of itself
        return []


_KNOWN: dict[type, frozenset[type]] = {}

DEEPEST = 8
"""Further down an operation is taken to be like others of its class: some are made of themselves, with others in them each time."""


def _parts_of_part(operator: Any, depth: int) -> frozenset[type]:
    """The same of a part, by its class: what is inside is taken apart once, not for each of its instances.

    Not of what is made from other operations, which are others in each instance.
    """
    kind = type(operator)
    if depth < DEEPEST and _is_made_from_operations(operator):
        return _parts(operator, depth)
    if kind not in _KNOWN:
        # a class that is made of itself comes back to here
        _KNOWN[kind] = frozenset()
        _KNOWN[kind] = _parts(operator, depth)
    return _KNOWN[kind]


def _is_made_from_operations(operator: Any) -> bool:
    if type(operator).__module__.startswith("pennylane.ops.op_math"):
        return True
    given = (operator.hyperparameters or {}).values()
    flat = (part for value in given for part in (value if isinstance(value, (list, tuple)) else (value,)))
    return any(isinstance(part, qml.operation.Operator) for part in flat)


def _sets_state(operator: Any) -> bool:
    """Whether it is a state preparation, or holds one: on other states than 0 it is not defined."""
    if isinstance(operator, _PREPARATIONS) or type(operator).__module__.startswith(_STATES):
        return True
    return any(_PREPARATIONS and issubclass(part, _PREPARATIONS) for part in _parts(operator))


def _work_wires(operator: Any) -> tuple[Any, ...]:
    """Wires that an operation takes to be in the state 0: by PennyLane's convention they are called work wires."""
    given = {**operator.hyperparameters, "work_wires": getattr(operator, "work_wires", None)} if operator.hyperparameters else {}
    named = (value for name, value in given.items() if name in ("work_wires", "work_wire") and value is not None)
    return tuple(label for value in named for label in qml.wires.Wires(value))


def _tracked_numbers(operator: Any, parameters: tuple[Parameter, ...], numbers: list[Any]) -> tuple[int, ...]:
    """Real numbers that PennyLane differentiates by: not the entries of states and matrices, which mean something together only."""
    innermost = operator
    while isinstance(base := getattr(innermost, "base", None), qml.operation.Operator):
        innermost = base
    named = type(innermost).__name__ in MATRICES or type(operator).__module__.startswith(_STATES)
    whole = named or isinstance(operator, _PREPARATIONS)
    if whole or not _is_differentiable(operator):
        return ()
    data = {id(datum) for datum in operator.data}
    real = (position for position, parameter in enumerate(parameters) if parameter.value.dtype.kind == "f")
    return tuple(position for position in real if id(numbers[position]) in data)


def _is_differentiable(operator: Any) -> bool:
    """Whether PennyLane has a derivative for it: an operation says so, a template is differentiated through what it is made of."""
    try:
        return getattr(operator, "grad_method", "F") is not None or bool(operator.has_decomposition)
    except Exception:
        # a symbolic operator asks its base, which may not know the question
        return True
