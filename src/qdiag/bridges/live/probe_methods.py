"""What differentiation methods say of a probed QNode: the slope of its weighted outputs along each tracked argument."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Optional

import numpy as np

from qdiag.bridges.interfaces.choice import graph_for
from qdiag.bridges.interfaces.forward_pass import Graph
from qdiag.bridges.live import qnode_attributes
from qdiag.bridges.live.device_numbers import measured_live
from qdiag.bridges.live.probe_subject import Subject, arrays_of, first_line, form_of, real_elements
from qdiag.bridges.live.shift_rules import takes_differences
from qdiag.bridges.processor_time import OutOfTime, processor_time
from qdiag.bridges.stack import takes_gradient_kwargs
from qdiag.model.measured import Measured
from qdiag.model.method import SHIFTED
from qdiag.model.numerics.granularity import COARSEST
from qdiag.model.numerics.rounding import EPS64
from qdiag.model.parameter import Parameter
from qdiag.model.probe import OTHER_OUTPUTS, Probe, ProbedMethod

LEAST, MOST = 1.0, 4.0
"""Processor seconds for one method besides the user's own, at least and at most: the script runs beside, and waits at its end."""

TIMES = 10
"""Between these, so many times what the user's own took."""

REPEATS = 3
"""So often a QNode has to give the same before it is said to give another result on plain numbers than on tracked ones."""

ROUNDING = 16
"""So many roundings between them are no other result."""

WORTH = 0.05
"""Processor seconds of one evaluation from which a quicker way to the same numbers is looked for."""

QUICKER = 4
"""So many times quicker it has to be."""

TRIES = 2
"""Evaluations of which one is to be that quick."""

SIMULATOR = "default.qubit"
"""The device on which it is looked for, too."""

STEPS: tuple[dict[str, Any], ...] = ({"h": 0.1, "approx_order": 4, "strategy": "center"}, {"h": 2e-7})
"""Another step for difference quotients: one that rounding does not reach, and one that is twice the default."""

Followed = tuple[bool, ...]
"""For each tracked argument, whether the graph of the circuit's own parameters leads back to it."""


@dataclass(frozen=True)
class Cost:
    """What the QNode itself took, in processor seconds: other methods get time by it, or none where that cannot be enough.

    Parameters
    ----------
    forward, own
        One evaluation on plain numbers; the user's own method.
    shifted
        How many numbers of the circuit a shift rule moves forth and back, each for an evaluation or more.
    """

    forward: float
    own: float
    shifted: int

    @property
    def patience(self) -> float:
        """What another method has."""
        return min(MOST, max(LEAST, TIMES * self.own))

    def least(self, method: str) -> float:
        """What another method takes at least."""
        return 2 * self.shifted * self.forward if method in SHIFTED else 0.0


def own_method(subject: Subject, call: int) -> tuple[Probe, Followed, Cost]:
    """The user's own method, beside plain numbers, and plain numbers once more."""
    device = measured_live(qnode_attributes.device_of(subject.qnode))
    eps = max(_eps_of(device), *(number.eps for number in _numbers_of(subject)))
    jitter = COARSEST if eps > EPS64 else 0.0
    began = time.process_time()
    steady = subject.is_steady(within=jitter)
    # it takes two evaluations
    forward = (time.process_time() - began) / 2
    closed = subject.is_whole
    graph, said = _differentiate(subject, subject.qnode, str(getattr(subject.qnode, "diff_method", "") or "none"))
    spent = time.process_time() - began - forward
    # of the circuit that was made last
    followed, numbers = _followed_parameters(subject, graph), subject.trainable_numbers()
    tape = qnode_attributes.tape_of(subject.qnode)
    differenced = takes_differences(getattr(tape, "operations", ()), getattr(tape, "measurements", ()))
    plain = real_elements(subject.plain)
    size = max(1.0, float(np.max(np.abs(plain), initial=0.0)))
    gap = 0.0 if graph is None or said.failure else _largest_gap(real_elements(graph.outputs), plain)
    alike = gap <= ROUNDING * eps * size
    same = gap > 0 and _makes_same_circuit(subject)
    probe = Probe(
        call,
        methods=(said,) if subject.tracked else (),
        eps=eps,
        size=size,
        plain_gap=gap,
        # what samples may give the same twice, and hardly ever so often
        repeatable=steady and not (device.samples and device.changing) and (alike or subject.is_steady(REPEATS, within=jitter)),
        closed=closed,
        marked=subject.is_marked,
        differenced=differenced,
        device=device,
        same_circuit=same,
    )
    return probe, followed, Cost(forward, spent, numbers)


def quicker_copy(subject: Subject, probe: Probe, cost: Cost) -> Any:
    """A copy of the QNode that gives the same numbers far quicker, since no derivative is asked of it; else the QNode itself.

    The adjoint method has each row of a batch run by itself, also where nothing is differentiated, and some devices have it always so:
    there PennyLane's own simulator, which takes a batch as it is, may be the quicker one.
    """
    if cost.forward < WORTH:
        return subject.qnode
    for make in (_without_method, _on_the_simulator):
        try:
            copy = make(subject.qnode)
            # the first evaluation of its kind takes what it loads, and what a copy of a process first writes to
            quick = any(QUICKER * _seconds_of_same(subject, copy, probe) <= cost.forward for _ in range(TRIES))
        except Exception:
            # what cannot be evaluated like this is evaluated as it is
            continue
        if quick:
            return copy
    return subject.qnode


def _seconds_of_same(subject: Subject, copy: Any, probe: Probe) -> float:
    """What a copy takes that gives what the QNode gave; no time is enough for one that gives other numbers."""
    began = time.process_time()
    elements = real_elements(arrays_of(subject.evaluate(copy, subject.here)))
    spent, plain = time.process_time() - began, real_elements(subject.plain)
    same = elements.shape == plain.shape and _largest_gap(elements, plain) <= ROUNDING * probe.eps * probe.size
    return spent if same else math.inf


def other_method(subject: Subject, method: str, cost: Cost) -> ProbedMethod:
    """Another method, on a copy of the QNode, in so much processor time as the user's own lets it have."""
    seconds = cost.patience
    if cost.least(method) > seconds:
        return ProbedMethod(method, failure=f"would take {math.ceil(cost.least(method))} s or more")
    try:
        other = _with_method(subject.qnode, method)
    except Exception as error:
        return ProbedMethod(method, failure=first_line(error))
    try:
        with processor_time(seconds):
            return other_qnode(subject, other, method)
    except OutOfTime:
        return ProbedMethod(method, failure=f"takes more than {seconds:.2g} s")


def other_qnode(subject: Subject, qnode: Any, method: str) -> ProbedMethod:
    """What another QNode says; one that computes another circuit than the user's is none of it."""
    graph, said = _differentiate(subject, qnode, method)
    if graph is None or said.failure:
        return said
    elements = real_elements(graph.outputs)
    apart = _largest_gap(elements, real_elements(subject.plain)) if elements.shape == real_elements(subject.plain).shape else None
    said = replace(said, apart=apart)
    return said if subject.is_same(elements) else replace(said, slopes=(), failure=OTHER_OUTPUTS)


def other_steps(subject: Subject) -> tuple[ProbedMethod, ...]:
    """What difference quotients of the QNode itself say with a far larger step, and with one twice as long; () where it takes none."""
    qnode = subject.qnode
    if getattr(qnode, "diff_method", "") != "finite-diff" or not hasattr(qnode, "update") or not takes_gradient_kwargs():
        return ()
    try:
        return tuple(other_qnode(subject, qnode.update(gradient_kwargs=dict(options)), "finite-diff") for options in STEPS)
    except Exception:
        # what cannot be asked with another step says nothing
        return ()


def slopes_here(subject: Subject) -> ProbedMethod:
    """What the QNode itself says at other numbers of the subject."""
    return _differentiate(subject, subject.qnode, "")[1]


def _differentiate(subject: Subject, qnode: Any, method: str) -> tuple[Optional[Graph], ProbedMethod]:
    """The forward pass, where there was one, and the slopes or what was raised instead."""
    graph: Optional[Graph] = None
    try:
        graph = _forward_pass(subject, qnode)
        gradients = graph.vjp(subject.cotangents(graph.outputs))
    except Exception as error:
        return graph, ProbedMethod(method, failure=first_line(error))
    return graph, ProbedMethod(method, tuple(map(_along, gradients, subject.directions)))


def _forward_pass(subject: Subject, qnode: Any) -> Graph:
    """The QNode on tracked numbers: the tracked arguments are the graph's parameters."""
    interface = subject.interface

    def function(numbers: Sequence[Any]) -> Sequence[Any]:
        values = subject.here
        for place, number in zip(subject.tracked, numbers):
            values[place] = number
        return subject.evaluate(qnode, values)

    return graph_for(interface)(function, [subject.leaves[place].parameter(interface) for place in subject.tracked])


def _followed_parameters(subject: Subject, graph: Optional[Graph]) -> Followed:
    """What the forward pass that was made last leads back to; where there was none, nothing is known to be cut."""
    if graph is None:
        return (True,) * len(subject.tracked)
    try:
        return graph.leads_back(subject.circuit_parameters())
    except Exception:
        # a graph that cannot be walked back leads nowhere
        return (False,) * len(subject.tracked)


def _makes_same_circuit(subject: Subject) -> bool:
    """Whether the circuit that was made last, on tracked numbers, is the one that plain numbers make."""
    tracked = form_of(subject.qnode)
    subject.outputs(subject.here)
    return tracked is not None and tracked == form_of(subject.qnode)


def _along(gradient: np.ndarray, direction: np.ndarray) -> float:
    return float(np.sum(np.real(np.conj(gradient) * direction)))


def _largest_gap(elements: np.ndarray, plain: np.ndarray) -> float:
    return float(np.max(np.abs(elements - plain), initial=0.0)) if elements.shape == plain.shape else 0.0


def _eps_of(device: Measured) -> float:
    """That of single precision where the device's own numbers tell of it, whatever it declares."""
    return float(np.finfo(np.float32 if device.narrow else np.float64).eps)


def _numbers_of(subject: Subject) -> list[Parameter]:
    """All numbers that come in, and that go out: the lowest precision among them is the one at work."""
    return [*(leaf.parameter(subject.interface) for leaf in subject.leaves), *(Parameter(output) for output in subject.plain)]


def _without_method(qnode: Any) -> Any:
    return _with_method(qnode, None)


def _on_the_simulator(qnode: Any) -> Any:
    """The QNode on PennyLane's own simulator, without a method."""
    import pennylane as qml

    device = qml.device(SIMULATOR, wires=qnode_attributes.device_of(qnode).wires)
    if hasattr(qnode, "update"):
        return _without_method(qnode.update(device=device))
    return type(qnode)(qnode.func, device, interface=qnode.interface, diff_method=None)


def _with_method(qnode: Any, method: Optional[str]) -> Any:
    if hasattr(qnode, "update"):
        if takes_gradient_kwargs():
            return qnode.update(diff_method=method, gradient_kwargs={})
        return qnode.update(diff_method=method)
    # backprop put a device of its own in place of the user's
    device = vars(qnode).get("_original_device", qnode.device)
    return type(qnode)(qnode.func, device, interface=qnode.interface, diff_method=method)
