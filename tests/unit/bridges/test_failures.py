"""Exceptions as data, and whether PennyLane said no or broke down: decided by whose code raised, and in which words."""

from __future__ import annotations

import asyncio
import linecache
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from qdiag.bridges.failures import (
    MAX_FRAMES,
    MAX_MESSAGE,
    failure_met,
    failure_of,
    failure_told,
    is_inside_torch_func,
    is_pennylanes_way_back,
    only_stops,
    ran_in,
    refuses_complex_gradient,
)
from qdiag.errors import OpaqueCircuitError
from qdiag.model.call import Failure

Raises = Callable[[], None]


@pytest.fixture
def module() -> Iterator[Callable[[str, str], dict[str, Any]]]:
    """Makes a module of that name from source, as a traceback finds it."""
    files: list[str] = []

    def make(name: str, source: str) -> dict[str, Any]:
        path = f"<{name}-{len(files)}>"
        files.append(path)
        linecache.cache[path] = (len(source), None, source.splitlines(keepends=True), path)
        scope: dict[str, Any] = {"__name__": name}
        exec(compile(source, path, "exec"), scope)
        return scope

    yield make
    for path in files:
        linecache.cache.pop(path, None)


def caught(function: Raises) -> BaseException:
    with pytest.raises(BaseException) as error:  # noqa: PT011
        function()
    return error.value


def failing(module: Callable[[str, str], dict[str, Any]], name: str, line: str) -> Failure:
    source = f"class Own(Exception): ...\ndef f():\n    {line}\n"
    return failure_of(caught(module(name, source)["f"]), "forward")


# --- as data ----------------------------------------------------------------------------------------------------------------


def test_type_words_and_stage_are_kept() -> None:
    def fails() -> None:
        raise KeyError("no wire 7")

    found = failure_of(caught(fails), "backward")
    assert (found.type, found.message, found.stage, found.refusal) == ("KeyError", "'no wire 7'", "backward", False)


def test_of_our_own_errors_the_cause_is_kept_and_they_are_refusals() -> None:
    found = failure_of(OpaqueCircuitError("Mine is known by name only", "trust the file"), "build")
    assert (found.message, found.refusal) == ("Mine is known by name only", True)


def test_where_an_object_lies_in_memory_is_no_part_of_the_words() -> None:
    first, second = (failure_of(ValueError(f"no rule for {object()!r} there"), "forward") for _ in range(2))
    assert first.message == second.message == "no rule for <object object> there"


def test_words_without_end_are_cut() -> None:
    assert len(failure_of(ValueError("x" * 10_000), "forward").message) == MAX_MESSAGE


def test_frames_are_the_innermost_ones_without_paths(module: Callable[[str, str], dict[str, Any]]) -> None:
    source = "def f(n):\n    if n:\n        f(n - 1)\n    raise ValueError('no')\n"
    found = failure_of(caught(lambda: module("mine", source)["f"](20)), "forward")
    assert len(found.frames) == MAX_FRAMES
    assert found.frames[-1] == "mine:f:4"
    assert set(found.frames[:-1]) == {"mine:f:3"}


def test_an_exception_that_was_never_raised_has_no_frames() -> None:
    assert failure_of(ValueError("no"), "forward").frames == ()


# --- said no, or broke down ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "line", "refusal"),
    [
        ("pennylane.devices.qubit", "raise ValueError('hadamard gradients are not supported')", True),
        ("pennylane_lightning.core", "raise TypeError('this observable is not supported')", True),
        ("pennylane", "raise Own('no words of refusal')", True),
        # who says nothing does not refuse
        ("pennylane", "raise Own()", False),
        ("pennylane.ops", "raise ValueError('gate X requires one more wire')", True),
        ("pennylane.ops", "raise ValueError('shapes (2,) and (3,) do not match')", False),
        ("pennylane.ops", "None.supported", False),
        ("pennylane.ops", "{}['not supported']", False),
        ("numpy.linalg", "raise ValueError('this is not supported')", False),
        ("__main__", "raise ValueError('this is not supported')", False),
        ("pennylanelike", "raise ValueError('this is not supported')", False),
        ("__main__", "raise NotImplementedError('not yet')", True),
        ("torch.optim", "raise ImportError('cannot import')", True),
    ],
)
def test_a_refusal_is_pennylanes_own_raise_in_words_of_refusal_or_a_class_made_for_it(
    module: Callable[[str, str], dict[str, Any]], name: str, line: str, refusal: bool
) -> None:
    assert failing(module, name, line).refusal is refusal


def test_what_torch_says_of_complex_gradients_is_known_by_the_check_that_failed() -> None:
    assert is_inside_torch_func(Failure("RuntimeError", "In order to use an autograd.Function with functorch transforms (vmap, …)"))
    assert not is_inside_torch_func(Failure("RuntimeError", "expected a floating type"))
    assert refuses_complex_gradient(Failure("RuntimeError", "Expected isFloatingType(grad.scalar_type()) to be true"))
    assert not refuses_complex_gradient(Failure("RuntimeError", "expected a floating type"))


# --- what is no failure at all ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [KeyboardInterrupt(), GeneratorExit(), SystemExit(1), asyncio.CancelledError()])
def test_what_ends_a_call_from_outside_is_no_failure_of_it(error: BaseException) -> None:
    assert only_stops(error)


@pytest.mark.parametrize(
    ("home", "name", "stops"),
    [
        ("torch.utils.checkpoint", "_StopRecomputationError", True),
        ("torch", "OutOfMemoryError", False),
        ("torchvision", "_StopError", False),
        ("__main__", "_StopError", False),
    ],
)
def test_what_torch_raises_for_itself_is_none_either(home: str, name: str, stops: bool) -> None:
    kind = type(name, (Exception,), {"__module__": home})
    assert only_stops(kind()) is stops


QUOTED = """INTERNAL: CpuCallback error calling callback: Traceback (most recent call last):
  File "/home/somebody/train.py", line 22, in <module>
  File "/opt/lib/python3.11/site-packages/pennylane/ops/op_math/sprod.py", line 240, in bind
    {line}
{error}"""


@pytest.mark.parametrize(
    ("line", "error", "kind", "message", "refusal"),
    [
        ("return data[0]", "IndexError: list index out of range", "IndexError", "list index out of range", False),
        ("raise ValueError(text)", "ValueError: this is not supported\nat all", "ValueError", "this is not supported\nat all", True),
        ("device.run()", "pennylane.exceptions.DeviceError: no such gate", "DeviceError", "no such gate", True),
        ("device.run()", "pennylane.exceptions.DeviceError", "DeviceError", "", False),
        ("step()", "NotImplementedError", "NotImplementedError", "", True),
    ],
)
def test_an_exception_that_another_one_quotes_is_read_from_its_traceback(
    line: str, error: str, kind: str, message: str, refusal: bool
) -> None:
    found = failure_told(QUOTED.format(line=line, error=error), "forward")
    assert found is not None
    assert (found.type, found.message, found.refusal, found.stage) == (kind, message, refusal, "forward")
    assert found.frames == ("train:<module>:22", "pennylane.ops.op_math.sprod:bind:240")
    assert found.place == "pennylane.ops.op_math.sprod:bind"


@pytest.mark.parametrize("words", ["INTERNAL: something", "Traceback (most recent call last):\nnothing more", "", "ValueError: no"])
def test_words_without_a_traceback_quote_nothing(words: str) -> None:
    assert failure_told(words, "forward") is None


@pytest.mark.parametrize(("home", "kind"), [("jax.errors", "IndexError"), ("jaxlib", "IndexError"), ("elsewhere", "RuntimeError")])
def test_what_jax_quotes_is_what_was_met(home: str, kind: str) -> None:
    raised = type("RuntimeError", (Exception,), {"__module__": home})(QUOTED.format(line="params[0]", error="IndexError: no"))
    assert failure_met(raised, "forward").type == kind


def test_of_jaxs_own_exceptions_nothing_is_left_out() -> None:
    raised = type("TracerBoolConversionError", (Exception,), {"__module__": "jax.errors"})("a traced array")
    assert failure_met(raised, "forward") == failure_of(raised, "forward")


WITHOUT_LINES = """INTERNAL: CpuCallback error calling callback: Traceback (most recent call last):
  File "{path}", line 2, in bind
{error}"""


def test_a_class_that_is_quoted_without_its_module_is_looked_for_among_pennylanes(monkeypatch: pytest.MonkeyPatch) -> None:
    home = types.ModuleType("pennylane.exceptions")
    home.NoSuchGateError = type("NoSuchGateError", (Exception,), {})  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pennylane.exceptions", home)
    found = [failure_told(WITHOUT_LINES.format(path="a.py", error=f"{kind}: X"), "") for kind in ("NoSuchGateError", "SomeError")]
    assert [one is not None and one.refusal for one in found] == [True, False]


@pytest.mark.parametrize(("line", "refusal"), [('raise ValueError("not supported")', True), ("return params[0]", False)])
def test_the_line_that_raised_is_read_where_it_is_not_quoted(tmp_path: Path, line: str, refusal: bool) -> None:
    path = tmp_path / "site-packages" / "pennylane" / "bind.py"
    path.parent.mkdir(parents=True)
    path.write_text(f"def bind(params):\n    {line}\n", encoding="utf-8")
    found = failure_told(WITHOUT_LINES.format(path=path, error="ValueError: not supported"), "forward")
    assert found is not None
    assert found.refusal is refusal


# --- whose way back raised -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("way", "by_pennylane"),
    [
        (["torch.autograd", "torch.autograd.function", "pennylane.workflow.interfaces.torch", "numpy"], True),
        (["pennylane._grad", "autograd.core", "pennylane.ops.functions", "autograd.numpy"], True),
        (["torch.autograd.graph", "torch.autograd.function", "train"], False),
        (["pennylane.optimize", "autograd.core", "train"], False),
        (["torch._tensor", "torch.autograd.graph", "qdiag.recording.backward"], None),
        (["train", "pennylane.qnn"], None),
    ],
)
def test_whose_way_back_raised_is_told_by_who_ran_below_what_differentiates(
    module: Callable[[str, str], dict[str, Any]], way: list[str], by_pennylane: Any
) -> None:
    def calls(name: str, below: Callable[[], None]) -> Any:
        scope = module(name, "def f():\n    below()\n")
        scope["below"] = below
        return scope["f"]

    function = module(way[-1], "def f():\n    raise RuntimeError('no')\n")["f"]
    for name in reversed(way[:-1]):
        function = calls(name, function)
    assert is_pennylanes_way_back(caught(function)) is by_pennylane


def test_an_exception_was_raised_in_a_function_where_that_ran_when_it_was() -> None:
    def function(broken: Callable[[], Any]) -> Any:
        return broken()

    def fails() -> Any:
        raise ValueError("broken")

    for work, ran in ((lambda: function(fails), True), (fails, False)):
        with pytest.raises(ValueError, match="broken") as met:
            work()
        assert ran_in(met.value, function.__code__) is ran
        assert not ran_in(met.value, None)
