"""Devices of plugins, each where its plugin is installed: made again as they were, measured, probed, and found wrong where they are.

A session of nox installs each plugin by itself (see ``noxfile.py``) and runs the tests that have its name.
"""

from __future__ import annotations

import importlib.util
from typing import Any, NamedTuple

import numpy as np
import pytest

torch = pytest.importorskip("torch")
qml = pytest.importorskip("pennylane")
if not hasattr(qml, "set_shots"):
    pytest.skip("plugins are tried with today's PennyLane", allow_module_level=True)

from qdiag.bridges.codec.tapes import circuit_of  # noqa: E402
from qdiag.bridges.live.device_identity import name_of_device, own_device  # noqa: E402
from qdiag.bridges.live.device_numbers import measured_live  # noqa: E402
from qdiag.bridges.live.qnode_probe import probes  # noqa: E402
from qdiag.bridges.running import devices  # noqa: E402
from qdiag.diagnosis.causes import CAUSES  # noqa: E402
from qdiag.diagnosis.diagnose import diagnose  # noqa: E402
from qdiag.diagnosis.survey import survey  # noqa: E402
from qdiag.evaluation.workers import Inline  # noqa: E402
from qdiag.judging.probe_findings import doubt  # noqa: E402
from qdiag.judging.question import Question, observe  # noqa: E402
from qdiag.model.call import Call, Configuration, SourceLine  # noqa: E402
from qdiag.model.circuit import Circuit  # noqa: E402
from qdiag.model.comparison import Verdict  # noqa: E402
from qdiag.model.findings import Confidence, Diagnosis, Divergence  # noqa: E402
from qdiag.model.method import Method, parse  # noqa: E402
from qdiag.model.option import Options  # noqa: E402

pytestmark = [pytest.mark.stack, pytest.mark.plugin]


class Device(NamedTuple):
    """A device of a plugin, and what it is known to be."""

    plugin: str
    name: str
    options: Options = ()
    precision: str = "complex128"
    diff_method: str = "parameter-shift"

    @property
    def method(self) -> Method:
        """The script's own method on it."""
        return Method(self.name, self.diff_method, device_options=self.options)

    def make(self, wires: Any = (0, 1)) -> Any:
        """The live device, as a script makes it."""
        return devices.fresh(self.method, wires, CIRCUIT)


EXACT = (
    Device("qulacs", "qulacs.simulator"),
    Device("qrack", "qrack.simulator", precision="complex64"),
    Device("maestro", "maestro.qubit"),
    Device("cirq", "cirq.simulator", precision="complex64"),
    Device("cirq", "cirq.mixedsimulator", precision="complex64"),
    Device("qiskit", "qiskit.aer", (("backend", "aer_simulator_statevector"),)),
    Device("hybridlane", "default.hybrid", (("fock_level", 8),), diff_method="backprop"),
    Device("quimb", "default.tensor", precision="complex128"),
)


def parameters(made: tuple[Device, ...]) -> list[Any]:
    """Each device once, skipped where its plugin is not installed."""
    return [
        pytest.param(one, id=f"{one.plugin}-{one.name}", marks=pytest.mark.skipif(not _is_installed(one), reason=_missing(one)))
        for one in made
    ]


def _is_installed(device: Device) -> bool:
    if device.plugin == "quimb":
        # PennyLane's own device, which cannot be made without it
        return importlib.util.find_spec("quimb") is not None
    return device.name in devices.installed_devices()


def _missing(device: Device) -> str:
    return f"the plugin of {device.name} ({device.plugin}) is not installed"


def entangled(weights: Any) -> Any:
    qml.RX(weights[0], wires=0)
    qml.RY(weights[1], wires=1)
    qml.CNOT(wires=[0, 1])
    return qml.expval(qml.Z(1))


def recorded(function: Any = entangled) -> Circuit:
    weights = torch.tensor([0.4, 0.9], dtype=torch.float64, requires_grad=True)
    with qml.queuing.AnnotatedQueue() as queue:
        returned = function(weights)
    return circuit_of(qml.tape.QuantumScript.from_queue(queue), "tuple" if isinstance(returned, tuple) else "single")


CIRCUIT = recorded()


@pytest.mark.parametrize("device", parameters(EXACT))
def test_it_is_made_again_under_its_name(device: Device) -> None:
    assert name_of_device(own_device(device.make())) == device.name


@pytest.mark.parametrize("device", parameters(EXACT))
def test_its_precision_is_seen(device: Device) -> None:
    seen = measured_live(device.make())
    assert (seen.precision, seen.samples) == (device.precision, 0)


@pytest.mark.parametrize("device", parameters(EXACT))
def test_its_gradient_is_right_to_its_precision(device: Device) -> None:
    question = Question(CIRCUIT, (device.method, parse("default.qubit/backprop")), device_wires=(0, 1))
    assert observe(question, Inline()).comparison.verdict in (Verdict.AGREE, Verdict.ROUNDING)


@pytest.mark.parametrize("device", parameters(EXACT))
def test_a_probe_upholds_it_in_the_scripts_own_process(device: Device) -> None:
    weights = torch.tensor([0.4, 0.9], dtype=torch.float64, requires_grad=True)
    qnode = qml.QNode(entangled, device.make(), interface="torch", diff_method=device.diff_method)
    returned = [np.asarray(qnode(weights).detach())]
    (*_, last) = probes(qnode, (weights,), {}, layer="", call=0, returned=returned)
    assert last.complete
    assert doubt(last, call_on(device, CIRCUIT)) == ""


def call_on(device: Device, circuit: Circuit) -> Call:
    source = SourceLine("train.py", 3)
    made = Configuration("circuit", source, device.name, interface="torch", requested=device.diff_method, resolved=device.diff_method)
    return Call(0, 0, source, made, (), circuit, (np.array(0.3),))


def diagnosed(device: Device, circuit: Circuit, *, wrong: bool = True, against: str = "default.qubit/backprop") -> Diagnosis:
    methods = device.method, parse(against).beside(device.method)
    question = Question(circuit, methods, device_wires=circuit.wires, jacobian=True)
    comparison = observe(question, Inline()).comparison
    divergence = Divergence(call_on(device, circuit), comparison, methods[:1] if wrong else ())
    return diagnose(survey(divergence, question, Inline()), CAUSES, Inline())


# --- what is known to be wrong ----------------------------------------------------------------------------------------------------


def beside_x(weights: Any) -> Any:
    qml.RX(weights[0], wires=0)
    qml.RY(weights[1], wires=1)
    qml.CNOT(wires=[0, 1])
    return qml.expval(qml.X(1)), qml.probs(wires=[1])


@pytest.mark.parametrize("device", parameters((EXACT[0], EXACT[5])))
def test_probabilities_in_the_basis_of_what_is_measured_beside_them_are_disturbed(device: Device) -> None:
    found = diagnosed(device, recorded(beside_x))
    assert (found.code, found.confidence) == ("QD508", Confidence.CONFIRMED)


@pytest.mark.parametrize("device", parameters((Device("qiskit", "qiskit.aer"),)))
def test_its_samples_are_seen_and_its_warning_is_quoted(device: Device) -> None:
    seen = measured_live(device.make())
    assert seen.samples == 1024
    assert "estimates based on samples" in seen.warning


def controlled_on_zero(weights: Any) -> Any:
    qml.ctrl(qml.RX, control=0, control_values=[0])(weights[0], wires=1)
    return qml.expval(qml.Z(1))


@pytest.mark.parametrize("device", parameters((EXACT[1],)))
def test_control_values_that_are_ignored_are_its_kernels_fault(device: Device) -> None:
    assert diagnosed(device, recorded(controlled_on_zero)).code == "QD503"


def twice_entangled(weights: Any) -> Any:
    qml.RX(weights[0], wires=0)
    qml.RY(weights[1], wires=1)
    qml.CNOT(wires=[0, 1])
    qml.RX(weights[0] * 0.7, wires=0)
    qml.RX(weights[1] * 0.7, wires=1)
    qml.CNOT(wires=[0, 1])
    return qml.expval(qml.Z(1))


def entangled_in_a_row(weights: Any) -> Any:
    angles = [weights[0], weights[1] * 2, weights[0] * 0.8, weights[1] * 2.5]
    for wire, angle in enumerate(angles):
        qml.RY(angle, wires=wire)
    for wire in range(3):
        qml.CNOT(wires=[wire, wire + 1])
    for wire, angle in enumerate(angles):
        qml.RX(angle * 0.7, wires=wire)
    for wire in range(3):
        qml.CNOT(wires=[wire, wire + 1])
    return qml.expval(qml.Z(3))


ONE_BOND = parameters((Device("quimb", "default.tensor", (("max_bond_dim", 1), ("method", "mps"))),))


@pytest.mark.parametrize("device", ONE_BOND)
def test_what_a_bond_dimension_cuts_off_by_degrees_is_an_approximation(device: Device) -> None:
    found = diagnosed(device, recorded(entangled_in_a_row), wrong=False, against="hadamard")
    assert (found.code, found.confidence) == ("QD509", Confidence.CONFIRMED)


@pytest.mark.parametrize("device", ONE_BOND)
def test_what_the_next_bond_dimension_closes_at_once_is_only_likely_one(device: Device) -> None:
    found = diagnosed(device, recorded(twice_entangled), wrong=False, against="hadamard")
    assert (found.code, found.confidence) == ("QD509", Confidence.LIKELY)


# --- circuits that cannot be made again -------------------------------------------------------------------------------------------


def upheld(qnode: Any, *arguments: Any) -> str:
    """Why a probe does not uphold a QNode, or ""."""
    returned = [np.asarray(qnode(*arguments).detach())]
    (*_, last) = probes(qnode, arguments, {}, layer="", call=0, returned=returned)
    return doubt(last, call_on(Device("", "default.qubit", diff_method="backprop"), CIRCUIT))


def test_gates_of_matchcake_are_upheld_where_they_run() -> None:
    matchcake = pytest.importorskip("matchcake", reason="matchcake is not installed")
    operations = pytest.importorskip("matchcake.operations")

    def function(x: Any) -> Any:
        operations.SptmCompRxRx(x[:2], wires=[0, 1])
        operations.SptmCompHH(wires=[1, 2])
        return qml.expval(qml.Z(0))

    angles = torch.tensor([0.3, 0.5], dtype=torch.float64, requires_grad=True)
    device = matchcake.NonInteractingFermionicDevice(wires=4)
    assert upheld(qml.QNode(function, device, interface="torch", diff_method="backprop"), angles) == ""


def test_modes_of_hybridlane_are_upheld_where_they_run() -> None:
    hybridlane = pytest.importorskip("hybridlane", reason="hybridlane is not installed")

    def function(x: Any) -> Any:
        hybridlane.Displacement(x, 0.3, wires=["m"])
        return hybridlane.expval(hybridlane.X("m"))

    distance = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
    device = qml.device("default.hybrid", fock_level=8)
    assert upheld(qml.QNode(function, device, interface="torch", diff_method="backprop"), distance) == ""
