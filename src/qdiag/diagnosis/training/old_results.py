"""QD812: results from before a step are differentiated after it: kept outside of the loop, or in a cache, with their graphs.

The weights have moved since, and the QNode was not asked again: the loss stays where it is, and each step goes along an old slope.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from qdiag.diagnosis.causes.around_the_qnode import WRONG_SLOPE
from qdiag.diagnosis.training.history import History
from qdiag.diagnosis.training.recorded import RecordedTraining, Seen
from qdiag.diagnosis.training.telling import remark
from qdiag.model.remarks import Remark
from qdiag.model.training import OptimiserStep

LEAST = 2
"""Steps after each of which a call must have been differentiated again."""

REMEDY = "call the QNode anew in each step, with the weights as they are then, and leave out retain_graph=True"


def remarks(history: History) -> Iterator[Remark]:
    """The calls that backward passes go through again and again, although steps have moved what they were given."""
    training = history.training
    passes: dict[int, list[int]] = {}
    for seen in training.roots:
        for call in seen.fact.calls if seen.fact.accumulates and not seen.fact.failure else ():
            passes.setdefault(call, []).append(seen.step)
    old = [call for call, numbers in passes.items() if _moves_between(training, call, numbers) >= LEAST]
    if old:
        which = f"call {old[0]} is" if len(old) == 1 else f"calls {old[0]} to {old[-1]} are"
        what = "it" if len(old) == 1 else "they"
        because = f"{which} differentiated again after steps that have moved the weights, and what {what} gave is not worked out anew"
        places = [seen.fact.source for seen in training.roots if {*seen.fact.calls} & {*old}]
        places += [history.recording.call(old[0]).source]
        yield remark(history, WRONG_SLOPE, because, calls=old, places=places, remedy=REMEDY)


def _moves_between(training: RecordedTraining, call: int, numbers: Sequence[int]) -> int:
    """How often a call was differentiated again after a step that moved a leaf behind it."""
    leaves = {token for seen in training.origins if seen.fact.call == call for token in seen.fact.circuit}
    moving = [seen for seen in training.steps if _moved(seen) & leaves]
    in_order = sorted({*numbers})
    return sum(any(before <= seen.step < after for seen in moving) for before, after in zip(in_order, in_order[1:]))


def _moved(seen: Seen[OptimiserStep]) -> set[int]:
    return {step.token for step in seen.fact.parameters if step.moved}
