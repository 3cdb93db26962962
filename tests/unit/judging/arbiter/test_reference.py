"""The reference never raises over a circuit, and never hides a mistake of our own."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qdiag.judging.arbiter import reference as module
from qdiag.judging.arbiter.directions import Allowance
from qdiag.judging.arbiter.reference import Reference, reference
from qdiag.model.circuit import Circuit
from qdiag.model.node import MeasuredOutcome, Node, Tagged, Wires
from qdiag.model.numerics.states import NotSimulated
from qdiag.model.parameter import Parameter
from tests.unit.evaluation.test_answers import PENNYLANE, foreign
from tests.worlds import plain_steps, small_circuits
from tests.worlds.dense import random_hermitian, random_unitary
from tests.worlds.scripted import circuit
from tests.worlds.small_circuits import Z, combination, expval, gate, probs


def fails(error: Exception) -> Callable[..., None]:
    def work(*_: object) -> None:
        raise error

    return work


def test_what_cannot_be_simulated_is_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "too_large", fails(NotSimulated("30 wires are more than are simulated")))
    found = reference(circuit(0.3))
    assert (found.outputs, found.reason) == (None, "30 wires are more than are simulated")


def test_so_is_what_a_foreign_operation_does_to_our_simulation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "too_large", foreign(PENNYLANE))
    found = reference(circuit(0.3))
    assert found.reason == "our own simulation fails on this circuit (ValueError: not supported)"


def test_a_mistake_of_our_own_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "Simulation", None)
    with pytest.raises(TypeError):
        reference(circuit(0.3))


# --- what it says, on a bridge that needs no PennyLane ----------------------------------------------------------------------


@pytest.fixture
def no_pennylane(monkeypatch: pytest.MonkeyPatch) -> None:
    plain_steps.without_pennylane(monkeypatch)


def of(*operations: Node, measured: tuple[Node, ...] = (expval(Z),)) -> Circuit:
    return small_circuits.circuit(*operations, measured=measured)


def trained(name: str, *values: float, wires: tuple[int, ...] = (0,)) -> Node:
    return gate(name, *values, wires=wires, trainable=True)


def beyond(found: Reference, slopes: np.ndarray) -> np.ndarray:
    """How far its slopes are from these, less what its error bar allows."""
    return np.asarray(np.abs(found.slopes - slopes) - found.slope_errors)


@pytest.mark.usefixtures("no_pennylane")
class TestWhatItSays:
    def test_outputs_and_slopes_of_a_circuit_known_by_heart(self) -> None:
        found = reference(of(trained("RX", 0.4), trained("RY", 0.7)), depth="full")
        assert found.outputs is not None
        assert found.outputs[0] == pytest.approx(math.cos(0.4) * math.cos(0.7), abs=found.errors[0])
        exact = np.array([[-math.sin(0.4) * math.cos(0.7), -math.cos(0.4) * math.sin(0.7)]])
        assert np.all(beyond(found, exact) <= 0)
        assert np.all(found.slope_errors < 1e-9)
        assert (found.full, found.axes, found.reason, found.gradient_reason) == (True, (0, 1), "", "")

    @settings(max_examples=25)
    @given(st.lists(st.tuples(st.sampled_from(["RX", "RY", "RZ"]), st.floats(-3, 3)), min_size=1, max_size=4))
    def test_slopes_are_within_their_error_bars_of_the_shift_rule(self, gates: list[tuple[str, float]]) -> None:
        """Two evaluations half a turn apart are exact for a Pauli rotation: a rule that the reference knows nothing of."""
        angles = [angle for _, angle in gates]

        def mean(moved: list[float]) -> float:
            found = reference(of(*(trained(name, x) for (name, _), x in zip(gates, moved))), depth="outputs").outputs
            assert found is not None
            return float(found[0])

        shifted = [
            [angle + (math.pi / 2 if i == k else 0) * sign for i, angle in enumerate(angles)]
            for k in range(len(angles))
            for sign in (1, -1)
        ]
        values = [mean(moved) for moved in shifted]
        exact = np.array([[(up - down) / 2 for up, down in zip(values[::2], values[1::2])]])
        found = reference(of(*(trained(name, angle) for name, angle in gates)), depth="full")
        assert np.all(beyond(found, exact) <= 1e-13)

    def test_one_direction_holds_every_trainable_number(self) -> None:
        made = of(trained("RX", 0.4), gate("RZ", 0.3), trained("RY", 0.7))
        found, full = reference(made, depth="direction"), reference(made, depth="full")
        assert not found.full
        assert found.directions.shape == (1, 2)
        assert np.abs(found.directions).min() > 0.1
        expected = full.slopes @ found.directions[0]
        assert np.all(
            np.abs(found.slopes[:, 0] - expected) <= found.slope_errors[:, 0] + full.slope_errors @ np.abs(found.directions[0])
        )

    def test_another_seed_takes_another_direction_and_the_same_one_the_same(self) -> None:
        made = of(trained("RX", 0.4), trained("RY", 0.7))
        one, again, other = (reference(made, seed=seed).directions for seed in (1, 1, 2))
        np.testing.assert_array_equal(one, again)
        assert not np.array_equal(one, other)

    def test_outputs_alone_cost_one_evaluation(self) -> None:
        found = reference(of(trained("RX", 0.4)), depth="outputs")
        assert found.evaluations == 1
        assert found.slopes.size == found.directions.size == 0

    def test_every_element_of_every_output_has_its_row(self) -> None:
        found = reference(of(trained("RX", 0.4), measured=(probs(0), expval(Z))), depth="full")
        exact = np.array([[-math.sin(0.4) / 2], [math.sin(0.4) / 2], [-math.sin(0.4)]])
        assert np.all(beyond(found, exact) <= 0)

    def test_slopes_are_complex_only_where_an_output_is(self) -> None:
        state = Node("StateMP", (), Wires(()), ())
        found = reference(of(trained("RX", 0.4), measured=(state,)), depth="full")
        np.testing.assert_allclose(found.slopes[:, 0], [-math.sin(0.2) / 2, -0.5j * math.cos(0.2)], atol=1e-9)
        assert reference(of(trained("RX", 0.4)), depth="full").slopes.dtype == np.float64

    @pytest.mark.parametrize(
        ("measured", "limits"),
        [
            (expval(Z), (-1, 1)),
            (expval(combination((2.0, Z), (-1.5, gate("PauliX", wires=(1,))))), (-3.5, 3.5)),
            (expval(combination((3.0, Z), (4.0, gate("PauliX")))), (-5, 5)),
            (expval(gate("Hermitian", [[1.0, 0.0], [0.0, 4.0]])), (1, 4)),
            (Node("VarianceMP", (Z,), None, (0,)), (0, 1)),
            (Node("VarianceMP", (gate("Hermitian", [[1.0, 0.0], [0.0, 4.0]]),), None, (0,)), (0, 2.25)),
            (probs(0), (0, 1)),
            (Node("PurityMP", (), None, (0,)), (0, 1)),
            (Node("ExpectationMP", (), MeasuredOutcome((0,), (-2, 5)), ()), (-2, 5)),
            (Node("VarianceMP", (), MeasuredOutcome((0,), (-2, 5)), ()), (0, 29)),
            (Node("ProbabilityMP", (), MeasuredOutcome((0,), (0, 1)), ()), (0, 1)),
            (Node("StateMP", (), None, ()), None),
            (expval(gate("Hermitian", [[0.0, 1.0], [0.0, 0.0]])), None),
        ],
    )
    def test_what_physics_allows_is_the_spectrum(self, measured: Node, limits: tuple[float, float] | None) -> None:
        middle = Node("MidMeasureMP", (), Wires((0,)), (0,))
        before = (middle,) if isinstance(measured.metadata, MeasuredOutcome) else ()
        (found,) = reference(of(trained("RX", 0.4), *before, measured=(measured,)), depth="outputs").ranges
        assert found == (None if limits is None else pytest.approx(limits))

    def test_norms_are_the_largest_that_the_ranges_allow(self) -> None:
        found = reference(of(trained("RX", 0.4), measured=(expval(gate("Hermitian", [[1.0, 0.0], [0.0, -4.0]])), probs(0))))
        assert found.norms == pytest.approx((4.0, 1.0))

    @pytest.mark.parametrize(("gates", "larger"), [(1, 1.0), (99, math.sqrt(50))])
    def test_rounding_grows_with_the_square_root_of_the_steps(self, gates: int, larger: float) -> None:
        alone = reference(of(trained("RX", 0.4)), depth="outputs").errors[0]
        found = reference(of(*(trained("RX", 0.4),) * gates), depth="outputs").errors[0]
        assert found / alone == pytest.approx(larger, rel=1e-6)
        assert found < 1e-13


@pytest.mark.usefixtures("no_pennylane")
class TestWhatItCannotSay:
    def test_an_operation_that_cannot_be_taken_apart_is_the_reason(self) -> None:
        found = reference(of(gate("Mystery")))
        assert (found.outputs, found.reason) == (None, "Mystery cannot be taken apart")
        assert found.seconds > 0

    def test_what_a_foreign_operation_raises_is_a_reason_as_well(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "is_own_failure", lambda error: False)
        found = reference(of(gate("Fragile")))
        assert "ZeroDivisionError: a foreign operation breaks down" in found.reason

    def test_a_point_that_cannot_be_evaluated_leaves_what_physics_allows(self) -> None:
        measured = Node("MidMeasureMP", (), Wires((0,)), (0,))
        made = of(trained("RX", 0.4), measured, measured=(Node("StateMP", (), None, ()), expval(Z)))
        found = reference(made)
        assert found.outputs is None
        assert "not pure" in found.reason
        assert found.ranges == (None, (-1.0, 1.0))

    def test_at_the_edge_of_the_domain_slopes_are_those_of_the_side_that_exists(self) -> None:
        found = reference(
            of(gate("RY", 0.8), trained("AmplitudeDamping", 0.0), measured=(expval(gate("PauliX")), expval(Z))), depth="full"
        )
        # X shrinks as the root of 1 - gamma, and the excited state empties as 1 - gamma
        exact = np.array([[-math.sin(0.8) / 2], [1 - math.cos(0.8)]])
        assert np.all(beyond(found, exact) <= 0)
        assert found.gradient_reason == ""

    def test_where_a_slope_is_infinite_there_is_none_and_the_outputs_stand(self) -> None:
        entropy = Node("VnEntropyMP", (), Wires((0,)), (0,))
        found = reference(of(gate("PauliX"), trained("AmplitudeDamping", 0.0), measured=(entropy,)), depth="full")
        assert found.outputs is not None
        assert found.outputs[0] == pytest.approx(0, abs=1e-12)
        assert np.isnan(found.slopes).all()
        assert "slopes to the left and to the right" in found.gradient_reason

    def test_nothing_trainable_is_nothing_to_differentiate(self) -> None:
        found = reference(of(gate("RX", 0.4)))
        assert found.outputs is not None
        assert found.gradient_reason == "nothing is trainable"

    def test_a_trainable_whole_number_is_not_differentiated(self) -> None:
        whole = Node("RX", (Parameter(np.array(3), "torch", True),), (Wires((0,)), ()), (0,))
        assert reference(of(whole, trained("RY", 0.3))).gradient_reason == "a trainable parameter is a whole number"

    def test_too_many_numbers_are_not_differentiated(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "MOST_COORDINATES", 2)
        assert reference(of(*(trained("RX", 0.4),) * 2)).gradient_reason == ""
        assert reference(of(*(trained("RX", 0.4),) * 3)).gradient_reason == "3 trainable numbers"

    def test_where_the_time_does_not_suffice_it_says_how_long_a_slope_takes(self) -> None:
        found = reference(of(trained("RX", 0.4)), seconds=0.0)
        assert found.outputs is not None
        assert found.gradient_reason.startswith("a derivative by our own simulation takes")

    def test_where_the_time_suffices_for_one_direction_alone_it_takes_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def seconds_for(allowance: Allowance, directions: int) -> bool:
            return directions <= allowance.seconds

        monkeypatch.setattr(Allowance, "suffices", lambda self, space, directions, evaluations=0: seconds_for(self, directions))
        made = of(*(trained("RX", 0.4),) * 3)
        assert reference(made, depth="full", seconds=3.0).full
        found = reference(made, depth="full", seconds=2.9)
        assert (found.full, len(found.directions)) == (False, 1)

    @pytest.mark.parametrize(("seconds", "axes"), [(3.0, [2, 0]), (2.0, [2]), (1.0, [2])])
    def test_where_it_does_not_suffice_for_all_the_axes_that_are_wanted_most_come_first(
        self, seconds: float, axes: list[int], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def suffices(allowance: Allowance, space: object, directions: int, evaluations: int = 0) -> bool:
            return directions <= allowance.seconds

        monkeypatch.setattr(Allowance, "suffices", suffices)
        made = of(*(trained("RX", angle) for angle in (0.4, 0.5, 0.6, 0.7)))
        found = reference(made, depth="full", seconds=seconds, towards=(2, 0))
        assert not found.full
        np.testing.assert_array_equal(found.directions[: len(axes)], np.eye(4)[axes])
        at_random = reference(made, seconds=seconds).directions
        np.testing.assert_array_equal(found.directions[len(axes) :], at_random[: int(seconds) - len(axes)])
        assert np.all(np.abs(found.slopes[0, : len(axes)] + math.sin(2.2)) <= found.slope_errors[0, : len(axes)])

    def test_numbers_that_leave_physics_are_left_out_and_counted(self) -> None:
        loose = Node("Twice", (Parameter(np.eye(2) / 2, "torch", True),), (Wires((0,)), ()), (0,))
        found = reference(of(loose, trained("RX", 0.4)), depth="full")
        assert found.gradient_reason == "4 of 5 trainable numbers leave what physics allows when moved"
        assert found.axes == (4,)
        only = reference(of(loose), depth="full")
        assert only.slopes.size == 0
        assert only.gradient_reason.startswith("4 of 4")

    @pytest.mark.parametrize("known", [True, False])
    def test_operations_that_contradict_themselves_are_evidence_where_we_know_better_and_doubts_where_we_do_not(
        self, known: bool
    ) -> None:
        odd = Node("RX", (Parameter(np.array(0.4), "torch", True),), (Wires((0,)), Tagged("contradicts", known)), (0,))
        found = reference(of(odd, odd))
        assert (found.evidence if known else found.doubts) == ("RX: its own matrix is another one",)
        assert (found.doubts if known else found.evidence) == ()

    def test_what_is_under_a_condition_is_not_cross_examined(self) -> None:
        inner = Node("PauliX", (), (Wires((0,)), Tagged("contradicts", False)), (0,))
        conditional = Node("Conditional", (inner,), MeasuredOutcome((0,), (False, True)), (0,))
        assert reference(of(Node("MidMeasureMP", (), Wires((0,)), (0,)), conditional)).doubts == ()

    def test_what_is_not_physical_to_begin_with_is_evidence(self) -> None:
        found = reference(of(gate("Twice", np.eye(2))), depth="outputs")
        assert found.evidence == ("an operation or observable is 3.0e+00 away from what physics allows",)

    def test_amplitudes_that_are_nearly_normalised_leave_their_share_open(self) -> None:
        exact = reference(of(gate("StatePrep", [0.6, 0.8]), trained("RX", 0.4)), depth="full")
        slack = reference(of(replace(gate("StatePrep", [0.6, 0.8]), definition="slack"), trained("RX", 0.4)), depth="full")
        assert exact.outputs is not None
        assert slack.errors[0] - exact.errors[0] == pytest.approx(2e-3 * abs(float(exact.outputs[0])))
        np.testing.assert_allclose(slack.slope_errors - exact.slope_errors, 2e-3 * np.abs(exact.slopes), rtol=1e-6)


class TestOfOldVersions:
    """PennyLane before 0.30 gives the results of several measurements in one array."""

    @pytest.fixture(autouse=True)
    def stacks(self, monkeypatch: pytest.MonkeyPatch) -> None:
        plain_steps.without_pennylane(monkeypatch, stacks=True)

    def test_several_means_are_one_array(self) -> None:
        made = of(trained("RX", 0.4), measured=(expval(Z), expval(combination((3.0, Z)))))
        found = reference(made, depth="full")
        assert found.outputs is not None
        np.testing.assert_allclose(found.outputs[0], [math.cos(0.4), 3 * math.cos(0.4)])
        assert (len(found.outputs), found.norms, found.ranges) == (1, (3.0,), ((-3.0, 3.0),))
        assert found.slopes.shape == (2, 1)

    def test_means_and_probabilities_are_laid_side_by_side(self) -> None:
        found = reference(of(trained("RX", 0.4), measured=(expval(Z), probs(0))), depth="outputs")
        assert found.outputs is not None
        p = math.sin(0.2) ** 2
        np.testing.assert_allclose(found.outputs[0], [1 - 2 * p, 1 - p, p])

    def test_one_measurement_stays_as_it_is(self) -> None:
        found = reference(of(trained("RX", 0.4)), depth="outputs")
        assert found.outputs is not None
        assert found.outputs[0].shape == ()

    def test_rows_of_a_batch_are_left_apart(self) -> None:
        found = reference(of(gate("RX", [0.4, 0.5]), measured=(expval(Z), expval(Z))), depth="outputs")
        assert found.outputs is not None
        assert [output.shape for output in found.outputs] == [(2,), (2,)]


@pytest.mark.usefixtures("no_pennylane")
def test_along_a_unitary_slopes_are_those_of_turns() -> None:
    """Entries of a unitary are moved along the unitaries, so that the slopes fit any method that keeps to them."""
    turn, observed = random_unitary(2, np.random.default_rng(3)), random_hermitian(2, np.random.default_rng(4))
    made = of(
        Node("QubitUnitary", (Parameter(turn, "torch", True),), (Wires((0,)), ()), (0,)),
        measured=(expval(gate("Hermitian", observed, dtype="complex128")),),
    )
    found = reference(made, depth="full")
    assert found.axes == tuple(range(8))
    for direction, slope, error in zip(found.directions, found.slopes[0], found.slope_errors[0]):
        step = (direction[:4] + 1j * direction[4:]).reshape(2, 2)
        exact = 2 * np.vdot(turn[:, 0], observed @ step[:, 0]).real
        assert abs(slope - exact) <= error + 1e-12
