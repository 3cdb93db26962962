"""(Circuit, Method) → Evaluation: the outputs and derivatives of a circuit under one method. A failure is a value, never an exception.

How PennyLane and the interfaces do it lives in `bridges`, which are imported only when something is evaluated.
"""

from __future__ import annotations

import time
from dataclasses import replace

from qdiag.evaluation import taken_memory
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.measured import UNKNOWN
from qdiag.model.method import SHIFTED
from qdiag.model.numerics.observable_norms import norms_of


def evaluate(request: Request) -> Evaluation:
    """Evaluate a circuit under a method.

    Parameters
    ----------
    request
        What is wanted. For ``diff_method`` ``none`` the circuit runs on plain, untracked numbers and there are no derivatives.

    Returns
    -------
    Evaluation
        Never an exception: what went wrong is `Evaluation.failure`, and what had been worked out before is kept.
    """
    from qdiag.bridges.facts import decompositions
    from qdiag.bridges.running import device_measurement, run_circuit

    resident = taken_memory.resident_now()
    start = time.process_time()
    evaluation = run_circuit.evaluate_circuit(request)
    seconds = time.process_time() - start
    memory = taken_memory.taken_since(resident)
    norms = norms_of(request.circuit, len(evaluation.outputs)) if evaluation.outputs is not None else ()
    if request.method.diff_method in SHIFTED and (evaluation.vjps or evaluation.jacobian or evaluation.hvp):
        left = decompositions.parameters_left_to_differences(request.circuit, request.trusted)
        evaluation = replace(evaluation, differenced=bool(left))
    seen = device_measurement.measured(request) if evaluation.outputs is not None else UNKNOWN
    return replace(evaluation, measured=seen, norms=norms, seconds=seconds, memory=memory)
