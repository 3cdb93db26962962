"""One protocol: workers, this process, and the fakes of the tests are asked in the same words."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from qdiag.evaluation.evaluator import Evaluator
from qdiag.evaluation.workers import Inline, Workers
from tests.worlds.evaluators import FakeEvaluator
from tests.worlds.scripted import ScriptedEvaluator
from tests.worlds.symptoms import World

METHODS = [name for name, member in vars(Evaluator).items() if not name.startswith("_") and inspect.isfunction(member)]


def pool() -> Workers:
    return Workers(1, warm=False)


@pytest.mark.parametrize("make", [pool, Inline, FakeEvaluator, ScriptedEvaluator, lambda: World(lambda request: 0.0)])
def test_every_evaluator_fits_the_protocol(make: Callable[[], Any]) -> None:
    evaluator = make()
    assert evaluator.count >= 1
    for name in METHODS:
        asked = inspect.signature(getattr(Evaluator, name)).parameters.values()
        understood = inspect.signature(getattr(type(evaluator), name)).parameters.values()
        assert [parameter.kind for parameter in understood] == [parameter.kind for parameter in asked], name


def test_the_protocol_is_what_is_asked_of_it() -> None:
    assert METHODS == ["submit", "call", "applicable"]
