"""What a traced call has read is compared at its runs; the functions around it are found up to where JAX begins to trace."""

from __future__ import annotations

import threading
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any, Optional

import numpy as np
import pytest

from qdiag.recording import fork_obstacles
from qdiag.recording.baked_values import BakedValues, Reading, Site, _arguments_of, _begins_trace
from qdiag.recording.read_names import Home, Name
from qdiag.recording.source_places import Places

CODE = (lambda: 0).__code__


class Place:
    """Where one value lies."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def reading(self, own: bool = False) -> Reading:
        home = Home(lambda: self.value, lambda value: setattr(self, "value", value))
        return Reading(Name("scale", home, CODE, 3, own), self.value, 0)


class QNode:
    """Stands for one; can be held weakly."""


def site(*readings: Reading) -> Site:
    return Site(QNode(), [], list(readings), ())


def test_another_value_at_a_run_is_suspected_and_the_last_one_counts() -> None:
    place = Place(0.1)
    watched = site(place.reading())
    for call, value in enumerate([0.1, 0.2, 0.3, 0.1]):
        place.value = value
        watched.run(call)
    (found,) = watched.suspects()
    assert (found.before, found.later, found.call, found.stale, watched.runs) == (0.1, 0.3, 1, 2, 4)


def test_what_is_asked_at_the_end_is_kept_alive_only_once_there_is_something_to_ask() -> None:
    place = Place(0.1)
    reading, qnode = place.reading(), QNode()
    watched = Site(qnode, [], [reading], ())
    watched.run(0)
    assert watched.qnode() is qnode
    place.value = 0.2
    watched.run(1)
    del qnode
    assert watched.qnode() is not None
    unheard = Site(QNode(), [], [Place(0.1).reading()], ())
    unheard.run(0)
    assert unheard.qnode() is None


def test_what_changes_after_the_last_run_is_none() -> None:
    place = Place(0.1)
    watched = site(place.reading())
    watched.run(0)
    place.value = 0.2
    assert watched.suspects() == []


def test_runs_in_other_threads_say_nothing() -> None:
    place = Place(0.1)
    watched = site(place.reading())
    place.value = 0.2
    other = threading.Thread(target=watched.run, args=(0,))
    other.start()
    other.join()
    assert (watched.suspects(), watched.runs) == ([], 0)


def test_an_equal_array_in_another_place_is_no_change_and_one_moved_in_place_is() -> None:
    place = Place(np.zeros(3))
    watched = site(place.reading())
    watched.readings[0].before = np.zeros(3)
    place.value = np.zeros(3)
    watched.run(0)
    assert watched.suspects() == []
    place.value[1] = 1.0
    watched.run(1)
    assert [one.later[1] for one in watched.suspects()] == [1.0]


def test_what_became_something_else_or_is_gone_is_not_compared() -> None:
    place = Place(0.1)
    watched = site(place.reading())
    place.value = object()
    watched.run(0)
    del place.value
    watched.readings[0].name.home.get = lambda: (_ for _ in ()).throw(LookupError("gone"))  # type: ignore[method-assign]
    watched.run(1)
    assert watched.suspects() == []


def test_what_a_function_sets_itself_is_suspected_from_its_second_run_on() -> None:
    watched = site(Place(1).reading(own=True))
    watched.run(0)
    assert watched.suspects() == []
    watched.run(1)
    assert len(watched.suspects()) == 1


def traced_by_jax(function: Callable[[], Any], module: str = "jax._src.interpreters.partial_eval") -> Any:
    """Calls a function from a frame that looks like the beginning of a trace."""
    space: dict[str, Any] = {"__name__": module}
    exec("def trace_to_jaxpr_dynamic(function):\n    return function()", space)
    return space["trace_to_jaxpr_dynamic"](function)


def around(watch: BakedValues) -> list[str]:
    return [function.__name__ for function, _ in watch._functions_around()]


def test_functions_are_those_inside_of_what_is_traced() -> None:
    watch = BakedValues(Path("trace"), Places(str(Path(__file__).parent)), lambda found: None, lambda text: None, lambda: None)

    def loss() -> list[str]:
        return around(watch)

    def step() -> list[str]:
        return loss()

    def outside(module: str) -> Any:
        return traced_by_jax(step, module)

    assert outside("jax._src.interpreters.partial_eval") == ["around", "loss", "step"]
    assert outside("somewhere.else") == []


def test_a_frame_of_jax_begins_a_trace() -> None:
    def frame_of(name: str, module: str) -> Any:
        return types.SimpleNamespace(f_code=types.SimpleNamespace(co_name=name), f_globals={"__name__": module})

    assert _begins_trace(frame_of("trace_to_jaxpr_dynamic", "jax._src.interpreters.partial_eval"))
    assert not _begins_trace(frame_of("trace_to_jaxpr_dynamic", "train"))
    assert not _begins_trace(frame_of("bind", "jax._src.core"))


def test_arguments_are_read_from_a_frame() -> None:
    import sys

    found: list[Optional[tuple[Any, Any]]] = []

    def function(first: int, *rest: int, named: int = 3, **others: int) -> None:
        found.append(_arguments_of(sys._getframe()))

    function(1, 2, named=4, more=5)
    assert found == [((1, 2), {"named": 4, "more": 5})]


def test_where_no_copy_can_be_made_that_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    said: list[str] = []
    watch = BakedValues(tmp_path / "trace", Places(str(tmp_path)), lambda found: None, said.append, lambda: None)
    place = Place(0.1)
    watched = site(place.reading())
    place.value = 0.2
    watched.run(0)
    watch._sites.append(watched)
    monkeypatch.setattr(fork_obstacles, "obstacle", lambda backward_seen: "CUDA is in use")
    watch.end()
    watch.end()
    assert said == ["What is compiled had read scale, which changed later; what that comes to was not asked: CUDA is in use."]
    assert not list(tmp_path.iterdir())
