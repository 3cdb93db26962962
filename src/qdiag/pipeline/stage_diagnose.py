"""One divergence made a finding: its cause, by experiments on its circuit, or by those that a probe or a layer allows.

The rooms of one floor do not know each other; here is where one's answer becomes the next one's question.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Optional, cast

from qdiag.bridges.failures import is_about_values
from qdiag.diagnosis.around_the_call import way_out, why_in_the_script
from qdiag.diagnosis.cause import Place
from qdiag.diagnosis.causes import CAUSES, OF_LAYERS, SEEN_BY_PROBES, cause_of
from qdiag.diagnosis.causes.execution import DEVICE_KERNEL
from qdiag.diagnosis.causes.graph import DETACHED, TRAINABLE_SETS
from qdiag.diagnosis.causes.refusals import REFUSES
from qdiag.diagnosis.causes.rules import WRONG_RULE
from qdiag.diagnosis.causes.transforms import CORRECT_IT, IF_INTENDED, OTHER_METRIC, REPORT_IT, TRANSFORM
from qdiag.diagnosis.causes.unknown import UNKNOWN
from qdiag.diagnosis.diagnose import diagnose
from qdiag.diagnosis.experiments.trainability import OBSERVABLE_FROZEN, observable_parameters
from qdiag.diagnosis.in_transforms import inside_transform, transforms_at_work, way_around
from qdiag.diagnosis.options import with_named_options
from qdiag.diagnosis.survey import survey
from qdiag.diagnosis.symptoms import Symptoms, with_blame
from qdiag.evaluation import remote
from qdiag.evaluation.answers import answer_of
from qdiag.judging import layer_findings, layer_parts, live_methods, metric_findings, probe_evidence, transform_findings
from qdiag.judging.arbiter.circuit_function import has_room
from qdiag.judging.parameter_samples import goes_by_parameters
from qdiag.judging.question import Question, observe
from qdiag.judging.replay.rebuilding import obstacle
from qdiag.model.call import Failure
from qdiag.model.comparison import DERIVATIVES, Signature, Verdict
from qdiag.model.evaluation import Evaluation
from qdiag.model.findings import Confidence, Diagnosis, Divergence, Evidence, Finding, Outcome, ScriptKind
from qdiag.model.method import ARBITER, DIFF_METHODS, Method
from qdiag.model.transform_families import METRIC_TENSORS, TransformKind, spelt
from qdiag.model.variants import as_marked, with_trainable
from qdiag.pipeline.stage_context import StageContext, as_replayed


def _diagnose_outside(divergence: Divergence, context: StageContext) -> Finding:
    """The cause of what a probe saw: it has made its experiments already."""
    symptoms = Symptoms(divergence, context.question(divergence))
    diagnosis = diagnose(symptoms, SEEN_BY_PROBES, context.workers)
    proven = probe_evidence.is_proven(divergence)
    if cause_of(diagnosis.code) is DETACHED and not proven and probe_evidence.is_right_elsewhere(divergence):
        diagnosis = UNKNOWN.diagnosis(Confidence.UNKNOWN, UNKNOWN.because(symptoms))
    beside = probe_evidence.right_on_the_same_device(divergence)
    if cause_of(diagnosis.code) is UNKNOWN and beside and _is_by_a_device_of_its_own(divergence, trusted=context.trusted):
        return Finding(divergence, _of_the_device(divergence, beside))
    if cause_of(diagnosis.code) is UNKNOWN and beside and divergence.call.method.diff_method not in DIFF_METHODS:
        return Finding(divergence, _of_a_transform(divergence, beside), unreproduced=NOT_REBUILT)
    evidence = probe_evidence.evidence(divergence)
    confidence = Confidence.CONFIRMED if proven and diagnosis.confidence is Confidence.LIKELY else diagnosis.confidence
    return Finding(divergence, replace(diagnosis, confidence=confidence, evidence=evidence))


NOT_REBUILT = "it shows in the script's own process alone: what ran there cannot be made again"


NO_EXPERIMENT = "no circuit can be replayed that shows it, so that no experiment could be made"


def _diagnose_beside(divergence: Divergence, context: StageContext) -> Finding:
    """What another method than the script's own says otherwise, on what only the script's process has."""
    beside = live_methods.right_beside(divergence)
    if any(method.by_device for method in divergence.wrong) and beside:
        return Finding(divergence, _of_the_device(divergence, beside), unreproduced=NOT_REBUILT)
    return Finding(divergence, UNKNOWN.diagnosis(Confidence.UNKNOWN, NO_EXPERIMENT, evidence=beside), unreproduced=NOT_REBUILT)


def _is_by_a_device_of_its_own(divergence: Divergence, *, trusted: bool) -> bool:
    """Whether the script's own method is carried out by a device that cannot be made again, so that no replay has shown it right."""
    own = divergence.call.method
    return (own.by_device or own.diff_method == "device") and bool(obstacle(own, trusted=trusted))


def _of_the_device(divergence: Divergence, beside: tuple[Evidence, ...]) -> Diagnosis:
    """The device's own derivative is wrong: other methods take the same results of it, and get the slope."""
    (wrong, *_), others = divergence.wrong, [one.experiment.rpartition(" ")[2] for one in beside]
    right = f"by {' and '.join(others)} it is right"
    because = f"{wrong.diff_method} is the device's own, and gives another slope than its results have; {right}"
    remedy = f"{' or '.join(others)} on this device, until the derivative that it works out by itself is corrected"
    return DEVICE_KERNEL.diagnosis(Confidence.LIKELY, because, remedy=remedy, evidence=beside)


def _of_a_transform(divergence: Divergence, beside: tuple[Evidence, ...]) -> Diagnosis:
    """A gradient transform of the script's own is wrong: other methods get the slope of the same QNode."""
    name, others = divergence.call.method.diff_method, [one.experiment.rpartition(" ")[2] for one in beside]
    because = f"{name}, which works out the gradient, gives another slope than the results have; by {' and '.join(others)} it is right"
    remedy = f"correct {name}, or diff_method={' or '.join(map(repr, others))}".replace("'", '"')
    found = WRONG_RULE.diagnosis(Confidence.LIKELY, because, remedy=remedy, evidence=beside)
    return replace(found, title="a gradient transform that is wrong", fileable=False)


def _diagnose_in_layer(divergence: Divergence, context: StageContext) -> Finding:
    """The cause of what a layer lost, by experiments on a layer with one result; of what it puts elsewhere none is known."""
    if divergence.signature is not Signature.DTYPE:
        tried = layer_parts.evidence(divergence, context.layer_parts)
        diagnosis = UNKNOWN.diagnosis(Confidence.UNKNOWN, layer_parts.BECAUSE, remedy=layer_parts.REMEDY, evidence=tried)
        return Finding(divergence, replace(diagnosis, script=ScriptKind.LAYER_PARTS))
    diagnosis = diagnose(Symptoms(divergence, context.question(divergence)), OF_LAYERS, context.workers)
    evidence = layer_findings.evidence(divergence, context.layer_loss)
    proven = len(evidence) > 1 and all(one.holds for one in evidence)
    confidence = Confidence.CONFIRMED if proven else diagnosis.confidence
    return Finding(divergence, replace(diagnosis, confidence=confidence, evidence=evidence))


def _diagnose_rewritten(divergence: Divergence, context: StageContext) -> Finding:
    """The transforms by which a circuit became another one, taken off."""
    tried = transform_findings.evidence(divergence, context.workers, trusted=context.trusted)
    proven = bool(tried) and all(one.holds for one in tried)
    symptoms = Symptoms(divergence, context.question(divergence))
    confidence = Confidence.CONFIRMED if proven else Confidence.LIKELY
    instructed = bool(divergence.call.configuration.transforms_of(TransformKind.INSTRUCTED))
    intended = divergence.verdict is Verdict.REMARK
    remedy = IF_INTENDED if intended else CORRECT_IT if instructed else REPORT_IT
    diagnosis = TRANSFORM.diagnosis(confidence, TRANSFORM.because(symptoms), remedy=remedy, evidence=tried)
    return Finding(divergence, replace(diagnosis, fileable=not (intended or instructed)))


def _diagnose_metric(divergence: Divergence, context: StageContext) -> Finding:
    """A metric tensor that is wrong: the same by another route."""
    tried = metric_findings.evidence(divergence, context.workers, trusted=context.trusted)
    confidence = Confidence.CONFIRMED if tried and all(one.holds for one in tried) else Confidence.LIKELY
    symptoms = Symptoms(divergence, context.question(divergence))
    diagnosis = TRANSFORM.diagnosis(confidence, TRANSFORM.because(symptoms), remedy=OTHER_METRIC, evidence=tried)
    return Finding(divergence, diagnosis, unreproduced="a trace does not hold the circuits that made it")


def _diagnose_in_transform(divergence: Divergence, context: StageContext) -> Finding:
    """The cause of what was raised over circuits that a transform made: the QNode's own circuit is tried without it."""
    question = context.question(divergence)
    bare = context.workers.submit(question.request(0)).result()
    gone, transform = bare.failure is None, divergence.call.configuration.remade_by
    tried = Evidence(f"{transform} removed", None, 0.0 if gone else None, Outcome.HEALS, gone, "" if gone else "raises all the same")
    symptoms = Symptoms(divergence, question)
    diagnosis = _of_what_is_measured(divergence, context, tried) or REFUSES.diagnosis(
        Confidence.CONFIRMED if gone else Confidence.LIKELY,
        REFUSES.because(symptoms),
        remedy=way_around(divergence.call),
        evidence=(tried,),
    )
    word = f"without {transform} the QNode's own circuit {'does not raise' if gone else 'raises as well'}"
    return Finding(replace(divergence, judged=word), diagnosis)


def _diagnose_beside_transforms(divergence: Divergence, context: StageContext) -> Optional[Finding]:
    """The cause of what a QNode's own transforms raise: its circuit, as they leave it, does not by the same method; None elsewhere."""
    call, failure = divergence.call, divergence.call.failure
    transformed = failure is not None and failure.stage == "forward" and bool(call.configuration.transforms)
    if divergence.signature is not Signature.RAISE or failure is None or not transformed:
        return None
    question = context.question(divergence)
    if call.method not in question.methods or context.workers.submit(question.request(0)).result().failure is not None:
        return None
    names, told = transforms_at_work(call)
    tried = Evidence(f"{names} removed", None, 0.0, Outcome.HEALS, True)
    because = f"raised inside {names}: {failure.type}: {failure.message}"
    remedy = f"the QNode without {names}: its circuit does not raise"
    confidence = Confidence.CONFIRMED if told else Confidence.LIKELY
    diagnosis = replace(REFUSES.diagnosis(confidence, because, remedy=remedy, evidence=(tried,)), fileable=not failure.refusal)
    word = f"without {names} the QNode's own circuit does not raise"
    why = f"it was raised inside {names}, which no replay runs"
    return Finding(replace(divergence, judged=word), diagnosis, evaluations=_sides(question, context), unreproduced=why)


def _of_what_is_measured(divergence: Divergence, context: StageContext, tried: Evidence) -> Optional[Diagnosis]:
    """A metric tensor that raises on the trainable numbers of an observable, as if they were a gate's; None where it does not."""
    call = divergence.call
    name, circuit = call.configuration.remade_by, as_marked(call.written or call.circuit)
    inside = observable_parameters(circuit)
    kept = [position for position in circuit.trainable if position not in inside]
    if name not in METRIC_TENSORS or not inside or not kept or call.failure is None:
        return None
    both = (circuit, with_trainable(circuit, kept))
    asked = [context.workers.call(remote.metric_tensor_failure, name, one, context.trusted) for one in both]
    raised, without = (answer_of(answer, None, f"what {name} raises") for answer in asked)
    if raised != call.failure.type or without != "":
        return None
    evidence = (Evidence(OBSERVABLE_FROZEN.name, None, 0.0, Outcome.HEALS, True), tried)
    because = f"{spelt(name)} takes the trainable numbers of what is measured for those of a gate: {inside_transform(call)}"
    return TRAINABLE_SETS.diagnosis(Confidence.CONFIRMED, because, remedy=CONSTANT_OBSERVABLE, evidence=evidence)


CONSTANT_OBSERVABLE = "requires_grad=False for the numbers of the observable: np.array(coefficients, requires_grad=False)"

RAISES_ITSELF = "the quantum function itself raises, before there is a circuit: that is no matter of methods"

NO_METHOD_RUNS = "no method runs this circuit: it is nothing in which methods differ"


def diagnose_divergence(divergence: Divergence, methods: Sequence[Method], context: StageContext) -> Finding:
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
        return _diagnose_in_layer(divergence, context)
    if divergence.of_metric:
        return _diagnose_metric(divergence, context)
    if divergence.rewritten:
        return _diagnose_rewritten(divergence, context)
    if divergence.probe is not None and divergence.upheld:
        return _diagnose_beside(divergence, context)
    if divergence.probe is not None:
        return _diagnose_outside(divergence, context)
    if divergence.signature is Signature.RAISE and divergence.call.configuration.remade_by:
        return _diagnose_in_transform(divergence, context)
    beside = _diagnose_beside_transforms(divergence, context)
    if beside is not None:
        return beside
    judged = divergence if divergence.wrong or divergence.judged else context.with_arbiters_word(divergence, methods)
    judged = _with_all_that_agree(judged, methods, context)
    question = context.question(judged)
    context.tell(f"a survey of call {judged.call.index}")
    asked, of_one = _about_one_method(judged, question, context)
    symptoms = survey(asked, of_one, context.workers, context.reference)
    plain = diagnose(symptoms, CAUSES, context.workers, context.reference, lambda experiment: context.tell(f"'{experiment}'"))
    diagnosis = plain
    if judged.verdict is Verdict.ERROR:
        diagnosis = with_named_options(plain, symptoms, context.workers, context.reference)
    cause = cause_of(diagnosis.code)
    if _raises_itself(judged) and not cause.says_why:
        return nobodys(judged, RAISES_ITSELF, "correct the quantum function as its traceback says")
    sides = _sides(question, context)
    if not cause.says_why and _raised_in_the_script_alone(judged, sides):
        failure = cast(Failure, judged.call.failure)
        notes = judged.call.circuit.notes
        return replace(nobodys(judged, why_in_the_script(failure, notes), way_out(failure, notes)), evaluations=sides)
    if judged.signature is Signature.RAISE and len({*judged.comparison.methods}) == 1 and cause is UNKNOWN:
        diagnosis = replace(diagnosis, because=NO_METHOD_RUNS, remedy="change the circuit as PennyLane's words say")
    elif cause is UNKNOWN and _refuses_in_words(judged):
        diagnosis = _refused(judged, plain, lambda found: with_named_options(found, symptoms, context.workers, context.reference))
    if cause.sits is Place.OPTION and not judged.wrong:
        # nobody is proven wrong who works out an approximation, as finely as the script said
        judged = replace(judged, comparison=replace(judged.comparison, verdict=Verdict.REMARK))
    if cause.sits is Place.CIRCUIT and not cause.names_its_part:
        diagnosis = with_blame(diagnosis, symptoms.blamed)
    if _are_wrong_values(judged):
        diagnosis = replace(diagnosis, fileable=False)
    return Finding(judged, diagnosis, evaluations=sides)


def _are_wrong_values(divergence: Divergence) -> bool:
    """Whether PennyLane says under every method that it was given wrong values, as a probability above one: they are the script's."""
    own, other = divergence.comparison.methods
    failures = [failure for _, failure in divergence.raised]
    alone = divergence.signature is Signature.RAISE and own == other and len(failures) > 1
    return alone and all(map(is_about_values, failures))


def _with_all_that_agree(divergence: Divergence, methods: Sequence[Method], context: StageContext) -> Divergence:
    """What no pair of methods shows is wrong by all that agree: they are named, but for those that take many parameters one by one."""
    call, (own, other) = divergence.call, divergence.comparison.methods
    others = [m for m in as_replayed(methods, call) if m != own and not goes_by_parameters(m, call.circuit)]
    if other != ARBITER or divergence.wrong != (own,) or divergence.signature is Signature.SECOND_DERIVATIVE or not others:
        return divergence
    outputs = not has_room(call.circuit)
    whole = context.arbitrate(context.with_few_rows(call), [own, *others], outputs=outputs)
    return replace(divergence, wrong=whole.wrong, judged=whole.reason) if own in whole.wrong else divergence


def _about_one_method(divergence: Divergence, question: Question, context: StageContext) -> tuple[Divergence, Question]:
    """The same about one method beside the arbiter, where both of a pair are wrong: no change of one thing would mend both.

    What the script's own method has wrong shows beside a right one, if there is any; here it is the other one's turn.
    """
    own, other = divergence.comparison.methods
    told = divergence.verdict is Verdict.ERROR and own in divergence.wrong and divergence.signature in DERIVATIVES
    if not told or ARBITER in (own, other) or divergence.signature is Signature.SECOND_DERIVATIVE:
        return divergence, question
    if other in divergence.wrong:
        one = other
    elif other in context.arbitrate(divergence.call, [other], entries=divergence.signature is Signature.JACOBIAN).wrong:
        one = own
    else:
        return divergence, question
    side = question.methods[divergence.comparison.methods.index(one)]
    alone = replace(question, methods=(side, ARBITER))
    seen = observe(alone, context.workers, context.reference).comparison
    if seen.verdict is not Verdict.ERROR or seen.where not in DERIVATIVES:
        return divergence, question
    return replace(divergence, comparison=seen, wrong=(one,)), alone


def _refuses_in_words(divergence: Divergence) -> bool:
    """Whether PennyLane itself says that the script's method does not take this circuit."""
    failure = divergence.call.failure
    return divergence.signature is Signature.RAISE and failure is not None and failure.refusal


def _refused(divergence: Divergence, unknown: Diagnosis, with_options: Callable[[Diagnosis], Diagnosis]) -> Diagnosis:
    """That a method refuses, where no change of the circuit makes it take it: PennyLane's words are the cause all the same.

    It may be an option that it does not go together with; else there is more than one reason.
    """
    failure = divergence.call.failure
    assert failure is not None, "what refuses has said so"
    method, words = divergence.call.method.diff_method, f"{failure.type}: {failure.message}"
    ruled_out = tuple(code for code in unknown.ruled_out if code != REFUSES.code)
    refused = f"{method} does not take this circuit"
    found = REFUSES.diagnosis(Confidence.LIKELY, f"{refused}: {words}", evidence=unknown.evidence, ruled_out=ruled_out)
    named = with_options(found)
    return replace(found, because=f"{refused}, for more than one reason: {words}") if named is found else named


def _raises_itself(divergence: Divergence) -> bool:
    """Whether the user's quantum function raised before its circuit was whole."""
    failure = divergence.call.failure
    return divergence.signature is Signature.RAISE and failure is not None and failure.stage == "build"


def _raised_in_the_script_alone(divergence: Divergence, sides: Sequence[Evaluation]) -> bool:
    """Whether the script's call raised, and the same method gives numbers of what it was given."""
    raised = divergence.signature is Signature.RAISE and divergence.call.failure is not None
    return raised and bool(sides) and sides[0].failure is None


def nobodys(divergence: Divergence, because: str, remedy: str) -> Finding:
    """The finding of what is no difference between methods: the script's traceback says what it is."""
    comparison = replace(divergence.comparison, verdict=Verdict.INCONCLUSIVE)
    diagnosis = UNKNOWN.diagnosis(Confidence.UNKNOWN, because, remedy=remedy)
    return Finding(replace(divergence, comparison=comparison, judged=because, wrong=()), diagnosis)


def _sides(question: Question, context: StageContext) -> tuple[Evaluation, ...]:
    """The evaluations of the pair at the diverging call."""
    methods = [(side, method) for side, method in enumerate(question.methods) if method != ARBITER]
    futures = [context.workers.submit(question.request(side)) for side, _ in methods]
    return tuple(future.result() for future in futures)
