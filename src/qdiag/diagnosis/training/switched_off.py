"""QD808: torch follows nothing any more, from some call on to the end, and the optimiser goes on stepping without a gradient.

As after `torch.set_grad_enabled(False)` for an evaluation that nothing switches on again: the training stands still in silence.
"""

from __future__ import annotations

from collections.abc import Iterator

from qdiag.diagnosis.causes.around_the_qnode import UNUSED_GRADIENT
from qdiag.diagnosis.training.history import History
from qdiag.diagnosis.training.parameters import LEAST_STEPS
from qdiag.diagnosis.training.telling import remark
from qdiag.model.remarks import Remark
from qdiag.model.training import Gradient

REMEDY = "around an evaluation `with torch.no_grad():`, which ends with its block, and no torch.set_grad_enabled(False) that stays"


def remarks(history: History) -> Iterator[Remark]:
    """Where a line that called a QNode while torch followed calls it while torch does not, and steps after it find no gradient."""
    origins = [seen.fact for seen in history.training.origins]
    followed = [place for place, one in enumerate(origins) if one.grad_enabled and any(one.outputs)]
    if not followed:
        return
    lines = {history.recording.call(origins[place].call).source for place in followed}
    since = [one.call for one in origins[followed[-1] + 1 :] if history.recording.call(one.call).source in lines]
    after = [seen for seen in history.training.steps if since and seen.after > since[0] and seen.fact.parameters]
    idle = all(step.gradient is Gradient.NONE for seen in after for step in seen.fact.parameters)
    if len(after) < LEAST_STEPS or not idle:
        return
    place = history.recording.call(since[0]).source
    because = (
        f"from call {since[0]} on torch follows nothing where {place} calls the QNode, as it did at call {origins[followed[-1]].call}, "
        "and no step after that finds a gradient"
    )
    yield remark(history, UNUSED_GRADIENT, because, calls=since, places=[place, after[0].fact.source], remedy=REMEDY)
