"""What one QNode call ran: operations and measurements in order, shots, and what is asked of them as a whole."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

import numpy as np

from qdiag.model.node import Label, MeasuredOutcome, Node, nodes_of, parameters_of, walk
from qdiag.model.operator_families import DRAWN_FROM, MID_MEASUREMENTS, NON_LINEAR, RAW_SAMPLES
from qdiag.model.parameter import Parameter, eps_of

AS_DECOMPOSITION = "was recorded as its decomposition"
"""How a circuit's note says that it holds the parts of an operation, and not the operation that ran."""

MOVED_TO_CPU = "was moved to the CPU"
"""How a circuit's note says that a number of it lay in the memory of another device."""

ON_CUDA = f"a tensor on cuda {MOVED_TO_CPU}"
"""The note of a circuit whose numbers lay in the memory of a GPU."""

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
        return self.finite and all(_largest(value) * eps_of(value.dtype) <= UNRESOLVED for value in numbers)

    @property
    def samples_only(self) -> bool:
        """Whether it returns raw samples and counts alone: elements of two drawings have nothing to do with each other."""
        return bool(self.measurements) and all(measurement.name in RAW_SAMPLES for measurement in self.measurements)

    @property
    def needs_shots(self) -> bool:
        """Whether it returns anything that there is not without shots."""
        return any(measurement.name in DRAWN_FROM for measurement in self.measurements)

    @property
    def opaque(self) -> tuple[str, ...]:
        """Names of the operators that are recorded by name only, each with the reason."""
        return tuple(f"{node.name} ({node.opaque})" for top in self.nodes for node in nodes_of(top) if node.opaque)


def joined_to(circuit: Circuit, form: Circuit, parameters: tuple[Parameter, ...]) -> Circuit:
    """The same circuit, which knows its parameters now, and a form that differs from it in nothing but these."""
    circuit.__dict__.update({_FORM: form, "parameters": parameters, "trainable": form.trainable, "marked": form.marked})
    return circuit


def _is_finite(value: np.ndarray) -> bool:
    """Whether all numbers of an array are; most have one."""
    return math.isfinite(value) if value.ndim == 0 and value.dtype.kind == "f" else bool(np.isfinite(value).all())


def _largest(value: np.ndarray) -> float:
    """The largest number of an array that has some, by magnitude; most have one."""
    return float(abs(value[()]) if value.ndim == 0 else np.max(np.abs(value)))


# --- what it holds -------------------------------------------------------------------------------------------------------


def midway_measurements(circuit: Circuit) -> int:
    """How many measurements there are in the middle of a circuit."""
    return sum(node.name in MID_MEASUREMENTS for operation in circuit.operations for node in nodes_of(operation))


def is_non_linear(measurement: Node) -> bool:
    """Whether a measurement is no linear function of the density matrix, or one that is read off in a basis of its own."""
    return any(
        node.name in NON_LINEAR or (node.name == "ProbabilityMP" and len(nodes_of(node)) > 1) for node in nodes_of(measurement)
    )


def reads_outcomes(measurement: Node) -> bool:
    """Whether a measurement asks for statistics of what was measured in the middle."""
    return any(isinstance(part, MeasuredOutcome) for part in walk(measurement))


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


def raw_outputs(circuit: Circuit, count: int) -> frozenset[int]:
    """Positions, among so many outputs, of raw samples: an element of one drawing has nothing to do with that of another.

    With several groups of shots all measurements come once for each group.
    """
    raw = [measurement.name in RAW_SAMPLES for measurement in circuit.measurements]
    if not any(raw) or count % len(raw):
        # older versions put all results into one array
        return frozenset(range(count) if any(raw) else ())
    return frozenset(k for k in range(count) if raw[k % len(raw)])
