"""QD504: what goes with the rows of a batch, and what does not."""

from __future__ import annotations

from dataclasses import replace

from qdiag.diagnosis.symptoms import Symptoms
from qdiag.model.call import Argument, Configuration, Failure, SourceLine
from qdiag.model.comparison import Comparison, Signature, Verdict
from qdiag.model.evaluation import Evaluation, Request
from tests.worlds.methods import BACKPROP
from tests.worlds.symptoms import World, found, of, rotation, symptoms


def layer_that_dies(world: World, rows: int) -> Symptoms:
    configuration = Configuration(
        "circuit", SourceLine("train.py", 3), "default.qubit", (0, 1), interface="torch", requested="backprop", resolved="backprop",
        layer="TorchLayer",
    )  # fmt: skip
    circuit = of(*(rotation(wire=wire) for wire in range(3)))
    arguments = (Argument("inputs", "torch", "float64", (rows, 2), False),)
    failure = Failure("WireError", "wires {2} not found")
    own = BACKPROP
    seen = symptoms(world, circuit, (own, own), configuration=configuration, call={"arguments": arguments, "failure": failure})
    comparison = Comparison((own, own), Verdict.ERROR, Signature.RAISE, detail="raises WireError")
    return replace(seen, divergence=replace(seen.divergence, comparison=comparison))


def too_few_wires(request: Request) -> float | Evaluation:
    if len(request.device_wires) < 3:
        return Evaluation(request.method, failure=Failure("WireError", "wires not found"))
    return 0.0


def test_a_call_that_runs_once_each_row_has_a_wire_counted_the_batch() -> None:
    world = World(too_few_wires)
    diagnosis = found(world, layer_that_dies(world, rows=3))
    assert (diagnosis.code, diagnosis.confidence) == ("QD504", "confirmed")
    assert {e.experiment: e.holds for e in diagnosis.evidence} == {"3 wires on the device": True, "2 wires on the device": True}


def test_a_circuit_with_too_many_wires_for_any_batch_did_not() -> None:
    world = World(too_few_wires)
    assert found(world, layer_that_dies(world, rows=7)).code != "QD504"


def test_a_call_that_dies_all_the_same_is_not_explained_by_its_batch() -> None:
    world = World(lambda request: Evaluation(request.method, failure=Failure("WireError", "wires not found")))
    diagnosis = found(world, layer_that_dies(world, rows=3))
    assert diagnosis.code != "QD504"
    assert "QD504" in diagnosis.ruled_out
