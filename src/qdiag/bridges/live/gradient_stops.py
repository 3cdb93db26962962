"""Where a loss that is being computed leaves the graph of some parameters by mistake, and where it does so on purpose.

For a copy of the process: a mode of torch's sees every function that the script calls, and torch's own `Function.apply` is watched.
What says that nothing should go back (`detach`, `.data`, a block without a graph, a gradient by the parameters themselves) is meant.
What drops the graph by the way (a list, an array, a new tensor of old numbers, a gradient by the data that has no graph of its own)
may be meant or not, or be for a log alone: whether the loss depends on it, another copy tells, in which these numbers are moved, and
whether the gradient misses anything by it, a slope. A backward of the script's own is held against its forward.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, Optional

import numpy as np

from qdiag.bridges.live import own_backward
from qdiag.bridges.live.loss_graph import MOST_SPOTS, Frames, frames_here, function_mode, tensors_in
from qdiag.model.step_probe import GRADIENT, OWN_BACKWARD, SMALL

_ON_PURPOSE = frozenset(["detach", "detach_"])
TAKEN_OUT = frozenset(["tolist", "numpy", "__array__"])
NEW = frozenset(["tensor", "as_tensor", "asarray"])
LIBRARIES = ("torch", "pennylane", "torchvision", "lightning", "pytorch_lightning")
_SCORE = "log_prob"
"""The function of whose result a policy's gradient is made: what was drawn, or done, is held on purpose there."""

_DEPTH = 8
"""Frames in which it is looked for."""

_SEED = 20204


class Left(NamedTuple):
    """Where the graph was left: the operation, and the frames that called it."""

    operation: str
    frames: Frames


class Stops:
    """From its making on, what the script does with numbers that lead back to some parameters.

    Parameters
    ----------
    parameters
        The live tensors.
    is_inside
        Whether the script is in a QNode call, whose own ways are PennyLane's.
    stirred
        The place, counted from 1, at which the numbers that leave the graph are moved; 0 for none.
    """

    def __init__(self, parameters: Sequence[Any], is_inside: Callable[[], bool], stirred: int = 0) -> None:
        torch: Any = sys.modules["torch"]
        self.left: list[Left] = []
        self.meant = ""
        self._scores = False
        self._wrong: list[tuple[Left, Any]] = []
        self._stirred = stirred
        self._random = np.random.default_rng(_SEED)
        self._torch = torch
        self._held = {id(parameter): parameter for parameter in parameters}
        self._is_inside = is_inside
        self._begin = int(torch.autograd._get_sequence_nr())
        self._known: dict[int, tuple[Any, bool]] = {}
        self._applying = 0
        self._data = torch.Tensor.data.__get__
        self._mode = function_mode(self._look)
        self._mode.__enter__()
        if not stirred:
            self._watch_functions(torch.autograd.Function)

    def purpose(self) -> str:
        """Why nobody has to be told of what leaves the graph, or ""."""
        if self._scores and all(left.operation != GRADIENT for left in self.left):
            return self.meant or "the script takes numbers out of the graph for a probability of theirs, as policy gradients do"
        return self.meant

    def before(self, root: Any) -> list[Left]:
        """Where the graph was left before a loss, whose own graph holds no function with another backward than those named."""
        nodes = self._nodes_of(root)
        return [*self.left, *dict.fromkeys(left for left, node in self._wrong if node in nodes)]

    def _nodes_of(self, root: Any) -> set[Any]:
        stack, seen = [root.grad_fn], set()
        while stack:
            node = stack.pop()
            if node is not None and node not in seen:
                seen.add(node)
                stack += [parent for parent, _ in node.next_functions]
        return seen

    def is_old(self, root: Any) -> bool:
        """Whether a loss's graph was partly made before: what was computed then does not follow parameters that were moved since."""
        stack, seen = [root.grad_fn], set()
        while stack:
            node = stack.pop()
            if node is None or node in seen or hasattr(node, "variable") or not self._node_leads_back(node):
                continue
            if node._sequence_nr() < self._begin:
                return True
            seen.add(node)
            stack += [parent for parent, _ in node.next_functions]
        return False

    def leads_back(self, tensor: Any) -> bool:
        """Whether a tensor is one of the parameters, or a graph leads from it to one."""
        if id(tensor) in self._held:
            return True
        return tensor.requires_grad and tensor.grad_fn is not None and self._node_leads_back(tensor.grad_fn)

    def _node_leads_back(self, root: Any) -> bool:
        stack = [root]
        while stack:
            node = stack[-1]
            if id(node) in self._known:
                stack.pop()
                continue
            parents = [parent for parent, _ in node.next_functions if parent is not None]
            unknown = [parent for parent in parents if id(parent) not in self._known]
            if unknown:
                stack += unknown
                continue
            stack.pop()
            here = id(getattr(node, "variable", None)) in self._held
            self._known[id(node)] = node, here or any(self._known[id(parent)][1] for parent in parents)
        return self._known[id(root)][1]

    def _follows(self, values: Iterable[Any]) -> bool:
        return any(self.leads_back(tensor) for tensor in tensors_in(values))

    # --- functions of torch's ---

    def _look(self, function: Any, arguments: tuple[Any, ...], result: Any) -> Any:
        """Look at a function that was called; what it gives, moved, where that is asked for."""
        if self.meant or self._applying or self._is_inside():
            return None
        name = str(getattr(function, "__name__", ""))
        if name == "grad" and getattr(function, "__module__", "") == "torch.autograd":
            return self._look_at_gradient(arguments, result)
        if name in _ON_PURPOSE or function == self._data:
            self._is_meant(arguments, name if name in _ON_PURPOSE else ".data")
        elif not self._torch.is_grad_enabled():
            self._is_meant([arguments], "a block without a graph")
        elif name in TAKEN_OUT or (name in NEW and not self._follows((result,))):
            return self._leaves(name, arguments, result)
        elif not self._scores and _is_score(sys._getframe(1)):
            self._scores = self._follows(arguments)
        return None

    def _is_meant(self, arguments: Iterable[Any], what: str) -> None:
        if self._follows(arguments):
            self.meant = f"the script takes it out of the graph on purpose: {what}"

    def _leaves(self, operation: str, arguments: Iterable[Any], result: Any) -> Any:
        if not self._follows(arguments):
            return None
        left = Left(operation, frames_here())
        if left not in self.left and len(self.left) < MOST_SPOTS:
            self.left.append(left)
        here = self._stirred and left in self.left and self.left.index(left) + 1 == self._stirred
        return self._moved(result) if here else None

    def _moved(self, value: Any) -> Any:
        """Numbers that are taken out, each moved a little; what is no number is as it was."""
        if isinstance(value, float):
            return value + SMALL * max(1.0, abs(value)) * float(self._random.uniform(0.5, 1.0))
        if isinstance(value, (list, tuple)):
            return type(value)(map(self._moved, value))
        if isinstance(value, np.ndarray) and value.dtype.kind in "fc":
            return value + SMALL * np.maximum(1.0, np.abs(value)) * self._random.uniform(0.5, 1.0, value.shape)
        if hasattr(value, "grad_fn") and (value.is_floating_point() or value.is_complex()):
            change = self._torch.as_tensor(self._random.uniform(0.5, 1.0, tuple(value.shape)))
            return (value + SMALL * value.abs().clamp_min(1.0) * change).to(value.dtype).detach().requires_grad_(value.requires_grad)
        return value

    def _look_at_gradient(self, arguments: tuple[Any, ...], result: Any) -> Any:
        outputs, by = arguments[:1], arguments[1:2]
        if any(tensor.requires_grad for tensor in tensors_in((result,))) or not self._follows(outputs):
            return None
        if self._follows(by):
            self.meant = "the script differentiates by it without a graph, as methods of first order do"
            return None
        return self._leaves(GRADIENT, outputs, result)

    # --- functions of the script's own ---

    def _watch_functions(self, base: Any) -> None:
        # a method of Python's, or from torch 2.14 on one of C's
        method = inspect.getattr_static(base, "apply")

        def apply(kind: Any, *arguments: Any, **options: Any) -> Any:
            original = method.__get__(None, kind)
            self._applying += 1
            try:
                result = original(*arguments, **options)
                if self._applying == 1 and not self._is_inside() and _is_own(kind):
                    self._look_at_function(kind, arguments, result, lambda moved: original(*moved, **options))
            finally:
                self._applying -= 1
            return result

        base.apply = classmethod(apply)

    def _look_at_function(self, kind: Any, arguments: tuple[Any, ...], result: Any, again: Callable[[Any], Any]) -> None:
        if self.meant or not self._follows(arguments):
            return
        word = own_backward.word_of(again, arguments, result)
        if word is own_backward.Word.OTHER:
            self.meant = f"{kind.__name__} of the script's own has another backward on purpose"
        elif word is own_backward.Word.WRONG:
            code = getattr(kind.backward, "__code__", None)
            place = () if code is None else ((code.co_filename, code.co_firstlineno, code.co_name),)
            left = Left(OWN_BACKWARD + kind.__name__, (*place, *frames_here()))
            nodes = [made.grad_fn for made in tensors_in((result,)) if made.grad_fn is not None]
            self._wrong += [(left, node) for node in nodes[:1] if len(self._wrong) < MOST_SPOTS]


def _is_score(frame: Any) -> bool:
    """Whether a function is called by one that takes the probability of something."""
    for _ in range(_DEPTH):
        if frame is None:
            return False
        if frame.f_code.co_name == _SCORE:
            return True
        frame = frame.f_back
    return False


def _is_own(kind: Any) -> bool:
    return str(kind.__module__).partition(".")[0] not in LIBRARIES


def grown(before: Optional[Any], after: Optional[Any]) -> Any:
    """What a backward pass has added to a gradient, as numbers; None where it brought nothing."""
    if after is None:
        return None
    return after if before is None else after - before
