"""Devices that others wrote: the minimal circuit keeps the very gate that is wrong, and company is told from a kernel."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
qml = pytest.importorskip("pennylane")
if not hasattr(qml, "set_shots"):
    pytest.skip("the devices of these tests are made of today's", allow_module_level=True)

from qdiag.bridges.codec.tapes import circuit_of  # noqa: E402
from qdiag.bridges.running.devices import installed_devices  # noqa: E402
from qdiag.diagnosis.causes import CAUSES  # noqa: E402
from qdiag.diagnosis.diagnose import diagnose  # noqa: E402
from qdiag.diagnosis.survey import survey  # noqa: E402
from qdiag.evaluation.workers import Inline  # noqa: E402
from qdiag.judging.question import Question, observe  # noqa: E402
from qdiag.model.call import Call, Configuration, SourceLine  # noqa: E402
from qdiag.model.circuit import Circuit  # noqa: E402
from qdiag.model.comparison import Signature, Verdict  # noqa: E402
from qdiag.model.findings import Confidence, Diagnosis, Divergence  # noqa: E402
from qdiag.model.method import Method, parse  # noqa: E402
from qdiag.proving.minimizing.oracle import Oracle  # noqa: E402
from qdiag.proving.minimizing.pennylane_workshop import workshop_of  # noqa: E402
from qdiag.proving.minimizing.same_difference import SameDifference  # noqa: E402
from qdiag.proving.minimizing.search import Terms, minimize  # noqa: E402

pytestmark = pytest.mark.stack

RIGHT = parse("default.qubit/backprop")
BLIND = Method("tests.worlds.devices:BlindToControlValues", "parameter-shift")
TURNED = Method("tests.worlds.devices:ReadsInOneBasis", "parameter-shift")


def tracked(value: float) -> Any:
    return torch.tensor(value, dtype=torch.float64, requires_grad=True)


def recorded(build: Any) -> Circuit:
    with qml.queuing.AnnotatedQueue() as queue:
        build()
    return circuit_of(qml.tape.QuantumScript.from_queue(queue), "tuple")


def asked(circuit: Circuit, wrong: Method, **rest: Any) -> Question:
    return Question(circuit, (wrong, RIGHT), device_wires=tuple(range(len(circuit.wires))), trusted=True, **rest)


def gap(question: Question) -> float:
    return observe(question, Inline()).comparison.max_abs


# --- the fault that was given -----------------------------------------------------------------------------------------------


def controlled_on_zero() -> None:
    qml.RX(tracked(0.4), wires=1)
    qml.ctrl(qml.RX, control=0, control_values=[0])(tracked(0.9), wires=1)
    qml.RY(tracked(0.3), wires=0)
    qml.expval(qml.Z(1))


def test_a_wrong_gate_is_not_shrunk_to_the_rounding_of_the_device() -> None:
    question = asked(recorded(controlled_on_zero), BLIND)
    found = minimize(question.circuit, Oracle(SameDifference(question, Inline())), Terms(workshop=workshop_of(Inline(), trusted=True)))
    assert found.one_minimal
    assert [node.name for node in found.circuit.operations] == ["Controlled"]
    assert gap(asked(found.circuit, BLIND)) > 0.1


# --- the company that it keeps ----------------------------------------------------------------------------------------------


def diagnosed(question: Question) -> Diagnosis:
    evaluator = Inline()
    comparison = observe(question, evaluator).comparison
    assert comparison.verdict is Verdict.ERROR
    wrong = question.methods[0]
    made = Configuration("circuit", SourceLine("train.py", 3), wrong.device, interface="torch", requested=wrong.diff_method)
    call = Call(0, 0, SourceLine("train.py", 9), made, (), question.circuit, (np.array(0.3),))
    symptoms = survey(Divergence(call, comparison, (wrong,)), question, evaluator)
    return diagnose(symptoms, CAUSES, evaluator)


def both(build_last: Any) -> Circuit:
    def build() -> None:
        qml.RX(tracked(0.4), wires=0)
        qml.RY(tracked(0.9), wires=1)
        qml.CNOT(wires=[0, 1])
        build_last()

    return recorded(build)


def x_and_probabilities() -> None:
    qml.expval(qml.Z(0))
    qml.expval(qml.X(1))
    qml.probs(wires=[1])


def test_probabilities_in_the_basis_of_a_neighbour_are_disturbed() -> None:
    question = asked(both(x_and_probabilities), TURNED)
    diagnosis = diagnosed(question)
    assert (diagnosis.code, diagnosis.confidence) == ("QD508", Confidence.CONFIRMED)
    assert "probs on wire 1 comes out otherwise beside expval of PauliX on wire 1 than alone" in diagnosis.because
    assert "QD503" in diagnosis.ruled_out


def test_so_are_their_gradients_where_the_outputs_happen_to_be_right() -> None:
    def build() -> None:
        # a state that X and Z read alike, and a turn to which they answer otherwise
        qml.RY(np.pi / 4, wires=0)
        qml.RY(tracked(0.0), wires=0)
        qml.expval(qml.X(0))
        qml.probs(wires=[0])

    question = asked(recorded(build), TURNED)
    assert observe(question, Inline()).comparison.where is Signature.JACOBIAN
    diagnosis = diagnosed(question)
    assert (diagnosis.code, diagnosis.confidence) == ("QD508", Confidence.CONFIRMED)


def test_a_gate_that_is_wrong_stays_so_alone() -> None:
    def build() -> None:
        qml.ctrl(qml.RX, control=0, control_values=[0])(tracked(0.9), wires=1)
        qml.expval(qml.X(1))
        qml.probs(wires=[1])

    assert diagnosed(asked(recorded(build), BLIND)).code == "QD503"


# --- the same of plugins, where they are installed ----------------------------------------------------------------------------


def needs(device: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(device not in installed_devices(), reason=f"the plugin of {device} is not installed")


@pytest.mark.plugin
@needs("qulacs.simulator")
def test_qulacs_reads_probabilities_in_the_basis_of_what_is_measured_beside_them() -> None:
    diagnosis = diagnosed(asked(both(x_and_probabilities), Method("qulacs.simulator", "parameter-shift")))
    assert (diagnosis.code, diagnosis.confidence) == ("QD508", Confidence.CONFIRMED)


@pytest.mark.plugin
@needs("qrack.simulator")
def test_what_qrack_has_wrong_is_not_shrunk_to_its_single_precision() -> None:
    question = asked(recorded(controlled_on_zero), Method("qrack.simulator", "parameter-shift"))
    found = minimize(question.circuit, Oracle(SameDifference(question, Inline())), Terms(workshop=workshop_of(Inline(), trusted=False)))
    assert [node.name for node in found.circuit.operations] == ["Controlled"]
