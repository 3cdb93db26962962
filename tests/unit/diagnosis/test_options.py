"""Options of a method as factors of their own: named where it takes them to meet a difference, whatever its cause."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from qdiag.diagnosis.options import with_named_options
from qdiag.model.evaluation import Request
from qdiag.model.findings import Confidence, Diagnosis, Outcome
from qdiag.model.method import Method
from qdiag.model.option import Held, Kind
from tests.worlds.methods import BACKPROP
from tests.worlds.symptoms import World, of, rotation, symptoms

CAUSE = Diagnosis("QD301", "wrong-gradient-rule", "wrong rule", Confidence.LIKELY, "the rule is wrong", "another diff_method")
TWO = of(rotation(), rotation(name="RY", wire=1))
PLAIN = Method("lightning.qubit", "hadamard")


def wrong_with(*names: str) -> World:
    """A world in which the own method is wrong wherever it is told one of these."""

    def error(request: Request) -> float:
        method = request.method
        told = {name for name, _ in (*method.gradient_options, *method.device_options, *request.execution_options)}
        return 0.1 if method.diff_method == PLAIN.diff_method and told & {*names} else 0.0

    return World(error)


def said(world: World, own: Method, other: Method = BACKPROP) -> Diagnosis:
    return with_named_options(CAUSE, symptoms(world, TWO, (own, other)), world, None)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"gradient_options": (("mode", "reversed"),)}, "mode='reversed'"),
        ({"device_options": (("batch_obs", True),)}, "batch_obs=True"),
    ],
)
def test_an_option_without_which_the_method_is_right_is_named(changes: dict[str, Any], words: str) -> None:
    diagnosis = said(wrong_with("mode", "batch_obs"), replace(PLAIN, **changes))
    (tried,) = diagnosis.evidence
    assert (tried.experiment, tried.predicts, tried.holds) == (f"{words} left out", Outcome.HEALS, True)
    assert words in diagnosis.because
    assert diagnosis.remedy == f"leave {words} out; or another diff_method"


def test_a_long_option_is_told_by_its_name() -> None:
    shifts = Held(Kind.LIST, tuple(Held(Kind.TUPLE, (0.1 * k,)) for k in range(12)))
    assert said(wrong_with("shifts"), replace(PLAIN, gradient_options=(("shifts", shifts),))).remedy.startswith("leave shifts out; or")


def test_a_sentence_that_ends_by_others_words_goes_on_after_no_full_stop() -> None:
    ended = replace(CAUSE, because="it raises: got [1.5].")
    own = replace(PLAIN, gradient_options=(("mode", "reversed"),))
    world = wrong_with("mode")
    diagnosis = with_named_options(ended, symptoms(world, TWO, (own, BACKPROP)), world, None)
    assert "got [1.5]; it takes" in diagnosis.because


def test_an_option_that_has_nothing_to_do_with_it_is_not() -> None:
    own = replace(PLAIN, gradient_options=(("mode", "reversed"),), device_options=(("batch_obs", True),))
    diagnosis = said(wrong_with("batch_obs"), own)
    assert [one.experiment for one in diagnosis.evidence] == ["batch_obs=True left out"]


def test_without_options_the_diagnosis_stays_as_it_is() -> None:
    world = World(lambda request: 0.1 if request.method == PLAIN else 0.0)
    assert said(world, PLAIN) == CAUSE


def test_a_wire_that_the_method_needs_is_no_option_of_this_kind() -> None:
    assert said(wrong_with("aux_wire"), replace(PLAIN, gradient_options=(("aux_wire", 3),))) == CAUSE


def test_an_interface_is_named_where_backprop_goes_wrong_under_it_alone() -> None:
    torch_alone = World(lambda request: 0.1 if request.method == BACKPROP and request.interface == "torch" else 0.0)
    diagnosis = said(torch_alone, BACKPROP, other=PLAIN)
    assert diagnosis.because.endswith("it takes interface='torch': without it the same method is right")
    assert diagnosis.remedy == "another diff_method; or another interface"
    anywhere = World(lambda request: 0.1 if request.method == BACKPROP else 0.0)
    assert said(anywhere, BACKPROP, other=PLAIN) == CAUSE
