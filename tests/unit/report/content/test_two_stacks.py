"""Two stacks in words: how many changed, who is right, what was not asked; nothing a file brings is obeyed."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from qdiag.model.call import LOST, Failure, SourceLine
from qdiag.model.comparison import Verdict
from qdiag.model.lock import LeftOut, Missing
from qdiag.model.promise import Promise
from qdiag.model.two_stacks import Outcome, StackComparison, Upheld
from qdiag.pipeline.ci import replay_lock
from qdiag.pipeline.run_options import Silence
from qdiag.report.content import two_stacks
from qdiag.report.content.known_faults import KnownFault
from qdiag.report.content.two_stacks import LOCK, StacksPage, missing_in_words, page, stacks_in_words, verdict_of
from tests.worlds.locks import NOW, THEN, Stack, lock, locked, raising
from tests.worlds.scripted import answer, failed, moved


def found(*circuits, **by_method) -> StackComparison:
    return replay_lock(lock(*circuits), Stack(**by_method), Silence(), here=NOW)


def told(given: StackComparison) -> StacksPage:
    return page(given, LOCK, title="ci qdiag.lock: train.py")


def off(request):
    return moved(answer(request), gradient=0.5)


def test_where_nothing_changed_it_says_so_in_a_sentence() -> None:
    shown = told(found(locked(0.3), locked(0.4)))
    assert (shown.verdict, shown.sentence) == ("AGREE", "All 2 circuits give the same on both stacks, to rounding.")
    assert (shown.changes, shown.notes) == ((), ())
    assert shown.facts[0].text == "PennyLane 0.44.1 against 0.45.1"


def test_a_change_names_the_place_the_number_and_who_is_right() -> None:
    shown = told(found(backprop=off))
    assert shown.verdict == "ERROR"
    assert shown.sentence == "1 of 1 circuit changed beyond rounding between the lock and this stack. This stack is wrong in 1."
    change = shown.changes[0]
    assert (change.path, change.line) == ("train.py", 31)
    assert "circuit 0: circuit (train.py:31) under default.qubit/backprop" in change.title
    assert "its gradient is" in change.sentence
    facts = {fact.label: fact.text for fact in change.facts}
    assert facts["arbiter"].startswith("the lock is right: this stack has ")


def test_what_raises_now_is_a_change_of_its_own_kind() -> None:
    shown = told(found(backprop=raising))
    assert shown.sentence == "1 of 1 circuit raises on one side where the other gives numbers."
    assert shown.changes[0].sentence == "this stack raises DeviceError: no such gate"
    assert verdict_of(found(backprop=raising), raising_counts=True) is Verdict.ERROR
    assert verdict_of(found(backprop=raising), raising_counts=False) is Verdict.INCONCLUSIVE


def test_what_was_not_asked_is_not_said_to_agree() -> None:
    lost = Failure(LOST, "the process that evaluated it was lost", stage="worker")
    shown = told(found(backprop=lambda request: replace(failed(request.method), failure=lost)))
    assert shown.verdict == "INCONCLUSIVE"
    assert shown.sentence == "0 of 1 circuit give the same, to rounding; the others cannot be told."
    assert shown.notes == ("1 circuit not asked on both stacks: the process that evaluated it was lost",)


def test_nothing_to_ask_about_is_no_agreement() -> None:
    empty = StackComparison((THEN, NOW), (), 0)
    assert told(empty).verdict == "INCONCLUSIVE"
    assert "no circuit" in told(empty).sentence


def test_many_changes_are_cut_and_the_rest_is_counted() -> None:
    shown = told(found(*(locked(0.05 * n) for n in range(1, 26)), backprop=off))
    assert len(shown.changes) == 20
    assert any(note.startswith("5 further circuits changed") for note in shown.notes)
    assert len(shown.record["circuits"]) == 25


def test_a_known_fault_that_one_of_the_releases_has_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    fault = KnownFault("drops a slope", Promise.SILENT, ("default.qubit/backprop",), ("RY",), (), "0.45.0", "0.45.1", issue=12)
    both = replace(fault, title="on both", first_bad="0.30.0")
    monkeypatch.setattr("qdiag.report.content.known_faults.known_faults", lambda: (fault, both))
    shown = told(found(backprop=off))
    assert [fact.text for fact in shown.changes[0].facts if fact.label == "known"] == ["drops a slope (#12): PennyLane from 0.45.0"]
    assert shown.record["circuits"][0]["known"] == ["drops a slope"]


def test_versions_are_named_where_they_differ() -> None:
    assert stacks_in_words((THEN, THEN)) == "the same versions, PennyLane 0.44.1"
    newer = replace(NOW, python="3.12.1", packages=(("pennylane", "0.45.1"), ("numpy", "2.5.0"), ("torch", "2.13.0")))
    assert stacks_in_words((THEN, newer)) == (
        "Python 3.11.7 against 3.12.1, PennyLane 0.44.1 against 0.45.1, numpy 2.4.6 against 2.5.0"
    )


def test_nothing_that_a_file_brings_is_obeyed() -> None:
    one = locked()
    named = replace(one, configuration=replace(one.configuration, qnode="\x1b[2Jf\n::error::", source=SourceLine("::a\x07.py", 1)))
    change = told(found(named, backprop=off)).changes[0]
    assert "\x1b" not in change.title
    assert "::" not in change.title


def test_the_record_is_strict_and_says_what_became_of_each() -> None:
    record = json.loads(json.dumps(told(found(locked(), locked(0.9), backprop=off)).record, allow_nan=False))
    assert (record["verdict"], record["asked"], record["same"], record["first"]) == ("error", 2, 0, 0)
    assert [entry["outcome"] for entry in record["circuits"]] == ["changed", "changed"]
    assert record["circuits"][0]["upheld"] == "first"


@pytest.mark.parametrize("why", Missing)
def test_whatever_is_left_out_has_a_word(why: Missing) -> None:
    assert missing_in_words([LeftOut(why, 3)])[0].startswith("3 circuits of the run not in it: ")


def test_every_outcome_has_its_place_in_the_verdict() -> None:
    one = found().held[0]
    seen = {
        outcome: verdict_of(StackComparison((THEN, NOW), (replace(one, outcome=outcome),), 1), raising_counts=True)
        for outcome in Outcome
    }
    assert {outcome for outcome, verdict in seen.items() if verdict is Verdict.ERROR} == {Outcome.CHANGED, Outcome.RAISES}
    assert {outcome for outcome, verdict in seen.items() if verdict is Verdict.AGREE} == {Outcome.SAME, Outcome.SAMPLED}


def test_who_is_right_is_counted_over_all_changes() -> None:
    given = found(locked(gradient=0.5), locked(0.4, gradient=0.5), locked(0.9))
    assert told(given).sentence.endswith("The lock was wrong in 2.")
    assert {one.upheld for one in given.held} == {Upheld.SECOND, Upheld.UNKNOWN}
    assert two_stacks.WORDS[Verdict.ERROR] == told(given).verdict
