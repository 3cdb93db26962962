"""One cause is one finding, at however many QNodes and between however many pairs it shows."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from qdiag.model.call import Environment
from qdiag.model.comparison import Comparison, Signature, Verdict
from qdiag.model.findings import Confidence, Divergence, Finding
from qdiag.model.method import Method
from qdiag.pipeline import stage_gather
from qdiag.pipeline.stage_context import StageContext
from tests.worlds.methods import ADJOINT, BACKPROP, SHIFT
from tests.worlds.results import CASES
from tests.worlds.scripted import call, circuit

FLOAT32 = CASES["moons"]().result.findings[0].diagnosis
SHIFTED = CASES["shifted"]().result.findings[0].diagnosis
UNKNOWN = CASES["shifted"]().result.findings[1].diagnosis


def at(qnode: str, index: int = 0, verdict: Verdict = Verdict.ROUNDING, other: Method = ADJOINT, **changes: Any) -> Divergence:
    made = call(index, circuit(0.3))
    made = replace(made, configuration=replace(made.configuration, qnode=qnode))
    comparison = Comparison((BACKPROP, other), verdict, Signature.JACOBIAN, max_abs=1e-7, max_rel=changes.pop("far", 1e-7))
    return Divergence(made, comparison, worst_call=index, calls=(index, index + 4), **changes)


class Gathering:
    """Gathers with a diagnosis that is told, and an experiment that comes out as told; counts the diagnoses."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, recurs: bool = True) -> None:
        self.diagnosed: list[str] = []
        monkeypatch.setattr(stage_gather, "survey", lambda *_: SimpleNamespace())
        monkeypatch.setattr(stage_gather, "recurs", lambda *_: recurs)

    def __call__(self, *divergences: Divergence, diagnosis: Any = FLOAT32) -> list[Finding]:
        def diagnose(divergence: Divergence) -> Finding:
            name = divergence.place[0]
            self.diagnosed.append(name)
            return Finding(divergence, diagnosis(name) if callable(diagnosis) else diagnosis)

        context = StageContext(None, Environment())  # type: ignore[arg-type]
        return stage_gather.gather_findings(divergences, diagnose, context, lambda done, total: None)


def test_rounding_at_four_qnodes_is_one_finding_and_is_diagnosed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    gather = Gathering(monkeypatch)
    (found,) = gather(*(at(name, index) for index, name in enumerate(("forget", "input", "update", "output"))))
    assert found.qnodes == ("forget", "input", "update", "output")
    assert found.calls == (0, 1, 2, 3, 4, 5, 6, 7)
    assert gather.diagnosed == ["forget"]


def test_the_worst_call_is_that_of_all_qnodes(monkeypatch: pytest.MonkeyPatch) -> None:
    (found,) = Gathering(monkeypatch)(at("forget"), at("input", 1, far=3e-7), at("output", 2, far=2e-7))
    assert found.divergence.worst is not None
    assert (found.divergence.worst_call, found.divergence.worst.max_rel, found.divergence.call.index) == (1, 3e-7, 0)


def test_where_its_experiments_do_not_speak_for_the_cause_the_other_qnode_is_diagnosed(monkeypatch: pytest.MonkeyPatch) -> None:
    gather = Gathering(monkeypatch, recurs=False)
    found = gather(at("forget"), at("input"), diagnosis=lambda name: FLOAT32 if name == "forget" else replace(FLOAT32, code="QD106"))
    assert [finding.qnodes for finding in found] == [("forget",), ("input",)]
    assert gather.diagnosed == ["forget", "input"]


def test_an_experiment_of_ours_that_trips_spares_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    gather = Gathering(monkeypatch)

    def trips(*_: object) -> bool:
        raise ZeroDivisionError

    monkeypatch.setattr(stage_gather, "recurs", trips)
    assert [finding.qnodes for finding in gather(at("forget"), at("input"))] == [("forget", "input")]
    assert gather.diagnosed == ["forget", "input"]


def test_errors_are_diagnosed_one_by_one_and_told_once_where_the_reason_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    gather = Gathering(monkeypatch)
    errors = [at(name, verdict=Verdict.ERROR, wrong=(ADJOINT,)) for name in ("one", "other")]
    (found,) = gather(*errors, diagnosis=SHIFTED)
    assert (found.qnodes, gather.diagnosed) == (("one", "other"), ["one", "other"])


@pytest.mark.parametrize(
    ("second", "diagnosis"),
    [
        (at("other", verdict=Verdict.ERROR, wrong=(BACKPROP,)), SHIFTED),
        (at("other", verdict=Verdict.ERROR, wrong=(ADJOINT,), other=SHIFT), SHIFTED),
        (at("other", verdict=Verdict.ERROR, wrong=(ADJOINT,)), UNKNOWN),
        (at("other", verdict=Verdict.ERROR, wrong=(ADJOINT,)), lambda name: replace(SHIFTED, because=f"the observable in {name}")),
        (at("other", verdict=Verdict.ERROR, wrong=(ADJOINT,)), lambda name: replace(SHIFTED, confidence=Confidence(
            "confirmed" if name == "one" else "likely"))),
    ],
    ids=["another method is wrong", "another pair", "nobody knows why", "for another reason", "it is not as sure"],
)  # fmt: skip
def test_errors_that_may_have_two_causes_are_two_findings(monkeypatch: pytest.MonkeyPatch, second: Divergence, diagnosis: Any) -> None:
    first = at("one", verdict=Verdict.ERROR, wrong=(ADJOINT,))
    assert len(Gathering(monkeypatch)(first, second, diagnosis=diagnosis)) == 2


def test_another_pair_that_shows_the_same_at_the_same_qnode_says_nothing_new(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = [at("one", verdict=Verdict.ERROR, wrong=(other,), other=other) for other in (ADJOINT, SHIFT)]
    (found,) = Gathering(monkeypatch)(*pairs, diagnosis=UNKNOWN)
    assert (found.elsewhere, found.divergence) == ((), pairs[0])


# --- gradients that are wrong because the outputs are --------------------------------------------------------------------------


def of_outputs(index: int = 0, wrong: tuple[Method, ...] = (ADJOINT, SHIFT)) -> Divergence:
    found = at("circuit", index, Verdict.ERROR, wrong=wrong)
    return replace(found, comparison=replace(found.comparison, where=Signature.OUTPUT))


def of_gradients(index: int = 0, wrong: tuple[Method, ...] = (ADJOINT, SHIFT)) -> Divergence:
    return at("circuit", index, Verdict.ERROR, SHIFT, wrong=wrong)


@pytest.mark.parametrize("outputs_first", [True, False])
def test_the_gradients_of_wrong_outputs_are_no_finding_of_their_own(monkeypatch: pytest.MonkeyPatch, outputs_first: bool) -> None:
    both = (of_outputs(), of_gradients()) if outputs_first else (of_gradients(), of_outputs())
    (found,) = Gathering(monkeypatch)(*both, diagnosis=SHIFTED)
    assert found.divergence.signature is Signature.OUTPUT


@pytest.mark.parametrize(
    "gradients", [of_gradients(1), of_gradients(wrong=()), of_gradients(wrong=(BACKPROP,))], ids=["elsewhere", "nobody's", "another's"]
)
def test_gradients_that_wrong_outputs_do_not_explain_are(monkeypatch: pytest.MonkeyPatch, gradients: Divergence) -> None:
    assert len(Gathering(monkeypatch)(of_outputs(), gradients, diagnosis=SHIFTED)) == 2


def test_nor_do_outputs_explain_gradients_that_are_wrong_for_another_reason_or_an_unknown_one(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = iter((SHIFTED, FLOAT32, UNKNOWN, UNKNOWN))
    gather = Gathering(monkeypatch)
    assert len(gather(of_outputs(), of_gradients(), diagnosis=lambda name: next(kinds))) == 2
    assert len(gather(of_outputs(), of_gradients(), diagnosis=lambda name: next(kinds))) == 2
