"""(Circuit, Method) → Evaluation: the outputs and derivatives of a circuit under one method. A failure is a value, never an exception.

How PennyLane and the interfaces do it lives in `bridges`, which are imported only when something is evaluated.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import replace
from typing import Optional

import numpy as np

from qdiag.errors import CircuitFormatError
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.numerics.observable_norms import norms_of
from qdiag.trace.array_bundle import pack
from qdiag.trace.circuit_text import skeleton


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
    from qdiag.bridges.running import run_circuit

    start = time.perf_counter()
    evaluation = run_circuit.evaluated(request)
    norms = norms_of(request.circuit, len(evaluation.outputs)) if evaluation.outputs is not None else ()
    return replace(evaluation, norms=norms, seconds=time.perf_counter() - start)


def fingerprint(request: Request) -> Optional[str]:
    """A text that is the same for two requests exactly where they ask the same, or None where the circuit cannot be stored."""
    try:
        text, numbers = skeleton(request.circuit)
        given = [cotangent for cotangents in request.cotangents for cotangent in cotangents]
        arrays = pack([*numbers, *(None if array is None else np.asarray(array) for array in given)])
    except CircuitFormatError:
        return None
    asked = replace(request, circuit=None, cotangents=())  # type: ignore[arg-type]
    counts = [len(cotangents) for cotangents in request.cotangents]
    digest = hashlib.sha256(f"{asked!r}\n{counts}\n{text}\n".encode())
    digest.update(arrays)
    return digest.hexdigest()
