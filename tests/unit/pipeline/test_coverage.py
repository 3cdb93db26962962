"""What was not seen is gathered: from the trace's events, also those of an earlier qdiag, from probes, from the deadline."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Optional

import pytest

from qdiag.evaluation.limits import Deadline
from qdiag.model.call import Event
from qdiag.model.circuit import AS_DECOMPOSITION, MOVED_TO_CPU
from qdiag.model.coverage import Gap, Unseen, event_of
from qdiag.model.probe import REPRESENTATIVES, Probe
from qdiag.pipeline.coverage import MOST_NAMES, MOST_TEXTS, of_circuits, of_deadline, of_events, of_probing
from qdiag.pipeline.notes import about_alike
from tests.worlds.scripted import call, circuit


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


class Noted:
    """A trace of circuits with notes."""

    def __init__(self, *notes: tuple[str, ...]) -> None:
        self.notes = notes

    def first_of_each_structure(self, limit: Optional[int] = None) -> tuple[int, ...]:
        return tuple(range(len(self.notes)))

    def call(self, index: int) -> Any:
        return call(index, replace(circuit(0.3), notes=self.notes[index]))


def test_what_was_recorded_otherwise_than_it_ran_is_said_once() -> None:
    decomposed, moved = f"MPS {AS_DECOMPOSITION} (it holds the function block)", f"a tensor on cuda {MOVED_TO_CPU}"
    found = list(of_circuits(Noted((decomposed,), (), ("the wire 1.5 was recorded under its text",), (decomposed, moved))))
    assert [one.gap for one in found] == [Gap.OTHERWISE] * 2
    assert found[0].text == f"{decomposed}: methods were compared on its parts, and its own rules were not."
    then = "methods were compared on the CPU, where rounding may be another; the script's own on the GPU, too, if there is one."
    assert found[1].text == f"A tensor on cuda {MOVED_TO_CPU}: {then}"


class Recorded:
    """A trace of one call of each of some QNodes made in one place, as far as probes are asked for."""

    alike = False

    def __init__(self, qnodes: int, *probes: Probe, wanted: bool = True, transforms: tuple[str, ...] = ()) -> None:
        self.qnodes, self.probes, self.probes_wanted, self.transforms = qnodes, probes, wanted, transforms

    def first_of_each_configuration(self) -> tuple[int, ...]:
        return tuple(range(self.qnodes))

    def call(self, index: int) -> Any:
        made = call(index, circuit(0.3))
        return replace(made, configuration=replace(made.configuration, qnode="circuit", number=index, transforms=self.transforms))

    def structure_of(self, index: int) -> str:
        return "one" if self.alike else str(index)


class Alike(Recorded):
    """The same, of circuits of one structure."""

    alike = True


def probing(qnodes: int, *probes: Probe, wanted: bool = True, why: str = "") -> list[Unseen]:
    events = [Event(event_of(Gap.NOT_PROBED), 0, why)] if why else []
    return list(of_probing(Recorded(qnodes, *probes, wanted=wanted), events))  # type: ignore[arg-type]


def test_where_each_qnode_was_probed_to_the_end_once_nothing_is_said() -> None:
    assert probing(2, Probe(0, complete=True), Probe(0, note="cut"), Probe(1, complete=True), why="Probe unavailable: later.") == []


def test_qnodes_of_one_place_that_were_never_probed_are_counted_and_named() -> None:
    (one,) = probing(8, Probe(0, complete=True), *(Probe(index, complete=True) for index in range(3, 8)), why="Probe unavailable: X.")
    assert (one.gap, one.calls, one.of) == (Gap.NOT_PROBED, 2, 8)
    assert one.text == (
        "Gradients outside of the circuits were not looked at in 2 of 8 QNodes (circuit #2, circuit #3). Probe unavailable: X."
    )


@pytest.mark.parametrize(("looked_at", "missing"), [(REPRESENTATIVES - 1, 1), (REPRESENTATIVES, 0)])
def test_few_that_are_alike_stand_for_all_which_is_said(looked_at: int, missing: int) -> None:
    trace: Any = Alike(looked_at + 1, *(Probe(index, complete=True) for index in range(looked_at)))
    assert [one.calls for one in of_probing(trace, [])] == [missing] * bool(missing)
    notes = list(about_alike(trace))
    assert [note.startswith(f"{looked_at} of {looked_at + 1} QNodes were looked at") for note in notes] == [True] * (not missing)


def test_of_qnodes_with_unlike_circuits_none_stands_for_others() -> None:
    (one,) = probing(9, *(Probe(index, complete=True) for index in range(8)))
    assert one.calls == 1


def test_many_are_not_all_named() -> None:
    (one,) = probing(80, Probe(0, complete=True))
    assert f"and {79 - MOST_NAMES} more" in one.text


def test_what_a_transform_works_out_of_several_circuits_is_not_to_be_probed() -> None:
    made = Recorded(2, Probe(0, note="QuantumFunctionError: No trainable parameters."), transforms=("metric_tensor",))
    assert list(of_probing(made, [])) == []  # type: ignore[arg-type]


def test_that_no_probe_was_asked_for_is_said_as_that() -> None:
    (one,) = probing(1, wanted=False)
    assert one.text == "Gradients outside of the circuits were not looked at. No probe was asked for."


def test_words_that_end_with_a_full_stop_get_no_second_one() -> None:
    (cut,) = probing(1, Probe(0, note="ValueError: no."))
    assert "ValueError: no. Gradients" in cut.text


def test_a_probe_that_was_cut_says_why_and_what_follows_and_what_to_do() -> None:
    (cut,) = probing(1, Probe(0, note="it took more than 20 s of processor time; give it more"))
    assert cut.gap is Gap.PROBE_CUT
    assert cut.text == (
        "The probe of circuit at call 0 did not come to its end: it took more than 20 s of processor time; give it more. "
        "Gradients outside of the circuits were looked at only in part."
    )


def test_a_budget_that_was_spent_is_said_and_one_that_was_not_is_not() -> None:
    spent, left = Deadline(0.0), Deadline(60.0)
    for deadline in (spent, left):
        deadline.begin()
    (one,) = of_deadline(spent)
    assert one.gap is Gap.BUDGET
    assert "budget of 0 s" in one.text
    assert list(of_deadline(left)) == list(of_deadline(Deadline())) == []
