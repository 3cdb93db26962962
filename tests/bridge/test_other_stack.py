"""The program that evaluates in another environment, run by this one: it gives what is given here, whatever anybody prints."""

from __future__ import annotations

import os
import sys

import numpy as np
import pennylane as qml
import pytest
from packaging.version import Version

from qdiag.bisecting.installers import clean_environment
from qdiag.bridges.codec.classes import name_of
from qdiag.bridges.codec.constructors import operator_from
from qdiag.bridges.codec.decoding import Decoding
from qdiag.bridges.codec.flattening import identifier_of
from qdiag.bridges.stack import pennylane_version
from qdiag.evaluation.evaluate import evaluate
from qdiag.evaluation.other_stack import OtherStack
from qdiag.model.class_names import is_among, names_of
from qdiag.model.node import Node, Tagged, Wires
from qdiag.model.parameter import Parameter
from tests.tools.class_names import LINES
from tests.worlds.locks import asked
from tests.worlds.methods import ADJOINT
from tests.worlds.sameness import same
from tests.worlds.scripted import call
from tests.worlds.small_circuits import circuit, gate

pytestmark = pytest.mark.stack


def test_it_gives_what_is_given_here_and_goes_on_after_a_failure() -> None:
    made = call(0, circuit(gate("RY", 0.3, trainable=True), gate("RX", 0.4, trainable=True)), ADJOINT)
    unknown = call(0, circuit(gate("NoSuchGate", 0.3)))
    with OtherStack(sys.executable, clean_environment(os.environ)) as other:
        assert other.environment.version("pennylane")
        assert other.evaluate(asked(unknown)).failure is not None
        found = other.evaluate(asked(made))
    here = evaluate(asked(made))
    assert same(found.outputs, here.outputs)
    assert np.allclose(found.vjps, here.vjps, rtol=1e-15)


# --- circuits of other releases -------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not hasattr(qml, "pow"), reason="this PennyLane has no powers")
def test_a_power_is_read_in_the_form_of_older_and_of_newer_releases() -> None:
    rotation = gate("RX", 0.3)
    older, newer = (Node("Pow", data, rest, (0,)) for data, rest in (((rotation, 2), ()), ((rotation,), (2,))))
    assert [Decoding().operator(node).z for node in (older, newer)] == [2, 2]


@pytest.mark.skipif(pennylane_version() < Version("0.42"), reason="work wires are of no kind yet")
def test_kinds_of_work_wires_are_read_by_their_old_and_new_names() -> None:
    base = gate("RX", 0.3)

    def kind(name: str) -> str:
        node = Node("Controlled", (base,), (Wires((1,)), (True,), Wires((2,)), name), (1, 0))
        return str(Decoding().operator(node).work_wire_type)

    assert kind("dirty") == kind("borrowed") != kind("clean") == kind("zeroed")


class Embedding:
    """An embedding of an old release, which knows no check of the norm."""

    def __init__(self, features: object, wires: object, pad_with: object = None, normalize: bool = False) -> None:
        self.given = (features, wires, pad_with, normalize)


def test_wires_and_hyperparameters_are_read_in_either_order() -> None:
    wires, pairs = qml.wires.Wires([0, 1]), (("pad_with", 0.0), ("normalize", True), ("validate_norm", True))
    for metadata in ((wires, pairs), (pairs, wires)):
        assert operator_from(Embedding, (1.0,), metadata).given == (1.0, wires, 0.0, True)
    assert operator_from(Embedding, (1.0,), (wires,)).given == (1.0, wires, None, False)


@pytest.mark.parametrize("name", LINES)
def test_what_a_line_makes_is_called_as_the_table_has_it(name: str) -> None:
    try:
        made = eval(LINES[name], {"qml": qml, "np": np})
    except (AttributeError, ValueError, TypeError):
        pytest.skip("this release cannot make it")
    if not isinstance(made, qml.operation.Operator):
        pytest.skip("this release makes a function of it")
    assert type(made).__name__ in names_of(name)
    assert is_among(name_of(type(made)), frozenset([name]))


WORDS = Node("PauliX", (), (Wires((0,)), ()), (0,)), Node("PauliZ", (), (Wires((1,)), ()), (1,))


@pytest.mark.parametrize("name", ["Hamiltonian", "LinearCombination"])
@pytest.mark.skipif(not hasattr(qml.ops, "Sum"), reason="the terms of sums are no method yet")
def test_a_weighted_sum_is_read_by_its_old_and_its_new_name(name: str) -> None:
    node = Node(name, (Parameter(np.array([0.5, 0.3]), "numpy", False), WORDS), (None,), (0, 1))
    coefficients, words = Decoding().operator(node).terms()
    assert (list(coefficients), [word.name for word in words]) == ([0.5, 0.3], ["PauliX", "PauliZ"])


@pytest.mark.skipif(pennylane_version() < Version("0.33"), reason="it has no postselection yet")
def test_a_measurement_within_a_circuit_is_read_as_older_and_newer_releases_take_it_apart() -> None:
    identifier, wires = Tagged("identifier", None), Wires((1,))
    older = Node("MidMeasureMP", (None, None), (("wires", wires), ("reset", True), ("id", identifier), ("postselect", 1)), (1,))
    newer = Node("MidMeasure", (), (wires, (("reset", True), ("postselect", 1), ("meas_uid", identifier))), (1,))
    for node in (older, newer):
        made = Decoding().operator(node)
        assert (made.wires.tolist(), made.reset, made.postselect, identifier_of(made)) == ([1], True, 1, "m0")


def test_options_that_are_off_are_left_out_where_a_release_does_not_know_them() -> None:
    class Plain:
        def __init__(self, state: object, wires: object) -> None:
            self.wires = wires

    wires = qml.wires.Wires([0])
    off = (("pad_with", None), ("normalize", False))
    assert operator_from(Plain, (1.0,), (off, wires)).wires == wires
    with pytest.raises(TypeError, match="normalize"):
        operator_from(Plain, (1.0,), ((("normalize", True),), wires))
