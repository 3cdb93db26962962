"""What is written of the training around the QNodes: optimisers, steps, roots, clipping, and what calls are fed with."""

from __future__ import annotations

import gc
import os
import sys
import weakref
from typing import Any, Optional

import pytest
from scipy.optimize import minimize

torch = pytest.importorskip("torch")
qml = pytest.importorskip("pennylane")
watching = pytest.importorskip("qdiag.recording.training_watch")

from qdiag.model.training import CallOrigins, Clip, Gradient, Optimiser, OptimiserStep, Root, is_sampled  # noqa: E402
from qdiag.recording.backward import Returned  # noqa: E402
from qdiag.recording.makers import maker_of  # noqa: E402
from qdiag.recording.ongoing_call import Ongoing  # noqa: E402
from qdiag.recording.source_places import Places  # noqa: E402
from qdiag.trace import call_parser  # noqa: E402

pytestmark = pytest.mark.stack

KINDS = {"optimiser": Optimiser, "root": Root, "clip": Clip, "origins": CallOrigins}


class World:
    """A training as hooks would tell of it, and what was written."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str, Optional[float]]] = []
        self.watch = watching.TrainingWatch(Places(os.path.dirname(__file__)), lambda *event: self.events.append(event))

    def written(self, kind: str) -> list[Any]:
        return [call_parser.value_from(KINDS[kind], text) for name, text, _ in self.events if name == kind]

    def optimiser(self, *parameters: Any, lr: float = 0.1, kind: Any = torch.optim.SGD) -> Any:
        made = kind(list(parameters), lr=lr)
        self.watch.made(maker_of(made, sys._getframe(1)))
        return made

    def backward(self, loss: Any, **options: Any) -> None:
        root = self.watch.root(loss, True, sys._getframe(1))
        loss.backward(**options)
        self.watch.root_ends(watching.Begun({}, root))

    def step(self, optimizer: Any) -> Optional[OptimiserStep]:
        self.watch.step_begins(optimizer, sys._getframe(1))
        optimizer.step()
        _, text = self.watch.step_ends(optimizer, sys._getframe(1))
        return call_parser.value_from(OptimiserStep, text) if text else None


def weight(*values: float) -> Any:
    return torch.tensor(values, dtype=torch.float64, requires_grad=True)


def test_the_first_ones_and_two_at_each_power_of_two_are_sampled() -> None:
    assert [number for number in range(70) if is_sampled(number)] == [*range(8), 8, 9, 16, 17, 32, 33, 64, 65]


class TestAnOptimiser:
    def test_is_described_once_with_what_it_holds(self) -> None:
        world, w = World(), weight(0.5, 1.0)
        optimizer = world.optimiser(w)
        world.step(optimizer)
        (made,) = world.written("optimiser")
        assert (made.kind, made.number, made.source.function) == ("SGD", 0, "test_is_described_once_with_what_it_holds")
        assert [(leaf.shape, leaf.dtype, leaf.values) for leaf in made.parameters] == [((2,), "float64", (0.5, 1.0))]

    def test_is_described_again_where_it_holds_something_else(self) -> None:
        world, w, other = World(), weight(0.5), weight(0.1)
        optimizer = world.optimiser(w)
        optimizer.add_param_group({"params": [other]})
        world.step(optimizer)
        assert [len(made.parameters) for made in world.written("optimiser")] == [1, 2]

    def test_met_at_its_first_step_is_described_then(self) -> None:
        world = World()
        world.step(torch.optim.SGD([weight(0.5)], lr=0.1))
        assert len(world.written("optimiser")) == 1

    def test_of_a_lazy_layer_holds_what_its_first_call_has_made(self) -> None:
        world, layer, w = World(), torch.nn.LazyLinear(2, bias=False), weight(0.5)
        optimizer = world.optimiser(w, *layer.parameters())
        world.backward((layer(torch.ones(1, 3)).double() * w).sum())
        step = world.step(optimizer)
        assert [[leaf.shape for leaf in made.parameters] for made in world.written("optimiser")] == [[(1,)], [(1,), (2, 3)]]
        assert [p.gradient for p in step.parameters] == [Gradient.SOME, Gradient.SOME]

    def test_lives_no_longer_for_being_watched(self) -> None:
        world = World()
        optimizer = world.optimiser(weight(0.5))
        world.step(optimizer)
        gone = weakref.ref(optimizer)
        del optimizer
        gc.collect()
        assert gone() is None


class TestAStep:
    def test_tells_each_gradient_and_what_moved(self) -> None:
        world, used, unused, flat = World(), weight(0.5), weight(0.5), weight(0.5)
        optimizer = world.optimiser(used, unused, flat, lr=0.25)
        world.backward((used * 2 + flat * 0).sum())
        step = world.step(optimizer)
        assert [p.gradient for p in step.parameters] == [Gradient.SOME, Gradient.NONE, Gradient.ZERO]
        assert [p.moved for p in step.parameters] == [True, False, False]
        assert (step.parameters[0].size, step.parameters[0].rate, step.parameters[0].stale) == (2.0, 0.25, None)

    def test_from_the_second_on_tells_who_had_no_gradient_so_far(self) -> None:
        world, used, unused, flat, frozen = World(), weight(0.5), weight(0.5), weight(0.5), weight(0.5)
        frozen.requires_grad_(False)
        optimizer = world.optimiser(used, unused, flat, frozen)
        told = []
        for number in range(4):
            world.backward((used * 2 + flat * (number == 3)).sum())
            world.step(optimizer)
            told.append([ungiven.value for ungiven in world.watch.take_ungiven()])
        assert [len(values) for values in told] == [0, 2, 2, 1]
        assert (told[1][0] is unused, told[1][1] is flat) == (True, True)
        assert world.watch.take_ungiven() == []

    def test_of_pennylanes_that_moved_nothing_is_told_by_what_the_next_is_given_from_the_third_on(self) -> None:
        world, optimizer = World(), qml.GradientDescentOptimizer()
        weights, moving = qml.numpy.array([0.5, 1.0]), qml.numpy.array(0.1)
        for number in range(4):
            token = world.watch.given(lambda weights, x: x, (weights, 3), optimizer)
            assert [(u.name, u.value is weights) for u in world.watch.take_ungiven()] == ([("weights", True)] if number > 1 else [])
            world.watch.returned(token, [weights, 3], None)
            token = world.watch.given(lambda x: x, (moving,), world)
            assert world.watch.take_ungiven() == []
            moving = moving + 1
            world.watch.returned(token, moving, None)

    def test_tells_a_gradient_that_is_no_number(self) -> None:
        world, w = World(), weight(0.0)
        optimizer = world.optimiser(w)
        world.backward((w / w).sum())
        assert world.step(optimizer).parameters[0].gradient is Gradient.NOT_FINITE

    def test_finds_gradients_stale_that_nobody_cleared(self) -> None:
        world, w = World(), weight(0.5)
        optimizer = world.optimiser(w)
        steps = []
        for _ in range(3):
            world.backward((w * 2).sum())
            steps.append(world.step(optimizer))
        assert [step.parameters[0].stale for step in steps] == [None, True, True]

    @pytest.mark.parametrize("beside", [False, True])
    def test_calls_no_gradient_stale_that_is_put_there_by_hand_also_where_another_loss_goes_back(self, beside: bool) -> None:
        world, w, other = World(), weight(0.5), weight(0.5)
        optimizer = world.optimiser(w)
        for _ in range(3):
            w.grad = torch.tensor([2.0], dtype=torch.float64)
            if beside:
                world.backward((other * 2).sum())
            assert world.step(optimizer).parameters[0].stale is None

    @pytest.mark.parametrize("clear", ["zero_grad", "None"])
    def test_finds_them_cleared_however_that_was_done(self, clear: str) -> None:
        world, w = World(), weight(0.5)
        optimizer = world.optimiser(w)
        for _ in range(2):
            world.backward((w * 2).sum())
            world.backward((w * 3).sum())
            step = world.step(optimizer)
            if clear == "None":
                w.grad = None
            else:
                optimizer.zero_grad(set_to_none=False)
        assert step.parameters[0].stale is False

    def test_knows_of_a_gradient_that_was_cleared_before_it_was_used(self) -> None:
        world, w, unused = World(), weight(0.5), weight(0.5)
        optimizer = world.optimiser(w, unused)
        world.backward((w * 2).sum())
        optimizer.zero_grad(set_to_none=True)
        step = world.step(optimizer)
        assert [(p.gradient, p.brought) for p in step.parameters] == [(Gradient.NONE, True), (Gradient.NONE, False)]

    @pytest.mark.parametrize(
        ("kind", "lost"),
        [
            ("between the passes of a step", 2),
            ("before each step", 0),
            ("and moved in between", 0),
            ("and another optimiser stepped in between", 0),
            ("and put together by hand", 0),
        ],
    )
    def test_counts_passes_whose_gradient_was_cleared_before_the_next_of_the_same_line(self, kind: str, lost: int) -> None:
        world, w, other = World(), weight(0.5, 1.0), weight(0.1)
        optimizer, second = world.optimiser(w), world.optimiser(other)
        seen = []
        for _ in range(3):
            optimizer.zero_grad()
            for number in range(3):
                if kind != "before each step":
                    optimizer.zero_grad()
                world.backward(((w - number) ** 2).sum())
                if kind == "and moved in between":
                    with torch.no_grad():
                        w.add_(0.01)
                elif kind == "and another optimiser stepped in between":
                    world.step(second)
            if kind == "and put together by hand":
                w.grad = 1.5 * w.grad
            seen.append(world.step(optimizer).parameters[0].lost)
        assert seen == [lost] * 3

    def test_counts_no_pass_of_another_line(self) -> None:
        world, w = World(), weight(0.5)
        optimizer = world.optimiser(w)
        for _ in range(3):
            world.backward((w**2).sum())
            optimizer.zero_grad()
            world.backward((w**3).sum())
            assert world.step(optimizer).parameters[0].lost == 0

    def test_counts_no_passes_that_were_cleared_before_one_of_another_line(self) -> None:
        world, w = World(), weight(0.5)
        optimizer = world.optimiser(w)
        for _ in range(3):
            for _ in range(2):
                optimizer.zero_grad()
                world.backward((w**2).sum())
            optimizer.zero_grad()
            world.backward((w**3).sum())
            assert world.step(optimizer).parameters[0].lost == 0

    def test_counts_none_of_one_line_that_was_come_to_from_another(self) -> None:
        world, w = World(), weight(0.5)
        optimizer = world.optimiser(w)

        def go_back(power: int) -> None:
            optimizer.zero_grad()
            world.backward((w**power).sum())

        for _ in range(3):
            for power in (2, 3):
                go_back(power)
            go_back(4)
            assert world.step(optimizer).parameters[0].lost == 0

    def test_of_one_of_two_optimisers_that_clear_late_is_not_stale(self) -> None:
        world, one, two = World(), weight(0.5), weight(0.5)
        optimizers = [world.optimiser(one), world.optimiser(two)]
        for _ in range(3):
            stale = []
            for optimizer in optimizers:
                optimizer.zero_grad()
                world.backward((one * two).sum())
                stale.append(world.step(optimizer).parameters[0].stale)
        assert stale == [False, False]

    def test_beyond_the_sampled_ones_tells_only_whose_it_is(self) -> None:
        world, w = World(), weight(0.5)
        optimizer = world.optimiser(w)
        told = []
        for _ in range(12):
            world.backward((w * 2).sum())
            told.append(world.step(optimizer) is not None)
            optimizer.zero_grad()
        assert told == [True] * 10 + [False] * 2

    def test_by_a_closure_is_told_of_its_gradient(self) -> None:
        world, w = World(), weight(0.5)
        optimizer = torch.optim.LBFGS([w])

        def closure() -> Any:
            optimizer.zero_grad()
            loss = (w**2).sum()
            world.backward(loss)
            return loss

        world.watch.step_begins(optimizer, sys._getframe())
        optimizer.step(closure)
        _, text = world.watch.step_ends(optimizer, sys._getframe())
        (parameter,) = call_parser.value_from(OptimiserStep, text).parameters
        assert parameter.gradient is not Gradient.NONE
        assert parameter.moved


class TestARoot:
    def test_tells_the_loss_and_the_leaves_behind_it(self) -> None:
        world, one, two = World(), weight(0.5), weight(1.0, 2.0)
        world.optimiser(one, two)
        world.backward((one * two).sum())
        (root,) = world.written("root")
        assert (root.shape, root.tracked, root.complete, root.accumulates) == ((), True, True, True)
        assert sorted(root.leaves) == [0, 1]
        assert root.source.function == "test_tells_the_loss_and_the_leaves_behind_it"

    def test_names_the_calls_that_the_pass_reached(self) -> None:
        world, w = World(), weight(0.5)
        root = world.watch.root(w.sum(), True, None)
        reached = Returned(1, 1)
        reached.index = 3
        world.watch.root_ends(watching.Begun({reached: None}, root), "RuntimeError: no")
        assert [(found.calls, found.failure) for found in world.written("root")] == [((3,), "RuntimeError: no")]

    def test_without_a_graph_leads_nowhere(self) -> None:
        world = World()
        world.watch.root_ends(watching.Begun({}, world.watch.root(torch.tensor(0.5), True, None)))
        assert [(root.tracked, root.leaves) for root in world.written("root")] == [(False, ())]

    @pytest.mark.skipif(not hasattr(torch, "func"), reason="from torch 2.0 on")
    def test_is_passed_over_inside_of_torch_func_and_ends_no_watching(self) -> None:
        world = World()
        found: list[Any] = []

        def loss(w: Any) -> Any:
            result = (w**2).sum()
            found.append(world.watch.root(result, False, None))
            return result

        torch.func.grad(loss)(torch.tensor([0.5, 0.2]))
        assert found == [None]
        world.backward((weight(0.5) ** 2).sum())
        assert len(world.written("root")) == 1

    def test_has_another_digest_once_a_leaf_has_moved(self) -> None:
        world, w = World(), weight(0.5)
        for move in (0.0, 0.0, 0.1):
            with torch.no_grad():
                w += move
            world.backward((w * 2).sum())
        first, same, other = (root.digest for root in world.written("root"))
        assert first == same != other

    def test_tells_of_a_gradient_that_a_step_by_hand_has_used_and_left(self) -> None:
        world, w = World(), weight(0.5, 0.2)
        for _ in range(3):
            world.backward((w**2).sum())
            with torch.no_grad():
                w -= 0.1 * w.grad
        assert [root.stale for root in world.written("root")] == [(), (0,), (0,)]

    @pytest.mark.parametrize("clears", [False, True])
    def test_tells_of_a_gradient_that_one_of_scipys_minimisers_has_used_and_left(self, clears: bool) -> None:
        world, w = World(), weight(0.5, 0.2)

        def loss_and_gradient(point: Any) -> tuple[float, Any]:
            w.data = torch.tensor(point)
            if clears:
                w.grad = None
            loss = (torch.sin(w) * w).sum()
            world.backward(loss)
            return loss.item(), w.grad.numpy().copy()

        minimize(loss_and_gradient, [2.5, 1.2], jac=True, method="L-BFGS-B", options={"maxiter": 3})
        found = world.written("root")
        assert sum(bool(root.stale) for root in found) >= 2 * (not clears)
        assert any(root.cleared for root in found) is clears


class TestACall:
    def ended(self, world: World, qnode: Any, *args: Any, sources: Any = (), outputs: Any = ()) -> CallOrigins:
        call = Ongoing(qnode, args, {}, None, "")  # type: ignore[arg-type]
        world.watch.call_ended(watching.Ended(call, len(world.written("origins")), sources, outputs), ("x", "w"), 0)
        found: CallOrigins = world.written("origins")[-1]
        return found

    @pytest.fixture
    def qnode(self) -> Any:
        return qml.QNode(lambda x, w: qml.expval(qml.PauliZ(0)), qml.device("default.qubit", wires=1))

    def test_tells_where_its_arguments_come_from(self, qnode: Any) -> None:
        world, w = World(), weight(0.5)
        world.optimiser(w)
        origins = self.ended(world, qnode, torch.zeros(2), w * 2, sources=[w * 2, 0.5], outputs=[w.sum(), 1.0])
        assert [(a.name, a.tracked, a.leaves) for a in origins.arguments] == [("x", False, ()), ("w", True, (0,))]
        assert (origins.circuit, origins.outputs, origins.grad_enabled) == ((0,), (True, False), True)

    def test_that_is_an_evaluation_says_so(self, qnode: Any) -> None:
        with torch.no_grad():
            assert not self.ended(World(), qnode, weight(0.5)).grad_enabled

    def test_of_one_qnode_is_looked_at_four_times_a_step(self, qnode: Any) -> None:
        world = World()
        for _ in range(9):
            call = Ongoing(qnode, (weight(0.5),), {}, None, "")  # type: ignore[arg-type]
            world.watch.call_ended(watching.Ended(call, 0, (), ()), ("x",), 0)
        assert len(world.written("origins")) == watching.MOST_CALLS


class TestPennylanesStep:
    def test_tells_what_it_gave_back(self) -> None:
        world, optimizer = World(), qml.GradientDescentOptimizer(0.1)
        w, x = qml.numpy.array([0.5, 1.0], requires_grad=True), qml.numpy.array(2.0, requires_grad=False)

        def cost(weights: Any, data: Any) -> Any:
            return qml.numpy.sum(weights) * data

        token = world.watch.given(cost, (w, x), optimizer)
        number, text = world.watch.returned(token, optimizer.step(cost, w, x), sys._getframe())
        step = call_parser.value_from(OptimiserStep, text)
        assert number == step.optimiser == 0
        assert [(a.name, a.trainable, a.moved) for a in step.arguments] == [("weights", True, True), ("data", False, False)]

    def test_of_something_else_is_not_known_to_have_moved_anything(self) -> None:
        world = World()
        _, text = world.watch.returned(world.watch.given(len, ("text",), object()), object(), None)
        assert [a.moved for a in call_parser.value_from(OptimiserStep, text).arguments] == [None]


def test_clipping_tells_its_limit_and_what_was_there() -> None:
    world, w = World(), weight(0.5)
    optimizer = world.optimiser(w)
    world.backward((w * 3).sum())
    world.watch.clip(1.0, world.watch.largest_gradient(), True, sys._getframe())
    del optimizer
    (clip,) = world.written("clip")
    assert (clip.limit, clip.before, clip.by_value) == (1.0, 3.0, True)
