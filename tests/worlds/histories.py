"""Recorded trainings made by hand, for those who look for what is amiss around a QNode."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Optional, cast

from qdiag.diagnosis.training.history import History, Recording
from qdiag.evaluation.evaluator import Evaluator
from qdiag.judging.replay.located import Located
from qdiag.model.call import Call, Event, Script
from qdiag.model.probe import Probe
from qdiag.model.step_probe import StepProbe
from tests.worlds.evaluators import FakeEvaluator

SCRIPT = Script("train.py")

NOTHING_FOUND = Located()


@dataclass(frozen=True, eq=False)
class FakeRecording:
    """A trace's calls, events and probes."""

    made: Sequence[Call] = ()
    events: tuple[Event, ...] = ()
    probes: tuple[Probe, ...] = ()
    script: Script = SCRIPT
    step_probes: tuple[StepProbe, ...] = ()

    def __len__(self) -> int:
        return len(self.made)

    def call(self, index: int) -> Call:
        return self.made[index]

    def calls(self) -> Iterator[Call]:
        return iter(self.made)

    def first_of_each_structure(self, limit: Optional[int] = None) -> tuple[int, ...]:
        firsts: dict[object, int] = {}
        for call in self.made:
            firsts.setdefault((call.configuration.qnode, len(call.circuit.operations)), call.index)
        return tuple(firsts.values())[:limit]


def history(
    calls: Sequence[Call] = (),
    events: Sequence[Event] = (),
    probes: Sequence[Probe] = (),
    evaluator: Optional[FakeEvaluator] = None,
    located: Located = NOTHING_FOUND,
    step_probes: Sequence[StepProbe] = (),
) -> History:
    """A training of these."""
    made = FakeRecording(tuple(calls), tuple(events), tuple(probes), step_probes=tuple(step_probes))
    recording = cast(Recording, made)
    return History(recording, located, cast(Evaluator, evaluator or FakeEvaluator()))
