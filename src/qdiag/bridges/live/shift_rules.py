"""Which numbers of an operator PennyLane's shift rules leave to finite differences: the operator is asked, no table of names.

By its ``grad_method``: an operator without a rule of its own says ``"F"``, and the rules then take a difference quotient for it
without a word. One that says nothing is taken apart first, and its parts are asked. On modes of light it goes by what is measured, too:
the rules hold for observables of first and second order, and for variances of the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pennylane as qml

from qdiag.bridges.codec import flattening
from qdiag.model.operator_families import VARIANCES

MAX_DEPTH = 8
"""Decompositions of decompositions are followed this far."""


def left_to_differences(operator: Any, depth: int = MAX_DEPTH) -> tuple[Any, ...]:
    """The numbers of an operator, and of the parts that stand for it, which are moved by finite differences."""
    method = getattr(operator, "grad_method", None)
    if method == "F":
        return tuple(operator.data)
    if method is not None or depth == 0 or not operator.data:
        return ()
    return tuple(number for part in _parts(operator) for number in left_to_differences(part, depth - 1))


def numbers_left_to_differences(operators: Sequence[Any], measurements: Sequence[Any] = ()) -> tuple[Any, ...]:
    """The numbers of some operators that are moved by finite differences, since they have no rule, or none for what is measured."""
    if any(_has_no_rule_on_modes(measurement) for measurement in measurements):
        return tuple(number for operator in operators for number in operator.data)
    return tuple(number for operator in operators for number in left_to_differences(operator))


def _has_no_rule_on_modes(measurement: Any) -> bool:
    """Whether an observable of modes is of an order for which there is no rule: a variance squares what it is the variance of."""
    observable = getattr(measurement, "obs", None)
    if not isinstance(observable, getattr(qml.operation, "CVObservable", ())):
        return False
    order = getattr(observable, "ev_order", None)
    return order not in (1, 2) or (order == 2 and _kind_of(measurement) in VARIANCES)


def _kind_of(measurement: Any) -> str:
    """What a measurement is called: before PennyLane 0.29 all are of one class, and have a type of what they return."""
    name = type(measurement).__name__
    return str(measurement.return_type.value) if name == "MeasurementProcess" else name


def takes_differences(operators: Sequence[Any], measurements: Sequence[Any] = ()) -> bool:
    """Whether that is so for any tracked number of these operators; False where one cannot say."""
    try:
        return any(bool(qml.math.requires_grad(number)) for number in numbers_left_to_differences(operators, measurements))
    except Exception:
        # whatever an operator of the user's own says against the question, its gradient is judged all the same
        return False


def _parts(operator: Any) -> tuple[Any, ...]:
    try:
        return tuple(flattening.decomposition(operator))
    except Exception:
        # PennyLane says in many ways that there is no decomposition
        return ()
