"""The table of transforms against the installed PennyLane: each that it ships must be in it."""

from __future__ import annotations

import functools
import importlib
import pkgutil
import sys
from typing import Any

import pennylane as qml
import pytest

from qdiag.bridges.live.qnode_attributes import pipeline_of
from qdiag.bridges.live.transform_kinds import function_in, kind_of_transform, name_of_transform, options_of_transforms
from qdiag.model.option import Held, Kind
from qdiag.model.transform_families import TransformKind

pytestmark = pytest.mark.stack

OF_DEVICES = ("pennylane.devices", "pennylane.workflow", "pennylane.drawer", "pennylane.tape", "pennylane.qinfo")
"""Where transforms live that no user puts on a QNode, or that came to be measurements."""

NOT_FOR_QNODES = frozenset({"commutation_dag", "to_zx"})
"""Their result is no circuit, and PennyLane says so where it has such a word."""


def _shipped() -> dict[str, Any]:
    core = getattr(qml.transforms, "core", None)
    kind = getattr(core, "Transform", None) or getattr(core, "TransformDispatcher", None)
    if kind is None:
        return {}
    for package in ("transforms", "gradients", "noise", "qcut", "shadows"):
        found = getattr(qml, package, None)
        for module in pkgutil.walk_packages(getattr(found, "__path__", ()), f"pennylane.{package}."):
            try:
                importlib.import_module(module.name)
            except Exception:  # a module that needs what is not installed
                continue
    modules = [module for name, module in list(sys.modules.items()) if name.startswith("pennylane.")]
    values = [value for module in modules for value in list(vars(module).values()) if isinstance(value, kind)]
    named = {name_of_transform(value): value for value in values if not isinstance(function_in(value), kind)}
    return {name: v for name, v in named.items() if not function_in(v).__module__.startswith(OF_DEVICES) and name not in NOT_FOR_QNODES}


SHIPPED = _shipped()


def test_no_transform_of_pennylanes_own_is_unknown() -> None:
    if not SHIPPED:
        pytest.skip("this PennyLane has no objects that are transforms")
    assert [name for name, transform in SHIPPED.items() if kind_of_transform(transform) is TransformKind.UNKNOWN] == []


def test_what_was_told_to_a_transform_by_name_is_kept() -> None:
    if "metric_tensor" not in SHIPPED:
        pytest.skip("this PennyLane has no objects that are transforms")
    node = qml.QNode(lambda x: qml.expval(qml.PauliZ(0)), qml.device("default.qubit", wires=1))
    told = dict(options_of_transforms(pipeline_of(qml.metric_tensor(node, approx="block-diag"))))
    assert told["metric_tensor.approx"] == "block-diag"


def test_a_set_of_gates_is_told_as_a_list_in_one_order_and_a_gradients_options_as_they_are():
    if "metric_tensor" not in SHIPPED or not hasattr(qml.transforms, "decompose"):
        pytest.skip("this PennyLane has no such transform")
    node = qml.QNode(lambda x: qml.expval(qml.PauliZ(0)), qml.device("default.qubit", wires=1))
    told = dict(options_of_transforms(qml.transforms.decompose(node, gate_set={"RZ", "CNOT", "RX"})._compile_pipeline))
    assert told["decompose.gate_set"] == Held(Kind.LIST, ("CNOT", "RX", "RZ"))
    shifted = qml.gradients.param_shift(node, shifts=[(0.3,)])
    assert "param_shift.shifts" not in dict(options_of_transforms(shifted._compile_pipeline))


def _kinds(node: Any) -> list[TransformKind]:
    return [kind_of_transform(transform) for transform in pipeline_of(node)]


def _own(x: Any, wires: Any, **_: Any) -> None:
    qml.RX(x, wires=wires)


def _own_transform(tape: Any) -> Any:
    return [tape], lambda results: results[0]


def test_a_transform_that_is_told_a_rule_of_the_scripts_keeps_no_promise_of_pennylanes_alone() -> None:
    if not hasattr(qml, "register_resources"):
        pytest.skip("this PennyLane has no rules of decomposition")
    node = qml.QNode(lambda x: qml.expval(qml.PauliZ(0)), qml.device("default.qubit", wires=1))
    rule = qml.register_resources({qml.RX: 1})(_own)
    decompose = qml.transforms.decompose
    assert _kinds(decompose(node, gate_set={"RX"}, fixed_decomps={qml.RY: rule})) == [TransformKind.INSTRUCTED]
    assert _kinds(decompose(node, gate_set={"RX"}, alt_decomps={qml.RY: [rule]})) == [TransformKind.INSTRUCTED]
    assert _kinds(decompose(node, gate_set={"RX"}, stopping_condition=lambda op: True)) == [TransformKind.PRESERVING]
    theirs = qml.list_decomps(qml.CRX)[0]
    assert _kinds(decompose(node, gate_set={"RX"}, fixed_decomps={qml.CRX: theirs})) == [TransformKind.PRESERVING]


def test_a_pipeline_promises_no_more_than_each_of_its_transforms() -> None:
    if not SHIPPED or not hasattr(qml, "transform"):
        pytest.skip("this PennyLane has no objects that are transforms")
    node = qml.QNode(lambda x: qml.expval(qml.PauliZ(0)), qml.device("default.qubit", wires=1))
    merged = [qml.transforms.cancel_inverses, functools.partial(qml.transforms.merge_rotations, atol=1e-6)]
    assert _kinds(qml.compile(node, pipeline=merged)) == [TransformKind.PRESERVING]
    assert _kinds(qml.compile(node, pipeline=[*merged, qml.transform(_own_transform)])) == [TransformKind.UNKNOWN]
    noisy = functools.partial(qml.noise.insert, op=qml.BitFlip, op_args=0.1)
    assert _kinds(qml.compile(node, pipeline=[noisy])) == [TransformKind.CHANGING]
