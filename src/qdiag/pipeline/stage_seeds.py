"""Circuits of recorded runs as patterns of a hunt: what a user computes, and what is near it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from qdiag.errors import UsageError
from qdiag.model.call import Call
from qdiag.model.circuit import Circuit
from qdiag.model.specimen import BARE, Rank, Specimen
from qdiag.trace.reader import Trace
from qdiag.trace.run_folder import find

MOST = 200
"""So many structures of a run are taken."""

MOST_WIRES, MOST_OPERATIONS, MOST_NUMBERS = 6, 40, 64
"""Larger circuits are no patterns: each is asked under every method, on every device."""


def seeds_of(runs: Sequence[Path]) -> tuple[Specimen, ...]:
    """One circuit for each structure of some recorded runs, as far as they are small, exact and differentiated.

    Parameters
    ----------
    runs
        Their folders.

    Raises
    ------
    UsageError
        If one of them holds no such circuit.
    TraceError
        If one of them holds no trace that can be read.
    """
    found: list[Specimen] = []
    for run in runs:
        with Trace.open(find(run).trace) as trace:
            own = tuple(_patterns(trace, run.name))
        if not own:
            raise UsageError(
                f"no circuit of {run} can be a pattern of a hunt",
                f"give a run whose circuits have at most {MOST_WIRES} wires and {MOST_OPERATIONS} operations, numbers that are "
                "differentiated, and no shots",
            )
        found += own
    return tuple(found)


def _patterns(trace: Trace, run: str) -> Iterator[Specimen]:
    for index in trace.first_of_each_structure(MOST):
        call = trace.call(index)
        if fits(call.circuit):
            yield _pattern(call, f"call {index} of {run}")


def fits(circuit: Circuit) -> bool:
    """Whether a circuit is small, exact, differentiated, and made of what is known."""
    numbers = sum(circuit.parameters[k].value.size for k in circuit.trainable)
    small = len(circuit.wires) <= MOST_WIRES and len(circuit.operations) <= MOST_OPERATIONS and 0 < numbers <= MOST_NUMBERS
    return small and not circuit.shots and not circuit.opaque and circuit.finite


def _pattern(call: Call, name: str) -> Specimen:
    measured = " + ".join(measurement.name for measurement in call.circuit.measurements)
    interface = call.configuration.interface if call.configuration.interface in ("torch", "autograd") else "torch"
    return Specimen(BARE, BARE, measured, call.circuit, Rank.SEED, name, interface=interface)
