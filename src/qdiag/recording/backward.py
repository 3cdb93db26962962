"""Backward passes: the cotangents and parameter gradients that come back to recorded calls, gathered pass by pass.

The hooks hold a `Returned` and nothing of the user's: no tensor lives longer because it was watched.
"""

from __future__ import annotations

import contextlib
import functools
import sys
import threading
from collections import Counter, OrderedDict
from collections.abc import Iterable, Sequence
from typing import Any, Callable, Optional

import numpy as np

from qdiag.bridges import func_tensors
from qdiag.model.call import Backward
from qdiag.recording import frames, graph_walk
from qdiag.recording.call_reader import array_of
from qdiag.recording.unseen_work import Unseen

MAX_WATCHED = 16
"""Parameters of one call whose gradients are watched; where there are more, the next call watches the next ones."""

FULLY = 32
"""Calls after which fewer are watched: by then replay has been held against the script's own gradients often enough to tell."""

FEW = 4
"""Parameters that are watched from then on, the next ones at each call."""

LOOKED = 8
"""Calls of one function whose graphs are looked through; what was found there holds for later ones, since looking takes its time."""

MAX_PASSES = 256
"""Backward passes kept of one call: a Jacobian taken row by row brings one for each row."""


class Returned:
    """A call that has returned: its index once it is written, how many outputs and trainable parameters it has, and whose it was.

    ``answered`` is whether something is known to have come back to it, where only its numbers tell what belongs to it. ``twice`` is
    whether it is known already that what comes back to it is differentiated again.
    """

    __slots__ = ("answered", "code", "exact", "index", "outputs", "passes", "trainable", "twice")

    def __init__(self, outputs: int, trainable: int, code: Any = None, *, twice: bool = False) -> None:
        self.code = code
        self.twice = twice
        self.index: Optional[int] = None
        self.outputs = outputs
        self.trainable = trainable
        self.exact = [False] * trainable
        self.passes = 0
        self.answered = False


class _Arrived:
    """What one pass has brought to one call so far."""

    __slots__ = ("cotangents", "create_graph", "gradients")

    def __init__(self, returned: Returned) -> None:
        self.cotangents: list[Optional[np.ndarray]] = [None] * returned.outputs
        self.gradients: list[Optional[np.ndarray]] = [None] * returned.trainable
        self.create_graph = False

    @property
    def has_gradients(self) -> bool:
        """Whether a gradient of the call's parameters is known."""
        return any(gradient is not None for gradient in self.gradients)


Pass = dict[Returned, _Arrived]
Found = list[tuple[Returned, int, Backward]]
"""For each call its number of passes before this one, and what this one brought."""
Write = Callable[[Found], None]


class Passes:
    """The passes under way. One that nobody announces (autograd's) ends when the next thing happens.

    Parameters
    ----------
    write
        Takes what a finished pass brought, call by call.
    """

    def __init__(self, write: Write) -> None:
        self.turn = 0
        self.watched = 0
        self.begun = False
        self.over = False
        self._write = write
        self._local = threading.local()
        self._unannounced: Pass = {}
        self._derived: dict[Any, tuple[int, Optional[frozenset[int]]]] = {}

    def begin(self) -> Pass:
        """A backward pass starts in this thread."""
        self.begun = True
        stack = self._stack()
        stack.append({})
        return stack[-1]

    def under_way(self) -> Optional[Pass]:
        """The innermost pass that was announced in this thread and has not ended."""
        stack = self._stack()
        return stack[-1] if stack else None

    def end(self, current: Pass) -> None:
        """It has ended, well or not."""
        stack = self._stack()
        while stack:
            if stack.pop() is current:
                break
        self._finish(current)

    def unannounced(self) -> Pass:
        """What has arrived in a pass that nobody announced, and that is not known to be over."""
        return dict(self._unannounced)

    def settle(self) -> None:
        """Whatever pass nobody announced is over."""
        if self._unannounced:
            current, self._unannounced = self._unannounced, {}
            self._finish(current)

    def forget(self) -> None:
        """Drop what was gathered: it belongs to the process that this one was forked from."""
        self._local = threading.local()
        self._unannounced = {}

    def others_come_from(self, returned: Returned, look: Callable[[], Optional[frozenset[int]]]) -> Optional[frozenset[int]]:
        """Positions of the parameters that others were worked out from, in this call or an earlier one of its function.

        Parameters
        ----------
        returned
            The call.
        look
            What is seen in the graph of this call, None where it cannot be told.
        """
        key = returned.code, returned.trainable
        looked, found = self._derived.get(key, (0, frozenset()))
        if looked < LOOKED and found is not None:
            here = look()
            found = None if here is None else found | here
            self._derived[key] = looked + 1, found
        return found

    def cotangent(self, returned: Returned, output: int, value: Any, create_graph: bool) -> None:
        """A cotangent reached an output."""
        if self.over:
            return
        arrived = self._arrival(returned, output)
        arrived.cotangents[output] = array_of(value)
        arrived.create_graph |= create_graph

    def gradient(self, returned: Returned, position: int, value: Any) -> None:
        """The gradient of a trainable parameter is known."""
        if self.over:
            return
        self._arrival(returned, None).gradients[position] = array_of(value)

    def _arrival(self, returned: Returned, output: Optional[int]) -> _Arrived:
        stack = self._stack()
        current = stack[-1] if stack else self._unannounced
        arrived = current.get(returned)
        if arrived is not None and output is not None and not stack and arrived.cotangents[output] is not None:
            self.settle()
            current, arrived = self._unannounced, None
        if arrived is None:
            arrived = current[returned] = _Arrived(returned)
        return arrived

    def _stack(self) -> list[Pass]:
        try:
            stack: list[Pass] = self._local.stack
        except AttributeError:
            stack = self._local.stack = []
        return stack

    def _finish(self, current: Pass) -> None:
        found: Found = []
        for returned, arrived in current.items():
            if returned.passes < MAX_PASSES and returned.index is not None and any(c is not None for c in arrived.cotangents):
                exact = tuple(known and g is not None for known, g in zip(returned.exact, arrived.gradients))
                brought = Backward(tuple(arrived.cotangents), tuple(arrived.gradients), exact, arrived.create_graph)
                found.append((returned, returned.passes, brought))
                returned.passes += 1
        if found:
            self._write(found)


# --- hooks -------------------------------------------------------------------------------------------------------------


def next_node() -> Optional[int]:
    """The number that torch gives to the next node of a graph in this thread; None where it has no graph, or does not say."""
    torch = sys.modules.get("torch")
    number = getattr(getattr(torch, "autograd", None), "_get_sequence_nr", None)
    return None if number is None else int(number())


def watch_torch(
    passes: Passes,
    returned: Returned,
    outputs: tuple[Any, ...],
    trainable: list[Any],
    arguments: Sequence[Any],
    began: Optional[int] = None,
) -> None:
    """Ask torch for the cotangents of the outputs, and for the gradients of the parameters that only this call uses.

    A gradient is the call's own where nothing else can have added to it: its tensor was made inside of the call (``began`` is what
    `next_node` gave then), for one place of the circuit, and no other parameter was worked out from it.
    """
    torch = sys.modules["torch"]
    returned.twice = func_tensors.are_differentiated_twice(trainable)
    for position, output in enumerate(outputs):
        if isinstance(output, torch.Tensor) and output.requires_grad and not output.is_leaf:
            _hook(output, _CotangentHook(passes, returned, position))
    uses = Counter(map(id, trainable))
    given, seen = set(map(id, arguments)), set[int]()
    shared = passes.others_come_from(returned, functools.partial(graph_walk.behind_another, trainable, arguments))
    for position in _turn(passes, len(trainable)):
        tensor = trainable[position]
        if not isinstance(tensor, torch.Tensor) or tensor.is_leaf or id(tensor) in given or id(tensor) in seen:
            continue
        seen.add(id(tensor))
        older = began is not None and tensor.grad_fn._sequence_nr() < began
        returned.exact[position] = uses[id(tensor)] == 1 and not older and shared is not None and position not in shared
        for hook in list((tensor._backward_hooks or {}).values()):
            if isinstance(hook, _GradientHook):
                hook.returned.exact[hook.position] = returned.exact[position] = False
        _hook(tensor, _GradientHook(passes, returned, position))


def _turn(passes: Passes, count: int) -> Iterable[int]:
    """Positions of the parameters whose turn it is."""
    passes.watched += 1
    most = MAX_WATCHED if passes.watched <= FULLY else FEW
    if count <= most:
        return range(count)
    passes.turn += most
    return [(passes.turn + offset) % count for offset in range(most)]


class _Key(int):
    """Under which torch keeps a hook: torch 1.10 asks the key, not the hook, whether saving the tensor is worth a warning."""

    __torch_unserializable__ = True


_OURS = _Key(-1)


def _hook(tensor: Any, hook: _Hook) -> None:
    if tensor._backward_hooks is None:
        node = tensor.grad_fn
        if hasattr(node, "_register_hook_dict"):
            # what register_hook does, less the handle by which a hook is removed; torch's own handles have numbers from 0 on
            tensor._backward_hooks = OrderedDict({_OURS: hook})
            node._register_hook_dict(tensor)
            return
    key = tensor.register_hook(hook).id
    hooks = tensor._backward_hooks
    if hooks.pop(key, None) is hook:
        hooks[_Key(key)] = hook


class _Hook:
    """A torch hook that changes nothing. Torch warns when a hooked tensor is saved, unless the hook says that it expects it."""

    __slots__ = ("passes", "position", "returned")
    __torch_unserializable__ = True

    def __init__(self, passes: Passes, returned: Returned, position: int) -> None:
        self.passes = passes
        self.returned = returned
        self.position = position


class _CotangentHook(_Hook):
    __slots__ = ()

    def __call__(self, gradient: Any) -> None:
        with Unseen():
            try:
                self.passes.cotangent(self.returned, self.position, gradient, self._is_recorded(gradient))
            except Exception:
                return


    def _is_recorded(self, gradient: Any) -> bool:
        """Whether the pass has a graph of its own; those of ``torch.func`` always have one, whether it is gone back through or not."""
        if func_tensors.is_inside(gradient):
            return self.returned.twice
        return bool(gradient.requires_grad or sys.modules["torch"].is_grad_enabled())


class _GradientHook(_Hook):
    __slots__ = ()

    def __call__(self, gradient: Any) -> None:
        with Unseen():
            try:
                self.passes.gradient(self.returned, self.position, gradient)
            except Exception:
                return


def watch_autograd(
    passes: Passes,
    returned: Returned,
    boxes: tuple[Any, ...],
    trainable: list[Any],
    arguments: Sequence[Any],
    failed: Callable[[Returned], None],
) -> None:
    """The same for autograd: the node behind an output is told what comes back before it passes it on.

    What is complex is taken over into torch's convention, whose conjugate autograd's is.
    """
    for position, box in enumerate(boxes):
        nested = hasattr(getattr(box, "_value", None), "_node")
        arrived = functools.partial(_autograd_cotangent, passes, returned, position, nested)
        _watch_node(box, arrived, functools.partial(failed, returned))
    uses = Counter(map(id, trainable))
    given, seen = set(map(id, arguments)), set[int]()
    shared = passes.others_come_from(returned, functools.partial(graph_walk.behind_another, trainable, arguments))
    for position, box in enumerate(trainable):
        if not hasattr(box, "_node") or id(box) in given or id(box) in seen or not getattr(box._node, "parents", ()):
            continue
        seen.add(id(box))
        returned.exact[position] = uses[id(box)] == 1 and shared is not None and position not in shared
        _watch_node(box, functools.partial(_autograd_gradient, passes, returned, position), None)


def _autograd_cotangent(passes: Passes, returned: Returned, position: int, nested: bool, value: Any) -> None:
    passes.cotangent(returned, position, np.conj(array_of(value)), nested or hasattr(value, "_node"))


def _autograd_gradient(passes: Passes, returned: Returned, position: int, value: Any) -> None:
    passes.gradient(returned, position, np.conj(array_of(value)))


def _watch_node(box: Any, arrived: Callable[[Any], None], failed: Optional[Callable[[], None]]) -> None:
    node = getattr(box, "_node", None)
    original = getattr(node, "vjp", None)
    if node is None or original is None:
        return

    def vjp(g: Any) -> Any:
        with contextlib.suppress(Exception):
            arrived(g)
        try:
            return original(g)
        except BaseException:
            frames.drop_frame()
            if failed is not None:
                failed()
            raise

    node.vjp = frames.hide_frames(vjp)
