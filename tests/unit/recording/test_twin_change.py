"""A twin run makes its one change and no other, keeps what a comparison needs, and never raises into the script."""

from __future__ import annotations

import os
import random
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qdiag.recording import twin_change
from qdiag.recording.twin_change import Twin
from qdiag.trace import twin_steps, twin_variation
from qdiag.trace.twin_steps import Steps
from qdiag.trace.twin_variation import Variation

pytestmark = pytest.mark.stack

torch = pytest.importorskip("torch")

hooks: Any = sys.modules["torch.nn.modules.module"]


@pytest.fixture
def framework(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Torch, which is as it was afterwards."""
    for name, kind in list(vars(torch.optim).items()):
        if isinstance(kind, type):
            monkeypatch.setattr(torch.optim, name, kind)
            if "step" in vars(kind):
                # an older torch has no hooks there
                monkeypatch.setattr(kind, "step", vars(kind)["step"])
    monkeypatch.setattr(torch.optim.Optimizer, "__init__", torch.optim.Optimizer.__init__)
    monkeypatch.setattr(torch.nn.L1Loss, "forward", torch.nn.L1Loss.forward)
    tables = [
        table for name in ("_global_forward_pre_hooks", "_global_forward_hooks") if (table := getattr(hooks, name, None)) is not None
    ]
    before = [list(table) for table in tables]
    dtype = torch.get_default_dtype()
    yield torch
    torch.set_default_dtype(dtype)
    for table, keys in zip(tables, before):
        for key in [key for key in table if key not in keys]:
            del table[key]


class World:
    """A twin, and what it keeps."""

    def __init__(self, folder: Path, change: Variation) -> None:
        self.trace = folder / "trace.qdiag"
        self.twin = Twin(change, self.trace)

    @property
    def steps(self) -> Steps:
        return twin_steps.read(twin_steps.path_for(self.trace))


def train(torch: Any, steps: int = 2, optimizer: Any = None, loss: Any = None, seed: int = 0) -> tuple[list[float], Any]:
    """A training of a small net; its losses and its net."""
    torch.manual_seed(seed)
    net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1))
    given = (optimizer or torch.optim.Adam)(net.parameters(), lr=0.01)
    criterion = (loss or torch.nn.L1Loss)()
    data, target = torch.linspace(-1, 1, 15).reshape(5, 3), torch.ones(5, 1)
    losses = []
    for _ in range(steps):
        given.zero_grad()
        value = criterion(net(data), target)
        value.backward()
        given.step()
        losses.append(value.item())
    return losses, net


def twin_of(folder: Path, torch: Any, change: Variation, **training: Any) -> tuple[list[float], Steps]:
    world = World(folder, change)
    world.twin.change_torch(torch)
    losses, _ = train(torch, **training)
    return losses, world.steps


class TestWithoutAChange:
    def test_the_training_is_the_plain_one(self, tmp_path: Path, framework: Any) -> None:
        plain, _ = train(framework)
        assert twin_of(tmp_path, framework, Variation())[0] == plain

    def test_every_step_is_kept_with_its_kinks(self, tmp_path: Path, framework: Any) -> None:
        _, kept = twin_of(tmp_path, framework, Variation(), steps=3)
        assert kept.optimizers == ("Adam",)
        assert kept.sizes == (12, 4, 4, 1)
        assert kept.losses == ("L1Loss",)
        assert [step.optimizer for step in kept.steps] == [0, 0, 0]
        assert [[name for name, _ in step.kinks] for step in kept.steps] == [["ReLU 1", "L1Loss 1"]] * 3
        assert kept.notes == ()

    def test_the_start_is_before_the_first_step(self, tmp_path: Path, framework: Any) -> None:
        framework.manual_seed(0)
        first = framework.nn.Linear(3, 4).weight.detach().numpy().ravel()
        _, kept = twin_of(tmp_path, framework, Variation())
        assert kept.start is not None
        assert np.array_equal(kept.start[:12], first)
        assert not np.array_equal(kept.steps[0].parameters[:12], first)

    def test_gradients_are_those_of_the_step(self, tmp_path: Path, framework: Any) -> None:
        _, kept = twin_of(tmp_path, framework, Variation(), steps=1, optimizer=framework.optim.SGD)
        assert kept.start is not None
        moved = kept.start - np.float32(0.01) * kept.steps[0].gradients
        assert np.allclose(kept.steps[0].parameters, moved, atol=1e-7)

    def test_a_gradient_that_is_none_counts_as_zero(self, tmp_path: Path, framework: Any) -> None:
        world = World(tmp_path, Variation())
        world.twin.change_torch(framework)
        used, unused = (framework.nn.Parameter(framework.tensor(value)) for value in (1.0, 2.0))
        optimizer = framework.optim.SGD([used, unused], lr=0.1)
        (3 * used).backward()
        optimizer.step()
        assert world.steps.steps[0].gradients.tolist() == [3.0, 0.0]

    def test_another_loss_is_named_without_kinks(self, tmp_path: Path, framework: Any) -> None:
        _, kept = twin_of(tmp_path, framework, Variation(), loss=framework.nn.MSELoss)
        assert kept.losses == ("MSELoss",)
        assert [name for name, _ in kept.steps[0].kinks] == ["ReLU 1"]

    def test_kinks_are_one_bit_a_number(self, tmp_path: Path, framework: Any) -> None:
        world = World(tmp_path, Variation())
        world.twin.change_torch(framework)
        framework.nn.ReLU()(framework.tensor([-1.0, 2.0, 0.0, 3.0]))
        ((name, bits),) = world.twin._kinks
        assert (name, np.unpackbits(bits)[:4].tolist()) == ("ReLU 1", [0, 1, 0, 1])

    def test_kinks_of_one_step_do_not_fill_the_disk(self, tmp_path: Path, framework: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(twin_change, "MOST_KINK_BYTES", 3)
        world = World(tmp_path, Variation())
        world.twin.change_torch(framework)
        relu = framework.nn.ReLU()
        for _ in range(10):
            relu(framework.ones(8))
        assert len(world.twin._kinks) == 3


class TestTheOneChange:
    def test_a_nudge_moves_one_number_to_the_next(self, tmp_path: Path, framework: Any) -> None:
        world = World(tmp_path, Variation(nudge=(1, 1)))
        world.twin.change_torch(framework)
        _, net = train(framework, steps=0)
        optimizer = framework.optim.SGD(net.parameters(), lr=0.0)
        before = [parameter.detach().clone() for parameter in net.parameters()]
        net(framework.zeros(1, 3))
        after = list(net.parameters())
        changed = [(i, int(j)) for i, (one, other) in enumerate(zip(before, after)) for j in (one != other).reshape(-1).nonzero()]
        assert changed == [(1, 1)]
        assert after[1][1].item() == float(np.nextafter(np.float32(before[1][1].item()), np.float32(np.inf)))
        assert optimizer is not None

    def test_a_nudge_is_made_once(self, tmp_path: Path, framework: Any) -> None:
        world = World(tmp_path, Variation(nudge=(0, 0)))
        world.twin.change_torch(framework)
        _, net = train(framework, steps=0)
        once = [parameter.detach().clone() for parameter in net.parameters()]
        for _ in range(3):
            net(framework.zeros(1, 3))
        moved = next(net.parameters())[0, 0].item() - once[0][0, 0].item()
        assert 0 <= moved <= 1e-7

    def test_everything_in_float64_from_the_first_call_on(self, tmp_path: Path, framework: Any) -> None:
        plain, _ = train(framework, steps=3)
        world = World(tmp_path, Variation(all_float64=True))
        world.twin.change_torch(framework)
        losses, net = train(framework, steps=3)
        assert {parameter.dtype for parameter in net.parameters()} == {framework.float64}
        # the same training from the same start, with other rounding
        assert losses != plain
        assert losses == pytest.approx(plain, abs=1e-5)
        assert world.steps.notes == ()

    def test_a_learning_rate_is_multiplied(self, tmp_path: Path, framework: Any) -> None:
        world = World(tmp_path, Variation(learning_rate=0.1))
        world.twin.change_torch(framework)
        weights = [framework.nn.Parameter(framework.tensor(value)) for value in (1.0, 2.0)]
        optimizer = framework.optim.SGD([{"params": [weights[0]], "lr": 0.5}, {"params": [weights[1]]}], lr=0.2)
        assert [group["lr"] for group in optimizer.param_groups] == pytest.approx([0.05, 0.02])
        assert optimizer.defaults["lr"] == pytest.approx(0.02)

    def test_adams_epsilon_is_replaced_where_there_is_one(self, tmp_path: Path, framework: Any) -> None:
        world = World(tmp_path, Variation(epsilon=1e-3))
        world.twin.change_torch(framework)
        weights = [framework.nn.Parameter(framework.tensor(1.0))]
        assert framework.optim.Adam(weights).param_groups[0]["eps"] == 1e-3
        assert "eps" not in framework.optim.SGD(weights, lr=0.1).param_groups[0]

    def test_other_optimisers_become_plain_descent_with_longer_steps(self, tmp_path: Path, framework: Any) -> None:
        world = World(tmp_path, Variation(plain_sgd=True))
        own = framework.optim.SGD
        world.twin.change_torch(framework)
        adam = framework.optim.Adam([framework.nn.Parameter(framework.tensor(1.0))], lr=0.01, betas=(0.9, 0.99))
        assert isinstance(adam, own)
        assert adam.param_groups[0]["lr"] == pytest.approx(twin_change.SGD_RATE * 0.01)
        assert framework.optim.SGD is own

    @pytest.mark.parametrize("name", ["SmoothL1Loss", "MSELoss"])
    def test_another_loss_takes_the_place_of_the_absolute_one(self, tmp_path: Path, framework: Any, name: str) -> None:
        World(tmp_path, Variation(loss=name)).twin.change_torch(framework)
        given, target = framework.tensor([0.0, 3.0]), framework.tensor([0.5, 0.0])
        for reduction in ("mean", "sum"):
            other = getattr(framework.nn, name)(reduction=reduction)
            assert float(framework.nn.L1Loss(reduction=reduction)(given, target)) == float(other(given, target))


# --- QNodes: PennyLane made of one class ---------------------------------------------------------------------------------


def pennylane() -> Any:
    class QNode:
        def __init__(self, func: Any, device: Any, interface: str = "auto", diff_method: str = "best", **options: Any) -> None:
            self.made_with = (func, device, interface, diff_method, options)

        def __call__(self, *args: Any, **kwargs: Any) -> Any:
            return args, kwargs

    return types.SimpleNamespace(__name__="pennylane", QNode=QNode)


@pytest.mark.parametrize(
    ("args", "kwargs", "made_with"),
    [
        ((), {}, ("f", "dev", "auto", "adjoint", {})),
        ((), {"diff_method": "backprop"}, ("f", "dev", "auto", "adjoint", {})),
        (("torch", "backprop"), {}, ("f", "dev", "torch", "adjoint", {})),
        ((), {"diff_method": "best", "max_diff": 2}, ("f", "dev", "auto", "adjoint", {"max_diff": 2})),
    ],
)
def test_a_qnode_is_made_with_the_other_method_however_it_was_asked_for(
    tmp_path: Path, args: tuple[Any, ...], kwargs: dict[str, Any], made_with: Any
) -> None:
    qml = pennylane()
    World(tmp_path, Variation(diff_method="adjoint")).twin.change_pennylane(qml)
    assert qml.QNode("f", "dev", *args, **kwargs).made_with == made_with


def test_a_qnode_that_cannot_be_made_raises_pennylanes_own_words(tmp_path: Path) -> None:
    qml = pennylane()
    World(tmp_path, Variation(diff_method="adjoint")).twin.change_pennylane(qml)
    with pytest.raises(TypeError, match="device"):
        qml.QNode("f")


@pytest.mark.parametrize(("change", "dtype"), [(Variation(), np.float32), (Variation(qnode_float64=True), np.float64)])
def test_a_qnode_gets_its_arguments_in_double_precision_where_that_is_the_change(tmp_path: Path, change: Variation, dtype: Any) -> None:
    qml = pennylane()
    World(tmp_path, change).twin.change_pennylane(qml)
    one, two, three = np.ones((3, 1), np.float32)
    args, kwargs = qml.QNode("f", "dev")(one, [two], x=three, name="text")
    assert (args[0].dtype, args[1][0].dtype, kwargs["x"].dtype, kwargs["name"]) == (dtype, dtype, dtype, "text")


def test_at_the_first_call_it_is_known_which_random_streams_were_drawn_from(tmp_path: Path) -> None:
    qml = pennylane()
    state = random.getstate()
    world = World(tmp_path, Variation())
    world.twin.change_pennylane(qml)
    qnode = qml.QNode("f", "dev")
    random.random()
    qnode()
    random.random()
    qnode()
    random.setstate(state)
    moved = {stream.name: stream.moved for stream in world.steps.streams}
    assert (moved["random"], moved["numpy.random"]) == (True, False)


def test_nothing_here_draws_from_the_scripts_streams(tmp_path: Path, framework: Any) -> None:
    before = (random.getstate(), str(np.random.get_state()), framework.random.get_rng_state().tolist())
    qml = pennylane()
    world = World(tmp_path, Variation(nudge=(0, 0)))
    world.twin.change_torch(framework)
    world.twin.change_pennylane(qml)
    framework.optim.SGD([framework.nn.Parameter(framework.tensor([1.0]))], lr=0.1)
    qml.QNode("f", "dev")()
    assert (random.getstate(), str(np.random.get_state()), framework.random.get_rng_state().tolist()) == before


class TestWhatCannotBeDone:
    def test_is_noted_once_and_the_script_goes_on(self, tmp_path: Path, framework: Any) -> None:
        world = World(tmp_path, Variation(nudge=(7, 0)))
        world.twin.change_torch(framework)
        losses, _ = train(framework, steps=2)
        assert len(losses) == 2
        assert world.steps.notes == ("IndexError: list index out of range",)

    def test_is_left_alone_in_a_forked_process(self, tmp_path: Path) -> None:
        world = World(tmp_path, Variation())
        world.twin.home = os.getpid() + 1

        def work() -> None:
            raise AssertionError("the parent's file is written to")

        assert world.twin._attempt(work) is None
        assert world.steps.notes == ()

    def test_an_interrupt_passes(self, tmp_path: Path) -> None:
        def interrupted() -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            World(tmp_path, Variation()).twin._attempt(interrupted)


class TestInstalling:
    @pytest.fixture(autouse=True)
    def _none_yet(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(twin_change, "_twin", None)

    def test_an_ordinary_run_is_changed_in_nothing(self, tmp_path: Path) -> None:
        qml = pennylane()
        before = dict(vars(qml.QNode))
        twin_change.install(qml, str(tmp_path / "trace"))
        assert dict(vars(qml.QNode)) == before

    def test_both_frameworks_belong_to_one_twin(self, tmp_path: Path, framework: Any) -> None:
        trace = tmp_path / "trace"
        twin_variation.save(Variation(diff_method="adjoint"), trace)
        qml = pennylane()
        twin_change.install(framework, str(trace))
        twin = twin_change._twin
        twin_change.install(qml, str(trace))
        assert twin_change._twin is twin
        assert qml.QNode("f", "dev").made_with[3] == "adjoint"


# --- in double precision -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "wide"),
    [("float32", "float64"), ("complex64", "complex128"), ("float16", "float64"), ("float64", "float64"), ("int32", "int32")],
)
def test_single_precision_becomes_double_and_the_rest_stays(given: str, wide: str) -> None:
    array = np.ones(2, dtype=given)
    widened = twin_change._in_double_precision(array)
    assert widened.dtype == wide
    assert (widened is array) == (given == wide)
    assert str(twin_change._in_double_precision(torch.ones(2, dtype=getattr(torch, given))).dtype) == f"torch.{wide}"


@pytest.mark.parametrize("value", [1, "text", None, {"x": np.float32(1)}, [1.0], (1.0, "text")])
def test_what_is_no_number_array_stays_as_it_is(value: Any) -> None:
    assert twin_change._in_double_precision(value) == value


def test_a_gradient_passes_through_the_widening() -> None:
    weight = torch.tensor([1.0], requires_grad=True)
    (3 * twin_change._in_double_precision(weight)).sum().backward()
    assert (weight.grad.dtype, weight.grad.tolist()) == (torch.float32, [3.0])


def test_a_named_tuple_is_not_taken_apart() -> None:
    from collections import namedtuple

    Pair = namedtuple("Pair", "one other")
    pair = Pair(np.float32(1), np.float32(2))
    assert twin_change._in_double_precision(pair) is pair


def test_large_models_are_thinned_alike_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(twin_steps, "MOST_VALUES", 4)
    assert twin_change._thin([np.arange(5.0), np.arange(5.0, 10.0)]).tolist() == [0.0, 3.0, 6.0, 9.0]
    assert twin_change._thin([np.arange(4.0)]).tolist() == [0.0, 1.0, 2.0, 3.0]
    assert twin_change._thin([]).tolist() == []
