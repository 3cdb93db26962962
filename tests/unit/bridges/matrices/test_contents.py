"""Nodes that hold the same are known by the same key, those that hold anything else by another, and what has no key has none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from qdiag.bridges.matrices.contents import LARGEST, named
from qdiag.model.node import Mapping, MeasuredOutcome, Node, Tagged, Wires
from qdiag.model.parameter import Parameter
from tests.worlds.small_circuits import controlled, gate

SAME = (
    lambda: gate("RX", 0.3),
    lambda: controlled(gate("Rot", 0.1, 0.2, 0.3, wires=(1,)), 0),
    lambda: replace(gate("RX", 0.3), metadata=(Mapping((("word", "XY"),)), Tagged("set", (1, 2)), MeasuredOutcome((0,), (0, 1)))),
)


@pytest.mark.parametrize("make", SAME)
def test_the_same_twice_is_one(make) -> None:  # type: ignore[no-untyped-def]
    one, other = named(make()), named(make())
    assert one is not None
    assert one == other
    assert hash(one) == hash(other)


RX = gate("RX", 0.3)
OTHERS = (
    gate("RY", 0.3),
    gate("RX", 0.30000000000000004),
    gate("RX", 0.3, dtype="float32"),
    gate("RX", [0.3]),
    gate("RX", 0.3, trainable=True),
    gate("RX", 0.3, wires=(1,)),
    replace(RX, metadata=(Wires((0,)), (True,))),
    replace(RX, metadata=(Wires((0,)), (1,))),
    replace(RX, metadata=(Wires((0,)), [1])),
)


@pytest.mark.parametrize("other", OTHERS, ids=range(len(OTHERS)))
def test_what_holds_anything_else_is_another(other: Node) -> None:
    assert named(RX) != named(other)


def test_all_of_these_are_different() -> None:
    assert len({named(node) for node in OTHERS}) == len(OTHERS)


@pytest.mark.parametrize(
    "node",
    [
        replace(RX, definition="class RX: ..."),
        replace(RX, opaque="it holds a function"),
        replace(RX, data=(Parameter(np.zeros(LARGEST)),)),
        replace(RX, metadata=object()),  # type: ignore[arg-type]
        controlled(replace(gate("RX", 0.3, wires=(1,)), definition="class RX: ..."), 0),
    ],
)
def test_a_users_own_class_a_large_array_and_what_is_not_known_have_no_key(node: Node) -> None:
    assert named(node) is None
