"""What one QNode call ran, as an immutable tree that knows no framework.

A circuit is operations and measurements; each is a `Node`: a class name, its data (numbers, and the operators nested in
it), and metadata (wires and hyperparameters). Every number that an operator carries is a `Parameter` leaf, so one walk over
the tree sees all of them, also those that PennyLane's tape hides. Edits are pure functions that return a new circuit;
they know nothing of searching.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Mapping as MappingType
from dataclasses import dataclass, field, fields, replace
from functools import cache, cached_property
from typing import Any, Union

import numpy as np

from qdiag.model.operator_families import MID_MEASUREMENTS, RAW_SAMPLES

Label = Union[int, str]
"""A wire label."""

CONTAINERS = ("python", "numpy-scalar", "numpy", "autograd", "torch", "jax")
"""Where a number lived: a Python number, a numpy scalar, a numpy array, PennyLane's autograd tensor, a torch tensor, JAX's array."""

TENSORS = ("autograd", "torch", "jax")
"""Those of them that an interface makes plain numbers of, and follows."""


FOREIGN = {"bfloat16": 2.0**-7}
"""Dtypes that numpy does not have, and their eps: numbers of these are kept in a wider dtype, which holds each of them exactly."""
KEPT = "float32"
"""What numbers of these are kept as."""


@dataclass(frozen=True, eq=False)
class Parameter:
    """A number or array that an operator carries.

    Parameters
    ----------
    value
        The number as an array of any shape; its dtype is the one the user's number had, but for those of `FOREIGN`.
    container
        One of `CONTAINERS`.
    trainable
        Whether the user's interface tracked it, so that it is differentiated by.
    marked
        Whether it only carries the mark that makes PennyLane count it among the trainable ones (an array of ``pennylane.numpy`` carries
        it unless told otherwise), while nothing differentiates by it.
    foreign
        The dtype that the user's number had where numpy has none of that name: one of `FOREIGN`, or "".
    """

    value: np.ndarray
    container: str = "python"
    trainable: bool = False
    marked: bool = False
    foreign: str = ""

    def __post_init__(self) -> None:
        if self.foreign:
            # whatever moves a number moves it to one that its dtype has
            object.__setattr__(self, "value", rounded_to_bfloat16(self.value))

    @property
    def dtype(self) -> str:
        """The name of the dtype that the user's number had."""
        return self.foreign or self.value.dtype.name

    @property
    def eps(self) -> float:
        """That dtype's eps; that of double precision where it is none of real or complex numbers."""
        if self.foreign:
            return FOREIGN[self.foreign]
        return _eps_of(self.value.dtype) if self.value.dtype.kind in "fc" else _eps_of(np.dtype(np.float64))


@dataclass(frozen=True)
class Wires:
    """Wire labels in order: a type of its own, so that relabelling finds them anywhere in the tree."""

    labels: tuple[Label, ...]


@dataclass(frozen=True, eq=False)
class Mapping:
    """An immutable dictionary in the order of its making."""

    items: tuple[tuple[Value, Value], ...]

    def get(self, key: str, default: Value = None) -> Value:
        """The value stored under a string key."""
        return next((value for name, value in self.items if name == key), default)


@dataclass(frozen=True, eq=False)
class Tagged:
    """A value of a PennyLane type that is neither operator nor number: a Pauli word, shots, a set, a slice, …

    `kind` names the type in the words of the bridge's codec; `content` is made of ordinary values.
    """

    kind: str
    content: Value


@dataclass(frozen=True)
class MeasuredOutcome:
    """The outcome of mid-circuit measurements, as a lookup table.

    Parameters
    ----------
    measurements
        Positions, among the circuit's mid-circuit measurements in order of execution, of those it depends on.
    table
        One value for each of the ``2**len(measurements)`` branches, first measurement as the most significant bit.
    """

    measurements: tuple[int, ...]
    table: tuple[Union[bool, int, float], ...]


@dataclass(frozen=True, eq=False)
class Node:
    """An operator or a measurement process.

    Parameters
    ----------
    name
        The class name, such as ``RX``, ``Adjoint``, ``StronglyEntanglingLayers``, ``ExpectationMP``.
    data
        Numbers (`Parameter`), nested operators (`Node`), and tuples or lists of these, as PennyLane flattens them.
    metadata
        Everything else that rebuilds it: wires, hyperparameters, control values, …
    wires
        All wires that it touches (also those inside the metadata and nested operators), for reading and for edits.
    definition
        For a class that is not PennyLane's: the source code of the class. Executed only with the user's trust.
    opaque
        Why this node is known by name only, or "" where it can be rebuilt.
    """

    name: str
    data: tuple[Value, ...] = ()
    metadata: Value = None
    wires: tuple[Label, ...] = ()
    definition: str = ""
    opaque: str = ""


Value = Union[
    None, bool, int, float, complex, str, tuple[Any, ...], list[Any], Parameter, Wires, Mapping, Tagged, MeasuredOutcome, Node
]
"""Anything that a circuit's tree may hold."""


def rounded_to_bfloat16(value: np.ndarray) -> np.ndarray:
    """The nearest numbers that bfloat16 has, as float32: its upper half, ties to even."""
    narrow = np.array(value, KEPT)
    bits = narrow.view(np.uint32)
    rounded = ((bits + (np.uint32(0x7FFF) + ((bits >> 16) & np.uint32(1)))) & np.uint32(0xFFFF0000)).view(narrow.dtype)
    return np.where(np.isfinite(narrow), rounded, narrow)


_FORM = "_form"
"""Where a circuit keeps its `Circuit.form`, where that is another one: no field, so that a circuit made of it has none."""

UNRESOLVED = 0.01
"""Radians: where neighbouring numbers of a precision are further apart, they name no angle."""


@dataclass(frozen=True, eq=False)
class Circuit:
    """Operations, measurements and shots of one QNode call.

    Parameters
    ----------
    operations
        In order of execution.
    measurements
        In order of return.
    shots
        Empty for analytic, else one entry for each group of shots.
    returns
        The shape of what the QNode returned: ``"single"`` for a bare measurement, else ``"tuple"``, ``"list"`` or ``"dict:a,b"``.
    """

    operations: tuple[Node, ...]
    measurements: tuple[Node, ...]
    shots: tuple[int, ...] = ()
    returns: str = "single"
    notes: tuple[str, ...] = field(default=())

    @property
    def nodes(self) -> tuple[Node, ...]:
        """Operations, then measurements."""
        return self.operations + self.measurements

    @property
    def wires(self) -> tuple[Label, ...]:
        """Every wire that is touched, in order of first use."""
        return tuple(dict.fromkeys(label for node in self.nodes for label in node.wires))

    @property
    def placement(self) -> str:
        """Where its numbers lay when it ran: ``cuda``, or "" for the memory of the CPU."""
        return "cuda" if ON_CUDA in self.notes else ""

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """Every number in the tree: operations first, in the order in which the nodes hold them."""
        return tuple(parameter for node in self.nodes for parameter in parameters_of(node))

    @property
    def form(self) -> Circuit:
        """A circuit that differs from this one in nothing but numbers, the same for all that were read as one structure; else itself.

        What depends on no number is worked out for it, and so once for all of them.
        """
        form: Circuit = self.__dict__.get(_FORM, self)
        return form

    def __getstate__(self) -> dict[str, Any]:
        """Its fields alone: what was worked out of them is not sent to another process."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @cached_property
    def trainable(self) -> tuple[int, ...]:
        """Positions in `parameters` of those that the user's interface tracked."""
        return tuple(i for i, parameter in enumerate(self.parameters) if parameter.trainable)

    @cached_property
    def marked(self) -> tuple[int, ...]:
        """Positions in `parameters` of those that PennyLane counts among the trainable ones, and nobody differentiates by."""
        return tuple(i for i, parameter in enumerate(self.parameters) if parameter.marked)

    @cached_property
    def finite(self) -> bool:
        """Whether all its numbers are numbers: a training that went astray hands on NaN, about which methods need not agree."""
        return all(_is_finite(p.value) for p in self.parameters if p.value.dtype.kind in "fc")

    @cached_property
    def resolved(self) -> bool:
        """Whether its numbers are finite, and those of operations so small that their precision tells one angle from the next.

        Beyond that the ends of a rounding error are different angles: nothing that any method gives means anything.
        """
        numbers = (p.value for node in self.operations for p in parameters_of(node) if p.value.dtype.kind in "fc" and p.value.size)
        return self.finite and all(_largest(value) * _eps_of(value.dtype) <= UNRESOLVED for value in numbers)

    @property
    def samples_only(self) -> bool:
        """Whether it returns raw samples and counts alone: elements of two drawings have nothing to do with each other."""
        return bool(self.measurements) and all(measurement.name in RAW_SAMPLES for measurement in self.measurements)

    @property
    def opaque(self) -> tuple[str, ...]:
        """Names of the operators that are recorded by name only, each with the reason."""
        return tuple(f"{node.name} ({node.opaque})" for top in self.nodes for node in nodes_of(top) if node.opaque)


def joined_to(circuit: Circuit, form: Circuit, parameters: tuple[Parameter, ...]) -> Circuit:
    """The same circuit, which knows its parameters now, and a form that differs from it in nothing but these."""
    circuit.__dict__.update({_FORM: form, "parameters": parameters, "trainable": form.trainable, "marked": form.marked})
    return circuit


@cache
def _eps_of(dtype: np.dtype) -> float:
    return float(np.finfo(dtype).eps)


def _is_finite(value: np.ndarray) -> bool:
    """Whether all numbers of an array are; most have one."""
    return math.isfinite(value) if value.ndim == 0 and value.dtype.kind == "f" else bool(np.isfinite(value).all())


def _largest(value: np.ndarray) -> float:
    """The largest number of an array that has some, by magnitude; most have one."""
    return float(abs(value[()]) if value.ndim == 0 else np.max(np.abs(value)))


# --- reading -----------------------------------------------------------------------------------------------------------


def parts_of(value: Value) -> tuple[Value, ...]:
    """The values directly inside a value, in the order that fixes the numbering of parameters."""
    if isinstance(value, Node):
        return (*value.data, value.metadata)
    if isinstance(value, (tuple, list)):
        return tuple(value)
    if isinstance(value, Mapping):
        return tuple(part for item in value.items for part in item)
    if isinstance(value, Tagged):
        return (value.content,)
    return ()


def walk(value: Value) -> Iterator[Value]:
    """A value and everything inside it, depth first."""
    yield value
    for part in parts_of(value):
        yield from walk(part)


def parameters_of(value: Value) -> tuple[Parameter, ...]:
    """The parameters inside a value, in order."""
    found: list[Parameter] = []
    _gather(value, Parameter, found)
    return tuple(found)


def nodes_of(value: Value) -> tuple[Node, ...]:
    """The operators inside a value, outermost first, the value itself among them."""
    found: list[Node] = []
    _gather(value, Node, found)
    return tuple(found)


def _gather(value: Value, kind: type[Any], found: list[Any]) -> None:
    """What of `walk` is of a kind, without a generator for each level: each call of a long replay is asked many times."""
    if isinstance(value, kind):
        found.append(value)
    if isinstance(value, Node):
        for part in value.data:
            _gather(part, kind, found)
        _gather(value.metadata, kind, found)
    elif isinstance(value, (tuple, list, Mapping, Tagged)):
        for part in parts_of(value):
            _gather(part, kind, found)


def midway_measurements(circuit: Circuit) -> int:
    """How many measurements there are in the middle of a circuit."""
    return sum(node.name in MID_MEASUREMENTS for operation in circuit.operations for node in nodes_of(operation))


def measures_midway(circuit: Circuit) -> bool:
    """Whether there are any."""
    return midway_measurements(circuit) > 0


def postselects(circuit: Circuit) -> bool:
    """Whether a measurement in the middle of a circuit keeps one outcome only."""
    return any(
        isinstance(part, tuple) and len(part) == 2 and part[0] == "postselect" and part[1] is not None
        for operation in circuit.operations
        for part in walk(operation)
    )


AS_DECOMPOSITION = "was recorded as its decomposition"
"""How a circuit's note says that it holds the parts of an operation, and not the operation that ran."""

MOVED_TO_CPU = "was moved to the CPU"
"""How a circuit's note says that a number of it lay in the memory of another device."""

ON_CUDA = f"a tensor on cuda {MOVED_TO_CPU}"
"""The note of a circuit whose numbers lay in the memory of a GPU."""


# --- rebuilding --------------------------------------------------------------------------------------------------------


def rebuild(value: Value, change: Callable[[Value], Value]) -> Value:
    """A copy of a tree in which ``change`` has replaced values, inside out.

    Parameters
    ----------
    value
        The tree.
    change
        Called once for each value after its parts have been rebuilt; returns the value itself to keep it.
    """
    if isinstance(value, Node):
        data = tuple(rebuild(part, change) for part in value.data)
        return change(replace(value, data=data, metadata=rebuild(value.metadata, change)))
    if isinstance(value, (tuple, list)):
        return change(type(value)(rebuild(part, change) for part in value))
    if isinstance(value, Mapping):
        return change(Mapping(tuple((rebuild(k, change), rebuild(v, change)) for k, v in value.items)))
    if isinstance(value, Tagged):
        return change(Tagged(value.kind, rebuild(value.content, change)))
    return change(value)


def with_nodes(circuit: Circuit, change: Callable[[Value], Value]) -> Circuit:
    """A circuit whose trees have been rebuilt by ``change`` (see `rebuild`)."""
    return replace(
        circuit,
        operations=tuple(with_parts(node, change) for node in circuit.operations),
        measurements=tuple(with_parts(node, change) for node in circuit.measurements),
    )


def with_parts(node: Node, change: Callable[[Value], Value]) -> Node:
    """An operator that has been rebuilt by ``change`` (see `rebuild`)."""
    value = rebuild(node, change)
    if not isinstance(value, Node):
        raise TypeError(f"an operation must stay an operation, not become {type(value).__name__}")
    return value


def with_parameters(circuit: Circuit, parameters: Sequence[Parameter]) -> Circuit:
    """The same circuit with other parameters, given in the order of `Circuit.parameters`.

    Raises
    ------
    ValueError
        If there are more or fewer than the circuit has.
    """
    expected = len(circuit.parameters)
    if len(parameters) != expected:
        raise ValueError(f"the circuit has {expected} parameters, not {len(parameters)}")
    remaining = iter(parameters)
    return with_nodes(circuit, lambda value: next(remaining) if isinstance(value, Parameter) else value)


def with_values(circuit: Circuit, values: MappingType[int, np.ndarray]) -> Circuit:
    """The same circuit with other numbers at some positions of `Circuit.parameters`."""
    return with_parameters(
        circuit,
        [replace(p, value=values[i]) if i in values else p for i, p in enumerate(circuit.parameters)],
    )


def with_trainable(circuit: Circuit, positions: Sequence[int]) -> Circuit:
    """The same circuit with exactly the parameters at these positions trainable; what is only marked stays so."""
    wanted = frozenset(positions)
    parameters = [replace(p, trainable=i in wanted, marked=p.marked and i not in wanted) for i, p in enumerate(circuit.parameters)]
    return with_parameters(circuit, parameters)


def without_marks(circuit: Circuit, positions: Sequence[int]) -> Circuit:
    """The same circuit with what was only marked trainable at these positions made constants."""
    gone = frozenset(positions)
    return with_parameters(circuit, [replace(p, marked=p.marked and i not in gone) for i, p in enumerate(circuit.parameters)])


def as_evaluated(circuit: Circuit) -> Circuit:
    """The circuit of a call that nothing was differentiated at: what was trainable in it is only marked."""
    if not circuit.trainable:
        return circuit
    return with_parameters(circuit, [replace(p, trainable=False, marked=p.trainable or p.marked) for p in circuit.parameters])


def as_marked(circuit: Circuit) -> Circuit:
    """The circuit differentiated by all that is marked trainable, as far as it can be: whole numbers cannot."""
    if not circuit.marked:
        return circuit
    able = [p.marked and p.value.dtype.kind in "fc" for p in circuit.parameters]
    return with_parameters(
        circuit, [replace(p, trainable=True, marked=False) if taken else p for p, taken in zip(circuit.parameters, able)]
    )


def raw_outputs(circuit: Circuit, count: int) -> frozenset[int]:
    """Positions, among so many outputs, of raw samples: an element of one drawing has nothing to do with that of another.

    With several groups of shots all measurements come once for each group.
    """
    raw = [measurement.name in RAW_SAMPLES for measurement in circuit.measurements]
    if not any(raw) or count % len(raw):
        # older versions put all results into one array
        return frozenset(range(count) if any(raw) else ())
    return frozenset(k for k in range(count) if raw[k % len(raw)])


WIDER = {"bfloat16": "float64", "float16": "float64", "float32": "float64", "complex64": "complex128"}
"""What a dtype of less than double precision becomes in it."""

NARROW = frozenset(WIDER)
"""The dtypes of less than double precision."""

_NARROWER = {"float64": "float32", "complex128": "complex64"}


def with_precision(circuit: Circuit, precision: str) -> Circuit:
    """The same circuit with every floating parameter in ``float64`` or ``float32`` (complex ones in the matching width).

    Where all are so already, the circuit itself.
    """
    table = {"float64": WIDER, "float32": _NARROWER}[precision]
    if not any(p.dtype in table for p in circuit.parameters):
        return circuit
    wanted = [table.get(p.dtype) for p in circuit.parameters]
    return with_parameters(
        circuit,
        [p if to is None else replace(p, value=p.value.astype(to), foreign="") for p, to in zip(circuit.parameters, wanted)],
    )


def with_dtypes_of(circuit: Circuit, other: Circuit) -> Circuit:
    """The same circuit, each parameter in the dtype that it has in another circuit of the same structure."""
    pairs = zip(circuit.parameters, other.parameters)
    return with_parameters(circuit, [replace(p, value=p.value.astype(q.value.dtype), foreign=q.foreign) for p, q in pairs])


def without_operations(circuit: Circuit, positions: Sequence[int]) -> Circuit:
    """The same circuit less the operations at these positions."""
    gone = frozenset(positions)
    return replace(circuit, operations=tuple(op for i, op in enumerate(circuit.operations) if i not in gone))


def without_measurements(circuit: Circuit, positions: Sequence[int]) -> Circuit:
    """The same circuit less the measurements at these positions.

    A lone remaining one is still returned as before; of a dictionary, whose names no longer fit, a tuple is left.
    """
    gone = frozenset(positions)
    left = tuple(m for i, m in enumerate(circuit.measurements) if i not in gone)
    named = circuit.returns.startswith("dict:") and len(left) < len(circuit.measurements)
    return replace(circuit, measurements=left, returns="tuple" if named else circuit.returns)


def with_wire_labels(circuit: Circuit, labels: MappingType[Label, Label]) -> Circuit:
    """The same circuit on other wires; labels that are not in the mapping stay."""

    def change(value: Value) -> Value:
        if isinstance(value, Wires):
            return Wires(tuple(labels.get(label, label) for label in value.labels))
        if isinstance(value, Node):
            return replace(value, wires=tuple(labels.get(label, label) for label in value.wires))
        return value

    return with_nodes(circuit, change)
