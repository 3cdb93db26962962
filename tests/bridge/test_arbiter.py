"""The arbiter names exactly the wrong methods, and its reference is right where methods are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pennylane as qml
import pytest
import torch

from qdiag.bridges.codec.tapes import circuit_of
from qdiag.evaluation.workers import Inline
from qdiag.judging.arbiter.arbiter import arbitrate, evaluation
from qdiag.judging.arbiter.reference import reference
from qdiag.model.call import Configuration, SourceLine
from qdiag.model.evaluation import Request
from qdiag.model.method import parse
from tests.bridge.disagreements import DISAGREEMENTS, HEALTHY, t
from tests.worlds.methods import methods

pytestmark = pytest.mark.stack

if not hasattr(qml, "SelectPauliRot"):
    pytest.skip("these are faults of the newest PennyLane", allow_module_level=True)

make_qscript = qml.tape.make_qscript


@pytest.fixture(autouse=True)
def double_precision():
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def judged(case):
    circuit = circuit_of(make_qscript(case.function)())
    evaluator = Inline()
    methods = [parse(written) for written in case.methods]
    plain = evaluator.submit(Request(circuit, parse(methods[0].device + "/none"), case.interface, case.wires)).result()
    generator = np.random.default_rng(0)
    cotangents = (tuple(generator.standard_normal(output.shape) for output in plain.outputs),)
    evaluations = [
        evaluator.submit(Request(circuit, method, case.interface, case.wires, cotangents, jacobian=True)).result() for method in methods
    ]
    configuration = Configuration("circuit", SourceLine("train.py", 1), methods[0].device, case.wires, interface=case.interface)
    return arbitrate(circuit, configuration, evaluations, cotangents, evaluator)


@pytest.mark.parametrize("case", DISAGREEMENTS + HEALTHY, ids=lambda case: case.name)
def test_exactly_the_wrong_methods_are_named(case):
    judgement = judged(case)
    assert {*map(str, judgement.wrong)} == set(case.wrong), judgement.reason
    assert {*map(str, judgement.right)} == set(case.methods) - set(case.wrong) - {*map(str, judgement.raised)}
    assert not judgement.reference.doubts


def test_all_methods_wrong_is_said():
    case = next(case for case in DISAGREEMENTS if "all that give numbers" in case.name)
    judgement = judged(case)
    assert judgement.right == ()
    assert judgement.reason.unanimous


ONE = (qml.RX, qml.RY, qml.RZ, qml.PhaseShift)
TWO = (qml.CRX, qml.CRY, qml.CRZ, qml.IsingXX, qml.IsingXY, qml.SingleExcitation, qml.ControlledPhaseShift, qml.FermionicSWAP)
MEASURED = (
    lambda: (qml.expval(qml.PauliZ(0) @ qml.PauliX(1)), qml.expval(qml.PauliY(2))),
    lambda: (qml.probs(wires=[2, 0]),),
    lambda: (qml.expval(qml.dot([0.3, -0.7], [qml.PauliX(0), qml.PauliZ(0) @ qml.PauliY(1)])), qml.var(qml.PauliX(2))),
    lambda: (qml.purity([0]), qml.expval(qml.Hermitian(np.array([[1, 0.3j], [-0.3j, 0.2]]), 1))),
    lambda: (qml.probs(op=qml.PauliX(0) @ qml.PauliY(1)),),
    lambda: (qml.vn_entropy([0]), qml.mutual_info([0], [2])),
    lambda: (qml.density_matrix([1]),),
    lambda: (qml.state(),),
)


def plan(seed):
    """A seeded circuit of 12 operations on 3 wires: (gate, wires) with an angle each, π and 0 among them, and its measurements."""
    generator = np.random.default_rng(seed)
    gates = [generator.choice(np.array(ONE if generator.random() < 0.5 else TWO, dtype=object)) for _ in range(12)]
    wires = [[int(w) for w in generator.permutation(3)[: gate.num_wires]] for gate in gates]
    angles = [float(generator.choice([generator.uniform(-4, 4), 0.0, np.pi], p=[0.8, 0.1, 0.1])) for _ in gates]
    return gates, wires, angles, MEASURED[seed % len(MEASURED)]


def real_rows(outputs):
    parts = [torch.view_as_real(o.resolve_conj()).reshape(-1) if o.is_complex() else o.reshape(-1) for o in outputs]
    return torch.cat(parts)


@pytest.mark.parametrize("device", ["default.qubit", "default.mixed"])
@pytest.mark.parametrize("seed", range(8))
def test_on_random_circuits_the_reference_is_backprop(seed, device):
    gates, wires, angles, measured = plan(seed)
    if device == "default.mixed" and seed % len(MEASURED) == 7:
        measured = MEASURED[6]

    def function(x):
        for k, (gate, on) in enumerate(zip(gates, wires)):
            gate(x[k], wires=on)
        if device == "default.mixed":
            qml.DepolarizingChannel(0.05, 0)
            qml.BitFlip(0.1, 1)
        return measured()

    x = torch.tensor(angles, dtype=torch.float64, requires_grad=True)
    flat = real_rows(qml.QNode(function, qml.device(device, wires=3), diff_method="backprop", interface="torch")(x))
    gradients = [torch.autograd.grad(value, x, retain_graph=True, allow_unused=True)[0] for value in flat]
    theirs = np.array([np.zeros(len(x)) if g is None else g.numpy() for g in gradients])
    found = reference(circuit_of(make_qscript(function)([x[k] for k in range(len(x))])), (0, 1, 2), "full")
    ours = np.concatenate([np.ravel(o).view(np.float64) for o in found.outputs])
    np.testing.assert_allclose(ours, flat.detach().numpy(), atol=2e-13)
    twice = np.iscomplexobj(found.slopes)
    slopes = np.stack([found.slopes.real, found.slopes.imag], axis=1).reshape(-1, len(x)) if twice else found.slopes
    errors = np.repeat(found.slope_errors, 2 if twice else 1, axis=0)
    # Backprop on default.mixed gives NaN for some gates at 0 and π (DoubleExcitation everywhere): a fault of its own.
    both = np.isfinite(slopes) & (np.isfinite(theirs) if device == "default.mixed" else True)
    assert np.all(np.abs(slopes - theirs)[both] <= (errors + 1e-13)[both])
    assert np.isfinite(slopes).all(), found.gradient_reason


def test_a_kink_is_not_judged():
    def function():
        qml.BlockEncode(t([[1.0, 0.0], [0.0, 0.5]]), [0, 1])
        return qml.expval(qml.PauliZ(0))

    found = reference(circuit_of(make_qscript(function)()), (), "full")
    assert "slopes to the left and to the right" in found.gradient_reason
    assert not np.isfinite(found.slopes).all()


def test_a_number_that_leads_off_what_physics_allows_is_not_judged():
    def function():
        qml.exp(-0.5j * t(0.4) * qml.PauliX(0))
        return qml.expval(qml.PauliZ(0))

    found = reference(circuit_of(make_qscript(function)()), (), "full")
    assert found.gradient_reason.startswith("1 of 2 trainable numbers")
    np.testing.assert_allclose(found.slopes, [[2 * np.sin(0.4)]], atol=1e-11)


def test_the_coefficient_of_an_exponential_is_judged_along_what_keeps_it_unitary():
    def function():
        qml.exp(qml.PauliX(0), -0.5j * t(0.4))
        return qml.expval(qml.PauliZ(0))

    found = reference(circuit_of(make_qscript(function)()), (), "full")
    assert found.gradient_reason == ""
    np.testing.assert_allclose(found.slopes, [[2 * np.sin(0.4)]], atol=1e-11)


def test_amplitudes_of_single_precision_leave_open_what_their_norm_is_off_by():
    row = np.array([0.1, 0.2, 0.3, 0.9], "float32")
    row = row / np.linalg.norm(row)

    def function():
        qml.StatePrep(row, wires=[0, 1], normalize=True)
        qml.RX(t(0.4), wires=0)
        return qml.expval(qml.PauliZ(0))

    found = reference(circuit_of(make_qscript(function)()), (), "full")
    doubled = row.astype(np.float64)
    off = abs(doubled @ doubled - 1)
    as_it_is = np.sum(doubled**2 * np.array([1, 1, -1, -1])) * np.cos(0.4)
    assert off > 1e-9 > 1e-12 > reference(circuit_of(make_qscript(exact_amplitudes)()), (), "full").errors[0]
    assert abs(found.outputs[0] - as_it_is) <= found.errors[0] <= 2 * off


def exact_amplitudes():
    qml.StatePrep(np.array([0.6, 0.0, 0.0, 0.8]), wires=[0, 1], normalize=True)
    qml.RX(t(0.4), wires=0)
    return qml.expval(qml.PauliZ(0))


def test_what_is_too_large_is_not_simulated():
    def function():
        for wire in range(14):
            qml.RX(t(0.1), wire)
        return qml.expval(qml.PauliZ(0))

    found = reference(circuit_of(make_qscript(function)()))
    assert found.outputs is None
    assert "14 wires" in found.reason
    assert found.ranges == ()


class Leak(qml.operation.Channel):
    """A user's own noise: no table of names can know it."""

    num_params = 1
    num_wires = 1

    @staticmethod
    def compute_kraus_matrices(rate):
        return [np.sqrt(1 - rate) * np.eye(2), np.sqrt(rate) * np.diag([1, -1])]


def with_leak(wires):
    @make_qscript
    def script():
        for wire in range(wires):
            qml.RX(0.3, wires=wire)
        Leak(0.1, wires=0)
        qml.expval(qml.PauliZ(0))

    return circuit_of(script())


def test_noise_of_the_users_own_has_the_limit_of_noise():
    (output,) = reference(with_leak(2), (), "outputs", True).outputs or ()
    assert output == pytest.approx(np.cos(0.3))
    assert "more than the 6 that are simulated" in reference(with_leak(7), (), "outputs", True).reason


def test_samples_have_no_reference():
    circuit = circuit_of(make_qscript(lambda: (qml.RX(t(0.1), 0), qml.sample(wires=[0]))[1])())
    assert "no exact value" in reference(circuit).reason


def test_the_reference_stands_beside_methods_as_an_evaluation():
    def function():
        qml.RX(t([0.4, 0.5]), 0)
        return qml.expval(qml.PauliZ(0)), qml.probs([0])

    found = evaluation(circuit_of(make_qscript(function)()), ((np.ones(2), None),))
    assert [output.shape for output in found.outputs] == [(2,), (2, 2)]
    np.testing.assert_allclose(found.jacobian[0][0], np.diag(-np.sin([0.4, 0.5])), atol=1e-11)
    np.testing.assert_allclose(found.vjps[0][0], -np.sin([0.4, 0.5]), atol=1e-11)
    assert str(found.method) == "arbiter"


def test_hessian_vector_products_are_held_against_second_derivatives():
    def function():
        qml.RX(t(0.3), 0)
        qml.RY(t(0.4), 1)
        qml.CRX(t(0.5), [0, 1])
        return qml.expval(qml.PauliX(0)), qml.probs([1, 0])

    circuit = circuit_of(make_qscript(function)())
    configuration = Configuration("circuit", SourceLine("train.py", 1), "default.qubit", interface="torch")
    right = Inline().submit(Request(circuit, parse("default.qubit/backprop"), second=True)).result()
    wrong = replace(right, method=parse("default.qubit/adjoint"), hvp=tuple(0.9 * part for part in right.hvp))
    judgement = arbitrate(circuit, configuration, [right, wrong], (), Inline())
    assert judgement.right == methods("default.qubit/backprop")
    assert judgement.wrong == methods("default.qubit/adjoint")
    assert judgement.methods[1].where == "second-derivative"


def test_what_a_projector_leaves_is_divided_by_its_weight_as_devices_do() -> None:
    operations = [qml.RY(0.8, wires=0), qml.Projector([1], wires=[0])]
    selected = circuit_of(qml.tape.QuantumScript(operations, [qml.expval(qml.PauliZ(0))]))
    found = reference(selected, (), "outputs")
    assert found.outputs is not None, found.reason
    assert found.outputs[0] == pytest.approx(-1.0)
