"""One divergence made a finding: the arbiter's word, and the cause.

The rooms of one floor do not know each other; here is where one's answer becomes the next one's question.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Optional, Protocol

from qdiag.diagnosis.cause import Place
from qdiag.diagnosis.causes import CAUSES, OF_LAYERS, SEEN_BY_PROBES, cause_of
from qdiag.diagnosis.causes.unknown import UNKNOWN
from qdiag.diagnosis.diagnose import diagnose
from qdiag.diagnosis.survey import survey
from qdiag.diagnosis.symptoms import Symptoms
from qdiag.judging import layer_findings, probe_findings
from qdiag.judging.question import Question
from qdiag.model.call import Call
from qdiag.model.comparison import Comparison, Signature, Verdict
from qdiag.model.evaluation import Evaluation
from qdiag.model.findings import Confidence, Divergence, Finding
from qdiag.model.method import ARBITER, Method
from qdiag.pipeline.stage_context import StageContext
from qdiag.trace.reader import Trace

Report = Callable[[int, int], None]

MOST_STRUCTURES = 32
"""The arbiter looks at the first call of so many structures, where the methods agree: all may be wrong together."""


class Calls(Protocol):
    """A trace, as far as it is needed here."""

    def call(self, index: int) -> Call:
        """The call at an index."""

    def first_of_each_structure(self, limit: Optional[int] = None) -> tuple[int, ...]:
        """The first call of each structure, in order, of so many structures."""


def unanimous(context: StageContext, trace: Calls, known: Sequence[Divergence], report: Report) -> Iterator[Divergence]:
    """Calls at which no method differs from the user's own, and all are wrong: held against the arbiter alone."""
    flagged = {d.call.configuration.qnode for d in known if d.verdict is Verdict.ERROR}
    firsts = trace.first_of_each_structure(MOST_STRUCTURES)
    for done, index in enumerate(firsts):
        report(done, len(firsts))
        call = trace.call(index)
        circuit = call.circuit
        if call.configuration.qnode in flagged or call.failure or circuit.opaque or circuit.shots or not circuit.finite:
            continue
        divergence = _against_the_arbiter(context, call)
        if divergence is not None:
            flagged.add(call.configuration.qnode)
            yield divergence


def _against_the_arbiter(context: StageContext, call: Call) -> Optional[Divergence]:
    own = call.method
    judgement = context.arbitrate(call, [own], second=call.differentiated_twice)
    if not judgement.wrong:
        return None
    found = judgement.methods[0]
    assert found.where is not None, "what is wrong is wrong in something"
    comparison = Comparison(
        (own, ARBITER), Verdict.ERROR, found.where, max_abs=found.gap, bound=found.bound, detail=found.detail
    )
    return Divergence(call, comparison, judgement.wrong, judgement.reason, worst_call=call.index, calls=(call.index,))


def outside(trace: Trace, known: Sequence[Divergence]) -> Iterator[Divergence]:
    """What the live probes saw where the replayed circuits are right."""
    errors = {d.call.configuration.qnode: d for d in _latest_first(known) if d.verdict is Verdict.ERROR}
    rounding = {d.call.configuration.qnode: d.comparison for d in known if d.verdict is Verdict.ROUNDING}
    for probe in trace.probes:
        call = trace.call(probe.call)
        qnode = call.configuration.qnode
        if _is_of_the_circuit(call, errors.get(qnode)):
            continue
        for divergence in probe_findings.divergences(probe, call):
            if not _is_of_the_point(divergence, rounding.get(qnode)):
                errors[qnode] = divergence
                yield divergence


def _latest_first(divergences: Sequence[Divergence]) -> list[Divergence]:
    return sorted(divergences, key=lambda divergence: -divergence.call.index)


def _is_of_the_circuit(call: Call, error: Optional[Divergence]) -> bool:
    """Tells what a probe sees of an error that the circuit itself shows from what lies outside of it: that comes before any such error.

    ``error`` is the earliest one of the QNode.
    """
    return error is not None and call.index >= error.call.index


def _is_of_the_point(divergence: Divergence, rounding: Optional[Comparison]) -> bool:
    """Tells an ill-conditioned point (QD106), at which rounding explains more than a probe knows, from what lies outside."""
    explained = 0.0 if rounding is None else rounding.bound / rounding.scale
    return not divergence.comparison.max_abs > explained * max(1.0, divergence.comparison.scale)


def _diagnosed_outside(divergence: Divergence, context: StageContext) -> Finding:
    """The cause of what a probe saw: it has made its experiments already."""
    symptoms = Symptoms(divergence, context.question(divergence))
    diagnosis = diagnose(symptoms, SEEN_BY_PROBES, context.workers)
    proven = probe_findings.is_proven(divergence) and diagnosis.confidence is Confidence.LIKELY
    evidence = probe_findings.evidence(divergence)
    confidence = Confidence.CONFIRMED if proven else diagnosis.confidence
    return Finding(divergence, replace(diagnosis, confidence=confidence, evidence=evidence))


def in_layers(trace: Calls) -> Iterator[Divergence]:
    """What layers could not hold of right results: one for each QNode."""
    flagged = set()
    for call in map(trace.call, trace.first_of_each_structure(MOST_STRUCTURES)):
        divergence = None if call.configuration.qnode in flagged else layer_findings.divergence(call)
        if divergence is not None:
            flagged.add(call.configuration.qnode)
            yield divergence


def _diagnosed_in_layer(divergence: Divergence, context: StageContext) -> Finding:
    """The cause of what a layer lost, by experiments on a layer with one result."""
    diagnosis = diagnose(Symptoms(divergence, context.question(divergence)), OF_LAYERS, context.workers)
    evidence = layer_findings.evidence(divergence, context.layer_loss)
    proven = len(evidence) > 1 and all(one.holds for one in evidence)
    confidence = Confidence.CONFIRMED if proven else diagnosis.confidence
    return Finding(divergence, replace(diagnosis, confidence=confidence, evidence=evidence))


RAISES_ITSELF = "the quantum function itself raises, before there is a circuit: that is no matter of methods"

NO_METHOD_RUNS = "no method runs this circuit: it is nothing in which methods differ"


def diagnosed(divergence: Divergence, methods: Sequence[Method], context: StageContext) -> Finding:
    """Judge and diagnose a divergence.

    Parameters
    ----------
    divergence
        What was located.
    methods
        All methods that were replayed.
    context
        What to work with.
    """
    if divergence.in_layer:
        return _diagnosed_in_layer(divergence, context)
    if divergence.probe is not None:
        return _diagnosed_outside(divergence, context)
    judged = divergence if divergence.wrong or divergence.judged else context.with_arbiters_word(divergence, methods)
    question = context.question(judged)
    symptoms = survey(judged, question, context.workers, context.reference)
    diagnosis = diagnose(symptoms, CAUSES, context.workers, context.reference)
    cause = cause_of(diagnosis.code)
    if _raises_itself(judged) and not cause.says_why:
        return _nobodys(judged)
    if judged.signature is Signature.RAISE and len({*judged.comparison.methods}) == 1 and cause is UNKNOWN:
        diagnosis = replace(diagnosis, because=NO_METHOD_RUNS, remedy="change the circuit as PennyLane's words say")
    blamed = str(symptoms.blamed or "") if cause.sits is Place.CIRCUIT else ""
    return Finding(judged, replace(diagnosis, blamed=blamed), evaluations=_sides(question, context))


def _raises_itself(divergence: Divergence) -> bool:
    """Whether the user's quantum function raised before its circuit was whole."""
    failure = divergence.call.failure
    return divergence.signature is Signature.RAISE and failure is not None and failure.stage == "build"


def _nobodys(divergence: Divergence) -> Finding:
    """The finding of what is no difference between methods: the script's traceback says what it is."""
    comparison = replace(divergence.comparison, verdict=Verdict.INCONCLUSIVE)
    diagnosis = UNKNOWN.diagnosis(Confidence.UNKNOWN, RAISES_ITSELF, remedy="correct the quantum function as its traceback says")
    return Finding(replace(divergence, comparison=comparison, judged=RAISES_ITSELF, wrong=()), diagnosis)


def _sides(question: Question, context: StageContext) -> tuple[Evaluation, ...]:
    """The evaluations of the pair at the diverging call."""
    methods = [(side, method) for side, method in enumerate(question.methods) if method != ARBITER]
    futures = [context.workers.submit(question.request(side)) for side, _ in methods]
    return tuple(future.result() for future in futures)
