"""A training as it was recorded, for whoever looks for what is amiss around its QNodes: calls, steps, losses, and their replay."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Optional, Protocol

from qdiag.diagnosis.training.recorded import RecordedTraining, training_in
from qdiag.evaluation.evaluator import Evaluator
from qdiag.judging.replay.located import Located
from qdiag.model.call import Call, Event, Script
from qdiag.model.probe import Probe
from qdiag.model.step_probe import StepProbe


class Recording(Protocol):
    """A trace, as far as it is needed here."""

    def __len__(self) -> int: ...

    def call(self, index: int) -> Call:
        """The call at an index."""

    def calls(self) -> Iterator[Call]:
        """Every call, in order."""

    def first_of_each_structure(self, limit: Optional[int] = None) -> tuple[int, ...]:
        """The first call of each structure, in order, of so many structures or of all."""

    @property
    def events(self) -> tuple[Event, ...]:
        """Steps, losses, notes, warnings, in order."""

    @property
    def probes(self) -> tuple[Probe, ...]:
        """What the live probes saw."""

    @property
    def step_probes(self) -> tuple[StepProbe, ...]:
        """What copies of the script came to that went on with one thing moved."""

    @property
    def script(self) -> Script:
        """How the script was run and how it ended."""


@dataclass(frozen=True, eq=False)
class History:
    """What a detector sees.

    Parameters
    ----------
    recording
        The trace.
    located
        What replaying its calls came to.
    evaluator
        Where circuits are evaluated again, for what only an experiment tells.
    trusted
        Whether class definitions inside the trace may be executed.
    folder
        The script's folder, where it is at hand.
    """

    recording: Recording
    located: Located
    evaluator: Evaluator
    trusted: bool = False
    folder: Optional[Path] = None

    @cached_property
    def training(self) -> RecordedTraining:
        """What was recorded of optimisers, steps, backward passes, and of what calls were fed with."""
        return training_in(self.recording.events)
