"""The one law of how far apart two healthy numbers may be; all verdicts of the house ask it.

Rounding explains ``CONSTANT · eps · sqrt(operations) · scale``: errors of single gates are independent, so they add up like a random
walk. `tests/benchmarks/rounding_constant.md` has the measurement that the constant rests on. Finite differences, matrix exponentials
and sampling have error laws of their own. A `Law` puts together what holds for one circuit and the evaluations that are compared.

Errors of different origin add up, so a bound is the sum of its terms: the larger one alone would call an error what is two errors of
one size. What the working precision costs is known in two ways, from the number of operations and from how far a reference moves;
these are of one origin, and the larger counts. The user's own tolerance is no error but a limit: it takes the place of rounding, and is
lifted only to what a difference quotient or an inexact exponential leaves open in any precision.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Optional

import numpy as np

from qdiag.model.circuit import Circuit
from qdiag.model.comparison import Tolerance
from qdiag.model.evaluation import Evaluation
from qdiag.model.method import SHIFTED, Method
from qdiag.model.node import Node, nodes_of, parameters_of
from qdiag.model.numerics.unitarity import skew
from qdiag.model.operator_families import ENTROPIES, EXPONENTIALS, PRODUCT_FORMULAS
from qdiag.model.parameter import Parameter

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

EXPONENTIAL_ERROR = 3e-10
"""By how much each matrix that PennyLane works out as a matrix exponential may be off, in units of the scale: torch 2.13's
``matrix_exp`` was off by up to 2.5e-10 where measured (complex128, one to three qubits, norms from 1e-4 to 10, against scipy's), the
most just below a norm of 0.05, where it stops the series too early: for the many short steps of a product formula."""

EXPONENTIAL_SLOPE = 5e-8
"""By how much a difference quotient of such a matrix may be off, in units of the scale: there it was off by up to 2.5e-8, while
torch's own derivative of the same matrix was right to the last digits."""

EXPONENTIAL_EPS = 80.0
"""The same below double precision, in units of its eps for each exponential: in complex64 it was off by up to 65 (4,800 random
matrices of one to three qubits and norms up to ten). What is repeated is off in the same direction each time, so that these add up."""

SKEWED = 10.0
"""By how much results may be off, in units of the scale and of how far the matrices of gates are from unitary: the adjoint method takes
states back through each of them by the conjugate transpose, which is no inverse then (by 0.2 where measured), and what takes a matrix
apart that is close to the identity makes more of it (by 5)."""

MOST_STEPS, MOST_ORDER = 1_000_000, 12
"""More of a product formula's steps, and a higher order, are counted as these: nothing is known of a result after so many."""

AROUND = 164
"""Code around a circuit is not recorded. It counts as so many further operations: ``CONSTANT · sqrt(164)`` is 64, the units of eps
by which healthy QNodes were allowed to miss from the first probes on, and which none of them has needed."""

NUMERICAL_DERIVATIVE = 1e-9
"""How far a derivative of our own simulation may be off where its error bar is not at hand, in units of the scale. Error bars were
at most 2.4e-12 on 30 random circuits of one to four wires; points that are nearly singular widen them, and no rule is wrong by less."""


# --- the precision that a method works in ----------------------------------------------------------------------------------------


def working_eps(circuit: Circuit, methods: Iterable[Method]) -> float:
    """The eps of the lowest precision that any of these methods works in on this circuit.

    Python numbers and integers have no precision of their own: they take that of what they meet.
    """
    recorded = _recorded_eps(circuit.form)
    return max((_method_eps(method, recorded) for method in methods), default=recorded)


@lru_cache(maxsize=64)
def _recorded_eps(circuit: Circuit) -> float:
    return max((p.eps for p in circuit.parameters if p.container != "python"), default=EPS64)


def eps_of(circuit: Circuit, evaluation: Evaluation) -> float:
    """The eps of the lowest precision that a method works in, and gives its outputs in.

    A device may hand its results on in torch's default dtype: that is a precision it works in. And it may work in a lower one than it
    declares, which its own numbers show.
    """
    device = evaluation.measured
    method = replace(evaluation.method, device_precision=device.precision) if device.narrow or device.assumed else evaluation.method
    results = max((_eps(np.asarray(output).dtype) for output in evaluation.outputs or ()), default=EPS64)
    return max(working_eps(circuit, [method]), results)


def samples_of(circuit: Circuit, evaluations: Iterable[Evaluation]) -> int:
    """Of how many samples a number is the average, at least: as many as were asked for, or as a device took by itself; 0 for none."""
    own = [e.measured.samples for e in evaluations if e.measured.samples]
    return min(circuit.shots or own, default=0)


def _method_eps(method: Method, recorded: float) -> float:
    parameters = _eps(np.dtype(method.precision)) if method.precision else recorded
    return max(parameters, _eps(np.dtype(method.device_precision or "complex128")))


def _eps(dtype: np.dtype) -> float:
    return _eps_of_floats(dtype) if dtype.kind in "fc" else EPS64


@cache
def _eps_of_floats(dtype: np.dtype) -> float:
    return float(np.finfo(dtype).eps)


# --- the terms, each in units of the scale ---------------------------------------------------------------------------------------


def operations_of(circuit: Circuit) -> int:
    """How many elementary steps a circuit has, at least: a template counts once for each of its angles."""
    return _operations_of(circuit.form)


@lru_cache(maxsize=64)
def _operations_of(circuit: Circuit) -> int:
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
    """What rounding at this eps explains."""
    return CONSTANT * max(eps, DOUBLE_MARGIN * EPS64) * math.sqrt(operations)


def truncation(method: Method, operations: int, *, differenced: bool = False) -> float:
    """What a finite difference leaves out of a gradient even in float64; 0 for exact methods.

    A difference quotient of order p errs by ``curvature · h^p`` for what it leaves out, and by twice the rounding of
    an output divided by ``h``. PennyLane's default is a forward difference with ``h = 1e-7``, where the two are of one size.

    Parameters
    ----------
    method
        The method.
    operations
        Steps of the circuit.
    differenced
        Whether PennyLane's shift rules leave a trainable number of the circuit to finite differences.
    """
    quotient = _quotient(method, differenced)
    if quotient is None:
        return 0.0
    step, order = quotient
    return CURVATURE * math.pow(step, order) + 2 * CONSTANT * EPS64 * math.sqrt(operations) / step


def exponentials(circuit: Circuit) -> float:
    """What inexact matrix exponentials explain even in float64; 0 where a circuit holds none. They add up, as those of one step do."""
    return EXPONENTIAL_ERROR * count_exponentials(circuit)


def count_exponentials(circuit: Circuit) -> int:
    """How many matrix exponentials a circuit takes: a product formula takes one for each term, step and stage."""
    return _count_exponentials(circuit.form)


@lru_cache(maxsize=64)
def _count_exponentials(circuit: Circuit) -> int:
    return sum(_repeats(node) for top in circuit.operations for node in nodes_of(top) if node.name in EXPONENTIALS)


def _repeats(node: Node) -> int:
    options = _pairs(node.metadata) if node.name in PRODUCT_FORMULAS else {}
    # a stranger's trace may hold any number there
    steps, order = (int(min(_number(options.get(name), 1), most)) for name, most in (("n", MOST_STEPS), ("order", MOST_ORDER)))
    if "order" not in options:
        return steps
    terms = max(1, sum(isinstance(part, Node) for base in node.data if isinstance(base, Node) for part in base.data))
    # the symmetric formula goes through its terms forth and back, each higher one five times through the one below (Suzuki 1991)
    stages = 1 if order == 1 else 2 * 5 ** (order // 2 - 1)
    return steps * terms * stages


def _pairs(metadata: object) -> dict[object, object]:
    pairs = metadata if isinstance(metadata, tuple) else ()
    return {pair[0]: pair[1] for pair in pairs if isinstance(pair, tuple) and len(pair) == 2}


def _quotient(method: Method, differenced: bool) -> Optional[tuple[float, float]]:
    """Step and order of the difference quotients that a method takes; None where it takes none."""
    if method.diff_method in SHIFTED:
        return (STEP, 1.0) if differenced else None
    if method.diff_method != "finite-diff":
        return None
    options = dict(method.gradient_options)
    return _number(options.get("h"), STEP), max(1.0, _number(options.get("approx_order"), 1.0))


def sampling(method: Method, shots: int, *, gradient: bool) -> float:
    """How far two sampled results may be apart.

    A mean of n samples within ±scale has a standard deviation of at most ``scale / sqrt(n)``, a difference of two of them
    ``sqrt(2)`` times that. A shift rule adds results with coefficients that sum to about one; a difference quotient divides by ``h``.
    """
    spread = STANDARD_DEVIATIONS * math.sqrt(2.0 / shots)
    if gradient and method.diff_method == "finite-diff":
        return 2 * spread / _number(dict(method.gradient_options).get("h"), STEP)
    return spread


def _number(value: object, default: float) -> float:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0 else default


# --- the law ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Bounds:
    """How far apart two healthy numbers of one tensor may be, absolute.

    Parameters
    ----------
    double
        What double precision would explain, or the tolerance that the user chose.
    working
        What the working precision explains; never less.
    sampled
        What sampling explains; 0 without shots.
    """

    double: float
    working: float
    sampled: float = 0.0

    @property
    def largest(self) -> float:
        """The gap beyond which nothing explains it."""
        return max(self.working, self.sampled)


@dataclass(frozen=True)
class Law:
    """How far apart healthy numbers of some evaluations of one circuit may be; every term is in units of a tensor's scale.

    Made by `of` for a pair of methods, which may differ from each other by what both leave out, or for one method beside an exact
    reference. It knows numbers alone: what PennyLane differences was asked when the evaluation was made (`Evaluation.differenced`).

    Parameters
    ----------
    eps
        That of the lowest precision at work.
    operations
        Elementary steps, over which rounding adds up.
    truncation
        What finite differences of all methods leave out of a gradient.
    exponentials
        What inexact matrix exponentials explain even in double precision.
    skewed
        What matrices of gates explain that are unitary but for their last digits.
    quotients
        What exponentials explain of a derivative that is worked out from differences of results.
    repeated
        How many of them there are: below double precision each is off by `EXPONENTIAL_EPS`.
    entropic
        Whether an entropy is measured: an eigenvalue of 0 that is rounded to δ adds ``δ log2(1/δ)`` to it.
    sampling
        What sampling explains of an output, and of a gradient.
    step
        The shortest step by which a difference quotient divides; infinite where none is taken.
    tolerance
        The user's own.
    """

    eps: float = EPS64
    operations: int = 1
    truncation: float = 0.0
    exponentials: float = 0.0
    skewed: float = 0.0
    quotients: float = 0.0
    repeated: int = 0
    entropic: bool = False
    sampling: tuple[float, float] = (0.0, 0.0)
    step: float = math.inf
    tolerance: Tolerance = Tolerance()

    @classmethod
    def of(cls, circuit: Circuit, evaluations: Sequence[Evaluation], tolerance: Tolerance = Tolerance()) -> Law:
        """The law of these evaluations of one circuit.

        Parameters
        ----------
        circuit
            Its parameters set the working precision, its operations the size of rounding.
        evaluations
            Two that are compared, or one that stands beside an exact reference. One that has given nothing yet counts by its method.
        tolerance
            The user's own.
        """
        operations = operations_of(circuit)
        shots = samples_of(circuit, evaluations)
        sampled = [
            max((sampling(e.method, shots, gradient=gradient) for e in evaluations), default=0.0) if shots else 0.0
            for gradient in (False, True)
        ]
        quotients = [_quotient(e.method, e.differenced) for e in evaluations]
        return cls(
            eps=max((eps_of(circuit, e) for e in evaluations), default=working_eps(circuit, ())),
            operations=operations,
            truncation=sum(truncation(e.method, operations, differenced=e.differenced) for e in evaluations),
            exponentials=exponentials(circuit),
            skewed=SKEWED * skew(circuit),
            repeated=count_exponentials(circuit),
            entropic=any(measurement.name in ENTROPIES for measurement in circuit.measurements),
            sampling=(sampled[0], sampled[1]),
            step=min((quotient[0] for quotient in quotients if quotient is not None), default=math.inf),
            tolerance=tolerance,
        )

    def around(self, eps: float) -> Law:
        """The same law where the circuit is only a part of what is evaluated, and all of it works in a precision of this eps.

        The code around it is not recorded: it counts as `AROUND` operations, and may hold a matrix exponential. Its slopes are held
        against differences of its own results.
        """
        return replace(
            self,
            eps=max(self.eps, eps),
            operations=self.operations + AROUND,
            exponentials=max(self.exponentials, EXPONENTIAL_ERROR),
            quotients=EXPONENTIAL_SLOPE if self.repeated else 0.0,
        )

    @property
    def amplification(self) -> float:
        """How far two runs of one method may be apart in a gradient when their outputs are rounded otherwise, in units of the scale.

        A difference quotient divides that rounding by its step: a single-precision device with another number of threads is enough
        for any number. It says that a replay is the same call; it never excuses a method that is wrong.
        """
        return 2 * rounding(self.eps, self.operations) / self.step

    def bounds(self, scale: float, *, gradient: bool, spread: float = 0.0) -> Bounds:
        """What is explained at one tensor.

        Parameters
        ----------
        scale
            The largest number that the tensor may hold.
        gradient
            Whether it holds derivatives.
        spread
            How far a reference moves when its parameters move by the working precision's eps, absolute.
        """
        left_out = (self.exponentials + self.skewed + (self.truncation + self.quotients if gradient else 0.0)) * scale
        sampled = self.sampling[gradient] * scale
        chosen = self._chosen_bound(scale)
        if chosen is not None:
            return Bounds(max(chosen, left_out), max(chosen, left_out), sampled)
        double, working = (self._rounding(eps, gradient) * scale for eps in (EPS64, self.eps))
        low = EXPONENTIAL_EPS * self.eps * self.repeated * scale if self.eps > EPS64 else 0.0
        return Bounds(double + left_out, max(working, spread) + left_out + low, sampled)

    def _rounding(self, eps: float, gradient: bool) -> float:
        steepest = 1 - math.log2(eps) if self.entropic and not gradient else 1.0
        return rounding(eps, self.operations) * steepest

    def from_exact(self, scale: float, *, gradient: bool) -> float:
        """How far one method may be from an exact number; the reference's own error bar comes on top.

        Whom the user's tolerance lets pass is another question than who is right: it is not asked here.
        """
        found = replace(self, tolerance=Tolerance()).bounds(scale, gradient=gradient)
        return found.working + found.sampled

    def _chosen_bound(self, scale: float) -> Optional[float]:
        absolute, relative = self.tolerance.absolute, self.tolerance.relative
        return None if absolute is None and relative is None else (absolute or 0.0) + (relative or 0.0) * scale
