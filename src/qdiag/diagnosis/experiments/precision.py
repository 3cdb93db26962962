"""Experiments on precision: numbers, devices and defaults in double, or back in single."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Optional

import numpy as np

from qdiag.diagnosis.cause import Experiment
from qdiag.diagnosis.experiments.changes import edit, other_methods
from qdiag.evaluation.evaluator import Evaluator
from qdiag.judging.question import Question
from qdiag.model.circuit import Circuit
from qdiag.model.method import Method
from qdiag.model.node import nodes_of, parameters_of
from qdiag.model.numerics.surfaces import CLOSE
from qdiag.model.operator_families import STATE_DATA
from qdiag.model.parameter import NARROW, WIDER, Parameter
from qdiag.model.variants import with_dtypes_of, with_parameters, with_precision


def amplitude_positions(circuit: Circuit) -> frozenset[int]:
    """Positions of the parameters that hold amplitudes."""
    position = 0
    inside: set[int] = set()
    for node in circuit.nodes:
        count = len(parameters_of(node))
        if any(inner.name in STATE_DATA for inner in nodes_of(node)):
            inside.update(range(position, position + count))
        position += count
    return frozenset(inside)


def widened(parameter: Parameter) -> Parameter:
    """A number of less than double precision in double precision."""
    return replace(parameter, value=parameter.value.astype(WIDER[parameter.dtype]), foreign="")


def widened_amplitudes(parameter: Parameter) -> Parameter:
    """Amplitudes in double precision, and normalised in it where they are in single: a norm that was rounded is of that precision."""
    wide = widened(parameter)
    norms = np.sqrt(np.sum(np.abs(wide.value) ** 2, axis=-1, keepdims=True)) if wide.value.ndim else np.zeros(())
    unit = bool(np.all(np.abs(norms - 1) <= CLOSE))
    return replace(wide, value=wide.value / norms) if unit else wide


def _in_double(circuit: Circuit) -> Circuit:
    narrow = {i for i in amplitude_positions(circuit) if circuit.parameters[i].dtype in NARROW}
    wide = [widened_amplitudes(p) if i in narrow else p for i, p in enumerate(circuit.parameters)]
    return with_precision(with_parameters(circuit, wide) if narrow else circuit, "float64")


FLOAT64_PARAMETERS = edit("float64 parameters", _in_double)


def _widened_and_back(circuit: Circuit) -> Circuit:
    return with_dtypes_of(with_precision(circuit, "float64"), circuit)


HALF = frozenset({"bfloat16", "float16"})
"""The dtypes of half precision."""


def narrow_dtypes(circuit: Circuit) -> str:
    """The dtypes of less than double precision among the parameters, as one writes them: of complex numbers that of their parts."""
    names = dict.fromkeys(p.dtype for p in circuit.parameters if p.dtype in NARROW)
    return " and ".join(dict.fromkeys("float32" if name == "complex64" else name for name in names))


def narrow_again(dtypes: str) -> Experiment:
    """To double precision and back, each number to its own dtype: the change itself moves nothing."""
    return edit(f"back in {dtypes}", _widened_and_back)


FLOAT64_DEVICE = other_methods("float64 device", lambda m: replace(m, device_precision="") if m.device_precision == "complex64" else m)


def in_single_precision(devices: Collection[str]) -> Experiment:
    """What runs on these devices on one whose precision can be chosen: does single precision by itself make a gap of the kind?"""

    def change(method: Method) -> Method:
        chosen = replace(method, device="lightning.qubit", device_precision="complex64", device_options=())
        return chosen if method.device in devices else method

    return other_methods("the same methods on lightning.qubit in complex64", change)


def _default_float64(question: Question, _: Evaluator) -> Optional[Question]:
    return replace(question, default_dtype="float64") if question.default_dtype == "float32" else None


DEFAULT_FLOAT64 = Experiment("torch's default dtype float64", _default_float64)


def _float64_throughout(question: Question, evaluator: Evaluator) -> Optional[Question]:
    wide = FLOAT64_PARAMETERS.change(question, evaluator)
    return None if wide is None else _default_float64(wide, evaluator)


FLOAT64_THROUGHOUT = Experiment("float64 parameters and default dtype", _float64_throughout)
