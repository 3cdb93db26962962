"""A finding proven: the smallest circuit that shows it for the same cause, and the script that shows it to anybody."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Optional

from qdiag.diagnosis.cause import Cause, Place
from qdiag.diagnosis.causes import CAUSES, cause_of
from qdiag.diagnosis.causes.unknown import UNKNOWN
from qdiag.diagnosis.diagnose import diagnose, recurs
from qdiag.diagnosis.in_transforms import NOT_RECORDED
from qdiag.diagnosis.survey import survey
from qdiag.diagnosis.symptoms import Blamed, Symptoms, with_blame
from qdiag.errors import NotReproducedError, OpaqueCircuitError, TraceError
from qdiag.judging.arbiter import arbiter
from qdiag.judging.question import Question, observe, with_circuit
from qdiag.model.call import Call
from qdiag.model.circuit import Circuit
from qdiag.model.comparison import Signature, Verdict
from qdiag.model.evaluation import Evaluation
from qdiag.model.findings import Confidence, Diagnosis, Divergence, Finding, FoundWrong, Minimal, Reproducer
from qdiag.model.method import Method
from qdiag.model.node import nodes_of
from qdiag.pipeline.stage_context import INTERRUPTED, StageContext
from qdiag.proving.minimizing.oracle import Oracle
from qdiag.proving.minimizing.pennylane_workshop import workshop_of
from qdiag.proving.minimizing.same_difference import SameDifference
from qdiag.proving.minimizing.search import Terms, minimize
from qdiag.proving.minimizing.suspects import suspects
from qdiag.proving.minimizing.what_may_vary import Explanation, explain
from qdiag.proving.reproducer.candidates import candidates_for
from qdiag.proving.reproducer.material import Material
from qdiag.proving.reproducer.own_modules import levels_above
from qdiag.proving.reproducer.verify import SECONDS, TIMES, write_and_verify
from qdiag.trace.array_bundle import pack, unpack
from qdiag.trace.circuit_parser import restore
from qdiag.trace.circuit_text import skeleton


def prove_finding(finding: Finding, context: StageContext, path: Path) -> Finding:
    """Minimize a finding, and write its reproducer to a path; what sits outside the circuit shows in none that is cut out of it."""
    divergence = finding.divergence
    if divergence.verdict is Verdict.INCONCLUSIVE:
        return finding
    if divergence.of_metric:
        return finding
    if divergence.verdict is Verdict.ROUNDING and finding.diagnosis.code == UNKNOWN.code:
        return replace(finding, unreproduced=ONLY_ROUNDING)
    question = context.question(divergence)
    if _does_not_raise_alone(finding):
        why = NOT_RECORDED if divergence.call.configuration.remade_by else RAISES_NOT
        return replace(finding, unreproduced=finding.unreproduced or why)
    saved, whole = path.with_suffix(".minimal"), finding.diagnosis
    minimal: Optional[Minimal] = None
    if context.minimize and INTERRUPTED not in context.stopped:
        minimal = minimal_of(divergence, question, finding.diagnosis, context, lambda circuit: keep(circuit, saved))
    if minimal is not None and minimal.circuit is not None:
        symptoms = survey(divergence, with_circuit(question, minimal.circuit), context.workers, context.reference)
        finding = _as_the_minimal_tells(replace(finding, minimal=minimal), symptoms, context)
        diagnosis = finding.diagnosis
        if not cause_of(diagnosis.code).names_its_part:
            diagnosis = with_blame(diagnosis, _still_blamed(diagnosis, minimal.circuit, symptoms))
        finding = replace(finding, diagnosis=diagnosis)
    try:
        return _as_fresh_processes_tell(replace(finding, reproducer=_reproducer(finding, question, context, path)), whole)
    except OpaqueCircuitError as error:
        return replace(finding, unreproduced=error.cause)


def _as_fresh_processes_tell(finding: Finding, whole: Diagnosis) -> Finding:
    """The finding of an error with no more than a likely cause, where its script runs in a fresh process and does not show it.

    Then what was seen depends on what ran before it, or on chance, and an experiment may have come out so for the same reason: what the
    whole circuit told, before a smallest one was asked, is what is left.
    """
    script = finding.reproducer
    if finding.verdict is not Verdict.ERROR or script is None or script.verified or script.exit_code != 0:
        return finding
    judged = finding.divergence.judged
    of_products = isinstance(judged, FoundWrong) and judged.where is Signature.VJP
    why, remedy = (BY_COTANGENTS, IN_PROPORTION) if of_products else (SHOWS_IN_NO_OTHER, TRY_AGAIN)
    confidence = Confidence.LIKELY if whole.confidence is Confidence.CONFIRMED else whole.confidence
    told = replace(whole, confidence=confidence, because=f"{whole.because}; {why}")
    return replace(finding, diagnosis=replace(told, remedy=remedy) if whole.code == UNKNOWN.code else told)


def _as_the_minimal_tells(finding: Finding, symptoms: Symptoms, context: StageContext) -> Finding:
    """The finding of an error with the cause that its smallest circuit confirms, where the whole one confirms none.

    Of two faults in one circuit neither is told: what heals the one leaves the other. A smallest circuit has one of them. But in a
    smallest circuit many an experiment cannot be made, so a cause that is likely in the whole one is not given up for another.
    """
    before = finding.diagnosis
    if finding.verdict is not Verdict.ERROR or before.confidence is Confidence.CONFIRMED or context.deadline.passed:
        return finding
    found = diagnose(symptoms, CAUSES, context.workers, context.reference, lambda experiment: context.tell(f"'{experiment}'"))
    cause = cause_of(found.code)
    if found.confidence is not Confidence.CONFIRMED or not cause.says_why or cause.sits not in (Place.CIRCUIT, Place.POINT):
        return finding
    if before.code not in (UNKNOWN.code, found.code) or not _is_told_from_all(found, symptoms):
        return finding
    told = replace(found, because=f"{found.because} ({TOLD_BY_MINIMAL})")
    return replace(finding, diagnosis=told, promise=finding.promise if told.fileable else None)


def _is_told_from_all(found: Diagnosis, symptoms: Symptoms) -> bool:
    """Whether experiments contradict every other cause that comes into question: where one could not be tried, nothing is told."""
    rivals = {cause.code for cause in CAUSES if symptoms.divergence.verdict in cause.verdicts and cause.applies(symptoms)}
    return rivals - {found.code} <= {*found.ruled_out}


def _still_blamed(diagnosis: Diagnosis, circuit: Circuit, symptoms: Symptoms) -> Optional[Blamed]:
    """What is to blame in a smallest circuit: of what it raises without, each is needed there, so that it is what was blamed before."""
    positions = [position for position, node in enumerate(circuit.operations) if node.name == diagnosis.part]
    if symptoms.signature is not Signature.RAISE or not positions or symptoms.blamed is None:
        return symptoms.blamed
    return symptoms.blamed if symptoms.blamed.name == diagnosis.part else Blamed("operation", positions[0], diagnosis.part)


TOLD_BY_MINIMAL = "told by the minimal circuit: in the whole one no change of one thing decides"
SHOWS_IN_NO_OTHER = "in a fresh process its script does not show it: it may depend on what ran before it, or on chance"
BY_COTANGENTS = "it shows for the cotangents that the script's loss sends back, and not for those of its script: one after the other"
IN_PROPORTION = "another diff_method; what comes back is not in proportion to what the loss sends back, whose scale may be changed"
TRY_AGAIN = "trace it again, and look for what is kept from one call to the next, or is random"
ONLY_ROUNDING = "what differs is within rounding, and no experiment shows why"
RAISES_NOT = "the recorded circuit does not raise by itself"


def _does_not_raise_alone(finding: Finding) -> bool:
    """Whether what was raised is nothing that the recorded circuit shows."""
    divergence = finding.divergence
    if divergence.signature is not Signature.RAISE:
        return False
    own = next((e for e in finding.evaluations if e.method == divergence.comparison.methods[0]), None)
    return bool(divergence.call.configuration.remade_by) or (own is not None and own.failure is None)


def keep(circuit: Circuit, path: Path) -> None:
    """Put the smallest circuit so far on disk, whole or not at all: whatever happens next, it is there."""
    text, numbers = skeleton(circuit)
    unfinished = path.with_suffix(".part")
    unfinished.write_bytes(text.encode() + b"\n" + pack(numbers))
    unfinished.replace(path)


def load_minimal(path: Path) -> Circuit:
    """The circuit that `keep` put on disk.

    Raises
    ------
    TraceError
        If it cannot be read, or is damaged.
    """
    try:
        text, _, numbers = path.read_bytes().partition(b"\n")
    except OSError as error:
        raise TraceError(f"cannot read {path}: {error.strerror}", "make it anew with: qdiag minimize") from None
    arrays = [array for array in unpack(numbers) if array is not None]
    return restore(text.decode("utf-8", "replace"), arrays)


def _reproducer(finding: Finding, question: Question, context: StageContext, path: Path) -> Reproducer:
    """The reproducer of the minimal circuit; that of the whole one where the minimal one does not show it in a fresh process."""
    divergence = finding.divergence
    above = levels_above(divergence.comparison.methods, context.folder, path.parent)
    material = Material(environment=context.environment, trusted=context.trusted, above=above)
    if divergence.outside:
        needs_source = divergence.probe is not None and finding.diagnosis.script is None
        function = context.function(divergence.call) if needs_source else None
        return _write_and_verify(finding, path, replace(material, function=function), context)
    minimal = finding.minimal
    if minimal is not None and minimal.circuit is not None:
        reference = _arbiters_evaluation(question, minimal.circuit, context)
        smaller = replace(material, circuit=minimal.circuit, reference=reference, notes=minimal.notes)
        shown = _write_and_verify(finding, path, smaller, context)
        if shown.verified:
            return shown
    reference = _arbiters_evaluation(question, question.circuit, context)
    return _write_and_verify(finding, path, replace(material, circuit=question.circuit, reference=reference), context)


def _write_and_verify(finding: Finding, path: Path, material: Material, context: StageContext) -> Reproducer:
    """The reproducer, its scripts written by a worker, where PennyLane is loaded already."""
    context.tell(f"writing {path.name}, and running it in fresh processes")
    candidates = context.workers.call(candidates_for, finding, material).result()
    # the search's own worker has just seen a minimal circuit show it
    times = TIMES if finding.minimal is None or material.circuit is not finding.minimal.circuit else 1
    seconds = min(SECONDS, context.deadline.left)
    return write_and_verify(finding, path, material, candidates=candidates, times=times, start=context.start, seconds=seconds)


def _arbiters_evaluation(question: Question, circuit: Circuit, context: StageContext) -> Optional[Evaluation]:
    """The arbiter's evaluation of a circuit, where it has one."""
    found = context.reference(with_circuit(question, circuit))
    return found if found.failure is None else None


def minimal_of(
    divergence: Divergence,
    question: Question,
    diagnosis: Diagnosis,
    context: StageContext,
    accepted: Callable[[Circuit], None] = lambda circuit: None,
) -> Optional[Minimal]:
    """The smallest circuit that shows the same difference for the same cause; None where there is nothing to shrink."""
    cause = cause_of(diagnosis.code)
    if divergence.outside or cause.sits is not Place.CIRCUIT or question.circuit.opaque:
        return None
    same = same_difference(question, divergence.call, divergence.wrong, cause, context)
    same_cause = _SameCause(divergence, question, cause, context, part=diagnosis.part if _is_refused(divergence) else "")
    workshop = workshop_of(context.workers, trusted=context.trusted)

    def tell(candidates: int, operations: int) -> None:
        of = len(question.circuit.operations)
        context.tell(f"shrinking, {candidates} candidates tried, {operations} of {of} operations left")

    terms = Terms(
        workshop=workshop,
        budget=min(context.seconds, context.deadline.left),
        same_cause=same_cause,
        accepted=accepted,
        asked=tell,
        suspects=lambda: suspects(question.circuit, same_cause.blamed or ()),
    )
    try:
        with Oracle(same, width=context.workers.count) as oracle:
            found = minimize(question.circuit, oracle, terms)
            explained = explain(found.circuit, oracle, same.agrees, workshop) if found.one_minimal else Explanation()
    except NotReproducedError:
        return None
    if found.stopped == INTERRUPTED and not context.kept:
        raise KeyboardInterrupt
    if found.stopped:
        context.stopped.append(found.stopped)
    circuit = found.circuit
    return Minimal(
        operations=len(circuit.operations),
        wires=len(circuit.wires),
        parameters=len(circuit.parameters),
        measurements=len(circuit.measurements),
        oracle_calls=found.calls,
        one_minimal=found.one_minimal,
        circuit=circuit,
        notes=explained.sentences(circuit),
        seconds=found.seconds,
    )


def same_difference(question: Question, call: Call, wrong: Sequence[Method], cause: Cause, context: StageContext) -> SameDifference:
    """Whether another circuit shows what the question's own does, with the same methods wrong; its cause is known already."""

    def wrong_methods(circuit: Circuit, sides: Sequence[Evaluation]) -> Sequence[Method]:
        return arbiter.arbitrate(circuit, call.configuration, sides, (), context.workers, trusted=context.trusted).wrong

    return SameDifference(
        question,
        context.workers,
        reference=context.reference,
        wrong=wrong,
        wrong_methods=wrong_methods,
        loses_and_shifts=cause.loses_and_shifts,
    )


class _SameCause:
    """Whether the cause explains the difference on another circuit, too; a cause that is unknown always does.

    Attributes
    ----------
    blamed
        Positions of what is to blame in the circuit that it was asked about first.

    Where a method refuses an operation, ``part`` is its name: without it another one is refused.
    """

    def __init__(self, divergence: Divergence, question: Question, cause: Cause, context: StageContext, part: str = "") -> None:
        self._divergence, self._question, self._cause, self._context = divergence, question, cause, context
        self._part = part if part in _names_of(question.circuit) else ""
        self.blamed: Optional[tuple[int, ...]] = None

    def __call__(self, circuit: Circuit) -> bool:
        if self._part and self._part not in _names_of(circuit):
            # PennyLane refuses another operation there in the same words
            return False
        smaller, context = with_circuit(self._question, circuit), self._context
        compared = observe(smaller, context.workers, context.reference).comparison
        shown = replace(self._divergence, call=replace(self._divergence.call, circuit=circuit), comparison=compared)
        symptoms = survey(shown, smaller, context.workers, context.reference)
        if self.blamed is None:
            self.blamed = _positions_of(symptoms.blamed)
        return self._cause is UNKNOWN or recurs(self._cause, symptoms, context.workers, context.reference)


def _is_refused(divergence: Divergence) -> bool:
    """Whether PennyLane says that a method does not take the circuit: it names an operation."""
    own = dict(divergence.raised).get(divergence.comparison.methods[0], divergence.call.failure)
    return divergence.signature is Signature.RAISE and own is not None and own.refusal


def _names_of(circuit: Circuit) -> frozenset[str]:
    return frozenset(node.name for operation in circuit.operations for node in nodes_of(operation))


def _positions_of(blamed: Optional[Blamed]) -> tuple[int, ...]:
    """Which operations are to blame."""
    if blamed is None or blamed.kind != "operation":
        return ()
    return blamed.removable or (blamed.position,)
