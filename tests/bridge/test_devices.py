"""Devices, recorded as a script made them and made again."""

from __future__ import annotations

import copy
import inspect
from fractions import Fraction

import numpy as np
import pennylane as qml
import pytest

from qdiag.bridges.live.device_identity import name_of_device, own_device
from qdiag.bridges.live.made_devices import device_bases, options_given_to
from qdiag.bridges.running import devices
from qdiag.bridges.running.given_values import live_options
from qdiag.errors import MethodError
from qdiag.model.circuit import Circuit
from qdiag.model.method import Method
from qdiag.model.node import Node
from qdiag.model.option import Held, Kind

CIRCUIT = Circuit((), (Node("ExpectationMP", (0,), None, (0,)),))
OBJECT = Held(Kind.OBJECT, ("an object (NoiseModel)",))


def test_recorded_options_become_what_they_were():
    given = (
        ("array", Held(Kind.ARRAY, ("float32", Held(Kind.TUPLE, (2, 1)), 1.0, 2.0))),
        ("inner", Held(Kind.DICT, ("a", Held(Kind.TUPLE, (Held(Kind.COMPLEX, (0.0, 1.0)),))))),
        ("kind", Held(Kind.NAME, ("fractions:Fraction",))),
    )
    live = live_options(given, trusted=True)
    assert live["array"].dtype == np.float32
    assert live["array"].tolist() == [[1.0], [2.0]]
    assert live["inner"] == {"a": (1j,)}
    assert live["kind"] is Fraction


def test_nothing_is_imported_by_name_for_a_stranger():
    named = (("kind", Held(Kind.NAME, ("fractions:Fraction",))),)
    with pytest.raises(MethodError, match="only for a trace of your own"):
        live_options(named, trusted=False)
    with pytest.raises(MethodError, match="only for a trace of your own"):
        devices.fresh(Method("fractions:Fraction", "none"), (0,), CIRCUIT)
    assert live_options((("dtype", Held(Kind.NAME, ("numpy:float32",))),), trusted=False) == {"dtype": np.float32}


def test_an_object_cannot_be_made_again():
    with pytest.raises(MethodError, match=r"option noise_model is an object \(NoiseModel\)"):
        devices.fresh(Method("default.mixed", "none", device_options=(("noise_model", OBJECT),)), (0,), CIRCUIT)


@pytest.mark.parametrize("name", ["__main__:Mine", "no.such.module:Mine", "fractions:Missing"])
def test_a_class_that_is_not_there_is_said(name):
    with pytest.raises(MethodError):
        devices.fresh(Method(name, "none"), (0,), CIRCUIT, trusted=True)


def test_a_device_is_made_by_its_class_where_it_has_no_name():
    kind = type(own_device(qml.device("default.mixed", wires=1)))
    method = Method(f"{kind.__module__}:{kind.__qualname__}", "none")
    assert type(own_device(devices.fresh(method, ("a",), CIRCUIT, trusted=True))) is kind


def test_installed_devices_have_their_own_names():
    for name in ("default.qubit", "default.mixed", "lightning.qubit"):
        if name in devices.installed_devices():
            assert name_of_device(own_device(qml.device(name, wires=1))) == name


def test_a_class_of_the_users_is_no_device_of_pennylanes():
    mine = type("Mine", (type(own_device(qml.device("default.mixed", wires=1))),), {"__module__": __name__})
    assert name_of_device(mine(wires=1)) == f"{__name__}:Mine"


def test_the_classes_that_all_devices_inherit_from_are_known():
    made = own_device(qml.device("default.qubit", wires=1))
    assert isinstance(made, device_bases())


def test_an_option_is_told_by_an_attribute_where_nobody_saw_the_device_made():
    if "readout_prob" not in _parameters("default.mixed"):
        pytest.skip("this PennyLane's default.mixed has no readout_prob")
    made = own_device(qml.device("default.mixed", wires=1, readout_prob=0.1))
    assert options_given_to(made) == (("readout_prob", 0.1),)
    assert options_given_to(copy.deepcopy(made)) == (("readout_prob", 0.1),)


@pytest.mark.plugin
def test_aer_on_qiskit_is_made_again_with_its_backend():
    pytest.importorskip("pennylane_qiskit", reason="pennylane-qiskit is not installed")
    method = Method("qiskit.aer", "none", device_options=(("backend", "aer_simulator_statevector"),))
    assert own_device(devices.fresh(method, (0, 1), CIRCUIT)).backend_name == "aer_simulator_statevector"


@pytest.mark.plugin
def test_a_device_of_hybridlane_that_needs_an_option_is_made_again_with_it():
    pytest.importorskip("hybridlane", reason="hybridlane is not installed")
    method = Method("default.hybrid", "none", device_options=(("fock_level", 8),))
    assert name_of_device(own_device(devices.fresh(method, (), CIRCUIT))) == "default.hybrid"


def _parameters(name):
    return inspect.signature(type(own_device(qml.device(name, wires=1))).__init__).parameters
