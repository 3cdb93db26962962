"""A run as a series of steps, and how far two of them are apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Optional

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qdiag.model.call import Backward, Event, Script
from qdiag.model.twin_training import QUANTITIES, THRESHOLDS
from qdiag.trace import writer
from qdiag.trace.reader import Trace
from qdiag.trace.twin_steps import Step, Steps
from qdiag.twins import series as series_module
from qdiag.twins.series import Moment, Series, part, series_of, trains
from tests.worlds import scripted
from tests.worlds.trainings import STEPS, call, series


def test_the_first_step_beyond_a_threshold_is_found_for_each_quantity() -> None:
    gap = np.zeros(10)
    gap[3:] = 1e-5
    gap[7:] = 1e-1
    parting = part(series(np.zeros(10)), series(gap))
    assert [parting.first_beyond("loss", t) for t in (1e-6, 1e-4, 1e-2)] == [3, 7, 7]
    assert parting.first_beyond("output", 1.0) is None


def test_a_training_that_ends_early_is_not_near() -> None:
    assert part(series(np.zeros(10)), series(np.zeros(8))).reach == np.inf


def test_what_was_not_seen_is_no_gap() -> None:
    bare = Series(tuple(Moment(loss=1.0) for _ in range(4)), (call(),), Steps())
    parting = part(bare, bare)
    assert parting.largest("parameters") == 0
    assert parting.identical


def test_gradients_of_circuits_and_of_parameters_are_not_compared() -> None:
    circuit = Series((Moment(gradient=np.ones(4)),), (call(),), Steps())
    parameters = Series((Moment(gradient=np.ones(9), parameters=np.ones(9)),), (call(),), Steps())
    assert part(circuit, parameters).identical


def test_two_not_a_numbers_are_the_same() -> None:
    broken = Series((Moment(output=np.array([np.nan, 1.0])),), (call(),), Steps())
    assert part(broken, broken).identical


def test_a_training_trains_if_its_loss_falls() -> None:
    assert trains(series(np.zeros(STEPS)))
    stuck = Series(tuple(Moment(loss=0.5) for _ in range(STEPS)), (call(),), Steps())
    assert not trains(stuck)


# --- from a trace ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "trace.qdiag"
    writer.create(made, Script("train.py"))
    return made


def recorded(
    path: Path, angles: Sequence[tuple[int, float]], events: Sequence[Event] = (), steps: Optional[Steps] = None, **changes: Any
) -> Series:
    """The series of a trace with calls of these steps and angles."""
    with writer.TraceWriter(path) as file, file.transaction():
        for index, (step, angle) in enumerate(angles):
            file.write(scripted.call(index, scripted.circuit(angle), step=step, **changes))
        file.events(events)
    with Trace.open(path) as trace:
        return series_of(trace, Steps() if steps is None else steps)


STEP, STEP_AFTER_TWO = Event("step", 1), Event("step", 2)


class TestTheSeriesOfATrace:
    def test_has_a_moment_for_each_step(self, path: Path) -> None:
        made = recorded(path, [(0, 0.1), (0, 0.2), (1, 0.3)], [STEP_AFTER_TWO, Event("step", 3)])
        assert made.stepping
        outputs = [None if m.output is None else m.output.tolist() for m in made.moments]
        assert outputs == [pytest.approx([np.cos(0.1), np.cos(0.2)]), pytest.approx([np.cos(0.3)])]

    def test_has_a_moment_for_each_call_where_the_script_takes_no_steps(self, path: Path) -> None:
        made = recorded(path, [(0, 0.1), (0, 0.2)])
        assert not made.stepping
        assert [float(m.output[0]) for m in made.moments if m.output is not None] == pytest.approx([np.cos(0.1), np.cos(0.2)])

    def test_leaves_out_calls_after_the_last_step(self, path: Path) -> None:
        # an evaluation at the end: nothing is trained any more
        made = recorded(path, [(0, 0.1), (1, 0.2)], [STEP])
        assert len(made.moments) == 1

    def test_knows_gradients_of_circuits_where_no_others_were_kept(self, path: Path) -> None:
        made = recorded(path, [(0, 0.1)], [STEP], backwards=(Backward((np.asarray(2.0),), (np.asarray(-0.2), None), (True, True)),))
        assert made.moments[0].gradient is not None
        assert made.moments[0].gradient.tolist() == [2.0, -0.2]
        assert made.moments[0].parameters is None

    def test_takes_parameters_and_gradients_of_the_optimiser_where_they_were_kept(self, path: Path) -> None:
        kept = Steps(steps=(Step(0, np.array([5.0, 6.0]), np.array([7.0, 8.0])),))
        (moment,) = recorded(path, [(0, 0.1)], [STEP], kept).moments
        assert moment.parameters is not None
        assert moment.gradient is not None
        assert (moment.parameters.tolist(), moment.gradient.tolist()) == ([5.0, 6.0], [7.0, 8.0])

    @pytest.mark.parametrize(
        ("events", "losses"),
        [
            ([Event("loss", 1, number=0.5), STEP], [0.5]),
            ([Event("loss", 1, number=0.5), Event("loss", 1, number=0.4), STEP], [0.4]),
            ([STEP, Event("loss", 1, number=0.5)], [None]),
            ([Event("loss", 1, number=math.nan), STEP], [math.nan]),
        ],
    )
    def test_has_the_loss_that_went_backward_before_each_step(
        self, path: Path, events: list[Event], losses: list[Optional[float]]
    ) -> None:
        found = [m.loss for m in recorded(path, [(0, 0.1)], events).moments]
        assert [repr(loss) for loss in found] == [repr(loss) for loss in losses]

    def test_without_steps_has_the_loss_after_each_call(self, path: Path) -> None:
        events = [Event("loss", 0, number=9.0), Event("loss", 1, number=0.5), Event("loss", 2, number=0.25)]
        assert [m.loss for m in recorded(path, [(0, 0.1), (0, 0.2)], events).moments] == [0.5, 0.25]

    def test_keeps_the_calls_of_the_first_step_up_to_a_limit(self, path: Path) -> None:
        many = [(0, 0.1)] * (series_module.MOST_CALLS + 5)
        assert len(recorded(path, many, [Event("step", len(many))]).opening) == series_module.MOST_CALLS

    def test_keeps_a_first_call_though_it_came_after_a_step(self, path: Path) -> None:
        made = recorded(path, [(1, 0.1), (1, 0.2)], [STEP, STEP])
        assert [found.index for found in made.opening] == [0]

    def test_keeps_so_many_outputs_of_one_step(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(series_module, "MOST_VALUES", 3)
        made = recorded(path, [(0, 0.1)] * 5, [Event("step", 5)])
        assert made.moments[0].output is not None
        assert made.moments[0].output.size == 3

    def test_of_nothing_is_empty(self, path: Path) -> None:
        made = recorded(path, [])
        assert (made.moments, made.first, made.inputs()) == ((), None, ())

    def test_knows_what_numbers_its_first_circuit_got(self, path: Path) -> None:
        made = recorded(path, [(0, 0.25), (0, 0.5)])
        assert [float(number) for number in made.inputs()] == [0.25]


# --- how far two are apart ---------------------------------------------------------------------------------------------------


def moment(value: object) -> Series:
    """A run of one step whose output is a value."""
    return Series((Moment(output=None if value is None else np.asarray(value)),), (call(),), Steps())


@pytest.mark.parametrize(
    ("one", "other", "gap"),
    [
        ([1.0, 2.0], [1.0, 2.5], 0.5),
        ([1.0], [1.0], 0.0),
        ([1 + 1j], [1 - 1j], 2.0),
        ([1.0], [1.0 + 1j], 1.0),
        ([math.nan, 1.0], [math.nan, 2.0], 1.0),
        ([math.nan], [1.0], math.inf),
        ([math.inf], [math.inf], 0.0),
        ([math.inf], [-math.inf], math.inf),
        ([1.0], [1.0, 2.0], math.inf),
        ([], [], 0.0),
        (None, [1.0], math.nan),
        (None, None, math.nan),
        (np.array([1.0], np.float32), [1.0], 0.0),
        (np.array([3], np.uint8), np.array([5], np.uint8), 2.0),
    ],
)
@pytest.mark.filterwarnings("error")
def test_the_largest_difference_of_two_arrays(one: object, other: object, gap: float) -> None:
    for first, second in ((one, other), (other, one)):
        found = part(moment(first), moment(second)).gaps["output"][0]
        assert repr(float(found)) == repr(gap)


def test_where_parameters_were_seen_their_distance_is_the_gap_to_follow() -> None:
    one = Series((Moment(output=np.zeros(1), parameters=np.zeros(4)),), (call(),), Steps())
    other = Series((Moment(output=np.ones(1), parameters=np.full(4, 3.0)),), (call(),), Steps())
    assert part(one, other).distance.tolist() == [6.0]


def test_where_they_were_not_it_is_that_of_the_outputs() -> None:
    assert part(moment([3.0, 0.0]), moment([0.0, 4.0])).distance.tolist() == [5.0]
    assert math.isnan(part(moment([1.0]), moment([1.0, 2.0])).distance[0])


GAPS = st.lists(st.floats(0, 10, allow_nan=False), min_size=1, max_size=30)


@given(GAPS, GAPS)
def test_it_does_not_matter_which_of_two_runs_comes_first(one: list[float], other: list[float]) -> None:
    there, back = part(series(np.array(one)), series(np.array(other))), part(series(np.array(other)), series(np.array(one)))
    for quantity in QUANTITIES:
        assert np.array_equal(there.gaps[quantity], back.gaps[quantity], equal_nan=True)
    assert np.array_equal(there.distance, back.distance, equal_nan=True)


@given(GAPS)
def test_a_run_is_identical_to_itself(gap: list[float]) -> None:
    one = series(np.array(gap))
    assert part(one, one).identical
    assert part(one, one).reach == 0


@given(GAPS)
def test_a_larger_threshold_is_never_passed_earlier(gap: list[float]) -> None:
    parting = part(series(np.zeros(len(gap))), series(np.array(gap)))
    for quantity in QUANTITIES:
        steps = [parting.first_beyond(quantity, threshold) for threshold in THRESHOLDS]
        passed = [step for step in steps if step is not None]
        assert passed == sorted(passed)
        # and none that a smaller one is not
        assert steps[len(passed) :] == [None] * (len(steps) - len(passed))
        largest = parting.largest(quantity)
        assert all((step is not None) == (largest > threshold) for step, threshold in zip(steps, THRESHOLDS))


@pytest.mark.parametrize(
    ("losses", "falls"),
    [
        ([1.0, 0.5], True),
        ([1.0, 0.95], False),
        ([0.5, 1.0], False),
        ([1.0], False),
        ([], False),
        ([None, 1.0, None, 0.5], True),
        ([1.0] * 90 + [0.1] * 10, True),
    ],
)
def test_whether_a_training_trains(losses: list[Optional[float]], falls: bool) -> None:
    assert trains(Series(tuple(Moment(loss=loss) for loss in losses), (), Steps())) is falls
