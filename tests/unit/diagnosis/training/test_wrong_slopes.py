"""QD812 is said where a gradient misses a part of the slope, and the graph is dropped on the way: neither alone is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qdiag.diagnosis.training.wrong_slopes import BACKWARD, NO_GRAPH, remarks
from qdiag.model.call import SourceLine
from qdiag.model.comparison import Verdict
from qdiag.model.measured import Measured
from qdiag.model.probe import Probe
from qdiag.model.step_probe import SMALL, Moved, Outcome, Spot, StepProbe
from qdiag.model.training import Leaf
from tests.worlds import histories
from tests.worlds.recorded_trainings import Told

LISTED = Spot("tolist", SourceLine("train.py", 12, "loss"), True)
GRADIENT = Spot("torch.autograd.grad", SourceLine("train.py", 14, "loss"), True)
OWN = Spot("backward of Layer", SourceLine("train.py", 3, "backward"), True)


def training() -> Told:
    told = Told()
    told.optimiser(Leaf(0, (2,), "float64", "weights"))
    for _ in range(4):
        told.root(0, calls=(told.calls_qnode(circuit=(0,)),))
    return told


def probe(
    *spots: Spot, slope: float = 2.0, given: float = 1.5, curved: float = 0.0, token: int = 0, feels: tuple[bool, ...] = (True, True)
) -> StepProbe:
    lengths = (SMALL, -SMALL, SMALL / 2, -SMALL / 2)
    moves = (Outcome(by, loss=1.0 + slope * by + curved * by**3) for by in lengths)
    stirred = (Outcome(loss=1.5 if felt else 1.0, stirred=place) for place, felt in enumerate(feels, 1))
    outcomes = (Outcome(loss=1.0, reached=True, spots=spots), *stirred, *moves)
    return StepProbe(2, 2, Moved.HELD, "Adam", outcomes=outcomes, own=1.0, token=token, given=given)


@pytest.mark.parametrize(("spot", "remedy"), [(LISTED, "keep tensors as tensors"), (GRADIENT, NO_GRAPH), (OWN, BACKWARD)])
def test_it_is_told_with_both_numbers_the_line_and_what_to_do(spot: Spot, remedy: str) -> None:
    (found,) = remarks(training().history(step_probes=[probe(spot)]))
    assert (found.verdict, found.diagnosis.code, found.places, found.calls) == (Verdict.REMARK, "QD812", (spot.place,), (2,))
    assert "the backward pass after step 2 brings 1.5, while" in found.diagnosis.because
    assert "goes by 2; on the way to that loss the graph is left at" in found.diagnosis.because
    assert found.diagnosis.remedy.startswith(remedy)


@pytest.mark.parametrize(
    "quiet",
    [
        probe(LISTED, given=2.0),
        probe(LISTED, given=1.999),
        probe(LISTED, curved=1e6, given=2.5),
        probe(),
        probe(LISTED, feels=(False,)),
        replace(probe(LISTED), given=None),
        replace(probe(LISTED), own=1.0001),
        replace(probe(LISTED), moved=Moved.PARAMETER),
    ],
    ids=["it fits", "nearly", "bent", "nothing drops the graph", "a log", "nothing was brought", "not repeatable", "another probe"],
)
def test_nothing_is_told_without_a_gap_or_without_a_place(quiet: StepProbe) -> None:
    assert not list(remarks(training().history(step_probes=[quiet])))


@pytest.mark.parametrize("where", [0, 2, 3])
def test_nothing_is_told_where_results_on_the_way_are_drawn(where: int) -> None:
    told = training()
    told.calls[where] = replace(told.calls[where], circuit=replace(told.calls[where].circuit, shots=(200,)))
    assert len(list(remarks(told.history(step_probes=[probe(LISTED)])))) == (where == 0)


@pytest.mark.parametrize("seen", [Probe(0, device=Measured(samples=1000)), Probe(0, repeatable=False)])
def test_nor_where_a_device_draws_without_a_word(seen: Probe) -> None:
    told = training()
    history = histories.history(told.calls, told.events, step_probes=[probe(LISTED)], probes=[seen])
    assert not list(remarks(history))


def test_a_line_that_only_logs_is_not_named_beside_the_one_that_counts() -> None:
    (found,) = remarks(training().history(step_probes=[probe(LISTED, GRADIENT, feels=(False, True))]))
    assert found.places == (GRADIENT.place,)
    assert "tolist" not in found.diagnosis.because


def test_each_optimiser_is_told_once() -> None:
    probes = [probe(LISTED), probe(LISTED, given=1.0), probe(LISTED, token=1)]
    assert len(list(remarks(training().history(step_probes=probes)))) == 2
