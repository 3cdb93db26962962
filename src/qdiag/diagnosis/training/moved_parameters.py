"""What the script itself said of its parameters, in copies of its process in which one of them was moved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Optional

from qdiag.diagnosis.training.history import History
from qdiag.diagnosis.training.parameters import Story
from qdiag.model.findings import Evidence, Outcome
from qdiag.model.step_probe import SMALL, Answer, Moved, StepProbe


def slope_probe(history: History, story: Story) -> Optional[StepProbe]:
    """The probe that shows that the loss follows a parameter, smoothly and with a slope; None where none does."""
    probes = (probe for probe in history.recording.step_probes if probe.moved is Moved.PARAMETER)
    mine = (probe for probe in probes if probe.token == story.leaf.token)
    return next((probe for probe in mine if probe.answer is Answer.SMOOTH), None)


def evidence_of(probes: Sequence[tuple[Story, StepProbe]]) -> tuple[Evidence, ...]:
    """The script's loss with nothing moved, and with each of these parameters moved a little."""
    found = []
    for story, probe in probes:
        moved = next((outcome.loss for outcome in probe.outcomes if outcome.by == SMALL), None)
        found.append(
            Evidence(f"loss with {story.name} moved by up to {SMALL * probe.size:g}", probe.control, moved, Outcome.MOVES, True)
        )
    return tuple(found)


def in_words(probes: Sequence[tuple[Story, StepProbe]]) -> str:
    """What they show, in a sentence; "" where there are none."""
    slopes = [f"{story.name} (slope {probe.slope:.3g} along a direction)" for story, probe in probes if probe.slope is not None]
    return f". In copies of the process that were moved by a little the script's own loss follows {', '.join(slopes)}" if slopes else ""
