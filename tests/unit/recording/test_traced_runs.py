"""Runs of what JAX traced have their own numbers, and what comes back finds the run that it belongs to."""

from __future__ import annotations

import pytest

from qdiag.bridges.codec.recognition import Taken
from qdiag.recording import traced_runs
from qdiag.recording.backward import Returned
from qdiag.recording.traced_runs import CameBack, Runs, Slots, Staged
from qdiag.trace.array_bundle import pack
from tests.worlds.jax_tracers import OPEN, ZERO, JVPTracer, array, read_of, values

# --- numbers that arrive later ---------------------------------------------------------------------------------------------


def test_numbers_go_into_the_open_places_and_the_others_stay() -> None:
    slots = Slots([0.5, OPEN, 0.25, JVPTracer(OPEN)], pack([array(0.5), ZERO, array(0.25), ZERO]))
    assert len(slots) == 2
    assert values(slots.fill([array(1.5), array(2.5)])) == [0.5, 1.5, 0.25, 2.5]


def test_a_run_is_a_call_with_its_own_numbers_and_outputs() -> None:
    written = Taken("as written", pack([ZERO]), [OPEN])
    staged = Staged(read_of([0.5, OPEN], [ZERO], written), written.sources, [OPEN], 1)
    told = [array(1.5), array(2.5), array(3.5)]
    entry = staged.entry_of(told)
    assert isinstance(entry.outputs, bytes)
    assert [values(part) for part in (entry.numbers, entry.written_numbers, entry.outputs)] == [[0.5, 1.5], [2.5], [3.5]]
    assert staged.key_of(told) == array(1.5).tobytes()
    assert (staged.read.circuit.sources, staged.read.written) == ((), None), "nothing of JAX's is kept"


# --- what came back --------------------------------------------------------------------------------------------------------

CAME = CameBack((0,), (array(1.0),))


@pytest.fixture
def staged() -> Staged:
    return Staged(read_of([OPEN], [ZERO]), (), [OPEN], 1)


def test_what_comes_back_belongs_to_the_run_of_the_same_numbers(staged: Staged) -> None:
    runs, first, second = Runs(), Returned(1, 1), Returned(1, 1)
    assert runs.add(staged, b"a", first) == runs.add(staged, b"b", second) == []
    assert runs.find(staged, b"b", CAME) is second
    assert runs.find(staged, b"a", CAME) is first


def test_what_comes_back_before_its_run_was_told_waits_for_it(staged: Staged) -> None:
    runs = Runs()
    assert runs.find(staged, b"a", CAME) is None
    assert runs.add(staged, b"b", Returned(1, 1)) == []
    assert runs.add(staged, b"a", Returned(1, 1)) == [CAME]


def test_of_two_runs_of_the_same_numbers_each_gets_one_and_the_last_gets_more(staged: Staged) -> None:
    runs, first, second = Runs(), Returned(1, 1), Returned(1, 1)
    runs.add(staged, b"a", first)
    runs.add(staged, b"a", second)
    assert [runs.find(staged, b"a", CAME) for _ in range(3)] == [first, second, second]
    third = Returned(1, 1)
    runs.add(staged, b"a", third)
    assert runs.find(staged, b"a", CAME) is third


def test_only_so_many_runs_are_waited_for(staged: Staged, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traced_runs, "MOST_RUNS", 2)
    runs = Runs()
    for key in (b"a", b"b", b"c"):
        runs.add(staged, key, Returned(1, 1))
    assert runs.find(staged, b"a", CAME) is None
