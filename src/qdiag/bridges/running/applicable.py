"""Which methods a circuit's device offers for it: PennyLane is asked, no table of ours."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import pennylane as qml

from qdiag.bridges.codec.classes import class_named
from qdiag.bridges.interfaces.choice import interface_for, require
from qdiag.bridges.running import device_measurement, devices
from qdiag.errors import OpaqueCircuitError
from qdiag.model.call import Configuration
from qdiag.model.circuit import Circuit
from qdiag.model.evaluation import Request
from qdiag.model.method import DETERMINISTIC, DIFF_METHODS, Method
from qdiag.model.node import Node, nodes_of
from qdiag.model.operator_families import MIXING, STATE_VECTORS

REFERENCE = Method("default.qubit", "backprop")
"""The reference across devices."""

MAX_REFERENCE_WIRES = 14

DENSITY_MATRICES = "default.mixed"
"""The device that gives a state as its density matrix."""


def applicable(circuit: Circuit, configuration: Configuration) -> tuple[Method, ...]:
    """The methods that ``auto`` stands for: the user's own first, then those that the device offers, then the reference.

    Parameters
    ----------
    circuit
        The circuit.
    configuration
        The user's own device, interface and method. What its device is made of is imported by name: whoever asks has made sure
        that the trace may be trusted where there is such a name.

    Returns
    -------
    tuple of Method
        Deterministic ones only, apart from the user's own. A method among them may still refuse this circuit when it is
        evaluated; its words are kept then.

    Raises
    ------
    MethodError
        If the user's device or interface does not exist here.
    """
    devices.require([configuration.device])
    require(configuration.interface)
    own = configuration.method
    found = [own] if own.diff_method in DIFF_METHODS and own.diff_method != "none" else []
    if found and circuit.placement and _has_memory(circuit.placement):
        # the same where the script had its numbers, beside the CPU
        found.append(replace(own, placement=circuit.placement))
    for name in DETERMINISTIC:
        candidate = replace(own, diff_method=name, gradient_options=())
        if name == own.diff_method or not _is_offered(candidate, circuit, configuration):
            continue
        if name == "finite-diff" and (circuit.shots or _is_coarse(circuit, configuration)):
            continue
        found.append(replace(candidate, precision="float64", device_precision="") if name == "finite-diff" else candidate)
    if own.device != REFERENCE.device and _fits_reference(circuit) and not _gives_density_matrices(own, circuit):
        found.append(REFERENCE)
    return tuple(dict.fromkeys(found))


def _has_memory(placement: str) -> bool:
    """Whether this machine has such a device of torch's."""
    import torch

    return bool(getattr(torch, placement).is_available())


def _is_coarse(circuit: Circuit, configuration: Configuration) -> bool:
    """Whether the device itself is no more than single precision, or samples: a difference quotient is noise divided by its step.

    One whose precision can be chosen is asked in double precision.
    """
    own = replace(configuration.method, device_precision="")
    seen = device_measurement.measured(Request.of(circuit, own, configuration, trusted=True))
    return seen.narrow or bool(seen.samples)


def _is_offered(method: Method, circuit: Circuit, configuration: Configuration) -> bool:
    """Whether a QNode with this method can be made; PennyLane validates the pair of device and method then."""
    try:
        interface = interface_for(configuration.interface, circuit.parameters)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            device = devices.fresh(method, configuration.device_wires, circuit, trusted=True)
            qml.QNode(_nothing, device, interface=interface or None, diff_method=method.diff_method)
            return _agrees(device, method, interface)
    except Exception:
        # each version says no with exceptions of its own
        return False


def _nothing() -> None:
    """Stands for a quantum function that is never called."""


def _agrees(device: Any, method: Method, interface: str) -> bool:
    if method.per_parameter or not hasattr(device, "supports_derivatives"):
        return True
    # 0.33 offers backprop to an interface only
    named = {"interface": interface} if interface else {}
    return bool(device.supports_derivatives(qml.devices.ExecutionConfig(gradient_method=method.diff_method, **named)))


def _fits_reference(circuit: Circuit) -> bool:
    """Whether ``default.qubit`` with backprop can stand in: few wires, no shots, nothing that mixes the state."""
    if circuit.shots or len(circuit.wires) > MAX_REFERENCE_WIRES:
        return False
    return not any(_mixes(node) for top in circuit.operations for node in nodes_of(top))


def _gives_density_matrices(own: Method, circuit: Circuit) -> bool:
    """Whether what is a state vector on the reference comes as a density matrix on the user's own device."""
    return own.device == DENSITY_MATRICES and any(node.name in STATE_VECTORS for node in circuit.measurements)


def _mixes(node: Node) -> bool:
    if node.name in MIXING:
        return True
    try:
        return not node.definition and issubclass(class_named(node.name), qml.operation.Channel)
    except OpaqueCircuitError:
        return False
