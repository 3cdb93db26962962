"""Where a loss that is being computed leaves the graph of some parameters by mistake, and where it does so on purpose.

For a copy of the process: a mode of torch's sees every function that the script calls, and torch's own `Function.apply` is watched.
What says that nothing should go back (`detach`, `.data`, a block without a graph, a gradient by the parameters themselves) is meant.
What drops the graph by the way (a list, an array, a new tensor of old numbers, a gradient by the data that has no graph of its own,
a backward of the script's own) may be meant or not: whether the gradient misses anything by it, a slope tells.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, Optional

from qdiag.bridges.live.loss_graph import MOST_SPOTS, Frames, frames_here, function_mode, tensors_in
from qdiag.model.step_probe import GRADIENT, OWN_BACKWARD

_ON_PURPOSE = frozenset(["detach", "detach_"])
_TAKEN_OUT = frozenset(["tolist", "numpy", "__array__"])
_NEW = frozenset(["tensor", "as_tensor", "asarray"])
_LIBRARIES = ("torch", "pennylane", "torchvision", "lightning", "pytorch_lightning")
_NUDGE = 1e-4
"""How far the numbers of an own function are moved, in parts of their size, to see whether it is a step function."""


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
    """

    def __init__(self, parameters: Sequence[Any], is_inside: Callable[[], bool]) -> None:
        torch: Any = sys.modules["torch"]
        self.left: list[Left] = []
        self.meant = ""
        self._torch = torch
        self._held = {id(parameter): parameter for parameter in parameters}
        self._is_inside = is_inside
        self._begin = int(torch.autograd._get_sequence_nr())
        self._known: dict[int, tuple[Any, bool]] = {}
        self._applying = 0
        self._data = torch.Tensor.data.__get__
        self._mode = function_mode(self._look)
        self._mode.__enter__()
        self._watch_functions(torch.autograd.Function)

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

    def _look(self, function: Any, arguments: tuple[Any, ...], result: Any) -> None:
        if self.meant or self._applying or self._is_inside():
            return
        name = str(getattr(function, "__name__", ""))
        if name == "grad" and getattr(function, "__module__", "") == "torch.autograd":
            self._look_at_gradient(arguments, result)
        elif name in _ON_PURPOSE or function == self._data:
            self._is_meant(arguments, name if name in _ON_PURPOSE else ".data")
        elif not self._torch.is_grad_enabled():
            self._is_meant([arguments], "a block without a graph")
        elif name in _TAKEN_OUT or (name in _NEW and not any(tensor.requires_grad for tensor in tensors_in((result,)))):
            self._leaves(name, arguments)

    def _is_meant(self, arguments: Iterable[Any], what: str) -> None:
        if self._follows(arguments):
            self.meant = f"the script takes it out of the graph on purpose: {what}"

    def _leaves(self, operation: str, arguments: Iterable[Any]) -> None:
        if len(self.left) < MOST_SPOTS and self._follows(arguments):
            self.left.append(Left(operation, frames_here()))

    def _look_at_gradient(self, arguments: tuple[Any, ...], result: Any) -> None:
        outputs, by = arguments[:1], arguments[1:2]
        if any(tensor.requires_grad for tensor in tensors_in((result,))) or not self._follows(outputs):
            return
        if self._follows(by):
            self.meant = "the script differentiates by it without a graph, as methods of first order do"
        else:
            self._leaves(GRADIENT, outputs)

    # --- functions of the script's own ---

    def _watch_functions(self, base: Any) -> None:
        original = base.apply.__func__

        def apply(kind: Any, *arguments: Any, **options: Any) -> Any:
            self._applying += 1
            try:
                result = original(kind, *arguments, **options)
                if self._applying == 1 and not self._is_inside() and _is_own(kind):
                    self._look_at_function(kind, arguments, result, lambda moved: original(kind, *moved, **options))
            finally:
                self._applying -= 1
            return result

        base.apply = classmethod(apply)

    def _look_at_function(self, kind: Any, arguments: tuple[Any, ...], result: Any, again: Callable[[Any], Any]) -> None:
        """A backward is another one on purpose where a function hands its numbers on, goes in steps, or by chance."""
        if self.meant or not self._follows(arguments):
            return
        given, made = list(tensors_in(arguments)), list(tensors_in((result,)))
        streams = self._torch.random.get_rng_state()
        same, moved = (list(tensors_in((again([_nudged(value, by) for value in arguments]),))) for by in (0.0, _NUDGE))
        self._torch.random.set_rng_state(streams)
        steady = len(same) == len(made) and all(map(self._torch.equal, same, made))
        flat = steady and all(map(self._torch.equal, moved, made))
        handed_on = any(value.shape == one.shape and bool((value == one).all()) for value in made for one in given)
        if handed_on or flat or not steady:
            self.meant = f"{kind.__name__} of the script's own has another backward on purpose"
        else:
            code = getattr(kind.backward, "__code__", None)
            place = () if code is None else ((code.co_filename, code.co_firstlineno, code.co_name),)
            if len(self.left) < MOST_SPOTS:
                self.left.append(Left(OWN_BACKWARD + kind.__name__, (*place, *frames_here())))


def _is_own(kind: Any) -> bool:
    return str(kind.__module__).partition(".")[0] not in _LIBRARIES


def _nudged(value: Any, by: float) -> Any:
    """A number of a function, moved by a little; others as they are."""
    if not hasattr(value, "grad_fn") or not (value.is_floating_point() or value.is_complex()):
        return value
    return value.detach() * (1 + by) + by if by else value.detach()


def grown(before: Optional[Any], after: Optional[Any]) -> Any:
    """What a backward pass has added to a gradient, as numbers; None where it brought nothing."""
    if after is None:
        return None
    return after if before is None else after - before
