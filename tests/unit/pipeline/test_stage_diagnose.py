"""From a divergence to a finding: what is said where there is nothing that methods could differ in."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from qdiag.diagnosis.causes.transforms import CORRECT_IT, REPORT_IT
from qdiag.judging import transform_findings
from qdiag.judging.arbiter.arbiter import Arbitration
from qdiag.judging.arbiter.method_verdicts import MethodVerdict
from qdiag.judging.arbiter.reference import Reference
from qdiag.judging.question import Question
from qdiag.judging.replay.located import Located
from qdiag.model.call import Call, Environment, Failure
from qdiag.model.circuit import AS_DECOMPOSITION, Circuit
from qdiag.model.comparison import Comparison, Signature, Verdict
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.findings import Confidence, Diagnosis, Divergence, Evidence, Finding, Outcome
from qdiag.model.method import ARBITER, Method
from qdiag.model.node import Node, Wires
from qdiag.model.parameter import Parameter
from qdiag.model.probe import Proof
from qdiag.model.result import NotRebuilt, Unfaithful
from qdiag.pipeline import stage_arbitrate, stage_diagnose
from qdiag.pipeline.stage_context import StageContext
from tests.worlds.evaluators import FakeEvaluator
from tests.worlds.scripted import METHODS, ScriptedTrace, answer, call, circuit

UNKNOWN = Diagnosis("QD901", "unknown", "unknown", Confidence.UNKNOWN, "no cause fits", "report it")


def examined(
    monkeypatch: pytest.MonkeyPatch, methods: tuple[Method, Method], found: Diagnosis = UNKNOWN, *, option: str = "", **failed: Any
) -> Finding:
    monkeypatch.setattr(stage_diagnose, "survey", lambda *_: SimpleNamespace(blamed=None))
    monkeypatch.setattr(stage_diagnose, "diagnose", lambda *_: found)
    monkeypatch.setattr(stage_diagnose, "_sides", lambda *_: ())
    by_option = lambda diagnosis, *_: replace(diagnosis, remedy=f"leave {option} out") if option else diagnosis  # noqa: E731 - a stand-in
    monkeypatch.setattr(stage_diagnose, "with_named_options", by_option)
    failing = call(0, circuit(0.3), **failed)
    raised = Divergence(failing, Comparison(methods, Verdict.ERROR, Signature.RAISE), judged="no method gave numbers")
    return stage_diagnose.diagnose_divergence(raised, METHODS, StageContext(None, Environment()))  # type: ignore[arg-type]


def diagnosed(monkeypatch: pytest.MonkeyPatch, methods: tuple[Method, Method], found: Diagnosis = UNKNOWN) -> Diagnosis:
    return examined(monkeypatch, methods, found).diagnosis


def test_a_circuit_that_no_method_runs_is_the_scripts_to_change(monkeypatch: pytest.MonkeyPatch) -> None:
    said = diagnosed(monkeypatch, (METHODS[0], METHODS[0]))
    assert said.because == stage_diagnose.NO_METHOD_RUNS
    assert "change the circuit" in said.remedy


def test_one_that_another_method_runs_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    assert diagnosed(monkeypatch, (METHODS[0], METHODS[1])) == UNKNOWN


def test_what_pennylane_says_no_to_for_several_reasons_is_refused_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    ruled = replace(UNKNOWN, ruled_out=("QD304", "QD503"))
    no = Failure("QuantumFunctionError", "does not support adjoint", stage="forward", refusal=True)
    said = examined(monkeypatch, (METHODS[0], METHODS[1]), ruled, failure=no).diagnosis
    assert (said.code, said.confidence, said.ruled_out) == ("QD304", Confidence.LIKELY, ("QD503",))
    assert "does not support adjoint" in said.because
    broke = replace(no, refusal=False)
    assert examined(monkeypatch, (METHODS[0], METHODS[1]), ruled, failure=broke).diagnosis.code == "QD901"


def test_where_it_takes_an_option_to_be_refused_the_option_is_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    no = Failure("NotImplementedError", "does not support multiple measurements", stage="backward", refusal=True)
    said = examined(monkeypatch, (METHODS[0], METHODS[1]), option="mode='reversed'", failure=no).diagnosis
    assert (said.code, said.remedy) == ("QD304", "leave mode='reversed' out")
    assert "more than one reason" not in said.because
    assert "more than one reason" in examined(monkeypatch, (METHODS[0], METHODS[1]), failure=no).diagnosis.because


def test_a_known_cause_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    known = Diagnosis("QD504", "batch-as-feature", "batch axis", Confidence.CONFIRMED, "len(inputs) is the batch", "inputs.shape[-1]")
    assert diagnosed(monkeypatch, (METHODS[0], METHODS[0]), known) == known


REFUSED = Diagnosis("QD304", "refuses", "a method refuses", Confidence.LIKELY, "backprop raises", "another diff_method")


@pytest.mark.parametrize("cause", [UNKNOWN, REFUSED], ids=lambda cause: cause.code)
def test_a_quantum_function_that_raises_by_itself_is_no_fault_of_a_method(monkeypatch: pytest.MonkeyPatch, cause: Diagnosis) -> None:
    failure = Failure("AttributeError", "module 'pennylane' has no attribute 'RXX'", stage="build")
    finding = examined(monkeypatch, (METHODS[0], METHODS[0]), cause, failure=failure)
    assert finding.divergence.verdict is Verdict.INCONCLUSIVE
    assert (finding.diagnosis.code, finding.diagnosis.because) == ("QD901", stage_diagnose.RAISES_ITSELF)


def test_a_device_that_raises_is(monkeypatch: pytest.MonkeyPatch) -> None:
    finding = examined(monkeypatch, (METHODS[0], METHODS[0]), REFUSED, failure=Failure("ValueError", "no", stage="forward"))
    assert (finding.divergence.verdict, finding.diagnosis) == (Verdict.ERROR, REFUSED)


class Running(FakeEvaluator):
    """Every method gives numbers."""

    def evaluate(self, request: Request) -> Evaluation:
        return answer(request)


RESUMED = "pennylane.math.multi_dispatch:torch_dynamo_resume_in_stack_at_537:538"


FUNCTIONAL = "In order to use an autograd.Function with functorch transforms (vmap, grad, …), it must override setup_context."


@pytest.mark.parametrize("found", [UNKNOWN, REFUSED], ids=lambda found: found.code)
@pytest.mark.parametrize(
    ("message", "frames", "why", "cure"),
    [
        ("no", (), "replayed by itself", "the script's traceback"),
        ("no", (RESUMED,), "torch.compile was at work", "torch.compiler.disable"),
        (FUNCTIONAL, (), "torch.func takes no derivative but backprop's", 'diff_method="backprop"'),
        ("Derivatives cannot be calculated with diff_method=None", (), "the QNode is made with diff_method=None", "leave it out"),
    ],
    ids=["alone", "torch.compile", "torch.func", "diff_method=None"],
)
def test_what_raises_in_the_script_and_not_by_itself_is_no_fault_of_a_method(
    monkeypatch: pytest.MonkeyPatch, message: str, frames: tuple[str, ...], why: str, cure: str, found: Diagnosis
) -> None:
    monkeypatch.setattr(stage_diagnose, "survey", lambda *_: SimpleNamespace(blamed=None))
    monkeypatch.setattr(stage_diagnose, "diagnose", lambda *_: found)
    monkeypatch.setattr(stage_diagnose, "with_named_options", lambda diagnosis, *_: diagnosis)
    failing = call(0, circuit(0.3), failure=Failure("TypeError", message, frames, "forward"))
    raised = Divergence(failing, Comparison((METHODS[0], METHODS[1]), Verdict.ERROR, Signature.RAISE), judged="by the arbiter")
    finding = stage_diagnose.diagnose_divergence(raised, METHODS, StageContext(Running(), Environment()))
    assert (finding.divergence.verdict, finding.divergence.wrong) == (Verdict.INCONCLUSIVE, ())
    assert finding.diagnosis.code == "QD901"
    assert finding.diagnosis.because.startswith(why)
    assert cure in finding.diagnosis.remedy


def test_what_is_known_by_its_parts_alone_may_raise_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage_diagnose, "survey", lambda *_: SimpleNamespace(blamed=None))
    monkeypatch.setattr(stage_diagnose, "diagnose", lambda *_: UNKNOWN)
    monkeypatch.setattr(stage_diagnose, "with_named_options", lambda diagnosis, *_: diagnosis)
    ran = replace(circuit(0.3), notes=(f"MPS {AS_DECOMPOSITION} (it holds the function block)",))
    failing = call(0, ran, failure=Failure("RuntimeError", "no deepcopy", stage="forward"))
    raised = Divergence(failing, Comparison((METHODS[0], METHODS[1]), Verdict.ERROR, Signature.RAISE), judged="by the arbiter")
    said = stage_diagnose.diagnose_divergence(raised, METHODS, StageContext(Running(), Environment())).diagnosis
    assert "of MPS the parts alone were recorded, and made of these the call does not raise: what raises lies in" in said.because
    assert "write out the gates of MPS" in said.remedy


# --- where all methods agree ---------------------------------------------------------------------------------------------------


class AllWrong(StageContext):
    """An arbiter that finds every method wrong, and remembers at which calls it was asked."""

    asked: list[int]

    def arbitrate(self, call, methods, *, second=False, outputs=False, entries=False):  # type: ignore[no-untyped-def]
        self.asked.append(call.index)
        return Arbitration(Reference(), tuple(MethodVerdict(method, "wrong", Signature.OUTPUT, 1.0, 1e-9) for method in methods))


def unanimous(*circuits: Circuit, qnodes: Sequence[str] = (), seconds: float = math.inf) -> tuple[list[int], list[int]]:
    """The calls that are reported, and those at which the arbiter was asked; all of one QNode where none are named."""
    calls = [of_qnode(call(index, ran), dict(enumerate(qnodes)).get(index, "circuit")) for index, ran in enumerate(circuits)]
    context = AllWrong(None, Environment())  # type: ignore[arg-type]
    object.__setattr__(context, "asked", [])
    found = stage_arbitrate.unanimous_errors(context, ScriptedTrace(calls), (), lambda done, total: None, seconds=seconds)
    return [divergence.call.index for divergence in found], context.asked


def of_qnode(one: Call, name: str) -> Call:
    return replace(one, configuration=replace(one.configuration, qnode=name))


def test_where_a_structure_comes_back_the_first_wrong_call_is_reported_all_the_same() -> None:
    one, other = circuit(0.3), circuit(0.3, gates=2)
    assert unanimous(one, other, one) == ([0], [0])


def test_for_a_first_answer_no_further_structure_is_looked_at_after_its_time() -> None:
    one, other = circuit(0.3), circuit(0.3, gates=2)
    assert unanimous(one, other, qnodes=["first", "second"], seconds=0.0) == ([0], [0])
    assert unanimous(one, other, qnodes=["first", "second"], seconds=60.0) == ([0, 1], [0, 1])


def test_each_qnode_is_reported_once_and_at_its_own_first_call() -> None:
    one, other = circuit(0.3), circuit(0.3, gates=2)
    assert unanimous(one, other, one, other, qnodes=["first", "second", "first", "second"]) == ([0, 1], [0, 1])


def test_of_many_structures_the_first_ones_are_looked_at_in_the_order_of_their_first_calls() -> None:
    many = [circuit(0.3, gates=1 + number) for number in range(stage_arbitrate.MOST_STRUCTURES + 3)]
    names = [f"qnode {number}" for number in range(len(many))]
    # the first structure comes back at the very end: that makes it no later one
    _, asked = unanimous(*many, many[0], qnodes=names)
    assert asked == list(range(stage_arbitrate.MOST_STRUCTURES))


def test_where_a_replay_is_not_what_the_script_saw_it_is_no_ground_for_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    comparison = Comparison((METHODS[0], METHODS[1]), Verdict.ERROR)
    monkeypatch.setattr(transform_findings, "divergence", lambda one, *_, **__: Divergence(one, comparison))
    located = Located(
        unfaithful=(Unfaithful(0, "off by 0.1", explained=False), Unfaithful(2, "off by 1e-16", explained=True)),
        not_rebuilt=(NotRebuilt(1, "option backend is an object"),),
    )
    astray = stage_arbitrate.astray_calls(located)
    assert astray == {0, 1}
    trace = ScriptedTrace([of_qnode(call(index, midway(0.3 + index)), f"qnode {index}") for index in range(3)])
    trace.calls = [replace(one, configuration=replace(one.configuration, transforms=("merge_rotations",))) for one in trace.calls]
    context = AllWrong(None, Environment())  # type: ignore[arg-type]
    object.__setattr__(context, "asked", [])
    found = [
        *stage_arbitrate.unanimous_errors(context, trace, (), lambda done, total: None, astray),
        *stage_arbitrate.wrong_beside_measurements(context, trace, METHODS, astray),
        *stage_arbitrate.rewritten_by_transforms(context, trace, astray),
    ]
    assert {divergence.call.index for divergence in found} <= {2}
    assert len(found) > 1


def test_whoever_agrees_with_what_is_wrong_is_wrong_too() -> None:
    one = call(0, circuit(0.3))
    comparison = Comparison((one.method, ARBITER), Verdict.ERROR, Signature.JACOBIAN)
    alone = Divergence(one, comparison, (one.method,))
    context = AllWrong(None, Environment())  # type: ignore[arg-type]
    object.__setattr__(context, "asked", [])
    assert {*stage_diagnose._with_all_that_agree(alone, METHODS, context).wrong} == {*METHODS}
    pair = replace(alone, comparison=replace(comparison, methods=(METHODS[0], METHODS[1])))
    second = replace(alone, comparison=replace(comparison, where=Signature.SECOND_DERIVATIVE))
    for other in (pair, second, replace(alone, wrong=())):
        assert stage_diagnose._with_all_that_agree(other, METHODS, context) is other


@pytest.mark.parametrize("refusal", [True, False])
@pytest.mark.parametrize(("frame", "confidence"), [("fusion.fusion:merge:3", "confirmed"), ("core:run:9", "likely")])
def test_what_a_qnodes_own_transform_raises_is_no_fault_of_its_circuit(frame: str, confidence: str, refusal: bool) -> None:
    class Running(FakeEvaluator):
        def evaluate(self, request: Request) -> Evaluation:
            return answer(request)

    failure = Failure("RuntimeError", "no numpy()", (f"pennylane.transforms.{frame}", "torch:array:1"), "forward", refusal)
    one = call(2, circuit(0.3), failure=failure)
    one = replace(one, configuration=replace(one.configuration, transforms=("fusion",)))
    raised = Divergence(one, Comparison((METHODS[0], METHODS[0]), Verdict.ERROR, Signature.RAISE))
    finding = stage_diagnose.diagnose_divergence(raised, METHODS, StageContext(Running(), Environment()))
    said = finding.diagnosis
    assert (said.code, said.confidence, said.blamed) == ("QD304", confidence, "")
    assert said.because == "raised inside fusion: RuntimeError: no numpy()"
    assert said.remedy == "the QNode without fusion: its circuit does not raise"
    assert finding.unreproduced == "it was raised inside fusion, which no replay runs"
    assert said.fileable is not refusal, "what PennyLane says no to in words is nothing to report"


@pytest.mark.parametrize(("kinds", "scripts"), [("VV", True), ("VT", False), ("V", False), ("NN", False)])
def test_values_that_every_method_refuses_are_the_scripts_own(kinds: str, scripts: bool) -> None:
    words = {"V": ("ValueError", "p must be in [0, 1]"), "T": ("TypeError", "must"), "N": ("ValueError", "setting an array element")}
    raised = tuple((method, Failure(*words[kind])) for method, kind in zip(METHODS, kinds))
    one = call(0, circuit(0.3))
    divergence = Divergence(one, Comparison((METHODS[0], METHODS[0]), Verdict.ERROR, Signature.RAISE), raised=raised)
    assert stage_diagnose._are_wrong_values(divergence) is scripts


# --- beside measurements in the middle -------------------------------------------------------------------------------------------


def midway(angle: float) -> Circuit:
    plain = circuit(angle)
    return replace(plain, operations=(*plain.operations, Node("MidMeasureMP", (), (Wires((0,)), ()), (0,))))


def test_outputs_are_held_against_the_arbiter_where_there_are_measurements_in_the_middle() -> None:
    calls = [call(index, ran) for index, ran in enumerate([circuit(0.3), midway(0.3), midway(0.4)])]
    context = AllWrong(None, Environment())  # type: ignore[arg-type]
    object.__setattr__(context, "asked", [])
    found = list(stage_arbitrate.wrong_beside_measurements(context, ScriptedTrace(calls), METHODS))
    assert [(d.call.index, d.signature, d.wrong) for d in found] == [(1, Signature.OUTPUT, METHODS)]


def test_of_wrong_outputs_no_derivative_is_blamed() -> None:
    one, other = call(0, midway(0.3)), of_qnode(call(1, circuit(0.3)), "another")
    pair = (METHODS[0], METHODS[1])
    outputs = Divergence(one, Comparison(pair, Verdict.ERROR, Signature.OUTPUT))
    slopes = [Divergence(made, Comparison(pair, Verdict.ERROR, Signature.JACOBIAN)) for made in (one, other)]
    raised = Divergence(one, Comparison(pair, Verdict.ERROR, Signature.RAISE))
    assert stage_arbitrate._of_right_outputs([*slopes, raised], [outputs]) == [slopes[1], raised]


# --- transforms ------------------------------------------------------------------------------------------------------------------


def test_each_qnode_whose_transforms_changed_it_is_reported_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def changed(one: Call, *_: Any, **__: Any) -> Divergence:
        return Divergence(one, Comparison((METHODS[0], METHODS[1]), Verdict.ERROR))

    monkeypatch.setattr(transform_findings, "divergence", changed)
    calls = [call(index, circuit(0.3, gates=1 + index)) for index in range(3)]
    calls[1:] = [replace(one, configuration=replace(one.configuration, transforms=("merge_rotations",))) for one in calls[1:]]
    context = StageContext(None, Environment())  # type: ignore[arg-type]
    found = list(stage_arbitrate.rewritten_by_transforms(context, ScriptedTrace(calls)))
    assert [d.call.index for d in found] == [1]


@pytest.mark.parametrize(
    ("kind", "remedy", "fileable"),
    [("preserving", REPORT_IT, True), ("instructed", CORRECT_IT, False)],
)
def test_what_a_rule_of_the_scripts_own_makes_of_a_circuit_is_nothing_to_report(
    kind: str, remedy: str, fileable: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transform_findings, "evidence", lambda *_, **__: ())
    one = call(0, circuit(0.3))
    one = replace(one, configuration=replace(one.configuration, transforms=("decompose",), transform_kinds=(kind,)))
    comparison = Comparison((one.method, ARBITER), Verdict.ERROR, Signature.OUTPUT)
    rewritten = Divergence(one, comparison, proof=Proof.REWRITTEN)
    said = stage_diagnose.diagnose_divergence(rewritten, METHODS, StageContext(FakeEvaluator(), Environment())).diagnosis
    assert (said.code, said.remedy, said.fileable) == ("QD505", remedy, fileable)


def test_a_gradient_that_a_transform_gave_is_held_against_the_arbiter_once_for_each_qnode(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(_: StageContext, one: Call, **__: Any) -> Divergence:
        return Divergence(one, Comparison((one.method, ARBITER), Verdict.ERROR, Signature.JACOBIAN), (one.method,))

    monkeypatch.setattr(stage_arbitrate, "_against_the_arbiter", wrong)
    calls = [call(index, circuit(0.3, gates=1 + index)) for index in range(3)]
    made = [replace(one.configuration, transforms=("finite_diff",), transform_kinds=("remaking",)) for one in calls[1:]]
    calls[1:] = [replace(one, configuration=configuration) for one, configuration in zip(calls[1:], made)]
    context = StageContext(None, Environment())  # type: ignore[arg-type]
    found = list(stage_arbitrate.wrong_by_gradient_transforms(context, ScriptedTrace(calls)))
    assert [(one.call.index, one.call.method.diff_method) for one in found] == [(1, "finite-diff")]


def test_what_a_transforms_own_circuits_raise_is_no_fault_of_the_circuit_and_has_another_way() -> None:
    class Running(FakeEvaluator):
        def evaluate(self, request: Request) -> Evaluation:
            return answer(request)

    one = call(2, circuit(0.3), failure=Failure("QuantumFunctionError", "no", stage="forward", refusal=True))
    one = replace(one, configuration=replace(one.configuration, transforms=("metric_tensor",), library="qng.py"))
    raised = Divergence(one, Comparison((METHODS[0], METHODS[0]), Verdict.ERROR, Signature.RAISE))
    finding = stage_diagnose.diagnose_divergence(raised, METHODS, StageContext(Running(), Environment()))
    said = finding.diagnosis
    assert (said.code, said.confidence, said.blamed) == ("QD304", Confidence.CONFIRMED, "")
    assert said.because.startswith("raised inside qml.metric_tensor (qng.py)")
    assert said.remedy.startswith('diff_method="parameter-shift"')
    assert finding.divergence.judged == "without metric_tensor the QNode's own circuit does not raise"


@pytest.mark.parametrize(("without", "code"), [("", "QD402"), ("ValueError", "QD304"), ("TypeError", "QD304")])
def test_a_metric_tensor_that_raises_on_what_is_measured_is_told_by_making_that_constant(without: str, code: str) -> None:
    weighed = Node("ExpectationMP", (Node("LinearCombination", (Parameter(np.array(0.4), "autograd", marked=True),)),))

    class Running(FakeEvaluator):
        def evaluate(self, request: Request) -> Evaluation:
            return answer(request)

        def answer(self, function: Any, *arguments: Any) -> Any:
            (name, asked, _) = arguments
            assert name == "metric_tensor"
            return "ValueError" if len(asked.trainable) == 2 else without

    failure = Failure("ValueError", "not a single parameter", stage="forward")
    one = call(2, replace(circuit(0.3), measurements=(weighed,)), failure=failure)
    one = replace(one, configuration=replace(one.configuration, transforms=("metric_tensor",)))
    raised = Divergence(one, Comparison((METHODS[0], METHODS[0]), Verdict.ERROR, Signature.RAISE))
    said = stage_diagnose.diagnose_divergence(raised, METHODS, StageContext(Running(), Environment())).diagnosis
    assert (said.code, said.confidence) == (code, Confidence.CONFIRMED)
    assert ("requires_grad=False" in said.remedy) is (code == "QD402")


def test_the_circuit_that_a_transform_changed_is_diagnosed_by_taking_it_off(monkeypatch: pytest.MonkeyPatch) -> None:
    for holds, confidence in ((True, Confidence.CONFIRMED), (False, Confidence.LIKELY)):
        tried = Evidence("mine removed", 0.1, 0.0, Outcome.HEALS, holds)
        monkeypatch.setattr(transform_findings, "evidence", lambda *_, tried=tried, **__: (tried,))
        one = call(0, circuit(0.5), written=circuit(0.3))
        for verdict, fileable in ((Verdict.ERROR, True), (Verdict.REMARK, False)):
            changed = Divergence(one, Comparison((METHODS[0], METHODS[1]), verdict), proof=Proof.REWRITTEN)
            said = stage_diagnose.diagnose_divergence(changed, METHODS, StageContext(None, Environment())).diagnosis  # type: ignore[arg-type]
            assert (said.code, said.confidence, said.fileable) == ("QD505", confidence, fileable)


class AllRight(AllWrong):
    """An arbiter that upholds every method; or says of gradients that it cannot tell."""

    def arbitrate(self, call, methods, *, second=False, outputs=False, entries=False):  # type: ignore[no-untyped-def]
        return Arbitration(Reference(), tuple(MethodVerdict(method, "right") for method in methods))


@pytest.mark.parametrize(("structures", "faithful", "alone"), [(2, True, True), (2, False, False), (40, True, False)])
def test_a_method_that_no_other_stands_beside_is_upheld_where_the_arbiter_has_seen_every_structure(
    structures: int, faithful: bool, alone: bool
) -> None:
    calls = [of_qnode(call(index, circuit(0.3, gates=1 + index)), f"qnode {index}") for index in range(structures)]
    trace, context = ScriptedTrace(calls), AllRight(None, Environment())  # type: ignore[arg-type]
    assert list(stage_arbitrate.unanimous_errors(context, trace, (), lambda done, total: None)) == []
    located = Located(unfaithful=() if faithful else (Unfaithful(0, "another number", False),))
    assert stage_arbitrate.upheld_alone(trace, located, context.upheld) is alone


@pytest.mark.parametrize(
    ("wrong", "off_alone", "about"),
    [
        (METHODS[:2], (), METHODS[1]),
        (METHODS[:1], METHODS[1:2], METHODS[0]),
        (METHODS[:1], (), None),
        (METHODS[1:2], (), None),
    ],
    ids=["both", "the other one elsewhere", "the own one alone", "the other one alone"],
)
def test_where_both_of_a_pair_are_wrong_one_of_them_is_asked_about_beside_the_arbiter(
    monkeypatch: pytest.MonkeyPatch, wrong: tuple[Method, ...], off_alone: tuple[Method, ...], about: Method | None
) -> None:
    def gap(question: Question, *_: Any) -> SimpleNamespace:
        return SimpleNamespace(comparison=Comparison(question.methods, Verdict.ERROR, Signature.JACOBIAN, max_abs=0.5))

    def arbitrated(_: StageContext, asked: Call, methods: Sequence[Method], *, entries: bool) -> SimpleNamespace:
        return SimpleNamespace(wrong=tuple(method for method in methods if method in off_alone))

    monkeypatch.setattr(stage_diagnose, "observe", gap)
    monkeypatch.setattr(StageContext, "arbitrate", arbitrated)
    apart = Comparison((METHODS[0], METHODS[1]), Verdict.ERROR, Signature.JACOBIAN, max_abs=0.3)
    context = StageContext(None, Environment())  # type: ignore[arg-type]
    divergence = Divergence(call(0, circuit(0.3)), apart, wrong)
    question = Question(circuit(0.3), (METHODS[0], METHODS[1]))
    seen, asked = stage_diagnose._about_one_method(divergence, question, context)
    if about is None:
        assert (seen, asked) == (divergence, question)
    else:
        assert (asked.methods, seen.wrong, seen.comparison.max_abs) == ((about, ARBITER), (about,), 0.5)
