"""What makes a candidate interesting: the same difference between the same two methods, the same one wrong, clearly beyond the bound,
and no error so much smaller than the one that was given that it may have come of the precision in which a device works.

Cheap questions come first: the arbiter is asked only about candidates that show the difference. Where results are random, the
question is repeated as often as the decision needs and no more.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Optional

import numpy as np

from qdiag.evaluation.evaluator import Evaluator
from qdiag.judging.question import AskArbiter, Observation, Question, observe
from qdiag.model.call import Failure
from qdiag.model.circuit import Circuit
from qdiag.model.comparison import MEASURED, Comparison, Signature, Verdict
from qdiag.model.evaluation import Evaluation
from qdiag.model.method import Method
from qdiag.model.numerics.surfaces import leaves_a_surface

WrongMethods = Callable[[Circuit, Sequence[Evaluation]], Sequence[Method]]
"""Which of some evaluations of a circuit are wrong, by the arbiter: their methods."""

CLEARLY = 10.0
"""A gap that was beyond its bound by this factor or more must stay so: a reproducer at the very edge would be one of rounding."""

SHRUNK = 30.0
"""An error by this factor smaller than the one that was given, in itself and beside the numbers around it, must be one that no device
explains that works in single precision, whatever it says of itself: else a wrong gate is shrunk away to the rounding of the device."""

SINGLE = float(np.finfo(np.float32).eps / np.finfo(np.float64).eps)
"""How many times what rounding explains in double precision it explains in single precision."""

MOST_REPEATS = 5
_FIRST_SPREAD = math.log(2.0)


@dataclass(frozen=True)
class DifferenceKind:
    """What kind of difference it is: two circuits with the same symptom show the same difference.

    Parameters
    ----------
    where
        As in `compare.Comparison`, where a Jacobian and its vector product are one.
    verdict
        Of the comparison.
    raised
        For each side, what it raised and in which function, or "".
    vanishes
        For each side, whether it gives exactly zero wherever the two are far apart: a gradient that was dropped is not one
        that was given to the wrong parameter.
    """

    where: Signature
    verdict: Verdict
    raised: tuple[str, str] = ("", "")
    vanishes: tuple[bool, bool] = (False, False)


def kind_of(observation: Observation) -> DifferenceKind:
    """What kind of difference was observed."""
    comparison, sides = observation.comparison, observation.sides
    where = Signature.JACOBIAN if comparison.where is Signature.VJP else comparison.where
    first, second = (_exception_and_place(side.failure) for side in sides)
    vanishes = _vanishing(*sides, where, comparison.bound) if where in (Signature.OUTPUT, Signature.JACOBIAN) else (False, False)
    return DifferenceKind(where, comparison.verdict, (first, second), vanishes)


def excess(comparison: Comparison) -> float:
    """How many times its bound a gap is; infinite where the difference is not one of numbers."""
    if comparison.where not in MEASURED or not math.isfinite(comparison.max_abs):
        return math.inf
    bound = comparison.bound if comparison.verdict is Verdict.ERROR else comparison.float64_bound
    return comparison.max_abs / bound if bound else math.inf


def _exception_and_place(failure: Optional[Failure]) -> str:
    if failure is None:
        return ""
    place = failure.frames[-1].rpartition(":")[0] if failure.frames else ""
    return f"{failure.type} in {place}"


def _vanishing(first: Evaluation, second: Evaluation, where: Signature, bound: float) -> tuple[bool, bool]:
    zero = [True, True]
    for one, other in _tensors(first, second, where):
        apart = np.abs(one - other) > bound
        for side, tensor in enumerate((one, other)):
            zero[side] = zero[side] and not np.any(tensor[apart])
    return zero[0], zero[1]


def _tensors(first: Evaluation, second: Evaluation, where: Signature) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """What can be held against each other of both sides: one may have a Jacobian beside its products, and the other products alone."""
    if where is Signature.OUTPUT:
        yield from zip(first.outputs or (), second.outputs or ())
        return
    for one, other in (*zip(first.jacobian or (), second.jacobian or ()), *zip(first.vjps, second.vjps)):
        yield from zip(one, other)


class SameDifference:
    """Whether a circuit shows the difference that a question's own circuit shows.

    Parameters
    ----------
    question
        The question of the finding: its circuit is the start of the search.
    evaluator, reference
        As for `observe`.
    wrong
        The methods that are wrong, by the arbiter.
    wrong_methods
        Asks the arbiter about a candidate; without it, or where nothing was found wrong, it is not asked.
    loses_and_shifts
        Whether the cause drops gradients as well as giving them to other parameters, so that the one is as good as the other.

    Attributes
    ----------
    start, kind
        What was observed on the question's own circuit, and what kind of difference that is.
    """

    def __init__(
        self,
        question: Question,
        evaluator: Evaluator,
        *,
        reference: Optional[AskArbiter] = None,
        wrong: Sequence[Method] = (),
        wrong_methods: Optional[WrongMethods] = None,
        loses_and_shifts: bool = False,
    ) -> None:
        self.question, self.evaluator, self.reference = question, evaluator, reference
        self.wrong = frozenset(wrong) & {*question.methods}
        self.wrong_methods = wrong_methods
        self.loses_and_shifts = loses_and_shifts
        self.start = observe(question, evaluator, reference)
        self.kind = kind_of(self.start)

    def __call__(self, circuit: Circuit) -> bool:  # noqa: D102 - the class says it
        if leaves_a_surface(self.question.circuit, circuit):
            # there gradients would be compared across it, and that is another difference
            return False
        if self.noisy(circuit):
            return decide_by_repeats(lambda repeat: self.clearness(self.observe(circuit, repeat)))
        observation = self.observe(circuit)
        return self.clearness(observation) >= 1.0 and self.same_wrong(circuit, observation)

    def agrees(self, circuit: Circuit) -> bool:
        """Whether both methods evaluate a circuit and agree to rounding: what a passing twin must do."""
        found = self.observe(circuit).comparison.verdict
        return found is Verdict.AGREE or (found is Verdict.ROUNDING and self.kind.verdict is Verdict.ERROR)

    def observe(self, circuit: Circuit, repeat: int = 0) -> Observation:
        """What both methods say about a candidate; each repeat has random numbers of its own."""
        first, second = self.question.seeds
        seeds = (first + 2 * repeat, second + 2 * repeat)
        return observe(replace(self.question, circuit=circuit, seeds=seeds), self.evaluator, self.reference)

    def clearness(self, observation: Observation) -> float:
        """How clearly this is the same difference: 0 for another one, at least 1 for the same one well beyond its bound."""
        kind = kind_of(observation)
        if self.loses_and_shifts:
            kind = replace(kind, vanishes=self.kind.vanishes)
        if kind != self.kind or kind.verdict not in (Verdict.ERROR, Verdict.ROUNDING):
            return 0.0
        factor = excess(observation.comparison)
        if math.isinf(factor):
            return factor
        beyond = factor / max(1.0, min(CLEARLY, excess(self.start.comparison)))
        return min(beyond, self._likeness(observation.comparison))

    def _likeness(self, candidate: Comparison) -> float:
        """How clearly an error is the one that was given, by its size: at least 1 where it is; rounding may have any."""
        start = self.start.comparison
        if start.verdict is not Verdict.ERROR or not 0 < start.max_abs < math.inf:
            return math.inf
        left = max(candidate.max_abs / start.max_abs, candidate.max_rel / start.max_rel)
        explained = SINGLE * candidate.float64_bound
        return max(SHRUNK * left, candidate.max_abs / explained if explained else math.inf)

    def same_wrong(self, circuit: Circuit, observation: Observation) -> bool:
        """Whether the arbiter finds the same methods wrong."""
        if not self.wrong or self.wrong_methods is None or any(kind_of(observation).raised):
            return True
        return frozenset(self.wrong_methods(circuit, observation.sides)) == self.wrong

    def noisy(self, circuit: Circuit) -> bool:
        """Whether two evaluations of the circuit may differ although nothing changed."""
        return bool(circuit.shots) or any(method.stochastic for method in self.question.methods)


def decide_by_repeats(clearness: Callable[[int], float], most: int = MOST_REPEATS) -> bool:
    """Whether a random quantity is above 1, from as few repeats as leave no doubt.

    Parameters
    ----------
    clearness
        One sample for each repeat.
    most
        After so many the mean decides.
    """
    logs: list[float] = []
    for repeat in range(most):
        sample = clearness(repeat)
        logs.append(math.log(min(max(sample, 1e-6), 1e6)))
        mean = statistics.fmean(logs)
        # one sample says nothing of its own spread: a factor of two is assumed, and kept among those seen
        spread = math.sqrt((_FIRST_SPREAD**2 + sum((value - mean) ** 2 for value in logs)) / len(logs))
        if abs(mean) > 2 * spread / math.sqrt(len(logs)):
            break
    return mean >= 0
