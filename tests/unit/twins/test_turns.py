"""What starts and feeds the growth: the first of each kind, in the order of steps."""

from __future__ import annotations

import numpy as np
import pytest

from qdiag.trace.twin_steps import Step, Steps
from qdiag.twins.turns import turns
from tests.worlds.trainings import series


def test_a_step_on_a_gradient_near_zero_is_an_event_under_adam() -> None:
    def steps(moved: float, gradient: float) -> Steps:
        step = Step(0, np.array([0.0, moved]), np.array([1.0, gradient]))
        return Steps(optimizers=("Adam",), steps=(step,))

    found = turns(series(np.zeros(1), steps(0.0, 1e-8)), series(np.zeros(1), steps(2e-6, 1.1e-8)))
    assert [turn.step for turn in found] == [0]
    assert "1.0e-08" in found[0].text


def test_the_first_mask_that_differs_is_counted() -> None:
    def steps(*masks: list[bool]) -> Steps:
        return Steps(steps=tuple(Step(0, np.zeros(1), np.zeros(1), (("ReLU 1", np.packbits(mask)),)) for mask in masks))

    first, second = steps([True, False, True], [True, False, True]), steps([True, False, True], [False, True, True])
    found = turns(series(np.zeros(2), first), series(np.zeros(2), second))
    assert [(turn.step, turn.text) for turn in found] == [(1, "ReLU 1: 2 elements of the mask differ for the first time")]


def moved(weights: list[float], gradients: list[float], optimizers: tuple[str, ...] = ("Adam",)) -> Steps:
    return Steps(optimizers=optimizers, steps=(Step(0, np.array(weights), np.array(gradients)),))


def found(one: Steps, other: Steps) -> list[tuple[int, str]]:
    count = max(len(one.steps), 1)
    return [(turn.step, turn.text) for turn in turns(series(np.zeros(count), one), series(np.zeros(count), other))]


class TestAStepOnAGradientNearZero:
    def test_says_how_far_the_weight_moved_for_what_difference(self) -> None:
        (turn,) = found(moved([0.0, 0.0], [1.0, 1e-8]), moved([0.0, 2e-6], [1.0, 1.5e-8]))
        assert turn == (0, "Adam's step on a gradient of 1.0e-08: a difference of 5e-09 in it moves the weight by 2.0e-06")

    @pytest.mark.parametrize("name", ["Adam", "AdamW", "NAdam", "RAdam"])
    def test_is_one_under_every_adam(self, name: str) -> None:
        assert found(moved([0.0, 0.0], [1.0, 1e-8], (name,)), moved([0.0, 2e-6], [1.0, 2e-8], (name,)))

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            (moved([0.0, 0.0], [1.0, 1e-8], ("SGD",)), moved([0.0, 2e-6], [1.0, 2e-8], ("SGD",))),
            (moved([0.0, 0.0], [1.0, 0.5]), moved([0.0, 2e-6], [1.0, 0.6])),
            (moved([0.0, 0.0], [1.0, 1e-8]), moved([0.0, 5e-7], [1.0, 2e-8])),
            (moved([0.0, 0.0], [1.0, 1e-8]), moved([0.0, 2e-6], [1.0, 1e-8])),
            (moved([0.0, 0.0], [1.0, 1e-8]), moved([0.0], [1.0])),
        ],
        ids=["no Adam", "a gradient that is not small", "too small to see", "the same gradient", "another model"],
    )
    def test_is_none_otherwise(self, one: Steps, other: Steps) -> None:
        assert found(one, other) == []

    def test_is_looked_for_where_the_weights_first_part_visibly_and_nowhere_else(self) -> None:
        quiet = Step(0, np.zeros(2), np.array([1.0, 1e-8]))
        loud = Step(0, np.array([0.0, 1e-3]), np.array([1.0, 0.9]))
        late = Step(0, np.array([0.0, 2e-6]), np.array([1.0, 2e-8]))
        one = Steps(optimizers=("Adam",), steps=(quiet, quiet, quiet))
        assert found(one, Steps(optimizers=("Adam",), steps=(quiet, loud, late))) == []
        assert [step for step, _ in found(one, Steps(optimizers=("Adam",), steps=(quiet, late, loud)))] == [1]


def kinks(*steps: dict[str, list[bool]]) -> Steps:
    made = tuple(Step(0, np.zeros(1), np.zeros(1), tuple((name, np.packbits(mask)) for name, mask in step.items())) for step in steps)
    return Steps(steps=made)


class TestAKink:
    def test_of_an_absolute_loss_is_a_sign(self) -> None:
        assert found(kinks({"L1Loss 1": [True]}), kinks({"L1Loss 1": [False]})) == [(0, "L1Loss 1: 1 signs differ for the first time")]

    def test_is_said_once_for_each_module(self) -> None:
        one = kinks({"ReLU 1": [True], "ReLU 2": [True]}, {"ReLU 1": [True], "ReLU 2": [True]})
        other = kinks({"ReLU 1": [False], "ReLU 2": [True]}, {"ReLU 1": [False], "ReLU 2": [False]})
        assert [(step, text.partition(":")[0]) for step, text in found(one, other)] == [(0, "ReLU 1"), (1, "ReLU 2")]

    def test_of_other_modules_or_sizes_is_not_compared(self) -> None:
        assert found(kinks({"ReLU 1": [True]}), kinks({"ReLU 2": [False]})) == []
        assert found(kinks({"ReLU 1": [True] * 9}), kinks({"ReLU 1": [False]})) == []


def test_turns_come_in_the_order_of_steps() -> None:
    bits = [("ReLU 1", np.packbits([True])), ("ReLU 1", np.packbits([False]))]
    calm = Step(0, np.zeros(2), np.array([1.0, 1e-8]), (bits[0],))
    flipped = Step(0, np.zeros(2), np.array([1.0, 1e-8]), (bits[1],))
    moved_on = Step(0, np.array([0.0, 2e-6]), np.array([1.0, 2e-8]), (bits[1],))
    one = Steps(optimizers=("Adam",), steps=(calm, calm, calm))
    other = Steps(optimizers=("Adam",), steps=(calm, flipped, moved_on))
    assert [step for step, _ in found(one, other)] == [1, 2]
