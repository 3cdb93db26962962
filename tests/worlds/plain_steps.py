"""What the bridges make of a node, for tests that need no PennyLane: common gates, channels and measurements from our own table.

`without_pennylane` puts it in the place of the bridge, so that the arbiter's own parts run on circuits of `small_circuits`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

import qdiag.bridges.matrices
from qdiag.bridges import stack
from qdiag.model.circuit import Circuit
from qdiag.model.node import MeasuredOutcome, Node, Tagged, parameters_of, walk
from qdiag.model.numerics import gates
from qdiag.model.numerics.states import Channel, Conditioned, Factor, Measured, NotSimulated, Preparation, Reading, Step, Term
from qdiag.model.parameter import Parameter

Row = tuple[Step, ...]
KINDS = {
    "ExpectationMP": "expval",
    "VarianceMP": "var",
    "ProbabilityMP": "probs",
    "StateMP": "state",
    "PurityMP": "purity",
    "VnEntropyMP": "entropy",
}
OBSERVABLES = {"PauliX": gates.X, "PauliY": gates.Y, "PauliZ": gates.Z, "Identity": gates.I2, "Hadamard": gates.HADAMARD}


def double_precision_value(parameter: Parameter) -> np.ndarray:
    """In double precision; whole numbers stay."""
    kind = parameter.value.dtype.kind
    wide = {"c": np.complex128, "f": np.float64}.get(kind)
    return parameter.value if wide is None else parameter.value.astype(wide)


def operation(node: Node, values: Sequence[np.ndarray], *, fresh: bool, trusted: bool = False) -> tuple[Row, ...]:
    """The steps of a gate by name, for each row of its batch."""
    outcome = next((part for part in walk(node) if isinstance(part, MeasuredOutcome)), None)
    if outcome is not None:
        inner = next(part for part in node.data if isinstance(part, Node))
        return tuple((Conditioned(outcome, row),) for row in operation(inner, values, fresh=False))
    if node.name in gates.PARAMETRIC:
        batch = max((value.shape[0] for value in values if value.ndim), default=0)
        rows = [[value[k] if value.ndim else value for value in values] for k in range(batch)] if batch else [list(values)]
        return tuple((Factor(gates.PARAMETRIC[node.name](*map(complex, row)), node.wires),) for row in rows)
    return ((_single(node, values, fresh),),)


def recorded_operation(node: Node, *, fresh: bool, trusted: bool = False) -> tuple[Row, ...]:
    """The same at the numbers that were recorded."""
    return operation(node, [double_precision_value(parameter) for parameter in parameters_of(node)], fresh=fresh)


def _single(node: Node, values: Sequence[np.ndarray], fresh: bool) -> Step:
    if node.name in gates.FIXED:
        return Factor(gates.FIXED[node.name], node.wires)
    if node.name in ("QubitUnitary", "Twice"):
        return Factor(np.asarray(values[0], complex) * (2 if node.name == "Twice" else 1), node.wires)
    if node.name == "StatePrep":
        if not fresh:
            raise NotSimulated("a state is prepared on wires that were touched")
        return Preparation(np.asarray(values[0], complex), node.wires, 1e-3 if node.definition == "slack" else 0.0)
    if node.name == "AmplitudeDamping":
        gamma = float(values[0])
        if not 0 <= gamma <= 1:
            raise NotSimulated(f"AmplitudeDamping does not take {gamma}")
        return Channel((1.0, 1.0), (np.diag([1, np.sqrt(1 - gamma)]), np.array([[0, np.sqrt(gamma)], [0, 0]])), node.wires)
    if node.name == "MidMeasureMP":
        return Measured(node.wires[0])
    if node.name == "Fragile":
        raise ZeroDivisionError("a foreign operation breaks down")
    raise NotSimulated(f"{node.name} cannot be taken apart")


def measurement(node: Node, values: Sequence[np.ndarray], *, trusted: bool = False) -> Reading:
    """What a measurement by name reads."""
    outcomes = tuple(part for part in walk(node) if isinstance(part, MeasuredOutcome))
    kind = KINDS.get(node.name)
    if kind is None:
        raise NotSimulated(f"{node.name} has no exact value")
    if outcomes:
        return Reading(kind, outcomes=outcomes)
    if kind in ("expval", "var"):
        observable = next(part for part in node.data if isinstance(part, Node))
        return Reading(kind, terms=terms_of(observable, iter(values)), wires=node.wires)
    return Reading(kind, wires=node.wires)


def terms_of(node: Node, numbers: Any) -> tuple[Term, ...]:
    """An observable as a sum of products."""
    if node.name in OBSERVABLES:
        return ((1.0, (Factor(OBSERVABLES[node.name], node.wires),)),)
    if node.name == "Hermitian":
        return ((1.0, (Factor(np.asarray(next(numbers), complex), node.wires),)),)
    if node.name == "LinearCombination":
        coefficients, operators = node.data
        assert isinstance(coefficients, list)
        assert isinstance(operators, list)
        weights = [float(next(numbers)) for _ in coefficients]
        return tuple((w, factors) for w, inner in zip(weights, operators) for _, factors in terms_of(inner, numbers))
    raise NotSimulated(f"{node.name} is no observable that is known here")


def disagreement(node: Node, *, trusted: bool = False) -> tuple[str, bool]:
    """``Doubtful`` gates contradict themselves; a tag says whether we know better."""
    tag = next((part for part in walk(node.metadata) if isinstance(part, Tagged) and part.kind == "contradicts"), None)
    return ("", False) if tag is None else (f"{node.name}: its own matrix is another one", bool(tag.content))


def direction_for(circuit: Circuit) -> tuple[np.ndarray, ...]:
    """The direction of a Hessian-vector product, as the bridge draws it."""
    generator = np.random.default_rng(len(circuit.trainable))
    trained = [circuit.parameters[i].value for i in circuit.trainable]
    return tuple(generator.standard_normal(value.shape).astype(value.dtype) for value in trained)


def without_pennylane(monkeypatch: pytest.MonkeyPatch, *, stacks: bool = False) -> None:
    """Let the arbiter's parts find these functions where they look for the bridge's."""
    steps = SimpleNamespace(
        double_precision_value=double_precision_value,
        operation=operation,
        recorded_operation=recorded_operation,
        operation_slopes=lambda *_, **__: None,
        measurement=measurement,
        disagreement=disagreement,
    )
    monkeypatch.setattr(qdiag.bridges.matrices, "node_steps", steps, raising=False)
    runner = ModuleType("qdiag.bridges.running.run_circuit")
    runner.direction_for = direction_for  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, runner.__name__, runner)
    monkeypatch.setattr(stack, "stacks_results", lambda: stacks)


def values_of(circuit: Circuit) -> list[np.ndarray]:
    """The plain values of all parameters."""
    return [double_precision_value(parameter) for node in circuit.nodes for parameter in parameters_of(node)]
