"""What can reach a measurement, by wires alone."""

from __future__ import annotations

from qdiag.diagnosis.training.light_cone import inside_the_cone
from tests.worlds.small_circuits import circuit, expval, gate, probs


def test_an_operation_reaches_what_is_measured_through_later_ones() -> None:
    ran = circuit(
        gate("RX", 0.1, wires=(0,)),
        gate("RX", 0.2, wires=(1,)),
        gate("RX", 0.3, wires=(2,)),
        gate("CNOT", wires=(0, 1)),
        gate("RY", 0.4, wires=(0,)),
        measured=(expval(gate("PauliZ", wires=(1,))),),
    )
    assert inside_the_cone(ran) == (True, True, False, True, False)


def test_each_measurement_has_a_cone() -> None:
    ran = circuit(gate("RX", 0.1, wires=(0,)), gate("RX", 0.2, wires=(1,)), measured=(expval(gate("PauliZ")), probs(1)))
    assert inside_the_cone(ran) == (True, True)


def test_a_measurement_of_all_wires_is_reached_by_all() -> None:
    assert inside_the_cone(circuit(gate("RX", 0.1, wires=(3,)), measured=(probs(),))) == (True,)


def test_behind_a_measurement_in_the_middle_wires_say_nothing() -> None:
    assert inside_the_cone(circuit(gate("RX", 0.1, wires=(2,)), gate("MidMeasureMP", wires=(2,)))) == (True, True)
