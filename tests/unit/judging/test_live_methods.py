"""Methods beside the script's own, judged from what live probes saw of them where nothing can be replayed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from qdiag.judging.live_methods import between_methods, compared_methods, of_live_call, of_steps, right_beside
from qdiag.judging.probe_evidence import evidence
from qdiag.judging.probe_findings import doubt
from qdiag.model.comparison import Signature, Verdict
from qdiag.model.findings import Divergence
from qdiag.model.measured import Measured
from qdiag.model.probe import OTHER_OUTPUTS, Probe, ProbedArgument, ProbedMethod, Proof
from tests.worlds.methods import ADJOINT, BACKPROP
from tests.worlds.scripted import call, circuit

SLOPE = ProbedArgument("w", 0.5, 1e-12, True)
RIGHT = ProbedMethod("backprop", (0.5,))
CALL, WHY = call(0, circuit(0.3), BACKPROP), "option backend is an object (AerSimulator)"


def probe(*others: ProbedMethod, own: ProbedMethod = RIGHT) -> Probe:
    return Probe(0, (SLOPE,), (own, *others), complete=True)


@pytest.mark.parametrize(
    "other",
    [
        ProbedMethod("adjoint", (0.5,), apart=0.0),
        ProbedMethod("adjoint", (0.5 + 1e-14,), apart=1e-15),
        ProbedMethod("adjoint", failure="does not support adjoint"),
        ProbedMethod("finite-diff", (0.5 + 1e-3,), apart=0.0),
    ],
    ids=["equal", "to rounding", "refused", "a quotient"],
)
def test_methods_that_say_the_same_or_nothing_are_no_finding(other: ProbedMethod) -> None:
    assert between_methods(probe(other), CALL, WHY) == ()


def test_slopes_that_are_not_those_of_the_outputs_are_wrong_and_the_scripts_own_method_is_upheld() -> None:
    (found,) = between_methods(probe(ProbedMethod("adjoint", (0.25,), apart=0.0)), CALL, WHY)
    assert (found.verdict, found.signature, found.wrong, found.upheld) == (Verdict.ERROR, Signature.VJP, (ADJOINT,), True)
    assert found.comparison.values == (0.5, 0.25)
    assert [one.experiment for one in right_beside(found)] == ["differentiated by backprop"]


def test_a_slope_that_is_no_number_is_wrong() -> None:
    (found,) = between_methods(probe(ProbedMethod("adjoint", (float("nan"),), apart=0.0)), CALL, WHY)
    assert (found.signature, found.wrong, found.comparison.max_abs) == (Signature.NAN, (ADJOINT,), np.inf)


@pytest.mark.parametrize("failure", ["", OTHER_OUTPUTS])
def test_outputs_that_are_not_its_own_are_nobodys_fault_as_far_as_anybody_knows(failure: str) -> None:
    other = ProbedMethod("adjoint", () if failure else (0.5,), failure, apart=1e-2)
    (found,) = between_methods(probe(other), CALL, WHY)
    assert (found.signature, found.wrong, found.upheld) == (Signature.OUTPUT, (), True)
    assert WHY in str(found.judged)


def test_where_the_scripts_own_method_is_in_doubt_or_wrong_nothing_is_held_against_others() -> None:
    other = ProbedMethod("adjoint", (0.25,), apart=0.1)
    assert between_methods(probe(other, own=ProbedMethod("backprop", (0.1,))), CALL, WHY) == ()
    assert between_methods(replace(probe(other), repeatable=False), CALL, WHY) == ()
    assert between_methods(replace(probe(other), again=1.0), CALL, WHY) == ()


def test_methods_that_gave_nothing_were_not_compared() -> None:
    given = probe(ProbedMethod("adjoint", failure="no"), ProbedMethod("parameter-shift", (0.5,)))
    assert compared_methods(given) == ("parameter-shift",)


# --- a device that samples, and difference quotients that are noise ---------------------------------------------------------------

SINGLE = Measured("complex64")
QUOTIENT = ProbedMethod("finite-diff", (0.55,))
STEPS = ProbedMethod("finite-diff", (0.5 + 1e-6,)), ProbedMethod("finite-diff", (0.61,))


def test_a_device_that_samples_unasked_is_told_with_what_was_seen_of_it() -> None:
    device = Measured("", 400, True, "These are samples.")
    given = replace(probe(), device=device, repeatable=False)
    (found,) = of_live_call(given, CALL, WHY)
    assert (found.verdict, found.comparison.devices, found.wrong) == (Verdict.INCONCLUSIVE, (device, device), ())
    assert of_live_call(replace(given, device=Measured("complex128")), CALL, WHY) == ()
    assert "samples although no shots were asked for" in doubt(given, CALL)


def quotient(**facts: Any) -> tuple[Divergence, ...]:
    own = replace(CALL.configuration, requested="finite-diff", resolved="finite-diff")
    given = replace(probe(own=QUOTIENT), eps=2.0**-23, device=SINGLE, steps=STEPS)
    return of_steps(replace(given, **facts), replace(CALL, configuration=own))


def test_a_quotient_that_is_right_with_a_larger_step_is_wrong_for_its_step() -> None:
    (found,) = quotient()
    assert (found.verdict, found.proof, [str(method) for method in found.wrong]) == (
        Verdict.ERROR,
        Proof.LARGER_STEP,
        ["default.qubit/finite-diff"],
    )
    larger, twice = evidence(found)
    assert larger.after == pytest.approx(1e-6)
    assert twice.after == pytest.approx(0.11)


@pytest.mark.parametrize(
    "facts",
    [
        {"device": Measured("complex128")},
        {"steps": ()},
        {"steps": (ProbedMethod("finite-diff", (0.55,)), STEPS[1])},
        {"steps": (ProbedMethod("finite-diff", failure="no"), STEPS[1])},
        {"methods": (ProbedMethod("finite-diff", (0.5 + 1e-7,)),)},
        {"arguments": (replace(SLOPE, smooth=False),)},
    ],
    ids=["in double precision", "nothing asked", "as wrong with a larger step", "refused", "right", "no slope"],
)
def test_else_nothing_is_said_of_its_step(facts: dict[str, Any]) -> None:
    assert quotient(**facts) == ()
