"""What every stage after locating works with: evaluators, the arbiter's word, the user's tolerance, the script's folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Callable, Optional, TypeVar

import numpy as np

from qdiag.errors import CircuitFormatError, OpaqueCircuitError, QdiagError
from qdiag.evaluation import remote
from qdiag.evaluation.answers import answer_of
from qdiag.evaluation.evaluator import Evaluator
from qdiag.evaluation.limits import Deadline
from qdiag.judging.arbiter import arbiter
from qdiag.judging.arbiter.circuit_function import has_room
from qdiag.judging.layer_parts import Apart
from qdiag.judging.parameter_samples import flagged_parameter, goes_by_parameters, sampled_parameters, with_tracked
from qdiag.judging.question import Observation, Question, observe, question_of
from qdiag.judging.replay.questions import MOST_PRODUCTS, cotangents_of, products_of_jacobian, telling_passes
from qdiag.judging.row_samples import batch_size, batched_parameters, flagged_row, sampled_rows, with_rows
from qdiag.model.call import Call, Environment
from qdiag.model.comparison import Comparison, Signature, Tolerance, Verdict
from qdiag.model.element import Kind
from qdiag.model.evaluation import Evaluation
from qdiag.model.findings import Divergence
from qdiag.model.method import ARBITER, Method
from qdiag.model.numerics.rounding import EPS64
from qdiag.pipeline.run_options import MINIMIZING_SECONDS
from qdiag.proving.reproducer.function_cut import FunctionCut, cut_function
from qdiag.proving.reproducer.script_runs import NewInterpreter, Start
from qdiag.trace.keys import circuit_key

Kept = TypeVar("Kept")

PRODUCTS = (Signature.JACOBIAN, Signature.VJP)
"""Kinds of difference that may come of the cotangent alone: of one result, a Jacobian is made of what came back for the script's."""

CLEARLY_OFF = 10.0
"""Times what is explained: a product that is wrong by more than that is so where every entry of a Jacobian is right."""

INTERRUPTED = "interrupted"
"""How a search is called that Ctrl-C has ended."""


@dataclass(frozen=True, eq=False)
class StageContext:
    """What every stage after locating works with.

    ``folder`` is the script's, where it is known; ``stopped`` takes note of searches that ended early, ``upheld`` of calls at which
    the script's own method was held against the arbiter alone and is right; ``kept`` is whether
    anything is left of what was worked out until Ctrl-C, which otherwise ends it all; ``deadline`` is when all must have ended;
    ``known`` are arbitrations that were made, so that what is asked before and after the expensive methods is asked once;
    ``tell`` is told what is under way; ``start`` starts a script that is to show what was found, in a process of its own.
    """

    workers: Evaluator
    environment: Environment
    tolerance: Tolerance = field(default_factory=Tolerance)
    trusted: bool = False
    minimize: bool = True
    seconds: float = MINIMIZING_SECONDS
    folder: Optional[Path] = None
    stopped: list[str] = field(default_factory=list)
    upheld: list[int] = field(default_factory=list)
    kept: bool = True
    deadline: Deadline = field(default_factory=Deadline)
    known: dict[tuple[object, ...], arbiter.Arbitration] = field(default_factory=dict)
    tell: Callable[[str], None] = lambda text: None
    start: Start = NewInterpreter

    def reference(self, question: Question) -> Evaluation:
        """The arbiter's evaluation of a question's circuit."""
        asked = self.workers.call(
            arbiter.evaluation, question.circuit, (), question.device_wires, question.jacobian, question.trusted
        )
        found: Optional[Evaluation] = answer_of(asked, None, "the reference")
        return found or arbiter.no_evaluation(f"the reference was not worked out ({type(asked.exception()).__name__})")

    def layer_loss(self, dtype: str, is_complex: bool) -> Optional[float]:
        """How much a layer with an input of this dtype makes of one result get lost; None where no such layer can be made."""
        # each version of torch has kinds of numbers in which it cannot compute
        found: Optional[float] = answer_of(self.workers.call(remote.layer_loss, dtype, is_complex), None, "what a layer loses")
        return found

    def layer_parts(self, sizes: tuple[int, ...], shape: tuple[int, ...], dtype: str, start: float) -> Optional[Apart]:
        """How far a layer is from its QNode; None where no such layer can be made."""
        asked = self.workers.call(remote.layer_parts, sizes, shape, dtype, start)
        found: Optional[Apart] = answer_of(asked, None, "what a layer hands on")
        return found

    def question(self, divergence: Divergence) -> Question:
        """The question that a divergence raises: about a part of its call, where it has much and this part shows the same."""
        whole = self._question_about(divergence, divergence.call)
        part = divergence.call if divergence.outside else self._part_of(divergence)
        if part is divergence.call:
            return whole
        asked = self._question_about(divergence, part)
        seen = observe(asked, self.workers, self.reference)
        shown = (seen.comparison.verdict, seen.comparison.where) == (divergence.verdict, divergence.signature)
        return asked if shown or _raises_alike(divergence, seen) else whole

    def _question_about(self, divergence: Divergence, call: Call) -> Question:
        where, element = divergence.signature, divergence.comparison.element
        if where is Signature.SHAPE and element is not None and element.kind is Kind.OUTPUT:
            # outputs tell that by themselves, and who gives them in another shape may refuse their derivatives elsewhere
            where = Signature.OUTPUT
        return question_of(call, divergence.comparison.methods, where=where, trusted=self.trusted, tolerance=self.tolerance)

    def with_few_rows(self, call: Call, comparison: Optional[Comparison] = None) -> Call:
        """The call as if it had been made with a few rows of its batch, where it has many.

        Parameters
        ----------
        call
            The call.
        comparison
            One of the call: the row of its element is among these.
        """
        batched = batched_parameters(call, self.workers, trusted=self.trusted)
        if not batched:
            return call
        row = None if comparison is None else flagged_row(comparison, call.circuit, batched)
        rows = sampled_rows(batch_size(call), circuit_key(call.circuit), () if row is None else (row,))
        return with_rows(call, batched, rows)

    def _part_of(self, divergence: Divergence) -> Call:
        """A few rows of a divergence's call, and a few parameters where one of the pair takes them one by one."""
        comparison = divergence.comparison
        part = self.with_few_rows(divergence.call, comparison)
        if not any(goes_by_parameters(method, part.circuit) for method in comparison.methods):
            return part
        return _with_few_parameters(divergence, part)

    def function(self, call: Call) -> FunctionCut:
        """The quantum function of a call, cut out of the user's script.

        Raises
        ------
        OpaqueCircuitError
            If the script is not at hand, is not to be trusted, or the function cannot be taken out of it.
        """
        source = call.configuration.source
        path = None if self.folder is None else self.folder / source.path
        if path is None or not path.is_file():
            raise OpaqueCircuitError("the QNode itself shows it, and its script is not at hand", "trace the script again")
        if not self.trusted:
            raise OpaqueCircuitError("the QNode itself shows it, and its script is run for a trace of one's own only", "add --trust")
        return cut_function(path.read_text(encoding="utf-8", errors="replace"), source.line)

    def with_arbiters_word(self, divergence: Divergence, methods: Sequence[Method]) -> Divergence:
        """The divergence with the arbiter's word on every method that was replayed."""
        if divergence.call.circuit.opaque or divergence.verdict is Verdict.INCONCLUSIVE:
            return divergence
        call = self._call_to_arbitrate(divergence)
        second = divergence.signature is Signature.SECOND_DERIVATIVE
        # what is rounding is a matter of the two alone: the others have been held against the user's own method
        comparison = divergence.comparison
        asked = methods if divergence.verdict is Verdict.ERROR else comparison.methods
        placed = as_replayed(asked, call, comparison.methods)
        dear = [method for method in placed if method not in comparison.methods and goes_by_parameters(method, call.circuit)]
        # without a reference for them, derivatives tell who raises, and nothing of what is rounding
        outputs = divergence.verdict is not Verdict.ERROR and not has_room(call.circuit)
        entries = _is_of_entries(divergence)
        others = [method for method in placed if method not in dear]
        arbitration = self.arbitrate(call, others, second=second, outputs=outputs, entries=entries)
        if divergence.verdict is Verdict.ERROR and divergence.signature in PRODUCTS:
            arbitration = self.by_products_too(arbitration, call, others)
        about = arbiter.in_question(arbitration, call.circuit, comparison)
        wrong = about.wrong if divergence.signature is not Signature.RAISE else ()
        if wrong:
            wrong = (*wrong, *self._wrong_too(divergence, call, dear))
        if not self._upholds(arbitration, divergence):
            comparison = excuse_as_rounding(comparison, arbitration)
        upheld = not outputs and self.upholds_own(arbitration, call, second=second)
        return replace(divergence, comparison=comparison, wrong=wrong, judged=about.reason, upheld=upheld)

    def _wrong_too(self, divergence: Divergence, call: Call, methods: Sequence[Method]) -> tuple[Method, ...]:
        """Which of the methods are wrong there, too, that take many parameters one by one: by some of these, as in the replay.

        Second derivatives take them the square of that in circuits: where they are no party, they are not asked.
        """
        if not methods or divergence.signature is Signature.SECOND_DERIVATIVE:
            return ()
        some = _with_few_parameters(divergence, call)
        arbitration = self.arbitrate(some, methods, entries=_is_of_entries(divergence))
        return arbiter.in_question(arbitration, some.circuit, divergence.comparison).wrong

    def upholds_own(self, arbitration: arbiter.Arbitration, call: Call, *, second: bool) -> bool:
        """Whether the script's own method is right: in outputs and gradients, and in second derivatives where it takes these."""
        if call.method not in arbitration.right or (call.circuit.trainable and arbitration.reference.gradient_reason):
            return False
        if second or not call.differentiated_twice:
            return True
        return call.method in self.arbitrate(call, [call.method], second=True).right

    def _call_to_arbitrate(self, divergence: Divergence) -> Call:
        """A part of a divergence's call; all of it, where it is an error that the part does not show."""
        part = self._part_of(divergence)
        if part is divergence.call or divergence.verdict is not Verdict.ERROR:
            return part
        seen = observe(self._question_about(divergence, part), self.workers, self.reference)
        return part if seen.comparison.verdict is Verdict.ERROR or _raises_alike(divergence, seen) else divergence.call

    def _upholds(self, arbitration: arbiter.Arbitration, divergence: Divergence) -> bool:
        """Whether an error stays one: in low precision it does not where the arbiter finds both methods as right as that allows."""
        comparison = divergence.comparison
        chosen = self.tolerance.absolute is not None or self.tolerance.relative is not None
        low = comparison.eps > EPS64 and divergence.signature in (Signature.OUTPUT, Signature.JACOBIAN, Signature.VJP)
        told = low and not chosen and not arbitration.reference.gradient_reason
        kinds = {Signature.JACOBIAN, Signature.VJP} if divergence.signature is not Signature.OUTPUT else {Signature.OUTPUT}
        right = {found.method for found in arbitration.methods if found.verdict == "right" and found.held & kinds}
        return not (told and {*comparison.methods} <= right)

    def arbitrate(
        self, call: Call, methods: Sequence[Method], *, second: bool = False, outputs: bool = False, entries: bool = False
    ) -> arbiter.Arbitration:
        """Hold methods against the reference at one call.

        Parameters
        ----------
        call, methods
            Which, and at which.
        second
            Whether second derivatives are what differs: only then are they asked for, since many methods refuse them.
        outputs
            Whether derivatives are left out.
        entries
            Whether entries of a Jacobian are what differs: of many results there are products alone otherwise, as in the replay.
        """
        where = Signature.OUTPUT if outputs else Signature.SECOND_DERIVATIVE if second else Signature.JACOBIAN
        return self._arbitrate_once(call, methods, where, entries=entries)

    def by_products_too(self, found: arbiter.Arbitration, call: Call, methods: Sequence[Method]) -> arbiter.Arbitration:
        """An arbitration; where it finds nobody wrong, that by what comes back for the script's own cotangents, and for a random one.

        It need not be in proportion to these: a Jacobian, which is made of unit cotangents, may be right where that is clearly wrong.
        """
        if found.wrong or not telling_passes(call):
            return found
        products = self._arbitrate_once(call, methods, Signature.VJP, entries=False)
        off = [one for one in products.methods if one.verdict == "wrong"]
        return products if off and all(one.gap > CLEARLY_OFF * one.bound for one in off) else found

    def _arbitrate_once(self, call: Call, methods: Sequence[Method], where: Signature, *, entries: bool) -> arbiter.Arbitration:
        try:
            asked = (circuit_key(call.circuit), repr(replace(call.configuration, number=0)), tuple(methods), where, entries)
        except CircuitFormatError:
            return self._arbitrate(call, methods, where, entries=entries)
        if asked not in self.known:
            found = self._arbitrate(call, methods, where, entries=entries)
            if self.deadline.passed:
                return found
            self.known[asked] = found
        return self.known[asked]

    def _arbitrate(self, call: Call, methods: Sequence[Method], where: Signature, *, entries: bool) -> arbiter.Arbitration:
        configuration = call.configuration
        self.tell(f"call {call.index} in float64, with derivatives of its own")
        question = question_of(call, (call.method, ARBITER), where=where, trusted=self.trusted, tolerance=self.tolerance)
        many = where is Signature.JACOBIAN and not entries and products_of_jacobian(call) > MOST_PRODUCTS
        # of complex numbers by complex ones, and of many results, products are held against the reference, and no Jacobian
        products = many or where is Signature.VJP
        cotangents = cotangents_of(call, circuit_key(call.circuit)) if products or _is_complex_by_complex(call) else ()
        question = replace(question, jacobian=question.jacobian and not (products and cotangents))
        requests = [replace(question, methods=(method, ARBITER)).request(0) for method in methods]
        futures = [self.workers.submit(replace(request, cotangents=tuple(map(tuple, cotangents)))) for request in requests]
        evaluations = [future.result() for future in futures]
        return arbiter.arbitrate(call.circuit, configuration, evaluations, cotangents, self.workers, trusted=self.trusted)


def _with_few_parameters(divergence: Divergence, part: Call) -> Call:
    """A divergence's call, or a part of it, differentiated by a few of its parameters: the one that shows it among them."""
    name = flagged_parameter(divergence.comparison)
    key = circuit_key(divergence.call.circuit)
    return with_tracked(part, sampled_parameters(part.circuit, key, () if name is None else (name,)))


def _is_of_entries(divergence: Divergence) -> bool:
    """Whether a divergence is an error that shows in entries of a Jacobian."""
    return divergence.verdict is Verdict.ERROR and divergence.signature is Signature.JACOBIAN


def _raises_alike(divergence: Divergence, seen: Observation) -> bool:
    """Whether a part of a call that no method runs raises as all of it does: it is held against itself, and no two methods part."""
    method, other = divergence.comparison.methods
    failures = [side.failure for side in seen.sides]
    return (
        divergence.signature is Signature.RAISE
        and method == other
        and all(failure is not None and not failure.passing for failure in failures)
    )


def _is_complex_by_complex(call: Call) -> bool:
    """Whether a call has complex results that are differentiated by complex parameters."""
    parameters = (call.circuit.parameters[position] for position in call.circuit.trainable)
    return any(map(np.iscomplexobj, call.outputs or ())) and any(np.iscomplexobj(one.value) for one in parameters)


def excuse_as_rounding(comparison: Comparison, arbitration: arbiter.Arbitration) -> Comparison:
    """A difference of two methods that are both right: rounding, at a point that makes more of it than the comparison knew.

    Two numbers that are each within a bound of a third are within both bounds together of one another. These are of the element at
    which a method comes closest to its bound; the one at which the two are furthest apart may have others, so the gap is a floor.
    """
    explained = sum(found.bound for found in arbitration.methods if found.method in comparison.methods)
    bound = max(comparison.bound, comparison.max_abs, explained)
    return replace(comparison, verdict=Verdict.ROUNDING, bound=bound) if comparison.verdict is Verdict.ERROR else comparison


def as_replayed(methods: Sequence[Method], call: Call, pair: Sequence[Method] = ()) -> tuple[Method, ...]:
    """A run's methods with the options that they had at one call: another QNode may have given them others.

    ``pair`` are methods of the call that are known with their options.
    """
    own = call.method
    known = {method.bare: method for method in (*pair, own)}
    # only JAX compiles: where a run has other calls as well, these know no such methods
    asked = [method for method in methods if not method.compiled or call.configuration.interface == "jax"]
    return tuple(known.get(method.bare) or method.bare.beside(own) for method in asked)


def or_what_is_left(work: Callable[[], Kept], left: Callable[[str], Kept], about: str) -> Kept:
    """What a stage gives; where our own code trips over it, what is left: the report of all else is still worth having.

    Parameters
    ----------
    work
        The stage.
    left
        Makes what is left, from a sentence that says what failed.
    about
        What it failed on.

    Raises
    ------
    QdiagError
        What the user can mend.
    """
    try:
        return work()
    except QdiagError:
        raise
    except Exception as error:
        return left(f"qdiag itself failed on {about} ({type(error).__name__}: {error})")
