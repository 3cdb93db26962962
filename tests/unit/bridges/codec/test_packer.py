"""Numbers packed the short way are the bytes that their arrays give, bit for bit."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.stack

torch = pytest.importorskip("torch")
pnp = pytest.importorskip("pennylane.numpy")

from qdiag.bridges.codec.packer import Packer  # noqa: E402
from qdiag.bridges.results import array_of  # noqa: E402
from qdiag.trace.array_bundle import pack  # noqa: E402

TORCH = (torch.float16, torch.float32, torch.float64, torch.complex64, torch.complex128, torch.int64, torch.uint8, torch.bool)
NUMBERS: list[list[Any]] = [
    [],
    [0.1, 3, True, 0.5j],
    [np.float32(0.1), np.float64(-0.0), np.int16(-3), np.complex64(1j), np.bool_(True)],
    [np.array(0.1), np.array([[0.1, 0.2], [0.3, 0.4]]).T, np.arange(3)],
    [pnp.array(0.1, requires_grad=True), pnp.array([0.1, 0.2])],
    [torch.tensor(1.5, dtype=dtype) for dtype in TORCH],
    [torch.rand(3, 2).T, torch.rand(2, requires_grad=True)[0], torch.zeros(0)],
    [torch.tensor(0.1, dtype=torch.bfloat16), torch.tensor([0.1], dtype=torch.bfloat16)],
    [math.nan, math.inf, -0.0, torch.tensor(math.nan), torch.tensor([-math.inf])],
]


def packer_of(numbers: list[Any]) -> Packer:
    return Packer(numbers, [array_of(number) for number in numbers])


@pytest.mark.parametrize("numbers", NUMBERS)
def test_the_bytes_are_those_of_the_arrays(numbers: list[Any]) -> None:
    assert packer_of(numbers).pack(numbers) == pack([array_of(number) for number in numbers])


def test_so_they_are_of_other_numbers_of_the_same_kind() -> None:
    first, second = [0.1, torch.tensor(0.2), torch.rand(3)], [-5e-324, torch.tensor(1e-45), torch.rand(3)]
    assert packer_of(first).pack(second) == pack([array_of(number) for number in second])


def test_an_array_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="another number of bytes"):
        packer_of([np.zeros(3)]).pack([np.zeros(4)])


@pytest.mark.parametrize(
    ("numbers", "finite"),
    [
        ([1.0, torch.tensor(2.0), np.array([1.0, 2.0]), np.array([3])], True),
        ([1.0, torch.tensor(math.nan)], False),
        ([np.array([1.0, math.inf])], False),
        ([np.array([1j, complex(0, math.nan)])], False),
    ],
)
def test_whether_they_are_numbers_throughout(numbers: list[Any], finite: bool) -> None:
    packer = packer_of(numbers)
    assert packer.pack_and_judge(numbers) == (packer.pack(numbers), finite)
