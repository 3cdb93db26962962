"""How a circuit of the space is read: each kind of measurement, of each kind of observable, alone and two at a time.

A reading takes the wires on which it reads and gives PennyLane's measurements. Most numbers in them are constants; those of `TRACKED`
are what a user optimises, too: coefficients of observables.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pennylane as qml

from qdiag.bridges.space.ingredients import hermitian
from qdiag.bridges.space.instances import measurements
from qdiag.model.operator_families import RAW_SAMPLES

Reading = Callable[[Sequence[Any]], Sequence[Any]]

_SHADOWS = frozenset({"ClassicalShadowMP", "ShadowExpvalMP"})


def _sum(wires: Sequence[Any]) -> Any:
    return qml.Hamiltonian([0.7, -0.4], [qml.PauliX(wires[0]), qml.PauliZ(wires[0]) @ qml.PauliY(wires[1])])


PROBABILITIES = "probs"
PRODUCT = "expval of a product"

READINGS: dict[str, Reading] = {
    PROBABILITIES: lambda wires: [qml.probs(wires=list(wires[:2]))],
    PRODUCT: lambda wires: [qml.expval(qml.PauliZ(wires[0]) @ qml.PauliX(wires[1]))],
    "var": lambda wires: [qml.var(qml.PauliY(wires[0]))],
    "expval of a sum": lambda wires: [qml.expval(_sum(wires))],
    "state": lambda wires: [qml.state()],
}
"""How each operation is read, from its wires and one more."""

WITH_SHOTS = frozenset({PROBABILITIES, PRODUCT, "var", "expval of a sum"})
"""Which of them are asked of a number of shots, too."""

PAIRS: dict[str, Reading] = {
    "expval X + probs": lambda w: [qml.expval(qml.PauliX(w[0])), qml.probs(wires=[w[0]])],
    "probs + expval X": lambda w: [qml.probs(wires=[w[0]]), qml.expval(qml.PauliX(w[0]))],
    "expval X + expval Z": lambda w: [qml.expval(qml.PauliX(w[0])), qml.expval(qml.PauliZ(w[0]))],
    "expval Y + var X": lambda w: [qml.expval(qml.PauliY(w[0])), qml.var(qml.PauliX(w[0]))],
    "expval X + probs of other wires": lambda w: [qml.expval(qml.PauliX(w[0])), qml.probs(wires=[w[1], w[2]])],
    "expval X + probs of all": lambda w: [qml.expval(qml.PauliX(w[0])), qml.probs(wires=list(w[:3]))],
    "expval Hermitian + probs": lambda w: [qml.expval(qml.Hermitian(hermitian(1), wires=w[0])), qml.probs(wires=[w[0]])],
    "expval Z + expval Z": lambda w: [qml.expval(qml.PauliZ(w[0])), qml.expval(qml.PauliZ(w[0]))],
}
"""Two measurements in one QNode: the second must not see how the first was made."""

OBSERVABLES: dict[str, Callable[[Sequence[Any]], Any]] = {
    "X": lambda w: qml.PauliX(w[0]),
    "Y": lambda w: qml.PauliY(w[0]),
    "Z": lambda w: qml.PauliZ(w[0]),
    "Hadamard": lambda w: qml.Hadamard(w[0]),
    "Identity": lambda w: qml.Identity(w[0]),
    "Hermitian": lambda w: qml.Hermitian(hermitian(1), wires=w[0]),
    "Hermitian on two wires": lambda w: qml.Hermitian(hermitian(2), wires=list(w[:2])),
    "Projector": lambda w: qml.Projector([1, 0], wires=list(w[:2])),
    "X @ Y @ Z": lambda w: qml.PauliX(w[0]) @ qml.PauliY(w[1]) @ qml.PauliZ(w[2]),
    "Z on reversed wires": lambda w: qml.PauliZ(w[2]) @ qml.PauliX(w[0]),
    "Hadamard @ Z": lambda w: qml.Hadamard(w[0]) @ qml.PauliZ(w[1]),
    "Hermitian @ X": lambda w: qml.Hermitian(hermitian(1), wires=w[1]) @ qml.PauliX(w[0]),
    "sum": _sum,
}
"""What an expectation value and a variance are taken of."""

WEIGHTED: dict[str, Callable[[Sequence[Any]], Any]] = {
    "Hamiltonian": _sum,
    "multiple": lambda w: qml.s_prod(0.7, qml.PauliZ(w[0]) @ qml.PauliX(w[1])),
    "sum of multiples": lambda w: qml.sum(qml.s_prod(0.7, qml.PauliX(w[0])), qml.s_prod(-0.4, qml.PauliZ(w[0]) @ qml.PauliY(w[1]))),
    "product with a multiple": lambda w: qml.prod(qml.s_prod(0.7, qml.PauliZ(w[0])), qml.PauliX(w[1])),
    "multiple of Hermitian": lambda w: qml.s_prod(0.7, qml.Hermitian(hermitian(1), wires=w[0])),
}
"""Observables with coefficients that are tracked."""


def measurement_readings() -> dict[str, Reading]:
    """Every kind of measurement that needs no shots."""
    found: dict[str, Reading] = {}
    for name, make in OBSERVABLES.items():
        found[f"expval({name})"] = partial(_read_observable, qml.expval, make)
        found[f"var({name})"] = partial(_read_observable, qml.var, make)
        if name in ("X", "Hadamard", "Hermitian"):
            found[f"probs({name})"] = partial(_read_observable, _probabilities_of, make)
    for instance in measurements():
        if instance.kind not in (RAW_SAMPLES | _SHADOWS) and not instance.label.startswith(("expval", "var")):
            # the instances are on wires 0, 1 and are read there
            found[f"{instance.label} (PennyLane's)"] = partial(as_made, instance.operator)
    found["probs on reversed wires"] = lambda w: [qml.probs(wires=[w[2], w[0]])]
    return found


def weighted_readings() -> dict[str, Reading]:
    """Expectation values and variances by whose coefficients users differentiate."""
    found: dict[str, Reading] = {}
    for name, make in WEIGHTED.items():
        found[f"expval({name}, tracked)"] = partial(_read_observable, qml.expval, make)
        found[f"var({name}, tracked)"] = partial(_read_observable, qml.var, make)
    return found


def _read_observable(measure: Callable[[Any], Any], make: Callable[[Sequence[Any]], Any], wires: Sequence[Any]) -> Sequence[Any]:
    return [measure(make(wires))]


def _probabilities_of(observable: Any) -> Any:
    return qml.probs(op=observable)


def as_made(measurement: Any, wires: Sequence[Any]) -> Sequence[Any]:
    """A measurement on the wires that it has."""
    return [measurement]
