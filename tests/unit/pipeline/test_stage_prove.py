"""A finding proven: what Ctrl-C leaves of it, and of which there is nothing to prove."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from qdiag.diagnosis.causes import CAUSES
from qdiag.diagnosis.causes.randomness import SHOT_NOISE
from qdiag.diagnosis.causes.rules import DISPLACED, DROPPED
from qdiag.diagnosis.causes.unknown import UNKNOWN
from qdiag.diagnosis.symptoms import Blamed, with_blame
from qdiag.model.call import Environment, Failure
from qdiag.model.comparison import Signature, Verdict
from qdiag.model.findings import Confidence, Diagnosis, Finding, FoundWrong, Minimal, Reproducer
from qdiag.pipeline import stage_prove
from qdiag.pipeline.stage_context import INTERRUPTED, StageContext
from tests.worlds import results
from tests.worlds.symptoms import FIRST, World, of, rotation, symptoms


@pytest.fixture
def finding(monkeypatch: pytest.MonkeyPatch) -> Finding:
    """One whose search for a smaller circuit is interrupted."""
    finding = results.shifted().result.findings[0]
    found = SimpleNamespace(circuit=finding.divergence.call.circuit, stopped=INTERRUPTED, one_minimal=False, calls=7, seconds=1.0)
    monkeypatch.setattr(stage_prove, "SameDifference", lambda *given, **options: SimpleNamespace(agrees=None))
    monkeypatch.setattr(stage_prove, "minimize", lambda *given, **options: found)
    return finding


def minimal(finding: Finding, context: StageContext) -> Minimal:
    found = stage_prove.minimal_of(finding.divergence, context.question(finding.divergence), finding.diagnosis, context)
    assert found is not None
    return found


BENCH = StageContext(SimpleNamespace(count=1), Environment())  # type: ignore[arg-type]


def test_a_run_that_is_kept_goes_on_with_the_smallest_circuit_so_far(finding: Finding) -> None:
    context = replace(BENCH, stopped=[])
    assert minimal(finding, context).circuit is finding.divergence.call.circuit
    assert context.stopped == [INTERRUPTED]


def test_rounding_of_which_nobody_knows_why_makes_no_script(finding: Finding, tmp_path: Path) -> None:
    comparison = replace(finding.divergence.comparison, verdict=Verdict.ROUNDING)
    rounding = replace(finding, divergence=replace(finding.divergence, comparison=comparison))
    unknown = replace(rounding, diagnosis=replace(finding.diagnosis, code="QD901"))
    assert stage_prove.prove_finding(unknown, BENCH, tmp_path / "repro.py").unreproduced == stage_prove.ONLY_ROUNDING
    assert list(tmp_path.iterdir()) == []


def test_a_check_of_which_nothing_is_kept_ends_at_once(finding: Finding) -> None:
    with pytest.raises(KeyboardInterrupt):
        minimal(finding, replace(BENCH, kept=False))


def test_of_what_is_needed_in_the_smallest_circuit_that_stays_blamed_which_was() -> None:
    first, second = (replace(FIRST, position=position, name=name) for position, name in enumerate(("RX", "Givens")))
    circuit = of(rotation(), rotation(name="Givens"))
    seen = symptoms(World(lambda request: 0.0), circuit, blamed=first)
    raised = replace(seen, divergence=replace(seen.divergence, comparison=replace(seen.comparison, where=Signature.RAISE)))
    before = UNKNOWN.diagnosis(Confidence.CONFIRMED, "")
    of_givens = with_blame(before, second)
    assert stage_prove._still_blamed(of_givens, circuit, raised) == Blamed("operation", 1, "Givens")
    assert stage_prove._still_blamed(with_blame(before, first), circuit, raised) is first
    assert stage_prove._still_blamed(of_givens, of(rotation()), raised) is first
    assert stage_prove._still_blamed(of_givens, circuit, seen) is first, "a wrong gradient shows where it sits"


SEEN = symptoms(World(lambda request: 0.3 if request.method.diff_method == "adjoint" else 0.0), of(rotation()), apart=(0,))
CONFIRMED = DROPPED.diagnosis(Confidence.CONFIRMED, "the gradient comes back as zero", ruled_out=tuple(c.code for c in CAUSES))
UNTOLD = UNKNOWN.diagnosis(Confidence.UNKNOWN, "no cause explains every experiment")


def told(monkeypatch: pytest.MonkeyPatch, found: Diagnosis, before: Diagnosis = UNTOLD) -> Diagnosis:
    """The diagnosis of an error, of whose smallest circuit this is found."""
    monkeypatch.setattr(stage_prove, "diagnose", lambda *asked: found)
    return stage_prove._as_the_minimal_tells(Finding(SEEN.divergence, before), SEEN, BENCH).diagnosis


def test_where_the_whole_circuit_confirms_no_cause_its_smallest_part_may(monkeypatch: pytest.MonkeyPatch) -> None:
    said = told(monkeypatch, CONFIRMED)
    assert (said.code, said.confidence) == (DROPPED.code, Confidence.CONFIRMED)
    assert said.because == f"the gradient comes back as zero ({stage_prove.TOLD_BY_MINIMAL})"
    assert told(monkeypatch, CONFIRMED, DROPPED.diagnosis(Confidence.LIKELY, "")).confidence is Confidence.CONFIRMED


@pytest.mark.parametrize(
    ("found", "before"),
    [
        (DROPPED.diagnosis(Confidence.LIKELY, ""), UNTOLD),
        (SHOT_NOISE.diagnosis(Confidence.CONFIRMED, ""), UNTOLD),
        (CONFIRMED, DISPLACED.diagnosis(Confidence.CONFIRMED, "")),
        (CONFIRMED, DISPLACED.diagnosis(Confidence.LIKELY, "")),
        (replace(CONFIRMED, ruled_out=()), UNTOLD),
    ],
    ids=["likely there as well", "nothing of the circuit", "one is confirmed", "another one is likely", "a rival could not be tried"],
)
def test_else_it_stays_what_the_whole_circuit_tells(monkeypatch: pytest.MonkeyPatch, found: Diagnosis, before: Diagnosis) -> None:
    assert told(monkeypatch, found, before) is before


def proven(whole: Diagnosis, exit_code: int | None, verdict: Verdict = Verdict.ERROR) -> Finding:
    """A finding with a script that ended so, of which the smallest circuit has confirmed a cause."""
    divergence = replace(SEEN.divergence, comparison=replace(SEEN.comparison, verdict=verdict))
    script = Reproducer("", "repro.py", verified=exit_code == 1, exit_code=exit_code)
    return stage_prove._as_fresh_processes_tell(Finding(divergence, CONFIRMED, reproducer=script), whole)


def test_what_shows_in_no_fresh_process_confirms_nothing() -> None:
    left = proven(UNTOLD, 0).diagnosis
    assert (left.code, left.confidence, left.remedy) == ("QD901", Confidence.UNKNOWN, stage_prove.TRY_AGAIN)
    assert left.because.endswith(stage_prove.SHOWS_IN_NO_OTHER)
    assert proven(CONFIRMED, 0).diagnosis.confidence is Confidence.LIKELY


def test_what_shows_for_the_scripts_own_cotangents_is_no_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    judged = FoundWrong((), SEEN.question.methods[0], "3.8 where the reference has 30", Signature.VJP, 1e-11, "our own simulation")
    monkeypatch.setattr(sys.modules[__name__], "SEEN", replace(SEEN, divergence=replace(SEEN.divergence, judged=judged)))
    left = proven(UNTOLD, 0).diagnosis
    assert left.because.endswith(stage_prove.BY_COTANGENTS)
    assert left.remedy == stage_prove.IN_PROPORTION


@pytest.mark.parametrize(
    ("exit_code", "verdict"), [(1, Verdict.ERROR), (125, Verdict.ERROR), (None, Verdict.ERROR), (0, Verdict.ROUNDING)]
)
def test_a_script_that_shows_it_or_does_not_run_changes_nothing(exit_code: int | None, verdict: Verdict) -> None:
    assert proven(UNTOLD, exit_code, verdict).diagnosis is CONFIRMED


def test_where_pennylane_refuses_an_operation_a_circuit_without_it_shows_another_refusal() -> None:
    circuit = of(rotation(), rotation(name="Exp"))
    seen = symptoms(World(lambda request: 0.0), circuit)
    refused = ((seen.question.methods[0], Failure("DeviceError", "Exp not supported", refusal=True)),)
    raising = replace(seen.comparison, where=Signature.RAISE)
    divergence = replace(seen.divergence, comparison=raising, raised=refused)
    assert stage_prove._is_refused(divergence)
    assert not stage_prove._is_refused(replace(divergence, raised=((refused[0][0], Failure("TypeError", "no")),)))
    assert not stage_prove._is_refused(seen.divergence)
    same = stage_prove._SameCause(divergence, seen.question, UNKNOWN, BENCH, part="Exp")
    assert not same(of(rotation()))
    assert same.blamed is None, "nothing was evaluated"
