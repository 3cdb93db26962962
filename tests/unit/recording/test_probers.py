"""Probes begin where the trace asks for them; the first that fails is the last of its kind, says so, and never reaches the script."""

from __future__ import annotations

import os
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, Optional

import pytest

pytestmark = pytest.mark.stack

probers_module = pytest.importorskip("qdiag.recording.probers")

from qdiag.model.coverage import Gap  # noqa: E402
from qdiag.recording import probe_schedule, step_probe, traced_calls  # noqa: E402
from qdiag.recording.probers import Probers  # noqa: E402

PARAMETERS: Sequence[Any] = (SimpleNamespace(name="w", value=0.3, token=1),)


class Journal:
    """What it was told."""

    def __init__(self, home: Optional[int] = None) -> None:
        self.path, self.count = "trace.qdiag", 3
        self.at_home = home is None
        self.notes: list[str] = []
        self.gaps: list[tuple[Gap, str]] = []

    def note(self, text: str) -> None:
        self.notes.append(text)

    def unseen(self, gap: Gap, text: str) -> None:
        self.gaps.append((gap, text))


class Prober:
    """One of either kind: notes what it is asked, or fails at it."""

    def __init__(self, fails: bool = False) -> None:
        self.asked: list[str] = []
        self._fails = fails

    def __getattr__(self, name: str) -> Any:
        def ask(*given: Any, **named: Any) -> bool:
            self.asked.append(name)
            if self._fails and name != "is_waiting":
                raise RuntimeError("no fork today")
            return True

        return ask


def call(parent: Any = None) -> Any:
    return SimpleNamespace(parent=parent, qnode="qnode", is_followed_by_autograd=False)


def read(container: str = "torch") -> Any:
    entry = SimpleNamespace(container=container, configuration="", structure=1, arguments=(), outputs=())
    return SimpleNamespace(entry=entry, qnode=SimpleNamespace(code=None, shared={"": ""}), circuit=SimpleNamespace(form=object()))


def probers(journal: Journal, prober: Optional[Prober] = None) -> Probers:
    made = Probers(journal, SimpleNamespace(begun=False), None, lambda: None)  # type: ignore[arg-type]
    if prober is not None:
        made._of_qnodes = made._of_steps = prober  # type: ignore[assignment]
    return made


def ask_all(made: Probers, *, inside: Any = None) -> None:
    made.release("qnode")
    made.called(call(inside), read(), 0)
    made.returned(call(inside), (), 0, 0)
    made.ungiven(PARAMETERS, 0)
    made.slopes(0, 2, PARAMETERS, 0)  # type: ignore[arg-type]
    made.root(0.5)
    made.pass_ends(False)
    made.pass_ends(True)


def test_before_they_begin_they_do_nothing() -> None:
    journal = Journal()
    made = probers(journal)
    ask_all(made)
    made.cannot_probe("why")
    assert not made.probing
    assert not journal.notes
    assert not journal.gaps


@pytest.mark.parametrize("wanted", ["", "yes"])
def test_they_begin_where_the_trace_asks_for_them(wanted: str) -> None:
    made = probers(Journal())
    made.begin(SimpleNamespace(fact=lambda name: wanted if name == probe_schedule.WANTED else ""))  # type: ignore[arg-type]
    assert made.probing is bool(wanted)


def test_each_is_asked_at_its_turn() -> None:
    prober = Prober()
    ask_all(probers(Journal(), prober))
    assert prober.asked == ["is_waiting", "release", "probe_if_due", "returned", "ask", "ask_slopes", "release", "root", "pass_ends"]


def test_a_call_inside_of_another_is_not_probed() -> None:
    prober = Prober()
    made = probers(Journal(), prober)
    made.called(call(parent="outer"), read(), 0)
    made.returned(call(parent="outer"), (), 0, 0)
    assert prober.asked == []


def test_of_a_call_under_jax_no_copy_is_asked_and_that_is_said() -> None:
    told: list[str] = []
    made = probers(Journal(), Prober())
    made._of_qnodes = SimpleNamespace(cannot_probe=told.append)  # type: ignore[assignment]
    made.called(call(), read("jax"), 0)
    assert told == [traced_calls.NO_COPY]


def test_another_process_than_the_one_at_home_probes_nothing() -> None:
    prober = Prober()
    ask_all(probers(Journal(home=os.getppid()), prober))
    assert prober.asked == []


def test_the_first_that_fails_is_the_last_of_its_kind() -> None:
    journal = Journal()
    made = probers(journal, Prober(fails=True))
    ask_all(made)
    ask_all(made)
    assert journal.gaps == [(Gap.NOT_PROBED, f"{probe_schedule.UNAVAILABLE}: RuntimeError: no fork today.")]
    assert journal.notes == [f"{step_probe.UNAVAILABLE}: RuntimeError: no fork today"]
