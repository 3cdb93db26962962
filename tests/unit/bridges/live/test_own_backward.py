"""What is to be said of a function's own backward, held against its forward."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.stack

torch = pytest.importorskip("torch")

from qdiag.bridges.live import own_backward  # noqa: E402
from qdiag.bridges.live.own_backward import Word  # noqa: E402


def function(forward: Any, factor: Any) -> Any:
    """A function of a tensor and a number, whose backward multiplies by a factor made of the tensor."""

    class Own(torch.autograd.Function):  # type: ignore[misc, name-defined, unused-ignore]
        @staticmethod
        def forward(ctx: Any, x: Any, by: Any) -> Any:
            ctx.save_for_backward(x)
            return forward(x)

        @staticmethod
        def backward(ctx: Any, given: Any) -> Any:
            return given * factor(*ctx.saved_tensors), None

    return Own


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("forward", "factor", "word"),
    [
        (torch.sin, torch.cos, Word.RIGHT),
        (torch.sin, lambda x: 2 * torch.cos(x), Word.WRONG),
        (torch.sin, torch.zeros_like, Word.WRONG),
        (torch.abs, torch.sign, Word.RIGHT),
        (torch.sin, lambda x: torch.rand_like(x) * torch.cos(x), Word.OTHER),
        (torch.clone, torch.neg, Word.OTHER),
        (torch.round, torch.ones_like, Word.OTHER),
        (lambda x: x + torch.rand_like(x), torch.ones_like, Word.OTHER),
        (lambda x: torch.exp(1j * x), torch.ones_like, Word.UNKNOWN),
    ],
)
def test_what_is_said(dtype: str, forward: Any, factor: Any, word: Word) -> None:
    x = torch.tensor([0.3, -0.7, 1.9], dtype=getattr(torch, dtype), requires_grad=True)
    own = function(forward, factor)
    result = own.apply(x, 2)
    after = torch.random.get_rng_state()
    assert own_backward.word_of(lambda given: own.apply(*given), (x, 2), result) is word
    assert torch.equal(torch.random.get_rng_state(), after)
    assert x.grad is None
