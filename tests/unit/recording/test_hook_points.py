"""Where the hooks go, on frameworks made of a few classes: each tells the recorder what happens, and each comes out again."""

from __future__ import annotations

import sys
import types
import warnings
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any, Callable, Optional

import pytest

from qdiag.recording import current, hook_points


class Ongoing:
    """A call as far as hooks look at it."""

    def __init__(self, qnode: Any, args: tuple[Any, ...], kwargs: dict[str, Any], has_transforms: bool) -> None:
        self.qnode = qnode
        self.args = args
        self.kwargs = kwargs
        self.has_transforms = has_transforms
        self.tape: Any = None
        self.untouched: Any = None
        self.transformed: Optional[tuple[Any, ...]] = None
        self.resolution: tuple[Any, Any] = (None, None)
        self.warnings: list[str] = []

    def hold_tape(self) -> bool:
        return self.tape is not None


class JaxJit(Enum):
    """An interface, as PennyLane has it since 0.41."""

    JIT = "jax-jit"


class Recorder:
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.heard: list[Any] = []
        self.roots: list[Any] = []
        self.stopped = False
        self.calls: list[Ongoing] = []
        self.seen: list[Ongoing] = []
        self.expected: list[Ongoing] = []
        self.has_transforms = False

    def begin(self, qnode: Any, args: tuple[Any, ...], kwargs: dict[str, Any], frame: Any) -> Ongoing:
        call = Ongoing(qnode, args, kwargs, self.has_transforms)
        self.heard.append(("begin", args, kwargs, frame.f_code.co_name))
        self.calls.append(call)
        self.seen.append(call)
        return call

    def finish(self, call: Ongoing, result: Any) -> None:
        self.heard.append(("finish", result))
        self.calls.remove(call)

    def expect_run(self, call: Ongoing) -> None:
        self.expected.append(call)

    def fail(self, call: Ongoing, error: BaseException) -> None:
        self.heard.append(("fail", type(error).__name__))
        self.calls.remove(call)

    def under_way(self) -> list[Ongoing]:
        return self.calls

    def training(self, look: Any) -> Any:
        return None

    def probe_parameters(self) -> None:
        return None

    def step(self, facts: Any) -> None:
        self.heard.append("step")

    def pass_begins(self, tensors: Any, accumulates: bool, frame: Any) -> str:
        self.heard.append("pass begins" if accumulates else "gradients are asked for")
        return "pass"

    def pass_ends(self, begun: Any, error: Any = None) -> None:
        self.heard.append(("pass ends", begun) if error is None else ("failed backward", begun, type(error).__name__))

    def is_calling(self) -> bool:
        return bool(self.calls)

    def root(self, loss: Any, graph: Any, accumulates: bool = True) -> None:
        self.roots.append((loss, graph, accumulates))

    def loss(self, value: float) -> None:
        self.heard.append(("loss", value))

    def end(self) -> None:
        self.heard.append("end")

    def flush(self) -> None:
        """What is kept at the end of a pass is the recorder's own business."""

    def warned_backward(self, words: str) -> None:
        self.heard.append(("warned backward", words))

    def script_failed(self, error: BaseException) -> None:
        self.heard.append(("script failed", type(error).__name__))


def pennylane() -> Any:
    """PennyLane: a QNode that calls its function, and optimisers."""

    class QNode:
        def __init__(self, function: Callable[..., Any]) -> None:
            self.function = function

        def __call__(self, *args: Any, **kwargs: Any) -> Any:
            return self.function(*args, **kwargs)

    return types.SimpleNamespace(__name__="pennylane", QNode=QNode)


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    made = Recorder()
    before = current.exchange(made, current.Wanted())
    yield made
    hook_points.unhook()
    current.exchange(*before)


@pytest.fixture(autouse=True)
def _no_framework(monkeypatch: pytest.MonkeyPatch) -> None:
    """No place to hook but those that a test makes, whatever else this process has loaded: what is hooked stays for other tests."""
    for name in [name for name in sys.modules if name.partition(".")[0] in ("pennylane", "torch")]:
        monkeypatch.delitem(sys.modules, name)
    assert not hook_points.is_hooked()


@pytest.fixture
def qml(recorder: Recorder) -> Any:
    made = pennylane()
    hook_points.hook(made)
    return made


class TestAQnodesCall:
    def test_is_seen_with_its_arguments_and_from_whose_frame(self, qml: Any, recorder: Recorder) -> None:
        assert qml.QNode(lambda x, y: x * y)(6, y=7) == 42
        here = "test_is_seen_with_its_arguments_and_from_whose_frame"
        assert recorder.heard == [("begin", (6,), {"y": 7}, here), ("finish", 42)]

    def test_that_raises_is_seen_to_raise(self, qml: Any, recorder: Recorder) -> None:
        with pytest.raises(ZeroDivisionError):
            qml.QNode(lambda: 1 / 0)()
        assert recorder.heard[-1] == ("fail", "ZeroDivisionError")

    def test_is_the_plain_call_where_nothing_is_recorded(self, qml: Any, recorder: Recorder) -> None:
        before = current.exchange(None, current.Wanted())
        assert qml.QNode(lambda: 42)() == 42
        current.exchange(*before)
        assert recorder.heard == []

    def test_is_the_plain_call_where_the_recorder_breaks(self, qml: Any, recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken(*given: Any) -> None:
            raise RuntimeError("ours")

        monkeypatch.setattr(recorder, "begin", broken)
        assert qml.QNode(lambda: 42)() == 42

    def test_may_hold_other_calls(self, qml: Any, recorder: Recorder) -> None:
        inner = qml.QNode(lambda: "inner")
        assert qml.QNode(lambda: inner() + " and outer")() == "inner and outer"
        assert [heard[0] for heard in recorder.heard] == ["begin", "begin", "finish", "finish"]


class TestAWarning:
    def test_shown_in_a_call_belongs_to_the_call_and_is_still_shown(self, qml: Any, recorder: Recorder) -> None:
        def function() -> None:
            warnings.warn("Casting complex values", UserWarning, stacklevel=1)

        with pytest.warns(UserWarning, match="Casting complex"):
            qml.QNode(function)()
        assert recorder.seen[0].warnings == ["UserWarning: Casting complex values"]
        assert ("warned backward", "UserWarning: Casting complex values") not in recorder.heard

    def test_outside_of_any_call_is_asked_about_once(self, qml: Any, recorder: Recorder) -> None:
        with pytest.warns(RuntimeWarning, match="divide by zero"):
            warnings.warn("divide by zero", RuntimeWarning, stacklevel=1)
        assert recorder.heard == [("warned backward", "RuntimeWarning: divide by zero")]

    @pytest.mark.parametrize(("trace", "kept"), [("trace", ["RuntimeWarning: divide by zero"]), ("", [])])
    def test_shown_before_the_first_call_waits_for_the_recorder_where_one_is_wanted(
        self, qml: Any, recorder: Recorder, trace: str, kept: list[str]
    ) -> None:
        before = current.exchange(None, current.Wanted(trace))
        with pytest.warns(RuntimeWarning, match="divide by zero"):
            warnings.warn("divide by zero", RuntimeWarning, stacklevel=1)
        waiting = [*current.early]
        current.exchange(*before)
        assert waiting == kept
        assert recorder.heard == []

    def test_of_which_there_are_thousands_is_kept_a_hundred_times(self, qml: Any, recorder: Recorder) -> None:
        def function() -> None:
            for number in range(1000):
                hook_points._warning_shown((types.SimpleNamespace(category=UserWarning, message=number),), {})

        qml.QNode(function)()
        assert len(recorder.seen[0].warnings) == 100
        assert [heard for heard in recorder.heard if heard[0] == "warned backward"] == []


class TestWhatPennyLaneResolves:
    @pytest.fixture
    def workflow(self, recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> Any:
        module: Any = types.ModuleType("pennylane.workflow.execution")
        module._resolve_execution_config = lambda config: config
        monkeypatch.setitem(sys.modules, "pennylane.workflow.execution", module)
        return module

    @staticmethod
    def config(method: str) -> Any:
        return types.SimpleNamespace(gradient_method=method, interface="torch")

    def test_is_the_calls_resolution(self, workflow: Any, recorder: Recorder) -> None:
        qml = pennylane()
        hook_points.hook(qml)

        def function() -> None:
            recorder.seen[-1].tape = "tape"
            workflow._resolve_execution_config(self.config("backprop"))

        qml.QNode(function)()
        assert recorder.seen[0].resolution == ("backprop", "torch")

    def test_is_the_first_answer_and_not_what_an_inner_execution_makes_of_it(self, workflow: Any, recorder: Recorder) -> None:
        qml = pennylane()
        hook_points.hook(qml)

        def function() -> None:
            recorder.seen[-1].tape = "tape"
            workflow._resolve_execution_config(self.config("adjoint"))
            workflow._resolve_execution_config(self.config("finite-diff"))

        qml.QNode(function)()
        assert recorder.seen[0].resolution == ("adjoint", "torch")

    @pytest.mark.parametrize(("interface", "expected"), [("jax", 1), ("jax-jit", 1), (JaxJit.JIT, 1), ("torch", 0)])
    def test_under_jax_a_run_is_expected_and_under_torch_nothing_is_read_twice(
        self, workflow: Any, recorder: Recorder, interface: Any, expected: int
    ) -> None:
        qml = pennylane()
        hook_points.hook(qml)

        def function() -> None:
            recorder.seen[-1].tape = "tape"
            workflow._resolve_execution_config(types.SimpleNamespace(gradient_method="adjoint", interface=interface))

        qml.QNode(function)()
        assert len(recorder.expected) == expected

    def test_before_the_call_has_a_tape_is_another_ones(self, workflow: Any, recorder: Recorder) -> None:
        qml = pennylane()
        hook_points.hook(qml)
        qml.QNode(lambda: workflow._resolve_execution_config(self.config("backprop")))()
        assert recorder.seen[0].resolution == (None, None)

    def test_outside_of_any_call_is_nobodys(self, workflow: Any, recorder: Recorder) -> None:
        hook_points.hook(pennylane())
        assert workflow._resolve_execution_config("config") == "config"
        assert recorder.heard == []


class TestTransforms:
    @pytest.fixture
    def pipeline(self, recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> Any:
        class CompilePipeline:
            def __call__(self, tapes: Any) -> Any:
                return [f"transformed {tape}" for tape in tapes], None

        core: Any = types.ModuleType("pennylane.transforms.core")
        core.CompilePipeline = CompilePipeline
        monkeypatch.setitem(sys.modules, "pennylane.transforms.core", core)
        return CompilePipeline

    def run(self, recorder: Recorder, function: Callable[[Ongoing], Any], has_transforms: bool = True) -> Ongoing:
        recorder.has_transforms = has_transforms
        qml = pennylane()
        hook_points.hook(qml)

        def body() -> Any:
            recorder.seen[-1].tape = "tape"
            return function(recorder.seen[-1])

        qml.QNode(body)()
        return recorder.seen[-1]

    def test_give_the_circuits_that_are_run(self, pipeline: Any, recorder: Recorder) -> None:
        call = self.run(recorder, lambda call: pipeline()([call.tape]))
        assert call.transformed == ("transformed tape",)
        assert call.untouched is not None

    def test_are_seen_once_a_call(self, pipeline: Any, recorder: Recorder) -> None:
        # the first application is the QNode's own; the device's comes after it
        def twice(call: Ongoing) -> None:
            (tapes, _) = pipeline()([call.tape])
            pipeline()([call.tape] if tapes else [])
            pipeline()(["the device's"])

        assert self.run(recorder, twice).transformed == ("transformed tape",)

    @pytest.mark.parametrize("tapes", [["another"], [], ["tape", "more"], "tape"])
    def test_of_other_tapes_are_not_the_calls(self, pipeline: Any, recorder: Recorder, tapes: Any) -> None:
        assert self.run(recorder, lambda call: pipeline()(tapes)).transformed is None

    def test_are_not_watched_before_a_qnode_has_any(self, pipeline: Any, recorder: Recorder) -> None:
        original = pipeline.__call__
        self.run(recorder, lambda call: None, has_transforms=False)
        assert pipeline.__call__ is original

    def test_are_watched_once_and_no_longer_than_the_recording(self, pipeline: Any, recorder: Recorder) -> None:
        original = pipeline.__call__
        self.run(recorder, lambda call: None)
        watched = pipeline.__call__
        assert watched is not original
        recorder.begin("qnode", (), {}, sys._getframe())
        hook_points.unhook()
        assert pipeline.__call__ is original


class TestAnOptimisersStep:
    @pytest.fixture
    def optimize(self, recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> Any:
        class GradientDescentOptimizer:
            def step(self, weights: float) -> float:
                return self.apply_grad(0.1, weights)

            def step_and_cost(self, weights: float) -> tuple[float, Any]:
                return self.step(weights), Cost(0.25)

            def fail(self) -> None:
                raise ValueError

            @staticmethod
            def apply_grad(gradient: float, weights: float) -> float:
                return weights - gradient

        class Cost(float):
            ndim = 0

        module: Any = types.ModuleType("pennylane.optimize")
        module.GradientDescentOptimizer = GradientDescentOptimizer
        module.again = GradientDescentOptimizer
        monkeypatch.setitem(sys.modules, "pennylane.optimize", module)
        hook_points.hook(pennylane())
        return GradientDescentOptimizer

    def test_is_one_step_however_it_works_inside(self, optimize: Any, recorder: Recorder) -> None:
        assert optimize().step(1.0) == 0.9
        assert recorder.heard == ["step"]

    def test_that_gives_its_cost_tells_the_loss(self, optimize: Any, recorder: Recorder) -> None:
        optimize().step_and_cost(1.0)
        assert recorder.heard == ["step", ("loss", 0.25)]

    def test_by_a_static_method_is_one_too(self, optimize: Any, recorder: Recorder) -> None:
        assert optimize.apply_grad(0.5, 1.0) == 0.5
        assert recorder.heard == ["step"]

    def test_that_raises_is_none_and_the_next_one_counts(self, optimize: Any, recorder: Recorder) -> None:
        with pytest.raises(TypeError):
            optimize().step("not a number")
        optimize().step(1.0)
        assert recorder.heard == ["step"]

    def test_is_the_plain_step_afterwards(self, optimize: Any) -> None:
        hook_points.unhook()
        assert isinstance(vars(optimize)["apply_grad"], staticmethod)
        assert not hasattr(optimize.step, "__wrapped__")


class Tensor:
    """A tensor as far as a backward pass looks at it."""

    def __init__(self, value: Any, numel: int = 1, device: str = "cpu") -> None:
        self.value = value
        self.count = numel
        self.device = types.SimpleNamespace(type=device)

    def item(self) -> Any:
        return self.value

    def numel(self) -> int:
        return self.count


def engine() -> Any:
    def backward(tensors: Any = None, **options: Any) -> None:
        if options.get("failing"):
            raise RuntimeError("backward failed")

    def grad(outputs: Any, inputs: Any, create_graph: bool = False) -> str:
        return "gradients"

    return types.SimpleNamespace(backward=backward, grad=grad)


def old_torch(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Torch 1: its optimisers have no hooks."""

    class Optimizer:
        def __init__(self, params: Any) -> None:
            self.params = params

        def step(self) -> str:
            return "stepped"

    class Adam(Optimizer):
        def step(self) -> str:
            return "Adam stepped"

    monkeypatch.setitem(sys.modules, "torch.optim.optimizer", types.ModuleType("torch.optim.optimizer"))
    optim = types.SimpleNamespace(Optimizer=Optimizer, Adam=Adam)
    return types.SimpleNamespace(__name__="torch", autograd=engine(), optim=optim)


class TestTorch:
    @pytest.fixture
    def torch(self, recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> Any:
        made = old_torch(monkeypatch)
        hook_points.hook(made)
        return made

    def test_a_backward_pass_begins_and_ends(self, torch: Any, recorder: Recorder) -> None:
        torch.autograd.backward()
        assert recorder.heard == ["pass begins", ("pass ends", "pass")]

    @pytest.mark.parametrize("named", [False, True])
    def test_of_a_scalar_it_tells_the_loss(self, torch: Any, recorder: Recorder, named: bool) -> None:
        loss = Tensor(0.75)
        torch.autograd.backward(tensors=loss) if named else torch.autograd.backward(loss)
        assert recorder.heard[0] == ("loss", 0.75)

    @pytest.mark.parametrize(
        "tensor",
        [Tensor(0.5, numel=2), Tensor(0.5, device="cuda"), Tensor(1j), (Tensor(0.5), Tensor(0.5)), None],
        ids=["two numbers", "on a GPU", "complex", "two of them", "nothing"],
    )
    def test_of_anything_else_it_tells_none(self, torch: Any, recorder: Recorder, tensor: Any) -> None:
        torch.autograd.backward(tensor)
        assert recorder.heard[0] == "pass begins"

    def test_its_root_is_told_but_none_of_a_gradient_that_is_part_of_a_loss(self, torch: Any, recorder: Recorder) -> None:
        one, two, many = Tensor(0.5), Tensor(0.25), Tensor(0.5, numel=2)
        torch.autograd.backward([one])
        torch.autograd.grad(two, [])
        torch.autograd.grad(two, [], create_graph=True)
        torch.autograd.backward(many)
        assert recorder.roots == [(0.5, one, True), (0.25, two, False), (None, many, True)]

    def test_that_raises_it_ends_and_has_failed(self, torch: Any, recorder: Recorder) -> None:
        with pytest.raises(RuntimeError, match="backward failed"):
            torch.autograd.backward(failing=True)
        assert recorder.heard[1:] == [("failed backward", "pass", "RuntimeError")]

    def test_a_gradient_is_a_pass_too_and_no_loss(self, torch: Any, recorder: Recorder) -> None:
        assert torch.autograd.grad(Tensor(0.5), []) == "gradients"
        assert recorder.heard == ["gradients are asked for", ("pass ends", "pass")]

    def test_a_recording_that_has_stopped_watches_no_pass(self, torch: Any, recorder: Recorder) -> None:
        recorder.stopped = True
        torch.autograd.backward(Tensor(0.5))
        torch.autograd.grad(Tensor(0.5), [])
        assert recorder.heard == []

    def test_without_hooks_each_class_of_optimiser_is_wrapped_once(self, torch: Any, recorder: Recorder) -> None:
        optimizers = [torch.optim.Adam([]), torch.optim.Adam([])]
        assert [optimizer.step() for optimizer in optimizers] == ["Adam stepped"] * 2
        assert recorder.heard == ["step", "step"]
        hook_points.unhook()
        assert not hasattr(torch.optim.Adam.step, "_seen_by_qdiag")

    def test_with_hooks_one_serves_all_and_is_removed(self, recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
        hooks: list[Any] = []

        def register(hook: Any) -> Any:
            hooks.append(hook)
            return types.SimpleNamespace(remove=lambda: hooks.remove(hook))

        module: Any = types.ModuleType("torch.optim.optimizer")
        module.register_optimizer_step_post_hook = register
        torch = old_torch(monkeypatch)
        monkeypatch.setitem(sys.modules, "torch.optim.optimizer", module)
        hook_points.hook(torch)
        hooks[0]("optimizer", (), {})
        assert recorder.heard == ["step"]
        hook_points.unhook()
        assert hooks == []


class TestInstalling:
    def test_the_same_framework_is_hooked_once(self, recorder: Recorder) -> None:
        qml = pennylane()
        hook_points.hook(qml)
        once = qml.QNode.__call__
        hook_points.hook(qml)
        assert qml.QNode.__call__ is once

    def test_taking_out_leaves_the_classes_as_they_were(self, recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
        qml, torch = pennylane(), old_torch(monkeypatch)
        shower: Any = warnings
        places = [(qml.QNode, "__call__"), (torch.autograd, "backward"), (torch.autograd, "grad"), (shower, "_showwarnmsg")]
        before = [vars(owner)[name] for owner, name in places]
        hook_points.hook(torch)
        hook_points.hook(qml)
        assert all(vars(owner)[name] is not original for (owner, name), original in zip(places, before))
        hook_points.unhook()
        assert [vars(owner)[name] for owner, name in places] == before
        assert not hook_points.is_hooked()

    @pytest.mark.parametrize("is_module", [False, True])
    def test_the_recording_is_of_the_scripts_folder(
        self, recorder: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_module: bool
    ) -> None:
        monkeypatch.chdir(tmp_path)
        trace = str(tmp_path / "trace")
        hook_points.install(pennylane(), trace, "sub/train.py", is_module)
        assert current.wanted.trace == trace
        assert Path(current.wanted.folder) == (tmp_path if is_module else tmp_path / "sub").resolve()

    def test_what_waits_at_the_end_of_the_process_is_written(self, qml: Any, recorder: Recorder) -> None:
        hook_points._at_exit()
        assert recorder.heard == ["end"]

    def test_an_exception_that_ends_the_script_is_said(self, qml: Any, recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
        hook_points.script_failed(ValueError("no PennyLane: nothing was recorded"))
        assert recorder.heard == []
        monkeypatch.setitem(sys.modules, "pennylane", qml)
        hook_points.script_failed(ValueError("with it"))
        assert recorder.heard == [("script failed", "ValueError")]


@pytest.mark.parametrize("name", ["optax", "equinox"])
def test_where_updates_are_applied_a_step_is_told_with_the_parameters_that_it_gives(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def apply_updates(parameters: list[float], updates: list[float]) -> list[float]:
        return [parameter + update for parameter, update in zip(parameters, updates)]

    heard: list[Any] = []
    library: Any = types.ModuleType(name)
    home: Any = types.ModuleType(f"{name}._update")
    apply_updates.__module__ = home.__name__
    library.apply_updates = home.apply_updates = apply_updates
    monkeypatch.setitem(sys.modules, home.__name__, home)
    recorder = types.SimpleNamespace(step="how", traced=types.SimpleNamespace(take_step=lambda *told: heard.append(told)))
    before = current.exchange(recorder, current.Wanted())
    try:
        hook_points.hook(library)
        assert library.apply_updates is home.apply_updates is not apply_updates
        assert library.apply_updates([1.0], [0.5]) == [1.5]
        hook_points.unhook()
        assert library.apply_updates is home.apply_updates is apply_updates
    finally:
        hook_points.unhook()
        current.exchange(*before)
    assert heard == [([1.5], "how")]
