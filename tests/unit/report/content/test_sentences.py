"""The verdict in a sentence: who is wrong, where, and by how much, in words that claim no more than was seen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Optional

import pytest

from qdiag.model.call import Failure, Script
from qdiag.model.comparison import Signature, Verdict
from qdiag.model.coverage import Coverage, Gap, Unseen
from qdiag.model.findings import FoundWrong
from qdiag.model.method import Method
from qdiag.model.probe import Probe, Proof
from qdiag.model.result import ReplaySummary, Result, Unfaithful
from qdiag.report.content.method_names import Names
from qdiag.report.content.sentences import WORDS, judged_words, of_finding, of_result, script_ended
from tests.worlds.methods import ADJOINT, LIGHTNING, methods
from tests.worlds.results import CASES


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (methods("default.qubit/adjoint"), "adjoint is wrong at call 0: shape (3, 4) against (6, 4) (adjoint against backprop)."),
        ((), "adjoint and backprop differ in shape at call 0: shape (3, 4) against (6, 4)."),
    ],
)
def test_another_shape_is_somebodys_fault_where_that_is_known(wrong: tuple[Method, ...], said: str) -> None:
    result = CASES["shifted"]().result
    finding = result.findings[0]
    comparison = replace(finding.divergence.comparison, where=Signature.SHAPE, detail="shape (3, 4) against (6, 4)")
    divergence = replace(finding.divergence, comparison=comparison, wrong=wrong)
    assert of_finding(replace(finding, divergence=divergence), result, Names("default.qubit")) == said


def test_of_a_method_that_the_script_does_not_use_it_is_said_that_its_own_is_right() -> None:
    result = CASES["shifted"]().result
    finding = result.findings[0]
    own = replace(finding.divergence.call.configuration, resolved="backprop")
    comparison = replace(finding.divergence.comparison, verdict=Verdict.REMARK)
    divergence = replace(finding.divergence, call=replace(finding.divergence.call, configuration=own), comparison=comparison)
    assert of_finding(replace(finding, divergence=divergence), result, Names("default.qubit")) == (
        "adjoint is wrong: its gradient (Jacobian) is off by 6.1 at call 0, where rounding explains 9.1e-15. "
        "The script does not use it: its own method, backprop, is right."
    )


@pytest.mark.parametrize(
    ("upheld", "said"),
    [
        (False, "None of them is proven wrong."),
        (True, "The script does not use it: the slopes of its own method, adjoint, are those of its results."),
    ],
)
def test_where_nobody_is_wrong_as_far_as_is_known_nobody_is_called_right(upheld: bool, said: str) -> None:
    result = CASES["shifted"]().result
    finding = result.findings[0]
    own = replace(finding.divergence.call.configuration, resolved="adjoint")
    comparison = replace(finding.divergence.comparison, verdict=Verdict.REMARK)
    made = replace(finding.divergence.call, configuration=own)
    seen = Probe(0) if upheld else None
    divergence = replace(finding.divergence, call=made, comparison=comparison, wrong=(), upheld=upheld, probe=seen)
    words = of_finding(replace(finding, divergence=divergence), result, Names("default.qubit"))
    assert words.endswith(f"Which one is wrong is not known. {said}")


def test_of_results_of_two_kinds_nobody_is_called_right() -> None:
    result = CASES["shifted"]().result
    finding = result.findings[0]
    kinds = "complex128 against float64"
    comparison = replace(finding.divergence.comparison, verdict=Verdict.REMARK, where=Signature.DTYPE, detail=kinds)
    divergence = replace(finding.divergence, comparison=comparison, wrong=(), upheld=True)
    words = of_finding(replace(finding, divergence=divergence), result, Names("default.qubit"))
    assert words == f"adjoint and backprop differ in dtype at call 0: {kinds}. None of them is proven wrong."


@pytest.mark.parametrize(
    ("verdict", "kinds", "said"),
    [
        (Verdict.ERROR, ("preserving",), "smooth changes the circuit: its output is off by 6.1 at call 0, under every method."),
        (Verdict.REMARK, ("unknown",), "Your transform smooth changes the circuit: its output moves by 6.1 at call 0. Intended?"),
    ],
)
def test_of_a_transform_that_changed_the_circuit_no_method_is_blamed(verdict: Verdict, kinds: tuple[str, ...], said: str) -> None:
    result = CASES["shifted"]().result
    finding = result.findings[0]
    changed = replace(finding.divergence.call.configuration, transforms=("smooth",), transform_kinds=kinds)
    comparison = replace(finding.divergence.comparison, verdict=verdict)
    call = replace(finding.divergence.call, configuration=changed)
    divergence = replace(finding.divergence, call=call, comparison=comparison, proof=Proof.REWRITTEN)
    assert of_finding(replace(finding, divergence=divergence), result, Names("default.qubit")) == said


def test_of_rows_that_are_mixed_no_method_is_blamed() -> None:
    result = CASES["shifted"]().result
    finding = result.findings[0]
    comparison = replace(finding.divergence.comparison, where=Signature.OUTPUT, max_abs=0.25, bound=1e-6)
    mixed = replace(finding, divergence=replace(finding.divergence, comparison=comparison, proof=Proof.MIXED_ROWS))
    label = finding.divergence.call.configuration.label
    said = of_finding(mixed, result, Names("default.qubit"))
    assert said.startswith(f"{label} mixes the rows of its batch: another row moves a result by 0.25")
    assert said.endswith(", where rounding explains 1.0e-06.")
    assert "wrong" not in said


def test_where_only_the_users_tolerance_makes_them_agree_that_is_said() -> None:
    healthy = CASES["healthy"]().result
    apart = replace(CASES["shifted"]().result.findings[0].divergence.comparison, verdict=Verdict.AGREE, tolerance_needed=1.2)
    replay = replace(healthy.replay, comparisons=((0, apart),))
    said = of_result(replace(healthy, replay=replay, tolerance="atol 10"), Script("train.py"), Names("default.qubit"))
    assert "within the tolerance that was given (atol 10) at every call replayed: up to 1.2 apart, relative to the" in said
    assert "rounding" not in said


def test_what_a_long_step_explains_is_not_called_rounding() -> None:
    healthy = CASES["healthy"]().result
    apart = replace(CASES["shifted"]().result.findings[0].divergence.comparison, verdict=Verdict.AGREE, tolerance_needed=0.26)
    replay = replace(healthy.replay, comparisons=((0, apart),))
    said = of_result(replace(healthy, replay=replay), Script("train.py"), Names("default.qubit"))
    assert "up to 0.26 apart, relative to the largest number: a difference quotient's step leaves out as much." in said


def test_where_nothing_is_tracked_only_outputs_agree() -> None:
    healthy = CASES["healthy"]().result
    said = of_result(replace(healthy, tracked=False), Script("train.py"), Names("default.qubit"))
    assert "agree in their outputs, which is all that was compared, at every call" in said


# --- the table of sentences --------------------------------------------------------------------------------------------

NAMES = Names("default.qubit")
BACK, ADJ, LIGHT = methods("default.qubit/backprop", "default.qubit/adjoint", "lightning.qubit/adjoint")


def sentence(**changes: Any) -> str:
    """Of the finding in `shifted`, with another comparison, divergence or call."""
    case = CASES["shifted"]()
    finding = case.result.findings[0]
    comparison = replace(finding.divergence.comparison, **changes.pop("comparison", {}))
    call = replace(finding.divergence.call, **changes.pop("call", {}))
    divergence = replace(finding.divergence, comparison=comparison, call=call, **changes)
    return of_finding(replace(finding, divergence=divergence), case.result, NAMES)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "adjoint is wrong: its gradient (Jacobian) is off by 6.1 at call 0, where rounding explains 9.1e-15."),
        (
            {"wrong": (ADJ, LIGHT)},
            "adjoint and lightning.qubit/adjoint are wrong: their gradient (Jacobian) is off by 6.1 at call 0, "
            "where rounding explains 9.1e-15.",
        ),
        (
            {"wrong": ()},
            "adjoint and backprop differ: their gradient (Jacobian) is off by 6.1 at call 0, where rounding explains 9.1e-15. "
            "Which one is wrong is not known.",
        ),
        (
            {
                "wrong": methods(
                    "default.qubit/adjoint", "default.qubit/backprop", "default.qubit/parameter-shift", "lightning.qubit/adjoint"
                )
            },
            "All methods are wrong: the gradient (Jacobian) is off by 6.1 at call 0, where rounding explains 9.1e-15.",
        ),
        (
            {"comparison": {"where": Signature.OUTPUT}},
            "adjoint is wrong: its output is off by 6.1 at call 0, where rounding explains 9.1e-15.",
        ),
        (
            {"comparison": {"where": Signature.SECOND_DERIVATIVE}},
            "adjoint is wrong: its second derivative is off by 6.1 at call 0, where rounding explains 9.1e-15.",
        ),
        ({"comparison": {"where": Signature.NAN}}, "adjoint gives NaN at call 0 where backprop gives a number."),
        (
            {"comparison": {"where": Signature.NAN}, "wrong": (ADJ, LIGHT)},
            "adjoint and lightning.qubit/adjoint give NaN at call 0 where backprop gives a number.",
        ),
        ({"comparison": {"where": Signature.RAISE}}, "adjoint, the script's own method, raises at call 0."),
        (
            {"comparison": {"where": Signature.RAISE}, "call": {"failure": Failure("ValueError", "no", stage="backward")}},
            "adjoint, the script's own method, raises ValueError in the backward pass at call 0.",
        ),
        (
            {"comparison": {"where": Signature.DTYPE, "detail": "float32 against float64"}, "wrong": ()},
            "adjoint and backprop differ in dtype at call 0: float32 against float64.",
        ),
        (
            {"comparison": {"verdict": Verdict.ROUNDING, "eps": 1.2e-7}},
            "adjoint and backprop differ from call 0 on, never by more than float32 explains. No method is wrong.",
        ),
        (
            {"comparison": {"verdict": Verdict.INCONCLUSIVE}, "judged": "the gap is within the sampling error"},
            "adjoint and backprop cannot be compared at call 0: the gap is within the sampling error.",
        ),
        (
            {"comparison": {"verdict": Verdict.INCONCLUSIVE, "methods": (ADJ, ADJ), "detail": ""}, "judged": ""},
            "adjoint cannot be judged at call 0.",
        ),
        (
            {
                "comparison": {"verdict": Verdict.INCONCLUSIVE, "where": Signature.RAISE},
                "call": {"failure": Failure("MemoryError", "busy")},
                "judged": "replayed by itself, the call does not raise",
                "unrepeated": True,
            },
            "adjoint, the script's own method, raises MemoryError at call 0: replayed by itself, the call does not raise.",
        ),
    ],
)
def test_who_is_wrong_where_and_by_how_much(changes: dict[str, Any], said: str) -> None:
    assert sentence(**changes) == said


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"calls": 0, "findings": ()}, "The script made no QNode call: there is nothing to compare."),
        (
            {
                "verdict": Verdict.INCONCLUSIVE,
                "findings": (),
                "calls": 6,
                "coverage": Coverage(6, 6, (Unseen(Gap.UNRECORDED, "", 2),)),
                "replay": ReplaySummary((BACK, ADJ), 6),
            },
            "backprop and adjoint agree to float64 rounding at 6 of 8 calls, and that does not decide it. "
            "2 calls could not be recorded, and nothing is said of these.",
        ),
        ({"calls": 0, "findings": (), "notes": ("a call was not recorded",)}, "No QNode call was recorded: see the notes below."),
        (
            {"verdict": Verdict.INCONCLUSIVE, "findings": (), "replay": ReplaySummary((BACK,), 0)},
            "No call could be evaluated under two methods, so there is nothing to compare.",
        ),
        (
            {"verdict": Verdict.INCONCLUSIVE, "findings": (), "replay": ReplaySummary((BACK, ADJ), 3)},
            "What was seen does not decide it: see the notes below.",
        ),
        (
            {
                "verdict": Verdict.INCONCLUSIVE,
                "findings": (),
                "replay": ReplaySummary((BACK,), 3, unfaithful=(Unfaithful(0, "", False), Unfaithful(2, "", True))),
            },
            "Replaying did not give the script's own numbers at 1 call, "
            "so what the methods give there cannot be judged from the circuit alone.",
        ),
        (
            {"verdict": Verdict.AGREE, "findings": (), "replay": ReplaySummary((BACK, ADJ), 3)},
            "backprop and adjoint agree at every call replayed, to float64 rounding. No method is wrong.",
        ),
        (
            {"verdict": Verdict.AGREE, "findings": (), "replay": ReplaySummary((), 3)},
            "the methods agree at every call replayed, to float64 rounding. No method is wrong.",
        ),
    ],
)
def test_what_a_run_without_a_deciding_finding_comes_to(changes: dict[str, Any], said: str) -> None:
    assert of_result(replace(CASES["shifted"]().result, **changes), Script("train.py"), NAMES) == said


def agreeing(coverage: Coverage, verdict: Verdict = Verdict.AGREE) -> str:
    replay = ReplaySummary((BACK, ADJ), coverage.compared)
    result = Result(replay, coverage.recorded, 0, (), verdict, coverage=coverage)
    return of_result(result, Script("train.py"), NAMES)


def test_nothing_that_was_not_compared_is_said_to_agree() -> None:
    said = agreeing(Coverage(20_000, 10_000, (Unseen(Gap.MAX_CALLS, "", 10_000, 20_000),)))
    assert said == "backprop and adjoint agree at 10,000 of 20,000 calls, to float64 rounding. No method is wrong there."


def test_too_little_seen_is_no_agreement() -> None:
    said = agreeing(Coverage(20_000, 1, (Unseen(Gap.BUDGET, "", 19_999, 20_000),)), Verdict.INCONCLUSIVE)
    assert said == (
        "backprop and adjoint agree to float64 rounding at 1 of 20,000 calls, and that does not decide it. "
        "The budget was spent before all was looked at."
    )


WHOLE = "backprop and adjoint agree at every call replayed, to float64 rounding. No method is wrong."


@pytest.mark.parametrize(
    ("unseen", "said"),
    [
        ((Unseen(Gap.NOT_PROBED, "", 1, 1),), "Gradients outside of the circuits were not looked at."),
        ((Unseen(Gap.NOT_PROBED, "", 3, 8),), "Gradients outside of the circuits were not looked at in 3 of 8 QNodes."),
        ((Unseen(Gap.PROBE_CUT, "", 1, 8),), "Gradients outside of the circuits were looked at only in part."),
        (
            (Unseen(Gap.PROBE_CUT, "", 1, 8), Unseen(Gap.NOT_PROBED, "", 3, 8)),
            "Gradients outside of the circuits were not looked at in 3 of 8 QNodes.",
        ),
        ((Unseen(Gap.NO_FACTS, ""),), "Not all of the training around the QNodes was looked at."),
    ],
)
def test_what_is_around_the_circuits_and_was_not_looked_at_is_in_the_sentence(unseen: tuple[Unseen, ...], said: str) -> None:
    assert agreeing(Coverage(3, 3, unseen)) == f"{WHOLE} {said}"


@pytest.mark.parametrize("gap", Gap)
def test_each_gap_is_in_the_sentence(gap: Gap) -> None:
    assert agreeing(Coverage(9, 8, (Unseen(gap, "", 1, 9),))) != agreeing(Coverage(9, 9))


def test_an_error_stands_whatever_was_not_seen() -> None:
    result = CASES["shifted"]().result
    unseen = replace(result, coverage=Coverage(3, 3, (Unseen(Gap.STOPPED, ""),)))
    script = Script("train.py")
    assert of_result(unseen, script, NAMES) == of_result(result, script, NAMES)


def test_further_errors_are_counted() -> None:
    result = CASES["shifted"]().result
    assert of_result(result, Script("train.py"), NAMES).endswith(" 1 further error below.")
    assert "further" not in of_result(replace(result, findings=result.findings[:1]), Script("train.py"), NAMES)


def test_a_script_that_died_before_its_first_call_says_of_what() -> None:
    result = replace(CASES["healthy"]().result, calls=0)
    said = of_result(result, Script("train.py", failure=Failure("ImportError", "no module")), NAMES)
    assert said == "The script made no QNode call (it ended with ImportError): there is nothing to compare."


def test_every_verdict_has_a_word() -> None:
    assert set(WORDS) == set(Verdict)


# --- the arbiter's word ------------------------------------------------------------------------------------------------

WORD = FoundWrong((ADJOINT, LIGHTNING), LIGHTNING, "0.5 where the reference has 0.25", Signature.VJP, 4e-13, "our own simulation")


def test_the_arbiters_word_calls_methods_as_the_report_does() -> None:
    assert judged_words(WORD, Names("default.qubit").short) == (
        "adjoint, lightning.qubit/adjoint are away from our own simulation: lightning.qubit/adjoint has 0.5 where the reference "
        "has 0.25 (vjp, 4e-13 explained)"
    )


def test_in_files_it_has_the_methods_in_full() -> None:
    said = judged_words(replace(WORD, unanimous=True))
    assert said.startswith("all methods that gave numbers are wrong: default.qubit/adjoint, lightning.qubit/adjoint are away from")


def test_what_names_no_method_is_said_as_it_is() -> None:
    assert "(second derivative along one direction, " in judged_words(replace(WORD, where=Signature.SECOND_DERIVATIVE))
    assert judged_words("cannot tell: 30 wires") == "cannot tell: 30 wires"


def test_one_cause_at_several_qnodes_is_said_so() -> None:
    result = CASES["moons"]().result
    finding = result.findings[0]
    several = replace(finding, elsewhere=(finding.divergence, finding.divergence))
    assert of_finding(several, result, Names("default.qubit")).startswith("backprop and adjoint differ at 3 QNodes, from call 0 on")
    error = CASES["shifted"]().result.findings[0]
    assert of_finding(replace(error, elsewhere=(error.divergence,)), result, Names("default.qubit")).endswith(
        "The same is seen at 1 other QNode."
    )


def test_a_script_that_was_killed_before_its_first_call_is_said_so() -> None:
    empty = replace(CASES["healthy"]().result, calls=0)
    said = of_result(empty, Script("train.py", exit_code=-15), Names(""))
    assert said == "The script made no QNode call before it was killed by signal 15 (SIGTERM): there is nothing to compare."


@pytest.mark.parametrize(
    ("exit_code", "said"),
    [
        (0, "the script ended after 12 s; judging 24 QNode calls"),
        (None, "the script ended after 12 s; judging 24 QNode calls"),
        (3, "the script ended after 12 s with exit code 3; judging 24 QNode calls"),
        (-9, "the script ended after 12 s, killed by signal 9 (SIGKILL); judging 24 QNode calls"),
    ],
)
def test_that_the_script_has_ended_is_said_with_how_and_what_comes_now(exit_code: Optional[int], said: str) -> None:
    assert script_ended(Script("train.py", exit_code=exit_code), 12.3, 24) == said


def test_a_confirmed_remark_leads_and_behind_it_stands_that_the_methods_could_not_be_compared() -> None:
    remarked = CASES["remarked"]().result
    result = replace(remarked, findings=(), replay=ReplaySummary(), verdict=Verdict.REMARK)
    alone = of_result(result, Script("train.py"), Names("default.qubit"))
    both = of_result(replace(result, undecided=True), Script("train.py"), Names("default.qubit"))
    why = "No call could be evaluated under two methods, so there is nothing to compare."
    assert both == f"{alone} Of the methods nothing is decided: {why}"


@pytest.mark.parametrize(
    ("code", "failure", "how"), [(2, None, "exit code 2"), (1, Failure("SyntaxError", "invalid"), "exit code 1, SyntaxError")]
)
def test_a_script_that_failed_before_its_first_call_is_not_said_to_have_made_none(
    code: int, failure: Optional[Failure], how: str
) -> None:
    result = Result(ReplaySummary(), 0, 0, (), Verdict.INCONCLUSIVE)
    sentence = of_result(result, Script("a.py", exit_code=code, failure=failure), Names(""))
    assert sentence == f"Your script failed ({how}) before its first QNode call: there is nothing to compare."


def test_unless_calls_were_lost() -> None:
    lost = Coverage(unseen=(Unseen(Gap.UNRECORDED, "A call was not recorded.", 1),))
    result = Result(ReplaySummary(), 0, 0, (), Verdict.INCONCLUSIVE, coverage=lost)
    assert "No QNode call was recorded" in of_result(result, Script("a.py", exit_code=1), Names(""))
