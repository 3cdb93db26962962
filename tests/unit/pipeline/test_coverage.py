"""What was not seen is gathered: from the trace's events, also those of an earlier qdiag, from probes, from the deadline."""

from __future__ import annotations

from qdiag.evaluation.limits import Deadline
from qdiag.model.call import Event
from qdiag.model.coverage import Gap, Unseen, event_of
from qdiag.model.probe import Probe
from qdiag.pipeline.coverage import MOST_TEXTS, of_deadline, of_events, of_probes


def unrecorded(text: str) -> Event:
    return Event(event_of(Gap.UNRECORDED), 0, text)


def test_the_same_words_stand_once_with_the_number_of_calls() -> None:
    assert list(of_events([unrecorded("a"), unrecorded("b"), unrecorded("a")])) == [
        Unseen(Gap.UNRECORDED, "a", 2),
        Unseen(Gap.UNRECORDED, "b", 1),
    ]


def test_many_different_words_are_cut_and_no_call_is_lost() -> None:
    found = list(of_events([unrecorded(str(number)) for number in range(MOST_TEXTS + 3)]))
    assert len(found) == MOST_TEXTS + 1
    assert sum(one.calls or 0 for one in found) == MOST_TEXTS + 3


def test_what_is_not_of_single_calls_has_no_number() -> None:
    assert list(of_events([Event(event_of(Gap.THREADS), 1, "t"), Event("note", 1, "n")])) == [Unseen(Gap.THREADS, "t")]


def test_the_events_of_an_earlier_qdiag_say_the_same() -> None:
    stopped = "recording stopped before the script ended: disk is full"
    threads = "QNode calls from several threads: PennyLane is not thread-safe"
    events = [Event("warning", 0, stopped), Event("warning", 0, threads), Event("unrecorded", 0), Event("warning", 0, "of torch")]
    assert list(of_events(events)) == [
        Unseen(Gap.STOPPED, stopped),
        Unseen(Gap.THREADS, threads),
        Unseen(Gap.UNRECORDED, "", 1),
    ]


def test_a_probe_that_was_cut_is_one_and_a_complete_one_is_none() -> None:
    (cut,) = of_probes([Probe(0, complete=True), Probe(4, note="it ended")])
    assert cut == Unseen(Gap.PROBE_CUT, "The probe of call 4 is incomplete: it ended.", 1)


def test_a_budget_that_was_spent_is_said_and_one_that_was_not_is_not() -> None:
    spent, left = Deadline(0.0), Deadline(60.0)
    for deadline in (spent, left):
        deadline.begin()
    (one,) = of_deadline(spent)
    assert one.gap is Gap.BUDGET
    assert "budget of 0 s" in one.text
    assert list(of_deadline(left)) == list(of_deadline(Deadline())) == []
