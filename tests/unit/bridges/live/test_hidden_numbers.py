"""Numbers that a transform hides are told by whose transform it is, and others are not."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest

pytestmark = pytest.mark.stack

torch = pytest.importorskip("torch")
hidden_numbers = pytest.importorskip("qdiag.bridges.live.hidden_numbers")


class Tracer:
    """What JAX puts in the place of an array while it traces."""


@pytest.fixture
def jax(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jax", SimpleNamespace(core=SimpleNamespace(Tracer=Tracer)))


def test_plain_numbers_and_tensors_hide_nothing(jax: None) -> None:
    assert hidden_numbers.why_hidden([0.3, torch.tensor(0.4), [torch.tensor([0.1])], "text"]) == ""


def test_tensors_in_a_transform_of_torch_do() -> None:
    transforms = pytest.importorskip("torch.func")
    told: list[str] = []

    def look(x: Any) -> Any:
        told.append(hidden_numbers.why_hidden([0.3, [x]]))
        return x

    transforms.vmap(look)(torch.tensor([0.1, 0.2]))
    assert told == [hidden_numbers.IN_TRANSFORMS]


def test_arrays_that_jax_traces_do_and_it_says_what_to_do(jax: None) -> None:
    words = hidden_numbers.why_hidden([0.3, (Tracer(), 0.1)])
    assert words == hidden_numbers.IN_JAX
    assert "qdiag.check" in words


def test_without_jax_nothing_is_asked_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "jax", raising=False)
    assert hidden_numbers.why_hidden([Tracer()]) == ""
