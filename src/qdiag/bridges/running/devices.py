"""PennyLane's devices: which are installed, and a fresh one for each evaluation.

The user's own device is never touched: it has a random generator, a tracker and a state of its own.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from functools import lru_cache, partial
from typing import Any

import numpy as np
import pennylane as qml

from qdiag.bridges.running.given_values import imported, live_options
from qdiag.bridges.stack import environment
from qdiag.errors import MethodError
from qdiag.model.circuit import Circuit
from qdiag.model.method import Method
from qdiag.model.node import Label

_OURS = frozenset(["wires", "shots", "c_dtype", "r_dtype"])
"""Options that an evaluation sets by itself."""

_WIDTHS = {"complex64": np.complex64, "complex128": np.complex128}


@lru_cache(maxsize=1)
def installed_devices() -> tuple[str, ...]:
    """Names of the devices that this stack has."""
    return tuple(sorted({*environment().devices, *getattr(qml, "plugin_devices", {})}))


def require(names: Iterable[str]) -> None:
    """Make sure that devices exist here.

    Raises
    ------
    MethodError
        For the first that does not.
    """
    known = installed_devices()
    for name in names:
        if name not in known and not is_class(name):
            raise MethodError(
                f"there is no device '{name}' here; installed are {', '.join(known)}",
                "install the plugin that provides it, or name one of these",
            )


def is_class(device: str) -> bool:
    """Whether a device is said by its class, as ``module:Class``, since it has no name."""
    return ":" in device


def fresh(method: Method, wires: tuple[object, ...], circuit: Circuit, *, trusted: bool = False, seed: int = 0) -> Any:
    """A new device for a method.

    Parameters
    ----------
    method
        The method; it names the device.
    wires
        Wires of the user's device; where there are none and PennyLane cannot do without, those of the circuit.
    circuit
        The circuit that will run on it.
    trusted
        Whether what a trace names may be imported.
    seed
        Is added to the device's own, where it was given one.

    Raises
    ------
    MethodError
        If there is no such device, it cannot be made again as the script made it, or it cannot work in the precision that the method
        asks for.
    """
    require([method.device])
    maker = imported(method.device, trusted=trusted) if is_class(method.device) else partial(qml.device, method.device)
    options = live_options(tuple((name, value) for name, value in method.device_options if name not in _OURS), trusted=trusted)
    if "seed" in options:
        options["seed"] += seed
    if method.device_precision:
        options["c_dtype"] = _WIDTHS[method.device_precision]
    if circuit.shots and not _shots_belong_to_qnode():
        options["shots"] = shots_of(circuit)
    try:
        return _make_device(maker, wires, circuit, options)
    except TypeError:
        if "c_dtype" not in options:
            raise
        if method.device_precision == "complex128":
            del options["c_dtype"]
            return _make_device(maker, wires, circuit, options)
        raise MethodError(
            f"{method.device} does not support {method.device_precision}: it takes no c_dtype", "leave the device's precision out"
        ) from None


def _make_device(maker: Callable[..., Any], wires: tuple[object, ...], circuit: Circuit, options: dict[str, Any]) -> Any:
    if wires and not _takes_no_wires(maker):
        return maker(wires=list(wires), **options)
    if _needs_wires():
        return maker(wires=_labels(circuit), **options)
    try:
        return maker(**options)
    except TypeError:
        return maker(wires=_labels(circuit), **options)


def _takes_no_wires(maker: Callable[..., Any]) -> bool:
    """Whether a class fixes its wires by itself."""
    if not isinstance(maker, type):
        return False
    parameters = inspect.signature(maker).parameters
    return "wires" not in parameters and not any(p.kind is p.VAR_KEYWORD for p in parameters.values())


def _labels(circuit: Circuit) -> list[Label]:
    labels = circuit.wires
    return sorted(labels) if all(isinstance(label, int) for label in labels) else list(labels)


def _needs_wires() -> bool:
    """Whether this PennyLane is from before its devices took their wires from the circuit."""
    return not hasattr(qml, "devices") or not hasattr(qml.devices, "ExecutionConfig")


def _shots_belong_to_qnode() -> bool:
    return "shots" in inspect.signature(qml.QNode.__init__).parameters


def shots_of(circuit: Circuit) -> Any:
    """A circuit's shots as PennyLane takes them."""
    if not circuit.shots:
        return None
    return circuit.shots[0] if len(circuit.shots) == 1 else list(circuit.shots)
