"""QD511: one method gives something else once it is compiled."""

from __future__ import annotations

from dataclasses import replace

from qdiag.diagnosis.cause import Cause, Prediction, Role, flips, leaves
from qdiag.diagnosis.experiments.chance import each_twice
from qdiag.diagnosis.experiments.point import NUDGED_FAR
from qdiag.diagnosis.experiments.surroundings import UNCOMPILED
from qdiag.diagnosis.symptoms import Symptoms
from qdiag.model.comparison import Signature
from qdiag.model.findings import Outcome
from qdiag.model.method import COMPILED_BY, JIT, QJIT

SOMETHING_ELSE = "compiled by jax.jit, the circuit gives something else"


_WITHOUT = {
    COMPILED_BY[JIT]: 'call it without jax.jit, or jit a QNode with diff_method="backprop" on default.qubit; and report it',
    COMPILED_BY[QJIT]: "call it without qml.qjit, or under another diff_method that Catalyst compiles; and report it",
}


COMPILING = Cause(
    code="QD511",
    slug="compiling-changes-result",
    title=SOMETHING_ELSE,
    remedy=_WITHOUT[COMPILED_BY[JIT]],
    applies=lambda symptoms: _differ_in_compiling_alone(symptoms),
    predicts=lambda symptoms: (*flips(UNCOMPILED), *leaves(NUDGED_FAR), *_chance_rival(symptoms)),
    because=lambda symptoms: _compiled_words(symptoms),
    remedy_for=lambda symptoms: _WITHOUT[_compiler_of(symptoms)],
    title_for=lambda symptoms: (
        f"raises only where {_compiler_of(symptoms)} compiles the call" if symptoms.signature is Signature.RAISE else SOMETHING_ELSE
    ),
)


def _differ_in_compiling_alone(symptoms: Symptoms) -> bool:
    """Whether the pair is one method, compiled and not: then taking the compiler away changes exactly one thing."""
    one, other = symptoms.question.methods
    if QJIT in (one.compiled, other.compiled) and symptoms.signature is not Signature.RAISE:
        # Catalyst has rules of its own: which one is wrong says more
        return False
    return one.compiled != other.compiled and replace(one, compiled="") == replace(other, compiled="")


def _compiler_of(symptoms: Symptoms) -> str:
    return next((COMPILED_BY[method.compiled] for method in symptoms.question.methods if method.compiled), COMPILED_BY["jit"])


def _chance_rival(symptoms: Symptoms) -> tuple[Prediction, ...]:
    """Tells what the compiler makes of a call (QD511) from a method that gives other numbers each time (QD602)."""
    if symptoms.signature is Signature.RAISE:
        return ()
    return tuple(Prediction(each_twice(compiled), Outcome.HEALS, Role.RIVAL) for compiled in (False, True))


def _compiled_words(symptoms: Symptoms) -> str:
    compiled = next(method for method in symptoms.question.methods if method.compiled)
    plain = replace(compiled, compiled="")
    if symptoms.signature is not Signature.RAISE:
        return f"{compiled} and {plain} are one method, and each gives the same numbers every time: theirs differ"
    raised = next((failure for failure in (symptoms.call.failure, *symptoms.comparison.failures) if failure is not None), None)
    what = "it raises" if raised is None else f"it raises {raised.type}: {_first_line(raised.message)}"
    where = f" on {symptoms.blamed}" if symptoms.blamed is not None else ""
    return f"{plain} takes the same call; compiled by {COMPILED_BY[compiled.compiled]}, {what}{where}"


def _first_line(message: str) -> str:
    """What JAX says of an exception; below it stands the program that it was tracing."""
    return message.strip().partition("\n")[0]


CAUSES = (COMPILING,)
