"""Where the way back from a loss to a QNode's outputs ends: at an operation that passes zeros on, or whose result has no graph.

Both are seen by letting a copy of the process compute a loss and go backward itself: nothing here is for the script's own process.
"""

from __future__ import annotations

import re
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, Optional

MOST_NODES = 50_000
"""Nodes of a graph that are looked at."""

MOST_SPOTS = 8
"""Places that are told."""

Frames = tuple[tuple[str, int, str], ...]
"""File, line and function, the innermost first."""


class Stop(NamedTuple):
    """An operation at which the way back ends, and the frames that called it."""

    operation: str
    frames: Frames
    cut: bool


class Tracked(NamedTuple):
    """Whether the loss's graph leads back to the outputs, and where the way ends."""

    reached: bool
    stops: tuple[Stop, ...]


def is_tracked(output: Any) -> bool:
    """Whether anything can go backward to an output."""
    return bool(getattr(output, "requires_grad", False)) if _is_tensor(output) else hasattr(output, "_node")


def is_movable(output: Any) -> bool:
    """Whether an output is a number that can be moved a little."""
    return getattr(getattr(_bare(output), "dtype", None), "kind", "") in ("f", "c") or (
        _is_tensor(output) and bool(output.is_floating_point() or output.is_complex())
    )


def move(output: Any, change: Any) -> None:
    """Move an output or a parameter in place; its graph stays as it is."""
    if _is_tensor(output):
        torch: Any = sys.modules["torch"]
        output.data.add_(torch.as_tensor(change, dtype=output.dtype).reshape(output.shape))
        return
    box = output
    while hasattr(getattr(box, "_value", None), "_value"):
        box = box._value
    if hasattr(box, "_value"):
        box._value = box._value + change.astype(box._value.dtype)
    else:
        output += change.astype(output.dtype)


def _bare(output: Any) -> Any:
    while hasattr(output, "_value"):
        output = output._value
    return output


def _is_tensor(value: Any) -> bool:
    torch: Any = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


class Watch:
    """From a QNode's return on, remembers where things were made, so that a loss can be asked.

    Parameters
    ----------
    is_torch
        Whether torch carries the gradients, else autograd.
    """

    def __init__(self, is_torch: bool) -> None:
        self.outputs: list[Any] = []
        self._graph: Any = _TorchGraph(self.outputs) if is_torch else _AutogradGraph(self.outputs)

    def ask(self, root: Any) -> Tracked:
        """What the graph of a loss (a tensor; the last node, for autograd) says."""
        found: Tracked = self._graph.ask(root)
        return found


def _reaching(order: Iterable[Any], parents: Callable[[Any], Iterable[Any]], targets: set[int]) -> set[int]:
    """Those of the nodes, given with each before its parents, from which a target is reached."""
    reaching: set[int] = set(targets)
    for node in reversed(list(order)):
        if any(id(parent) in reaching for parent in parents(node)):
            reaching.add(id(node))
    return reaching


def _order(root: Any, parents: Callable[[Any], Iterable[Any]]) -> list[Any]:
    """A root and what it was made of, each before its parents."""
    done: dict[int, Any] = {}
    after: list[Any] = []
    stack: list[tuple[Any, Iterator[Any]]] = []

    def enter(node: Any) -> None:
        done[id(node)] = node
        stack.append((node, iter(parents(node))))

    enter(root)
    while stack and len(done) < MOST_NODES:
        rest = stack[-1][1]
        fresh = next((parent for parent in rest if id(parent) not in done), None)
        if fresh is None:
            after.append(stack.pop()[0])
        else:
            enter(fresh)
    return after[::-1]


# --- torch ----------------------------------------------------------------------------------------------------------------

_ENTRY = re.compile(r'\s*File "(.+)", line (\d+), in (.+)')


class _TorchGraph:
    """Torch's anomaly mode keeps with each node where it was made; a function mode sees results without a graph."""

    def __init__(self, outputs: list[Any]) -> None:
        torch: Any = sys.modules["torch"]
        self._torch = torch
        self._outputs = outputs
        self._cuts: list[Stop] = []
        torch.autograd.set_detect_anomaly(True)
        overrides: Any = sys.modules.get("torch.overrides")
        kind = getattr(overrides, "TorchFunctionMode", None)
        if kind is not None:
            self._mode = _mode_of(kind, self._look)
            self._mode.__enter__()

    def _look(self, function: Any, arguments: tuple[Any, ...], result: Any) -> None:
        if len(self._cuts) >= MOST_SPOTS or not self._torch.is_grad_enabled():
            return
        tracked = [value for value in tensors_in(arguments) if value.requires_grad]
        made = list(tensors_in((result,)))
        name = str(getattr(function, "__name__", ""))
        if not tracked or (not made and name not in _TAKEN_OUT) or any(value.requires_grad for value in made):
            return
        if name not in _NO_STEPS and self._leads_back(tracked):
            self._cuts.append(Stop(name, frames_here(), True))

    def _leads_back(self, tensors: list[Any]) -> bool:
        nodes = [tensor.grad_fn for tensor in tensors if tensor.grad_fn is not None]
        targets = self._targets()
        return any(id(node) in targets for root in nodes for node in _order(root, lambda node: self._parents(node, targets)))

    def _targets(self) -> dict[int, Any]:
        # torch makes a node's Python object anew once nobody holds it, and another one may take its place then
        nodes = [output.grad_fn for output in self._outputs]
        return {id(node): node for node in nodes if node is not None}

    def _parents(self, node: Any, targets: dict[int, Any]) -> list[Any]:
        if id(node) in targets:
            return []
        return [parent for parent, _ in node.next_functions if parent is not None]

    def ask(self, root: Any) -> Tracked:
        targets = self._targets()
        if root.grad_fn is None:
            return Tracked(False, tuple(self._cuts))
        order = _order(root.grad_fn, lambda node: self._parents(node, targets))
        nodes = {id(node) for node in order}
        reached = any(target in nodes for target in targets)
        stops: list[Stop] = []
        if reached:
            reaching = _reaching(order, lambda node: self._parents(node, targets), set(targets))
            for node in order:
                if id(node) in reaching and id(node) not in targets:
                    node.register_hook(self._hook(node, stops, list(self._positions(node, reaching))))
            self._torch.autograd.grad(root, list(self._outputs), allow_unused=True)
        return Tracked(reached, (*stops, *self._cuts))

    def _positions(self, node: Any, reaching: set[int]) -> Iterator[int]:
        return (place for place, (parent, _) in enumerate(node.next_functions) if id(parent) in reaching)

    def _hook(self, node: Any, stops: list[Stop], places: list[int]) -> Any:
        def hook(passed: tuple[Any, ...], arrived: tuple[Any, ...]) -> None:
            if len(stops) < MOST_SPOTS and _any_number(arrived) and not _any_number([passed[place] for place in places]):
                stops.append(Stop(str(node.name()), _frames_of(node.metadata.get("traceback_", ())), False))

        return hook


_NO_STEPS = frozenset(["__get__", "grad", "backward"])
"""Attributes, and what goes backward."""

_TAKEN_OUT = frozenset(["item", "tolist", "numpy", "__bool__", "__float__", "__int__", "__array__", "__index__"])
"""Functions of a tensor that give no tensor, and the tensor's numbers."""


def function_mode(look: Callable[[Any, tuple[Any, ...], Any], Any]) -> Any:
    """A mode of torch's, not yet entered, in which each function that is called is looked at: its arguments and its result.

    What the look gives takes the place of the result, unless it is None.
    """
    return _mode_of(sys.modules["torch"].overrides.TorchFunctionMode, look)


def _mode_of(kind: Any, look: Callable[[Any, tuple[Any, ...], Any], Any]) -> Any:
    class Mode(kind):  # type: ignore[misc]
        def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            result = function(*args, **(kwargs or {}))
            other = look(function, args, result)
            return result if other is None else other

    return Mode()


def tensors_in(values: Iterable[Any]) -> Iterator[Any]:
    """The tensors among values, and in lists and tuples of them."""
    for value in values:
        if _is_tensor(value):
            yield value
        elif isinstance(value, (tuple, list)):
            yield from tensors_in(value)


def _any_number(gradients: Iterable[Any]) -> bool:
    return any(gradient is not None and bool((gradient != 0).any()) for gradient in gradients)


def _frames_of(entries: Iterable[str]) -> Frames:
    found = (_ENTRY.match(entry) for entry in entries)
    return tuple((match[1], int(match[2]), match[3]) for match in found if match)[::-1]


def frames_here() -> Frames:
    """Where the program is, from the caller's caller on."""
    return tuple((frame.f_code.co_filename, line, frame.f_code.co_name) for frame, line in traceback.walk_stack(sys._getframe(2)))


# --- autograd -------------------------------------------------------------------------------------------------------------


class _AutogradGraph:
    """Autograd's nodes know neither their function nor their place: from here on they are asked when they are made."""

    def __init__(self, outputs: list[Any]) -> None:
        core: Any = sys.modules["autograd.core"]
        tracer: Any = sys.modules["autograd.tracer"]
        self._outputs = outputs
        self._made: dict[int, tuple[Any, str, Frames]] = {}
        self._cuts: list[Stop] = []
        original = core.VJPNode.__init__

        def initialize(node: Any, value: Any, function: Any, *rest: Any) -> None:
            original(node, value, function, *rest)
            self._made[id(node)] = (node, _name(function), frames_here())

        core.VJPNode.__init__ = initialize
        silent = tracer.notrace_primitives[core.VJPNode]
        tracer.notrace_primitives[core.VJPNode] = _Listening(silent, self._look)

    def _look(self, function: Any, frame: Any) -> None:
        name = _name(function)
        boxes = [box for _, box in frame.f_locals.get("boxed_args", ())]
        if len(self._cuts) < MOST_SPOTS and name not in _ABOUT_SHAPE and self._leads_back(boxes):
            self._cuts.append(Stop(name, frames_here(), True))

    def _targets(self) -> dict[int, Any]:
        return {id(output._node): output._node for output in self._outputs}

    def _parents(self, node: Any, targets: dict[int, Any]) -> list[Any]:
        return [] if id(node) in targets else list(node.parents)

    def _leads_back(self, boxes: list[Any]) -> bool:
        targets = self._targets()
        return any(id(node) in targets for box in boxes for node in _order(box._node, lambda node: self._parents(node, targets)))

    def ask(self, root: Optional[Any]) -> Tracked:
        if root is None:
            return Tracked(False, tuple(self._cuts))
        core: Any = sys.modules["autograd.core"]
        targets = self._targets()
        order = _order(root, lambda node: self._parents(node, targets))
        reached = any(id(node) in targets for node in order)
        reaching = _reaching(order, lambda node: self._parents(node, targets), set(targets))
        arrived: dict[int, Any] = {id(root): (1.0, False)}
        stops: list[Stop] = []
        for node in order:
            if id(node) not in reaching or id(node) in targets or id(node) not in arrived:
                continue
            given = arrived[id(node)][0]
            passed = [(parent, part) for parent, part in zip(node.parents, node.vjp(given)) if id(parent) in reaching]
            if len(stops) < MOST_SPOTS and _is_number(given) and not any(_is_number(part) for _, part in passed):
                _, name, frames = self._made.get(id(node), (node, "", ()))
                stops.append(Stop(name, frames, False))
            for parent, part in passed:
                arrived[id(parent)] = core.add_outgrads(arrived.get(id(parent)), part)
        return Tracked(reached, (*stops, *self._cuts))


_ABOUT_SHAPE = frozenset(
    ["ndim", "shape", "size", "isscalar", "iscomplexobj", "iscomplex", "isreal", "result_type", "zeros_like", "ones_like"]
    + ["isfinite", "isinf", "isnan", "isneginf", "isposinf"]
)
"""Functions without a derivative that take no number out."""


class _Listening(set):  # type: ignore[type-arg]
    """A set that tells whom it was asked for, where the answer is yes."""

    def __init__(self, functions: Iterable[Any], heard: Callable[[Any, Any], None]) -> None:
        super().__init__(functions)
        self._heard = heard

    def __contains__(self, function: Any) -> bool:
        found = super().__contains__(function)
        if found:
            self._heard(function, sys._getframe(1))
        return found


def _name(function: Any) -> str:
    return str(getattr(function, "__name__", "") or function)


def _is_number(gradient: Any) -> bool:
    if isinstance(gradient, (tuple, list)):
        return any(map(_is_number, gradient))
    if isinstance(gradient, dict):
        return any(map(_is_number, gradient.values()))
    different = gradient != 0
    return bool(getattr(different, "any", lambda: different)())
