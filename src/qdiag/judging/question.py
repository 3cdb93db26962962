"""A question: one circuit, two ways to evaluate it, and how far they are apart. Experiments and the minimizer ask variations of it.

Either side may be a method, `ARBITER` (the reference that is none of the parties) or `PLAIN` (the same call on untracked
numbers). Asking never raises: what cannot be evaluated comes back as a comparison that says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Callable, Optional

from qdiag.evaluation.evaluator import Evaluator
from qdiag.judging.comparison.compare import compare
from qdiag.model.call import Call, Failure
from qdiag.model.circuit import Circuit
from qdiag.model.comparison import Comparison, Signature, Tolerance
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.method import ARBITER, Method
from qdiag.model.option import Option


@dataclass(frozen=True, eq=False)
class Question:
    """How far are two methods apart on this circuit?

    Parameters
    ----------
    circuit, methods
        What, and the two sides.
    interface, device_wires, execution_options, trusted, default_dtype, assumed, graph
        As in `evaluate.Request`.
    seeds
        For devices that sample, and methods that are random by construction: one for each side.
    repetitions
        Whichever of two like evaluations is wanted on each side: of unlike ones both are made.
    jacobian
        Whether derivatives are compared, not only outputs.
    second
        Whether Hessian-vector products are compared.
    tolerance
        The user's own, if any.
    as_it_stands
        Whether the first side is left to refuse a batch, or a device without a wire to spare: it is to show what it raised.
    """

    circuit: Circuit
    methods: tuple[Method, Method]
    interface: str = "torch"
    device_wires: tuple[object, ...] = ()
    execution_options: tuple[tuple[str, Option], ...] = ()
    seeds: tuple[int, int] = (0, 0)
    repetitions: tuple[int, int] = (0, 0)
    trusted: bool = False
    default_dtype: str = ""
    jacobian: bool = True
    second: bool = False
    tolerance: Tolerance = field(default_factory=Tolerance)
    assumed: str = ""
    as_it_stands: bool = False
    graph: bool = False

    def request(self, side: int) -> Request:
        """What one side, 0 or 1, is asked."""
        method = self.methods[side]
        asked = Request.of(
            self.circuit,
            method,
            self,
            trusted=self.trusted,
            jacobian=self.jacobian and method.diff_method != "none",
            second=self.second,
            seed=self.seeds[side],
            repetition=self.repetitions[side],
        )
        alone = self.as_it_stands and side == 0
        return replace(asked, as_it_stands=alone, as_wired=alone)


AskArbiter = Callable[[Question], Evaluation]
"""The arbiter's evaluation of a question's circuit."""


def question_of(call: Call, methods: tuple[Method, Method], *, where: Signature, trusted: bool, tolerance: Tolerance) -> Question:
    """The question that a divergence of a call raises."""
    configuration = call.configuration
    device = configuration.device
    return Question(
        circuit=call.circuit,
        methods=(methods[0].on(device), methods[1].on(device)),
        interface=configuration.interface,
        device_wires=configuration.device_wires,
        execution_options=configuration.execution_options,
        trusted=trusted,
        default_dtype=configuration.default_dtype,
        jacobian=where is not Signature.OUTPUT,
        second=where is Signature.SECOND_DERIVATIVE,
        tolerance=tolerance,
        assumed=configuration.assumed,
        graph=configuration.graph,
        as_it_stands=where is Signature.RAISE and call.failure is not None,
    )


@dataclass(frozen=True, eq=False)
class Observation:
    """What both sides of a question gave, and how far they are apart."""

    comparison: Comparison
    sides: tuple[Evaluation, Evaluation]


def observe(question: Question, evaluator: Evaluator, reference: Optional[AskArbiter] = None) -> Observation:
    """Evaluate both sides and compare them.

    Parameters
    ----------
    question
        The question.
    evaluator
        Where both sides are evaluated, side by side.
    reference
        Gives the arbiter's evaluation of a question's circuit, for questions with `ARBITER` on one side; without it that side
        is an evaluation that failed.
    """
    futures = [
        None if method == ARBITER else evaluator.submit(question.request(side))
        for side, method in enumerate(question.methods)
    ]
    first, second = (future.result() if future is not None else (reference or _no_reference)(question) for future in futures)
    return Observation(compare(first, second, question.circuit, tolerance=question.tolerance), (first, second))


def _no_reference(question: Question) -> Evaluation:
    return Evaluation(ARBITER, failure=Failure("NoReference", "the arbiter is not at hand", stage="build", refusal=True))


def with_circuit(question: Question, circuit: Circuit) -> Question:
    """The same question about another circuit."""
    return replace(question, circuit=circuit)
