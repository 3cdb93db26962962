"""Calls are judged by what the script differentiates, and by nothing that is only marked."""

from __future__ import annotations

from dataclasses import replace
from typing import Optional

import numpy as np
import pytest

from qdiag.judging.differentiated import JudgedCalls, as_judged
from qdiag.model.call import Call
from qdiag.model.circuit import Circuit
from qdiag.model.parameter import Parameter
from qdiag.model.probe import Probe
from qdiag.model.variants import with_parameters
from tests.worlds.scripted import call, circuit


def of(*kinds: str) -> Circuit:
    """A circuit with a parameter for each: ``trained``, ``marked``, ``constant``, or a marked ``integer``."""
    values = {"integer": np.array(2)}
    made = circuit(0.3)
    numbers = [(values.get(kind, np.array(0.3)), kind == "trained", kind in ("marked", "integer")) for kind in kinds]
    node = replace(made.operations[0], data=tuple(Parameter(value, "autograd", trained, marked) for value, trained, marked in numbers))
    return replace(made, operations=(node,))


def kinds(made: Circuit) -> list[str]:
    return ["trained" if p.trainable else "marked" if p.marked else "constant" for p in made.parameters]


def made_call(made: Circuit) -> Call:
    return replace(call(0, circuit(0.3)), circuit=made)


def test_a_call_that_a_backward_pass_came_back_to_is_judged_as_it_was_recorded() -> None:
    recorded = made_call(of("trained", "marked"))
    assert as_judged(recorded, differentiated=True) is recorded
    assert as_judged(recorded, differentiated=True, handed=True) is recorded


def test_a_call_that_is_only_evaluated_is_differentiated_by_nothing_and_marked_as_before() -> None:
    found = as_judged(made_call(of("trained", "marked", "constant")), differentiated=False)
    assert kinds(found.circuit) == ["marked", "marked", "constant"]
    assert found.circuit.trainable == ()


def test_the_circuit_as_written_is_judged_alike() -> None:
    recorded = replace(made_call(of("trained")), written=of("trained", "constant"))
    found = as_judged(recorded, differentiated=False)
    assert found.written is not None
    assert kinds(found.written) == ["marked", "constant"]


def test_what_is_handed_in_is_asked_about_by_all_that_is_marked_but_whole_numbers() -> None:
    found = as_judged(made_call(of("trained", "marked", "constant", "integer")), differentiated=False, handed=True)
    assert kinds(found.circuit) == ["trained", "trained", "constant", "marked"]


def test_a_call_with_nothing_to_differentiate_by_stays_what_it_is() -> None:
    recorded = made_call(of("constant"))
    assert as_judged(recorded, differentiated=False) is recorded
    assert as_judged(recorded, differentiated=False, handed=True) is recorded


class Recorded:
    """A trace of three calls of one structure, of which the second is differentiated."""

    handed = False
    probes: tuple[Probe, ...] = ()

    def __init__(self) -> None:
        self.differentiated = {1}

    def __len__(self) -> int:
        return 3

    def call(self, index: int) -> Call:
        return made_call(of("trained"))

    def structure_of(self, index: int) -> str:
        return "one"

    def is_differentiated(self, index: int) -> bool:
        return index in self.differentiated

    def first_of_each_structure(self, limit: Optional[int] = None, *, apart: bool = False) -> tuple[int, ...]:
        return (0, 1) if apart else (0,)

    def refresh(self) -> int:
        return 3


def test_calls_of_one_structure_are_told_apart_by_whether_they_are_differentiated() -> None:
    calls = JudgedCalls(Recorded())
    assert [kinds(calls.call(index).circuit) for index in range(3)] == [["marked"], ["trained"], ["marked"]]
    assert calls.structure_of(0) == calls.structure_of(2) != calls.structure_of(1)
    assert calls.first_of_each_structure() == (0, 1)


def test_whoever_judges_says_which_precision_is_assumed() -> None:
    assert JudgedCalls(Recorded(), "complex64").call(1).configuration.assumed == "complex64"
    assert JudgedCalls(Recorded()).call(1).configuration.assumed == ""


def test_a_backward_pass_that_came_later_is_seen_at_the_next_look() -> None:
    recorded = Recorded()
    calls = JudgedCalls(recorded)
    assert kinds(calls.call(2).circuit) == ["marked"]
    recorded.differentiated.add(2)
    calls.refresh()
    assert kinds(calls.call(2).circuit) == ["trained"]


@pytest.mark.parametrize("positions", [(), (0,), (0, 1)])
def test_making_others_trainable_leaves_marks_where_they_are(positions: tuple[int, ...]) -> None:
    from qdiag.model.variants import with_trainable, without_marks

    found = with_trainable(of("trained", "marked", "constant"), positions)
    assert kinds(found) == ["trained" if 0 in positions else "constant", "trained" if 1 in positions else "marked", "constant"]
    assert kinds(without_marks(of("trained", "marked", "marked"), [1])) == ["trained", "constant", "marked"]
    assert with_parameters(found, found.parameters).marked == found.marked
