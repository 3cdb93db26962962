"""What else is told of a call that was written: names once for each structure, numbers that are not finite, the training but JAX's."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

pytestmark = pytest.mark.stack

call_facts = pytest.importorskip("qdiag.recording.call_facts")

from qdiag.trace import schema  # noqa: E402


class World:
    """A training that counts how often it is looked at, and a journal that keeps what it is told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.looks = 0
        self.events: list[tuple[str, Any]] = []
        monkeypatch.setattr(call_facts.argument_entries, "name_numbers", lambda call, names, sources: ("weights[0]",))
        monkeypatch.setattr(call_facts.given_numbers, "given_numbers", lambda call, index, names: ())
        journal: Any = SimpleNamespace(event=lambda kind, text, index: self.events.append((kind, index)))
        self.facts = call_facts.CallFacts(journal, self._look)
        self.qnode = SimpleNamespace(names=(), named=set(), code=None)

    def _look(self, look: Any) -> None:
        self.looks += 1

    def tell(self, index: int, structure: str = "a", *, container: str = "torch", finite: bool = True, qnode: Any = None) -> None:
        entry = SimpleNamespace(container=container, structure=structure)
        read: Any = SimpleNamespace(qnode=qnode or self.qnode, entry=entry, circuit=SimpleNamespace(sources=()), finite=finite)
        self.facts.tell(SimpleNamespace(), read, index, (), 0)  # type: ignore[arg-type]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


def test_each_structure_of_a_qnode_is_named_once(world: World) -> None:
    for index, structure in enumerate("aab"):
        world.tell(index, structure)
    assert world.events == [(schema.NAMED, 0), (schema.NAMED, 2)]


def test_a_qnode_that_is_made_again_from_the_same_function_is_not_named_again(world: World) -> None:
    world.tell(0)
    world.tell(1, qnode=SimpleNamespace(names=(), named=set(), code=None))
    assert world.events == [(schema.NAMED, 0)]


def test_only_so_many_structures_are_named(world: World) -> None:
    for number in range(call_facts.MOST_NAMED + 5):
        world.tell(number, f"structure {number}")
    assert len(world.events) == call_facts.MOST_NAMED


def test_numbers_that_are_not_finite_are_told_of_the_first_calls(world: World) -> None:
    for number in range(call_facts.given_numbers.MOST_CALLS + 3):
        world.tell(number, finite=False)
    assert len([kind for kind, _ in world.events if kind == "not finite"]) == call_facts.given_numbers.MOST_CALLS


def test_the_training_is_looked_at_but_for_jax(world: World) -> None:
    world.tell(0)
    world.tell(1, container="jax")
    assert world.looks == 1
