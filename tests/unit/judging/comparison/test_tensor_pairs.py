"""Tensors in pairs: which index belongs to the output and which to the parameter."""

from __future__ import annotations

import numpy as np
import pytest

from qdiag.judging.comparison.tensor_pairs import Tensor
from qdiag.model.element import Element, Kind


@pytest.mark.parametrize(
    ("kind", "axes", "index", "called"),
    [
        (Kind.OUTPUT, 2, (2, 0), "output[2, 0]"),
        (Kind.JACOBIAN, 0, (2,), "d output / d RX#0[2]"),
        (Kind.JACOBIAN, 1, (2,), "d output[2] / d RX#0"),
        (Kind.JACOBIAN, 1, (2, 0, 1), "d output[2] / d RX#0[0, 1]"),
        (Kind.JACOBIAN, 1, (), "d output / d RX#0"),
        (Kind.PRODUCT, 0, (1,), "d loss / d RX#0[1]"),
    ],
)
def test_an_index_is_the_outputs_first_and_then_the_parameters(kind: Kind, axes: int, index: tuple[int, ...], called: str) -> None:
    blank = np.zeros(())
    assert str(Tensor(Element(kind, by="RX#0"), blank, blank, axes, 1.0, 0.0).at(index)) == called
