"""TorchLayer hands on its QNode's result in the dtype of its input: the experiments of QD104."""

from __future__ import annotations

import pytest

from qdiag.bridges.facts.layer_loss import loss

pytestmark = pytest.mark.stack


@pytest.mark.parametrize(("dtype", "is_complex"), [("int64", False), ("int32", False), ("float32", True)])
def test_a_dtype_that_cannot_hold_the_result_loses_it(dtype, is_complex):
    assert loss(dtype, is_complex) > 0.1


@pytest.mark.parametrize(("dtype", "is_complex"), [("float64", False), ("complex128", True)])
def test_a_dtype_that_can_hold_the_result_keeps_it(dtype, is_complex):
    assert loss(dtype, is_complex) == 0
