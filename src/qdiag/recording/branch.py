"""A copy in which the script goes on to its next loss with one thing moved: what stands there in the place of the recorder."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, Optional

import numpy as np

from qdiag.bridges import results
from qdiag.bridges.live import loss_graph, qnode_attributes
from qdiag.model.step_probe import LARGE, SMALL, Outcome, Spot, StepProbe
from qdiag.recording import confinement, current
from qdiag.recording.step_probe_files import SECONDS
from qdiag.trace import call_text

if TYPE_CHECKING:
    from qdiag.recording.source_places import Places

DIRECTIONS = 2
"""Random directions along which a QNode's outputs are moved far."""

_SEED = 20201


class Subject(NamedTuple):
    """A parameter to move: its name, the live tensor or array, which is moved in place, and its token where it has one."""

    name: str
    value: Any
    token: Optional[int] = None

    @property
    def key(self) -> object:
        """What tells it from others."""
        return self.name if self.token is None else self.token


class Plan(NamedTuple):
    """What one copy does: moves a subject so far along a direction, or looks at the graph of its loss instead.

    One that stirs moves what the script takes out of the graph at one of the places that a copy before it saw, counted from 1.
    """

    subject: int = -1
    by: float = 0.0
    direction: int = 0
    looks: bool = False
    stirs: int = 0


def plan_for_outputs() -> tuple[Plan, ...]:
    """The copies of a probe that moves a QNode's outputs."""
    far = [Plan(0, by, direction) for direction in range(DIRECTIONS) for by in (LARGE, -LARGE)]
    return (Plan(), Plan(0, SMALL), Plan(0, -SMALL), *far, Plan(looks=True))


def plan_for_parameters(number: int) -> tuple[Plan, ...]:
    """The copies of a probe that moves parameters, one after the other."""
    return (Plan(), *(Plan(subject, by) for subject in range(number) for by in (SMALL, -SMALL, LARGE, -LARGE)))


def size_of(values: Sequence[Any], floor: float = 1.0) -> float:
    """What a move is measured by: the largest number; probabilities may all be small, other outputs are taken as at least the floor."""
    arrays = [results.array_of(value) for value in values]
    largest = max((float(np.max(np.abs(array))) for array in arrays if array.size), default=0.0)
    if not np.isfinite(largest):
        return floor
    return largest if all(map(is_distribution, arrays)) else max(floor, largest)


def is_distribution(array: np.ndarray) -> bool:
    """Whether an output looks like probabilities."""
    if not array.ndim or not array.size or np.iscomplexobj(array):
        return False
    return bool(np.all(array >= 0) and np.allclose(array.sum(-1), 1, atol=1e-3))


# --- in a copy -------------------------------------------------------------------------------------------------------------


class _Call(NamedTuple):
    """A QNode call in a copy."""

    code: Any
    has_transforms: bool


class Branch:
    """Stands in the recorder's place in a copy: records nothing, moves what is to be moved, and ends at the next loss."""

    stopped = False

    def __init__(self, pipe: int, plan: Plan, places: Places, code: Any, size: float) -> None:
        self._pipe = pipe
        self._plan = plan
        self._places = places
        self._code = code
        self._size = size
        self._inside = 0
        self._random = np.random.default_rng(_SEED + plan.direction)
        self._watch: Optional[loss_graph.Watch] = None
        self._asking = False
        self.passes = self

    def confine_and_take_over(self) -> None:
        """From here on nothing leaves this process but one line in the pipe."""
        recorder = current.recorder
        recorder.stop()
        recorder.passes.over = True
        current.exchange(self, current.Wanted())
        if not confinement.confine(self._pipe, SECONDS, lambda word: self.end(Outcome(note=word)), confinement.HEADROOM):
            self.end(Outcome(note="the kernel does not confine it"))

    def end(self, outcome: Outcome) -> NoReturn:
        """Say what came of it, and be gone."""
        try:
            outcome = replace(outcome, by=self._plan.by, direction=self._plan.direction, stirred=self._plan.stirs)
            os.write(self._pipe, call_text.text_of(outcome).encode())
        finally:
            os._exit(0)

    # --- what the hooks tell ---

    def begin(self, qnode: Any, args: Any, kwargs: Any, frame: Any) -> Any:
        """A QNode is about to be called."""
        self._inside += 1
        return _Call(qnode_attributes.code_of(qnode), False)

    def finish(self, call: _Call, result: Any) -> None:
        """It returned."""
        self._inside -= 1
        if call.code == self._code:
            self.take(result)

    def take(self, result: Any) -> None:
        """Move the outputs in a result, or keep them in mind."""
        with self._or_end():
            for output in results.outputs_of(result):
                if loss_graph.is_tracked(output):
                    self._take(output)

    def fail(self, call: _Call, error: BaseException) -> None:
        """It raised."""
        self._inside -= 1

    def is_calling(self) -> bool:
        """Whether the script is inside of a QNode call."""
        return self._inside > 0

    def _take(self, output: Any) -> None:
        if self._plan.looks:
            if self._watch is None:
                self._watch = loss_graph.Watch(not hasattr(output, "_node"))
            self._watch.outputs.append(output)
        elif self._plan.by:
            value = results.array_of(output)
            change = self._change(value.shape, self._size)
            if abs(self._plan.by) > SMALL and not np.iscomplexobj(value):
                # what no output can be, no loss is made for
                least, most = (0.0, 1.0) if is_distribution(value) else (-self._size, self._size)
                change = np.clip(value + change, least, most) - value
            loss_graph.move(output, change)

    def _change(self, shape: tuple[int, ...], size: float) -> Any:
        """A change along a direction of this copy's own, which is the same in every run; no two entries move alike."""
        signs = np.where(self._random.random(shape) < 0.5, -1.0, 1.0)
        return np.asarray(self._plan.by * size * signs * self._random.uniform(0.5, 1.0, shape))

    def move_parameter(self, subjects: Sequence[Subject], asked: Sequence[StepProbe]) -> None:
        """Move the parameter whose turn it is, all of its entries."""
        if self._plan.by:
            with self._or_end():
                value = subjects[self._plan.subject].value
                loss_graph.move(value, self._change(np.shape(results.array_of(value)), asked[self._plan.subject].size))

    def _or_end(self) -> _OrEnd:
        return _OrEnd(self)

    def root(self, loss: Optional[float], graph: Any, accumulates: bool = True) -> None:
        """A backward pass would begin here."""
        if self._asking:
            return
        if loss is None:
            self.end(Outcome(note="the next backward pass does not begin at a single number"))
        if self._watch is None:
            self.end(Outcome(loss=loss))
        self._asking = True
        with self._or_end():
            found = self._watch.ask(graph)
            self.end(Outcome(loss=loss, reached=found.reached, spots=tuple(map(self._spot, found.stops))))

    def _spot(self, stop: loss_graph.Stop) -> Spot:
        return Spot(stop.operation, self._places.user_line(stop.frames), stop.cut)

    def step(self, facts: Any = None) -> None:
        """An optimiser stepped."""
        self.end(Outcome(note="an optimiser's step comes before the next loss"))

    def close(self) -> None:
        """The recording is over."""
        self.end(Outcome(note="the recording ended before its next loss"))

    def under_way(self) -> list[Any]:
        """No call is of interest here."""
        return []

    def __getattr__(self, name: str) -> Any:
        """Whatever else a recorder is told."""
        if name.startswith("_"):
            raise AttributeError(name)
        return _IGNORED


class _OrEnd:
    """A context in which nothing that goes wrong reaches the script: the copy ends instead."""

    def __init__(self, branch: Branch) -> None:
        self._branch = branch

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if error is not None:
            self._branch.end(Outcome(note=f"{type(error).__name__}: {error}"[:200]))


class _Ignored:
    """Whatever is told to it, it does nothing."""

    def __call__(self, *args: Any, **kwargs: Any) -> None:
        return None

    def __getattr__(self, name: str) -> Any:
        return self


_IGNORED = _Ignored()
