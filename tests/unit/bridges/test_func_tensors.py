"""Inside of torch.func a tensor is read as the one that it stands for, and it is known how often it is differentiated."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

from qdiag.bridges import func_tensors, results

pytestmark = pytest.mark.stack

torch = pytest.importorskip("torch")
func = pytest.importorskip("torch.func")


class Look:
    """A function that is transformed, and what it saw of its tensor."""

    def __init__(self) -> None:
        self.inside: list[bool] = []
        self.many: list[bool] = []
        self.twice: list[bool] = []
        self.values: list[np.ndarray] = []

    def __call__(self, x: Any) -> Any:
        self.inside.append(func_tensors.is_inside(x))
        self.many.append(func_tensors.stands_for_many(x))
        self.twice.append(func_tensors.are_differentiated_twice([x]))
        if not self.many[-1]:
            self.values.append(results.array_of(x.sin()))
        return x.sin().sum()


X = torch.tensor([0.25, 0.5], dtype=torch.float64)


def seen(transform: Any, x: Any = X) -> Look:
    look = Look()
    transform(look)(x)
    return look


def test_outside_of_transforms_a_tensor_is_itself() -> None:
    look = seen(lambda f: f)
    assert (look.inside, look.many, look.twice) == ([False], [False], [False])


@pytest.mark.parametrize("transform", [func.grad, func.grad_and_value, func.jacrev, lambda f: lambda x: func.vjp(f, x)])
def test_differentiated_once_it_stands_for_one_other(transform: Any) -> None:
    look = seen(transform)
    assert (look.inside, look.many, look.twice) == ([True], [False], [False])
    assert look.values[0].tolist() == X.sin().tolist()


def test_what_is_read_is_read_outside_also_where_torch_itself_differentiates_around() -> None:
    look = seen(func.grad, X.clone().requires_grad_())
    assert (look.inside, look.twice) == ([True], [True])
    assert look.values[0].tolist() == X.sin().tolist()


def test_differentiated_twice_it_stands_for_one_that_does_so_itself() -> None:
    look = seen(lambda f: func.grad(lambda x: func.grad(f)(x).sum()))
    assert (look.inside, look.many, look.twice) == ([True], [False], [True])
    assert look.values[0].tolist() == X.sin().tolist()


def test_under_vmap_it_stands_for_many() -> None:
    look = seen(lambda f: func.vmap(func.grad(f)), torch.stack([X, X]))
    assert (look.inside, look.many) == ([True], [True])


def test_where_torch_is_not_loaded_nothing_is_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    assert not func_tensors.is_inside(X)
    assert not func_tensors.stands_for_many(X)
    assert not func_tensors.are_differentiated_twice([X])
    assert func_tensors.read_outside(X, lambda tensor: tensor) is X
