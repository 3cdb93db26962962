"""What became of each parameter that an optimiser of torch holds, over all sampled steps; and what may cut it off from the loss."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Optional

import numpy as np

from qdiag.diagnosis.training.history import History
from qdiag.diagnosis.training.recorded import RecordedTraining, Seen
from qdiag.model.training import CallOrigins, Gradient, Leaf, Optimiser, ParameterStep, Root

LEAST_STEPS = 2
"""Steps that must have been seen before anything is said to be so throughout."""

LEAST_LEFT = 4
"""Steps that must have been seen before anything is said to be so from some step on."""


@dataclass(frozen=True)
class Story:
    """A parameter through a training: who holds it, what each sampled step saw of it, and how many steps were before each."""

    leaf: Leaf
    optimiser: Optimiser
    steps: tuple[ParameterStep, ...]
    when: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """As a reader finds it in the script."""
        return self.leaf.name or f"a parameter of shape {self.leaf.shape}"

    @property
    def starved(self) -> bool:
        """Whether it is meant to learn, and no step had a gradient for it."""
        seen = len(self.steps) >= LEAST_STEPS and self.leaf.requires_grad
        return seen and all(step.gradient.missing for step in self.steps)

    @property
    def learns(self) -> bool:
        """Whether it is meant to learn, and steps had a gradient for it."""
        return self.leaf.requires_grad and sum(not step.gradient.missing for step in self.steps) >= LEAST_STEPS

    @property
    def unreached(self) -> bool:
        """Whether it is starved because no backward pass came by, not even with zeros."""
        return self.starved and all(step.gradient is Gradient.NONE for step in self.steps)

    @property
    def left(self) -> Optional[int]:
        """The number of steps before the first at which nothing came to it any more, after it had a gradient before; else None."""
        had = [place for place, step in enumerate(self.steps) if not step.gradient.missing]
        first = had[-1] + 1 if had else len(self.steps)
        return self.when[first] if self.leaf.requires_grad and len(self.steps) - first >= LEAST_LEFT else None


def stories(training: RecordedTraining) -> Iterator[Story]:
    """What became of each parameter, optimiser by optimiser."""
    latest = {seen.fact.number: seen.fact for seen in training.optimisers}
    frozen = {(seen.fact.number, leaf.token) for seen in training.optimisers for leaf in seen.fact.parameters if not leaf.requires_grad}
    seen: dict[tuple[int, int], list[tuple[int, ParameterStep]]] = {}
    for step in training.steps:
        for parameter in step.fact.parameters:
            seen.setdefault((step.fact.optimiser, parameter.token), []).append((step.step, parameter))
    for optimiser in latest.values():
        for leaf in optimiser.parameters:
            key = (optimiser.number, leaf.token)
            if key not in frozen:
                steps = seen.get(key, [])
                yield Story(leaf, optimiser, tuple(step for _, step in steps), tuple(number for number, _ in steps))


def training_calls(training: RecordedTraining) -> list[Seen[CallOrigins]]:
    """The calls that were looked at while torch followed what was computed: the others are evaluations."""
    return [seen for seen in training.origins if seen.fact.grad_enabled]


def is_tracked(call: CallOrigins) -> bool:
    """Whether a graph follows anything of a call."""
    return bool(call.circuit) or any(argument.tracked for argument in call.arguments) or any(call.outputs)


def accumulating_roots(training: RecordedTraining, since: int = 0) -> list[Root]:
    """Where backward passes began that leave gradients with their tensors; from some step on."""
    return [seen.fact for seen in training.roots if seen.fact.accumulates and seen.step >= since]


class Edge(Enum):
    """Where the way from a starved parameter to the loss is broken."""

    OUTPUT = "behind a QNode"
    REPLACED = "another tensor stands in its place"
    INSIDE = "in a quantum function"
    BEFORE = "on the way to a QNode"
    UNKNOWN = "it is not known to lead to the loss at all"


def broken_edge(history: History, story: Story) -> Edge:
    """Where that is, as far as the recorded graphs tell."""
    training, token = history.training, story.leaf.token
    if any(token in root.leaves for root in accumulating_roots(training)):
        return Edge.UNKNOWN
    fed = [seen.fact for seen in training_calls(training) if token in seen.fact.circuit]
    if fed:
        return Edge.OUTPUT
    if any(token in argument.leaves for seen in training_calls(training) for argument in seen.fact.arguments):
        return Edge.REPLACED if read_instead(history, story) else Edge.INSIDE
    if stand_ins(history, story):
        return Edge.REPLACED
    return Edge.BEFORE


def read_instead(history: History, story: Story) -> tuple[Leaf, ...]:
    """Of its stand-ins those that a quantum function reads for itself: they are in circuits, and no call was given them."""
    calls = [seen.fact for seen in training_calls(history.training)]
    given = {token for call in calls for argument in call.arguments for token in argument.leaves}
    read = {token for call in calls for token in call.circuit} - given
    return tuple(leaf for leaf in stand_ins(history, story) if leaf.token in read)


def stand_ins(history: History, story: Story, since: int = 0) -> tuple[Leaf, ...]:
    """Tensors like it that the loss leads to in its place, and that no optimiser holds; from some step on."""
    training = history.training
    held = {leaf.token for seen in training.optimisers for leaf in seen.fact.parameters}
    roots = accumulating_roots(training, since)
    reached = dict.fromkeys(token for root in roots for token in root.leaves if token not in held)
    leaves = (training.leaf(token) for token in reached)
    found = tuple(leaf for leaf in leaves if leaf.requires_grad and _are_alike(leaf, story.leaf))
    everywhere = roots and all(any(leaf.token in root.leaves for leaf in found) for root in roots)
    return found if everywhere else ()


def _are_alike(leaf: Leaf, other: Leaf) -> bool:
    """Whether two tensors are of one shape, and of one dtype or of the same numbers: a copy in another precision is one, too."""
    if leaf.shape != other.shape or leaf.dtype == other.dtype:
        return leaf.shape == other.shape
    return bool(leaf.values) and np.array_equal(np.asarray(leaf.values, np.float32), np.asarray(other.values, np.float32))
