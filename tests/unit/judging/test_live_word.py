"""What probes say of calls whose device cannot be made again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from qdiag.judging.live_word import NO_PROBE, with_live_word
from qdiag.judging.probe_findings import doubt
from qdiag.judging.replay.located import Located
from qdiag.model.call import Call
from qdiag.model.comparison import Verdict
from qdiag.model.coverage import Coverage, Gap
from qdiag.model.measured import Measured
from qdiag.model.probe import Probe, ProbedArgument, ProbedMethod
from qdiag.model.result import NotRebuilt
from tests.worlds.methods import ADJOINT
from tests.worlds.scripted import call, circuit

SLOPE = ProbedArgument("w", 0.5, 1e-12, True)
UPHELD = Probe(0, (SLOPE,), (ProbedMethod("adjoint", (0.5,)),), complete=True)
WRONG = replace(UPHELD, methods=(ProbedMethod("adjoint", (0.25,)),))
WHY = "option noise_model is an object (NoiseModel)"
CALL = call(0, circuit(0.3), ADJOINT)

UNDECIDED = [
    (replace(UPHELD, repeatable=False), "its results change"),
    (Probe(0, note="results are sampled"), "results are sampled"),
    (replace(UPHELD, methods=(), arguments=()), "nothing is differentiated"),
    (replace(UPHELD, arguments=()), "nothing is differentiated"),
    (replace(UPHELD, methods=(ProbedMethod("adjoint", failure="RuntimeError: no"),)), "gives no gradient in a copy"),
    (replace(UPHELD, arguments=(replace(SLOPE, smooth=False),)), "along w gives no slope"),
    (replace(UPHELD, arguments=(replace(SLOPE, error=0.1),)), "along w gives no slope"),
    (replace(UPHELD, arguments=(replace(SLOPE, error=float("inf")),)), "along w gives no slope"),
    (replace(UPHELD, again=1e-3), "gives other results than the script got, by 0.001"),
    (replace(UPHELD, again=float("nan")), "gives other results than the script got"),
]


class Recorded:
    """Calls of two QNodes in turn, and probes."""

    handed = False

    def __init__(self, *probes: Probe, calls: int = 4) -> None:
        self.probes, self._calls = probes, calls

    def __len__(self) -> int:
        return self._calls

    def call(self, index: int) -> Call:
        made = call(index, circuit(0.3), ADJOINT)
        return replace(made, configuration=replace(made.configuration, qnode=f"circuit{index % 2}"))


def located(*calls: int, **further: Any) -> Located:
    return Located(not_rebuilt=tuple(NotRebuilt(index, WHY) for index in calls), **further)


def test_calls_whose_interface_is_missing_are_said_to_be_left_out_with_what_to_install() -> None:
    why = "these calls are JAX's, and JAX is not installed here: pip install 'qdiag[jax]'"
    missing = tuple(NotRebuilt(index, why, interface=True) for index in (1, 3))
    found = with_live_word(Located(not_rebuilt=missing, replayed=2, verdict=Verdict.AGREE), Recorded(UPHELD))
    assert [(one.gap, one.text, one.calls) for one in found.unseen] == [(Gap.OPAQUE, f"Nothing was replayed: {why}.", 2)]


def test_where_every_device_is_made_again_nothing_changes() -> None:
    known = Located(verdict=Verdict.ROUNDING, replayed=4)
    assert with_live_word(known, Recorded(WRONG)) is known


def test_a_probe_that_finds_the_scripts_slopes_upholds_its_method() -> None:
    assert doubt(UPHELD, CALL) == ""
    found = with_live_word(located(0, 2), Recorded(UPHELD))
    assert found.verdict is Verdict.AGREE
    (said,) = found.unseen
    assert said.gap is Gap.JUDGED_LIVE
    judged = "judged in the script's own process, at 1 call of 2, where no other method takes it"
    assert said.text == f"The device could not be rebuilt ({WHY}): {judged}."
    assert not Coverage(4, 0, found.unseen).leaves_undecided


def test_results_that_come_out_again_to_rounding_are_upheld() -> None:
    assert doubt(replace(UPHELD, again=1e-15), CALL) == ""


def test_a_difference_quotient_that_is_noise_is_not_upheld_though_it_breaks_no_law() -> None:
    quotient = replace(CALL, configuration=replace(CALL.configuration, requested="finite-diff", resolved="finite-diff"))
    noise = replace(UPHELD, methods=(ProbedMethod("finite-diff", (0.596,)),), eps=float(np.finfo(np.float32).eps))
    assert "finite-diff gives the slope 0.596 along w, numerical differentiation 0.5" in doubt(noise, quotient)
    assert doubt(replace(noise, methods=(ProbedMethod("finite-diff", (0.5,)),)), quotient) == ""


def test_a_quotient_that_is_found_to_be_noise_leaves_no_doubt() -> None:
    class Quotients(Recorded):
        def call(self, index: int) -> Call:
            made = super().call(index)
            return replace(made, configuration=replace(made.configuration, requested="finite-diff", resolved="finite-diff"))

    own, larger, twice = (ProbedMethod("finite-diff", (slope,)) for slope in (0.55, 0.5, 0.6))
    noise = replace(UPHELD, methods=(own,), steps=(larger, twice), eps=2.0**-23, device=Measured("complex64"))
    (said,) = with_live_word(located(0, 2), Quotients(noise)).unseen
    assert said.gap is Gap.JUDGED_LIVE


def test_what_a_probe_finds_wrong_is_no_doubt_of_its_own() -> None:
    assert doubt(WRONG, CALL) == ""


@pytest.mark.parametrize(("probe", "words"), UNDECIDED)
def test_a_probe_that_saw_too_little_decides_nothing(probe: Probe, words: str) -> None:
    assert words in doubt(probe, CALL)
    found = with_live_word(located(0, 2), Recorded(probe))
    assert found.verdict is Verdict.INCONCLUSIVE
    (said,) = found.unseen
    assert said.gap is Gap.NOT_REBUILT
    assert words in said.text
    assert Coverage(4, 0, found.unseen).leaves_undecided


def test_each_qnode_has_the_word_of_its_own_probes() -> None:
    found = with_live_word(located(0, 1, 2, 3), Recorded(UPHELD))
    assert [(one.gap, one.calls) for one in found.unseen] == [(Gap.JUDGED_LIVE, 2), (Gap.NOT_REBUILT, 2)]
    assert NO_PROBE in found.unseen[1].text


def test_a_qnode_that_nobody_looked_at_has_the_word_of_those_that_are_alike() -> None:
    class OfOneFactory(Recorded):
        def call(self, index: int) -> Call:
            made = call(index, circuit(0.3), ADJOINT)
            return replace(made, configuration=replace(made.configuration, qnode="circuit", number=index))

    (said,) = with_live_word(located(3), OfOneFactory(UPHELD)).unseen
    assert said.gap is Gap.JUDGED_LIVE


def test_a_method_that_cannot_be_made_again_is_judged_live_too() -> None:
    missing = (NotRebuilt(0, "of halfshift the name alone is known", method=True),)
    found = with_live_word(Located(not_rebuilt=missing), Recorded(UPHELD))
    assert found.verdict is Verdict.AGREE
    assert found.unseen[0].text.startswith("The differentiation method could not be rebuilt (of halfshift the name alone is known)")
    (said,) = with_live_word(Located(not_rebuilt=missing), Recorded(replace(UPHELD, repeatable=False))).unseen
    assert said.gap is Gap.OPAQUE


def test_a_circuit_that_cannot_be_made_again_is_judged_live_as_a_device_is() -> None:
    missing = (NotRebuilt(0, "Own was recorded by name only", circuit=True),)
    others = ProbedMethod("backprop", (0.5,), apart=0.0), ProbedMethod("hadamard", failure="no")
    beside = replace(UPHELD, methods=(*UPHELD.methods, *others))
    found = with_live_word(Located(not_rebuilt=missing), Recorded(beside))
    assert found.verdict is Verdict.AGREE
    rebuilt = "The circuit could not be rebuilt (Own was recorded by name only)"
    judged = "judged in the script's own process, at 1 call of 1, beside backprop there"
    assert [one.text for one in found.unseen] == [f"{rebuilt}: {judged}."]
    doubtful = with_live_word(Located(not_rebuilt=missing), Recorded(replace(UPHELD, repeatable=False)))
    assert (doubtful.verdict, [one.gap for one in doubtful.unseen]) == (Verdict.INCONCLUSIVE, [Gap.OPAQUE])


def test_beside_calls_that_were_replayed_the_verdict_is_that_of_both() -> None:
    assert with_live_word(located(0, 2, replayed=2), Recorded(UPHELD)).verdict is Verdict.AGREE


def test_slopes_along_what_is_only_marked_are_nobodys() -> None:
    found = with_live_word(located(0), Recorded(replace(UPHELD, marked=True)))
    assert [one.gap for one in found.unseen] == [Gap.NOT_REBUILT]
