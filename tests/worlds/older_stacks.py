"""What the oldest PennyLanes and torches do not have, each by one name, for the tests that speak of it."""

from __future__ import annotations

from typing import Any

import pytest

torch: Any = pytest.importorskip("torch")
qml: Any = pytest.importorskip("pennylane")


def _takes_auto() -> bool:
    try:
        qml.QNode(lambda: None, qml.device("default.qubit", wires=1), interface="auto")
    except qml.QuantumFunctionError:
        return False
    return True


AUTO = "auto" if not hasattr(qml, "QuantumFunctionError") or _takes_auto() else "torch"
"""The interface of a QNode that is to take torch's numbers and others: PennyLane before 0.28 is told one."""

needs_auto = pytest.mark.skipif(AUTO != "auto", reason="a QNode of this PennyLane has one interface, whatever it is called with")
needs_scripts = pytest.mark.skipif(
    not hasattr(qml.tape, "QuantumScript"), reason="circuits are made in a tape's block in this PennyLane"
)
needs_function_modes = pytest.mark.skipif(
    not hasattr(torch.overrides, "TorchFunctionMode"),
    reason="losses are looked at by modes of torch's functions, which this torch has not",
)
needs_asarray = pytest.mark.skipif(
    not hasattr(torch, "asarray"), reason="this torch does not have the function"
)
needs_forced_numpy = pytest.mark.skipif(
    tuple(map(int, torch.__version__.split(".")[:2])) < (1, 13), reason="this torch does not have this argument of the method"
)
needs_leaf_hooks = pytest.mark.skipif(
    int(torch.__version__.split(".")[0]) < 2,
    reason="before torch 2 a leaf's hook does not run where its gradient is asked for by itself",
)
needs_pipelines = pytest.mark.skipif(
    not hasattr(qml.QNode, "transform_program") and not hasattr(qml.QNode, "compile_pipeline"),
    reason="transforms wrap QNodes in this PennyLane",
)

NEWEST = hasattr(qml, "set_shots")
"""Whether this is one of the PennyLanes whose faults the tests tell by name."""


def needs_newest(reason: str) -> pytest.MarkDecorator:
    """For what is said of today's PennyLane alone: the reason says how older ones differ."""
    return pytest.mark.skipif(not NEWEST, reason=reason)


def forgets_control_values() -> bool:
    """Whether a controlled matrix is another operation once its own numbers are bound to it again."""
    try:
        given = qml.ctrl(qml.QubitUnitary([[0.0, 1.0], [1.0, 0.0]], wires=1), control=0, control_values=[0])
        return list(qml.ops.functions.bind_new_parameters(given, given.data).control_values) != [False]
    except (AttributeError, TypeError):
        return False


needs_forgetting = pytest.mark.skipif(not forgets_control_values(), reason="here a controlled matrix keeps its control values")
