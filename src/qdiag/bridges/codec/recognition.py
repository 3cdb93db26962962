"""Tapes whose structure was seen before: only their numbers are read, which is all that changes from call to call.

What a structure depends on is gathered into a key. The first tape of a key is put together from its operators (see `pieces`), and the
shortcut is used for that key only if it then finds the very same numbers in the same order.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, Optional

from qdiag.bridges.codec import jax_numbers, tapes
from qdiag.bridges.codec.containers import as_marked, is_tracked
from qdiag.bridges.codec.packer import Packer
from qdiag.bridges.codec.pieces import Pieces
from qdiag.bridges.codec.reading import Reading
from qdiag.model.circuit import Circuit
from qdiag.model.variants import as_evaluated, with_parameters
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


class Recognition:
    """Takes tapes apart, remembering the structures that it has met."""

    def __init__(self) -> None:
        self._known: dict[Hashable, Form] = {}
        self._pieces = Pieces()

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
        reading, around = Reading(), (returns, shots, notes, evaluated)
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
        if key is None or evaluated or any(map(jax_numbers.is_traced, reading.numbers)):
            return _taken_apart(tape, around)
        try:
            whole = self._pieces.whole(tape, returns, shots, notes)
        except Exception:
            return _taken_apart(tape, around)
        form = None
        if whole.packer is not None and reading.finds(whole.numbers):
            form = Form(reading.parts, around, whole.structure, whole.packer, whole.tracked)
            if len(self._known) >= MAX_KNOWN:
                self._known.clear()
            self._known[key] = form
        return Taken(whole.structure, whole.packed, whole.numbers, form)


def _taken_apart(tape: Any, around: tuple[Any, ...]) -> Taken:
    """A tape of which nothing is remembered: one that is being traced, or holds what no short way leads past."""
    returns, shots, notes, evaluated = around
    circuit, sources = tapes.circuit_with_numbers(tape, returns)
    circuit = as_evaluated(_with_marks(circuit, sources)) if evaluated else _with_marks(circuit, sources)
    if shots or notes:
        circuit = replace(circuit, shots=shots or circuit.shots, notes=circuit.notes + notes)
    structure, numbers = skeleton(circuit)
    return Taken(structure, pack(numbers), sources)


def _with_marks(circuit: Circuit, sources: Sequence[Any]) -> Circuit:
    """What each number is differentiated by; while JAX traces, that is known from all numbers together."""
    parameters = circuit.parameters
    if not any(map(jax_numbers.is_traced, sources)):
        return with_parameters(circuit, [as_marked(p, number) for p, number in zip(parameters, sources)])
    tracked = {id(number) for number in jax_numbers.differentiated_among(sources)}
    by = [id(number) in tracked and p.value.dtype.kind in "fc" for p, number in zip(parameters, sources)]
    known = [p.trainable and p.container != "jax" for p in parameters]
    return with_parameters(circuit, [replace(p, trainable=one or other) for p, one, other in zip(parameters, by, known)])
