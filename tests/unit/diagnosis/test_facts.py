"""What causes ask of PennyLane together: which gradients are differenced, and how far healthy ones may then be apart."""

from __future__ import annotations

from typing import Any

import pytest

from qdiag.diagnosis.causes.precision import _ill_conditioned
from qdiag.diagnosis.facts import differenced_parameters, law_of
from qdiag.diagnosis.symptoms import Symptoms
from qdiag.model.method import Method
from qdiag.model.numerics.rounding import truncation
from tests.worlds.methods import ADJOINT, BACKPROP, DIFFERENCES, HADAMARD, SHIFT
from tests.worlds.symptoms import World, of, rotation, symptoms

TWO = of(rotation(), rotation(name="AmplitudeDamping"))


def seen(first: Method, circuit: Any = TWO, gap: float = 0.0, **facts: tuple[int, ...]) -> Symptoms:
    """A pair of methods, the first off by a gap, at a circuit of which PennyLane says these facts."""
    world = World(lambda request: gap if request.method == first else 0.0, facts={name: lambda *_, v=v: v for name, v in facts.items()})
    return symptoms(world, circuit, (first, BACKPROP), evaluator=world)


@pytest.mark.parametrize("method", [SHIFT, HADAMARD], ids=str)
def test_a_shift_rule_may_be_off_by_what_pennylane_differences_for_it(method: Method) -> None:
    assert law_of(seen(method, parameters_left_to_differences=(1,), hidden_parameters=())).truncation == truncation(DIFFERENCES, 2)
    assert law_of(seen(method, parameters_left_to_differences=(), hidden_parameters=())).truncation == 0.0


def test_what_the_tape_hides_is_neither_shifted_nor_differenced() -> None:
    assert differenced_parameters(seen(SHIFT, parameters_left_to_differences=(0, 1), hidden_parameters=(1,))) == (0,)
    assert law_of(seen(SHIFT, parameters_left_to_differences=(1,), hidden_parameters=(1,))).truncation == 0.0


def test_methods_without_shift_rules_have_nobody_asked() -> None:
    def refuse(*_: Any) -> Any:
        raise AssertionError("nobody needs to know")

    world = World(lambda request: 0.0, facts={"parameters_left_to_differences": refuse})
    assert law_of(symptoms(world, TWO, (ADJOINT, BACKPROP), evaluator=world)).truncation == 0.0


def test_an_inexact_exponential_is_no_ill_conditioned_point() -> None:
    assert not _ill_conditioned(seen(ADJOINT, of(rotation(name="SpecialUnitary")), gap=7e-11))


def test_a_silent_difference_is_no_ill_conditioned_point() -> None:
    assert not _ill_conditioned(seen(SHIFT, gap=4e-8, parameters_left_to_differences=(1,), hidden_parameters=()))
