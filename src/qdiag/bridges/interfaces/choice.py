"""Which interface a circuit is replayed under, and the class that makes its forward passes; it is imported only when wanted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from qdiag.bridges.interfaces.forward_pass import Function, Graph, PlainGraph
from qdiag.errors import MethodError
from qdiag.model.circuit import Parameter


def interface_for(name: str, parameters: Sequence[Parameter]) -> str:
    """The interface to replay under: ``torch``, ``autograd``, or "" for plain numbers.

    Parameters
    ----------
    name
        The user's, as PennyLane wrote it.
    parameters
        All parameters; where the name leaves it open, their containers decide.

    Raises
    ------
    MethodError
        If it is one that can be recorded only.
    """
    if name in ("torch", "pytorch"):
        return "torch"
    if name.startswith(("jax", "tf", "tensorflow")):
        raise MethodError(f"the {name} interface is recorded but not replayed", "replay works for torch and autograd")
    containers = {p.container for p in parameters if p.trainable} or {p.container for p in parameters}
    if name == "autograd" or "torch" not in containers:
        tracked = any(p.trainable for p in parameters)
        return "autograd" if name == "autograd" or tracked or "autograd" in containers else ""
    return "torch"


def graph_for(interface: str, placement: str = "") -> Callable[[Function, Sequence[Parameter]], Graph]:
    """What makes forward passes under an interface, its numbers in the memory of a device of torch's; it is imported only when wanted.

    Raises
    ------
    MethodError
        If numbers are to lie where no interface but torch has any.
    """
    if interface == "torch":
        from qdiag.bridges.interfaces.torch_graph import TorchGraph

        return partial(TorchGraph, placement=placement) if placement else TorchGraph
    if placement:
        raise MethodError(f"only torch's numbers lie on a GPU, and these are {interface or 'plain'} ones", "leave out @cuda")
    if interface == "autograd":
        from qdiag.bridges.interfaces.autograd_graph import AutogradGraph

        return AutogradGraph
    return PlainGraph
