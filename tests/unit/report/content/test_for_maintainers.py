"""A finding for people who have neither the user's script nor qdiag: titles, claims, and what PennyLane itself warns of."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from qdiag.model.call import Failure
from qdiag.model.comparison import Signature, Verdict
from qdiag.model.element import Element, Kind, parameter_names
from qdiag.model.evaluation import Evaluation
from qdiag.model.findings import Confidence, Finding
from qdiag.report.content.for_maintainers import frameworks_warnings, ruled_out_words, title_for_an_issue
from tests.worlds.methods import ADJOINT, BACKPROP, methods
from tests.worlds.results import CASES

SHIFTED = CASES["shifted"]().result.findings[0]


def with_comparison(finding: Finding = SHIFTED, **changes: Any) -> Finding:
    divergence = finding.divergence
    return replace(finding, divergence=replace(divergence, comparison=replace(divergence.comparison, **changes)))


def test_a_title_names_method_device_operation_size_and_cause() -> None:
    said = "adjoint on default.qubit: gradient with respect to RX is off by 6.1 (gradient given to the wrong parameter)"
    assert title_for_an_issue(SHIFTED, "") == said


def test_of_an_observables_coefficients_it_says_so() -> None:
    circuit = SHIFTED.divergence.call.circuit
    last = parameter_names(circuit)[-1]
    title = title_for_an_issue(with_comparison(element=Element(Kind.JACOBIAN, by=last)), "")
    assert "gradient with respect to an observable's coefficients is off by 6.1" in title


def test_what_is_not_known_to_have_a_cause_has_none_in_its_title() -> None:
    unknown = replace(SHIFTED, diagnosis=replace(SHIFTED.diagnosis, confidence=Confidence.UNKNOWN))
    assert title_for_an_issue(unknown, "").endswith("is off by 6.1")


@pytest.mark.parametrize(
    ("where", "said"),
    [
        (Signature.OUTPUT, "output of a circuit with RX, RY and CNOT is off by 6.1"),
        (Signature.NAN, "NaN in a circuit with"),
        (Signature.SECOND_DERIVATIVE, "second derivative with respect to RX is off by 6.1"),
    ],
)
def test_every_kind_of_difference_has_a_title(where: Signature, said: str) -> None:
    assert said.split(" with ")[0] in title_for_an_issue(with_comparison(where=where), "")


def test_an_exception_is_named_by_its_class() -> None:
    raising = CASES["raising"]().result.findings[0]
    assert title_for_an_issue(raising, "").startswith("parameter-shift on default.qubit: ValueError in a circuit with")


def test_several_wrong_methods_are_listed_and_many_counted() -> None:
    divergence = SHIFTED.divergence
    two = methods("default.qubit/adjoint", "lightning.qubit/adjoint")
    assert title_for_an_issue(replace(SHIFTED, divergence=replace(divergence, wrong=two)), "").startswith(
        "default.qubit/adjoint and lightning.qubit/adjoint: gradient"
    )
    many = methods("default.qubit/adjoint", "default.qubit/backprop", "default.qubit/hadamard", "default.qubit/parameter-shift")
    title = title_for_an_issue(replace(SHIFTED, divergence=replace(divergence, wrong=many)), "")
    assert title.startswith("4 methods on default.qubit: gradient")


def test_what_is_no_error_is_called_what_it_is() -> None:
    assert title_for_an_issue(with_comparison(verdict=Verdict.ROUNDING), "They differ by rounding.") == "They differ by rounding"


@pytest.mark.parametrize("name", ["shifted", "raising", "noisy", "moons"])
def test_a_call_of_somebodys_script_is_not_named(name: str) -> None:
    for chapter in CASES[name]().document().chapters:
        assert "call" in chapter.sentence
        assert "call" not in chapter.claim


def test_codes_have_their_titles_beside_them() -> None:
    told = replace(SHIFTED.diagnosis, ruled_out=("QD302", "QD404"), rivals=("gradient dropped", "parameter invisible"))
    assert ruled_out_words(told) == "gradient dropped [QD302], parameter invisible [QD404]"
    assert ruled_out_words(replace(told, rivals=())) == "QD302, QD404"


def test_warnings_are_those_of_wrong_methods_each_once_and_without_its_class() -> None:
    warned = "UserWarning: Differentiating is not\nsupported"
    call = replace(SHIFTED.divergence.call, warnings=(warned,))
    evaluations = (Evaluation(ADJOINT, warnings=("Differentiating is not supported",)), Evaluation(BACKPROP, warnings=("of another",)))
    finding = replace(SHIFTED, divergence=replace(SHIFTED.divergence, call=call, wrong=(ADJOINT,)), evaluations=evaluations)
    assert frameworks_warnings(finding) == ("Differentiating is not supported",)
    healthy = replace(finding, divergence=replace(finding.divergence, wrong=()))
    assert frameworks_warnings(healthy) == ()


def test_a_message_with_a_colon_stays_whole() -> None:
    finding = replace(SHIFTED, evaluations=(Evaluation(ADJOINT, warnings=("note: this is slow",), failure=Failure("E", "")),))
    assert frameworks_warnings(finding) == ("note: this is slow",)
