"""Options of a method as factors of their own: gradient_kwargs (also hadamard's modes), the device's, execution's, and the interface.

A cause says what is wrong; whether it takes an option to meet it is asked beside, whatever the cause, and named where that is so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Optional

from qdiag.diagnosis.cause import Experiment
from qdiag.diagnosis.experiments.surroundings import OTHER_INTERFACE
from qdiag.diagnosis.outcomes import classify, gap_of
from qdiag.diagnosis.symptoms import Symptoms
from qdiag.evaluation.evaluator import Evaluator
from qdiag.judging.question import AskArbiter, Question, observe
from qdiag.model.findings import Diagnosis, Evidence, Outcome
from qdiag.model.method import Method
from qdiag.model.option import Option

Options = tuple[tuple[str, Option], ...]

NEEDED = frozenset({"aux_wire", "max_diff"})
"""Options of a gradient without which it may not run, and which are no way of evaluating."""

OF_DEVICE_GRADIENTS = frozenset({"device_vjp", "grad_on_execution"})
"""Options of execution that choose among ways of getting the same derivative."""


ANOTHER = "another interface"

LONGEST = 40
"""Characters of an option and its value that a sentence has room for."""


def with_named_options(diagnosis: Diagnosis, symptoms: Symptoms, evaluator: Evaluator, reference: Optional[AskArbiter]) -> Diagnosis:
    """The diagnosis with the options that it takes to meet the difference, as far as leaving them out closes the gap."""
    evidence, names, remedies = list(diagnosis.evidence), [], [diagnosis.remedy]
    known = {one.experiment for one in evidence}
    for words, way, experiment in _left_out(symptoms.question, symptoms.suspects):
        if experiment.name in known:
            continue
        asked = experiment.applied_to(symptoms.question, evaluator)
        after = None if asked is None else observe(asked, evaluator, reference).comparison
        if after is None or classify(symptoms.comparison, after) is not Outcome.HEALS:
            continue
        names.append(words)
        remedies.insert(0 if way != ANOTHER else len(remedies), way)
        evidence.append(Evidence(experiment.name, gap_of(symptoms.comparison), gap_of(after), Outcome.HEALS, True, "heals"))
    if not names:
        return diagnosis
    because = f"{diagnosis.because.rstrip('.')}; it takes {', '.join(names)}: without it the same method is right"
    return replace(diagnosis, evidence=tuple(evidence), because=because, remedy="; or ".join(remedies))


def _left_out(question: Question, suspects: tuple[Method, ...]) -> Iterator[tuple[str, str, Experiment]]:
    """Each group of options that a suspect has, how to do without it, and the experiment that does; for backprop, the interface."""
    gradient = tuple(option for method in suspects for option in method.gradient_options if option[0] not in NEEDED)
    device = tuple(option for method in suspects for option in method.device_options)
    execution = tuple(option for option in question.execution_options if option[0] in OF_DEVICE_GRADIENTS)
    for options, change in ((gradient, _plain_gradient), (device, _plain_device), (execution, _plain_execution)):
        if options:
            words = ", ".join(dict.fromkeys(_in_words(name, value) for name, value in options))
            yield words, f"leave {words} out", _leaving_out(words, change)
    if all(method.diff_method == "backprop" for method in suspects):
        yield f"interface={question.interface!r}", ANOTHER, OTHER_INTERFACE


def _in_words(name: str, value: Option) -> str:
    """An option as a script gives it; one that is long by its name alone."""
    text = f"{name}={value!r}"
    return text if len(text) <= LONGEST else name


def _leaving_out(words: str, change: Callable[[Question], Question]) -> Experiment:
    return Experiment(f"{words} left out", lambda question, _: change(question))


def _plain_gradient(question: Question) -> Question:
    first, second = (replace(m, gradient_options=tuple(o for o in m.gradient_options if o[0] in NEEDED)) for m in question.methods)
    return replace(question, methods=(first, second))


def _plain_device(question: Question) -> Question:
    first, second = (replace(method, device_options=()) for method in question.methods)
    return replace(question, methods=(first, second))


def _plain_execution(question: Question) -> Question:
    kept = tuple(option for option in question.execution_options if option[0] not in OF_DEVICE_GRADIENTS)
    return replace(question, execution_options=kept)
