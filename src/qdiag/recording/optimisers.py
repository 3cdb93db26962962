"""What a step of an optimiser does to what it holds (torch), or to what it is given (PennyLane): facts of sampled steps.

Numbers are looked at as numpy sees them: nothing enters torch's graphs, hooks or random streams.
"""

from __future__ import annotations

import inspect
import math
import weakref
from collections import Counter
from typing import Any, NamedTuple, Optional

import numpy as np

from qdiag.bridges.codec.containers import container_of
from qdiag.model.call import SourceLine
from qdiag.model.training import Gradient, Leaf, Optimiser, ParameterStep, SteppedArgument, is_sampled
from qdiag.recording.call_reader import array_of
from qdiag.recording.tokens import Tokens, few_values, leaf_of, names_of
from qdiag.trace import bound

MOST_HELD = 512
"""Parameters of one optimiser that are looked at."""

MOST_ELEMENTS = 1 << 22
"""Numbers that are copied to see whether a step moves them."""

MOST_NAMED = 16
"""Optimisers for whose parameters names are looked for, which takes some hundredths of a second each."""


MOST_PASSES = 64
"""Backward passes between two steps after which gradients are looked at."""

ENOUGH_STEPS = 2
"""Steps without a gradient after which the loss is asked whether it depends on a parameter."""


class Ungiven(NamedTuple):
    """A parameter that gets no gradient: its token, where it has one, its name, and the live tensor or array."""

    token: Optional[int]
    name: str
    value: Any


class HeldOptimiser:
    """An optimiser of torch, watched; it and its parameters live no longer for it.

    Parameters
    ----------
    optimizer
        The user's own.
    number
        From 0 in order of appearance.
    source
        Where it was made.
    """

    def __init__(self, optimizer: Any, number: int, source: SourceLine) -> None:
        self.number = number
        self.steps = 0
        self.source = source
        self.own = weakref.ref(optimizer)
        self._described: tuple[Any, ...] = ()
        self._before: dict[int, np.ndarray] = {}
        self._gradients: dict[int, tuple[Gradient, float]] = {}
        self._cleared: set[int] = set()
        self._used: set[int] = set()
        self._brought: set[int] = set()
        self._found: dict[int, object] = {}
        self._reached: set[int] = set()
        self._left: dict[int, tuple[object, int, float]] = {}
        self._lost: Counter[int] = Counter()
        self._passes = 0
        self._names: dict[int, str] = {}
        self._missing: Counter[int] = Counter()
        self._looked: list[int] = []

    @property
    def due(self) -> bool:
        """Whether the facts of the step that comes next are kept."""
        return is_sampled(self.steps)

    def changed(self, optimizer: Any, tokens: Tokens, variables: dict[str, Any]) -> Optional[Optimiser]:
        """What it holds, where that is not what it held when this was asked last."""
        held = _parameters(optimizer)
        described = tuple((tokens.token(p), bool(p.requires_grad)) for p in held)
        if described == self._described:
            return None
        self._described = described
        names = names_of(held, variables) if self.number < MOST_NAMED else {}
        leaves = tuple(_described(p, tokens, names.get(id(p), "")) for p in held)
        self._names.update({leaf.token: leaf.name for leaf in leaves})
        return Optimiser(self.number, type(optimizer).__name__, self.source, leaves)

    def pass_begins(self, optimizer: Any, tokens: Tokens, place: object) -> None:
        """A backward pass begins, at a line, that will add to gradients: those that are not there any more were cleared."""
        if not self.due or not (self._used or self._left):
            return
        left, self._left = self._left, {}
        self._found.clear()
        for parameter in _parameters(optimizer):
            token = tokens.token(parameter)
            if token in self._used:
                self._found[token] = _state_of_gradient(parameter)
            watched = token in self._used and token not in self._cleared
            if (watched or token in left) and _gradient(parameter)[0].missing:
                self._cleared.update([token] if watched else ())
                if token in left and left[token][:2] == (place, _version(parameter)):
                    self._lost[token] += 1
                else:
                    # what came from another line, or at other numbers, was of another loss, or a look ahead: so was what it had cleared
                    self._lost[token] = 0

    def pass_ends(self, optimizer: Any, tokens: Tokens, place: object) -> None:
        """It has ended: which parameters have a gradient now."""
        if self._found:
            # a pass of another loss leaves a gradient alone that somebody set by hand
            changed = ((tokens.token(p), p) for p in _parameters(optimizer))
            self._reached.update(token for token, p in changed if token in self._found and _state_of_gradient(p) != self._found[token])
            self._found.clear()
        if not self.due or self._passes >= MOST_PASSES:
            return
        self._passes += 1
        for parameter in _parameters(optimizer):
            gradient, size = _gradient(parameter)
            if gradient is Gradient.SOME:
                token = tokens.token(parameter)
                self._brought.add(token)
                self._left[token] = (place, _version(parameter), size)

    def another_steps(self) -> None:
        """Any optimiser has stepped: what passes left until then was for that one."""
        self._left.clear()

    def step_begins(self, optimizer: Any, tokens: Tokens) -> None:
        """The optimiser is about to step."""
        self._before.clear()
        self._gradients.clear()
        if not self.due:
            return
        left = MOST_ELEMENTS
        for parameter in _parameters(optimizer):
            token = tokens.token(parameter)
            self._gradients[token] = _gradient(parameter)
            left -= parameter.numel()
            if left >= 0 and parameter.device.type == "cpu":
                self._before[token] = array_of(parameter)

    def step_ends(self, optimizer: Any, tokens: Tokens) -> tuple[ParameterStep, ...]:
        """It has stepped: what became of each parameter, where that was to be kept."""
        steps = tuple(self._parameter_steps(optimizer, tokens)) if self.due and self._gradients else ()
        self.steps += 1
        self._before.clear()
        self._gradients.clear()
        self._cleared.clear()
        self._brought.clear()
        self._found.clear()
        self._reached.clear()
        self._lost.clear()
        self._passes = 0
        self._used = {step.token for step in steps if step.gradient is Gradient.SOME}
        self._missing.update(step.token for step in steps if step.gradient.missing)
        self._looked += [self.steps - 1] if steps else []
        if not steps and self.due:
            self._used = {tokens.token(p) for p in _parameters(optimizer) if _gradient(p)[0] is Gradient.SOME}
        return steps

    def without_gradient(self, optimizer: Any, tokens: Tokens) -> list[Ungiven]:
        """Right after a step that was looked at, from the second on: tracked parameters that had no gradient at any so far."""
        if not self._looked or self._looked[-1] != self.steps - 1 or len(self._looked) < ENOUGH_STEPS:
            return []
        missed = ((tokens.token(p), p) for p in _parameters(optimizer) if p.requires_grad and p.device.type == "cpu")
        return [Ungiven(token, self._names.get(token, ""), p) for token, p in missed if self._missing[token] == len(self._looked)]

    def _parameter_steps(self, optimizer: Any, tokens: Tokens) -> Any:
        for group in optimizer.param_groups:
            rate = _number(group.get("lr"))
            for parameter in group["params"][:MOST_HELD]:
                token = tokens.token(parameter)
                gradient, size = self._gradients.get(token, (Gradient.UNSEEN, 0.0))
                if gradient is Gradient.NONE:
                    # a closure goes backward inside the step
                    gradient, size = _gradient(parameter)
                before = self._before.get(token)
                moved = None if before is None else not np.array_equal(before, array_of(parameter), equal_nan=True)
                stale = token not in self._cleared if token in self._used & self._reached else None
                # who puts gradients together by hand uses another one than the last pass left
                lost = self._lost[token] if token in self._left and self._left[token][2] == size else 0
                yield ParameterStep(token, gradient, size, rate, moved, stale, token in self._brought, lost)


def _described(parameter: Any, tokens: Tokens, name: str) -> Leaf:
    token = tokens.token(parameter)
    tokens.told(token)
    return leaf_of(parameter, token, name)


def _parameters(optimizer: Any) -> list[Any]:
    held = (parameter for group in optimizer.param_groups for parameter in group["params"])
    # those of a lazy layer have neither shape nor numbers before its first call, which makes proper ones of the same objects
    return [parameter for parameter in held if not hasattr(parameter, "materialize")][:MOST_HELD]


def movable_parameters(optimizer: Any) -> tuple[Any, ...]:
    """The parameters of an optimiser that learn, and whose numbers are at hand."""
    return tuple(p for p in _parameters(optimizer) if p.requires_grad and p.is_leaf and p.device.type == "cpu")


def _version(parameter: Any) -> int:
    """How often torch has changed a parameter in place."""
    return int(getattr(parameter, "_version", 0))


def _state_of_gradient(parameter: Any) -> object:
    """What is another one once a backward pass has added to a parameter's gradient: torch adds in place, or puts another one there."""
    gradient = parameter.grad if parameter.is_leaf else None
    return None if gradient is None else (id(gradient), _version(gradient))


def _gradient(parameter: Any) -> tuple[Gradient, float]:
    # torch warns where the gradient of a tensor inside a graph is asked for
    gradient = parameter.grad if parameter.is_leaf else None
    if gradient is None:
        return Gradient.NONE, 0.0
    if gradient.device.type != "cpu":
        return Gradient.UNSEEN, 0.0
    try:
        array = np.abs(array_of(gradient._values() if gradient.is_sparse else gradient))
    except Exception:
        # numbers that numpy does not know
        return Gradient.UNSEEN, 0.0
    size = float(array.max()) if array.size else 0.0
    if not math.isfinite(size):
        return Gradient.NOT_FINITE, 0.0
    return (Gradient.SOME, size) if size else (Gradient.ZERO, 0.0)


def largest_gradient(optimizer: Any) -> float:
    """The largest absolute value among all gradients that an optimiser would use."""
    return max((_gradient(parameter)[1] for parameter in _parameters(optimizer)), default=0.0)


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan


# --- PennyLane ------------------------------------------------------------------------------------------------------------


def arguments_given(function: Any, values: tuple[Any, ...]) -> tuple[SteppedArgument, ...]:
    """What a step was given to optimise: described, with digests."""
    names = _parameter_names(function)
    return tuple(_argument(names[k] if k < len(names) else f"*{k}", value) for k, value in enumerate(values))


def arrays_among(function: Any, values: tuple[Any, ...]) -> list[tuple[str, np.ndarray]]:
    """The arrays that a step is given, with their names: what can be moved in place."""
    names = _parameter_names(function)
    named = [(names[k] if k < len(names) else f"*{k}", value) for k, value in enumerate(values)]
    return [(name, value) for name, value in named if isinstance(value, np.ndarray) and value.flags.writeable]


def digests_of(result: Any, count: int) -> tuple[str, ...]:
    """Digests of what a step gave back for so many arguments; empty where it is not one for each."""
    if count == 1 and not isinstance(result, (list, tuple)):
        return (_digest(result),)
    if isinstance(result, (list, tuple)) and len(result) == count:
        return tuple(_digest(value) for value in result)
    return ()


def _parameter_names(function: Any) -> tuple[str, ...]:
    try:
        return tuple(inspect.signature(getattr(function, "func", function)).parameters)
    except (TypeError, ValueError):
        return ()


def _argument(name: str, value: Any) -> SteppedArgument:
    dtype, shape = str(getattr(value, "dtype", type(value).__name__)), tuple(map(int, getattr(value, "shape", ())))
    values = few_values(np.asarray(value)) if isinstance(value, (np.ndarray, np.generic)) else ()
    trainable = bool(getattr(value, "requires_grad", False))
    return SteppedArgument(name, container_of(value), dtype, shape, trainable, _digest(value), values=values)


def _digest(value: Any) -> str:
    if not isinstance(value, (np.ndarray, np.generic, int, float, complex)):
        return ""
    array = np.asarray(value)
    return "" if array.dtype.hasobject else bound.blake2b(array.tobytes(), digest_size=8).hexdigest()
