"""From a tensor back to the leaves behind it, on graphs made of a few classes."""

from __future__ import annotations

from typing import Any

from qdiag.recording.graph_walk import MOST_STEPS, behind_another, leaves_behind


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


class Box:
    """What autograd holds a value in, and the node that made it."""

    def __init__(self, *parents: Box) -> None:
        self._node: Made = Made([parent._node for parent in parents])


class Made:
    def __init__(self, parents: list[Made]) -> None:
        self.parents = parents


def test_a_parameter_that_another_was_worked_out_from_is_told_from_one_that_only_shares_its_source() -> None:
    weights = Node(Accumulate(Tensor()))
    first, alone = Node(weights), Node(weights)
    assert behind_another([Tensor(first), Tensor(Node(Node(first))), Tensor(alone)], []) == frozenset({0})
    source = Box()
    one = Box(source)
    assert behind_another([one, Box(Box(one)), Box(source), 0.5], []) == frozenset({0})


def test_nothing_is_looked_at_behind_the_arguments() -> None:
    behind: Any = Accumulate(Tensor())
    for _ in range(3 * MOST_STEPS):
        behind = Node(behind)
    argument = Tensor(behind)
    assert behind_another([Tensor(Node(behind))], [argument]) == frozenset()
    assert behind_another([Tensor(Node(behind))], []) is None


def test_of_a_parameter_that_is_an_argument_as_well_others_may_come() -> None:
    angle = Tensor(Node(Accumulate(Tensor())))
    assert behind_another([angle, Tensor(Node(angle.grad_fn))], [angle]) == frozenset({0})
