"""Options that are no plain values."""

from __future__ import annotations

from qdiag.model.method import Method, parse
from qdiag.model.option import Held, Kind, is_literal, names_in, objects_in, why_not_rebuilt

ANGLE = Held(Kind.NAME, ("numpy:float32",))
BACKEND = Held(Kind.OBJECT, ("an object (AerSimulator)",))


def test_what_cannot_be_made_again_is_found_however_deep_it_lies() -> None:
    assert objects_in(Held(Kind.DICT, ("a", Held(Kind.LIST, (1, BACKEND))))) == ("an object (AerSimulator)",)
    assert objects_in(Held(Kind.LIST, (1, "a", ANGLE))) == ()
    assert why_not_rebuilt((("backend", BACKEND), ("shots", 3))) == "option backend is an object (AerSimulator)"
    assert why_not_rebuilt((("backend", BACKEND), ("model", BACKEND))).endswith("(AerSimulator), and 1 more cannot be made again")
    assert why_not_rebuilt((("shots", 3),)) == ""


def test_a_literal_is_made_of_plain_values_alone() -> None:
    assert is_literal(0.3)
    assert is_literal(Held(Kind.LIST, (Held(Kind.TUPLE, (1, None)), Held(Kind.DICT, ("a", "b")))))
    array = Held(Kind.ARRAY, ("int64", Held(Kind.TUPLE, (1,)), 1))
    assert not any(is_literal(Held(Kind.LIST, (1, other))) for other in (ANGLE, BACKEND, array))


def test_a_method_says_what_its_device_has_to_import() -> None:
    assert names_in(Held(Kind.TUPLE, (ANGLE, 1))) == ("numpy:float32",)
    made = Method("mine.devices:Noisy", "backprop", device_options=(("dtype", ANGLE), ("n", 2)))
    assert made.imports == ("mine.devices:Noisy", "numpy:float32")
    assert Method("default.qubit", "backprop").imports == ()


def test_a_class_can_be_written_as_the_device_of_a_method() -> None:
    assert parse("mine.devices:Noisy/backprop") == Method("mine.devices:Noisy", "backprop")
    assert str(parse("mine.devices:Noisy[complex64]/backprop")) == "mine.devices:Noisy[complex64]/backprop"


def test_options_are_told_apart_by_all_that_they_hold() -> None:
    assert repr(Held(Kind.LIST, (1, 2.0))) != repr(Held(Kind.TUPLE, (1, 2.0)))
    assert repr(Held(Kind.NAME, ("a:b",))) != repr(Held(Kind.OBJECT, ("a:b",)))
    assert repr(Held(Kind.DICT, ("a", 1))) == "dict('a', 1)"
    assert repr(Held(Kind.LIST, (Held(Kind.TUPLE, (0.5,)), Held(Kind.TUPLE, ())))) == "[(0.5,), ()]"
