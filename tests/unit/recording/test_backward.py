"""What comes back to a call: cotangents and gradients, pass by pass, copied, and holding nothing of the user's alive."""

from __future__ import annotations

import gc
import threading
import weakref
from typing import Any, Callable, Optional

import numpy as np
import pytest

pytestmark = pytest.mark.stack

torch = pytest.importorskip("torch")
backward = pytest.importorskip("qdiag.recording.backward")
autograd = pytest.importorskip("autograd")

from qdiag.model.call import Backward  # noqa: E402
from qdiag.recording.backward import Found, Passes, Returned  # noqa: E402
from qdiag.recording.graph_walk import MOST_STEPS  # noqa: E402


class World:
    """Passes, and what they wrote."""

    def __init__(self) -> None:
        self.written: list[tuple[Returned, int, Backward]] = []
        self.passes = Passes(self._write)

    def _write(self, found: Found) -> None:
        self.written += found

    @property
    def brought(self) -> list[Backward]:
        return [brought for _, _, brought in self.written]


def call(outputs: int = 1, trainable: int = 0, index: Optional[int] = 0) -> Returned:
    made = Returned(outputs, trainable)
    made.index = index
    return made


def numbers(arrays: tuple[Optional[np.ndarray], ...]) -> list[Any]:
    return [None if array is None else np.asarray(array).tolist() for array in arrays]


@pytest.fixture
def world() -> World:
    return World()


class TestAPassThatIsAnnounced:
    def test_writes_when_it_ends(self, world: World) -> None:
        one = world.passes.begin()
        world.passes.cotangent(call(), 0, np.asarray(0.5), False)
        assert world.written == []
        world.passes.end(one)
        assert numbers(world.brought[0].cotangents) == [0.5]

    def test_brings_what_it_brings_to_each_call(self, world: World) -> None:
        first, second = call(index=0), call(index=1)
        one = world.passes.begin()
        for returned, value in ((second, 2.0), (first, 1.0)):
            world.passes.cotangent(returned, 0, np.asarray(value), False)
        world.passes.end(one)
        assert {returned.index: numbers(brought.cotangents) for returned, _, brought in world.written} == {0: [1.0], 1: [2.0]}

    def test_leaves_none_where_nothing_came(self, world: World) -> None:
        one = world.passes.begin()
        returned = call(outputs=3, trainable=2)
        world.passes.cotangent(returned, 1, np.asarray(0.5), False)
        world.passes.gradient(returned, 0, np.asarray(0.25))
        world.passes.end(one)
        assert numbers(world.brought[0].cotangents) == [None, 0.5, None]
        assert numbers(world.brought[0].gradients) == [0.25, None]

    def test_that_brought_no_cotangent_is_none_of_the_calls(self, world: World) -> None:
        one = world.passes.begin()
        world.passes.gradient(call(trainable=1), 0, np.asarray(0.25))
        world.passes.end(one)
        assert world.written == []

    def test_is_numbered_for_each_call(self, world: World) -> None:
        returned = call()
        for value in (1.0, 2.0, 3.0):
            one = world.passes.begin()
            world.passes.cotangent(returned, 0, np.asarray(value), False)
            world.passes.end(one)
        assert [number for _, number, _ in world.written] == [0, 1, 2]

    def test_may_lie_inside_another(self, world: World) -> None:
        outer, returned = world.passes.begin(), call()
        world.passes.cotangent(returned, 0, np.asarray(1.0), False)
        inner = world.passes.begin()
        world.passes.cotangent(returned, 0, np.asarray(2.0), False)
        world.passes.end(inner)
        world.passes.end(outer)
        assert [numbers(brought.cotangents) for brought in world.brought] == [[2.0], [1.0]]

    def test_ends_those_inside_it_that_never_ended(self, world: World) -> None:
        outer = world.passes.begin()
        world.passes.begin()
        world.passes.end(outer)
        assert world.passes.under_way() is None

    def test_of_another_thread_is_another_pass(self, world: World) -> None:
        here = world.passes.begin()
        seen: list[Any] = []
        thread = threading.Thread(target=lambda: seen.append(world.passes.under_way()))
        thread.start()
        thread.join()
        assert seen == [None]
        assert world.passes.under_way() is here

    def test_after_so_many_nothing_more_is_kept(self, world: World) -> None:
        returned = call()
        for _ in range(backward.MAX_PASSES + 5):
            one = world.passes.begin()
            world.passes.cotangent(returned, 0, np.asarray(1.0), False)
            world.passes.end(one)
        assert len(world.written) == backward.MAX_PASSES

    def test_of_a_call_that_was_never_written_is_dropped(self, world: World) -> None:
        one = world.passes.begin()
        world.passes.cotangent(call(index=None), 0, np.asarray(1.0), False)
        world.passes.end(one)
        assert world.written == []

    def test_is_known_to_be_recorded_once_it_was(self, world: World) -> None:
        returned = call(outputs=2)
        one = world.passes.begin()
        world.passes.cotangent(returned, 0, np.asarray(1.0), True)
        world.passes.cotangent(returned, 1, np.asarray(1.0), False)
        world.passes.end(one)
        assert world.brought[0].create_graph

    def test_copies_what_it_is_given(self, world: World) -> None:
        value = np.asarray([1.0, 2.0])
        one = world.passes.begin()
        world.passes.cotangent(call(), 0, value, False)
        value[:] = 0
        world.passes.end(one)
        assert numbers(world.brought[0].cotangents) == [[1.0, 2.0]]

    def test_that_there_was_one_is_remembered(self, world: World) -> None:
        assert not world.passes.begun
        world.passes.end(world.passes.begin())
        assert world.passes.begun


class TestAPassThatNobodyAnnounces:
    def test_is_over_when_the_next_thing_happens(self, world: World) -> None:
        world.passes.cotangent(call(), 0, np.asarray(1.0), False)
        assert world.written == []
        world.passes.settle()
        world.passes.settle()
        assert len(world.written) == 1

    def test_is_over_when_an_output_gets_a_second_cotangent(self, world: World) -> None:
        returned = call()
        for value in (1.0, 2.0):
            world.passes.cotangent(returned, 0, np.asarray(value), False)
        assert [numbers(brought.cotangents) for brought in world.brought] == [[1.0]]
        world.passes.settle()
        assert [numbers(brought.cotangents) for brought in world.brought] == [[1.0], [2.0]]

    def test_goes_on_where_another_output_gets_its_first(self, world: World) -> None:
        returned = call(outputs=2)
        for output in (0, 1):
            world.passes.cotangent(returned, output, np.asarray(float(output)), False)
        world.passes.settle()
        assert [numbers(brought.cotangents) for brought in world.brought] == [[0.0, 1.0]]

    def test_of_the_process_that_this_one_was_forked_from_is_forgotten(self, world: World) -> None:
        world.passes.begin()
        world.passes.cotangent(call(), 0, np.asarray(1.0), False)
        world.passes.forget()
        world.passes.settle()
        assert world.written == []
        assert world.passes.under_way() is None


def test_once_the_recording_is_over_nothing_more_comes(world: World) -> None:
    world.passes.over = True
    one = world.passes.begin()
    returned = call(trainable=1)
    world.passes.cotangent(returned, 0, np.asarray(1.0), False)
    world.passes.gradient(returned, 0, np.asarray(1.0))
    world.passes.end(one)
    assert world.written == []


# --- torch -------------------------------------------------------------------------------------------------------------


def through_torch(
    world: World, loss: Callable[[Any], Any], weight: Any, trainable: Callable[[Any], list[Any]], **options: Any
) -> Returned:
    """A call of one output, the sine of its parameter; then a backward pass through a loss, announced as the hooks would."""
    parameters = trainable(weight)
    output = torch.sin(parameters[0])
    returned = call(trainable=len(parameters))
    backward.watch_torch(world.passes, returned, (output,), parameters, [weight])
    one = world.passes.begin()
    loss(output).backward(**options)
    world.passes.end(one)
    return returned


class TestTorch:
    def test_gives_the_cotangent_and_the_calls_own_gradient(self, world: World) -> None:
        weight = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
        through_torch(world, lambda out: 5 * out, weight, lambda w: [w * 1.0])
        (brought,) = world.brought
        assert numbers(brought.cotangents) == [5.0]
        assert numbers(brought.gradients) == [pytest.approx(5 * np.cos(0.3))]
        assert brought.exact == (True,)
        assert not brought.create_graph

    def test_is_changed_in_nothing(self, world: World) -> None:
        plain = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
        (5 * torch.sin(plain * 1.0)).backward()
        weight = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
        through_torch(world, lambda out: 5 * out, weight, lambda w: [w * 1.0])
        assert weight.grad.item() == plain.grad.item()

    def test_does_not_watch_leaves_and_arguments(self, world: World) -> None:
        # what hangs on them gathers the gradients of all calls
        weight = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
        returned = through_torch(world, lambda out: out, weight, lambda w: [w])
        assert numbers(world.brought[0].gradients) == [None]
        assert returned.exact == [False]

    def test_a_parameter_that_is_used_twice_is_not_exact(self, world: World) -> None:
        def twice(weight: Any) -> list[Any]:
            angle = weight * 1.0
            return [angle, angle]

        weight = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
        through_torch(world, lambda out: out, weight, twice)
        assert world.brought[0].exact == (False, False)

    def test_a_parameter_from_which_another_was_worked_out_is_not_exact(self, world: World) -> None:
        def chain(weight: Any) -> list[Any]:
            angle = weight * 1.0
            return [angle, torch.tanh(angle) + 1.0]

        weight = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
        assert through_torch(world, lambda out: out, weight, chain).exact == [False, True]

    def test_of_many_calls_of_one_function_the_first_ones_tell(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(backward, "LOOKED", 2)
        exact: list[list[bool]] = []
        for own in (lambda a: [a, a + 1.0], lambda a: [a * 1.0, a * 2.0], lambda a: [a * 1.0, a * 2.0]):
            angle = torch.tensor(0.3, requires_grad=True) * 1.0
            returned = call(trainable=2)
            parameters = own(angle)
            backward.watch_torch(world.passes, returned, (torch.sin(parameters[1]),), parameters, [])
            exact.append(returned.exact)
        assert exact == [[False, True]] * 3

    def test_a_parameter_that_was_there_before_the_call_is_not_exact(self, world: World) -> None:
        # its gradient may have come from anywhere
        angle = torch.tensor(0.3, requires_grad=True) * 1.0
        began = backward.next_node()
        returned = call(trainable=2)
        parameters = [angle, angle * 1.0]
        backward.watch_torch(world.passes, returned, (torch.sin(parameters[1]),), parameters, [], began)
        assert returned.exact == [False, True]

    def test_none_is_exact_where_the_graph_behind_the_parameters_is_too_large_to_look_through(self, world: World) -> None:
        angle = torch.tensor(0.3, requires_grad=True)
        for _ in range(MOST_STEPS + 2):
            angle = angle * 1.0
        returned = call(trainable=1)
        backward.watch_torch(world.passes, returned, (torch.sin(angle),), [angle], [])
        assert returned.exact == [False]

    def test_a_parameter_that_two_calls_share_is_exact_for_neither(self, world: World) -> None:
        weight = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
        angle = weight * 1.0
        calls: list[Returned] = []
        for _ in range(2):
            returned = call(trainable=1, index=len(calls))
            backward.watch_torch(world.passes, returned, (torch.sin(angle),), [angle], [])
            calls.append(returned)
        assert [returned.exact for returned in calls] == [[False], [False]]

    @pytest.mark.filterwarnings("ignore:Using backward.. with create_graph")
    def test_knows_a_pass_that_is_recorded_for_a_second_derivative(self, world: World) -> None:
        weight = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
        through_torch(world, lambda out: out**2, weight, lambda w: [w * 1.0], create_graph=True)
        assert world.brought[0].create_graph

    def test_outputs_that_no_graph_leads_to_have_no_hook(self, world: World) -> None:
        constant = torch.tensor(0.5)
        backward.watch_torch(world.passes, call(outputs=2), (constant, "no tensor"), [], [])
        assert not constant._backward_hooks

    def test_of_many_parameters_each_call_watches_the_next_ones(self, world: World) -> None:
        count = backward.MAX_WATCHED * 3
        weight = torch.zeros(count, dtype=torch.float64, requires_grad=True)
        watched = []
        for _ in range(3):
            parts = [weight[i] * 1.0 for i in range(count)]
            backward.watch_torch(world.passes, call(trainable=count), (), parts, [])
            watched.append({position for position, part in enumerate(parts) if part._backward_hooks})
        assert [len(positions) for positions in watched] == [backward.MAX_WATCHED] * 3
        assert set.union(*watched) == set(range(count))

    def test_no_output_lives_longer_because_it_was_watched(self, world: World) -> None:
        weight = torch.tensor(0.3, requires_grad=True)
        output = torch.sin(weight * 1.0)
        backward.watch_torch(world.passes, call(), (output,), [], [])
        alive = weakref.ref(output)
        del output
        gc.collect()
        assert alive() is None

    def test_saving_a_watched_tensor_warns_of_nothing(self, world: World, recwarn: pytest.WarningsRecorder) -> None:
        import io

        weight = torch.tensor(0.3, requires_grad=True)
        output = torch.sin(weight * 1.0)
        backward.watch_torch(world.passes, call(), (output,), [], [])
        torch.save(output.detach(), io.BytesIO())
        assert [str(w.message) for w in recwarn if "hook" in str(w.message)] == []

    def test_a_fault_of_ours_in_a_hook_does_not_reach_the_pass(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken(*given: Any) -> None:
            raise RuntimeError("ours")

        monkeypatch.setattr(world.passes, "cotangent", broken)
        monkeypatch.setattr(world.passes, "gradient", broken)
        weight = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
        through_torch(world, lambda out: out, weight, lambda w: [w * 1.0])
        assert weight.grad.item() == pytest.approx(np.cos(0.3))


# --- autograd ----------------------------------------------------------------------------------------------------------


class TestAutograd:
    def differentiate(self, world: World, failing: bool = False) -> tuple[Any, Returned, list[Returned]]:
        """The gradient of five sines of a product, the sine being a call."""
        failed: list[Returned] = []
        returned = call(trainable=1)

        sine = autograd.extend.primitive(lambda x: np.sin(x))

        def rule(answer: Any, x: Any) -> Callable[[Any], Any]:
            def vjp(g: Any) -> Any:
                if failing:
                    raise ValueError("the rule's own")
                return g * autograd.numpy.cos(x)

            return vjp

        autograd.extend.defvjp(sine, rule)

        def loss(weight: Any) -> Any:
            angle = weight * 1.0
            output = sine(angle)
            backward.watch_autograd(world.passes, returned, (output,), [angle], [weight], failed.append)
            return 5 * output

        try:
            gradient = autograd.grad(loss)(0.3)
        except ValueError:
            gradient = None
        world.passes.settle()
        return gradient, returned, failed

    def test_gives_the_cotangent_and_the_gradient(self, world: World) -> None:
        gradient, _, _ = self.differentiate(world)
        (brought,) = world.brought
        assert gradient == pytest.approx(5 * np.cos(0.3))
        assert numbers(brought.cotangents) == [5.0]
        assert numbers(brought.gradients) == [pytest.approx(gradient)]
        assert brought.exact == (True,)

    def test_a_parameter_from_which_another_was_worked_out_is_not_exact(self, world: World) -> None:
        returned = call(trainable=2)

        def loss(weight: Any) -> Any:
            angle = weight * 1.0
            parameters = [angle, angle * 1.3]
            output = autograd.numpy.sin(parameters[0]) * autograd.numpy.sin(parameters[1])
            backward.watch_autograd(world.passes, returned, (output,), parameters, [weight], lambda returned: None)
            return output

        autograd.grad(loss)(0.3)
        assert returned.exact == [False, True]

    def test_a_rule_that_raises_is_the_calls_failure_and_still_raises(self, world: World) -> None:
        gradient, returned, failed = self.differentiate(world, failing=True)
        assert gradient is None
        assert failed == [returned]

    def test_a_pass_inside_another_is_recorded_for_a_second_derivative(self, world: World) -> None:
        def loss(weight: Any) -> Any:
            angle = weight * 1.0
            output = autograd.numpy.sin(angle)
            backward.watch_autograd(world.passes, call(trainable=1), (output,), [angle], [weight], lambda returned: None)
            return output

        autograd.grad(autograd.grad(loss))(0.3)
        world.passes.settle()
        assert world.brought[0].create_graph
