"""Differences that are those of an approximation: which option steers it, how far it has to be relaxed, and what is no such thing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from qdiag.diagnosis.approximation import Approximation, approximation_of
from qdiag.diagnosis.survey import survey
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.method import Method
from qdiag.model.option import Option
from tests.worlds.methods import DIFFERENCES, HADAMARD, SHIFT
from tests.worlds.scripted import failed
from tests.worlds.symptoms import World, found, of, rotation, symptoms

Options = dict[str, Option]


def on(method: Method, options: Options) -> Method:
    return replace(method, device="default.tensor", device_options=tuple(options.items()))


def world(error: Callable[[Options], float | Evaluation], *, everybody: bool = False) -> World:
    """A world in which parameter-shift is off by what a device's options say, or all methods are."""
    return World(lambda request: error(dict(request.method.device_options)) if everybody or _is_shift(request) else 0.0)


def _is_shift(request: Request) -> bool:
    return request.method.diff_method == "parameter-shift" and request.method.device == "default.tensor"


def seen(made: World, options: Options) -> Any:
    return symptoms(made, of(rotation(), rotation(0.3, "RY")), (on(SHIFT, options), on(HADAMARD, options)))


def approximation(made: World, options: Options) -> Any:
    shown = seen(made, options)
    return approximation_of(shown.question, shown.comparison, made)


def cut_off(options: Options) -> float:
    """What a bond dimension cuts off: less and less, and nothing from 4 on."""
    return {1: 0.2, 2: 0.05}.get(int(options["bond"]), 0.0)  # type: ignore[arg-type]


def threshold(options: Options) -> float:
    return 0.1 if float(options["cutoff"]) > 1e-5 else 0.0  # type: ignore[arg-type]


def test_a_whole_number_is_doubled_until_the_gap_closes() -> None:
    assert approximation(world(cut_off), {"bond": 1}) == Approximation("bond", 1, 4)


def test_a_threshold_is_lowered_until_the_gap_closes() -> None:
    assert approximation(world(threshold), {"cutoff": 1e-2}) == Approximation("cutoff", 1e-2, 1e-2 * 1e-4, graded=False)


def test_a_strength_that_a_method_forgets_is_none() -> None:
    assert approximation(world(lambda options: float(options["noise"]), everybody=False), {"noise": 1e-3}) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("options", [{}, {"seed": 7}, {"exact": True}, {"mode": "fast"}, {"bond": 0}, {"level": -2}], ids=repr)
def test_what_is_no_positive_number_steers_nothing(options: Options) -> None:
    assert approximation(world(lambda _: 0.1), options) is None


def test_what_stays_wrong_however_finely_the_device_works_is_no_approximation() -> None:
    assert approximation(world(lambda _: 0.1), {"bond": 1}) is None


def test_a_gap_that_closes_at_one_value_and_opens_at_the_next_is_none() -> None:
    assert approximation(world(lambda options: 0.0 if options["threads"] == 4 else 0.1), {"threads": 2}) is None


def test_what_the_device_cannot_be_given_is_not_tried_further() -> None:
    def error(options: Options) -> float | Evaluation:
        return 0.1 if options["bond"] == 1 else failed(on(SHIFT, options), message="out of memory")

    assert approximation(world(error), {"bond": 1}) is None


def test_it_is_confirmed_and_the_kernel_is_ruled_out() -> None:
    made = world(cut_off)
    shown = seen(made, {"bond": 1})
    diagnosis = found(made, survey(replace(shown.divergence, wrong=()), shown.question, made))
    assert (diagnosis.code, diagnosis.confidence) == ("QD509", "confirmed")
    assert "QD503" in diagnosis.ruled_out
    assert "bond=4" in diagnosis.because
    assert "bond=4" in diagnosis.remedy


def test_an_option_that_only_steps_around_a_fault_confirms_nothing() -> None:
    made = world(lambda options: 0.1 if options["threads"] == 2 else 0.0)
    shown = seen(made, {"threads": 2})
    diagnosis = found(made, survey(replace(shown.divergence, wrong=()), shown.question, made))
    assert (diagnosis.code, diagnosis.confidence) == ("QD509", "likely")


def test_what_is_cut_off_more_where_the_option_is_coarser_is_confirmed() -> None:
    assert approximation(world(cut_off), {"bond": 2}) == Approximation("bond", 2, 4)


def test_a_kernel_that_is_wrong_at_any_value_is_none_of_it() -> None:
    made = world(lambda _: 0.1)
    shown = seen(made, {"bond": 1})
    assert found(made, survey(shown.divergence, shown.question, made)).code == "QD503"


def test_a_difference_quotient_beside_it_is_none_of_the_device() -> None:
    made = World(lambda request: 0.1 if request.method.diff_method == "finite-diff" else 0.0)
    options: Options = {"bond": 1}
    shown = symptoms(made, of(rotation()), (on(DIFFERENCES, options), on(SHIFT, options)))
    assert approximation_of(shown.question, shown.comparison, made) is None
