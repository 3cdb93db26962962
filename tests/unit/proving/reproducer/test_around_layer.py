"""Scripts that keep what surrounds the circuit: they follow the shapes, dtypes and failures that were seen."""

from __future__ import annotations

import ast
from dataclasses import replace

import numpy as np
import pytest

from qdiag.model.call import Argument, Call, Failure
from qdiag.proving.reproducer.around_layer import batch_script, cast_script, dtype_script
from tests.worlds.scripts import FakeLanguage, divergence

CALL = divergence().call
BATCH = Argument("inputs", "torch", "float32", (5, 3), True)


def text(found: str) -> str:
    ast.parse(found)
    return found


def batched(call: Call = CALL, *arguments: Argument, failed: str = "") -> str:
    seen = replace(call, arguments=arguments or (BATCH,), failure=Failure(failed, "") if failed else None)
    return text(batch_script(seen, FakeLanguage()).text)


def test_a_batch_of_the_shape_that_was_seen_is_given_to_the_layer() -> None:
    found = batched()
    assert "batch = torch.linspace(0.1, 1.0, 15).reshape(5, 3)" in found
    assert 'qml.device("default.qubit", wires=3)' in found
    assert "qml.RY(weights, wires=2)" in found


def test_rows_and_features_are_those_of_the_first_argument_that_has_both() -> None:
    weights = Argument("weights", "torch", "float32", (), True)
    assert "reshape(4, 2)" in batched(CALL, weights, replace(BATCH, shape=(4, 2)), BATCH)


def test_where_rows_mix_the_others_are_changed_and_the_first_is_looked_at() -> None:
    found = batched()
    assert "others[1:] += 1.0" in found
    assert "Exits 1 while a row depends on the others." in found


@pytest.mark.parametrize(("interface", "numbers"), [("torch", "torch"), ("autograd", "np")])
def test_where_results_are_as_many_as_features_they_are_counted_with_no_layer_around(interface: str, numbers: str) -> None:
    weights = Argument("weights", interface, "float64", (2, 3), True)
    outputs = (np.zeros(2), np.zeros(2))
    seen = replace(CALL, configuration=replace(CALL.configuration, interface=interface), outputs=outputs)
    found = batched(seen, weights, replace(BATCH, shape=(16, 2)))
    assert f"batch = {numbers}.linspace(0.1, 1.0, 32).reshape(16, 2)" in found
    assert "for i in range(2):" in found
    assert "sys.exit(len(results) != len(batch))" in found
    assert "TorchLayer" not in found


@pytest.mark.parametrize(("raised", "named"), [("WireError", "WireError"), ("x; import os", "Exception")])
def test_where_it_raised_only_that_exception_counts(raised: str, named: str) -> None:
    found = batched(failed=raised)
    assert f'if type(error).__name__ != "{named}":' in found
    assert "import os" not in found
    assert "Exits 1 while this raises" in found


@pytest.mark.parametrize(
    ("output", "wide", "returned"),
    [(np.array(0.5), "float64", "qml.expval(qml.PauliZ(0))"), (np.array([0.5j]), "complex128", "qml.state()")],
    ids=["real", "complex"],
)
def test_a_cast_is_shown_on_a_result_of_the_kind_that_was_lost(output: np.ndarray, wide: str, returned: str) -> None:
    found = text(cast_script(replace(CALL, outputs=(output,), layer_dtype="int64"), FakeLanguage()).text)
    assert f"return {returned}" in found
    assert f"wanted = layer(torch.ones(1, dtype=torch.{wide}))" in found
    assert "result = layer(torch.ones(1, dtype=torch.int64))" in found


def test_a_result_is_compared_with_its_argument_by_dtype_alone() -> None:
    found = text(dtype_script(CALL, FakeLanguage()).text)
    assert "x = torch.tensor(0.4, dtype=torch.float64, requires_grad=True)" in found
    assert 'diff_method="adjoint"' in found
    assert "sys.exit(result.dtype != x.dtype)" in found


def test_they_need_pennylane_and_torch_only() -> None:
    for script in (batch_script, cast_script, dtype_script):
        assert script(replace(CALL, layer_dtype="int64"), FakeLanguage()).imports == {"import pennylane as qml", "import torch"}
