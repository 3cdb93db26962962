"""From a tensor back to the leaves behind it, on graphs made of a few classes."""

from __future__ import annotations

from typing import Any

from qdiag.recording.graph_walk import leaves_behind


class Node:
    def __init__(self, *following: Any) -> None:
        self.next_functions = tuple((node, 0) for node in following)


class Accumulate(Node):
    def __init__(self, variable: Any) -> None:
        super().__init__()
        self.variable = variable


class Tensor:
    def __init__(self, node: Any = None, requires_grad: bool = True) -> None:
        self.grad_fn = node
        self.requires_grad = requires_grad


def test_every_leaf_is_met_once_whatever_ways_lead_to_it() -> None:
    one, two = Tensor(), Tensor()
    shared = Node(Accumulate(one), None)
    found = leaves_behind([Tensor(Node(shared, Accumulate(two), shared)), Tensor(shared)])
    assert sorted(map(id, found.leaves)) == sorted(map(id, (one, two)))
    assert found.complete


def test_a_tracked_leaf_stands_for_itself_and_an_untracked_tensor_for_nothing() -> None:
    leaf = Tensor()
    assert leaves_behind([leaf, leaf, Tensor(requires_grad=False)]).leaves == (leaf,)


def test_a_walk_that_was_cut_short_says_so() -> None:
    node: Any = Accumulate(Tensor())
    for _ in range(20):
        node = Node(node)
    assert leaves_behind([Tensor(node)], most=10) == ((), False)
