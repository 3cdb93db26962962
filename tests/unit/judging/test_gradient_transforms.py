"""Calls of gradient transforms, as calls under the method that does the same."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from qdiag.judging.gradient_transforms import as_differentiated
from qdiag.model.call import Call, Failure
from qdiag.model.variants import with_parameters
from tests.worlds.scripted import call, circuit


def asked_for(*names: str, options: tuple[tuple[str, Any], ...] = (), kinds: tuple[str, ...] = (), marked: bool = True) -> Call:
    """A call of these transforms on a QNode, as it is recorded: nothing was differentiated at it by an interface."""
    found = call(2, circuit(0.3))
    numbers = [replace(p, trainable=False, marked=marked) for p in found.circuit.parameters]
    kinds = kinds or ("remaking",) * len(names)
    configuration = replace(found.configuration, transforms=names, transform_kinds=kinds, transform_options=options)
    return replace(found, circuit=with_parameters(found.circuit, numbers), configuration=configuration)


@pytest.mark.parametrize(
    ("name", "method"), [("finite_diff", "finite-diff"), ("param_shift", "parameter-shift"), ("hadamard_grad", "hadamard")]
)
def test_a_gradient_transform_does_what_a_method_does(name: str, method: str) -> None:
    found = as_differentiated(asked_for(name))
    assert found is not None
    assert (found.method.diff_method, found.configuration.remade_by, found.outputs) == (method, "", None)
    assert found.circuit.trainable, "what is marked is what it differentiates by"


def test_its_options_are_the_methods() -> None:
    options = (("finite_diff.h", 1e-3), ("finite_diff.argnum", None), ("finite_diff.hybrid", True), ("finite_diff.approx_order", 2))
    found = as_differentiated(asked_for("finite_diff", options=options))
    assert found is not None
    assert found.method.gradient_options == (("approx_order", 2), ("h", 1e-3))


def test_it_is_asked_about_the_circuit_as_it_was_written() -> None:
    asked = asked_for("param_shift")
    found = as_differentiated(replace(asked, written=replace(asked.circuit, measurements=asked.circuit.measurements * 2)))
    assert found is not None
    assert (len(found.circuit.measurements), found.written) == (2, None)


@pytest.mark.parametrize(
    "asked",
    [
        asked_for(),
        asked_for("metric_tensor"),
        asked_for("spsa_grad"),
        asked_for("param_shift_hessian"),
        asked_for("param_shift", marked=False),
        asked_for("param_shift", options=(("param_shift.argnum", 0),)),
        asked_for("fold_global", "param_shift", kinds=("changing", "remaking")),
        asked_for("mine", "param_shift", kinds=("unknown", "remaking")),
        replace(asked_for("param_shift"), failure=Failure("ValueError", "no")),
    ],
    ids=["none", "metric", "random", "hessian", "nothing trainable", "a part", "noise", "a user's own", "raised"],
)
def test_whatever_else_a_call_is_stays_what_it_is(asked: Call) -> None:
    assert as_differentiated(asked) is None
