"""Experiments on what methods and devices are told: steps, auxiliary wires, how often to differentiate, how finely a device works."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Optional

from qdiag.diagnosis.approximation import Number, with_option
from qdiag.diagnosis.cause import Experiment
from qdiag.diagnosis.experiments.changes import other_methods
from qdiag.evaluation.evaluator import Evaluator
from qdiag.judging.question import Question
from qdiag.model.method import Method
from qdiag.model.option import Option


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


RULED = frozenset(["adjoint", "parameter-shift", "hadamard", "device"])
"""Methods that have a rule of their own for each operation; a difference quotient has none."""


def by_differences(suspects: Collection[Method]) -> Experiment:
    """Difference quotients in the place of what has rules, in double precision; where they are not taken, that tells nothing."""

    def quotient(method: Method) -> Method:
        if method not in suspects or method.diff_method not in RULED:
            return method
        return replace(method, diff_method="finite-diff", precision="float64", gradient_options=(), compiled="")

    def change(question: Question, evaluator: Evaluator) -> Optional[Question]:
        first, second = map(quotient, question.methods)
        changed = replace(question, methods=(first, second))
        sides = [side for side in (0, 1) if changed.methods[side] != question.methods[side]]
        answers = [evaluator.submit(changed.request(side)).result() for side in sides]
        return changed if sides and all(one.failure is None and one.jacobian for one in answers) else None

    return Experiment("finite differences in the place of a rule", change, 2.0)


def _made_for_two(method: Method) -> Method:
    if method.diff_method == "finite-diff":
        return method
    options = tuple((name, 2 if name == "max_diff" else value) for name, value in method.gradient_options)
    return replace(method, gradient_options=options)


def _with_two(question: Question, _: Evaluator) -> Optional[Question]:
    first, second = map(_made_for_two, question.methods)
    if (first, second) == question.methods:
        return None
    # what the script says of it goes before what a method is asked for
    given = tuple(option for option in question.execution_options if option[0] != "max_diff")
    return replace(question, methods=(first, second), execution_options=given)


MADE_FOR_TWO = Experiment("max_diff=2", _with_two)


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
