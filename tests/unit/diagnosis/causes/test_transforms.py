"""QD505 to QD507: what goes with a transform, an interface or a way of measuring midway, and what does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qdiag.diagnosis.causes.transforms import MCM_METHOD
from qdiag.diagnosis.experiments.midway import under_other_mcm_method
from qdiag.diagnosis.facts import LOSSY
from qdiag.diagnosis.symptoms import Symptoms
from qdiag.model.call import Configuration, SourceLine
from qdiag.model.circuit import Circuit
from qdiag.model.evaluation import Request
from qdiag.model.findings import Diagnosis, Outcome
from qdiag.model.node import Node, Wires
from qdiag.model.option import Option
from tests.worlds.symptoms import PAIR, World, adjoint, found, of, rotation, symptoms

TWO = of(rotation(), rotation(name="RY", wire=1))


# --- QD505: transform changes the circuit ----------------------------------------------------------------------------------


def transformed(world: World) -> Symptoms:
    written = of(rotation(), rotation(name="RY"))
    configuration = Configuration(
        "circuit", SourceLine("train.py", 3), "default.qubit", interface="torch", resolved="adjoint", transforms=("fusion",)
    )
    return symptoms(world, of(rotation(name="RZ")), PAIR, configuration=configuration, call={"written": written})


def test_a_gap_that_the_circuit_as_written_does_not_show_is_the_transforms() -> None:
    world = World(lambda request: 0.1 if adjoint(request) and len(request.circuit.operations) == 1 else 0.0)
    diagnosis = found(world, transformed(world))
    assert (diagnosis.code, diagnosis.confidence) == ("QD505", "confirmed")
    assert "fusion" in diagnosis.because


def test_a_gap_that_it_shows_too_is_not() -> None:
    world = World(lambda request: 0.1 if adjoint(request) else 0.0)
    diagnosis = found(world, transformed(world))
    assert diagnosis.code != "QD505"
    assert "QD505" in diagnosis.ruled_out


# --- QD506: operation's matrix depends on interface or trainability --------------------------------------------------------


def test_a_gap_that_goes_with_the_interface_is_the_interfaces_matrix() -> None:
    world = World(lambda request: 0.1 if adjoint(request) and request.interface == "torch" else 0.0, output=True)
    diagnosis = found(world, symptoms(world, TWO, known={LOSSY: ((0, "different"),)}))
    assert (diagnosis.code, diagnosis.confidence) == ("QD506", "confirmed")
    assert "RX" in diagnosis.because


def test_a_gap_under_every_interface_is_not() -> None:
    world = World(lambda request: 0.1 if adjoint(request) else 0.0, output=True)
    diagnosis = found(world, symptoms(world, TWO, known={LOSSY: ((0, "different"),)}))
    assert diagnosis.code != "QD506"
    assert "QD506" in diagnosis.ruled_out


# --- QD507: method of mid-circuit measurement changes the result ---------------------------------------------------------------

MIDWAY = of(rotation(), Node("MidMeasureMP", (), (Wires((0,)), ()), (0,)))
TRAVERSED = (("mcm_method", "tree-traversal"),)


def treated(world: World, circuit: Circuit = MIDWAY, options: tuple[tuple[str, Option], ...] = TRAVERSED) -> Diagnosis:
    """What is found where the script treats its mid-circuit measurements in some way."""
    own = Configuration("circuit", SourceLine("train.py", 3), "default.qubit", interface="torch", execution_options=options)
    return found(world, symptoms(world, circuit, configuration=own))


def wrong_under(*treatments: str) -> World:
    def error(request: Request) -> float:
        now = dict(request.execution_options).get("mcm_method") or "deferred"
        return 0.1 if adjoint(request) and now in treatments else 0.0

    return World(error, output=True)


@pytest.mark.parametrize("options", [TRAVERSED, ()], ids=["traversed", "deferred"])
def test_a_gap_that_goes_with_the_treatment_of_measurements_in_the_middle_is_the_treatments(
    options: tuple[tuple[str, Option], ...],
) -> None:
    now, other = ("tree-traversal", "deferred") if options else ("deferred", "tree-traversal")
    diagnosis = treated(wrong_under(now), options=options)
    assert (diagnosis.code, diagnosis.confidence) == ("QD507", "confirmed")
    assert f'treated by "{now}"; by "{other}"' in diagnosis.because
    assert [one.experiment for one in diagnosis.evidence if one.predicts is Outcome.HEALS] == [f'mcm_method="{other}"']


def test_a_gap_under_every_treatment_is_not() -> None:
    diagnosis = treated(wrong_under("deferred", "tree-traversal"))
    assert diagnosis.code != "QD507"
    assert "QD507" in diagnosis.ruled_out


def test_without_a_measurement_in_the_middle_it_is_out_of_the_question() -> None:
    diagnosis = treated(wrong_under("tree-traversal"), circuit=TWO)
    assert diagnosis.code != "QD507"
    assert "QD507" not in diagnosis.ruled_out


def test_what_is_deferred_gets_wires_to_be_deferred_to() -> None:
    seen = symptoms(World(lambda request: 0.1, output=True), MIDWAY)
    traversed = replace(seen.question, execution_options=TRAVERSED, device_wires=(0, 1))
    changed = under_other_mcm_method(TRAVERSED).change(traversed, World(lambda request: 0.0))
    assert changed is not None
    assert (changed.device_wires, changed.execution_options) == ((0, 1, 2), (("mcm_method", "deferred"),))
    free = under_other_mcm_method(TRAVERSED).change(replace(traversed, device_wires=()), World(lambda request: 0.0))
    assert free is not None
    assert free.device_wires == ()
    whole = replace(MIDWAY, measurements=(Node("StateMP", (), None, ()),))
    kept = under_other_mcm_method(TRAVERSED).change(replace(traversed, circuit=whole), World(lambda request: 0.0))
    assert kept is not None
    assert kept.device_wires == (0, 1)


def test_the_way_of_measuring_midway_that_is_not_in_use_is_recommended() -> None:
    seen = symptoms(World(lambda request: 0.0), TWO)
    assert MCM_METHOD.remedy_for is not None
    assert MCM_METHOD.remedy_for(seen) == 'qml.QNode(..., mcm_method="tree-traversal")'
    told = replace(seen, question=replace(seen.question, execution_options=(("mcm_method", "tree-traversal"),)))
    assert MCM_METHOD.remedy_for(told) == 'qml.QNode(..., mcm_method="deferred")'
