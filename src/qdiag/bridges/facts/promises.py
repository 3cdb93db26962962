"""What PennyLane and a device promise of a circuit under a method: declared, warned of, or nothing said at all."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from typing import Any

import pennylane as qml

from qdiag.bridges.codec.classes import class_named
from qdiag.bridges.codec.flattening import stop_recording
from qdiag.bridges.codec.tapes import tape_of
from qdiag.bridges.running import devices
from qdiag.errors import OpaqueCircuitError
from qdiag.model.circuit import Circuit
from qdiag.model.method import SHIFTED, Method
from qdiag.model.node import Label, Node, nodes_of, parameters_of, parts_of
from qdiag.model.promise import Promise

_WORDS_AGAINST = re.compile(
    r"not (fully )?support|unsupported|approximat|inaccura|experimental|not differentia|non-?differentia", re.IGNORECASE
)

_SAID_TO_BE_FIXED = re.compile(
    r"\b(base|inner|operator|coefficient)s?\b[^.]{0,40}\b(is|are) not (trainable|differentiable)", re.IGNORECASE
)
"""What a docstring says of numbers inside of an operation."""


def promise_of(
    circuit: Circuit, core: str, method: Method, said: Sequence[str], wires: tuple[Label, ...] = (), *, trusted: bool = False
) -> Promise:
    """What was promised of a result that is wrong.

    Parameters
    ----------
    circuit, method
        What was evaluated, and how.
    core
        The operation that it is about, by the name of its class; "" for all whose numbers are tracked.
    said
        Texts of the warnings that came with it.
    wires, trusted
        Of the device; whether it may be imported.
    """
    cores = (core,) if core else _tracked_operations(circuit)
    if any(_WORDS_AGAINST.search(text) for text in said) or _is_said_to_be_fixed(circuit, cores):
        return Promise.DOCUMENTED
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            declared = _is_declared(circuit, cores, method, wires, trusted)
    except Exception:
        # a device that cannot be asked has promised nothing
        declared = False
    return Promise.BROKEN if declared else Promise.SILENT


def _tracked_operations(circuit: Circuit) -> tuple[str, ...]:
    """The operations that hold tracked numbers, by the names of their classes."""
    tracked = (node.name for top in circuit.nodes for node in nodes_of(top) if any(p.trainable for p in parameters_of(node)))
    return tuple(dict.fromkeys(tracked))


def _is_said_to_be_fixed(circuit: Circuit, cores: Sequence[str]) -> bool:
    """Whether numbers inside of what an operation is made from are differentiated, which its documentation says cannot be."""
    made = (node for top in circuit.nodes for node in nodes_of(top) if node.name in cores)
    return any(_holds_tracked(node) and _SAID_TO_BE_FIXED.search(_documentation(node.name)) for node in made)


def _holds_tracked(node: Node) -> bool:
    """Whether numbers of an operation inside of this one are tracked."""
    inner = (part for part in parts_of(node) if isinstance(part, Node))
    return any(parameter.trainable for part in inner for parameter in parameters_of(part))


def _documentation(name: str) -> str:
    try:
        return " ".join((class_named(name).__doc__ or "").split())
    except OpaqueCircuitError:
        return ""


def _is_declared(circuit: Circuit, cores: Sequence[str], method: Method, wires: tuple[Label, ...], trusted: bool) -> bool:
    if method.diff_method in SHIFTED:
        return bool(cores) and all(map(_brings_a_rule, cores))
    device = devices.fresh(method, wires, circuit, trusted=trusted)
    if method.diff_method == "none":
        return _operations_of(device).issuperset(cores)
    if not hasattr(device, "supports_derivatives"):
        return False
    # older devices differentiate by an interface, and say no where there is none
    config = qml.devices.ExecutionConfig(gradient_method=method.diff_method, interface="torch")
    with stop_recording():
        return bool(device.supports_derivatives(config, tape_of(circuit)))


def _brings_a_rule(core: str) -> bool:
    """Whether an operation says that shift rules are exact for it."""
    try:
        return bool(getattr(class_named(core), "grad_method", None) == "A")
    except OpaqueCircuitError:
        return False


def _operations_of(device: Any) -> frozenset[str]:
    """The operations that a device lists as its own: in its capabilities, or as old devices do."""
    declared = getattr(getattr(device, "capabilities", None), "operations", None)
    if declared is not None:
        return frozenset(declared)
    inner = getattr(device, "target_device", device)
    listed = getattr(inner, "operations", ())
    return frozenset(listed if isinstance(listed, (set, frozenset, list, tuple)) else ())
