"""What an error is worth to a script that neither uses the method nor was asked about it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qdiag.judging.replay.plan import Plan
from qdiag.model.call import Call, Failure
from qdiag.model.comparison import Comparison, Signature, Verdict
from qdiag.model.findings import Divergence, Finding
from qdiag.model.method import ARBITER, Method, parse_list
from qdiag.pipeline.run_options import Options
from qdiag.pipeline.stage_grade import grade_finding, methods_used
from tests.worlds.methods import ADJOINT, BACKPROP, SHIFT, methods
from tests.worlds.results import CASES
from tests.worlds.scripted import call, circuit

DIAGNOSIS = CASES["shifted"]().result.findings[0].diagnosis
OWN = call(0, circuit(0.3), BACKPROP)


def finding(*wrong: Method, upheld: bool = True, verdict: Verdict = Verdict.ERROR, other: Method = ADJOINT) -> Finding:
    comparison = Comparison((BACKPROP, other), verdict, Signature.JACOBIAN, max_abs=0.5)
    return Finding(Divergence(OWN, comparison, wrong, "the arbiter's word", upheld=upheld), DIAGNOSIS)


def graded(found: Finding, options: Options = Options(), calls: tuple[Call, ...] = (OWN,)) -> Verdict:  # noqa: B008 - a value
    return grade_finding(found, methods_used([call.configuration for call in calls]), options).verdict


def test_a_method_that_nobody_uses_or_asked_for_is_remarked_with_all_that_was_found() -> None:
    found = finding(ADJOINT)
    remarked = grade_finding(found, methods_used([OWN.configuration]), Options())
    assert remarked.verdict is Verdict.REMARK
    back = replace(remarked.divergence, comparison=found.divergence.comparison)
    assert (back.wrong, back.judged, remarked.diagnosis) == (found.divergence.wrong, found.divergence.judged, found.diagnosis)


def test_it_is_remarked_too_where_the_other_method_could_not_be_judged_and_the_own_one_is_right() -> None:
    assert graded(finding()) is Verdict.REMARK


@pytest.mark.parametrize(
    "found",
    [
        finding(BACKPROP),
        finding(BACKPROP, ADJOINT),
        finding(ADJOINT, upheld=False),
        finding(BACKPROP, other=ARBITER, upheld=False),
    ],
    ids=["the own method is wrong", "both are", "nobody knows whether the own one is right", "all are wrong"],
)
def test_what_concerns_the_scripts_own_results_stays_an_error(found: Finding) -> None:
    assert graded(found) is Verdict.ERROR


def of_a_class(own: Method, where: Signature, other: Method = BACKPROP) -> Finding:
    comparison = Comparison((own, other.on("default.qubit")), Verdict.ERROR, where, max_abs=0.5)
    return Finding(Divergence(call(0, circuit(0.3), own), comparison, (own,), "the arbiter's word"), DIAGNOSIS)


def test_other_results_of_a_device_that_its_author_alone_knows_are_remarked_and_no_bug_of_anyone() -> None:
    found = grade_finding(of_a_class(Method("mine:Device", "device"), Signature.OUTPUT), methods_used([OWN.configuration]), Options())
    assert found.verdict is Verdict.REMARK
    assert not found.divergence.wrong
    assert not found.diagnosis.fileable
    assert "correct mine:Device where it is meant to be ideal" in found.diagnosis.remedy


def test_its_slopes_are_held_to_its_results_and_other_devices_have_names() -> None:
    assert graded(of_a_class(Method("mine:Device", "device"), Signature.JACOBIAN)) is Verdict.ERROR
    assert graded(of_a_class(Method("lightning.qubit", "adjoint"), Signature.OUTPUT)) is Verdict.ERROR


def test_what_the_script_itself_has_raised_stays_an_error_also_where_a_replay_is_right() -> None:
    found = finding(other=BACKPROP)
    raised = ((BACKPROP, Failure("WireError", "no free wire", stage="backward")),)
    met = replace(found, divergence=replace(found.divergence, raised=raised))
    assert graded(met) is Verdict.ERROR
    shadow = replace(found, divergence=replace(found.divergence, raised=((ADJOINT, raised[0][1]),)))
    assert graded(shadow) is Verdict.REMARK


def test_a_method_that_the_script_uses_at_another_call_of_the_qnode_is_used() -> None:
    assert graded(finding(ADJOINT), calls=(OWN, call(1, circuit(0.3), ADJOINT))) is Verdict.ERROR


def test_a_method_that_it_uses_at_another_qnode_is_not_used_at_this_one() -> None:
    other = call(1, circuit(0.3), ADJOINT)
    other = replace(other, configuration=replace(other.configuration, qnode="another"))
    assert graded(finding(ADJOINT), calls=(OWN, other)) is Verdict.REMARK


@pytest.mark.parametrize("named", ["adjoint", "default.qubit/adjoint", "backprop,adjoint", "adjoint@float64"])
def test_a_method_that_was_named_is_asked_for(named: str) -> None:
    assert graded(finding(ADJOINT), Options(Plan(methods=parse_list(named)))) is Verdict.ERROR
    assert graded(finding(ADJOINT), Options(asked=parse_list(named))) is Verdict.ERROR


def test_a_method_of_another_device_was_not_named() -> None:
    named = Options(Plan(methods=methods("lightning.qubit/adjoint", "default.qubit/parameter-shift")))
    assert graded(finding(ADJOINT), named) is Verdict.REMARK
    assert graded(finding(ADJOINT, SHIFT), named) is Verdict.ERROR


def test_the_check_of_a_single_call_asks_for_every_method() -> None:
    assert graded(finding(ADJOINT), Options(all_asked=True)) is Verdict.ERROR


def test_what_is_no_error_is_left_as_it_is() -> None:
    rounding = finding(verdict=Verdict.ROUNDING)
    assert grade_finding(rounding, methods_used([OWN.configuration]), Options()) is rounding


def test_what_concerns_the_script_at_one_of_several_qnodes_is_an_error() -> None:
    found = finding(ADJOINT)
    several = replace(found, elsewhere=(replace(found.divergence, upheld=False),))
    assert graded(several) is Verdict.ERROR
    assert graded(replace(found, elsewhere=(found.divergence,))) is Verdict.REMARK


def test_what_no_argument_of_the_scripts_moves_is_remarked_though_its_own_method_is_wrong_there() -> None:
    found = finding(BACKPROP, upheld=False)
    assert graded(found) is Verdict.ERROR
    assert graded(replace(found, divergence=replace(found.divergence, untaken=True))) is Verdict.REMARK
