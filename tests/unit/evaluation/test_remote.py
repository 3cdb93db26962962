"""Questions that only PennyLane can answer: asked by functions that cost nothing to hold, and that lead to something that is there."""

from __future__ import annotations

import ast
import inspect
import pickle
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from qdiag.evaluation import remote

QUESTIONS: dict[str, Callable[..., Any]] = {
    name: function for name, function in inspect.getmembers(remote, inspect.isfunction) if function.__module__ == remote.__name__
}


def test_there_are_questions() -> None:
    assert len(QUESTIONS) > 8


@pytest.mark.parametrize("name", sorted(QUESTIONS))
def test_a_question_can_be_sent_to_another_process(name: str) -> None:
    assert pickle.loads(pickle.dumps(QUESTIONS[name])) is QUESTIONS[name]


def test_to_hold_the_questions_loads_no_framework() -> None:
    """The process that only asks never pays for PennyLane."""
    program = "import sys, qdiag.evaluation.remote; print(sorted({n.partition('.')[0] for n in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True).stdout
    assert not {"pennylane", "torch", "autograd"} & set(ast.literal_eval(loaded))


def led_to(function: Callable[..., Any]) -> list[tuple[str, str, int]]:
    """The functions of the bridges that a question leads to: module, name, and with how many arguments it is called."""
    tree = ast.parse(inspect.getsource(function))
    modules = {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    return [
        (modules[call.func.value.id], call.func.attr, len(call.args))
        for call in calls
        if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name) and call.func.value.id in modules
    ]


@pytest.mark.parametrize("name", sorted(QUESTIONS))
def test_a_question_leads_to_a_function_of_the_bridges_that_takes_what_it_is_given(name: str) -> None:
    """Late imports are seen by no linter: a name that has gone would show at a user's."""
    found = led_to(QUESTIONS[name])
    assert found
    for module, function, given in found:
        spec = find_spec(module)
        assert spec is not None
        assert spec.origin is not None
        assert module.startswith("qdiag.bridges.")
        body = ast.parse(Path(spec.origin).read_text(encoding="utf-8")).body
        (definition,) = [node for node in body if isinstance(node, ast.FunctionDef) and node.name == function]
        takes = len(definition.args.args)
        assert takes - len(definition.args.defaults) <= given <= takes
