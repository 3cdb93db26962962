"""The calls of a training that a gradient came back to, whether its losses moved, and what is remarked of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qdiag.diagnosis.causes.around_the_qnode import VANISHING
from qdiag.diagnosis.training.history import History
from qdiag.model.call import Call
from qdiag.model.comparison import Signature, Verdict
from qdiag.model.findings import Confidence, Evidence
from qdiag.model.remarks import Remark
from qdiag.model.training import is_sampled

LEAST = 2
"""Steps, or passes, that must show a thing before it is said to be so throughout."""

MOST_LOOKED_AT = 64
"""Calls of a QNode that are read, spread over the training."""

UNMOVED = 0.02
"""Relative: losses that end no further from where they began have not moved."""


def trained_calls(history: History) -> dict[str, list[Call]]:
    """By QNode, some calls that a backward pass came back to with something."""
    count = len(history.recording)
    every = max(1, count // MOST_LOOKED_AT)
    found: dict[str, list[Call]] = {}
    for index in range(count):
        if is_sampled(index) or index % every == 0:
            call = history.recording.call(index)
            if call.process == 0 and call.failure is None and weight_of(call) > 0:
                found.setdefault(call.configuration.qnode, []).append(call)
    return found


def weight_of(call: Call) -> float:
    """The sum of all that came back to a call's results in its first pass: by so much a gradient can be at most, for slopes of one."""
    if not call.backwards:
        return 0.0
    return float(sum(np.sum(np.abs(c)) for c in call.backwards[0].cotangents if c is not None and np.all(np.isfinite(c))))


def is_unmoved(history: History) -> bool:
    """Whether the losses of a training end where they began, up to how far they scatter."""
    losses = np.asarray([e.number for e in history.recording.events if e.kind == "loss" and e.number is not None])
    if len(losses) < LEAST + 1 or not np.all(np.isfinite(losses)):
        return False
    third = max(1, len(losses) // 3)
    moved = abs(float(losses[-third:].mean() - losses[:third].mean()))
    return moved <= max(UNMOVED * float(np.abs(losses).mean()), 0.5 * float(losses.std()) * (third > 1))


def remark_of_vanishing(
    calls: Sequence[Call],
    because: str,
    remedy: str,
    evidence: tuple[Evidence, ...] = (),
    confidence: Confidence = Confidence.CONFIRMED,
) -> Remark:
    """What is remarked of gradients that vanish at calls of one QNode; `likely` where nothing was tried."""
    first = calls[0]
    return Remark(
        Verdict.REMARK,
        Signature.VJP,
        VANISHING.diagnosis(confidence, because, remedy=remedy, evidence=evidence),
        call=first,
        calls=tuple(call.index for call in calls),
        step=first.step,
        places=(first.source, first.configuration.source),
        qnodes=(first.configuration.qnode,),
    )
