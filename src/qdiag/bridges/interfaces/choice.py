"""Which interface a circuit is replayed under, and the class that makes its forward passes; it is imported only when wanted."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial

from qdiag.bridges.interfaces.forward_pass import Function, Graph, PlainGraph
from qdiag.errors import MethodError, MissingInterfaceError
from qdiag.model.method import QJIT
from qdiag.model.parameter import Parameter


def interface_for(name: str, parameters: Sequence[Parameter]) -> str:
    """The interface to replay under: ``torch``, ``autograd``, ``jax``, or "" for plain numbers.

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
    if name.startswith(("tf", "tensorflow")):
        raise MethodError(f"the {name} interface is recorded but not replayed", "replay works for torch, autograd and JAX")
    containers = {p.container for p in parameters if p.trainable} or {p.container for p in parameters}
    if name.startswith("jax") or (name != "autograd" and "jax" in containers and "torch" not in containers):
        return "jax"
    if name == "autograd" or "torch" not in containers:
        tracked = any(p.trainable for p in parameters)
        return "autograd" if name == "autograd" or tracked or "autograd" in containers else ""
    return "torch"


def require(name: str) -> None:
    """Make sure that an interface is installed here; each but JAX comes with qdiag.

    Raises
    ------
    MissingInterfaceError
        If it is not.
    """
    if name.startswith("jax") and importlib.util.find_spec("jax") is None:
        raise MissingInterfaceError("these calls are JAX's, and JAX is not installed here", MissingInterfaceError.INSTALL)


def require_catalyst() -> None:
    """Make sure that Catalyst is installed here.

    Raises
    ------
    MethodError
        If it is not.
    """
    if importlib.util.find_spec("catalyst") is None:
        raise MethodError("Catalyst is not installed here", "pip install pennylane-catalyst, or leave out +qjit")


def precision_for(interface: str, parameters: Sequence[Parameter], default_dtype: str) -> AbstractContextManager[None]:
    """What an evaluation runs in: JAX with or without arrays of 64 bits, as the call was made."""
    if interface != "jax":
        return nullcontext()
    require(interface)
    from qdiag.bridges.interfaces import jax_graph

    return jax_graph.precision(parameters, default_dtype)


def graph_for(interface: str, placement: str = "", compiled: str = "") -> Callable[[Function, Sequence[Parameter]], Graph]:
    """What makes forward passes under an interface; it is imported only when wanted.

    Parameters
    ----------
    interface
        As `interface_for` has it.
    placement
        A device of torch's in whose memory the numbers are to lie.
    compiled
        ``jit`` where JAX is to compile them, ``qjit`` where Catalyst is.

    Raises
    ------
    MethodError
        If numbers are to lie where no interface but torch has any, or another one than JAX is to compile.
    """
    if compiled and interface != "jax":
        raise MethodError(f"only JAX compiles, and these are {interface or 'plain'} numbers", f"leave out +{compiled}")
    if interface == "torch":
        from qdiag.bridges.interfaces.torch_graph import TorchGraph

        return partial(TorchGraph, placement=placement) if placement else TorchGraph
    if placement:
        raise MethodError(f"only torch's numbers lie on a GPU, and these are {interface or 'plain'} ones", "leave out @cuda")
    if interface == "autograd":
        from qdiag.bridges.interfaces.autograd_graph import AutogradGraph

        return AutogradGraph
    if interface == "jax":
        require(interface)
        from qdiag.bridges.interfaces.jax_graph import CompiledJaxGraph, JaxGraph

        if compiled == QJIT:
            require_catalyst()
            from qdiag.bridges.interfaces.qjit_graph import QjitGraph

            return QjitGraph
        return CompiledJaxGraph if compiled else JaxGraph
    return PlainGraph
