"""What devices were made with: classes of our own stand for PennyLane's."""

from __future__ import annotations

import copy
import inspect
import pickle
import weakref
from typing import Any

import pytest

from qdiag.bridges.live import made_devices
from qdiag.bridges.live.made_devices import hear_devices, options_given_to
from qdiag.model.option import Held, Kind


def quietly(function: Any, *values: Any) -> Any:
    return function(*values)


class Base:
    """Stands for PennyLane's own."""

    def __init__(self, wires: Any = None, shots: Any = None) -> None:
        self._wires = wires


class Made(Base):
    """A device of a plugin, which changes what it was given before it hands it on."""

    def __init__(self, wires: Any, shots: Any = None, backend: str = "plain", *, depth: int = 3, **further: Any) -> None:
        backend += " and more"
        super().__init__(wires, shots)
        self._backend = backend


class Needing(Base):
    """Keeps what it needs under a name of its own, and what it may get."""

    def __init__(self, wires: Any, level: int, other: float, way: Any = None) -> None:
        super().__init__(wires)
        self._level, self._way = level, way


Base.__new__ = hear_devices(Base, quietly)  # type: ignore[method-assign]


def test_options_are_kept_by_name_however_they_were_given() -> None:
    assert options_given_to(Made(2, None, "exact", depth=4, extra=[1])) == (
        ("backend", "exact"),
        ("depth", 4),
        ("extra", Held(Kind.LIST, (1,))),
    )


def test_defaults_wires_and_shots_are_no_options() -> None:
    assert options_given_to(Made(2, 100, "plain", depth=3)) == ()
    assert options_given_to(Made(wires=2, shots=100)) == ()


def test_two_devices_of_one_class_have_options_of_their_own() -> None:
    first, second = Made(2, depth=1), Made(2, depth=2)
    assert (options_given_to(first), options_given_to(second)) == ((("depth", 1),), (("depth", 2),))


def test_a_copy_has_the_options_of_the_first() -> None:
    first = Made(2, depth=1)
    for copied in (copy.copy(first), copy.deepcopy(first), copy.deepcopy([first])[0], copy.copy(copy.deepcopy(first))):
        assert options_given_to(copied) == (("depth", 1),)


def test_of_what_was_unpickled_its_attributes_are_asked() -> None:
    back = pickle.loads(pickle.dumps(Needing(2, 8, 0.5, way="fast")))
    assert dict(options_given_to(back))["level"] == 8
    assert dict(options_given_to(back))["way"] == "fast"
    assert dict(options_given_to(back))["other"] == Held(Kind.OBJECT, ("not known, since nobody saw the device being made",))


def test_what_was_made_of_an_attribute_is_not_taken_for_what_was_given() -> None:
    back = pickle.loads(pickle.dumps(Needing(2, 8, 0.5, way=[1])))
    assert "way" not in dict(options_given_to(back))


class Naming(Base):
    """Makes an object of the name that it is given."""

    def __init__(self, wires: Any = 2, backend: str = "plain") -> None:
        super().__init__(wires)
        self._backend = [backend]


def test_a_name_that_became_an_object_is_not_known_any_more() -> None:
    assert options_given_to(Naming(2, "exact")) == (("backend", "exact"),)
    back = copy.copy(Naming())
    made_devices._given.pop(id(back))
    assert options_given_to(back) == (("backend", Held(Kind.OBJECT, ("not known, since nobody saw the device being made",))),)


def test_a_seed_is_kept_where_it_is_a_number() -> None:
    assert options_given_to(Made(2, seed=3)) == (("seed", 3),)
    assert options_given_to(Made(2, seed=object())) == ()


def test_nothing_that_was_given_is_kept_alive() -> None:
    class Model:
        """An option that is an object."""

    model = Model()
    device = Made(2, model=model)
    gone = weakref.ref(model)
    del model
    assert gone() is None
    known = len(made_devices._given)
    del device
    assert len(made_devices._given) == known - 1


def test_hearing_changes_nothing_that_a_script_sees() -> None:
    class Plain:
        def __init__(self, wires: Any = None, shots: Any = None) -> None: ...

    assert inspect.signature(Base) == inspect.signature(Plain)
    assert str(inspect.signature(Made)).startswith("(wires: 'Any', shots: 'Any' = None, backend")
    with pytest.raises(TypeError, match="wires"):
        Made()  # type: ignore[call-arg]


def test_another_base_that_makes_instances_is_asked_with_all_arguments() -> None:
    seen: list[Any] = []

    class Other:
        def __new__(cls, *args: Any, **kwargs: Any) -> Any:
            seen.append((args, kwargs))
            return super().__new__(cls)

    class Both(Base, Other):
        """Inherits from a device and from what counts its instances."""

    Both(1, shots=2)
    assert seen == [((1,), {"shots": 2})]


def test_whatever_fails_in_hearing_never_reaches_the_script() -> None:
    class Broken:
        def __init__(self, wires: Any = None) -> None: ...

    def swallow(function: Any, *values: Any) -> None:
        with pytest.raises(ZeroDivisionError):
            raise ZeroDivisionError

    Broken.__new__ = hear_devices(Broken, swallow)  # type: ignore[method-assign]
    assert isinstance(Broken(3), Broken)
