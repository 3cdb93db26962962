"""A mistake of our own costs a run a cause or a row, never the report; and the report says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, Optional, cast

import numpy as np
import pytest

from qdiag.evaluation.answers import LOGGER
from qdiag.model.call import Argument, Failure, Process, Script
from qdiag.model.circuit import Circuit
from qdiag.model.node import Node
from qdiag.model.parameter import Parameter
from qdiag.pipeline.notes import about_marks, about_processes, about_second_differences, about_widening, own_failures
from tests.worlds.methods import methods
from tests.worlds.scripted import call, circuit


def test_mistakes_are_noted_in_their_order_and_the_same_once() -> None:
    with own_failures() as told:
        for asked in ("a", "b", "a"):
            LOGGER.warning("qdiag itself failed on %s", asked)
        LOGGER.info("something else")
    assert told == ["qdiag itself failed on a", "qdiag itself failed on b"]


def test_what_comes_after_the_run_is_none_of_its_notes() -> None:
    with own_failures() as told:
        pass
    LOGGER.warning("qdiag itself failed on c")
    assert told == []


class Recorded:
    """A trace of some calls of one structure, as far as notes about marks look at it."""

    def __init__(self, *made: Circuit, differentiated: bool, handed: bool = False) -> None:
        self.made, self.differentiated, self.handed = made, differentiated, handed

    def __len__(self) -> int:
        return len(self.made)

    def first_of_each_structure(self, limit: Any = None, *, apart: bool = False) -> tuple[int, ...]:
        return (0,)

    def is_differentiated(self, index: int) -> bool:
        return self.differentiated

    def call(self, index: int) -> Any:
        return replace(call(index, circuit(0.3)), circuit=self.made[index])


def rotations(*flags: tuple[bool, bool], values: Sequence[float] = (0.3, 0.3, 0.3)) -> Circuit:
    node = Node("Rot", tuple(Parameter(np.array(value), "autograd", *given) for value, given in zip(values, flags)), None, (0,))
    return Circuit((node,), ())


TRAINED, MARKED = (True, False), (False, True)


def notes_of(*made: Circuit, differentiated: bool, handed: bool = False) -> list[str]:
    return list(about_marks(Recorded(*made, differentiated=differentiated, handed=handed)))  # type: ignore[arg-type]


def test_what_is_only_marked_is_named_once_with_what_takes_the_mark_off() -> None:
    (note,) = notes_of(rotations(TRAINED, MARKED, MARKED), differentiated=True)
    assert note.startswith("Rot#0:1, Rot#0:2 in the circuit of call 0: marked trainable")
    assert note.endswith("requires_grad=False")


@pytest.mark.parametrize(
    ("values", "asked"),
    [
        ([(0.3, 0.1), (0.3, 0.2), (0.3, 0.4)], True),
        ([(0.3, 0.1), (0.3, 0.2), (0.3, 0.1)], False),
        ([(0.3, 0.1), (0.5, 0.2), (0.7, 0.4)], False),
        ([(0.3, 0.1), (0.5, 0.1), (0.7, 0.1)], False),
    ],
    ids=["weights that train", "two batches", "data beside weights that train", "constants"],
)
def test_a_mark_on_what_changes_while_what_is_differentiated_by_does_not_may_be_the_weights(
    values: list[tuple[float, float]], asked: bool
) -> None:
    (note,) = notes_of(*(rotations(TRAINED, MARKED, values=pair) for pair in values), differentiated=True)
    assert note.endswith("(argnums)?") is asked
    assert note.endswith("requires_grad=False") is not asked


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (rotations(TRAINED), "no backward pass came back to any call"),
        (rotations(MARKED), "nothing in any circuit is trainable"),
        (rotations((False, False)), "nothing in any circuit is trainable"),
    ],
)
def test_that_nothing_was_differentiated_is_said_with_why(made: Circuit, why: str) -> None:
    assert notes_of(made, differentiated=False) == [f"{why}: what the methods give was compared by outputs alone"]


def test_nothing_is_noted_of_marks_where_all_is_as_it_should_be_or_was_handed_in() -> None:
    assert notes_of(rotations(TRAINED), differentiated=True) == []
    assert notes_of(rotations(TRAINED, MARKED), differentiated=True, handed=True) == []


def test_whose_calls_are_which_is_told_where_several_processes_made_them() -> None:
    processes = (Process("", 0, 4), Process("rank 1", 4, 5))
    (note,) = about_processes(cast(Any, SimpleNamespace(processes=processes)))
    assert note == "the calls are of several processes, one after the other: the script 0 to 3, rank 1 4 to 8"
    assert not list(about_processes(cast(Any, SimpleNamespace(processes=()))))


def test_many_processes_are_counted() -> None:
    processes = tuple(Process(f"rank {n}", n, 1) for n in range(20))
    (note,) = about_processes(cast(Any, SimpleNamespace(processes=processes)))
    assert "12 more processes" in note


# --- results wider than what was given -------------------------------------------------------------------------------------

CLASH = Failure("RuntimeError", "mat1 and mat2 must have the same dtype, but got Double and Float")


class Ended:
    """A trace whose script ended by an exception, and its last call."""

    def __init__(self, failure: Optional[Failure], *, given: str = "float32", out: Any = np.float64, layer: str = "") -> None:
        self.script = Script("train.py", failure=failure)
        made = call(0, circuit(0.3))
        self.last = replace(
            made,
            arguments=(Argument("x", "torch", given, (2,), False), Argument("label", "torch", "int64", (), False)),
            outputs=(np.array(0.5, out),),
            output_container="torch",
            configuration=replace(made.configuration, layer=layer),
        )

    def __len__(self) -> int:
        return 1

    def call(self, index: int) -> Any:
        return self.last


def test_where_torch_refuses_two_dtypes_it_is_said_that_the_qnode_made_one_of_the_other() -> None:
    (note,) = about_widening(cast(Any, Ended(CLASH)))
    assert "is given float32 and gives float64" in note
    assert "circuit(…).float()" in note


@pytest.mark.parametrize(
    "ended",
    [
        Ended(None),
        Ended(Failure("ValueError", "floating point number wanted")),
        Ended(CLASH, given="float64"),
        Ended(CLASH, out=np.float32),
        Ended(CLASH, layer="TorchLayer"),
    ],
    ids=["ran", "another", "wide before", "not wider", "a layer"],
)
def test_nothing_is_said_where_it_did_not(ended: Ended) -> None:
    assert list(about_widening(cast(Any, ended))) == []


# --- second derivatives by differences -------------------------------------------------------------------------------------


class Twice:
    """A trace of one call that is differentiated twice, under a method."""

    def __init__(self, method: str, order: int = 2, **options: Any) -> None:
        own = replace(methods(f"default.qubit/{method}")[0], gradient_options=tuple(options.items()))
        made = call(0, circuit(0.3), own)
        given = (("max_diff", order),) if order > 1 else ()
        passes = (replace(made.backwards[0], create_graph=True),)
        self.made = replace(made, backwards=passes, configuration=replace(made.configuration, execution_options=given))

    def first_differentiated_twice(self) -> tuple[int, ...]:
        return (0,)

    def call(self, index: int) -> Any:
        return self.made


@pytest.mark.parametrize(("options", "left"), [({}, "some 0.022 times"), ({"h": 1e-3}, "some 2.2e-10 times")])
def test_that_second_differences_are_compared_with_nothing_is_said_and_what_rounding_leaves_of_them(options: Any, left: str) -> None:
    (note,) = about_second_differences(cast(Any, Twice("finite-diff", **options)))
    assert "compared with nothing" in note
    assert left in note


@pytest.mark.parametrize("twice", [Twice("finite-diff", order=1), Twice("parameter-shift"), Twice("backprop")])
def test_of_others_and_of_zeros_nothing_is(twice: Twice) -> None:
    assert list(about_second_differences(cast(Any, twice))) == []
