"""Experiments on what methods and devices are told: steps, auxiliary wires, how often to differentiate, how finely a device works."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Optional

from qdiag.diagnosis.approximation import Number, with_option
from qdiag.diagnosis.cause import Experiment
from qdiag.diagnosis.experiments.changes import other_methods
from qdiag.evaluation.evaluator import Evaluator
from qdiag.judging.question import Question
from qdiag.model.method import Method
from qdiag.model.option import Option

Options = tuple[tuple[str, Option], ...]


def relaxed(option: str, value: Number) -> Experiment:
    """The device with another value of one of its options, by which it works more finely."""
    return other_methods(f"{option}={value:g}", lambda method: with_option(method, option, value))


def _gradient_options(**options: Option) -> Callable[[Method], Method]:
    def change(method: Method) -> Method:
        if method.diff_method != "finite-diff":
            return method
        return replace(method, gradient_options=tuple(sorted({**dict(method.gradient_options), **options}.items())))

    return change


LARGER_STEP = other_methods("finite-difference step 0.1, order 4", _gradient_options(h=0.1, approx_order=4, strategy="center"))
STEP_TWICE = other_methods("finite-difference step 2e-7", _gradient_options(h=2e-7))


def twice(options: Options) -> Options:
    """Options with which a QNode is made to be differentiated twice, where they say how often it is."""
    return tuple((name, max(2, value) if name == "max_diff" and isinstance(value, int) else value) for name, value in options)


def _made_for_two(question: Question, _: Evaluator) -> Optional[Question]:
    first, second = (replace(method, gradient_options=twice(method.gradient_options)) for method in question.methods)
    made = replace(question, methods=(first, second), execution_options=twice(question.execution_options))
    return None if made == question else made


MADE_FOR_TWO = Experiment("max_diff=2", _made_for_two)


AUXILIARY = "auxiliary"
"""A label that no circuit has: a wire for Hadamard tests alone."""


def _with_own_auxiliary(method: Method) -> Method:
    if method.diff_method != "hadamard":
        return method
    return replace(method, gradient_options=tuple(sorted({**dict(method.gradient_options), "aux_wire": AUXILIARY}.items())))


def _own_auxiliary(question: Question, _: Evaluator) -> Optional[Question]:
    first, second = (_with_own_auxiliary(method) for method in question.methods)
    if (first, second) == question.methods:
        return None
    # a device without wires of its own takes those that it meets
    wires = (*question.device_wires, AUXILIARY) if question.device_wires else ()
    return replace(question, methods=(first, second), device_wires=wires)


OWN_AUXILIARY = Experiment("an auxiliary wire that nothing else uses", _own_auxiliary)
