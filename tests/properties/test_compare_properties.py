"""What holds for every comparison, whatever the numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from qdiag.judging.comparison.compare import compare
from qdiag.model.circuit import Circuit
from qdiag.model.comparison import Tolerance, Verdict
from qdiag.model.evaluation import Evaluation
from qdiag.model.method import Method
from qdiag.model.node import Node
from qdiag.model.parameter import Parameter

SEVERITY = [Verdict.AGREE, Verdict.ROUNDING, Verdict.INCONCLUSIVE, Verdict.ERROR]
CIRCUIT = Circuit((Node("RX", (Parameter(np.float32(0.3), "torch", True),), None, (0,)),), (Node("ExpectationMP"),))
NUMBERS = st.floats(-2, 2, allow_subnormal=False) | st.sampled_from([0.0, np.nan, np.inf, 1.0, 1.0 + 1e-7])


@st.composite
def pairs(draw: st.DrawFn, elements: st.SearchStrategy[float] = NUMBERS) -> tuple[Evaluation, Evaluation]:
    outputs, gradients = draw(array_shapes(max_dims=2, max_side=3, min_side=0)), draw(array_shapes(max_dims=1, max_side=3))
    sides = []
    for method in (Method("d", "backprop"), Method("d", "adjoint")):
        numbers = [draw(arrays(np.float64, shape, elements=elements)) for shape in (outputs, gradients, outputs + gradients)]
        sides.append(Evaluation(method, (numbers[0],), ((numbers[1],),), ((numbers[2],),), norms=(1.0,)))
    return sides[0], sides[1]


def near(evaluation: Evaluation, offset: float) -> Evaluation:
    outputs = tuple(o + offset for o in evaluation.outputs or ())
    return replace(evaluation, method=Method("d", "adjoint"), outputs=outputs)


@given(pairs())
def test_the_order_of_the_two_does_not_matter(pair: tuple[Evaluation, Evaluation]):
    there, back = compare(*pair, CIRCUIT), compare(pair[1], pair[0], CIRCUIT)
    assert (there.verdict, there.where, there.max_abs, there.bound) == (back.verdict, back.where, back.max_abs, back.bound)
    assert there.methods == back.methods[::-1]
    assert there.values == back.values[::-1]


@given(pairs())
def test_an_evaluation_agrees_with_itself(pair: tuple[Evaluation, Evaluation]):
    assert compare(pair[0], pair[0], CIRCUIT).verdict is Verdict.AGREE


@given(pairs(), st.floats(0, 3), st.floats(0, 3))
def test_a_larger_tolerance_never_makes_it_worse(pair: tuple[Evaluation, Evaluation], one: float, other: float):
    small, large = sorted((one, other))
    verdicts = [compare(*pair, CIRCUIT, Tolerance(absolute=t)).verdict for t in (small, large)]
    assert SEVERITY.index(verdicts[1]) <= SEVERITY.index(verdicts[0])


# a power of two changes no digit of a number, unless it makes it one that has fewer
SCALABLE = st.floats(-1, 1).filter(lambda number: number == 0 or abs(number) > 1e-290)


@given(pairs(SCALABLE), st.sampled_from([2.0**k for k in range(-20, 21)]))
def test_units_do_not_matter(pair: tuple[Evaluation, Evaluation], unit: float):
    def scaled(e: Evaluation) -> Evaluation:
        times = [tuple(a * unit for a in row) for row in (e.outputs or (), e.vjps[0], (e.jacobian or ((),))[0])]
        return replace(e, outputs=times[0], vjps=(times[1],), jacobian=(times[2],), norms=(unit,))

    plain, stretched = compare(*pair, CIRCUIT), compare(scaled(pair[0]), scaled(pair[1]), CIRCUIT)
    assert (plain.verdict, plain.where) == (stretched.verdict, stretched.where)
    assert np.isclose(plain.ulps, stretched.ulps, rtol=1e-9)


@given(pairs(), st.floats(1e-17, 1.0))
def test_the_tolerance_needed_is_the_one_at_which_they_agree(pair: tuple[Evaluation, Evaluation], offset: float):
    comparison = compare(*pair, CIRCUIT)
    if np.isfinite(comparison.tolerance_needed):
        enough = Tolerance(relative=comparison.tolerance_needed * (1 + 1e-12))
        assert compare(*pair, CIRCUIT, enough).verdict is Verdict.AGREE


@given(pairs())
def test_a_number_against_none_is_an_error_and_none_against_none_is_nothing(pair: tuple[Evaluation, Evaluation]):
    tensors = [[*e.outputs, *e.vjps[0], *e.jacobian[0]] for e in pair]  # type: ignore[misc,index]
    odd = any((np.isfinite(a) != np.isfinite(b)).any() for a, b in zip(*tensors))
    if odd:
        assert compare(*pair, CIRCUIT).verdict is Verdict.ERROR
    assert compare(pair[0], near(pair[0], 0.0), CIRCUIT).verdict is Verdict.AGREE
