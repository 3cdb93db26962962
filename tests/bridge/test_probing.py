"""QNodes held against themselves: whose gradients are lost on the way to the circuit is seen, and nothing else is."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, Callable

import numpy as np
import pytest

pytest.importorskip("torch")

import pennylane as qml
import torch
from pennylane import numpy as pnp

from qdiag.bridges.live import probe_methods, qnode_probe
from qdiag.bridges.live.probe_methods import own_method, quicker_copy
from qdiag.bridges.live.probe_slopes import _rounding_of, _slope
from qdiag.bridges.live.probe_subject import subject_of
from qdiag.judging import probe_evidence, probe_findings
from qdiag.model.call import Argument, Call, Configuration, SourceLine
from qdiag.model.circuit import Circuit
from qdiag.model.findings import Divergence
from qdiag.model.probe import Probe, Proof
from tests.worlds.installed_pennylane import has_broadcasting
from tests.worlds.older_stacks import needs_forgetting, needs_newest

pytestmark = pytest.mark.stack


def seen(function: Callable[..., Any], *arguments: Any, method: str = "backprop", interface: str = "torch", layer: str = "") -> Probe:
    qnode = qml.QNode(function, qml.device("default.qubit", wires=3), interface=interface, diff_method=method)
    qnode(*arguments)
    return list(qnode_probe.probes(qnode, arguments, {}, layer=layer, call=0))[-1]


def found(probe: Probe, method: str = "backprop") -> tuple[Divergence, ...]:
    configuration = Configuration("circuit", SourceLine("train.py", 1), "default.qubit", resolved=method)
    arguments = (Argument("inputs", "torch", "float64", (3, 3), True),)
    return probe_findings.divergences(probe, Call(0, 0, SourceLine("train.py", 1), configuration, arguments, Circuit((), ()), ()))


def tensor(*values: float, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.tensor(values[0] if len(values) == 1 else values, dtype=dtype, requires_grad=True)


def rotated(angle: Any) -> Any:
    qml.RX(angle, wires=0)
    qml.RY(0.3, wires=1)
    qml.CNOT(wires=[0, 1])
    return qml.expval(qml.PauliZ(1))


def nested(parts: Any, scale: Any) -> Any:
    qml.RX(parts[0] * scale, wires=0)
    return rotated(parts[1])


def without_grad(x: Any) -> Any:
    with torch.no_grad():
        angle = torch.sin(x) * 2
    qml.RY(angle, wires=0)
    return rotated(x)


def through_a_list(x: Any) -> Any:
    for angle in x.reshape(-1).tolist():
        qml.RY(angle, wires=0)
    return rotated(x)


def halves(x: Any) -> Any:
    qml.RY(2 * x.detach() ** 2, wires=0)
    return rotated(torch.sin(x))


FAULTS = {
    "item": lambda x: rotated(x.item()),
    "detach": lambda x: rotated(2 * x.detach()),
    "numpy": lambda x: rotated(np.asarray(x.detach())),
    "half of it": lambda x: rotated(x * x.detach()),
}
PARTLY = {
    "in no_grad": lambda x: without_grad(x),
    "as a list beside itself": lambda x: through_a_list(x),
    "two numbers, one of them detached": lambda x: halves(x),
}
HEALTHY = {
    "in float32 inside": lambda x: rotated(x.float()),
    "squared": lambda x: rotated(x * x),
    "at random": lambda x: rotated(x * torch.rand(1)[0] + float(np.random.rand())),
    "away from its kink": lambda x: rotated(torch.relu(x)),
}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("name", FAULTS)
def test_a_gradient_lost_on_the_way_to_the_circuit_is_found(name: str, dtype: torch.dtype) -> None:
    (divergence,) = found(seen(FAULTS[name], tensor(0.4, dtype=dtype)))
    assert str(divergence.comparison.element) == "argument x"
    assert probe_evidence.is_proven(divergence) == (name != "half of it")


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("name", PARTLY)
def test_a_gradient_lost_on_one_of_two_ways_is_found_and_put_back(name: str, dtype: torch.dtype) -> None:
    (divergence,) = found(seen(PARTLY[name], tensor(0.4, dtype=dtype)))
    assert divergence.comparison.values[0] != 0
    assert probe_evidence.is_proven(divergence)
    first = probe_evidence.evidence(divergence)[0]
    assert (first.experiment, first.predicts, first.holds) == ("their share of the gradient put back", "heals", True)
    assert first.after <= divergence.comparison.bound < first.before


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_quantum_function_is_not(name: str, dtype: torch.dtype) -> None:
    probe = seen(HEALTHY[name], tensor(0.4, dtype=dtype))
    assert probe.complete
    assert probe.arguments[0].smooth
    assert found(probe) == ()


@pytest.fixture
def quick_copies(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if every QNode were dear, and a copy of it with no method far quicker."""
    monkeypatch.setattr("qdiag.bridges.live.probe_methods.WORTH", 0.0)
    monkeypatch.setattr("qdiag.bridges.live.probe_methods.QUICKER", 0.0)


@pytest.mark.usefixtures("quick_copies")
@pytest.mark.parametrize("method", ["backprop", "adjoint"])
@pytest.mark.parametrize("name", ["detach", "half of it", "in no_grad", "in float32 inside", "squared"])
def test_by_a_quicker_copy_of_the_qnode_the_same_is_found(name: str, method: str) -> None:
    divergences = found(seen({**FAULTS, **PARTLY, **HEALTHY}[name], tensor(0.4), method=method), method)
    assert len(divergences) == (name not in HEALTHY)


@pytest.mark.usefixtures("quick_copies")
@needs_newest("adjoint gives no probabilities before PennyLane 0.36")
def test_a_copy_that_gives_other_numbers_is_none() -> None:
    def function(x: Any) -> Any:
        qml.RX(x, wires=0)
        return qml.probs(wires=0)

    qnode = qml.QNode(function, qml.device("default.qubit", wires=1), interface="torch", diff_method="adjoint")
    arguments = (tensor(0.4),)
    qnode(*arguments)
    subject = subject_of(qnode, arguments, {})
    probe, _, cost = own_method(subject, 0)
    assert quicker_copy(subject, probe, cost) is not qnode
    off = replace(subject, plain=tuple(output + 1e-3 for output in subject.plain))
    assert quicker_copy(off, probe, cost) is qnode


@needs_newest("a copy of a QNode on lightning is made otherwise there, and is quick")
@pytest.mark.usefixtures("quick_copies")
@pytest.mark.parametrize("name", ["detach", "half of it", "squared"])
def test_where_no_copy_on_its_device_is_quicker_one_on_the_simulator_is_looked_for(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pennylane_lightning")
    asked: list[str] = []
    without_method = probe_methods._without_method

    def elsewhere(qnode: Any) -> Any:
        asked.append(qnode.device.name)
        if "lightning" in asked[-1]:
            raise ValueError("not here")
        return without_method(qnode)

    monkeypatch.setattr(probe_methods, "_without_method", elsewhere)
    function = {**FAULTS, **PARTLY, **HEALTHY}[name]
    qnode = qml.QNode(function, qml.device("lightning.qubit", wires=3), interface="torch", diff_method="adjoint")
    qnode(tensor(0.4))
    (*_, probe) = qnode_probe.probes(qnode, (tensor(0.4),), {}, layer="", call=0)
    assert {name for name in asked if "lightning" not in name} == {"default.qubit"}
    assert len(found(probe, "adjoint")) == (name not in HEALTHY)


@pytest.mark.parametrize("own", [False, True], ids=["nothing to agree with", "the own method agrees"])
def test_what_is_rounded_on_its_way_in_is_known_no_better_at_zero_where_no_rounding_shows(own: bool) -> None:
    def subject(scale: float) -> Any:
        def outputs(step: float) -> tuple[np.ndarray, ...]:
            return (np.array([float(np.float32(scale * step))]),)

        return SimpleNamespace(
            qnode=None,
            quicker=None,
            cotangent=np.ones(1),
            along=lambda position, step: step,
            outputs=outputs,
            weigh=lambda given: float(given[0][0]),
        )

    scales = [0.3 + 0.0137 * number for number in range(100)]
    slopes = [(scale, *_slope(subject(scale), 0, scale if own else None, 1e-15)) for scale in scales]
    assert sum(smooth and abs(slope - scale) > error for scale, slope, error, smooth in slopes) <= 5


class Counted:
    """A subject with a weighted sum of its own, that counts how often it is asked."""

    def __init__(self, total: Callable[[float], float]) -> None:
        self.total, self.asked = total, 0
        self.qnode = self.quicker = None
        self.cotangent = np.ones(1)
        self.along = lambda position, step: step
        self.weigh = lambda given: float(given[0][0])

    def outputs(self, step: float) -> tuple[np.ndarray, ...]:
        self.asked += 1
        return (np.array([self.total(step)]),)


def test_a_slope_that_the_own_method_has_right_takes_few_evaluations() -> None:
    subject: Any = Counted(lambda step: np.sin(0.4 + step))
    slope, error, smooth = _slope(subject, 0, float(np.cos(0.4)), 1e-15)
    assert smooth
    assert abs(slope - np.cos(0.4)) <= error < 1e-11
    assert subject.asked <= 12


@pytest.mark.parametrize("off", [1e-9, 1e-3, float("nan")])
def test_one_that_is_off_is_looked_at_again_with_other_steps(off: float) -> None:
    subject: Any = Counted(lambda step: np.sin(0.4 + step))
    slope, error, smooth = _slope(subject, 0, float(np.cos(0.4)) + off, 1e-13)
    assert smooth
    assert abs(slope - np.cos(0.4)) <= error < 1e-9
    assert subject.asked > 30


@pytest.mark.parametrize("distance", [0.0, 1e-4, 1e-2])
def test_a_kink_nearby_is_not_overlooked_where_the_own_method_says_what_differences_say(distance: float) -> None:
    subject: Any = Counted(lambda step: np.sin(step) + abs(step - distance))
    own = 1.0 if distance == 0 else 0.0
    slope, error, smooth = _slope(subject, 0, own, 1e-15)
    assert smooth == (distance > 0)
    assert distance == 0 or abs(slope) <= error < 1e-4


def test_an_output_is_known_no_better_than_its_dtype_holds() -> None:
    weights = np.array([1.0, -2.0])
    assert _rounding_of((np.array([0.5, 0.25], np.float32),), weights) == np.finfo(np.float32).eps
    assert _rounding_of((np.array([0.5, 0.25]),), weights) == 0.0


def test_at_a_kink_there_is_nothing_to_compare_with() -> None:
    probe = seen(lambda x: rotated(0.5 + torch.relu(x)), tensor(0.0))
    assert not probe.arguments[0].smooth
    assert found(probe) == ()


def test_finite_differences_find_a_lost_gradient_and_are_forgiven_their_own_error() -> None:
    assert found(seen(rotated, tensor(0.4, dtype=torch.float32), method="finite-diff"), "finite-diff") == ()
    assert len(found(seen(FAULTS["item"], tensor(0.4), method="finite-diff"), "finite-diff")) == 1


def damped(angle: Any, rate: Any) -> Any:
    qml.RY(angle, wires=0)
    qml.AmplitudeDamping(rate, wires=0)
    return qml.expval(qml.PauliZ(0))


@pytest.mark.parametrize(("others", "asked"), [(True, ["adjoint", "backprop", "parameter-shift"]), (False, ["adjoint"])])
def test_other_methods_are_asked_where_they_are_wanted(others: bool, asked: list[str]) -> None:
    qnode = qml.QNode(FAULTS["item"], qml.device("default.qubit", wires=3), interface="torch", diff_method="adjoint")
    qnode(tensor(0.4))
    *_, probe = qnode_probe.probes(qnode, (tensor(0.4),), {}, layer="", call=0, others=others)
    assert probe.complete
    assert [method.diff_method for method in probe.methods] == asked
    assert len(found(probe, "adjoint")) == 1


@pytest.mark.parametrize("tracked", [True, False])
def test_finite_differences_that_are_taken_without_a_word_are_forgiven_their_own_error(tracked: bool) -> None:
    rate = tensor(0.3) if tracked else 0.3
    qnode = qml.QNode(damped, qml.device("default.mixed", wires=1), interface="torch", diff_method="parameter-shift")
    qnode(tensor(0.7), rate)
    probe = list(qnode_probe.probes(qnode, (tensor(0.7), rate), {}, layer="", call=0))[-1]
    assert probe.differenced is tracked
    assert found(probe, "parameter-shift") == ()


def test_tensors_inside_lists_have_names() -> None:
    probe = seen(nested, [tensor(0.1), tensor(0.5)], tensor(1.5))
    assert [argument.name for argument in probe.arguments] == ["parts[0]", "parts[1]", "scale"]
    assert found(probe) == ()


@pytest.mark.parametrize("method", ["backprop", "parameter-shift"])
def test_autograd_likewise(method: str) -> None:
    first, scale = pnp.array(0.1, requires_grad=True), pnp.array(1.5, requires_grad=True)
    healthy = seen(nested, [first, 0.5], scale, method=method, interface="autograd")
    assert [argument.name for argument in healthy.arguments] == ["parts[0]", "scale"]
    assert found(healthy, method) == ()

    def lost(x: Any) -> Any:
        return rotated(float(qml.math.toarray(getattr(x, "_value", x))))

    assert len(found(seen(lost, pnp.array(0.4, requires_grad=True), method=method, interface="autograd"), method)) == 1


def test_a_function_with_a_random_stream_of_its_own_is_not_judged() -> None:
    stream = np.random.default_rng(0)
    probe = seen(lambda x: rotated(x * stream.random()), tensor(0.4))
    assert not probe.repeatable
    assert found(probe) == ()


@pytest.mark.skipif(not has_broadcasting(), reason="this PennyLane has no broadcasting")
@pytest.mark.parametrize(("mixes", "code"), [(True, 1), (False, 0)])
def test_rows_that_depend_on_each_other_are_found(mixes: bool, code: int) -> None:
    def layered(inputs: Any) -> Any:
        for i in range(3):
            qml.RX(inputs[i] if mixes else inputs[:, i], wires=i)
        qml.CNOT(wires=[0, 1])
        qml.CNOT(wires=[1, 2])
        return [qml.expval(qml.PauliZ(i)) for i in range(3)]

    batch = torch.arange(9.0, dtype=torch.float64).reshape(3, 3).requires_grad_()
    probe = seen(layered, batch, layer="TorchLayer")
    assert probe.rows == 3
    assert len(found(probe)) == code


def first_rows(inputs: Any, weights: Any) -> Any:
    for i in range(2):
        qml.RX(inputs[i], wires=i)
        qml.RY(weights[i], wires=i)
    qml.CNOT(wires=[0, 1])
    return [qml.expval(qml.PauliZ(0)), qml.expval(qml.PauliZ(1))]


def last_axis(inputs: Any, weights: Any) -> Any:
    return first_rows(inputs.T, weights)


@pytest.mark.skipif(not has_broadcasting(), reason="this PennyLane has no broadcasting")
@pytest.mark.parametrize("layer", ["TorchLayer", ""])
@pytest.mark.parametrize("rows", [5, 40])
def test_the_first_rows_of_a_batch_taken_for_features_are_found_with_a_layer_and_without(rows: int, layer: str) -> None:
    batch = torch.rand(rows, 2, dtype=torch.float64)
    probe = seen(first_rows, batch, tensor(0.3, 0.4), layer=layer)
    assert probe.batch is not None
    assert (probe.rows, probe.batch.results, probe.batch.tried - probe.batch.unused) == (rows, 2, 2)
    assert found(probe)[0].proof is Proof.MIXED_ROWS
    assert found(seen(last_axis, batch, tensor(0.3, 0.4), layer=layer)) == ()


@pytest.mark.skipif(not has_broadcasting(), reason="this PennyLane has no broadcasting")
@pytest.mark.parametrize("frozen", [False, True])
def test_a_table_of_weights_is_no_batch_where_the_layers_input_has_one_row(frozen: bool) -> None:
    def entangled(inputs: Any, weights: Any) -> Any:
        qml.AngleEmbedding(inputs, wires=range(2))
        qml.BasicEntanglerLayers(weights, wires=range(2))
        return qml.expval(qml.PauliZ(0))

    weights = torch.rand(2, 2, dtype=torch.float64, requires_grad=not frozen)
    probe = seen(entangled, torch.rand(1, 2, dtype=torch.float64), weights, layer="TorchLayer")
    assert (probe.rows, probe.batch, found(probe)) == (0, None, ())


@pytest.mark.skipif(not has_broadcasting(), reason="this PennyLane has no broadcasting")
def test_the_first_rows_are_found_among_plain_arrays() -> None:
    weights = pnp.array([0.3, 0.4], requires_grad=True)
    batch = np.linspace(0.0, 1.0, 8).reshape(4, 2)
    assert found(seen(first_rows, batch, weights, interface="autograd"))[0].proof is Proof.MIXED_ROWS


@pytest.mark.skipif(not has_broadcasting(), reason="this PennyLane has no broadcasting")
@pytest.mark.parametrize("shape", [(4, 3), (3, 2), (2, 5), (2, 2)])
def test_a_table_of_weights_or_of_transposed_data_is_no_batch(shape: tuple[int, int]) -> None:
    assert seen(first_rows, tensor(*torch.rand(shape).tolist()), tensor(0.3, 0.4)).rows == 0
    if shape != (3, 2):
        assert seen(first_rows, torch.rand(shape, dtype=torch.float64), tensor(0.3, 0.4)).rows == 0


# --- points at which a gradient is lost, and transforms that lose it -------------------------------------------------------


def left_out_at_zero(angle: Any) -> Any:
    if angle != 0:
        qml.RX(angle, wires=0)
    qml.RY(0.3, wires=0)
    return qml.expval(qml.PauliY(0))


def test_a_gate_that_is_left_out_at_this_point_only_is_seen_beside_it() -> None:
    probe = seen(left_out_at_zero, tensor(0.0))
    (argument,) = probe.arguments
    assert argument.restructured
    assert argument.aside == pytest.approx(0.0, abs=1e-12)
    (divergence,) = found(probe)
    assert divergence.proof is Proof.STRUCTURE
    assert found(seen(left_out_at_zero, tensor(0.4))) == ()


def test_a_formula_that_is_singular_at_this_point_only_is_right_beside_it() -> None:
    probe = seen(lambda p: rotated(2 * torch.asin(torch.sqrt(p))), tensor(0.0))
    (divergence,) = found(probe)
    assert divergence.signature == "nan"
    assert divergence.proof is Proof.POINT


@pytest.mark.skipif(not hasattr(qml.QNode, "compile_pipeline"), reason="transforms wrap the QNode, or fuse without a formula")
def test_a_gradient_that_a_transform_spoils_is_right_without_it() -> None:
    def euler(angles: Any) -> Any:
        qml.RX(0.4, wires=0)
        qml.CNOT(wires=[0, 1])
        qml.RZ(angles[0], wires=0)
        qml.RY(angles[1], wires=0)
        qml.RZ(angles[2], wires=0)
        return qml.expval(qml.PauliX(0))

    qnode = qml.QNode(euler, qml.device("default.qubit", wires=3), interface="torch", diff_method="backprop")
    fused = qml.transforms.single_qubit_fusion(qnode)
    arguments = (tensor(0.3, 0.0, 0.4),)
    fused(*arguments)
    *_, probe = qnode_probe.probes(fused, arguments, {}, layer="", call=0)
    (divergence,) = found(probe)
    assert divergence.proof is Proof.TRANSFORMS


# --- what the probed arguments are all of ------------------------------------------------------------------------------------


def test_a_weight_beside_the_arguments_is_not_spoken_for() -> None:
    weight = tensor(0.4)

    def with_weight(x: Any) -> Any:
        qml.RY(weight, wires=0)
        return rotated(x)

    assert seen(rotated, tensor(0.3)).closed
    assert not seen(with_weight, tensor(0.3)).closed


def turned_where_it_is_tracked(angle: Any) -> Any:
    if angle.requires_grad:
        qml.RY(0.4, wires=0)
    return rotated(angle)


def controlled_matrix(angle: Any) -> Any:
    """A matrix of tensors, which PennyLane binds anew where none of its entries is tracked, without its control value."""
    cosine, sine = torch.cos(angle), torch.sin(angle)
    matrix = torch.stack([torch.stack([cosine, -sine]), torch.stack([sine, cosine])]).to(torch.complex128)
    qml.RY(0.8, wires=0)
    qml.ctrl(qml.QubitUnitary(matrix, wires=1), control=0, control_values=[0])
    return qml.expval(qml.PauliX(1))


def test_another_circuit_on_plain_numbers_is_the_scripts_own_doing() -> None:
    probe = seen(turned_where_it_is_tracked, tensor(0.7))
    assert probe.plain_gap > 0.01
    assert not probe.same_circuit
    assert found(probe)


@needs_forgetting
def test_a_right_gradient_is_not_held_against_a_plain_evaluation_that_is_wrong() -> None:
    probe = seen(controlled_matrix, tensor(0.7), method="adjoint")
    assert probe.plain_gap > 0.01
    assert probe.same_circuit
    assert not found(probe, "adjoint")


def test_arrays_that_are_only_marked_trainable_are_told_from_those_that_a_graph_leads_to() -> None:
    probes: list[Probe] = []

    def recorded(x: Any, data: Any) -> Any:
        qnode = qml.QNode(nested, qml.device("default.qubit", wires=3), interface="autograd", diff_method="backprop")
        result = qnode([x, data], 0.7)
        probes.extend(list(qnode_probe.probes(qnode, ([x, data], 0.7), {}, layer="", call=0))[-1:])
        return result

    x, data = pnp.array(0.3, requires_grad=True), pnp.array(0.4, requires_grad=True)
    recorded(x, data)
    qml.grad(recorded, 0)(x, data)
    assert [probe.marked for probe in probes] == [True, False]
    assert [len(probe.arguments) for probe in probes] == [2, 1]


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_a_call_inside_an_evaluation_is_probed_as_one_outside(mode: Callable[[], Any]) -> None:
    weights = tensor(0.4, 0.9)
    with mode():
        features = torch.tensor([0.3, 0.7], dtype=torch.float64) * 2
        probe = seen(weighted, features, weights)
        assert torch.is_inference_mode_enabled() is (mode is torch.inference_mode), "what is evaluated afterwards is as it was"
    assert probe.complete
    assert not found(probe)


def weighted(features: torch.Tensor, weights: torch.Tensor) -> Any:
    qml.RX(weights[0] * features[0], wires=0)
    qml.RY(weights[1] * features[1], wires=1)
    qml.CNOT(wires=[0, 1])
    return qml.expval(qml.PauliZ(1))
