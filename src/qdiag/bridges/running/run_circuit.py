"""One circuit under one method: the evaluation, what a method that refuses the circuit as it stands is given instead, and the
state of the process that is put back afterwards.
"""

from __future__ import annotations

import random
import re
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Optional

import numpy as np

from qdiag.bridges.failures import failure_met
from qdiag.bridges.heard_warnings import heard_warnings
from qdiag.bridges.interfaces.choice import graph_for, interface_for, precision_for
from qdiag.bridges.interfaces.forward_pass import Graph, outside_of_inference
from qdiag.bridges.running.batch_rows import row_requests, together
from qdiag.bridges.running.products import jacobian, products
from qdiag.bridges.running.qnode_runner import Runner
from qdiag.bridges.stack import graph_switched
from qdiag.model.call import Failure
from qdiag.model.circuit import Circuit
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.node import parameters_of, spare_label
from qdiag.model.numerics.gates import PARAMETRIC
from qdiag.model.variants import with_precision, with_trainable

ROWS = "rows evaluated one by one"
SPARE_WIRE = "a spare wire was added for hadamard"
DIRECT = "hadamard in its direct mode, which needs no spare wire"

_READ_BY_TESTS = frozenset({"ExpectationMP", "ProbabilityMP"})
"""What a Hadamard test reads; of all else it says that before it looks for a wire."""

_REFUSES_BATCHES = re.compile(r"broadcast|#4462|batch", re.IGNORECASE)
_WANTS_WIRE = re.compile(r"aux|free wire|wires not found on the device", re.IGNORECASE)


def evaluate_circuit(request: Request) -> Evaluation:
    """An evaluation, without its norms and time (see `evaluate.evaluate`)."""
    with graph_switched(request.graph), outside_of_inference(), _seeded_surroundings(request) as caught:
        evaluation = _attempt_and_amend(request)
    texts = tuple(dict.fromkeys(str(warning.message) for warning in caught))
    return replace(evaluation, warnings=texts)


def _attempt_and_amend(request: Request) -> Evaluation:
    asked = _prepare_request(request)
    evaluation = _attempt_with_wire(asked)
    if evaluation.failure is not None and not request.as_it_stands:
        evaluation = _by_rows(asked, evaluation)
    return replace(evaluation, method=request.method)


def _prepare_request(request: Request) -> Request:
    circuit = request.circuit
    if request.method.precision:
        circuit = with_precision(circuit, request.method.precision)
    if request.method.diff_method == "none":
        circuit = with_trainable(circuit, ())
        method = replace(request.method, placement="", compiled="")
        return replace(request, circuit=circuit, method=method, interface="", cotangents=(), jacobian=False, second=False)
    return replace(request, circuit=circuit)


def _attempt(request: Request, direction: Optional[Sequence[np.ndarray]] = None) -> Evaluation:
    evaluation = Evaluation(request.method)
    stage, runner = "build", None
    try:
        parameters = request.circuit.parameters
        plain = request.method.diff_method == "none"
        interface = "" if plain else interface_for(request.interface, parameters)
        with precision_for(interface, parameters, request.default_dtype):
            stage = "device"
            runner = Runner(request, interface)
            stage = "build"
            graph = graph_for(interface, request.method.placement, request.method.compiled)(runner, parameters)
            stage = "backward"
            evaluation = replace(evaluation, outputs=graph.outputs)
            misfit = _misfit(request, graph.outputs)
            if misfit is not None:
                return replace(evaluation, failure=misfit)
            evaluation = replace(evaluation, vjps=products(graph, request))
            if request.jacobian:
                evaluation = replace(evaluation, jacobian=jacobian(graph, request, evaluation.vjps))
            if request.second:
                wanted = direction_for(request.circuit) if direction is None else direction
                evaluation = replace(evaluation, hvp=graph.hvp(_cotangents(request, graph), wanted))
    except Exception as error:
        reached = runner.stage if runner is not None and stage == "build" else stage
        evaluation = replace(evaluation, failure=failure_met(error, reached))
    return evaluation


def _misfit(request: Request, outputs: Sequence[np.ndarray]) -> Optional[Failure]:
    """That what is to go back does not fit what the method gave: it gave results of another shape than the script got."""
    for cotangents in request.cotangents:
        for cotangent, output in zip(cotangents, outputs):
            if cotangent is not None and np.size(cotangent) != output.size:
                words = f"the result has the shape {output.shape}, what came back to the script's own the shape {np.shape(cotangent)}"
                return Failure("ShapeMismatch", words, stage="backward")
    return None


def direction_for(circuit: Circuit) -> tuple[np.ndarray, ...]:
    """The direction of a Hessian-vector product: one array for each trainable parameter, the same for every method."""
    generator = np.random.default_rng(len(circuit.trainable))
    parameters = circuit.parameters
    return tuple(generator.standard_normal(parameters[i].value.shape).astype(parameters[i].value.dtype) for i in circuit.trainable)


def _cotangents(request: Request, graph: Graph) -> Sequence[Optional[np.ndarray]]:
    """The first cotangents that were given, or seeded ones: a second derivative needs a scalar."""
    if request.cotangents:
        return request.cotangents[0]
    generator = np.random.default_rng(len(graph.outputs))
    return tuple(generator.standard_normal(output.shape) for output in graph.outputs)


# --- amendments: what a method that refuses the circuit as it stands is given instead ------------------------------------


def _attempt_with_wire(request: Request, direction: Optional[Sequence[np.ndarray]] = None) -> Evaluation:
    """An attempt, with a spare wire where one is needed."""
    if request.as_wired:
        return _attempt(request, direction)
    if _leaves_no_wire(request):
        # it would be refused once the circuit has run: that is not tried only to hear so
        spared = _attempt(_with_another_wire(request), direction)
        if spared.failure is None:
            return replace(spared, notes=(*spared.notes, SPARE_WIRE))
    return _with_spare_wire(request, _attempt(request, direction))


def _leaves_no_wire(request: Request) -> bool:
    """Whether Hadamard tests are wanted of a circuit that takes all wires of its device."""
    circuit, method = request.circuit, request.method
    if method.diff_method != "hadamard" or not {"aux_wire", "mode"}.isdisjoint(dict(method.gradient_options)):
        return False
    if not circuit.trainable or not (request.cotangents or request.jacobian or request.second):
        return False
    read = all(node.name in _READ_BY_TESTS and node.wires for node in circuit.measurements)
    turns = [parameter for node in circuit.operations if node.name in PARAMETRIC for parameter in parameters_of(node)]
    # a batch is refused, too, and before that
    plain = not any(parameter.value.ndim for parameter in turns)
    return read and plain and bool(request.device_wires) and set(request.device_wires) <= set(circuit.wires)


def _with_another_wire(request: Request) -> Request:
    label = spare_label((*request.device_wires, *request.circuit.wires))
    wires = (*(request.device_wires or request.circuit.wires), label)
    options = tuple(sorted({**dict(request.method.gradient_options), "aux_wire": label}.items()))
    return replace(request, device_wires=wires, method=replace(request.method, gradient_options=options))


def _with_spare_wire(request: Request, refused: Evaluation) -> Evaluation:
    """Hadamard tests need a wire that the circuit leaves free."""
    failure = refused.failure
    if request.method.diff_method != "hadamard" or failure is None or not (failure.refusal and _WANTS_WIRE.search(failure.message)):
        return refused
    method = request.method
    if all(node.wires for node in request.circuit.measurements):
        amended = _attempt(_with_another_wire(request))
        note = SPARE_WIRE
    else:
        options = tuple(sorted({**dict(method.gradient_options), "mode": "direct"}.items()))
        amended = _attempt(replace(request, method=replace(method, gradient_options=options)))
        note = DIRECT
    return refused if amended.failure and _WANTS_WIRE.search(amended.failure.message) else _with_note(amended, refused, note)


def _by_rows(request: Request, refused: Evaluation) -> Evaluation:
    """Gradient transforms refuse broadcasting: the rows are ours to split, and what the forward pass gave is kept."""
    if not _calls_for_rows(request, refused.failure):
        return refused
    requests = row_requests(request)
    if not requests:
        return refused
    directions = _row_directions(request, requests)
    evaluations = []
    for row, direction in zip(requests, directions):
        evaluation = _attempt_with_wire(row, direction)
        if evaluation.failure is not None:
            return _with_note(evaluation, refused, ROWS)
        evaluations.append(evaluation)
    return _with_note(together(request, evaluations), refused, ROWS)


def _calls_for_rows(request: Request, failure: Optional[Failure]) -> bool:
    """Whether it is the batch that a method cannot take: it says so, or breaks down where a cotangent is zero throughout.

    There the gradient transforms give zeros in the shape that a circuit without a batch has, and the interface takes offence.
    """
    if failure is None or (failure.refusal and _REFUSES_BATCHES.search(failure.message)):
        return failure is not None
    return failure.stage == "backward" and any(not any(np.any(c) for c in given if c is not None) for given in request.cotangents)


def _row_directions(request: Request, requests: Sequence[Request]) -> list[Optional[tuple[np.ndarray, ...]]]:
    """The whole direction's part in each row: a parameter that carries the batch has one axis less there."""
    if not request.second:
        return [None] * len(requests)
    whole = direction_for(request.circuit)
    shapes = [[r.circuit.parameters[i].value.shape for i in r.circuit.trainable] for r in requests]
    return [
        tuple(step if step.shape == shape else np.asarray(step[row]) for step, shape in zip(whole, shapes[row]))
        for row in range(len(requests))
    ]


def _with_note(evaluation: Evaluation, refused: Evaluation, note: str) -> Evaluation:
    outputs = refused.outputs if refused.outputs is not None else evaluation.outputs
    return replace(evaluation, outputs=outputs, notes=(*refused.notes, *evaluation.notes, note))


# --- what an evaluation leaves as it found it ---------------------------------------------------------------------------


@contextmanager
def _seeded_surroundings(request: Request) -> Iterator[list[warnings.WarningMessage]]:
    """Seed the random streams, set torch's default dtype, collect warnings; put everything back afterwards."""
    states = random.getstate(), np.random.get_state()
    torch = sys.modules.get("torch")
    if torch is None and request.default_dtype:
        import torch as loaded

        torch = loaded
    torch_state: Any = None if torch is None else (torch.get_rng_state(), torch.get_default_dtype())
    try:
        random.seed(request.seed)
        np.random.seed(request.seed % 2**32)
        if torch is not None:
            torch.default_generator.manual_seed(request.seed)
            if request.default_dtype:
                torch.set_default_dtype(getattr(torch, request.default_dtype))
        with heard_warnings() as caught:
            yield caught
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        if torch is not None:
            torch.set_rng_state(torch_state[0])
            torch.set_default_dtype(torch_state[1])
