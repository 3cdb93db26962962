"""Facts about the training around the QNodes: optimisers, their steps, where backward passes begin, what calls are fed with.

Each fact is an event whose text describes a value of `model.training`. Only sampled steps, passes and calls cost anything to speak of.
"""

from __future__ import annotations

import os
import sys
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from types import CodeType, FrameType
from typing import Any, Callable, NamedTuple, Optional

from qdiag.bridges import func_tensors
from qdiag.bridges.codec.containers import is_trainable
from qdiag.model.call import SourceLine
from qdiag.model.training import ArgumentOrigin, CallOrigins, Clip, Optimiser, OptimiserStep, Root, is_sampled
from qdiag.recording import backward, optimisers, slope_looks, slope_probe
from qdiag.recording.call_reader import array_of
from qdiag.recording.graph_walk import leaves_behind
from qdiag.recording.left_gradients import LeftGradients
from qdiag.recording.makers import Maker, maker_of
from qdiag.recording.ongoing_call import Ongoing
from qdiag.recording.source_places import Places
from qdiag.recording.tokens import Tokens, leaf_of
from qdiag.trace import call_text

Lines = tuple[tuple[CodeType, int], ...]
"""The lines at which the functions of a thread are, the innermost first."""

MOST_CALLS = 4
"""Calls of one QNode between two steps whose origins are looked at."""

MOST_LISTED = 64
"""Calls that a root names, and leaves that are digested."""

MOST_DIGESTED = 1024
"""Numbers of a leaf that go into a root's digest."""

MOST_OPTIMISERS = 64
"""Optimisers that are watched: a script that makes one for each batch is not one of thousands of trainings."""

MOST_LEAVES = 1000
"""Leaves outside of optimisers that are described."""


class Begun(NamedTuple):
    """A backward pass under way: what the hooks bring, and what is to be written of its root."""

    brought: backward.Pass
    root: Optional[Root]
    accumulates: bool = True


class Ended(NamedTuple):
    """A call that returned: its index, the live numbers of its circuit, and its live outputs."""

    call: Ongoing
    number: int
    sources: Iterable[Any]
    outputs: Iterable[Any]


class TrainingWatch:
    """Watches the training of one process.

    Parameters
    ----------
    places
        Finds lines of the user's code.
    write
        Takes an event; its place among the calls is filled in there.
    """

    def __init__(self, places: Places, write: Callable[[str, str, Optional[float]], None]) -> None:
        self._places = places
        self._write = write
        self._home = os.getpid()
        self._tokens = Tokens()
        self._left = LeftGradients(self._tokens)
        self._held: dict[int, optimisers.HeldOptimiser] = {}
        self._steppers: dict[str, int] = {}
        self._taken: Counter[int] = Counter()
        self._made = 0
        self._roots = 0
        self._clips = 0
        self._calls: Counter[str] = Counter()
        self._in_step: Counter[str] = Counter()
        self._leaves = 0
        self._ungiven: list[optimisers.Ungiven] = []
        self._stepped: Optional[optimisers.HeldOptimiser] = None
        self._unmoved: Counter[int] = Counter()
        self._pass_place: Lines = ()

    @property
    def idle(self) -> bool:
        """Whether nothing is watched: in a copy of the process, whose tokens are those of others."""
        return os.getpid() != self._home

    # --- optimisers of torch ---------------------------------------------------------------------------------------------

    def made(self, maker: Maker) -> None:
        """An optimiser was made, or is met for the first time."""
        optimizer = maker.optimizer()
        if optimizer is None or self.idle or self._is_known(optimizer) or self._made >= MOST_OPTIMISERS:
            return
        source = SourceLine(self._places.relative(maker.path), maker.line, maker.function)
        held = self._held[id(optimizer)] = optimisers.HeldOptimiser(optimizer, self._made, source)
        self._made += 1
        self._describe(held, optimizer, maker.variables)

    def step_begins(self, optimizer: Any, frame: Optional[FrameType]) -> None:
        """An optimiser of torch is about to step."""
        if not self._is_known(optimizer):
            self.made(maker_of(optimizer, frame))
        held = self._held_of(optimizer)
        if held is not None:
            if held.due:
                self._describe(held, optimizer, {})
            held.step_begins(optimizer, self._tokens)

    def step_ends(self, optimizer: Any, frame: Optional[FrameType]) -> tuple[Optional[int], str]:
        """It has stepped: its number and the facts, as a step's event holds them."""
        self._in_step.clear()
        held = self._held_of(optimizer)
        if held is None:
            return None, ""
        number, due = held.steps, held.due
        parameters = held.step_ends(optimizer, self._tokens)
        for other in self._held.values():
            other.another_steps()
        self._ungiven = held.without_gradient(optimizer, self._tokens)
        self._stepped = held if due else None
        if not due:
            return held.number, ""
        return held.number, call_text.text_of(OptimiserStep(held.number, number, parameters, (), self._source(frame)))

    def take_ungiven(self) -> list[optimisers.Ungiven]:
        """Parameters that had no gradient at any step of an optimiser that was looked at (that had not moved, for PennyLane's)."""
        found, self._ungiven = self._ungiven, []
        return found

    def take_stepped(self) -> Optional[tuple[int, int, tuple[slope_probe.Held, ...]]]:
        """Right after a step that was looked at: whose, after how many of its steps, and what can be moved of all optimisers."""
        held, self._stepped = self._stepped, None
        if held is None or held.steps < slope_looks.FROM[0] - 1:
            return None
        alive = ((one.number, type(optimizer).__name__, optimizer) for one, optimizer in self._alive())
        groups = (slope_probe.Held(number, name, optimisers.movable_parameters(optimizer)) for number, name, optimizer in alive)
        return held.number, held.steps, tuple(group for group in groups if group.is_movable)

    def _is_known(self, optimizer: Any) -> bool:
        held = self._held.get(id(optimizer))
        return held is not None and held.own() is optimizer

    def _held_of(self, optimizer: Any) -> Optional[optimisers.HeldOptimiser]:
        return self._held[id(optimizer)] if not self.idle and self._is_known(optimizer) else None

    def _describe(self, held: optimisers.HeldOptimiser, optimizer: Any, variables: dict[str, Any]) -> None:
        changed = held.changed(optimizer, self._tokens, variables)
        if changed is not None:
            self._write("optimiser", call_text.text_of(changed), None)

    # --- optimisers of PennyLane -----------------------------------------------------------------------------------------

    def given(self, function: Any, values: tuple[Any, ...], optimizer: Any) -> Any:
        """A step of PennyLane's is about to be taken: what `returned` needs of it."""
        if self.idle:
            return None
        number = self._stepper(optimizer)
        taken = self._taken[number]
        if is_sampled(taken) and taken >= optimisers.ENOUGH_STEPS and self._unmoved[number] == sum(map(is_sampled, range(taken))):
            self._ungiven = [optimisers.Ungiven(None, name, value) for name, value in optimisers.arrays_among(function, values)]
        return number, optimisers.arguments_given(function, values) if is_sampled(taken) else ()

    def returned(self, token: Any, result: Any, frame: Optional[FrameType]) -> tuple[Optional[int], str]:
        """It was taken: its number and the facts, as a step's event holds them."""
        self._in_step.clear()
        if token is None or self.idle:
            return None, ""
        number, arguments = token
        taken, self._taken[number] = self._taken[number], self._taken[number] + 1
        if not arguments:
            return number, ""
        digests = optimisers.digests_of(result, len(arguments))
        arguments = tuple(replace(argument, returned=digest) for argument, digest in zip(arguments, digests)) if digests else arguments
        self._unmoved[number] += all(argument.moved is False for argument in arguments)
        return number, call_text.text_of(OptimiserStep(number, taken, (), arguments, self._source(frame)))

    def _stepper(self, optimizer: Any) -> int:
        kind = optimizer if isinstance(optimizer, type) else type(optimizer)
        key = f"{kind.__name__} {id(optimizer)}"
        number = self._steppers.get(key)
        if number is None:
            number = self._steppers[key] = self._made
            self._made += 1
            self._write("optimiser", call_text.text_of(Optimiser(number, kind.__name__, SourceLine("", 0), framework="autograd")), None)
        return number

    # --- backward passes -------------------------------------------------------------------------------------------------

    def root(self, tensors: Any, accumulates: bool, frame: Optional[FrameType]) -> Optional[Root]:
        """A backward pass begins at some tensors: what is to be written of it, where anything is."""
        if self.idle:
            return None
        if accumulates:
            self._pass_place = _lines(frame) if any(held.due for held, _ in self._alive()) else ()
            for held, optimizer in self._alive():
                held.pass_begins(optimizer, self._tokens, self._pass_place)
        number, self._roots = self._roots, self._roots + 1
        if not is_sampled(number):
            return None
        roots = _tensors(tensors)
        if not roots or any(map(func_tensors.is_inside, roots)):
            # a gradient inside of torch.func's transforms: neither it nor what it leads to has numbers to look at
            return None
        walked = leaves_behind(roots)
        used = self._left.pass_begins(number, walked.leaves if accumulates else (), asked=_is_asked_for(frame))
        return Root(
            shape=tuple(map(int, roots[0].shape)),
            source=self._source(frame),
            tracked=any(root.requires_grad for root in roots),
            leaves=tuple(self._token(leaf) for leaf in walked.leaves),
            complete=walked.complete,
            accumulates=accumulates,
            digest=_digest(walked.leaves),
            stale=used.stale,
            cleared=used.cleared,
        )

    def root_ends(self, begun: Begun, failure: str = "") -> None:
        """The pass is over; the calls that it reached are known."""
        for held, optimizer in self._alive():
            held.pass_ends(optimizer, self._tokens, self._pass_place)
        self._left.pass_ends()
        if begun.root is not None:
            reached = sorted(returned.index for returned in begun.brought if returned.index is not None)
            self._write("root", call_text.text_of(replace(begun.root, calls=tuple(reached[:MOST_LISTED]), failure=failure)), None)

    def _alive(self) -> Iterator[tuple[optimisers.HeldOptimiser, Any]]:
        for held in list(self._held.values()):
            optimizer = held.own()
            if optimizer is not None:
                yield held, optimizer

    def _token(self, leaf: Any) -> int:
        token = self._tokens.token(leaf)
        if leaf.requires_grad and not self._tokens.told(token) and self._leaves < MOST_LEAVES:
            self._leaves += 1
            self._write("leaf", call_text.text_of(leaf_of(leaf, token)), None)
        return token

    # --- clipping --------------------------------------------------------------------------------------------------------

    def clip(self, limit: float, before: Optional[float], by_value: bool, frame: Optional[FrameType]) -> None:
        """Gradients were clipped."""
        number, self._clips = self._clips, self._clips + 1
        if not self.idle and is_sampled(number):
            self._write("clip", call_text.text_of(Clip(limit, before, by_value, self._source(frame))), None)

    def largest_gradient(self) -> float:
        """The largest absolute value among the gradients that watched optimisers would use."""
        return max((optimisers.largest_gradient(optimizer) for _, optimizer in self._alive()), default=0.0)

    # --- calls -----------------------------------------------------------------------------------------------------------

    def call_ended(self, ended: Ended, names: tuple[str, ...], steps: int) -> None:
        """A call returned and was written."""
        call = ended.call
        key = f"{call.layer} {id(call.qnode)}"
        number, self._calls[key] = self._calls[key], self._calls[key] + 1
        inside, self._in_step[key] = self._in_step[key], self._in_step[key] + 1
        if self.idle or inside >= MOST_CALLS or not (is_sampled(steps) or is_sampled(number)):
            return
        torch = sys.modules.get("torch")
        given = [(names[k] if k < len(names) else f"*{k}", value) for k, value in enumerate(call.args)]
        arguments = [self._argument(name, value, torch) for name, value in (*given, *call.kwargs.items()) if _is_array(value)]
        circuit = leaves_behind(_of_torch(ended.sources, torch))
        origins = CallOrigins(
            call=ended.number,
            grad_enabled=torch is None or bool(torch.is_grad_enabled()),
            arguments=tuple(argument for argument, _ in arguments),
            circuit=tuple(self._token(leaf) for leaf in circuit.leaves),
            outputs=tuple(_is_followed(output) for output in ended.outputs),
            complete=circuit.complete and all(complete for _, complete in arguments),
        )
        self._write("origins", call_text.text_of(origins), ended.number)

    def _argument(self, name: str, value: Any, torch: Any) -> tuple[ArgumentOrigin, bool]:
        if torch is None or not isinstance(value, torch.Tensor):
            return ArgumentOrigin(name, _is_followed(value)), True
        walked = leaves_behind((value,))
        token = self._token(value) if value.is_leaf else None
        leaves = tuple(self._token(leaf) for leaf in walked.leaves)
        return ArgumentOrigin(name, bool(value.requires_grad), token, leaves), walked.complete

    def _source(self, frame: Optional[FrameType]) -> SourceLine:
        return self._places.caller(frame)[0]


def _is_asked_for(frame: Optional[FrameType]) -> bool:
    """Whether a program stands inside of one of SciPy's minimisers."""
    while frame is not None:
        if str(frame.f_globals.get("__name__", "")).startswith("scipy.optimize."):
            return True
        frame = frame.f_back
    return False


def _lines(frame: Optional[FrameType]) -> Lines:
    """Where a program stands: not its innermost line alone, since a helper may go backward for many purposes."""
    found: list[tuple[CodeType, int]] = []
    while frame is not None:
        found.append((frame.f_code, frame.f_lineno))
        frame = frame.f_back
    return tuple(found)


def _tensors(tensors: Any) -> list[Any]:
    given = list(tensors) if isinstance(tensors, (tuple, list)) else [tensors]
    return [tensor for tensor in given if hasattr(tensor, "requires_grad") and hasattr(tensor, "grad_fn")]


def _of_torch(values: Iterable[Any], torch: Any) -> list[Any]:
    return [] if torch is None else [value for value in values if isinstance(value, torch.Tensor)]


def _is_array(value: Any) -> bool:
    return hasattr(value, "dtype") and hasattr(value, "shape")


def _is_followed(value: Any) -> bool:
    """Whether a graph leads back from a live number: autograd's arrays say that they are trainable also where nothing follows them."""
    return hasattr(value, "_node") or (hasattr(value, "grad_fn") and is_trainable(value))


def _digest(leaves: tuple[Any, ...]) -> str:
    """A digest of the leaves' first numbers; "" where one of them lies elsewhere than in this process's memory."""
    so_far = 0
    for leaf in leaves[:MOST_LISTED]:
        if leaf.device.type != "cpu":
            return ""
        so_far = zlib.crc32(array_of(leaf).ravel()[:MOST_DIGESTED].tobytes(), so_far)
    return f"{so_far:08x}" if leaves else ""
