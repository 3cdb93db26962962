"""The text of a new structure, put together from what is known of its operators: each of those is taken apart once.

Where a circuit's structure changes from call to call, its operators mostly stay the same few. One that is wires and data alone says all
of itself, whatever stands around it; any other is taken apart each time, in its place among the others.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Hashable, Iterable, Sequence
from itertools import compress, count
from typing import Any, NamedTuple, Optional

from qdiag.bridges.codec import flattening, tapes
from qdiag.bridges.codec.containers import as_marked, is_tracked
from qdiag.bridges.codec.encoding import Encoding
from qdiag.bridges.codec.live_numbers import reader_for
from qdiag.bridges.codec.packer import Packer
from qdiag.bridges.codec.reading import Reading
from qdiag.model.node import Node
from qdiag.trace.array_bundle import pack
from qdiag.trace.circuit_text import filled_text, kind_of, split_text, text_around

MAX_KNOWN = 4096
"""Operators remembered, each with its wires and the kinds of its numbers."""

MAX_PACKERS = 512
"""Lists of numbers' kinds that are remembered."""


class Piece(NamedTuple):
    """What is known of one operator.

    Attributes
    ----------
    texts
        Its text, split where its parameters stand; () for one that comes to nothing.
    kinds
        The text of what is said of each of these.
    stored
        For each, the type of its live number, and dtype and shape of its array.
    tracked
        For each, whether a graph leads on from it.
    """

    texts: tuple[str, ...]
    kinds: tuple[str, ...]
    stored: tuple[tuple[type, Any, tuple[int, ...]], ...]
    tracked: tuple[bool, ...]


class Whole(NamedTuple):
    """A tape that was put together.

    Attributes
    ----------
    structure
        Its text.
    numbers
        Its live numbers, in order.
    tracked
        The places of those that a graph leads on from.
    packed
        All of them as bytes.
    packer
        How others like them become bytes; None where that is not known.
    """

    structure: str
    numbers: list[Any]
    tracked: tuple[int, ...]
    packed: bytes
    packer: Optional[Packer]


class Pieces:
    """Takes tapes apart, remembering the operators that it has met. Not for what is being traced: there are no numbers yet."""

    def __init__(self) -> None:
        self._known: dict[Hashable, Piece] = {}
        self._packers: dict[Hashable, Packer] = {}

    def whole(self, tape: Any, returns: str, shots: tuple[int, ...], notes: tuple[str, ...]) -> Whole:
        """A tape's structure and numbers, as `circuit_text.skeleton` gives those of its circuit; raises whatever a number raises.

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
        """
        encoding, numbers, reading = Encoding(), list[Any](), Reading()
        take = functools.partial(self._piece, encoding, numbers, reading)
        operations = [take(operator, encoding.operation) for operator in flattening.operations_of(tape)]
        measurements = [take(measurement, encoding.whole) for measurement in tape.measurements]
        pieces = operations + measurements
        text, used = _joined(operations, 0)
        rest, _ = _joined(measurements, used)
        kinds = [kind for piece in pieces for kind in piece.kinds]
        structure = text_around(text, rest, kinds, shots or tapes.shots_of(tape), returns, (*encoding.notes, *notes))
        tracked = tuple(compress(count(), [one for piece in pieces for one in piece.tracked]))
        stored = tuple([one for piece in pieces for one in piece.stored])
        return Whole(structure, numbers, tracked, *self._packed(numbers, stored))

    def _piece(self, encoding: Encoding, numbers: list[Any], reading: Reading, operator: Any, take: Callable[[Any], Any]) -> Piece:
        """What is known of an operator, or is now; its numbers are added to those of the operators before it."""
        reading.begin()
        key: Optional[Hashable] = None
        try:
            reading.read((operator,))
            # what asks for its surroundings, as a condition does, is not known by itself
            key = tuple(reading.parts) if reading.plain else None
            known = self._known.get(key)
        except Exception:
            known = None
        if known is not None:
            numbers += reading.numbers
            return known
        taken = take(operator)
        nodes = taken if isinstance(taken, tuple) else (taken,)
        found, encoding.numbers = encoding.numbers, []
        numbers += found
        piece = _piece_of(nodes, found)
        if key is not None and not encoding.notes and not any(node.opaque for node in nodes) and reading.finds(found):
            if len(self._known) >= MAX_KNOWN:
                self._known.clear()
            self._known[key] = piece
        return piece

    def _packed(self, numbers: Sequence[Any], stored: tuple[Any, ...]) -> tuple[bytes, Optional[Packer]]:
        packer = self._packers.get(stored)
        if packer is not None:
            return packer.pack(numbers), packer
        arrays = [reader_for(type(number))(number, lambda text: None).value for number in numbers]  # type: ignore[misc]
        packed, packer = pack(arrays), Packer(numbers, arrays)
        try:
            same = packer.pack(numbers) == packed
        except Exception:
            same = False
        if not same:
            return packed, None
        if len(self._packers) >= MAX_PACKERS:
            self._packers.clear()
        self._packers[stored] = packer
        return packed, packer


def _piece_of(nodes: Sequence[Node], numbers: Sequence[Any]) -> Piece:
    texts, parameters = split_text(nodes)
    return Piece(
        texts if nodes else (),
        tuple([kind_of(as_marked(parameter, number)) for parameter, number in zip(parameters, numbers)]),
        tuple([(type(number), p.value.dtype, p.value.shape) for p, number in zip(parameters, numbers)]),
        tuple(map(is_tracked, numbers)),
    )


def _joined(pieces: Iterable[Piece], first: int) -> tuple[str, int]:
    """The text of some operators, their parameters numbered on from the first, and which number comes next."""
    texts = []
    for piece in pieces:
        if piece.texts:
            texts.append(filled_text(piece.texts, first) if piece.kinds else piece.texts[0])
            first += len(piece.kinds)
    return ",".join(texts), first
