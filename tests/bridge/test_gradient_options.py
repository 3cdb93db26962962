"""What a QNode's gradient was told: recorded where it can be written down, given to each replay, and written into reproducers."""

from __future__ import annotations

import functools
import inspect
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.stack

qml = pytest.importorskip("pennylane")

from pennylane import numpy as pnp  # noqa: E402

from qdiag.bridges.codec.tapes import circuit_of  # noqa: E402
from qdiag.bridges.live.qnode_attributes import configuration_of  # noqa: E402
from qdiag.bridges.source.quantum_function import qnode_source  # noqa: E402
from qdiag.bridges.stack import takes_gradient_kwargs  # noqa: E402
from qdiag.errors import OpaqueCircuitError  # noqa: E402
from qdiag.evaluation.evaluate import evaluate  # noqa: E402
from qdiag.model.call import Configuration, SourceLine  # noqa: E402
from qdiag.model.evaluation import Request  # noqa: E402
from qdiag.model.method import Method, parse  # noqa: E402
from qdiag.model.option import Held, Kind  # noqa: E402

today_only = pytest.mark.skipif(
    not takes_gradient_kwargs() or "level" not in inspect.signature(qml.draw).parameters, reason="this PennyLane takes them otherwise"
)
SHIFT = parse("default.qubit/parameter-shift")
RULE = Held(Kind.LIST, (Held(Kind.TUPLE, (0.4,)), Held(Kind.TUPLE, (0.5, 1.5))))


def turned(w: Any) -> Any:
    qml.RX(w[0], wires=0)
    qml.CRY(w[1], wires=[0, 1])
    return qml.expval(qml.PauliZ(1))


def recorded(**options: Any) -> Configuration:
    qnode = qml.QNode(turned, qml.device("default.qubit", wires=2), diff_method="parameter-shift", gradient_kwargs=options)
    return configuration_of(qnode, (None, None), SourceLine("train.py", 1), "")


@today_only
def test_lists_and_tuples_are_recorded_and_an_array_as_the_list_that_does_the_same() -> None:
    assert recorded(shifts=[(0.4,), (0.5, 1.5)]).gradient_options == (("shifts", RULE),)
    assert recorded(argnum=np.array([0, 1])).gradient_options == (("argnum", Held(Kind.LIST, (0, 1))),)


@today_only
@pytest.mark.parametrize("value", [functools.partial(max), np.float32, [object()]], ids=["an object", "a name", "an object in a list"])
def test_what_nobody_can_write_down_is_left_out(value: Any) -> None:
    assert recorded(sampler=value, broadcast=False).gradient_options == (("broadcast", False),)


@today_only
def test_a_replay_is_told_what_the_script_told() -> None:
    qnode = qml.QNode(turned, qml.device("default.qubit", wires=2), interface="autograd", diff_method="parameter-shift")
    qnode(pnp.array([0.3, 0.9], requires_grad=True))
    request = Request(circuit_of(qnode._tape, "single"), SHIFT, "autograd", (0, 1), jacobian=True)
    answers = [
        evaluate(replace(request, method=replace(SHIFT, gradient_options=options)))
        for options in ((), (("shifts", RULE),), (("argnum", Held(Kind.LIST, (0,))),))
    ]
    plain, ruled, partly = (np.ravel([answer.jacobian]) for answer in answers)
    assert ruled == pytest.approx(plain)
    assert partly == pytest.approx([plain[0], 0])
    wrong = evaluate(replace(request, method=replace(SHIFT, gradient_options=(("shifts", Held(Kind.LIST, RULE.parts[:1] * 2)),))))
    assert wrong.failure is not None
    assert "number of shifts" in wrong.failure.message


@today_only
def test_a_reproducer_is_written_with_it() -> None:
    method = Method("default.qubit", "parameter-shift", gradient_options=(("broadcast", True), ("shifts", RULE)))
    assert 'gradient_kwargs={"broadcast": True, "shifts": [(0.4,), (0.5, 1.5)]}' in qnode_source("circuit", "device", method)


@today_only
def test_what_only_a_strangers_file_can_say_is_not_written() -> None:
    strange = Method("default.qubit", "spsa", gradient_options=(("sampler", Held(Kind.NAME, ("os:system",))),))
    with pytest.raises(OpaqueCircuitError):
        qnode_source("circuit", "device", strange)
