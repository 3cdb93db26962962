"""Slope probes: is the gradient of what an optimiser holds the slope of the loss?

Copies of the process go on from the end of a step with all of an optimiser's parameters moved along one direction, until their next
loss. The script itself goes on unmoved, and what its next backward pass adds to the gradients is put together along the same direction.
A first copy moves nothing and looks: at what is taken out of the graph on purpose nobody has to be told. Others then move what was
taken out by the way, one place after the other: a gradient can only miss what the loss depends on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Optional

import numpy as np

from qdiag.bridges import results
from qdiag.bridges.live import gradient_stops, loss_graph
from qdiag.model.step_probe import OWN_BACKWARD, SMALL, Outcome, Spot, StepProbe
from qdiag.recording.branch import Branch, Plan, size_of

if TYPE_CHECKING:
    from qdiag.recording.source_places import Places

MOST_NUMBERS = 1 << 20
"""Numbers that are moved; more of them take long, and none of them says much."""

MOST_STIRRED = 4
"""Places at which numbers are moved as they leave the graph; of what is taken out at others nothing is said."""

_SEED = 20202


class Held(NamedTuple):
    """What an optimiser holds, and what it is called: the live tensors that can be moved."""

    number: int
    name: str
    parameters: tuple[Any, ...]

    @property
    def is_movable(self) -> bool:
        """Whether moving them says what their gradient should be: a hook on one may make another of it on purpose."""
        sizes = [parameter.numel() for parameter in self.parameters]
        plain = (not _has_hooks(parameter) and loss_graph.is_movable(parameter) for parameter in self.parameters)
        return 0 < sum(sizes) <= MOST_NUMBERS and all(plain)


def _has_hooks(parameter: Any) -> bool:
    return bool(getattr(parameter, "_backward_hooks", None) or getattr(parameter, "_post_accumulate_grad_hooks", None))


def plan(groups: int) -> tuple[Plan, ...]:
    """The copies: for each group one that looks, then those that move what is taken out, and then those that move it by two lengths."""
    return tuple(one for group in range(groups) for one in _plan_for(group))


def _plan_for(group: int) -> Iterator[Plan]:
    yield Plan(group, looks=True)
    yield from (Plan(group, stirs=place) for place in range(1, MOST_STIRRED + 1))
    yield from (Plan(group, by) for by in (SMALL, -SMALL, SMALL / 2, -SMALL / 2))


def wants(one: Plan, probe: StepProbe) -> bool:
    """Whether a copy is worth its time, after what others have come to: who looked comes first."""
    if one.stirs:
        return one.stirs <= len(probe.spots) and not probe.spots[one.stirs - 1].operation.startswith(OWN_BACKWARD)
    return not one.by or bool(probe.felt)


def direction(parameters: Sequence[Any]) -> list[np.ndarray]:
    """One direction through all entries of some parameters, the same at each call, in parts of each one's size."""
    random = np.random.default_rng(_SEED)
    found = []
    for parameter in parameters:
        array = results.array_of(parameter)
        signs = np.where(random.random(array.shape) < 0.5, -1.0, 1.0)
        found.append(np.asarray(signs * random.uniform(0.5, 1.0, array.shape) * size_of([parameter], floor=0.1)))
    return found


class SlopeBranch(Branch):
    """A copy that goes on to the next loss whose backward pass leaves gradients with the parameters."""

    def __init__(self, pipe: int, one: Plan, places: Places, held: Held) -> None:
        super().__init__(pipe, one, places, None, 1.0)
        self._group = held
        self._stops: Optional[gradient_stops.Stops] = None

    def go_on(self) -> None:
        """Move what is to be moved, or begin to look."""
        with self._or_end():
            if self._plan.looks:
                self._stops = gradient_stops.Stops(self._group.parameters, self.is_calling)
            elif self._plan.stirs:
                gradient_stops.Stops(self._group.parameters, self.is_calling, self._plan.stirs)
            else:
                for parameter, along in zip(self._group.parameters, direction(self._group.parameters)):
                    loss_graph.move(parameter, self._plan.by * along)

    def root(self, loss: Optional[float], graph: Any, accumulates: bool = True) -> None:
        """A backward pass would begin here."""
        if not accumulates:
            return
        if loss is None or self._stops is None:
            super().root(loss, graph)
            return
        with self._or_end():
            seen = self._seen(loss, graph, self._stops)
        self.end(seen)

    def _seen(self, loss: float, graph: Any, stops: gradient_stops.Stops) -> Outcome:
        meant = stops.purpose()
        if meant:
            return Outcome(note=meant)
        if not stops.leads_back(graph):
            return Outcome(note="the next loss does not lead to it")
        if stops.is_old(graph):
            return Outcome(note="part of the next loss was computed before")
        spots = tuple(Spot(left.operation, self._places.user_line(left.frames), True) for left in stops.before(graph))
        return Outcome(loss=loss, reached=True, spots=spots) if spots else Outcome(note="nothing on the way leaves the graph")


@dataclass
class Awaited:
    """In the script's own process: a probe whose gradients the next backward pass brings.

    Parameters
    ----------
    number
        The probe.
    groups
        What was moved in its copies.
    """

    number: int
    groups: tuple[Held, ...]
    loss: Optional[float] = None
    _before: Sequence[Sequence[Optional[np.ndarray]]] = ()

    def begins(self, loss: Optional[float]) -> None:
        """The backward pass begins, at a loss: what is there already is not its doing."""
        self.loss = loss
        self._before = [[_gradient(parameter) for parameter in held.parameters] for held in self.groups]

    def along(self) -> tuple[Optional[float], ...]:
        """The pass is over: what it added to each group's gradients, along the direction; None where it brought nothing."""
        return tuple(_along(held, before) for held, before in zip(self.groups, self._before))


def _gradient(parameter: Any) -> Optional[np.ndarray]:
    gradient = parameter.grad
    return None if gradient is None or gradient.is_sparse else np.array(results.array_of(gradient))


def _along(held: Held, before: Sequence[Optional[np.ndarray]]) -> Optional[float]:
    total, came = 0.0, False
    for parameter, old, along in zip(held.parameters, before, direction(held.parameters)):
        added = gradient_stops.grown(old, _gradient(parameter))
        if added is not None:
            came = True
            total += float(np.sum(np.real(np.conj(added) * along)))
    return total if came else None
