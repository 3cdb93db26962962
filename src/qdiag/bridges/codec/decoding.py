"""Values of a circuit turned back into operators and what they hold.

Nothing here imports or looks up a name that a file brings: classes, functions and types come from closed sets.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator
from typing import Any, Optional

import numpy as np
import pennylane as qml

from qdiag.bridges.codec import classes, constructors, flattening
from qdiag.bridges.codec.live_numbers import plain_number
from qdiag.errors import OpaqueCircuitError
from qdiag.model.node import Mapping, MeasuredOutcome, Node, Tagged, Value, Wires
from qdiag.model.parameter import Parameter


class Decoding:
    """What is shared while the operators of one circuit are rebuilt.

    Parameters
    ----------
    numbers
        The live number for each `Parameter`, in walk order; None for the recorded ones.
    trusted
        Whether source code that the circuit carries may be executed.
    """

    def __init__(self, numbers: Optional[Iterator[Any]] = None, trusted: bool = False) -> None:
        self.numbers = numbers
        self.trusted = trusted
        self.measured: list[Any] = []

    def operator(self, node: Node) -> Any:
        """The operator or measurement of a node."""
        if node.opaque:
            raise OpaqueCircuitError(f"{node.name} was recorded by name only: {node.opaque}", "replay the script itself instead")
        kind = None if constructors.is_old_measurement(node.name) else self._class(node)
        data = tuple([self.value(part) for part in node.data])
        metadata = self.value(node.metadata)
        if kind is None:
            return constructors.measurement_made(node.name, data, metadata)
        operator = _put_together(kind, data, metadata) if node.definition else flattening.unflatten(kind, data, metadata)
        if flattening.is_mid_measurement(operator):
            self.measured.append(operator)
        return operator

    def _class(self, node: Node) -> type:
        if not node.definition:
            return classes.class_named(node.name)
        if not self.trusted:
            raise OpaqueCircuitError(
                f"{node.name} is defined by the script, and the file's source code is not trusted", "pass --trust if you trust the file"
            )
        return classes.class_defined(node.name, node.definition)

    def value(self, value: Value) -> Any:
        """The live object that a value stands for."""
        if isinstance(value, Parameter):
            return plain_number(value) if self.numbers is None else next(self.numbers)
        if isinstance(value, Node):
            return self.operator(value)
        if isinstance(value, tuple):
            return tuple([self.value(part) for part in value])
        if isinstance(value, list):
            return [self.value(part) for part in value]
        if isinstance(value, Wires):
            return qml.wires.Wires(value.labels)
        if isinstance(value, Mapping):
            return {self.value(key): self.value(item) for key, item in value.items}
        if isinstance(value, MeasuredOutcome):
            return flattening.measurement_value(value, self.measured)
        if isinstance(value, Tagged):
            return self._tagged_value(value)
        return value

    def _tagged_value(self, value: Tagged) -> Any:
        if value.kind == "identifier":
            return f"m{len(self.measured)}"
        maker = _MAKERS.get(value.kind)
        if maker is None:
            raise OpaqueCircuitError(f"a value of kind {value.kind!r} is unknown to this qdiag", "use the qdiag that recorded it")
        return maker(self.value(value.content))


def _put_together(kind: type, data: tuple[Any, ...], metadata: Any) -> Any:
    """An operator of a class that is not PennyLane's, which may not come together from what it takes itself apart into.

    Raises
    ------
    OpaqueCircuitError
        If it does not.
    """
    try:
        return flattening.unflatten(kind, data, metadata)
    except Exception as error:
        raise OpaqueCircuitError(
            f"{kind.__name__} of {kind.__module__} cannot be made from its own parts ({type(error).__name__}: {error})",
            "give the class a _flatten and an _unflatten that belong together",
        ) from None


def _make_slice(content: Any) -> slice:
    return slice(*content)


def _make_shots(content: Any) -> Any:
    return qml.measurements.Shots([tuple(pair) for pair in content] or None)


def _make_pauli_word(content: Any) -> Any:
    wires, letters = content
    return qml.pauli.PauliWord(dict(zip(wires, letters)))


def _make_sparse(form: str) -> Callable[[Any], Any]:
    def make(content: Any) -> Any:
        import scipy.sparse

        shape, parts, is_array = content
        kind = scipy.sparse.csr_array if is_array else scipy.sparse.csr_matrix
        return kind(tuple(map(np.asarray, parts)), shape=shape).asformat(form)

    return make


def _make_array(content: Any) -> np.ndarray:
    dtype, shape, items = content
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array.reshape(shape) if dtype == "O" else array.astype(dtype).reshape(shape)


def _make_function(name: str) -> Any:
    if name not in flattening.FUNCTIONS or not hasattr(qml, name):
        raise OpaqueCircuitError(f"the function qml.{name} is not one that a circuit may hold", "replay the script itself instead")
    return getattr(qml, name)


def _make_enum(content: Any) -> Any:
    name, member = content
    for kind in classes.below(enum.Enum):
        if kind.__name__ == name and classes.is_pennylane(kind) and member in kind.__members__:
            return kind[member]
    raise OpaqueCircuitError(f"this PennyLane has no {name}.{member}", "replay on the version of PennyLane that recorded it")


def _fermi_of(name: str) -> Callable[[Any], Any]:
    return lambda content: getattr(qml, name)(dict(content))


_MAKERS: dict[str, Callable[[Any], Any]] = {
    "set": set,
    "frozenset": frozenset,
    "slice": _make_slice,
    "range": lambda content: range(*content),
    "Shots": _make_shots,
    "PauliWord": _make_pauli_word,
    "PauliSentence": lambda content: qml.pauli.PauliSentence(dict(content)),
    "FermiWord": _fermi_of("FermiWord"),
    "FermiSentence": _fermi_of("FermiSentence"),
    **{f"sparse-{form}": _make_sparse(form) for form in ("csr", "csc", "coo", "bsr", "dia", "dok", "lil")},
    "array": _make_array,
    "class": classes.class_named,
    "function": _make_function,
    "dtype": np.dtype,
    "enum": _make_enum,
}
