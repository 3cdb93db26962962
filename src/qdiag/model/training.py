"""The training around a QNode, as recorded: who holds which parameters, what a step did to them, where backward passes began.

A tensor is named by its token, a number that stays with it as long as it lives: equal tokens, the same tensor. Facts are kept of
sampled steps, passes and calls only (see `is_sampled`), and none of processes that the script forks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from typing import Optional

from qdiag.model.call import SourceLine


def is_sampled(number: int) -> bool:
    """Whether the facts of the n-th step, pass or call, from 0, are kept: the first eight, then two at each power of two."""
    return number < 8 or number & (number - 1) == 0 or (number - 1) & (number - 2) == 0


NOWHERE = SourceLine("", 0)
"""Where no line of the user's is known."""


class Gradient(str, Enum):
    """What a parameter's gradient was when a step used it."""

    NONE = "none"
    ZERO = "zero"
    SOME = "some"
    NOT_FINITE = "not finite"
    UNSEEN = "unseen"

    @property
    def missing(self) -> bool:
        """Whether the parameter learned nothing from it."""
        return self in (Gradient.NONE, Gradient.ZERO)


@dataclass(frozen=True)
class Leaf:
    """A tensor at which graphs begin.

    Parameters
    ----------
    token
        Which tensor it is.
    shape, dtype
        As the framework says.
    name
        The class of the outermost module that holds it and the way to it from there, or the name of a global variable, or "".
    requires_grad
        Whether the framework tracks it.
    values
        Its numbers when it was met, where they are few and real.
    """

    token: int
    shape: tuple[int, ...]
    dtype: str
    name: str = ""
    requires_grad: bool = True
    values: tuple[float, ...] = ()


@dataclass(frozen=True)
class Optimiser:
    """An optimiser and what it holds: as it was made, and again each time that changes.

    Parameters
    ----------
    number
        Which it is, from 0 in order of appearance.
    kind
        Its class.
    source
        The line that made it, or, where that was not seen, stepped it first.
    parameters
        What it holds; empty for PennyLane's, which hold nothing.
    framework
        ``torch`` or ``autograd``.
    """

    number: int
    kind: str
    source: SourceLine
    parameters: tuple[Leaf, ...] = ()
    framework: str = "torch"


@dataclass(frozen=True)
class ParameterStep:
    """A step of an optimiser of torch, as one parameter saw it.

    Parameters
    ----------
    token
        The parameter.
    gradient
        What its gradient was.
    size
        The largest absolute value of that.
    rate
        The learning rate of its group.
    moved
        Whether the step changed it; None where that was not looked at.
    stale
        Whether the gradient of the step before was still there at every backward pass since; None where none added to it.
    brought
        Whether a backward pass since the step before left a gradient, whatever became of it.
    lost
        How many such passes were followed by another one of the same line, at the same numbers, before which their gradient was
        cleared, where the step used what the last of them left.
    """

    token: int
    gradient: Gradient = Gradient.UNSEEN
    size: float = 0.0
    rate: float = math.nan
    moved: Optional[bool] = None
    stale: Optional[bool] = None
    brought: bool = False
    lost: int = 0


@dataclass(frozen=True)
class SteppedArgument:
    """An argument that was given to an optimiser of PennyLane's, and what it gave back.

    ``given`` and ``returned`` are digests; ``values`` are the numbers that were given, where they are few and real.
    """

    name: str
    container: str
    dtype: str
    shape: tuple[int, ...]
    trainable: bool
    given: str = ""
    returned: str = ""
    values: tuple[float, ...] = ()

    @property
    def moved(self) -> Optional[bool]:
        """Whether it came back changed; None where that is not known."""
        return self.given != self.returned if self.given and self.returned else None


@dataclass(frozen=True)
class OptimiserStep:
    """A step that an optimiser took.

    Parameters
    ----------
    optimiser
        Which.
    number
        The how many-th of it, from 0.
    parameters
        Torch's: what became of each parameter.
    arguments
        PennyLane's: what it was given and gave back.
    source
        The line that stepped.
    """

    optimiser: int
    number: int
    parameters: tuple[ParameterStep, ...] = ()
    arguments: tuple[SteppedArgument, ...] = ()
    source: SourceLine = NOWHERE


@dataclass(frozen=True)
class Root:
    """Where a backward pass of torch began.

    Parameters
    ----------
    shape
        Of the loss.
    source
        The line that went backward.
    tracked
        Whether the loss has a graph at all.
    leaves
        Tokens of the leaves that its graph leads to.
    calls
        The recorded calls whose outputs the pass reached.
    complete
        Whether the graph was walked to its ends.
    accumulates
        Whether the pass adds to what tensors hold as their gradient (``backward``), or returns gradients (``autograd.grad``).
    digest
        Of the leaves' numbers: equal digests, unchanged leaves.
    failure
        What the pass raised, in words.
    stale, cleared
        Tokens of the leaves whose gradient was used since the pass before, without an optimiser of torch: those where it is still
        the same when this one begins, which adds to it, and the others.
    """

    shape: tuple[int, ...]
    source: SourceLine
    tracked: bool
    leaves: tuple[int, ...] = ()
    calls: tuple[int, ...] = ()
    complete: bool = True
    accumulates: bool = True
    digest: str = ""
    failure: str = ""
    stale: tuple[int, ...] = ()
    cleared: tuple[int, ...] = ()


@dataclass(frozen=True)
class Clip:
    """A clipping of gradients, by norm or by value: the limit, and what was largest before it (None where that was not seen)."""

    limit: float
    before: Optional[float]
    by_value: bool
    source: SourceLine


@dataclass(frozen=True)
class ArgumentOrigin:
    """Where an argument of a call comes from.

    Parameters
    ----------
    name
        As in the call's arguments.
    tracked
        Whether a graph follows it (torch's, or autograd's while that differentiates).
    token
        Its own, where it is a tensor of torch and a leaf.
    leaves
        Tokens of the leaves behind it.
    """

    name: str
    tracked: bool
    token: Optional[int] = None
    leaves: tuple[int, ...] = ()


@dataclass(frozen=True)
class CallOrigins:
    """What a call's numbers come from and whether graphs follow what it gave.

    Parameters
    ----------
    call
        Its index.
    grad_enabled
        Whether torch followed anything at all at that time.
    arguments
        The QNode's arguments that are tensors or arrays.
    circuit
        Tokens of the leaves behind the circuit's numbers, however they got there.
    outputs
        Whether a graph leads back from each output.
    complete
        Whether all graphs were walked to their ends.
    """

    call: int
    grad_enabled: bool
    arguments: tuple[ArgumentOrigin, ...] = ()
    circuit: tuple[int, ...] = ()
    outputs: tuple[bool, ...] = ()
    complete: bool = True
