"""A tensor keeps its token as long as it lives, and lives no longer for it; names come from the modules that hold it."""

from __future__ import annotations

import gc
import threading
import weakref
from typing import Any

import pytest

torch = pytest.importorskip("torch")
tokens_module = pytest.importorskip("qdiag.recording.tokens")

pytestmark = pytest.mark.stack

IS_ALONE = tokens_module.is_alone


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever threads those have that run the tests."""
    monkeypatch.setattr(tokens_module, "is_alone", lambda: True)


def test_one_tensor_one_token() -> None:
    tokens = tokens_module.Tokens()
    one, two = torch.zeros(2), torch.nn.Parameter(torch.zeros(2))
    assert [tokens.token(one), tokens.token(two), tokens.token(one), tokens.token(two)] == [0, 1, 0, 1]


def test_a_tensor_in_the_place_of_a_dead_one_has_its_own() -> None:
    tokens = tokens_module.Tokens()
    met = {tokens.token(torch.zeros(2)) for _ in range(20)}
    assert len(met) == 20


def test_nothing_lives_longer_for_its_token() -> None:
    tokens = tokens_module.Tokens()
    for tensor in (torch.zeros(2), torch.nn.Parameter(torch.zeros(2))):
        tokens.token(tensor)
        gone = weakref.ref(tensor)
        del tensor
        gc.collect()
    assert gone() is None


def test_torch_can_still_swap_a_modules_parameter() -> None:
    one, two = torch.nn.Parameter(torch.zeros(2)), torch.nn.Parameter(torch.ones(2))
    tokens_module.Tokens().token(one)
    if hasattr(torch.utils, "swap_tensors"):
        torch.utils.swap_tensors(one, two)
        assert one.tolist() == [1.0, 1.0]


def test_a_name_is_the_way_from_the_outermost_module() -> None:
    module_class: Any = torch.nn.Module

    class Net(module_class):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.layers = torch.nn.Sequential(torch.nn.Linear(2, 1))

    net, free = Net(), torch.zeros(2, requires_grad=True)
    names = tokens_module.names_of([*net.parameters(), free], {"weights": free, "number": 3})
    assert [names[id(p)] for p in (*net.parameters(), free)] == ["Net.layers.0.weight", "Net.layers.0.bias", "weights"]


def test_modules_that_variables_lead_to_are_found_without_looking_through_all_objects(monkeypatch: pytest.MonkeyPatch) -> None:
    outer = torch.nn.Sequential(torch.nn.Linear(2, 1))
    monkeypatch.setattr(tokens_module.gc, "get_objects", lambda: pytest.fail("all objects were looked through"))
    names = tokens_module.names_of(outer.parameters(), {"inner": outer[0], "outer": outer})
    assert sorted(names.values()) == ["Sequential.0.bias", "Sequential.0.weight"]


def test_a_module_that_no_variable_leads_to_is_found_among_all_objects() -> None:
    here, there = torch.nn.Linear(2, 1), torch.nn.Sequential(torch.nn.Linear(2, 1))
    names = tokens_module.names_of([here.weight, there[0].weight], {"here": here})
    assert [names[id(here.weight)], names[id(there[0].weight)]] == ["Linear.weight", "Sequential.0.weight"]


def test_beside_another_thread_no_object_is_held_that_it_may_be_making(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens_module, "is_alone", IS_ALONE)
    monkeypatch.setattr(tokens_module.gc, "get_objects", lambda: pytest.fail("all objects were looked through"))
    over = threading.Event()
    other = threading.Thread(target=over.wait)
    other.start()
    try:
        weights, there = torch.zeros(2, requires_grad=True), torch.nn.Linear(2, 1)
        assert tokens_module.names_of([weights, there.weight], {"weights": weights}) == {id(weights): "weights"}
    finally:
        over.set()
        other.join()


def test_few_real_numbers_are_kept_and_many_are_not() -> None:
    assert tokens_module.leaf_of(torch.tensor([0.5, 2.0]), 3).values == (0.5, 2.0)
    assert tokens_module.leaf_of(torch.zeros(65), 3).values == ()
    assert tokens_module.leaf_of(torch.tensor([1j]), 3).values == ()
