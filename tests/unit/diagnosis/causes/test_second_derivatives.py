"""QD305: a gap that first derivatives have not, and one that they have."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

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
