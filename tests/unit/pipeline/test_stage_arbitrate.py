"""Divergences with the arbiter's word: outputs that are wrong themselves come before all that follows from them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from qdiag.judging.arbiter.arbiter import Arbitration
from qdiag.judging.arbiter.method_verdicts import MethodVerdict
from qdiag.judging.arbiter.reference import Reference
from qdiag.judging.replay.located import Located
from qdiag.model.call import Environment
from qdiag.model.comparison import Comparison, Signature, Verdict
from qdiag.model.evaluation import Evaluation
from qdiag.model.findings import Divergence, FoundWrong
from qdiag.model.method import ARBITER, Method
from qdiag.model.probe import Probe, ProbedArgument, ProbedMethod
from qdiag.pipeline import stage_beside_probes
from qdiag.pipeline.stage_arbitrate import _between_methods
from qdiag.pipeline.stage_beside_probes import is_in_proportion, of_other_directions
from qdiag.pipeline.stage_context import StageContext
from tests.worlds.methods import ADJOINT, BACKPROP, SHIFT
from tests.worlds.scripted import call, circuit


class Arbiter(StageContext):
    """An arbiter that finds the script's own method wrong in what it is told, or right."""

    where: Signature

    def arbitrate(self, call, methods, *, second=False, outputs=False, entries=False):  # type: ignore[no-untyped-def]
        wrong = self.where is Signature.OUTPUT or not outputs
        found = (MethodVerdict(m, "wrong" if wrong else "right", self.where, 0.5, 1e-9) for m in methods)
        return Arbitration(Reference(), tuple(found))

    def with_few_rows(self, call, comparison=None):  # type: ignore[no-untyped-def]
        return call

    def with_arbiters_word(self, divergence, methods):  # type: ignore[no-untyped-def]
        wrong = divergence.comparison.methods
        judged = FoundWrong(wrong, wrong[0], "0.4 where the reference has 0.9", self.where, 1e-9, "our own simulation", True)
        return replace(divergence, wrong=wrong, judged=judged)



def arbiter(where: Signature) -> StageContext:
    made = Arbiter(None, Environment())  # type: ignore[arg-type]
    object.__setattr__(made, "where", where)
    return made


def apart(other: Method, index: int = 0, where: Signature = Signature.JACOBIAN) -> Divergence:
    comparison = Comparison((ADJOINT, other), Verdict.ERROR, where, max_abs=0.3)
    return Divergence(call(index, circuit(0.3), ADJOINT), comparison, calls=(index, index + 1))


def between(*divergences: Divergence, where: Signature = Signature.OUTPUT) -> list[Divergence]:
    return _between_methods(Located(divergences=divergences), arbiter(where))


def test_methods_that_differ_in_derivatives_of_wrong_outputs_are_about_the_outputs_once() -> None:
    (found,) = between(apart(BACKPROP, 1), apart(SHIFT, 0))
    assert (found.comparison.methods, found.signature, found.wrong) == ((ADJOINT, ARBITER), Signature.OUTPUT, (ADJOINT,))
    assert (found.call.index, found.calls) == (0, (0, 1))


def test_where_the_outputs_are_right_each_pair_stays() -> None:
    found = between(apart(BACKPROP), apart(SHIFT), where=Signature.JACOBIAN)
    assert [one.comparison.methods[1] for one in found] == [BACKPROP, SHIFT]
    assert {one.signature for one in found} == {Signature.JACOBIAN}


def test_outputs_that_differ_between_methods_stay_as_they_are() -> None:
    (found,) = between(apart(BACKPROP, where=Signature.OUTPUT))
    assert found.comparison.methods == (ADJOINT, BACKPROP)


class Probed:
    """A trace with a probe that finds the slopes of the QNode's own outputs right."""

    probes = (Probe(0, (ProbedArgument("w", 0.5, 1e-12, True),), (ProbedMethod("adjoint", (0.5,)),), complete=True, closed=True),)
    handed = False

    def call(self, index: int) -> Any:
        return call(index, circuit(0.3), ADJOINT)


@pytest.mark.parametrize(("where", "untaken"), [(Signature.OUTPUT, False), (Signature.JACOBIAN, True)])
def test_slopes_of_wrong_outputs_are_no_other_directions(
    where: Signature, untaken: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage_beside_probes, "_is_in_proportion", lambda *asked: True)
    error = replace(apart(BACKPROP), wrong=(ADJOINT,))
    assert of_other_directions(error, Probed(), arbiter(where)).untaken is untaken  # type: ignore[arg-type]


@pytest.mark.parametrize(("back", "proportional"), [(0.6, True), (0.5, False)])
def test_what_comes_back_out_of_proportion_to_the_jacobian_is_none_either(back: float, proportional: bool) -> None:
    """A probe sees one cotangent: where another one brings something else, its word is none on that."""
    jacobian = Evaluation(ADJOINT, (np.array(0.3),), jacobian=((np.array(0.3),),))
    products = Evaluation(ADJOINT, (np.array(0.3),), vjps=((np.array(back),),))
    assert is_in_proportion(jacobian, products, [[np.array(2.0)]]) is proportional
    assert is_in_proportion(jacobian, replace(products, vjps=()), [[np.array(2.0)]])
