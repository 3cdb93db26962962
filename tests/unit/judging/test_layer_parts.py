"""What a layer hands on and sends back, beside its QNode's own results."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from qdiag.judging.layer_parts import MOST_ROWS, divergence, evidence, layout_of
from qdiag.model.call import Argument, Call
from qdiag.model.comparison import Signature, Verdict
from tests.worlds.scripted import call, circuit

TWO = (np.zeros(6), np.zeros(6))
RIGHT = ((0.0, 0.0, 0.0), 0.0)


def layered(outputs: tuple[np.ndarray, ...] = TWO, shape: tuple[int, ...] = (6, 3), inputs: bool = True, **changes: Any) -> Call:
    base = call(0, circuit(0.3))
    arguments = Argument("inputs", "torch", "float64", shape, inputs), Argument("weights", "torch", "float64", (2,), True)
    configuration = replace(base.configuration, layer=changes.pop("layer", "TorchLayer"))
    return replace(base, outputs=outputs, arguments=arguments, configuration=configuration, **{"layer_dtype": "float64", **changes})


@pytest.mark.parametrize(
    ("made", "layout"),
    [
        (layered(), ((1, 1), (6, 3))),
        (layered((np.zeros((6, 4)),)), ((4,), (6, 3))),
        (layered((np.zeros(()), np.zeros(())), (3,)), ((1, 1), (3,))),
        (layered((np.zeros(900),), (900, 2)), ((1,), (MOST_ROWS, 2))),
    ],
)
def test_results_and_inputs_are_as_large_as_those_of_the_call(made: Call, layout: Any) -> None:
    assert layout_of(made) == layout


@pytest.mark.parametrize(
    "made",
    [
        layered(layer=""),
        layered((np.zeros(5),)),
        layered((np.zeros((6, 3)),)),
        layered((np.zeros((6, 4), complex),)),
        layered(shape=(2, 3, 4)),
        layered(()),
    ],
    ids=["no layer", "not for each row", "no probabilities", "a state", "more axes", "nothing"],
)
def test_what_is_no_such_layer_is_not_tried(made: Call) -> None:
    assert layout_of(made) is None


@pytest.mark.parametrize(
    ("gaps", "signature"), [((0.5, 0.1, 0.1), Signature.OUTPUT), ((0.0, 0.2, 0.0), Signature.VJP), ((0.0, 0.0, 0.3), Signature.VJP)]
)
def test_a_layer_that_does_otherwise_than_its_qnode_is_an_error(gaps: tuple[float, float, float], signature: Signature) -> None:
    found = divergence(layered(), lambda *asked: (gaps, 0.0))
    assert found is not None
    assert (found.verdict, found.signature, found.in_layer, found.outside) == (Verdict.ERROR, signature, True, True)
    assert all(one.holds for one in evidence(found, lambda *asked: (gaps, 0.0)))


def test_a_right_one_and_one_that_cannot_be_tried_are_none() -> None:
    assert divergence(layered(), lambda *asked: RIGHT) is None
    assert divergence(layered(), lambda *asked: None) is None
    assert divergence(layered(layer_dtype="int64"), lambda *asked: ((0.5, 0.0, 0.0), 0.0)) is None


def test_where_the_qnode_itself_is_not_what_its_rows_are_the_layer_is_not_blamed() -> None:
    assert divergence(layered(), lambda *asked: ((0.5, 0.0, 0.0), 0.5)) is None


def test_slopes_by_inputs_that_nobody_takes_are_no_matter() -> None:
    assert divergence(layered(inputs=False), lambda *asked: ((0.0, 0.2, 0.0), 0.0)) is None


def test_float32_is_given_its_rounding() -> None:
    assert divergence(layered(layer_dtype="float32"), lambda *asked: ((1e-6, 1e-6, 0.0), 1e-6)) is None
