"""Axes as live objects show them: losses in torch's graph, vectors in a QNode's circuit, layers."""

from __future__ import annotations

from typing import Any, Callable, Optional

import pytest

pytest.importorskip("torch")

import pennylane as qml
import torch
from pennylane import numpy as pnp
from torch.nn import functional

from qdiag.bridges.live import qnode_probe
from qdiag.bridges.live.loss_axes import broadcast_axes
from qdiag.model.call import SourceLine
from qdiag.model.loss_axes import LossAxes
from qdiag.model.probe import ProbedVectors
from tests.worlds.installed_pennylane import has_broadcasting

pytestmark = pytest.mark.stack

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]

ALL_PAIRS: dict[str, Loss] = {
    "squares": lambda p, y: ((p - y) ** 2).mean(),
    "target first": lambda p, y: ((y - p) ** 2).sum(),
    "a row against a column": lambda p, y: ((p[:, 0] - y[:, None]) ** 2).mean(),
    "absolute values": lambda p, y: (p - y).abs().mean(),
    "a root, and a penalty": lambda p, y: torch.sqrt(((p - y) ** 2).mean()) + 0.1 * p.sum() ** 2,
    "mse_loss": functional.mse_loss,
    "l1_loss": functional.l1_loss,
    "smooth_l1_loss": functional.smooth_l1_loss,
}
MEANT: dict[str, Loss] = {
    "one shape": lambda p, y: ((p - y[:, None]) ** 2).mean(),
    "pairs asked for": lambda p, y: ((p.unsqueeze(2) - y) ** 2).mean(),
    "each with each other": lambda p, y: ((p - p.T) ** 2).mean(),
    "a number": lambda p, y: ((p - y.mean()) ** 2).mean(),
    "one target": lambda p, y: ((p - torch.ones(5)) ** 2).mean(),
    "several tables of targets": lambda p, y: ((p.T - torch.rand(4, 5)) ** 2).mean(),
    "a mean prediction": lambda p, y: ((p.mean() - y) ** 2).mean(),
    "cross entropy": lambda p, y: functional.cross_entropy(torch.cat([p, -p], 1), torch.ones(5, dtype=torch.long)),
    "a sum over rows": lambda p, y: sum(((a - b) ** 2 for a, b in zip(p[:, 0], y)), torch.zeros(())),
}


def looked(loss: Loss) -> Optional[LossAxes]:
    torch.manual_seed(0)
    prediction, target = torch.tanh(torch.rand(5, 1, requires_grad=True)), torch.rand(5)
    return broadcast_axes(loss(prediction, target), SourceLine("train.py", 1))


@pytest.mark.skipif(not hasattr(torch.rand(1, requires_grad=True).exp().grad_fn, "_input_metadata"), reason="this graph has no shapes")
@pytest.mark.parametrize("name", ALL_PAIRS)
def test_a_loss_over_all_pairs_of_rows_is_seen_with_the_loss_over_rows(name: str) -> None:
    found = looked(ALL_PAIRS[name])
    assert found is not None
    assert (found.prediction, found.difference) == ((5,) if name == "a row against a column" else (5, 1), (5, 5))
    torch.manual_seed(0)
    gaps = torch.tanh(torch.rand(5, 1))[:, 0] - torch.rand(5)
    own = (gaps**2 if found.squared else gaps.abs()).mean()
    assert found.over_rows == pytest.approx(float(own), rel=1e-5)
    assert found.over_all not in (None, found.over_rows)


@pytest.mark.parametrize("name", MEANT)
def test_a_loss_whose_axes_are_meant_is_not(name: str) -> None:
    assert looked(MEANT[name]) is None


# --- vectors for angles ---------------------------------------------------------------------------------------------------


def vectors(function: Callable[..., Any], *arguments: Any, interface: str = "torch", layer: str = "") -> Optional[ProbedVectors]:
    qnode = qml.QNode(function, qml.device("default.qubit", wires=2), interface=interface, diff_method="backprop")
    qnode(*arguments)
    *_, probe = qnode_probe.probes(qnode, arguments, {}, layer=layer, call=0)
    assert probe.complete, probe.note
    return probe.vectors


def weights(*shape: int) -> torch.Tensor:
    return torch.linspace(0.1, 1.0, int(torch.tensor(shape).prod()), dtype=torch.float64).reshape(shape).requires_grad_()


def encoded(params: Any, x: Any) -> Any:
    for wire in range(2):
        angle = params[wire, :3] * x + params[wire, 3]
        qml.Rot(angle, angle, angle, wires=wire)
    return qml.expval(qml.PauliZ(0))


def turned(angle: Any) -> Any:
    qml.RY(angle, wires=1)
    return qml.expval(qml.PauliZ(1))


needs_broadcasting = pytest.mark.skipif(not has_broadcasting(), reason="this PennyLane has no broadcasting")


@needs_broadcasting
def test_a_vector_of_features_scaled_by_trained_numbers_is_seen() -> None:
    found = vectors(encoded, weights(2, 4), torch.rand(3, dtype=torch.float64))
    assert found == ProbedVectors(3, "Rot", ("0",), "params", (2, 4))


@needs_broadcasting
def test_a_trained_vector_for_an_angle_is_seen() -> None:
    assert vectors(turned, weights(3)) == ProbedVectors(3, "RY", ("1",), "angle", (3,))


HEALTHY: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "a batch of one feature": (lambda w, x: turned(w * x), (weights(), torch.rand(3))),
    "a batch that a layer before it made": (turned, (weights(3) * 2,)),
    "data uploaded again": (lambda w, x: turned(w[0] * x[..., 0] + w[1]), (weights(2), torch.rand(3, 2))),
    "sets of parameters side by side": (lambda w: turned(w[:, 0] + w[:, 1]), (weights(3, 2),)),
    "one circuit": (lambda w: turned(w[0]), (weights(3),)),
}


@needs_broadcasting
@pytest.mark.parametrize("name", HEALTHY)
def test_a_batch_whose_rows_share_what_is_trained_is_not(name: str) -> None:
    function, arguments = HEALTHY[name]
    assert vectors(function, *arguments) is None


@needs_broadcasting
def test_under_autograd_it_is_seen_where_something_is_differentiated() -> None:
    params, x = pnp.array([[0.1, 0.2, 0.3, 0.4]] * 2, requires_grad=True), pnp.array([0.5, 0.6, 0.7], requires_grad=False)
    assert vectors(encoded, params, x, interface="autograd") is None
    seen: list[Optional[ProbedVectors]] = []

    def cost(p: Any) -> Any:
        seen.append(vectors(encoded, p, x, interface="autograd"))
        return pnp.sum(p)

    qml.grad(cost)(params)
    assert seen == [ProbedVectors(3, "Rot", ("0",), "params", (2, 4))]


@needs_broadcasting
def test_a_layer_hands_on_as_many_rows_as_it_was_given_where_a_list_is_returned() -> None:
    from qdiag.evaluation import remote

    assert remote.layer_axes("list", 2, 6) == (6, 2)
    try:
        shape = remote.layer_axes("tuple", 2, 6)
    except RuntimeError:
        pytest.skip("the layers of this PennyLane take no tuple of several results for a batch")
    assert sorted(shape) in ([1, 2, 6], [2, 6])
