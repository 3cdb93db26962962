"""A circuit as a QNode of the user's own kind: the quantum function rebuilds the operators from live numbers.

Going through the public QNode takes the path that the user's own call took, so that its results come back bit for bit.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from functools import cache
from typing import Any, Optional

import pennylane as qml

from qdiag.bridges.codec.decoding import Decoding
from qdiag.bridges.codec.flattening import stop_recording
from qdiag.bridges.results import outputs_of
from qdiag.bridges.running import devices
from qdiag.bridges.running.given_values import live_options
from qdiag.model.circuit import Circuit
from qdiag.model.evaluation import Request
from qdiag.model.method import Method
from qdiag.model.node import nodes_of

_SIGNATURE = inspect.signature(qml.QNode.__init__).parameters
_OF_DEVICE_GRADIENTS = ("device_vjp", "grad_on_execution")
"""Options that mean something to a device's own gradients only; other methods refuse them."""

_OPEN = any(parameter.kind is parameter.VAR_KEYWORD for parameter in _SIGNATURE.values())


@cache
def _draws_for_itself() -> bool:
    """Whether spsa has random numbers of its own, which NumPy's seed does not reach (from PennyLane 0.32 on)."""
    found: Any = getattr(qml.gradients, "spsa_grad", None)
    # what makes a transform of a function keeps the function under one of these names, or has its signature
    names = ("transform_fn", "transform", "tape_transform")
    functions = (*(getattr(found, name, None) for name in names), found)
    return any("sampler_rng" in inspect.signature(function).parameters for function in functions if callable(function))


class Runner:
    """Evaluates a request's circuit on live numbers.

    Attributes
    ----------
    stage
        How far it has come: ``build``, then ``forward``.
    """

    def __init__(self, request: Request, interface: str) -> None:
        self.request = request
        self.interface = interface
        self.stage = "build"
        self.device = devices.fresh(
            request.method, request.device_wires, request.circuit, trusted=request.trusted, seed=request.seed
        )

    def __call__(self, numbers: Sequence[Any]) -> Sequence[Any]:
        """The live outputs, flattened in order of return."""
        circuit = self.request.circuit
        with stop_recording():
            decoding = Decoding(iter(numbers), self.request.trusted)
            operations = [decoding.operator(node) for node in circuit.operations]
            measurements = [decoding.operator(node) for node in circuit.measurements]

        def quantum_function() -> Any:
            for operation in operations:
                qml.apply(operation)
            return _return_value([qml.apply(measurement) for measurement in measurements], circuit.returns)

        quantum_node = qml.QNode(quantum_function, self.device, **self._options())
        self.stage = "forward"
        return outputs_of(quantum_node())

    def _interface_named(self) -> Optional[str]:
        """The interface as PennyLane is told it.

        Where none of the numbers that JAX tracks shows on the tape, PennyLane finds no interface, and JAX differentiates the simulation
        itself. Told of JAX, it would go other ways, so it is left to find out again.
        """
        return "auto" if self.interface == "jax" and self.request.interface == "numpy" else self.interface or None

    def _options(self) -> dict[str, Any]:
        request = self.request
        method = request.method
        options: dict[str, Any] = {
            "interface": self._interface_named(),
            "diff_method": None if method.diff_method == "none" else method.diff_method,
        }
        options.update({name: value for name, value in request.execution_options if _is_accepted(name, value, method)})
        gradient = live_options(method.gradient_options, trusted=False)
        order = gradient.pop("max_diff", 2)
        if method.diff_method == "spsa" and _draws_for_itself():
            given = gradient.get("sampler_rng")
            gradient["sampler_rng"] = request.seed + (given if isinstance(given, int) else 0)
        if _OPEN:
            options.update(gradient)
        elif gradient:
            options["gradient_kwargs"] = gradient
        if request.second:
            options.setdefault("max_diff", order)
        if request.cheaply and method.diff_method == "adjoint" and "device_vjp" in _SIGNATURE:
            # through torch, PennyLane forms the whole Jacobian first
            options["device_vjp"] = True
        if (request.jacobian or len(request.cotangents) > 1) and method.per_parameter and _is_cached_well(request.circuit):
            # each vector-Jacobian product asks for the same shifted circuits again
            options["cache"] = True
        if "shots" in _SIGNATURE:
            options["shots"] = devices.shots_of(request.circuit)
        return options


def _is_cached_well(circuit: Circuit) -> bool:
    """Whether PennyLane's cache tells the shifted circuits apart: not samples, and not angles of operators that stand inside of others.

    It takes RX(x) and RX(x + 2π) for one, which differ in sign: under a control, as in ``ctrl(adjoint(RX))``, that is another gate.
    """
    return not circuit.shots and all(len(nodes_of(operation)) == 1 for operation in circuit.operations)


def _is_accepted(name: str, value: object, method: Method) -> bool:
    if name in _OF_DEVICE_GRADIENTS and method.diff_method not in ("adjoint", "device"):
        return False
    return name in _SIGNATURE or (_OPEN and value is not None)


def _return_value(measurements: list[Any], returns: str) -> Any:
    if returns == "single" and len(measurements) == 1:
        return measurements[0]
    if returns.startswith("dict:"):
        return dict(zip(returns[len("dict:") :].split(","), measurements))
    return list(measurements) if returns == "list" else tuple(measurements)
