"""Experiments on where a circuit runs: the device, the interface, the order of wires, compiled or not."""

from __future__ import annotations

from dataclasses import replace
from typing import Optional

from qdiag.diagnosis.cause import Experiment
from qdiag.diagnosis.experiments.changes import other_methods
from qdiag.evaluation.evaluator import Evaluator
from qdiag.judging.question import Question
from qdiag.model.circuit import Circuit, midway_measurements
from qdiag.model.method import Method
from qdiag.model.node import Label, spare_label
from qdiag.model.parameter import TENSORS
from qdiag.model.variants import with_parameters, with_wire_labels


def _default_device(method: Method) -> Method:
    return method if method.device in ("default.qubit", "") else replace(method, device="default.qubit", device_options=())


ON_THE_CPU = other_methods("the same numbers in the memory of the CPU", lambda method: replace(method, placement=""))
OTHER_DEVICE = other_methods("the same methods on default.qubit", _default_device)


def _other_interface(question: Question, _: Evaluator) -> Optional[Question]:
    other = {"torch": "autograd", "autograd": "torch", "jax": "torch"}.get(question.interface)
    # a dtype that the other interface does not have would change as well
    if other is None or any(parameter.foreign for parameter in question.circuit.parameters):
        return None
    return replace(question, interface=other, circuit=_in_container(question.circuit, other))


def _in_container(circuit: Circuit, container: str) -> Circuit:
    return with_parameters(circuit, [replace(p, container=container) if p.container in TENSORS else p for p in circuit.parameters])


def _wires_as_used(question: Question, _: Evaluator) -> Optional[Question]:
    labels = dict.fromkeys((*question.circuit.wires, *question.device_wires))
    numbers: dict[Label, Label] = {label: number for number, label in enumerate(labels)}  # type: ignore[misc]
    wires = tuple(range(len(numbers)))
    if tuple(labels) == wires == tuple(question.device_wires):
        return None
    return replace(question, circuit=with_wire_labels(question.circuit, numbers), device_wires=wires)


WIRES_AS_USED = Experiment("wires numbered in the order of their use", _wires_as_used)
OTHER_INTERFACE = Experiment("another interface", _other_interface)


def _uncompiled(method: Method) -> Method:
    return replace(method, compiled="")


UNCOMPILED = other_methods("not compiled", _uncompiled)


def with_wires_to_spare(question: Question) -> Optional[Question]:
    """The question on a device with more wires than the circuit takes: one, and one for each measurement in the middle.

    What the circuit names and the device has not is added, too. None where the device takes whatever wires there are.
    """
    if not question.device_wires:
        return None
    wires: list[object] = [*question.device_wires, *missing_wires(question)]
    for _ in range(1 + midway_measurements(question.circuit)):
        wires.append(spare_label((*wires, *question.circuit.wires)))
    return replace(question, device_wires=tuple(wires))


def missing_wires(question: Question) -> tuple[object, ...]:
    """Wires that the circuit names and its device has not."""
    return tuple(wire for wire in question.circuit.wires if question.device_wires and wire not in question.device_wires)


def count_of_wires(question: Question) -> str:
    """The device by the number of its wires."""
    number = len(question.device_wires)
    return f"a device of {number} wire{'s' * (number != 1)}"


def _wires_turned(question: Question, _: Evaluator) -> Optional[Question]:
    return replace(question, device_wires=question.device_wires[::-1]) if len(question.device_wires) > 1 else None


WIRES_TO_SPARE = Experiment("wires to spare on the device", lambda question, _: with_wires_to_spare(question))
WIRES_TURNED = Experiment("as many wires on the device, in reverse order", _wires_turned)
