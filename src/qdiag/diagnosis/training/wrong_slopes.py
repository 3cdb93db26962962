"""QD812: the gradient of what an optimiser holds is not the slope of the loss, and something on the way drops the graph.

Both are needed. A gradient may miss a part of the slope on purpose (a target that is held, an estimator, a method of first order);
what is taken out by the way may be for a log: it counts where the loss comes to something else once it is moved. Slopes come from the
script itself, in copies of its process.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from qdiag.diagnosis.causes.around_the_qnode import WRONG_SLOPE
from qdiag.diagnosis.training.history import History
from qdiag.diagnosis.training.parameters import accumulating_roots
from qdiag.diagnosis.training.telling import remark
from qdiag.model.remarks import Remark
from qdiag.model.step_probe import GRADIENT, OWN_BACKWARD, Moved, Spot, StepProbe

MOST_CALLS = 64
"""So many calls from a probe on may lie before its loss."""

NO_GRAPH = (
    "torch.autograd.grad(..., create_graph=True): without it what it gives has no graph, and a loss made of it moves no weight; "
    "nothing, where that is meant"
)
BACKWARD = (
    "let the backward return the derivative of its forward, times what it is given (torch.autograd.gradcheck compares the two); "
    "nothing, where an estimator is meant"
)


def remarks(history: History) -> Iterator[Remark]:
    """One for each optimiser whose gradient was not the slope of its loss."""
    if any(probe.device.samples or not probe.repeatable for probe in history.recording.probes):
        # what draws has a slope of its draws, whatever its shots are called
        return
    told: set[object] = set()
    for probe in history.recording.step_probes:
        missing = probe.moved is Moved.HELD and probe.missing is not None and probe.token not in told
        if missing and probe.felt and not _is_sampled(history, probe):
            told.add(probe.token)
            yield _told(history, probe)


def _is_sampled(history: History, probe: StepProbe) -> bool:
    """Whether results on the way to the loss are drawn: copies draw from the same stream, and yet another outcome is a jump."""
    last = min(probe.call + MOST_CALLS, len(history.recording))
    circuits = (history.recording.call(index).circuit for index in range(min(probe.call, last - 1), last))
    return any(circuit.shots or circuit.samples_only for circuit in circuits)


def _told(history: History, probe: StepProbe) -> Remark:
    spots = list(dict.fromkeys(probe.felt))
    named = ", ".join(f"{spot.operation} ({spot.place})" if spot.place.path else spot.operation for spot in spots)
    calls = sorted({call for root in accumulating_roots(history.training) for call in root.calls})
    after = [call for call in calls if call >= probe.call][:1] or [min(probe.call, len(history.recording) - 1)]
    return remark(
        history,
        WRONG_SLOPE,
        f"what {_holder(history, probe)} holds gets a gradient that is not the slope of the loss: along one direction through all of "
        f"it, the backward pass after step {probe.step} brings {probe.given:.6g}, while in copies of the process that were moved along "
        f"it the script's own loss goes by {probe.slope:.6g}; on the way to that loss the graph is left at {named}",
        calls=after,
        places=[spot.place for spot in spots],
        step=probe.step,
        remedy=_remedy(spots),
    )


def _holder(history: History, probe: StepProbe) -> str:
    """The optimiser's name, and its line where others have the same name."""
    made = {seen.fact.number: seen.fact for seen in history.training.optimisers}
    alike = [one for one in made.values() if one.kind == probe.subject]
    mine = next((one for one in alike if one.number == probe.token), None)
    return f"{probe.subject} ({mine.source})" if mine is not None and mine.source.path and len(alike) > 1 else probe.subject


def _remedy(spots: Sequence[Spot]) -> str:
    if any(spot.operation.startswith(OWN_BACKWARD) for spot in spots):
        return BACKWARD
    return NO_GRAPH if any(spot.operation == GRADIENT for spot in spots) else ""
