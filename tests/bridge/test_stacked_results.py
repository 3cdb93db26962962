"""Before 0.30 a QNode gives several results as one array: the arbiter judges them in whatever form this PennyLane gives them."""

from __future__ import annotations

import pytest

from qdiag.evaluation.workers import Inline
from qdiag.judging.arbiter.arbiter import arbitrate
from qdiag.model.call import Configuration, SourceLine
from qdiag.model.evaluation import Request
from qdiag.model.method import parse_list
from tests.worlds.small_circuits import Z, circuit, expval, gate, probs

pytestmark = pytest.mark.stack


@pytest.mark.parametrize(
    "measured",
    [(expval(Z), expval(gate("PauliX", wires=(1,)))), (probs(0), probs(1)), (probs(1, 2), expval(Z))],
    ids=["two expectation values", "two probabilities", "one of each"],
)
def test_several_results_are_judged(measured):
    ran = circuit(
        gate("RX", 0.4, trainable=True), gate("RY", 0.7, wires=(1,), trainable=True), measured=measured, returns="tuple"
    )
    # 0.21 gets the Jacobian of several probabilities wrong by parameter-shift: transposed
    (method,) = parse_list("default.qubit/backprop")
    evaluation = Inline().submit(Request(ran, method, "torch", (0, 1, 2), jacobian=True)).result()
    configuration = Configuration("circuit", SourceLine("train.py", 1), "default.qubit", (0, 1, 2))
    judgement = arbitrate(ran, configuration, [evaluation], (), Inline())
    assert judgement.right == (method,), judgement
