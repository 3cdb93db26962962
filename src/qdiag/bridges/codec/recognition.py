"""Tapes whose structure was seen before: only their numbers are read, which is all that changes from call to call.

What a structure depends on is gathered into a key. The first tape of a key is taken apart in full, and the shortcut is
used for that key only if it then finds the very same numbers in the same order.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, Optional

from qdiag.bridges.codec import classes, flattening, jax_numbers, tapes
from qdiag.bridges.codec.containers import container_of, is_tracked
from qdiag.bridges.codec.packer import PYTHON, Packer
from qdiag.model.circuit import Circuit, as_evaluated, with_parameters
from qdiag.trace.array_bundle import pack
from qdiag.trace.circuit_text import skeleton

MAX_KNOWN = 512
"""Structures remembered; a circuit whose structure changes at each call is not worth remembering."""


class Form(NamedTuple):
    """A structure that was met: what it was recognised by, its text, how its numbers become bytes, and which of them are tracked."""

    parts: list[Any]
    around: tuple[Any, ...]
    structure: str
    packer: Packer
    tracked: tuple[int, ...]


class Taken(NamedTuple):
    """A tape's structure as text, its numbers as bytes (see `arrays.pack`), and the live numbers they were read from.

    ``form`` is None where nothing is remembered of the structure.
    """

    structure: str
    numbers: bytes
    sources: Sequence[Any]
    form: Optional[Form] = None

    def tracked(self) -> list[Any]:
        """The live numbers that a graph leads on from."""
        if self.form is None:
            return [number for number in self.sources if is_tracked(number)]
        return [self.sources[place] for place in self.form.tracked]


class _Unknown(Exception):
    """Something that the shortcut does not know how to read."""


class Recognition:
    """Takes tapes apart, remembering the structures that it has met."""

    def __init__(self) -> None:
        self._known: dict[Hashable, Form] = {}

    def read_tape(
        self,
        tape: Any,
        returns: str,
        shots: tuple[int, ...] = (),
        notes: tuple[str, ...] = (),
        last: Optional[Form] = None,
        *,
        evaluated: bool = False,
    ) -> Taken:
        """A tape's structure and numbers.

        Parameters
        ----------
        tape
            The tape.
        returns
            The shape of what the QNode returned (see `Circuit`).
        shots
            For tapes that do not carry them.
        notes
            Added to the circuit's own.
        last
            A structure that it may well be.
        evaluated
            Whether nothing differentiates by what is traced in it.
        """
        reading, around = _Reading(), (returns, shots, notes, evaluated)
        key: Optional[Hashable] = None
        try:
            parts = reading.parts_of(tape)
            if last is not None and last.parts == parts and last.around == around:
                return Taken(last.structure, last.packer.pack(reading.numbers), reading.numbers, last)
            key = (tuple(parts), around)
            known = self._known.get(key)
            if known is not None:
                return Taken(known.structure, known.packer.pack(reading.numbers), reading.numbers, known)
        except Exception:
            key = None
        circuit, sources = tapes.circuit_with_numbers(tape, returns)
        circuit = as_evaluated(_with_marks(circuit, sources)) if evaluated else _with_marks(circuit, sources)
        if shots or notes:
            circuit = replace(circuit, shots=shots or circuit.shots, notes=circuit.notes + notes)
        structure, numbers = skeleton(circuit)
        packed = pack(numbers)
        form = None
        if key is not None and reading.finds(sources):
            packer = Packer(reading.numbers, numbers)
            if _packs(packer, reading.numbers, packed):
                tracked = tuple(place for place, number in enumerate(sources) if is_tracked(number))
                form = Form(reading.parts, around, structure, packer, tracked)
                if len(self._known) >= MAX_KNOWN:
                    self._known.clear()
                self._known[key] = form
        return Taken(structure, packed, sources, form)


def _packs(packer: Packer, numbers: Sequence[Any], packed: bytes) -> bool:
    try:
        return packer.pack(numbers) == packed
    except Exception:
        return False


def _with_marks(circuit: Circuit, sources: Sequence[Any]) -> Circuit:
    """PennyLane's arrays are trainable by default: what no graph of autograd's leads to is only marked so.

    While JAX traces, what it differentiates by is known from all numbers together.
    """
    traced = any(map(jax_numbers.is_traced, sources))
    if not traced and all(container_of(number) != "autograd" for number in sources):
        return circuit
    parameters = circuit.parameters
    if traced:
        tracked = {id(number) for number in jax_numbers.differentiated_among(sources)}
        by = [id(number) in tracked and p.value.dtype.kind in "fc" for p, number in zip(parameters, sources)]
        known = [p.trainable and p.container != "jax" for p in parameters]
        return with_parameters(circuit, [replace(p, trainable=one or other) for p, one, other in zip(parameters, by, known)])
    loose = [p.trainable and p.container == "autograd" and not hasattr(n, "_node") for p, n in zip(parameters, sources)]
    if not any(loose) or len(loose) != len(parameters):
        return circuit
    return with_parameters(circuit, [replace(p, trainable=False, marked=True) if marked else p for p, marked in zip(parameters, loose)])


class _Reading:
    """One walk over a tape, in the order in which a circuit numbers its parameters.

    It is done at each call of a training, so it calls nothing where an operator's own variables say all.
    """

    def __init__(self) -> None:
        self.numbers: list[Any] = []
        self.parts: list[Any] = []

    def parts_of(self, tape: Any) -> list[Any]:
        """What the structure depends on; raises where that cannot be told."""
        self._operators(tape.operations)
        self.parts.append(None)
        self._operators(tape.measurements)
        self.parts.append(getattr(tape, "shots", None))
        return self.parts

    def finds(self, sources: Sequence[Any]) -> bool:
        """Whether this walk met the same numbers as the full one."""
        return len(sources) == len(self.numbers) and all(mine is theirs for mine, theirs in zip(self.numbers, sources))

    def _operators(self, operators: Iterable[Any]) -> None:
        parts, ways, plain, controlled, measured = self.parts, _WAYS, flattening.PLAIN, flattening.CONTROLLED, flattening.MEASURED
        for operator in operators:
            kind = type(operator)
            way = ways.get(kind) or _way_of(kind, operator)
            held = way.held
            # asked one by one: to ask for all variables makes a dictionary of them, which stays
            if held is plain and not getattr(operator, "_hyperparameters", None):
                parts += (kind, operator._wires._labels)
                data = operator.data
            elif held is controlled:
                inside = operator._hyperparameters
                base = inside["base"]
                parts += (kind, inside["control_wires"]._labels, base._wires._labels)
                data = base.data
            elif held is measured and operator.mv is None and operator._eigvals is None:
                wires = operator._wires
                parts += (kind, None if wires is None else wires._labels)
                data = (operator.obs,)
            else:
                data = self._parts_by(way, kind, operator)
            if data:
                self._data(data)

    def _parts_by(self, way: flattening.Way, kind: type, operator: Any) -> Sequence[Any]:
        labels = way.wires(operator) if way.wires is not None else None
        if labels is not None:
            self.parts += (kind, labels)
            return operator.data
        name, data, metadata = way.parts(operator)
        self.parts += (kind, name, metadata, len(data))
        return data

    def _data(self, data: Iterable[Any]) -> None:
        parts, numbers = self.parts, self.numbers
        for datum in data:
            kind = type(datum)
            if kind in PYTHON:
                parts.append(kind)
                numbers.append(datum)
            elif kind in _ARRAYS:
                parts += (kind, datum.dtype, datum.shape, datum.requires_grad)
                numbers.append(datum)
            elif datum is None or kind is str:
                parts.append(datum)
            elif kind is tuple or kind is list:
                parts += (kind, len(datum))
                self._data(datum)
            elif hasattr(datum, "shape") and hasattr(datum, "dtype"):
                if hasattr(datum, "requires_grad"):
                    _ARRAYS.add(kind)
                parts += (kind, datum.dtype, datum.shape, getattr(datum, "requires_grad", None))
                numbers.append(datum)
            elif isinstance(datum, (classes.OPERATOR, classes.MEASUREMENT)):
                self._operators((datum,))
            else:
                raise _Unknown


_WAYS: dict[type, flattening.Way] = {}

_ARRAYS: set[type] = set()
"""Types that have a dtype, a shape, and say whether they are trainable."""


def _way_of(kind: type, operator: Any) -> flattening.Way:
    way = _WAYS[kind] = flattening.as_held(flattening.way_of(kind), operator)
    return way
