"""One walk over operators as they are recorded: the live numbers in them, and all that their structure depends on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from qdiag.bridges.codec import classes, flattening
from qdiag.bridges.codec.packer import PYTHON


class UnknownDatum(Exception):
    """Something that the walk does not know how to read."""


class Reading:
    """One walk over a tape, in the order in which a circuit numbers its parameters.

    It is done at each call of a training, so it calls nothing where an operator's own variables say all.

    Attributes
    ----------
    numbers
        The live numbers that were met.
    parts
        What the structure depends on.
    plain
        Whether the operators are wires and data alone, which say all of each by itself.
    """

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Nothing has been met yet."""
        self.numbers: list[Any] = []
        self.parts: list[Any] = []
        self.plain = True

    def parts_of(self, tape: Any) -> list[Any]:
        """What the structure depends on; raises where that cannot be told."""
        self.read(tape.operations)
        self.parts.append(None)
        self.read(tape.measurements)
        self.parts.append(getattr(tape, "shots", None))
        return self.parts

    def finds(self, sources: Sequence[Any]) -> bool:
        """Whether this walk met the same numbers as the full one."""
        return len(sources) == len(self.numbers) and all(mine is theirs for mine, theirs in zip(self.numbers, sources))

    def read(self, operators: Iterable[Any]) -> None:
        """Go on with these; raises where what their structure depends on cannot be told."""
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
        self.plain = False
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
                self.read((datum,))
            else:
                raise UnknownDatum


_WAYS: dict[type, flattening.Way] = {}

_ARRAYS: set[type] = set()
"""Types that have a dtype, a shape, and say whether they are trainable."""


def _way_of(kind: type, operator: Any) -> flattening.Way:
    way = _WAYS[kind] = flattening.as_held(flattening.way_of(kind), operator)
    return way
