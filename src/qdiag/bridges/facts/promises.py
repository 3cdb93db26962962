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
from qdiag.model.circuit import Circuit, Label
from qdiag.model.method import SHIFTED, Method
from qdiag.model.promise import Promise

_WORDS_AGAINST = re.compile(
    r"not (fully )?support|unsupported|approximat|inaccura|experimental|not differentia|non-?differentia", re.IGNORECASE
)


def promise_of(
    circuit: Circuit, core: str, method: Method, said: Sequence[str], wires: tuple[Label, ...] = (), *, trusted: bool = False
) -> Promise:
    """What was promised of a result that is wrong.

    Parameters
    ----------
    circuit, method
        What was evaluated, and how.
    core
        The operation that it is about, by the name of its class.
    said
        Texts of the warnings that came with it.
    wires, trusted
        Of the device; whether it may be imported.
    """
    if any(_WORDS_AGAINST.search(text) for text in said):
        return Promise.DOCUMENTED
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            declared = _is_declared(circuit, core, method, wires, trusted)
    except Exception:
        # a device that cannot be asked has promised nothing
        declared = False
    return Promise.BROKEN if declared else Promise.SILENT


def _is_declared(circuit: Circuit, core: str, method: Method, wires: tuple[Label, ...], trusted: bool) -> bool:
    if method.diff_method in SHIFTED:
        return _brings_a_rule(core)
    device = devices.fresh(method, wires, circuit, trusted=trusted)
    if method.diff_method == "none":
        return core in _operations_of(device)
    if not hasattr(device, "supports_derivatives"):
        return False
    config = qml.devices.ExecutionConfig(gradient_method=method.diff_method)
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
