"""QD305 and QD312: a gap that first derivatives have not, and one that they have; and one that is closed where two are asked for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from qdiag.diagnosis.symptoms import Symptoms
from qdiag.model.comparison import Comparison, Signature, Verdict
from qdiag.model.evaluation import Evaluation, Request
from tests.worlds.symptoms import PAIR, TWO, World, adjoint, found, symptoms


def twice(world: World) -> Symptoms:
    seen = symptoms(world, TWO)
    comparison = Comparison(PAIR, Verdict.ERROR, Signature.SECOND_DERIVATIVE, max_abs=0.5, max_rel=0.5, bound=1e-12)
    divergence = replace(seen.divergence, comparison=comparison, wrong=PAIR[:1])
    return replace(seen, divergence=divergence, question=replace(seen.question, second=True))


def with_second(request: Request, gap: float) -> Evaluation:
    jacobian = (tuple(np.array(0.5) for _ in request.circuit.trainable),)
    hvp = tuple(np.array(0.1 + gap) for _ in request.circuit.trainable) if request.second else None
    return Evaluation(request.method, (np.array(0.3),), jacobian=jacobian, hvp=hvp, norms=(1.0,))


def test_a_gap_that_first_derivatives_do_not_have_is_the_seconds() -> None:
    world = World(lambda request: with_second(request, 0.5 if adjoint(request) else 0.0))
    diagnosis = found(world, twice(world))
    assert (diagnosis.code, diagnosis.confidence) == ("QD305", "confirmed")


def test_a_gap_that_they_have_too_is_not() -> None:
    world = World(lambda request: 0.5 if adjoint(request) else 0.0)
    assert "QD305" in found(world, twice(world)).ruled_out


# --- made for one derivative -----------------------------------------------------------------------------------------------


def once(
    world: World, given: tuple[tuple[str, int], ...] = (("max_diff", 1),), by_method: bool = True, method: str = "parameter-shift"
) -> Symptoms:
    """The same of a shift rule, which the script's QNode was made to differentiate once."""
    seen = twice(world)
    own = replace(PAIR[0], diff_method=method, gradient_options=given)
    pair = (own, PAIR[1])
    comparison = replace(seen.divergence.comparison, methods=pair)
    question = replace(seen.question, methods=pair, execution_options=() if by_method else given)
    return replace(seen, divergence=replace(seen.divergence, comparison=comparison, wrong=pair[:1]), question=question)


def shifts(request: Request) -> bool:
    return request.method.diff_method == "parameter-shift"


def order(request: Request) -> object:
    return dict((*request.method.gradient_options, *request.execution_options)).get("max_diff", 2)


@pytest.mark.parametrize("by_method", [True, False], ids=["by default", "as the script says"])
def test_a_gap_that_is_closed_by_two_derivatives_is_the_qnodes_who_was_made_for_one(by_method: bool) -> None:
    world = World(lambda request: with_second(request, 0.5 if shifts(request) and order(request) == 1 else 0.0))
    diagnosis = found(world, once(world, by_method=by_method))
    assert (diagnosis.code, diagnosis.confidence, diagnosis.fileable) == ("QD312", "confirmed", False)
    assert diagnosis.remedy.startswith("max_diff=2 in the QNode")


def test_a_gap_that_stays_under_two_derivatives_is_the_methods() -> None:
    world = World(lambda request: with_second(request, 0.5 if shifts(request) else 0.0))
    diagnosis = found(world, once(world))
    assert (diagnosis.code, diagnosis.confidence) == ("QD305", "confirmed")
    assert "QD312" in diagnosis.ruled_out


@pytest.mark.parametrize("given", [(("max_diff", 2),), (("max_diff", 3),), ()])
def test_a_qnode_that_is_made_for_two_is_not_told_so(given: tuple[tuple[str, int], ...]) -> None:
    world = World(lambda request: with_second(request, 0.5 if shifts(request) else 0.0))
    diagnosis = found(world, once(world, given))
    assert (diagnosis.code, "QD312" in diagnosis.ruled_out) == ("QD305", False)


def test_finite_differences_of_themselves_are_no_cure() -> None:
    world = World(lambda request: with_second(request, 0.5 if request.method.diff_method == "finite-diff" else 0.0))
    assert found(world, once(world, method="finite-diff")).code == "QD305"
