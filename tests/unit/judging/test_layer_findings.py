"""What a layer hands on: integers for expectation values and real numbers for states lose them, rounding does not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Callable, Optional

import numpy as np
import pytest

from qdiag.judging import layer_findings
from qdiag.model.call import Environment
from qdiag.model.comparison import Verdict
from qdiag.pipeline import stage_arbitrate, stage_diagnose
from qdiag.pipeline.stage_context import StageContext
from tests.worlds.evaluators import FakeEvaluator
from tests.worlds.scripted import ScriptedTrace, call, circuit

RESULTS = (np.array([0.25, -0.75]), np.array(0.5))
STATE = (np.array([0.8, 0.6j]),)


def layered(dtype: str, outputs: tuple[np.ndarray, ...] = RESULTS, index: int = 0, layer: str = "TorchLayer"):
    base = call(index, circuit(0.3))
    return replace(base, outputs=outputs, layer_dtype=dtype, configuration=replace(base.configuration, layer=layer))


@pytest.mark.parametrize(("dtype", "outputs"), [("int64", RESULTS), ("uint8", RESULTS), ("float32", STATE), ("int64", STATE)])
def test_a_dtype_that_cannot_hold_the_results_is_an_error(dtype, outputs):
    found = layer_findings.divergence(layered(dtype, outputs))
    assert (found.verdict, found.signature, found.wrong) == (Verdict.ERROR, "dtype", ())
    assert found.outside


@pytest.mark.parametrize(("dtype", "outputs"), [("", RESULTS), ("float32", RESULTS), ("float16", RESULTS), ("complex64", STATE)])
def test_rounding_is_none(dtype, outputs):
    assert layer_findings.divergence(layered(dtype, outputs)) is None


def test_the_worst_number_is_named():
    found = layer_findings.divergence(layered("int64"))
    assert found.comparison.max_abs == 0.75
    assert found.comparison.values == (0, -0.75)
    assert found.comparison.detail == "the layer handed on int64 where its QNode gave float64: -0.75 became 0"


# --- experiments on a layer with one result ------------------------------------------------------------------------------------


class Layers(FakeEvaluator):
    """Workers in which a layer loses what the script says."""

    def __init__(self, loss: Callable[[str], Optional[float]]) -> None:
        self.loss = loss

    def answer(self, function: Any, dtype: str, is_complex: bool) -> float:
        lost = self.loss(dtype)
        if lost is None:
            raise RuntimeError("no such layer")
        return lost


def diagnosed(dtype: str, loss: Callable[[str], Optional[float]], outputs: tuple[np.ndarray, ...] = RESULTS):
    divergence = layer_findings.divergence(layered(dtype, outputs))
    assert divergence is not None
    return stage_diagnose.diagnose_divergence(divergence, (), StageContext(Layers(loss), Environment())).diagnosis


def test_a_layer_that_casts_to_its_inputs_dtype_is_confirmed():
    found = diagnosed("int64", lambda dtype: 0.45 if dtype.startswith("int") else 0.0)
    assert (found.code, found.confidence) == ("QD104", "confirmed")
    assert [(e.experiment, e.predicts, e.holds) for e in found.evidence] == [
        ("a layer whose input is float64", "heals", True),
        ("a layer whose input is int32", "persists", True),
    ]


def test_a_state_needs_a_complex_input():
    found = diagnosed("float32", lambda dtype: 0.0 if dtype.startswith("complex") else 0.5, STATE)
    assert found.confidence == "confirmed"
    assert [e.experiment for e in found.evidence] == ["a layer whose input is complex128", "a layer whose input is float64"]


@pytest.mark.parametrize("loss", [lambda dtype: 0.0, lambda dtype: 0.45, lambda dtype: None])
def test_a_layer_that_does_otherwise_does_not_confirm_it(loss):
    assert diagnosed("int64", loss).confidence == "likely"


def test_one_finding_for_a_qnode():
    calls = [replace(layered("int64", index=index), circuit=circuit(0.3, gates=1 + index)) for index in range(3)]
    context = StageContext(Layers(lambda dtype: None), Environment())
    assert [d.call.index for d in stage_arbitrate.lost_in_layers(ScriptedTrace(calls), context)] == [0]
