"""QD2: complex numbers meet real ones."""

from __future__ import annotations

import numpy as np

from qdiag.diagnosis.cause import PERSISTS, Cause, Symptoms, flips, leaves, unlike
from qdiag.diagnosis.experiments import DECOMPOSED, HERMITIAN_PART, NUDGED_FAR, frozen, plain_expectations


def _complex_trainable(symptoms: Symptoms) -> tuple[int, ...]:
    parameters = symptoms.question.circuit.parameters
    return tuple(i for i in symptoms.question.circuit.trainable if np.iscomplexobj(parameters[i].value))


LOSSY_CAST = Cause(
    code="QD201",
    slug="lossy-cast",
    title="lossy cast inside an operation",
    explanation="""While an operation builds its matrix from tracked numbers, complex entries are converted to the dtype of a neighbour:
        to real, which drops the imaginary part, or to integer, which truncates nearly everything to 0. The operation is then not
        unitary, and outputs and gradients are wrong without any warning.""",
    example="""
        theta = torch.tensor(0.4, requires_grad=True)
        qml.prod(qml.CNOT([0, 1]), qml.RZ(theta, 1)).matrix()   # CNOT's entries are integers: RZ becomes 0
        """,
    confirmed_by="""The matrix that the operation builds from tracked numbers is the real or integer part of the one that it builds from
        plain numbers; the same call on plain numbers differs; decomposed into elementary gates, the methods agree.""",
    remedy="write the operation as its elementary gates, or use a method that decomposes it (parameter-shift, adjoint)",
    applies=lambda symptoms: any(kind in ("integer", "real") for _, kind in symptoms.lossy),
    predicts=lambda symptoms: (*flips(DECOMPOSED), *leaves(NUDGED_FAR)),
    because=lambda symptoms: _lossy_words(symptoms),
)


def _lossy_words(symptoms: Symptoms) -> str:
    position, kind = next((p, k) for p, k in symptoms.lossy if k in ("integer", "real"))
    name = symptoms.question.circuit.operations[position].name
    return f"the matrix of {name} is converted to {kind} numbers when its parameters are tracked: its complex entries are lost"


def _explains_no_difference(_: Symptoms) -> bool:
    """It explains a warning, where no method is wrong: `qdiag.pipeline.stage_cast_warnings` names it."""
    return False


HARMLESS_CAST = Cause(
    code="QD202",
    slug="harmless-complex-to-real",
    title="harmless complex-to-real warning",
    explanation="""Older versions of Torch warn 'Casting complex values to real discards the imaginary part' in the backward pass of a
        cast from real to complex: there the gradient is the real part by definition, however large the imaginary part that is
        dropped.""",
    example="""
        matrix = torch.tensor([[1.0, 0.0], [0.0, 1.0]], requires_grad=True)
        (matrix.to(torch.complex128) * 1j).real.sum().backward()
        """,
    confirmed_by="""Evaluated again under the same method, the backward pass of the call warns and the call itself does not; an
        imaginary part is dropped at a cast from real to complex; the gradients agree with the reference;
        a method that takes no such cast does not warn.""",
    remedy="nothing: the gradients are right",
    applies=_explains_no_difference,
    predicts=lambda symptoms: (),
    because=lambda symptoms: "",
)

CONJUGATION = Cause(
    code="QD203",
    slug="conjugation-convention",
    title="conjugation convention",
    explanation="""A derivative of complex numbers is handed on as if it were real, or with the other sign of the imaginary part:
        PennyLane,
        autograd and Torch follow different conventions for the gradient of a complex quantity. Where the parameter is real, Torch
        refuses the complex gradient; where it is complex, the wrong value passes silently.""",
    example="""
        @qml.qnode(dev, interface="torch", diff_method="adjoint")
        def circuit(x):
            qml.RY(x, wires=0)
            return qml.probs(wires=0)        # differentiated through the complex state
        """,
    confirmed_by="""The call fails with Torch's refusal of a complex gradient for a real parameter, and no longer does when the same
        circuit returns expectation values instead.""",
    remedy="""diff_method="backprop" or "parameter-shift" for this measurement, or expectation values of projectors instead of probs""",
    applies=lambda symptoms: (
        symptoms.signature == "raise" and any("isFloatingType" in words for _, words in symptoms.divergence.raised)
    ),
    predicts=lambda symptoms: (
        *flips(plain_expectations(None)),
        *leaves(NUDGED_FAR),
        *(unlike(HERMITIAN_PART, PERSISTS) if symptoms.skewed else ()),
    ),
    because=lambda symptoms: "the vector-Jacobian product of a real parameter comes back complex, and Torch refuses it",
)


COMPLEX_PARAMETER = Cause(
    code="QD204",
    slug="complex-parameter",
    title="complex parameter",
    explanation="""A trainable number enters the circuit through a complex coefficient, as in qml.exp(H, -0.5j * theta). The methods
        that
        work on the circuit's parameters return the real derivative with respect to a number that is purely imaginary, and the chain
        rule back to theta keeps its real part: zero. Backprop goes through the matrix and is right.""",
    example="""
        theta = torch.tensor(0.4, requires_grad=True)
        qml.exp(qml.PauliX(0), -0.5j * theta)
        """,
    confirmed_by="""With the complex parameters frozen, all methods agree; with the others frozen, the gap stays.""",
    remedy="""diff_method="backprop"; or a gate with a real parameter: qml.evolve(H, theta / 2), qml.RX, qml.PauliRot""",
    applies=lambda symptoms: symptoms.derivative and bool(set(_complex_trainable(symptoms)) & set(symptoms.apart)),
    predicts=lambda symptoms: (
        *flips(frozen("complex parameters", _complex_trainable(symptoms))),
        *leaves(NUDGED_FAR, frozen("real parameters", _real_trainable(symptoms))),
    ),
    because=lambda symptoms: "the parameter is complex: its derivative is taken as if it were real, and the chain rule drops it",
)


def _real_trainable(symptoms: Symptoms) -> tuple[int, ...]:
    return tuple(i for i in symptoms.question.circuit.trainable if i not in _complex_trainable(symptoms))


NON_HERMITIAN = Cause(
    code="QD205",
    slug="non-hermitian-observable",
    title="non-Hermitian observable",
    explanation="""The observable is not Hermitian: a matrix filled on one side of the diagonal, a complex coefficient, a product of two
        Paulis on one wire. Its expectation value is complex in general, and methods differ in what they make of that: the complex
        number, its real part, an exception, or a gradient of something else, even where the value happens to be real.""",
    example="""
        qml.expval(qml.Hermitian(np.array([[0, 1], [0, 0]]), wires=0))
        """,
    confirmed_by="""With the Hermitian part of the observable, (A + A†) / 2, the methods agree; far from the point they still
        differ.""",
    remedy="measure the Hermitian and the anti-Hermitian part separately",
    applies=lambda symptoms: symptoms.skewed,
    predicts=lambda symptoms: (*flips(HERMITIAN_PART), *leaves(NUDGED_FAR)),
    because=lambda symptoms: "the observable's matrix is not equal to its conjugate transpose",
)

CAUSES = (LOSSY_CAST, NON_HERMITIAN, CONJUGATION, COMPLEX_PARAMETER, HARMLESS_CAST)
