"""Small trainings of torch and of PennyLane's optimisers, followed in copies of this very process; it does not see them."""

from __future__ import annotations

import functools
import os
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qdiag.model.call import Script
from qdiag.model.step_probe import Answer, Moved, StepProbe
from qdiag.recording import confinement, syscall_filter
from qdiag.recording.session import Session
from qdiag.recording.step_probe import StepProber
from qdiag.trace.reader import Trace
from tests.worlds.older_stacks import needs_function_modes

pytestmark = [pytest.mark.stack, pytest.mark.skipif(not syscall_filter.is_known(), reason="there are no copies that go on here")]

torch = pytest.importorskip("torch")
qml = pytest.importorskip("pennylane")

from pennylane import numpy as pnp  # noqa: E402

DEVICE = qml.device("default.qubit", wires=1)


def circuit(x: Any, w: Any) -> Any:
    qml.RY(x, wires=0)
    qml.RX(w, wires=0)
    return qml.expval(qml.PauliZ(0))


of_torch, of_autograd = qml.QNode(circuit, DEVICE, interface="torch"), qml.QNode(circuit, DEVICE)


def trained_by_torch(loss: Callable[[Any, Any], Any]) -> list[Any]:
    """Losses, parameters and gradients of a few steps."""
    torch.manual_seed(1), np.random.seed(2), random.seed(3)
    weight = torch.tensor(0.4, dtype=torch.float64, requires_grad=True)
    shift = torch.zeros((), dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.Adam([weight, shift], 0.1)
    seen: list[Any] = []
    for _ in range(5):
        optimizer.zero_grad()
        x = torch.rand((), dtype=torch.float64) + random.random() + np.random.random()
        value = loss(of_torch(x, weight), shift)
        value.backward()
        optimizer.step()
        seen += [value.item(), weight.item(), shift.item(), None if weight.grad is None else weight.grad.item()]
    return [*seen, torch.rand(1).item(), np.random.random(), random.random()]


def trained_by_pennylane(loss: Callable[[Any, Any], Any]) -> list[Any]:
    """The same of an optimiser of PennyLane's."""
    weight, optimizer, seen = pnp.array(0.4, requires_grad=True), qml.AdamOptimizer(0.1), []
    for _ in range(5):
        weight, value = optimizer.step_and_cost(lambda w: loss(of_autograd(0.3, w), 0.0), weight)
        seen += [float(value), float(weight)]
    return seen


def followed(folder: Path, train: Callable[[Any], list[Any]], loss: Callable[[Any, Any], Any]) -> tuple[StepProbe, ...]:
    """What copies of a training came to, which is the same with them as without."""
    here = os.getpid()
    plain = train(loss)
    try:
        with Session(folder / "trace", Script("training", called=True), probe=True):
            watched = train(loss)
    finally:
        if os.getpid() != here:
            os._exit(1)
    assert watched == plain
    with Trace.open(folder / "trace") as trace:
        assert [path.name for path in folder.iterdir()] == ["trace"]
        return trace.step_probes


@pytest.fixture(autouse=True)
def _no_obstacle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever threads and processes other tests have left; and steps that are faster than copies do not have to wait for them."""
    monkeypatch.setattr(confinement, "obstacle", lambda backward_seen: "")
    monkeypatch.setattr(StepProber, "_is_busy", lambda prober, but_slopes=False: False)


seen_by_torch = functools.partial(pytest.param, trained_by_torch, marks=needs_function_modes)


@pytest.mark.filterwarnings("ignore:Output seems independent")
@pytest.mark.parametrize(
    ("train", "loss", "answer", "operation"),
    [
        seen_by_torch(lambda out, shift: (torch.round(out) + 1 + shift) ** 2, Answer.FLAT, "RoundBackward0"),
        seen_by_torch(lambda out, shift: (torch.argmax(torch.stack([out, -out])) + shift - 1) ** 2, Answer.FLAT, "argmax"),
        seen_by_torch(lambda out, shift: torch.sigmoid(1e5 * (out + 0.5)) + shift**2, Answer.FLAT, "SigmoidBackward0"),
        seen_by_torch(lambda out, shift: torch.relu(-2 - out) + shift**2, Answer.INDEPENDENT, "ReluBackward0"),
        (trained_by_pennylane, lambda out, shift: (pnp.sign(out) + 1) ** 2, Answer.FLAT, "sign"),
    ],
)
def test_the_script_itself_says_whether_its_loss_moves_with_the_outputs(
    tmp_path: Path, train: Any, loss: Any, answer: Answer, operation: str
) -> None:
    (probe,) = [probe for probe in followed(tmp_path, train, loss) if probe.moved is Moved.OUTPUTS]
    assert (probe.void, probe.answer, probe.step, probe.call) == ("", answer, 1, 1)
    (spot, *_) = probe.spots
    assert (spot.operation, spot.place.path) == (operation, "tests/unit/recording/test_probed_trainings.py")


@pytest.mark.parametrize(
    ("train", "loss"),
    [
        (trained_by_torch, lambda out, shift: (out + shift) ** 2),
        (trained_by_pennylane, lambda out, shift: (out - 0.5) ** 2),
    ],
)
def test_a_loss_that_sends_something_back_is_asked_nothing(tmp_path: Path, train: Any, loss: Any) -> None:
    assert all(probe.moved is Moved.HELD for probe in followed(tmp_path, train, loss))


def test_parameters_without_a_gradient_are_moved_and_one_at_its_minimum_is_told_from_one_that_is_cut_off(tmp_path: Path) -> None:
    probes = followed(tmp_path, trained_by_torch, lambda out, shift: (out.detach() - 0.5) ** 2 + shift**2)
    cut, lowest = [probe for probe in probes if probe.moved is Moved.PARAMETER]
    assert [(probe.void, probe.step, probe.answer) for probe in (cut, lowest)] == [
        ("", 2, Answer.SMOOTH),
        ("", 2, Answer.STATIONARY),
    ]
    assert len({cut.token, lowest.token, None}) == 3


def by_the_data(graph: bool) -> Callable[[Any, Any], Any]:
    """A loss with a derivative by data in it, which has a graph or none."""

    def loss(out: Any, shift: Any) -> Any:
        t = torch.ones((), dtype=torch.float64, requires_grad=True)
        (slope,) = torch.autograd.grad(torch.sin((out + shift) * t), t, create_graph=graph, retain_graph=True)
        return (out - shift) ** 2 + slope**2

    return loss


@pytest.mark.parametrize(
    ("loss", "told"),
    [
        (by_the_data(graph=False), ["torch.autograd.grad"]),
        (by_the_data(graph=True), []),
        (lambda out, shift: out * torch.tensor([out.tolist()])[0] + shift, ["tolist"]),
        (lambda out, shift: out * shift + 0.0 * torch.tensor([out.tolist()])[0], []),
    ],
)
@needs_function_modes
def test_a_gradient_that_is_not_the_slope_is_seen_beside_what_drops_the_graph(tmp_path: Path, loss: Any, told: list[str]) -> None:
    probes = [probe for probe in followed(tmp_path, trained_by_torch, loss) if probe.moved is Moved.HELD]
    assert all(probe.given is not None for probe in probes[:1])
    assert [spot.operation for probe in probes if probe.missing is not None for spot in probe.spots][:1] == told


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="a process has one profiler there, which is the script's: copies look at once")
def test_no_copy_is_made_where_nothing_is_called_that_could_drop_the_graph(tmp_path: Path) -> None:
    assert followed(tmp_path, trained_by_torch, lambda out, shift: out * out.detach() + shift) == ()


@pytest.mark.filterwarnings("ignore:Output seems independent")
def test_what_pennylane_gives_back_unmoved_is_moved(tmp_path: Path) -> None:
    probes = followed(tmp_path, trained_by_pennylane, lambda out, shift: (pnp.sign(out) + 1) ** 2)
    (probe,) = [probe for probe in probes if probe.moved is Moved.PARAMETER]
    assert (probe.void, probe.step, probe.subject) == ("", 2, "w")
    assert probe.answer in (Answer.FLAT, Answer.LOWEST, Answer.INDEPENDENT)
