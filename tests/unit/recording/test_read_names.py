"""Names are told from the code alone: globals, closures, attributes, those of helpers; what is only made inside is none."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any, Optional

import pytest

from qdiag.recording.read_names import Name, names_read

scale, counter, unused = 0.5, 0, 7
settings = types.ModuleType("settings")
settings.level = 0.3  # type: ignore[attr-defined]


class Model:
    """Holds what a circuit reads."""

    def __init__(self) -> None:
        self.angle = 0.25

    @property
    def asked(self) -> float:
        """Never asked."""
        raise AssertionError("a property was asked")

    def circuit(self, x: float) -> float:
        return self.angle * x + self.helper() + self.asked

    def helper(self) -> float:
        return scale


def helper() -> float:
    return scale


def around(offset: float) -> tuple[Callable[[float], float], Callable[[], None]]:
    def reads(x: float) -> float:
        def inside() -> float:
            local = x
            return local + offset

        return inside() + helper() + settings.level  # type: ignore[attr-defined, no-any-return]

    def move() -> None:
        nonlocal offset
        offset = 2.0

    return reads, move


def counts() -> int:
    global counter
    counter += 1
    return counter


def names(function: Any, bound: Optional[dict[str, Any]] = None) -> dict[str, Name]:
    return {name.text: name for name in names_read(function, bound or {}, lambda code: code.co_filename == __file__)}


def test_closures_globals_modules_and_helpers_are_read() -> None:
    reads, move = around(1.0)
    found = names(reads)
    assert {"offset", "scale", "settings.level"} <= {*found}
    assert not {"x", "local", "unused"} & {*found}
    assert (found["offset"].home.get(), found["scale"].code.co_name) == (1.0, "helper")
    move()
    assert found["offset"].home.get() == 2.0
    found["offset"].home.put(3.0)
    assert reads(0.0) == pytest.approx(3.0 + scale + 0.3)


def test_helpers_that_are_not_the_scripts_are_not_followed() -> None:
    assert "scale" not in {name.text for name in names_read(around(1.0)[0], {}, lambda code: False)}


def test_attributes_of_the_object_of_a_method_are_read_and_no_property_is_asked() -> None:
    model = Model()
    found = names(model.circuit)
    assert {"self.angle", "scale"} <= {*found}
    model.angle = 0.75
    assert found["self.angle"].home.get() == 0.75
    found["self.angle"].home.put(1.5)
    assert model.angle == 1.5


def test_what_is_gone_has_no_value() -> None:
    found = names(around(1.0)[0])
    with pytest.raises(LookupError):
        found["offset"].home.get()
    found = names(Model().circuit)
    with pytest.raises(LookupError):
        found["self.angle"].home.get()


def test_a_name_that_the_function_sets_itself_is_its_own() -> None:
    assert names(counts)["counter"].own
    assert not names(helper)["scale"].own
