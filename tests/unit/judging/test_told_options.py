"""Options that only the script's device was told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from qdiag.judging.replay.plan import Plan
from qdiag.judging.replay.replay import Replay
from qdiag.judging.told_options import moved_by_options, telling_options, with_and_without
from qdiag.model.comparison import Verdict
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.method import Method
from tests.worlds.methods import methods
from tests.worlds.scripted import ScriptedEvaluator, ScriptedTrace, answer, call, circuit, failed, moved

NOISY = Method("noisy.qubit", "adjoint", device_options=(("noise", 0.1),))
REFERENCE, SHIFTED = methods("default.qubit/backprop", "noisy.qubit/parameter-shift")


def noisy(request: Request) -> Evaluation:
    """A device whose option moves its outputs and its slopes."""
    return moved(answer(request), 0.1, 0.1) if dict(request.method.device_options).get("noise") else answer(request)


def broken(request: Request) -> Evaluation:
    """A device that is wrong with its option and without."""
    return moved(answer(request), 0.1, 0.1) if request.method.device == "noisy.qubit" else answer(request)


def needing(request: Request) -> Evaluation:
    """A device that cannot be without its option."""
    if request.method.device == "noisy.qubit" and not request.method.device_options:
        return failed(request.method)
    return noisy(request)


def replayed(world, own: Method = NOISY):
    evaluator = ScriptedEvaluator((own, SHIFTED, REFERENCE), adjoint=world, parameter_shift=world, none=world, backprop=world)
    made = call(0, circuit(0.3), own)
    mine = world(Request(made.circuit, own, cotangents=((np.asarray(1.0),),)))
    backward = replace(made.backwards[0], gradients=mine.vjps[0])
    return Replay(ScriptedTrace([replace(made, outputs=mine.outputs, backwards=(backward,))]), evaluator, Plan()).finish()


@pytest.mark.parametrize("world", [noisy, needing])
def test_another_device_is_not_held_against_an_option_that_it_was_not_told(world) -> None:
    located = replayed(world)
    assert located.verdict is Verdict.AGREE
    assert {comparison.methods[1].diff_method for _, comparison in located.comparisons} == {"parameter-shift"}
    assert any("noise=0.1 is part of what the script's device computes" in note for note in located.notes)


def test_a_device_that_is_wrong_without_its_options_as_well_stays_wrong() -> None:
    located = replayed(broken)
    assert located.verdict is Verdict.ERROR
    assert not located.notes


def test_a_device_without_options_is_held_against_others() -> None:
    assert replayed(broken, replace(NOISY, device_options=())).verdict is Verdict.ERROR


def test_of_a_seed_alone_nothing_is_asked() -> None:
    assert telling_options(replace(NOISY, device_options=(("seed", 3),))) == ()
    assert telling_options(replace(NOISY, device_options=(("noise", 1), ("seed", 3)))) == (("noise", 1),)


def test_outputs_alone_are_asked_for() -> None:
    first = Request(circuit(0.3), NOISY, cotangents=((np.asarray(1.0),),), jacobian=True)
    told, untold = with_and_without(first, NOISY)
    assert (told.method.diff_method, told.method.device_options) == ("none", (("noise", 0.1),))
    assert (told.jacobian, told.cotangents) == (False, ())
    assert (untold.method.diff_method, untold.method.device_options) == ("none", ())


def test_where_the_device_itself_gives_nothing_nothing_is_known_of_options() -> None:
    right = answer(Request(circuit(0.3), NOISY))
    assert not moved_by_options(circuit(0.3), failed(NOISY), right)
    assert moved_by_options(circuit(0.3), right, failed(NOISY))
    assert not moved_by_options(circuit(0.3), right, right)
    assert moved_by_options(circuit(0.3), right, moved(right, 0.1))
