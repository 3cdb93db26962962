"""Losses that ask nothing of a QNode: proven by the script itself, or remarked, or meant so and not mentioned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Optional

import numpy as np
import pytest

from qdiag.diagnosis.training import steps_in_source, zero_cotangents
from qdiag.model.call import Backward, Call, Event, SourceLine
from qdiag.model.comparison import Verdict
from qdiag.model.findings import Confidence
from qdiag.model.remarks import Remark
from qdiag.model.step_probe import LARGE, SMALL, Moved, Outcome, Spot, StepProbe
from tests.worlds import histories
from tests.worlds.scripted import call, circuit

PLACE = SourceLine("train.py", 31)
STEP = Event("step", 1)
SIGN = Spot("sign", SourceLine("train.py", 12), True)
ROUND = Spot("RoundBackward0", SourceLine("train.py", 13))
SIGMOID = Spot("SigmoidBackward0", SourceLine("train.py", 14))


def made(cotangent: Optional[float], index: int, qnode: str = "circuit", **changes: Any) -> Call:
    """A call to which a backward pass brought a cotangent, or none."""
    one = call(index, circuit(0.3), step=index, **changes)
    backwards = () if cotangent is None else (Backward((np.array(cotangent),)),)
    return replace(one, backwards=backwards, configuration=replace(one.configuration, qnode=qnode))


def probed(small: float = 2.0, large: Sequence[float] = (1.0, 3.0), *spots: Spot, qnode: str = "circuit", **changes: Any) -> StepProbe:
    """A script whose loss is 2, and what it is with the outputs moved."""
    outcomes = [Outcome(loss=2.0), Outcome(SMALL, loss=small), Outcome(-SMALL, loss=4.0 - small)]
    outcomes += [Outcome(by, loss=loss) for by, loss in zip((LARGE, -LARGE), large)]
    outcomes.append(Outcome(loss=2.0, reached=bool(spots) and not spots[0].cut, spots=spots))
    return replace(StepProbe(1, 1, Moved.OUTPUTS, qnode, PLACE, tuple(outcomes), own=2.0), **changes)


def found(
    calls: Sequence[Call], *probes: StepProbe, events: Sequence[Event] = (STEP, STEP), folder: Optional[Path] = None
) -> list[Remark]:
    return list(zero_cotangents.remarks(replace(histories.history(calls, events, step_probes=probes), folder=folder)))


ZERO = [made(0.0, 0), made(0.0, 1)]
NONE = [made(None, 0), made(None, 1)]


@pytest.mark.parametrize(
    ("calls", "spot", "words", "remedy"),
    [
        (ZERO, ROUND, ("exactly zero at all 2 calls", "in jumps only: round (train.py:13)"), "keep round for the accuracy"),
        (NONE, SIGN, ("no cotangent arrived at any of the 2 calls", "in jumps only: sign (train.py:12)"), "keep sign for the accuracy"),
        (ZERO, SIGMOID, ("exactly zero at all 2 calls", "is flat where the training is: sigmoid (train.py:14)"), "smaller factor"),
    ],
)
def test_a_loss_that_only_large_moves_change_is_proven_and_its_line_named(
    calls: list[Call], spot: Spot, words: tuple[str, ...], remedy: str
) -> None:
    (remark,) = found(calls, probed(2.0, (1.0, 3.0), spot))
    assert (remark.verdict, remark.diagnosis.code, remark.diagnosis.confidence) == (Verdict.ERROR, "QD802", Confidence.CONFIRMED)
    for part in (*words, "stays 2 to the last bit", "it is 1, 3"):
        assert part in remark.diagnosis.because
    assert remedy in remark.diagnosis.remedy
    assert remark.places == (spot.place, PLACE)
    assert (remark.call, remark.calls, remark.qnodes) == (calls[0], (0, 1), ("circuit",))
    assert [(item.before, item.after) for item in remark.diagnosis.evidence] == [(2.0, 2.0), (2.0, 1.0)]


def test_jumps_are_a_fault_also_where_the_loss_is_at_its_lowest() -> None:
    (remark,) = found(ZERO, probed(2.0, (3.0, 4.0), ROUND))
    assert remark.verdict is Verdict.ERROR


@pytest.mark.parametrize(
    ("calls", "probe"),
    [
        # a margin that is kept
        (ZERO, probed(2.0, (3.0, 4.0), Spot("ReluBackward0", PLACE))),
        # a minimum
        (ZERO, probed(outcomes=tuple(Outcome(by, loss=2.0 + by**2) for by in (0.0, SMALL, -SMALL, LARGE, -LARGE)))),
        # taken out of the graph on purpose: what a parameter misses by that is seen elsewhere
        (NONE, probed(2.1, (1.0, 3.0), Spot("detach", PLACE, True))),
        (NONE, probed(2.0, (1.0, 3.0), Spot("detach", PLACE, True))),
        (NONE, probed(2.0, (2.0, 2.0))),
    ],
)
def test_what_is_meant_is_not_mentioned(calls: list[Call], probe: StepProbe) -> None:
    assert found(calls, probe) == []


@pytest.mark.parametrize("cotangent", [1e-300, np.nan])
def test_one_cotangent_that_is_not_zero_is_enough(cotangent: float) -> None:
    assert found([*ZERO, made(cotangent, 2)], probed(2.0, (1.0, 3.0), ROUND)) == []


def test_nothing_is_said_without_a_step_or_of_a_circuit_without_parameters() -> None:
    assert found(ZERO, probed(2.0, (1.0, 3.0), ROUND), events=()) == []
    untracked = [replace(one, circuit=replace(one.circuit, operations=one.circuit.operations[1:])) for one in ZERO]
    assert found(untracked, probed(2.0, (1.0, 3.0), ROUND)) == []


def test_a_loss_that_ignores_the_only_qnode_is_remarked_and_one_of_several_is_not() -> None:
    unused = probed(2.0, (2.0, 2.0), Spot("MulBackward0", PLACE))
    (remark,) = found(ZERO, unused)
    assert (remark.verdict, remark.diagnosis.confidence) == (Verdict.REMARK, Confidence.CONFIRMED)
    assert "however far" in remark.diagnosis.because
    assert "mul (train.py:31)" in remark.diagnosis.because
    assert found([*ZERO, made(1.0, 2, "other")], unused) == []


def test_a_slope_that_the_gradient_does_not_know_is_remarked() -> None:
    (remark,) = found(ZERO, probed(2.0 + 3e-4, (1.0, 3.0), Spot("MyFunctionBackward", PLACE)))
    assert remark.verdict is Verdict.REMARK
    assert "by a slope of 0.3" in remark.diagnosis.because


def test_a_hook_that_returns_zeros_is_told_as_one() -> None:
    hook = Spot("BackwardHookFunctionBackward", SourceLine("train.py", 11, "step"))
    (remark,) = found([made(0.0, 0), made(0.0, 1)], probed(2.2, (1.0, 3.0), hook))
    assert "a module's backward hook (train.py:11) passes nothing back" in remark.diagnosis.because
    assert "a hook that returns zeros" in remark.diagnosis.remedy


def test_an_action_by_argmax_beside_a_qnode_that_learns_is_no_error() -> None:
    argmax = probed(2.0, (1.0, 3.0), replace(SIGN, operation="argmax"))
    (remark,) = found([*NONE, made(1.0, 2, "other")], argmax)
    assert remark.verdict is Verdict.REMARK


def test_a_small_move_over_a_step_that_drops_the_graph_is_a_jump_and_no_slope() -> None:
    argmax, product = replace(SIGN, operation="argmax"), Spot("item", PLACE, True)
    for small in (2.0, 2.1):
        (remark,) = found(NONE, probed(small, (1.0, 3.0), argmax))
        assert "the loss follows the outputs in jumps only: argmax (train.py:12)" in remark.diagnosis.because
    assert found(NONE, probed(2.1, (1.0, 3.0), argmax, product)) == []


def test_a_reward_or_mask_of_zeros_is_no_error_of_the_loss() -> None:
    (remark,) = found(ZERO, probed(2.0, (1.0, 3.0), Spot("MulBackward0", PLACE)))
    assert remark.verdict is Verdict.REMARK


def test_qnodes_that_go_the_same_way_are_told_once() -> None:
    other = [made(0.0, 2, "other"), made(0.0, 3, "other")]
    (remark,) = found([*ZERO, *other], probed(2.0, (1.0, 3.0), ROUND), probed(2.0, (1.0, 3.0), ROUND, qnode="other"))
    assert (remark.qnodes, remark.calls) == (("circuit", "other"), (0, 1, 2, 3))


def test_without_an_experiment_it_is_likely_and_the_script_is_looked_through(tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text("import torch\n\ndef loss(x):\n    return torch.round(x).sum()\n")
    (remark,) = found(ZERO, folder=tmp_path)
    assert (remark.verdict, remark.diagnosis.confidence) == (Verdict.REMARK, Confidence.LIKELY)
    assert "round (train.py:4)" in remark.diagnosis.because
    assert remark.places == (SourceLine("train.py", 4), PLACE)
    (remark,) = found(ZERO, probed(note="it writes a file"))
    assert "no experiment was possible: it writes a file" in remark.diagnosis.because
    assert found(ZERO[:1]) == found(NONE) == found([*ZERO, made(1.0, 2, "other")]) == []


def test_the_nearest_lines_come_first_and_what_cannot_be_read_gives_none(tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text("sign(1)\nnp.sign(2)\n\nprint(3)\nx.sign()\nsign\n")
    lines = steps_in_source.lines_with_steps(tmp_path, SourceLine("train.py", 5), {"sign"})
    assert [line.place.line for line in lines] == [5, 2, 1]
    assert steps_in_source.lines_with_steps(tmp_path, SourceLine("other.py", 5), {"sign"}) == ()
    script.write_text("def (")
    assert steps_in_source.lines_with_steps(tmp_path, SourceLine("train.py", 5), {"sign"}) == ()
