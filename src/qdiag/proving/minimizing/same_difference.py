"""What makes a candidate interesting: the same difference between the same two methods, the same one wrong, clearly beyond the bound.

Cheap questions come first: the arbiter is asked only about candidates that show the difference. Where results are random, the
question is repeated as often as the decision needs and no more.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Optional

import numpy as np

from qdiag.evaluation.evaluator import Evaluator
from qdiag.judging.comparison.compare import compare
from qdiag.judging.question import Question
from qdiag.model.call import Failure
from qdiag.model.circuit import Circuit
from qdiag.model.comparison import Comparison, Verdict
from qdiag.model.evaluation import Evaluation
from qdiag.model.method import ARBITER

WrongMethods = Callable[[Circuit, Sequence[Evaluation]], Sequence[str]]
"""Which of some evaluations of a circuit are wrong, by the arbiter: canonical names of their methods."""

CLEARLY = 10.0
"""A gap that was beyond its bound by this factor or more must stay so: a reproducer at the very edge would be one of rounding."""

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

    where: str
    verdict: Verdict
    raised: tuple[str, str] = ("", "")
    vanishes: tuple[bool, bool] = (False, False)


@dataclass(frozen=True, eq=False)
class Observed:
    """What two methods say about a circuit."""

    comparison: Comparison
    sides: tuple[Evaluation, Evaluation]

    @property
    def symptom(self) -> DifferenceKind:
        """What kind of difference it is."""
        where = "jacobian" if self.comparison.where == "vjp" else self.comparison.where
        first, second = (_raised(side.failure) for side in self.sides)
        vanishes = _vanishing(*self.sides, where, self.comparison.bound) if where in ("output", "jacobian") else (False, False)
        return DifferenceKind(where, self.comparison.verdict, (first, second), vanishes)

    @property
    def excess(self) -> float:
        """How many times its bound the gap is; infinite where the difference is not one of numbers."""
        if self.comparison.where in ("nan", "raise", "shape", "dtype") or not math.isfinite(self.comparison.max_abs):
            return math.inf
        bound = self.comparison.bound if self.comparison.verdict is Verdict.ERROR else self.comparison.float64_bound
        return self.comparison.max_abs / bound if bound else math.inf


def _raised(failure: Optional[Failure]) -> str:
    if failure is None:
        return ""
    place = failure.frames[-1].rpartition(":")[0] if failure.frames else ""
    return f"{failure.type} in {place}"


def _vanishing(first: Evaluation, second: Evaluation, where: str, bound: float) -> tuple[bool, bool]:
    zero = [True, True]
    for one, other in zip(_tensors(first, where), _tensors(second, where)):
        apart = np.abs(one - other) > bound
        for side, tensor in enumerate((one, other)):
            zero[side] = zero[side] and not np.any(tensor[apart])
    return zero[0], zero[1]


def _tensors(side: Evaluation, where: str) -> list[np.ndarray]:
    if where == "output":
        return list(side.outputs or ())
    return [block for row in (*(side.jacobian or ()), *side.vjps) for block in row]


def observe(question: Question, evaluator: Evaluator, reference: Optional[Callable[[Question], Evaluation]] = None) -> Observed:
    """Evaluate both sides of a question and compare them.

    Parameters
    ----------
    question
        The question.
    evaluator
        Where both sides are evaluated, side by side.
    reference
        Gives the arbiter's evaluation, for questions that have it on one side.
    """
    judged = [method.diff_method == ARBITER.diff_method and reference is not None for method in question.methods]
    futures = [None if by_arbiter else evaluator.submit(question.request(side)) for side, by_arbiter in enumerate(judged)]
    first, second = (reference(question) if future is None else future.result() for future in futures)  # type: ignore[misc]
    return Observed(compare(first, second, question.circuit, tolerance=question.tolerance), (first, second))


class SameDifference:
    """Whether a circuit shows the difference that a question's own circuit shows.

    Parameters
    ----------
    question
        The question of the finding: its circuit is the start of the search.
    evaluator, reference
        As for `observe`.
    wrong
        Canonical names of the methods that are wrong, by the arbiter.
    wrong_methods
        Asks the arbiter about a candidate; without it, or where nothing was found wrong, it is not asked.
    loses_and_shifts
        Whether the cause drops gradients as well as giving them to other parameters, so that the one is as good as the other.

    Attributes
    ----------
    start
        What was observed on the question's own circuit.
    """

    def __init__(
        self,
        question: Question,
        evaluator: Evaluator,
        *,
        reference: Optional[Callable[[Question], Evaluation]] = None,
        wrong: Sequence[str] = (),
        wrong_methods: Optional[WrongMethods] = None,
        loses_and_shifts: bool = False,
    ) -> None:
        self.question, self.evaluator, self.reference = question, evaluator, reference
        self.wrong = frozenset(wrong) & {str(method) for method in question.methods}
        self.wrong_methods = wrong_methods
        self.loses_and_shifts = loses_and_shifts
        self.start = observe(question, evaluator, reference)

    def __call__(self, circuit: Circuit) -> bool:  # noqa: D102 - the class says it
        if self.noisy(circuit):
            return decided(lambda repeat: self.clearness(self.observed(circuit, repeat)))
        observed = self.observed(circuit)
        return self.clearness(observed) >= 1.0 and self.same_wrong(circuit, observed)

    def agrees(self, circuit: Circuit) -> bool:
        """Whether both methods evaluate a circuit and agree to rounding: what a passing twin must do."""
        found = self.observed(circuit).comparison.verdict
        return found is Verdict.AGREE or (found is Verdict.ROUNDING and self.start.symptom.verdict is Verdict.ERROR)

    def observed(self, circuit: Circuit, repeat: int = 0) -> Observed:
        """What both methods say about a candidate; each repeat has random numbers of its own."""
        first, second = self.question.seeds
        seeds = (first + 2 * repeat, second + 2 * repeat)
        return observe(replace(self.question, circuit=circuit, seeds=seeds), self.evaluator, self.reference)

    def clearness(self, observed: Observed) -> float:
        """How clearly this is the same difference: 0 for another one, at least 1 for the same one well beyond its bound."""
        symptom = observed.symptom
        if self.loses_and_shifts:
            symptom = replace(symptom, vanishes=self.start.symptom.vanishes)
        if symptom != self.start.symptom or symptom.verdict not in (Verdict.ERROR, Verdict.ROUNDING):
            return 0.0
        if math.isinf(observed.excess):
            return math.inf
        return observed.excess / max(1.0, min(CLEARLY, self.start.excess))

    def same_wrong(self, circuit: Circuit, observed: Observed) -> bool:
        """Whether the arbiter finds the same methods wrong."""
        if not self.wrong or self.wrong_methods is None or any(observed.symptom.raised):
            return True
        return frozenset(self.wrong_methods(circuit, observed.sides)) == self.wrong

    def noisy(self, circuit: Circuit) -> bool:
        """Whether two evaluations of the circuit may differ although nothing changed."""
        return bool(circuit.shots) or any(method.stochastic for method in self.question.methods)


def decided(clearness: Callable[[int], float], most: int = MOST_REPEATS) -> bool:
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
