"""What a user holds in hand, called once, forwards and backwards; and everything of the user's left as it was found."""

from __future__ import annotations

import inspect
import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, Callable

import numpy as np
import pennylane as qml
from autograd.builtins import tuple as traced_tuple
from autograd.core import make_vjp
from pennylane import numpy as pnp

from qdiag.bridges.codec import jax_numbers
from qdiag.bridges.live import qnode_attributes
from qdiag.bridges.live.arguments import Leaf, leaves_of, live_leaves, substitute_leaves
from qdiag.bridges.results import outputs_of

Put = Callable[[], None]
"""Puts something back as it was."""


def name_of(target: Any) -> str:
    """What its author calls it."""
    if isinstance(target, qml.QNode):
        return qnode_attributes.name_of(target)
    if _is_module(target):
        return type(target).__name__
    return str(getattr(target, "__qualname__", None) or type(target).__name__)


def check_arguments(target: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
    """Have Python raise its own error where the arguments do not fit a QNode's function: that is no finding."""
    if isinstance(target, qml.QNode):
        given = {name: value for name, value in kwargs.items() if name != "shots"}
        inspect.signature(target.func).bind(*args, **given)


def call_forward_and_backward(target: Any, args: Sequence[Any], kwargs: Mapping[str, Any], seed: int) -> None:
    """Call it, and send one random cotangent back through whatever is tracked; no ``.grad`` is written.

    Parameters
    ----------
    target
        A QNode, a module, or any function.
    args, kwargs
        What it is called with.
    seed
        Of the cotangent.
    """
    drawn = np.random.default_rng(seed)
    handed = tuple(leaves_of(tuple(args), dict(kwargs), ()))
    given = [leaf for value in (*args, *kwargs.values()) for leaf in outputs_of(value)]
    if not _is_module(target) and any(jax_numbers.is_jax(type(leaf)) for leaf in given):
        from qdiag.bridges.live.jax_target import call_under_jax

        call_under_jax(target, args, kwargs, lambda shape, is_complex: _cotangent(shape, is_complex, drawn))
        return
    boxed = [place for place, leaf in enumerate(handed) if leaf.tracked and not leaf.torch]
    if boxed and not _is_module(target) and not any(leaf.tracked and leaf.torch for leaf in handed):
        _through_autograd(target, args, kwargs, handed, boxed, drawn)
        return
    torch: Any = sys.modules.get("torch")
    if torch is None:
        target(*args, **kwargs)
        return
    with torch.enable_grad():
        outputs = [o for o in outputs_of(target(*args, **kwargs)) if isinstance(o, torch.Tensor) and o.requires_grad]
    leaves = _leaves(outputs)
    if leaves:
        from qdiag.bridges.interfaces.torch_graph import pull_back

        cotangents = [torch.as_tensor(_cotangent(o.shape, o.is_complex(), drawn)).to(o) for o in outputs]
        pull_back(outputs, cotangents, leaves)


def _leaves(outputs: Sequence[Any]) -> list[Any]:
    """The tensors at the far end of the graph, wherever the user keeps them."""
    found: dict[int, Any] = {}
    seen: set[Any] = set()
    waiting = [output.grad_fn for output in outputs]
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if type(node).__name__ == "AccumulateGrad":
            found[id(node.variable)] = node.variable
        waiting += [following for following, _ in node.next_functions]
    return list(found.values())


def _through_autograd(
    target: Any, args: Sequence[Any], kwargs: Mapping[str, Any], leaves: Sequence[Leaf], boxed: Sequence[int], drawn: Any
) -> None:
    """Differentiate by all that is marked among the arguments, also inside lists and dictionaries."""

    def function(values: Any) -> Any:
        numbers = [number for value in (*args, *kwargs.values()) for number in live_leaves(value)]
        for place, position in enumerate(boxed):
            numbers[position] = values[place]
        following = iter(numbers)
        given = [substitute_leaves(value, following) for value in args]
        named = {name: substitute_leaves(value, following) for name, value in kwargs.items()}
        return traced_tuple([output for output in outputs_of(target(*given, **named)) if _is_continuous(output)])

    vjp, outputs = make_vjp(function, tuple(pnp.array(leaves[position].array, requires_grad=True) for position in boxed))
    vjp(tuple(_cotangent(np.shape(output), np.iscomplexobj(output), drawn) for output in outputs))


def _is_continuous(output: Any) -> bool:
    return np.dtype(getattr(output, "dtype", type(output))).kind in "fc"


def _cotangent(shape: Sequence[int], is_complex: bool, drawn: np.random.Generator) -> np.ndarray:
    real = np.asarray(drawn.standard_normal(tuple(shape)))
    return real + 1j * drawn.standard_normal(tuple(shape)) if is_complex else real


def _is_module(target: Any) -> bool:
    torch: Any = sys.modules.get("torch")
    return torch is not None and isinstance(target, torch.nn.Module)


# --- leaving everything as it was ------------------------------------------------------------------------------------------


@contextmanager
def restore_afterwards(target: Any) -> Iterator[Callable[[Any], None]]:
    """Put back what a call moves: random streams, a module's buffers and attributes, and those of the QNodes that it reaches.

    Gives the function that has to be told of each QNode before it is called.
    """
    with ExitStack() as stack:
        for put in _random_streams():
            stack.callback(put)
        for module in target.modules() if _is_module(target) else ():
            stack.callback(_attributes(module))
            stack.callback(_buffers(module))
        met: set[int] = set()

        def meet(qnode: Any) -> None:
            if id(qnode) not in met:
                met.add(id(qnode))
                device = qnode_attributes.device_of(qnode)
                for put in (_attributes(qnode), _attributes(device), _generators(device)):
                    stack.callback(put)

        yield meet


def _random_streams() -> Iterator[Put]:
    standard, of_numpy = random.getstate(), np.random.get_state()
    yield lambda: random.setstate(standard)
    yield lambda: np.random.set_state(of_numpy)
    torch: Any = sys.modules.get("torch")
    if torch is not None:
        of_torch = torch.get_rng_state()
        yield lambda: torch.set_rng_state(of_torch)
        if torch.cuda.is_initialized():
            of_cuda = torch.cuda.get_rng_state_all()
            yield lambda: torch.cuda.set_rng_state_all(of_cuda)


def _attributes(owner: Any) -> Put:
    names = getattr(owner, "__dict__", {})
    before = dict(names)

    def put() -> None:
        names.clear()
        names.update(before)

    return put


def _buffers(module: Any) -> Put:
    """A module runs on copies of its buffers: a running mean is updated in place."""
    buffers = module._buffers
    before = dict(buffers)
    buffers.update({name: buffer if buffer is None else buffer.clone() for name, buffer in before.items()})

    def put() -> None:
        buffers.clear()
        buffers.update(before)

    return put


def _generators(device: Any) -> Put:
    """The streams from which a device draws its samples."""
    held = [value for value in getattr(device, "__dict__", {}).values() if isinstance(value, np.random.Generator)]
    states = [generator.bit_generator.state for generator in held]

    def put() -> None:
        for generator, state in zip(held, states):
            generator.bit_generator.state = state

    return put
