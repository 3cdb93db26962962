"""Judging with a scripted reference: who is wrong, who raised, and when nobody can tell."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from qdiag.evaluation.workers import Inline
from qdiag.judging.arbiter import arbiter
from qdiag.judging.arbiter.arbiter import arbitrate, in_question
from qdiag.judging.arbiter.directions import Allowance
from qdiag.judging.arbiter.method_verdicts import Gap, gap_verdict
from qdiag.judging.arbiter.reference import Reference
from qdiag.model.call import Configuration, Failure, SourceLine
from qdiag.model.circuit import Circuit
from qdiag.model.comparison import Comparison, Signature, Verdict
from qdiag.model.element import Element, Kind
from qdiag.model.evaluation import Evaluation
from qdiag.model.findings import FoundWrong
from qdiag.model.method import parse
from qdiag.model.node import Node, Wires
from qdiag.model.numerics.rounding import Law
from qdiag.model.parameter import Parameter
from qdiag.model.variants import with_precision
from tests.worlds import small_circuits
from tests.worlds.evaluators import FakeEvaluator
from tests.worlds.methods import ADJOINT, methods
from tests.worlds.small_circuits import gate

CONFIGURATION = Configuration("circuit", SourceLine("train.py", 1), "default.qubit", interface="torch")
TRUTH = Reference(
    outputs=(np.array(0.5),),
    errors=(1e-15,),
    norms=(1.0,),
    ranges=((-1.0, 1.0),),
    directions=np.eye(2),
    slopes=np.array([[0.3, -0.4]]),
    slope_errors=np.array([[1e-13, 1e-13]]),
    axes=(0, 1),
)


def circuit(dtype="float64"):
    gates = tuple(Node(name, (Parameter(np.array(0.4, dtype), "torch", True),), Wires((0,)), (0,)) for name in ("RX", "RY"))
    return Circuit(gates, (Node("ExpectationMP", (Node("PauliZ", (), Wires((0,)), (0,)),), None, (0,)),))


def given(method, gradient=(0.3, -0.4), output=0.5, **rest):
    jacobian = (tuple(np.array(g) for g in gradient),)
    return Evaluation(parse(method), (np.array(output),), jacobian=jacobian, norms=(1.0,), **rest)


class Scripted(FakeEvaluator):
    """Answers every question for the reference with the same one, and remembers what was asked."""

    def __init__(self, reference=TRUTH, plain=None):
        self.reference, self.plain, self.depths, self.towards, self.requests = reference, plain, [], [], []

    def answer(self, function, *arguments):
        self.depths.append(arguments[2])
        self.towards.append(arguments[-1])
        if isinstance(self.reference, Exception):
            raise self.reference
        return self.reference

    def evaluate(self, request):
        self.requests.append(request)
        return Evaluation(request.method, self.plain)


def judged(*evaluations, reference=TRUTH, plain=None, cotangents=(), dtype="float64"):
    return arbitrate(circuit(dtype), CONFIGURATION, evaluations, cotangents, Scripted(reference, plain))


def test_the_one_that_is_away_from_the_reference_is_wrong():
    judgement = judged(given("default.qubit/backprop"), given("default.qubit/adjoint", (0.0, 0.3)))
    assert judgement.wrong == methods("default.qubit/adjoint")
    assert judgement.right == methods("default.qubit/backprop")
    assert judgement.methods[1].gap == pytest.approx(0.7)


def test_votes_do_not_count():
    shifted = [given(f"default.qubit/{name}", (0.0, 0.3)) for name in ("adjoint", "parameter-shift", "hadamard")]
    judgement = judged(given("default.qubit/backprop"), *shifted)
    assert len(judgement.wrong) == 3


def test_all_may_be_wrong():
    judgement = judged(given("default.qubit/backprop", (0.0, 0.0)), given("default.qubit/adjoint", (0.0, 0.0)))
    assert judgement.right == ()
    assert isinstance(judgement.reason, FoundWrong)
    assert judgement.reason.unanimous


def test_a_number_that_is_lost_is_wrong():
    judgement = judged(given("default.qubit/adjoint", (np.nan, -0.4)))
    assert judgement.wrong == methods("default.qubit/adjoint")
    assert judgement.methods[0].where == "nan"


def test_a_method_that_raises_is_not_wrong():
    raising = replace(given("default.qubit/adjoint"), failure=Failure("TypeError", "no"))
    judgement = judged(given("default.qubit/backprop"), raising)
    assert judgement.wrong == ()
    assert judgement.raised == methods("default.qubit/adjoint")


@pytest.mark.parametrize(
    ("method", "off", "wrong"),
    [
        ("default.qubit/backprop", 1e-9, True),
        ("default.qubit/finite-diff", 1e-7, False),
        ("default.qubit/finite-diff", 1e-4, True),
        ("default.qubit[complex64]/adjoint", 1e-7, False),
    ],
)
def test_a_method_is_held_to_its_own_precision(method, off, wrong):
    assert bool(judged(given(method, (0.3 + off, -0.4))).wrong) is wrong


def test_single_precision_parameters_excuse_single_precision():
    assert judged(given("default.qubit/backprop", (0.3 + 1e-7, -0.4)), dtype="float32").wrong == ()


class Moving(Scripted):
    """A reference whose slope moves by another step at each point that it is asked about after its own two."""

    def __init__(self, *steps):
        super().__init__()
        self.steps = [0.0, 0.0, *steps]

    def answer(self, function, *arguments):
        super().answer(function, *arguments)
        return replace(TRUTH, slopes=TRUTH.slopes + self.steps[len(self.depths) - 1])


def held_in_single_precision(off, *steps):
    evaluator = Moving(*steps)
    found = arbitrate(circuit("float32"), CONFIGURATION, [given("default.qubit/backprop", (0.3 + off, -0.4))], (), evaluator)
    return bool(found.wrong), len(evaluator.depths) - 2


def test_in_single_precision_a_method_that_is_off_by_little_more_than_one_point_explains_is_held_against_others():
    assert held_in_single_precision(1e-3, 2e-4, 3e-4, 6e-4) == (False, 3)


def test_one_that_no_point_explains_is_wrong_all_the_same():
    assert held_in_single_precision(1e-3, 2e-4, 2e-4, 2e-4, 2e-4) == (True, arbiter.POINTS)


def test_one_that_is_off_by_far_more_is_wrong_at_once():
    assert held_in_single_precision(0.1, 2e-4, 1.0) == (True, 1)


def test_a_value_outside_the_spectrum_is_wrong_even_without_a_reference():
    unknown = Reference(reason="14 wires are more than are simulated", ranges=((-1.0, 1.0),), norms=(1.0,))
    judgement = judged(given("default.qubit/backprop", output=140.0), reference=unknown)
    assert judgement.wrong == methods("default.qubit/backprop")
    assert isinstance(judgement.reason, FoundWrong)
    assert "outside [-1, 1]" in judgement.reason.has


def test_without_a_reference_tracked_numbers_are_held_against_plain_ones():
    unknown = Reference(reason="14 wires are more than are simulated")
    assert judged(given("default.qubit/backprop"), reference=unknown, plain=(np.array(0.1),)).wrong == methods("default.qubit/backprop")
    assert judged(given("default.qubit/backprop"), reference=unknown, plain=(np.array(0.5),)).reason.startswith("cannot tell: 14 wires")


def test_plain_numbers_are_what_they_were_at_the_call():
    # with another default dtype Python's numbers become other tensors, and a healthy method differs from its own call
    configuration = replace(CONFIGURATION, default_dtype="float64", device_wires=(0, 1), execution_options=(("any_option", 1),))
    evaluator = Scripted(Reference(reason="14 wires are more than are simulated"), plain=(np.array(0.5),))
    arbitrate(circuit(), configuration, [given("default.qubit/backprop")], (), evaluator, trusted=True)
    (plain,) = evaluator.requests
    assert (plain.default_dtype, plain.interface, plain.device_wires) == ("float64", "torch", (0, 1))
    assert (plain.execution_options, plain.trusted, plain.method) == ((("any_option", 1),), True, parse("default.qubit/none"))


def test_where_slopes_are_missing_it_cannot_tell():
    kink = replace(TRUTH, slopes=np.full((1, 2), np.nan), gradient_reason="the slopes to the left and to the right differ")
    judgement = judged(given("default.qubit/backprop"), given("default.qubit/adjoint", (0.0, 0.0)), reference=kink)
    assert judgement.wrong == ()
    assert "cannot tell: the slopes" in judgement.reason


def test_an_operation_that_contradicts_itself_is_not_judged():
    doubtful = replace(TRUTH, doubts=("Gate: its own matrix is 1.0e+00 away from the product of its factors",))
    judgement = judged(given("default.qubit/backprop"), given("default.qubit/adjoint", (0.0, 0.0)), reference=doubtful)
    assert (judgement.wrong, judgement.right) == ((), ())
    assert "its own matrix" in judgement.reason


def test_a_reference_that_is_lost_is_a_reason():
    judgement = judged(given("default.qubit/backprop"), reference=TimeoutError(), plain=(np.array(0.5),))
    assert judgement.reason == "cannot tell: the reference was not worked out (TimeoutError)"


def test_a_mistake_of_our_own_is_told_beside_the_reason(caplog):
    own: Any = AttributeError("'NoneType' object has no attribute 'wires'")
    own.traceback = f'Traceback (most recent call last):\n  File "{arbiter.__file__}", line 1, in reference\nAttributeError'
    judgement = judged(given("default.qubit/backprop"), reference=own, plain=(np.array(0.5),))
    assert judgement.reason == "cannot tell: the reference was not worked out (AttributeError)"
    assert [record.message for record in caplog.records] == [f"qdiag itself failed on the reference (AttributeError: {own})"]


def test_products_are_held_against_the_reference_too():
    right = Evaluation(parse("default.qubit/backprop"), (np.array(0.5),), vjps=((np.array(0.6), np.array(-0.8)),))
    wrong = Evaluation(parse("default.qubit/adjoint"), (np.array(0.5),), vjps=((np.array(0.6), np.array(0.8)),))
    judgement = judged(right, wrong, cotangents=((np.array(2.0),),))
    assert judgement.wrong == methods("default.qubit/adjoint")
    assert judgement.methods[1].where == "vjp"


def test_one_direction_is_enough_where_methods_agree():
    evaluator = Scripted()
    arbitrate(circuit(), CONFIGURATION, [given("default.qubit/backprop"), given("default.qubit/adjoint")], (), evaluator)
    assert evaluator.depths == ["direction"]


def test_where_methods_differ_every_axis_is_asked_about():
    evaluator = Scripted()
    arbitrate(circuit(), CONFIGURATION, [given("default.qubit/backprop"), given("default.qubit/adjoint", (0.3, 0.4))], (), evaluator)
    assert evaluator.depths == ["full"]
    assert evaluator.towards == [(1,)]


def test_where_the_time_is_short_an_error_in_one_entry_of_many_is_seen_along_its_own_axis(monkeypatch):
    """As on a busy machine: along one direction alone the tolerances of five entries add up."""
    monkeypatch.setattr(Allowance, "suffices", lambda self, space, directions, evaluations=0: directions <= 2)
    made = with_precision(small_circuits.circuit(*[gate("RX", 0.1, trainable=True)] * 5), "float32")
    right = [-np.sin(0.5)] * 5
    off = 4 * Law.of(made, (given("default.qubit/backprop", right),)).bounds(1.0, gradient=True).largest
    wrong, output = (*right[:3], right[3] + off, right[4]), float(np.cos(0.5))
    both = given("default.qubit/backprop", right, output), given("default.qubit/adjoint", wrong, output)
    assert arbitrate(made, CONFIGURATION, both, (), Inline()).wrong == methods("default.qubit/adjoint")


def test_what_is_an_error_of_two_methods_is_asked_about_along_every_axis():
    """Each of the two may be off by one tolerance: what is more than that between them is not looked for along one direction alone."""
    bound = Law.of(circuit("float32"), (given("default.qubit/backprop"),)).bounds(1.0, gradient=True).largest
    for off, depth in ((1.5 * bound, "full"), (0.5 * bound, "direction")):
        scripted = Scripted()
        both = given("default.qubit/backprop"), given("default.qubit/adjoint", (0.3 + off, -0.4))
        arbitrate(circuit("float32"), CONFIGURATION, both, (), scripted)
        assert scripted.depths[0] == depth


def test_where_methods_agree_and_one_direction_blames_them_every_axis_is_asked_about():
    evaluator = Scripted()
    both = [given("default.qubit/backprop", (0.3, 0.4)), given("default.qubit/adjoint", (0.3, 0.4))]
    assert arbitrate(circuit(), CONFIGURATION, both, (), evaluator).wrong
    assert evaluator.depths == ["direction", "full"]


def test_a_single_complex_number_is_no_density_matrix():
    complex_truth = replace(TRUTH, outputs=(np.array(0.5 + 0.1j),), ranges=(None,))
    judgement = judged(given("default.qubit/backprop", output=np.array([0.5, 0.1])), reference=complex_truth)
    assert judgement.methods[0].where == "shape"


def test_where_nothing_is_allowed_what_is_off_is_found_behind_what_is_not():
    zero = np.zeros(3)
    gap = Gap(Signature.JACOBIAN, np.array([0.0, 0.2, 0.0]), zero, zero)
    with np.errstate(all="raise"):
        found = gap_verdict(ADJOINT, gap)
    assert (found.verdict, found.gap) == ("wrong", 0.2)
    assert gap_verdict(ADJOINT, replace(gap, method=zero)).verdict == "right"


def about(judgement, by, own="default.qubit/backprop"):
    first, second = methods(own, "default.qubit/adjoint")
    comparison = Comparison((first, second), Verdict.ERROR, Signature.JACOBIAN, element=Element(Kind.JACOBIAN, by=by))
    return in_question(judgement, circuit(), comparison)


def test_a_wrong_entry_blames_the_methods_that_are_wrong_in_it_and_no_others():
    judgement = judged(
        given("default.qubit/backprop"), given("default.qubit/adjoint", (0.0, -0.4)), given("default.qubit/parameter-shift", (0.3, 0.1))
    )
    assert judgement.wrong == methods("default.qubit/adjoint", "default.qubit/parameter-shift")
    first, second = about(judgement, "RX#0"), about(judgement, "RY#0")
    assert (first.wrong, second.wrong) == (methods("default.qubit/adjoint"), methods("default.qubit/parameter-shift"))
    assert first.reason.wrong == first.wrong
    assert first.right == judgement.right == methods("default.qubit/backprop")


def test_what_the_scripts_own_method_has_wrong_elsewhere_stays_its_fault():
    judgement = judged(given("default.qubit/backprop", (0.3, 0.1)), given("default.qubit/adjoint", (0.0, -0.4)))
    assert about(judgement, "RX#0").wrong == methods("default.qubit/backprop", "default.qubit/adjoint")


def test_where_no_entry_is_in_question_all_that_are_wrong_are_blamed():
    judgement = judged(given("default.qubit/backprop"), given("default.qubit/adjoint", (0.0, -0.4)))
    first, second = methods("default.qubit/backprop", "default.qubit/adjoint")
    output = Comparison((first, second), Verdict.ERROR, element=Element(Kind.OUTPUT))
    assert in_question(judgement, circuit(), output) is judgement
    assert about(judgement, "RY#0") is judgement


# --- options that only the device was told -------------------------------------------------------------------------------------

NOISY = replace(ADJOINT, device_options=(("noise", 0.1),))


class Noisy(Scripted):
    """A device whose noise moves its outputs, or does not."""

    def __init__(self, moves):
        super().__init__()
        self.moves = moves

    def evaluate(self, request):
        self.requests.append(request)
        told = bool(request.method.device_options)
        return Evaluation(request.method, (np.array(0.4 if told and self.moves else 0.5),), norms=(1.0,))


@pytest.mark.parametrize(("moves", "wrong"), [(True, ()), (False, (NOISY,))])
def test_nobody_is_blamed_for_an_option_that_moves_the_outputs(moves, wrong):
    found = replace(given("default.qubit/adjoint", (0.2, -0.3), output=0.4), method=NOISY)
    judgement = arbitrate(circuit(), CONFIGURATION, [found], (), Noisy(moves))
    assert judgement.wrong == wrong
    if moves:
        assert judgement.reason == "cannot tell: noise=0.1 is part of what its device computes, and our own simulation was not told so"


def test_that_holds_where_another_method_of_low_precision_is_looked_at_beside_other_points():
    noisy = replace(given("default.qubit/adjoint", output=0.4), method=NOISY)
    judgement = arbitrate(circuit("float32"), CONFIGURATION, [noisy, given("default.qubit/backprop", (0.3, 0.1))], (), Noisy(True))
    assert judgement.wrong == (parse("default.qubit/backprop"),)


def test_a_seed_is_no_such_option():
    evaluator = Noisy(True)
    seeded = replace(ADJOINT, device_options=(("seed", 3),))
    judgement = arbitrate(circuit(), CONFIGURATION, [replace(given("default.qubit/adjoint", (0.0, 0.3)), method=seeded)], (), evaluator)
    assert judgement.wrong == (seeded,)
    assert not evaluator.requests
