"""What a live probe's divergence rests on: the experiments that the probe has made, and whether they leave another explanation."""

from __future__ import annotations

from typing import Optional

from qdiag.judging.probe_gaps import gap_to
from qdiag.model.element import Kind
from qdiag.model.findings import Divergence, Evidence, Outcome
from qdiag.model.probe import Proof

MOVES = 1e-6
"""The circuit's parameters move with an argument if their slope along it is larger. What does not depend on it comes out the same to
the bit, and what moves at all has slopes of about one."""


def evidence(divergence: Divergence) -> tuple[Evidence, ...]:
    """The experiments that a probe has made, as a diagnosis shows them."""
    probe = divergence.probe
    if probe is None:
        return ()
    if divergence.proof is Proof.MIXED_ROWS:
        batch = probe.batch
        row, result = (probe.rows - 1, 0) if batch is None else (batch.row, batch.result)
        return (Evidence(f"another row {row}", 0.0, probe.mixing, Outcome.MOVES, True, f"result {result}"),)
    position = position_of(divergence)
    if position is None:
        return ()
    argument = probe.arguments[position]
    before, limit = divergence.comparison.max_abs, divergence.comparison.bound
    found = [
        Evidence(f"differentiated by {method.diff_method}", before, gap, Outcome.PERSISTS, gap > limit)
        for method in probe.methods[1:]
        if not method.failure
        for gap in [gap_to(method.slopes[position], argument)]
    ]
    if divergence.proof is Proof.TRANSFORMS and probe.untransformed is not None:
        after = gap_to(probe.untransformed.slopes[position], argument)
        return (Evidence("transforms removed", before, after, Outcome.HEALS, True), *found)
    if divergence.proof is Proof.LARGER_STEP:
        larger, twice = (gap_to(method.slopes[position], argument) for method in probe.steps)
        return (
            Evidence("finite-difference step 0.1, order 4", before, larger, Outcome.HEALS, True),
            Evidence("finite-difference step 2e-7", before, twice, Outcome.PERSISTS, twice > limit),
            *found,
        )
    if argument.aside is not None:
        words = "there the circuit has the operations that are left out here" if argument.restructured else ""
        moved = Evidence(f"{argument.name} moved off this point", before, argument.aside, Outcome.HEALS, argument.aside <= limit, words)
        return (moved, *found)
    if argument.mended is not None:
        words = f"numbers in the circuit move with {argument.name}, and no graph leads from them back to it"
        holds = argument.mended <= limit
        put_back = Evidence("their share of the gradient put back", before, argument.mended, Outcome.HEALS, holds, words)
        return (put_back, *found)
    if is_cut_before_the_circuit(divergence):
        words = f"the circuit's parameters move with {argument.name}, and no graph leads from them back to it"
        found.insert(0, Evidence("from the circuit's parameters back to the argument", before, before, Outcome.PERSISTS, True, words))
    return tuple(found)


def is_right_elsewhere(divergence: Divergence) -> bool:
    """Whether another method that was probed gets the gradient that this one has wrong: then it does reach the circuit."""
    position = position_of(divergence)
    if divergence.probe is None or position is None:
        return False
    argument, limit = divergence.probe.arguments[position], divergence.comparison.bound
    return any(not m.failure and gap_to(m.slopes[position], argument) <= limit for m in divergence.probe.methods[1:])


def right_on_the_same_device(divergence: Divergence) -> tuple[Evidence, ...]:
    """The methods by which the same device gives the slope that the script's own method has wrong."""
    position = position_of(divergence)
    if divergence.probe is None or position is None:
        return ()
    argument, before, limit = divergence.probe.arguments[position], divergence.comparison.max_abs, divergence.comparison.bound
    answered = [(m, gap_to(m.slopes[position], argument)) for m in divergence.probe.methods[1:] if not m.failure]
    return tuple(
        Evidence(f"differentiated by {method.diff_method}", before, after, Outcome.HEALS, True)
        for method, after in answered
        if after <= limit
    )


def is_proven(divergence: Divergence) -> bool:
    """Whether what the probe saw leaves no other explanation.

    That is: mixed rows, a graph that ends before the circuit, transforms without which the gradient is right, or a point beside
    which it is. Of transforms that make several circuits, what goes back to these may be what is wrong.
    """
    if divergence.proof is Proof.TRANSFORMS and divergence.call.configuration.made:
        return False
    return divergence.proof is not Proof.NONE or is_cut_before_the_circuit(divergence)


def is_cut_before_the_circuit(divergence: Divergence) -> bool:
    """Whether the graph is seen to end between the argument and the circuit's own parameters."""
    position = position_of(divergence)
    if divergence.probe is None or position is None:
        return False
    argument = divergence.probe.arguments[position]
    if argument.restructured:
        return False
    if argument.mended is not None:
        return argument.mended <= divergence.comparison.bound
    return argument.moves > MOVES and not argument.followed and divergence.comparison.values[0] == 0


def position_of(divergence: Divergence) -> Optional[int]:
    """Which of the probe's arguments it is about; None where it is about outputs."""
    element = divergence.comparison.element
    return element.at[0] if element is not None and element.kind is Kind.ARGUMENT else None
