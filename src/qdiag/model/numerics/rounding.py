"""How far apart two healthy evaluations may be: the working precision, the number of operations, and the constants between them.

The bound is ``CONSTANT · eps · sqrt(operations) · scale``: rounding errors of single gates are independent, so they add up like
a random walk. `tests/benchmarks/rounding_constant.md` has the measurement that the constant rests on. Finite differences and
sampling have error laws of their own.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Optional

import numpy as np

from qdiag.model.circuit import Circuit, Node, Parameter, nodes_of, parameters_of
from qdiag.model.method import Method
from qdiag.model.operator_families import EXPONENTIALS

CONSTANT = 5.0
"""Healthy methods were at most 0.9 apart in float32 and 2.0 in float64, in units of ``eps · sqrt(operations) · scale``."""

DOUBLE_MARGIN = 200.0
"""In double precision the constant is this many times larger. Implementations take different routes there (a density matrix against a
state, angles against a matrix), which cost some hundred eps and matter to nobody: 3.5e-14 on default.mixed with two channels."""

STEP = 1e-7
"""PennyLane's default step of a finite difference."""

EPS64 = float(np.finfo(np.float64).eps)
"""The unit of double precision."""

STANDARD_DEVIATIONS = 5.0
"""Sampled results further apart than this many standard deviations are not explained by sampling."""

CURVATURE = 16.0
"""Bound on the derivative that a forward difference leaves out, in units of the scale. A gate of two eigenvalues one apart has 1,
Pauli rotations with doubled angles 4, embeddings that normalise their features more."""


def working_eps(circuit: Circuit, methods: Iterable[Method]) -> float:
    """The eps of the lowest precision that any of these methods works in on this circuit.

    Python numbers and integers have no precision of their own: they take that of what they meet.
    """
    recorded = max((_eps(p.value.dtype) for p in circuit.parameters if p.container != "python"), default=EPS64)
    return max((_method_eps(method, recorded) for method in methods), default=recorded)


def _method_eps(method: Method, recorded: float) -> float:
    parameters = _eps(np.dtype(method.precision)) if method.precision else recorded
    return max(parameters, _eps(np.dtype(method.device_precision or "complex128")))


def _eps(dtype: np.dtype) -> float:
    return float(np.finfo(dtype).eps) if dtype.kind in "fc" else EPS64


def operations_of(circuit: Circuit) -> int:
    """How many elementary steps a circuit has, at least: a template counts once for each of its angles."""
    return max(1, sum(_steps(node) for node in circuit.operations))


def _steps(node: Node) -> int:
    angles = sum(_angles(parameter, len(node.wires)) for parameter in parameters_of(node))
    return max(angles, sum(1 for inner in nodes_of(node) if not any(isinstance(part, Node) for part in inner.data)), 1)


def _angles(parameter: Parameter, wires: int) -> int:
    shape = parameter.value.shape
    square = len(shape) >= 2 and shape[-1] == shape[-2] and parameter.value.dtype.kind == "c"
    batch = len(shape) == 1 and wires <= 2
    return 1 if square or batch else parameter.value.size


def rounding(eps: float, operations: int) -> float:
    """What rounding at this eps explains, in units of the scale."""
    return CONSTANT * (DOUBLE_MARGIN if eps <= EPS64 else 1.0) * eps * math.sqrt(operations)


FALL_BACK = frozenset(
    ["Conditional", "Select", "AmplitudeDamping", "GeneralizedAmplitudeDamping", "PauliError", "PhaseDamping", "ResetError"]
    + ["ThermalRelaxationError"]
)
"""Operations for which PennyLane's shift rules quietly take finite differences (``grad_method = "F"``): off by 5e-10 where measured."""


def truncation(method: Method, operations: int, circuit: Optional[Circuit] = None) -> float:
    """What a finite difference leaves out of a gradient even in float64, in units of the scale; 0 for exact methods.

    A difference quotient of order p errs by ``curvature · h^p`` for what it leaves out, and by twice the rounding of
    an output divided by ``h``. PennyLane's default is a forward difference with ``h = 1e-7``, where the two are of one size.
    """
    shifted = method.diff_method in ("parameter-shift", "hadamard")
    if method.diff_method != "finite-diff" and not (shifted and circuit is not None and _falls_back(circuit)):
        return 0.0
    options = {} if shifted else dict(method.gradient_options)
    step = _number(options.get("h"), STEP)
    order = max(1.0, _number(options.get("approx_order"), 1.0))
    return CURVATURE * math.pow(step, order) + 2 * CONSTANT * EPS64 * math.sqrt(operations) / step


EXPONENTIAL_ERROR = 1e-10
"""By how much a matrix that PennyLane works out as a matrix exponential may be off, in units of the scale: torch 2.13's
``matrix_exp`` was off by up to 7e-11 where measured (300 seeded SpecialUnitary matrices of one to three qubits against scipy's)."""


def exponentials(circuit: Circuit) -> float:
    """What an inexact matrix exponential explains even in float64, in units of the scale; 0 where a circuit holds none."""
    names = {node.name for top in circuit.operations for node in nodes_of(top)}
    return EXPONENTIAL_ERROR if names & EXPONENTIALS else 0.0


def amplified(method: Method, eps: float, operations: int) -> float:
    """How far two runs of one method may be apart in a gradient, in units of the scale, when their outputs are rounded otherwise.

    A difference quotient divides that rounding by its step: a single-precision device with another number of threads is enough
    for any number. It says that a replay is the same call; it never excuses a method that is wrong.
    """
    if method.diff_method != "finite-diff":
        return 0.0
    return 2 * rounding(eps, operations) / _number(dict(method.gradient_options).get("h"), STEP)


def _falls_back(circuit: Circuit) -> bool:
    return any(node.name in FALL_BACK and any(p.trainable for p in parameters_of(node)) for node in circuit.operations)


def sampling(method: Method, shots: int, *, gradient: bool) -> float:
    """How far two sampled results may be apart, in units of the scale.

    A mean of n samples within ±scale has a standard deviation of at most ``scale / sqrt(n)``, a difference of two of them
    ``sqrt(2)`` times that. A shift rule adds results with coefficients that sum to about one; a difference quotient divides by ``h``.
    """
    spread = STANDARD_DEVIATIONS * math.sqrt(2.0 / shots)
    if gradient and method.diff_method == "finite-diff":
        return 2 * spread / _number(dict(method.gradient_options).get("h"), STEP)
    return spread


def _number(value: object, default: float) -> float:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0 else default
