"""Evaluations by PennyLane: methods agree where they should, refusals are values, the user's own call comes back bit for bit."""

from __future__ import annotations

import inspect
import random
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.stack

qml = pytest.importorskip("pennylane")
torch = pytest.importorskip("torch")

from pennylane import numpy as pnp  # noqa: E402

from qdiag.bridges import stack  # noqa: E402
from qdiag.bridges.codec.tapes import circuit_of  # noqa: E402
from qdiag.bridges.running import products, run_circuit  # noqa: E402
from qdiag.bridges.running.batch_rows import rows  # noqa: E402
from qdiag.bridges.running.run_circuit import direction_for  # noqa: E402
from qdiag.errors import MethodError  # noqa: E402
from qdiag.evaluation.evaluate import evaluate  # noqa: E402
from qdiag.evaluation.remote import applicable  # noqa: E402
from qdiag.evaluation.workers import Workers  # noqa: E402
from qdiag.model.call import Configuration, SourceLine  # noqa: E402
from qdiag.model.evaluation import Evaluation, Request  # noqa: E402
from qdiag.model.method import parse  # noqa: E402
from qdiag.model.variants import with_trainable  # noqa: E402
from tests.worlds.installed_pennylane import has_flatten  # noqa: E402
from tests.worlds.older_stacks import needs_newest  # noqa: E402

TODAY = has_flatten()
today_only = pytest.mark.skipif(not TODAY, reason="this PennyLane has no broadcasting, hadamard tests, or measurements of this kind")
ANALYTIC: tuple[str, ...] = ("backprop", "adjoint", "parameter-shift")
if TODAY:
    ANALYTIC += ("hadamard", "lightning.qubit/adjoint", "default.mixed/backprop")


def method(written):
    return parse(written).on("default.qubit")


def called(function, *args, interface="torch", diff_method="backprop", wires=3, shots=None, returns="single"):
    """The circuit that a QNode call ran."""
    options = {"shots": shots} if shots else {}
    takes_shots = "shots" in inspect.signature(qml.QNode.__init__).parameters
    device = qml.device("default.qubit", wires=wires, **({} if takes_shots else options))
    node = qml.QNode(function, device, interface=interface, diff_method=diff_method, **(options if takes_shots else {}))
    node(*args)
    return circuit_of(node._tape, returns)


def ansatz(x, w):
    qml.RX(x, wires=0)
    qml.RY(0.9, wires=2)
    qml.RY(w[0], wires=1)
    qml.CNOT(wires=[0, 1])
    qml.RZ(w[1], wires=1)
    qml.CRX(w[2], wires=[1, 2])
    return qml.expval(qml.PauliZ(0) @ qml.PauliX(1)), qml.expval(qml.PauliZ(2))


def numbers(interface, dtype="float64"):
    x, w = np.array(0.7, dtype), np.array([0.3, -0.4, 1.1], dtype)
    if interface == "torch":
        return torch.tensor(x, requires_grad=True), torch.tensor(w, requires_grad=True)
    return pnp.array(x, requires_grad=True), pnp.array(w, requires_grad=True)


def torch_jacobian(function, *args):
    """PennyLane's own answer, in the order of the arguments: what replay is held against."""
    return torch.autograd.functional.jacobian(function, args)


# --- methods agree ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("interface", ["torch", "autograd"])
@pytest.mark.parametrize("written", [*ANALYTIC, "finite-diff", "backprop@float64"])
def test_methods_agree_on_a_healthy_circuit(interface, written):
    circuit = called(ansatz, *numbers(interface), interface=interface, returns="tuple")
    cotangents = ((np.array(0.5), np.array(-2.0)),) if TODAY else ((np.array([0.5, -2.0]),),)
    base = Request(circuit, method("backprop"), interface, (0, 1, 2), cotangents, jacobian=True, default_dtype="float64")
    expected, evaluation = evaluate(base), evaluate(replace(base, method=method(written)))
    assert evaluation.failure is None
    assert len(evaluation.vjps[0]) == len(circuit.trainable) == 4
    tolerance = 1e-6 if "finite" in written else 1e-12
    flat = np.concatenate([np.ravel(part) for row in evaluation.jacobian for part in row])
    assert np.allclose(flat, np.concatenate([np.ravel(part) for row in expected.jacobian for part in row]), atol=tolerance, rtol=0)
    assert np.abs(flat).max() > 0.1
    assert np.allclose(evaluation.vjps[0], expected.vjps[0], atol=tolerance, rtol=0)
    assert np.allclose(np.hstack([np.ravel(o) for o in evaluation.outputs]), np.hstack([np.ravel(o) for o in expected.outputs]))
    assert evaluation.norms == (1.0,) * len(evaluation.outputs)
    assert evaluation.seconds > 0


def test_the_jacobian_is_that_of_the_whole_circuit_by_parameter():
    x, w = numbers("torch")
    circuit = called(ansatz, x, w, returns="tuple")
    evaluation = evaluate(Request(circuit, method("backprop"), jacobian=True))
    node = qml.QNode(ansatz, qml.device("default.qubit", wires=3), interface="torch", diff_method="backprop")

    def stacked(x, w):
        result = node(x, w)
        return torch.stack(tuple(result)) if isinstance(result, (tuple, list)) else result

    dx, dw = torch_jacobian(stacked, x, w)
    found = np.array([np.ravel(np.stack([np.atleast_1d(o[i]) for o in evaluation.jacobian])) for i in range(4)])
    assert np.allclose(found[0], dx.detach().numpy())
    assert np.allclose(found[1:].T, dw.detach().numpy())


def test_plain_numbers_give_outputs_and_no_derivatives():
    circuit = called(ansatz, *numbers("torch"), returns="tuple")
    request = Request(circuit, method("none"), cotangents=((np.array(1.0), None),), jacobian=True)
    evaluation, tracked = evaluate(request), evaluate(replace(request, method=method("backprop"), cotangents=()))
    assert evaluation.failure is None
    assert evaluation.vjps == ()
    assert evaluation.jacobian is None
    assert np.allclose(np.hstack(evaluation.outputs), np.hstack(tracked.outputs), atol=1e-15)


@pytest.mark.parametrize("interface", ["torch", "autograd"])
def test_a_circuit_without_trainable_numbers_is_evaluated(interface):
    tracked = called(ansatz, *numbers(interface), interface=interface, returns="tuple")
    circuit = with_trainable(tracked, ())
    nothing = ((None,) * (2 if TODAY else 1),)
    evaluation = evaluate(Request(circuit, method("adjoint"), interface, cotangents=nothing, jacobian=True))
    assert evaluation.failure is None
    assert evaluation.vjps == ((),)
    assert evaluation.jacobian == ((),) * len(nothing[0])
    assert np.allclose(np.hstack(evaluation.outputs), np.hstack(evaluate(Request(tracked, method("none"))).outputs))


@pytest.mark.parametrize("interface", ["torch", "autograd"])
def test_gradients_have_the_parameters_dtype_and_precision_is_ours_to_change(interface):
    circuit = called(ansatz, *numbers(interface, "float32"), interface=interface, returns="tuple")
    outputs = 2 if TODAY else 1
    request = Request(circuit, method("backprop"), interface, cotangents=(tuple(np.ones(() if TODAY else 2) for _ in range(outputs)),))
    narrow, wide = evaluate(request), evaluate(replace(request, method=method("backprop@float64")))
    assert {v.dtype.name for v in wide.vjps[0]} == {"float64"}
    if interface == "torch":
        assert {v.dtype.name for v in narrow.vjps[0]} == {"float32"}
    gap = np.abs(np.hstack(narrow.vjps[0]) - np.hstack(wide.vjps[0])).max()
    assert gap < 1e-5
    assert interface == "autograd" or gap > 0


# --- faithful --------------------------------------------------------------------------------------------------------------


def moons_function(x, w):
    for wire in range(2):
        qml.Hadamard(wires=wire)
        qml.RZ(2.0 * x[..., wire], wires=wire)
    qml.CNOT(wires=[0, 1])
    qml.RY(w[0], wires=0)
    qml.RY(w[1], wires=1)
    return [qml.expval(qml.PauliZ(0)), qml.expval(qml.PauliZ(1))]


def watched(tensors):
    """What the backward pass brings to each tensor, by position."""
    seen: dict[Any, Any] = {}
    for position, tensor in enumerate(tensors):
        tensor.register_hook(lambda gradient, position=position: seen.__setitem__(position, gradient.numpy().copy()))
    return seen


@lru_cache
def training(diff_method, steps=12):
    """A short training like the report's: circuits, outputs, cotangents, and the gradients of the circuit's own parameters."""
    torch.manual_seed(42)
    node = qml.QNode(moons_function, qml.device("default.qubit", wires=2), interface="torch", diff_method=diff_method)
    before, after = torch.nn.Linear(2, 2), torch.nn.Linear(2, 2)
    w = torch.nn.Parameter(torch.rand(2))
    optimizer = torch.optim.Adam([*before.parameters(), *after.parameters(), w], lr=0.01)
    calls = []
    for _ in range(steps):
        optimizer.zero_grad()
        result = node(before(torch.randn(*((5,) if TODAY else ()), 2)), w)
        tape = node._tape
        live = [p for p in tape.get_parameters(trainable_only=False) if p.requires_grad]
        outputs = tuple(result) if isinstance(result, (tuple, list)) else (result,)
        calls.append((circuit_of(tape, "list"), [o.detach().numpy() for o in outputs], watched(outputs), watched(live)))
        merged = torch.stack(outputs, -1) if len(outputs) > 1 else outputs[0]
        torch.nn.functional.l1_loss(after(merged.float()), torch.ones(merged.shape)).backward()
        optimizer.step()
    return calls


@pytest.mark.parametrize("diff_method", ["backprop", "adjoint"])
def test_replaying_a_training_gives_its_outputs_and_gradients_bit_for_bit(diff_method):
    for circuit, outputs, cotangents_seen, gradients in training(diff_method):
        cotangents = tuple(cotangents_seen[i] for i in range(len(outputs)))
        evaluation = evaluate(Request(circuit, method(diff_method), "torch", (0, 1), (cotangents,)))
        assert evaluation.failure is None
        assert len(evaluation.vjps[0]) == len(gradients) == 4
        pairs = [*zip(outputs, evaluation.outputs), *((g, evaluation.vjps[0][i]) for i, g in gradients.items())]
        for user, replayed in pairs:
            assert user.dtype == replayed.dtype
            assert user.tobytes() == replayed.tobytes()


@pytest.mark.parametrize("diff_method", ["backprop", "adjoint"])
def test_autograd_calls_come_back_bit_for_bit(diff_method):
    x, w = numbers("autograd")
    tapes = []

    def cost(x, w):
        node = qml.QNode(ansatz, qml.device("default.qubit", wires=3), interface="autograd", diff_method=diff_method)
        result = node(x, w)
        tapes.append(node._tape)
        return result[0] * 0.5 - result[1] * 2.0

    gradient = qml.grad(cost)(x, w)
    circuit = circuit_of(tapes[0], "tuple")
    cotangents = (np.array(0.5), np.array(-2.0)) if TODAY else (np.array([0.5, -2.0]),)
    evaluation = evaluate(Request(circuit, method(diff_method), "autograd", (0, 1, 2), (cotangents,)))
    assert [float(g) for g in evaluation.vjps[0]] == [float(gradient[0]), *map(float, gradient[1])]


@today_only
@pytest.mark.parametrize(("wires", "spare"), [(3, True), (4, False)])
def test_a_hadamard_test_gets_its_spare_wire_before_it_has_been_refused(wires, spare, monkeypatch):
    attempts = []
    attempt = run_circuit._attempt
    monkeypatch.setattr(run_circuit, "_attempt", lambda *given: attempts.append(given) or attempt(*given))
    circuit = called(ansatz, *numbers("torch"), wires=wires, returns="tuple")
    asked = Request(circuit, method("hadamard"), "torch", tuple(range(wires)), jacobian=True, assumed="complex128")
    found, other = evaluate(asked), evaluate(replace(asked, method=method("backprop")))
    assert found.failure is None
    assert len(attempts) == 2
    assert (run_circuit.SPARE_WIRE in found.notes) == spare
    for row, theirs in zip(found.jacobian, other.jacobian):
        for a, b in zip(row, theirs):
            np.testing.assert_allclose(a, b, atol=1e-12)


@needs_newest("older PennyLanes take a wire for the test whatever the device has")
def test_a_hadamard_test_gets_no_wire_where_the_devices_own_are_to_do():
    circuit = called(ansatz, *numbers("torch"), wires=3, returns="tuple")
    asked = Request(circuit, method("hadamard"), "torch", (0, 1, 2), jacobian=True, as_wired=True, assumed="complex128")
    assert evaluate(asked).failure.type == "WireError"
    assert evaluate(replace(asked, device_wires=(0, 1, 2, 3))).failure is None


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_of_one_number_the_jacobian_is_what_went_back_by_what_came(dtype, monkeypatch):
    def first(x, w):
        qml.RX(x, wires=0)
        qml.RY(w[0], wires=0)
        qml.RZ(w[1], wires=0)
        qml.RY(w[2], wires=0)
        return qml.expval(qml.PauliZ(0))

    circuit = called(first, *numbers("torch", dtype), wires=1)
    given = ((np.array(-0.7),), (np.array(0.2),))
    asked = Request(circuit, method("backprop"), "torch", (0,), given, jacobian=True, assumed="complex128")
    known, plain = evaluate(asked), evaluate(replace(asked, cotangents=()))
    monkeypatch.setattr(products, "_output_jacobian", None)
    again = evaluate(asked)
    assert again.failure is None
    for mine, other in zip(*known.vjps):
        np.testing.assert_allclose(other, mine * (0.2 / -0.7), rtol=1e-6 if dtype == "float32" else 1e-14)
    for ours, theirs, same in zip(known.jacobian[0], plain.jacobian[0], again.jacobian[0]):
        assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape)
        np.testing.assert_allclose(ours, theirs, rtol=1e-6 if dtype == "float32" else 1e-14, atol=1e-7 if dtype == "float32" else 1e-15)
        np.testing.assert_array_equal(ours, same)


@pytest.mark.parametrize("cotangents", [((np.array(1e-9),),), ((None,),), ()])
def test_where_nothing_came_back_the_jacobian_is_taken_by_itself(cotangents):
    circuit = called(lambda x: [qml.RX(x, wires=0), qml.expval(qml.PauliZ(0))][-1], torch.tensor(0.7, requires_grad=True), wires=1)
    found = evaluate(Request(circuit, method("backprop"), "torch", (0,), cotangents, jacobian=True, assumed="complex128"))
    np.testing.assert_allclose(found.jacobian[0][0], -np.sin(0.7), atol=1e-6)


# --- batches ---------------------------------------------------------------------------------------------------------------


def batched_ansatz(x, w):
    qml.RX(x, wires=0)
    qml.Hadamard(wires=1)
    qml.RY(w, wires=1)
    qml.adjoint(qml.RZ)(x, wires=1)
    qml.CNOT(wires=[0, 1])
    return qml.expval(qml.PauliZ(0)), qml.probs(wires=[0, 1])


@today_only
@pytest.mark.parametrize("written", ["parameter-shift", "finite-diff", "hadamard"])
@pytest.mark.parametrize("interface", ["torch", "autograd"])
def test_rows_are_evaluated_one_by_one_where_a_method_refuses_batches(written, interface):
    x, w = np.array([0.1, 0.5, 0.9]), np.array(0.3)
    tracked = torch.tensor if interface == "torch" else pnp.array
    live = [tracked(v, requires_grad=True) for v in (x, w)]
    circuit = called(batched_ansatz, *live, interface=interface, wires=2, returns="tuple")
    rng = np.random.default_rng(1)
    cotangents = ((rng.normal(size=3), rng.normal(size=(3, 4))), (rng.normal(size=3), None))
    base = Request(circuit, method("backprop"), interface, (0, 1), cotangents, jacobian=True)
    whole, split = evaluate(base), evaluate(replace(base, method=method(written)))
    assert split.failure is None
    assert "rows evaluated one by one" in split.notes
    assert whole.notes == ()
    tolerance = 1e-6 if written == "finite-diff" else 1e-12
    pairs = [(a, b) for s, t in zip((split.outputs, *split.vjps), (whole.outputs, *whole.vjps)) for a, b in zip(s, t)]
    for ours, theirs in pairs:
        assert np.allclose(ours, theirs, atol=tolerance)
    for row, other in zip(split.jacobian, whole.jacobian):
        for a, b in zip(row, other):
            assert a.shape == b.shape
            assert np.allclose(a, b, atol=tolerance)


def test_results_of_another_shape_are_kept_and_said_to_fit_nothing_that_came_back():
    circuit = called(ansatz, *numbers("torch"), returns="tuple")
    evaluation = evaluate(Request(circuit, method("backprop"), cotangents=((np.ones(3), None),)))
    assert evaluation.outputs is not None
    assert (evaluation.failure.type, evaluation.failure.stage, evaluation.failure.ours) == ("ShapeMismatch", "backward", False)


@today_only
@pytest.mark.parametrize("rows_in_it", [1, 3])
@pytest.mark.parametrize("written", ["parameter-shift", "hadamard"])
def test_a_batch_behind_which_nothing_depends_on_the_circuit_goes_row_by_row_too(written, rows_in_it):
    angle = torch.linspace(0.1, 0.9, rows_in_it, dtype=torch.float64, requires_grad=True)
    circuit = called(lambda a: [qml.RX(a, 0), qml.expval(qml.PauliZ(0))][-1], angle)
    for cotangent in (np.zeros(rows_in_it), np.ones(rows_in_it)):
        evaluation = evaluate(Request(circuit, method(written), cotangents=((cotangent,),)))
        assert evaluation.failure is None
        np.testing.assert_allclose(evaluation.vjps[0][0], -cotangent * np.sin(angle.detach().numpy()), atol=1e-12)


@today_only
def test_rows_of_a_batch_are_circuits_of_their_own():
    x, w = torch.tensor([0.1, 0.5, 0.9], requires_grad=True), torch.tensor(0.3)
    circuit = called(batched_ansatz, x, w, wires=2, returns="tuple")
    split = rows(circuit)
    assert [[float(p.value) for p in row.parameters] for row in split] == [pytest.approx([t, 0.3, t]) for t in (0.1, 0.5, 0.9)]
    assert rows(split[0]) == (split[0],)
    assert [row.parameters[0].value.tolist() for row in rows(circuit, most=1)] == [split[0].parameters[0].value.tolist()]


# --- other outputs ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("interface", ["torch", "autograd"])
def test_the_jacobian_of_a_complex_state_has_both_parts(interface):
    def prepared(a):
        qml.RX(a, wires=0)
        return qml.state()

    a = torch.tensor(0.4, dtype=torch.float64, requires_grad=True) if interface == "torch" else pnp.array(0.4, requires_grad=True)
    circuit = called(prepared, a, interface=interface, wires=1)
    evaluation = evaluate(Request(circuit, method("backprop"), interface, (0,), jacobian=True))
    assert evaluation.failure is None
    assert np.allclose(evaluation.outputs[0], [np.cos(0.2), -1j * np.sin(0.2)])
    assert np.allclose(evaluation.jacobian[0][0], [-np.sin(0.2) / 2, -1j * np.cos(0.2) / 2])


def test_norms_follow_the_observable():
    def weighted(a):
        qml.RX(a, wires=0)
        return qml.expval(qml.Hamiltonian([0.5, -2.0], [qml.PauliZ(0), qml.PauliX(0) @ qml.PauliZ(1)]))

    def matrix(a):
        qml.RX(a, wires=0)
        return qml.var(qml.Hermitian(np.diag([3.0, 1.0]), wires=0))

    a = torch.tensor(0.4, dtype=torch.float64, requires_grad=True)
    found = [evaluate(Request(called(f, a), method("none"))) for f in (weighted, matrix)]
    assert [e.failure for e in found] == [None, None]
    assert [e.norms for e in found] == [pytest.approx((2.5,)), pytest.approx((9.0,))]


@pytest.mark.parametrize("written", ["backprop", "parameter-shift"])
def test_second_derivatives_along_one_direction(written):
    def rotated(a):
        qml.RX(a, wires=0)
        return qml.expval(qml.PauliZ(0))

    tracked = {"torch": torch.tensor(0.4, dtype=torch.float64, requires_grad=True), "autograd": pnp.array(0.4, requires_grad=True)}
    for interface, a in tracked.items():
        circuit = called(rotated, a, interface=interface, wires=1)
        request = Request(circuit, method(written), interface, (0,), ((np.ones(() if TODAY else 1),),), second=True)
        evaluation = evaluate(request)
        assert evaluation.failure is None
        assert evaluation.hvp[0] == pytest.approx(-np.cos(0.4) * direction_for(circuit)[0])


@pytest.mark.skipif(stack.pennylane_version().release < (0, 42), reason="backprop lost them, too")
def test_numbers_hidden_from_the_tape_are_parameters_too():
    def evolved(c):
        qml.Hadamard(wires=0)
        qml.evolve(qml.dot(c, [qml.PauliX(0), qml.PauliZ(0)]), 0.7)
        return qml.expval(qml.PauliZ(0))

    c = torch.tensor([0.6, 0.8], dtype=torch.float64, requires_grad=True)
    circuit = called(evolved, c, wires=1)
    assert len(circuit.trainable) == 2
    found = {w: evaluate(Request(circuit, method(w), "torch", (0,), jacobian=True)) for w in ("backprop", "parameter-shift")}
    assert np.abs(found["backprop"].jacobian[0]).min() > 1e-3
    assert np.array_equal(found["parameter-shift"].jacobian[0], (0, 0))


@today_only
@today_only
def test_random_directions_are_seeded_and_another_seed_draws_anew():
    def turned(angles):
        for angle in angles:
            qml.RX(angle, wires=0)
            qml.RY(angle, wires=0)
        return qml.expval(qml.PauliZ(0)), qml.expval(qml.PauliX(0))

    circuit = called(turned, torch.tensor([0.3, 0.4, 0.5, 0.6], requires_grad=True), wires=1, returns="tuple")
    request = Request(circuit, method("spsa"), "torch", (0,), jacobian=True)
    drawn: list[Any] = [np.concatenate(evaluate(replace(request, seed=seed)).jacobian) for seed in (*range(8), 0)]
    assert np.array_equal(drawn[0], drawn[-1])
    assert len({one.tobytes() for one in drawn}) > 1
    chosen = replace(method("spsa"), gradient_options=(("sampler_rng", 3),))
    assert np.array_equal(np.concatenate(evaluate(replace(request, method=chosen)).jacobian), drawn[3])


@pytest.mark.skipif(not hasattr(qml, "counts"), reason="this PennyLane counts no outcomes")
def test_sampling_is_seeded_and_another_seed_samples_anew():
    def sampled(a):
        qml.RX(a, wires=0)
        return qml.expval(qml.PauliZ(0)), qml.counts(wires=0)

    a = torch.tensor(0.4, requires_grad=True)
    circuit = called(sampled, a, diff_method="parameter-shift", wires=1, shots=100, returns="tuple")
    assert circuit.shots == (100,)
    request = Request(circuit, method("parameter-shift"), "torch", (0,))
    first, again = (evaluate(replace(request, seed=1)) for _ in range(2))
    assert first.failure is None
    assert first.outputs[1].sum() == 100
    assert first.outputs[0] == again.outputs[0]
    assert len({float(evaluate(replace(request, seed=seed)).outputs[0]) for seed in range(8)}) > 1


# --- failures --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("lightning.qubit/backprop", ""),
        ("no.device/adjoint", "no device"),
        ("default.mixed/adjoint", "adjoint"),
        ("default.qubit[complex64]/backprop", "complex64"),
    ],
)
def test_a_method_that_refuses_is_a_value_in_pennylanes_words(written, words):
    circuit = called(ansatz, *numbers("torch"), returns="tuple")
    evaluation = evaluate(Request(circuit, method(written), "torch", (0, 1, 2), jacobian=True))
    assert evaluation.failure is not None
    assert evaluation.failure.refusal
    assert words in evaluation.failure.message
    assert evaluation.jacobian is None


@today_only
def test_a_breakdown_inside_pennylane_is_no_refusal():
    def phased(a):
        qml.GlobalPhase(a, wires=0)
        return qml.expval(qml.PauliZ(0))

    circuit = called(phased, torch.tensor(0.4, requires_grad=True), wires=1)
    evaluation = evaluate(Request(circuit, method("parameter-shift"), "torch", (0,), ((np.array(1.0),),)))
    if evaluation.failure is None:
        pytest.skip("this PennyLane has it repaired")
    assert evaluation.failure.type in ("UnboundLocalError", "ValueError")
    assert evaluation.failure.stage == "backward"
    assert not evaluation.failure.refusal
    assert any(frame.startswith("pennylane.gradients") for frame in evaluation.failure.frames)
    assert np.array_equal(evaluation.outputs[0], 1.0)


def test_tensorflow_is_refused_with_its_reason():
    circuit = called(ansatz, *numbers("torch"), returns="tuple")
    failure = evaluate(Request(circuit, method("backprop"), "tensorflow")).failure
    assert failure is not None
    assert failure.refusal
    assert "recorded but not replayed" in failure.message
    assert str(applicable(circuit, replace(configuration(), interface="tensorflow"))[0]) == "default.qubit/adjoint"


def test_plain_numbers_need_no_interface():
    circuit = called(ansatz, 0.7, np.array([0.3, -0.4, 1.1]), interface="autograd", returns="tuple")
    assert circuit.trainable == ()
    for interface in ("numpy", "auto", "autograd"):
        evaluation = evaluate(Request(circuit, method("parameter-shift"), interface, (0, 1, 2)))
        assert evaluation.failure is None


# --- what is left alone ----------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not hasattr(getattr(qml, "decomposition", None), "enable_graph"), reason="this PennyLane has no graph of rules")
def test_the_graph_of_decomposition_rules_is_as_it_was_in_the_script_while_an_evaluation_lasts(monkeypatch):
    seen = []
    monkeypatch.setattr(run_circuit, "_attempt_and_amend", lambda asked: seen.append(stack.graph_is_on()) or Evaluation(asked.method))
    asked = Request(called(ansatz, *numbers("torch"), wires=3, returns="tuple"), method("backprop"))
    for before in (False, True):
        with stack.graph_switched(before):
            run_circuit.evaluate_circuit(replace(asked, graph=True))
            run_circuit.evaluate_circuit(asked)
            assert stack.graph_is_on() == before
    assert seen == [True, False, True, False]


def test_random_streams_and_the_default_dtype_are_as_before():
    circuit = called(ansatz, *numbers("torch"), returns="tuple")
    before = random.getstate(), np.random.get_state()[1].tobytes(), torch.get_rng_state().numpy().tobytes()
    evaluate(Request(circuit, method("parameter-shift"), seed=5, default_dtype="float64"))
    after = random.getstate(), np.random.get_state()[1].tobytes(), torch.get_rng_state().numpy().tobytes()
    assert before == after
    assert torch.get_default_dtype() is torch.float32


def test_gradients_are_tracked_where_the_caller_switched_them_off():
    circuit = called(ansatz, *numbers("torch"), returns="tuple")
    with torch.no_grad():
        evaluation = evaluate(Request(circuit, method("backprop"), jacobian=True))
    assert np.abs(evaluation.jacobian[0][0]).max() > 0


# --- auto ------------------------------------------------------------------------------------------------------------------


def configuration(device="default.qubit", resolved="adjoint"):
    return Configuration("f", SourceLine("f.py", 1), device, (0, 1, 2), interface="torch", requested=resolved, resolved=resolved)


def test_auto_is_what_the_device_offers_with_the_users_own_first():
    circuit = called(ansatz, *numbers("torch"), returns="tuple")
    written = [str(m) for m in applicable(circuit, configuration())]
    assert written[0] == "default.qubit/adjoint"
    assert {"default.qubit/backprop", "default.qubit/parameter-shift", "default.qubit/finite-diff@float64"} <= set(written)
    assert ("default.qubit/hadamard" in written) == TODAY


@today_only
def test_auto_brings_the_reference_to_other_devices_unless_the_state_is_mixed():
    circuit = called(ansatz, *numbers("torch"), returns="tuple")
    on_lightning = [str(m) for m in applicable(circuit, configuration("lightning.qubit"))]
    assert on_lightning[0] == "lightning.qubit/adjoint"
    assert "lightning.qubit/backprop" not in on_lightning
    assert on_lightning[-1] == "default.qubit/backprop"

    def noisy(a):
        qml.RX(a, wires=0)
        qml.DepolarizingChannel(0.1, wires=0)
        return qml.expval(qml.PauliZ(0))

    node = qml.QNode(noisy, qml.device("default.mixed", wires=1), interface="torch")
    node(torch.tensor(0.3, requires_grad=True))
    on_mixed = [str(m) for m in applicable(circuit_of(node._tape), configuration("default.mixed", "backprop"))]
    assert all(name.startswith("default.mixed/") for name in on_mixed)
    assert "default.mixed/adjoint" not in on_mixed

    def whole(a):
        qml.RX(a, wires=0)
        return qml.state()

    node = qml.QNode(whole, qml.device("default.mixed", wires=1), interface="torch")
    node(torch.tensor(0.3, requires_grad=True))
    in_matrices = [str(m) for m in applicable(circuit_of(node._tape), configuration("default.mixed", "backprop"))]
    assert "default.qubit/backprop" not in in_matrices


def test_an_unknown_device_names_those_that_exist():
    circuit = called(ansatz, *numbers("torch"), returns="tuple")
    with pytest.raises(MethodError) as caught:
        applicable(circuit, configuration("no.such.device"))
    assert "default.qubit" in caught.value.cause
    assert caught.value.cure


def test_workers_evaluate_as_this_process_does():
    circuit = called(ansatz, *numbers("torch", "float32"), returns="tuple")
    request = Request(circuit, method("backprop"), "torch", (0, 1, 2), jacobian=True)
    here = evaluate(request)
    with Workers(1) as workers:
        there = workers.submit(request).result(120)
        methods = workers.applicable(circuit, configuration())
    assert there.failure is None
    assert [o.tobytes() for o in there.outputs] == [o.tobytes() for o in here.outputs]
    assert [g.tobytes() for row in there.jacobian for g in row] == [g.tobytes() for row in here.jacobian for g in row]
    assert methods == applicable(circuit, configuration())
