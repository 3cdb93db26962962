"""Why a script does not answer on a release: what that has not got is told from what stands elsewhere or is called otherwise."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import pytest

from tests.tools.reach_there import ABSENT, ARGUMENTS, BREAKS, MOVED, OWN, arguments_of, kind_of

SCRIPT = "/run/repro.py"


@pytest.fixture(autouse=True)
def release(monkeypatch: pytest.MonkeyPatch) -> None:
    """A PennyLane that has one gate, and another in a module of its own."""
    package, inner = ModuleType("pennylane"), ModuleType("pennylane.inner")

    class Gate:
        __module__ = "pennylane.inner"

        def __init__(self, angle: float, wires: object) -> None:
            raise RuntimeError("no")

    package.Gate = inner.Gate = inner.Other = Gate  # type: ignore[attr-defined]
    for name in [name for name in sys.modules if name.partition(".")[0] == "pennylane"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pennylane", package)
    monkeypatch.setitem(sys.modules, "pennylane.inner", inner)


def ended_by(source: str) -> BaseException:
    scope: dict[str, Any] = {"qml": sys.modules["pennylane"]}
    try:
        exec(compile(source, SCRIPT, "exec"), scope)
    except Exception as error:
        return error
    raise AssertionError


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("qml.NoSuch(0.3)", ABSENT),
        ("from pennylane import NoSuch", ABSENT),
        ("qml.Other(0.3)", MOVED),
        ("from pennylane import Other", MOVED),
        ("qml.Gate(0.3, wires=0)", BREAKS),
        ("qml.Gate(0.3, wire=0)", ARGUMENTS),
        ("[].none", OWN),
        ("1 / 0", OWN),
    ],
)
def test_each_end_is_of_its_kind(source: str, kind: str) -> None:
    assert kind_of(ended_by(source), SCRIPT) == kind


def test_of_a_call_that_does_not_fit_the_arguments_that_do_are_told() -> None:
    assert arguments_of(ended_by("qml.Gate(0.3, wire=0)")) == {"called": "Gate", "takes": ["angle", "wires"]}
    assert arguments_of(ended_by("1 / 0")) == {}
