"""A circuit's derivatives beside what the QNode itself says: an error in free entries is none of the user's weights."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from qdiag.judging import probe_findings
from qdiag.model.call import Call
from qdiag.model.comparison import Comparison, Signature, Verdict
from qdiag.model.findings import Divergence
from qdiag.model.probe import Probe, ProbedArgument, ProbedMethod
from qdiag.pipeline.stage_beside_probes import beside_probes, seen_by_probes, with_probes_word
from tests.worlds.methods import ADJOINT, BACKPROP
from tests.worlds.scripted import call, circuit

RIGHT = Probe(0, (ProbedArgument("w", 0.5, 1e-12, True),), (ProbedMethod("adjoint", (0.5,)),), complete=True, closed=True)
LOST = replace(RIGHT, methods=(ProbedMethod("adjoint", (0.0,)),))


class Recorded:
    """A trace with one probe, at its first call."""

    def __init__(self, probe: Probe, handed: bool = False) -> None:
        self.probes, self.handed = (probe,), handed

    def call(self, index: int) -> Call:
        return call(index, circuit(0.3), ADJOINT)


def error(**changes: Any) -> Divergence:
    comparison = Comparison((ADJOINT, BACKPROP), Verdict.ERROR, Signature.JACOBIAN, max_abs=0.5)
    return replace(Divergence(call(0, circuit(0.3), ADJOINT), comparison, (ADJOINT,), calls=(0, 1)), **changes)


def of(where: Signature, verdict: Verdict = Verdict.ERROR) -> Comparison:
    return Comparison((ADJOINT, BACKPROP), verdict, where, max_abs=0.5)


def is_untaken(divergence: Divergence, probe: Probe = RIGHT) -> bool:
    return beside_probes(divergence, Recorded(probe)).untaken  # type: ignore[arg-type]


def test_where_the_qnodes_own_slopes_are_right_other_directions_are_meant() -> None:
    assert is_untaken(error())
    assert is_untaken(error(comparison=of(Signature.VJP)))


@pytest.mark.parametrize(
    "divergence",
    [
        error(comparison=of(Signature.OUTPUT)),
        error(comparison=of(Signature.NAN)),
        error(comparison=of(Signature.SECOND_DERIVATIVE)),
        error(comparison=of(Signature.JACOBIAN, Verdict.ROUNDING)),
        error(calls=(1, 2)),
        error(upheld=True),
        error(probe=LOST),
    ],
    ids=["outputs", "no number", "second derivative", "rounding", "not at the probed call", "of one not probed", "seen by a probe"],
)
def test_nothing_else_is_put_down_to_them(divergence: Divergence) -> None:
    assert not is_untaken(divergence)


def test_another_methods_fault_is_too_where_that_method_was_probed() -> None:
    probed = replace(RIGHT, methods=(*RIGHT.methods, ProbedMethod("backprop", (0.5,))))
    assert is_untaken(error(upheld=True), probed)


def test_an_error_along_the_arguments_stays_one() -> None:
    assert not is_untaken(error(), LOST)


def test_slopes_by_what_is_only_marked_are_nobodys_unless_they_are_handed_in() -> None:
    marked = replace(LOST, marked=True)
    assert list(seen_by_probes(Recorded(marked), ())) == []  # type: ignore[arg-type]
    assert len(list(seen_by_probes(Recorded(marked, handed=True), ()))) == 1  # type: ignore[arg-type]
    assert len(probe_findings.divergences(marked, call(0, circuit(0.3), ADJOINT))) == 1
    assert not is_untaken(error(), replace(RIGHT, marked=True))


def test_what_is_off_in_other_directions_hides_nothing_that_a_probe_sees() -> None:
    recorded: Any = Recorded(LOST)
    assert list(seen_by_probes(recorded, [error()])) == []
    assert len(list(seen_by_probes(recorded, [error(untaken=True)]))) == 1


TOLD_APART = replace(LOST, methods=(*LOST.methods, ProbedMethod("backprop", (0.5,))))
OTHER_LOST = replace(RIGHT, methods=(*RIGHT.methods, ProbedMethod("backprop", (0.0,))))
OPEN = error(wrong=(), judged="cannot tell: TRX is not decomposed")


def with_word(divergence: Divergence, probe: Probe) -> Divergence:
    return with_probes_word(divergence, Recorded(probe))  # type: ignore[arg-type]


def test_other_results_of_a_device_of_its_own_class_hide_no_slopes_that_are_not_theirs() -> None:
    own = replace(ADJOINT, device="mine:Device")
    comparison = Comparison((own, BACKPROP.on("default.qubit")), Verdict.ERROR, Signature.OUTPUT, max_abs=0.5)
    known = Divergence(call(0, circuit(0.3), own), comparison, (own,), calls=(0,))
    assert [*seen_by_probes(Recorded(LOST), [known])]  # type: ignore[arg-type]


def test_where_the_arbiter_cannot_tell_the_qnodes_numerical_slopes_say_who_is_wrong() -> None:
    own, other = with_word(OPEN, TOLD_APART), with_word(OPEN, OTHER_LOST)
    assert (own.wrong, own.upheld) == ((ADJOINT,), False)
    assert str(own.judged).startswith("the QNode itself, differentiated numerically along w, gives 0.5")
    assert str(own.judged).endswith("adjoint 0, backprop 0.5")
    assert (other.wrong, other.upheld) == ((BACKPROP,), True)


def test_the_scripts_own_method_is_told_also_where_the_other_one_was_not_probed() -> None:
    off = replace(RIGHT, methods=(ProbedMethod("adjoint", (0.4,)),))
    assert with_word(OPEN, off).wrong == (ADJOINT,)
    cut = replace(off, arguments=(replace(RIGHT.arguments[0], followed=False),))
    assert with_word(OPEN, cut) == OPEN


@pytest.mark.parametrize(
    ("divergence", "probe"),
    [
        (error(), TOLD_APART),
        (OPEN, LOST),
        (OPEN, RIGHT),
        (OPEN, replace(TOLD_APART, methods=(*LOST.methods, ProbedMethod("backprop", (0.0,))))),
        (OPEN, replace(TOLD_APART, methods=(*RIGHT.methods, ProbedMethod("backprop", (0.5,))))),
        (OPEN, replace(TOLD_APART, arguments=(ProbedArgument("w", 0.5, 1e-12, False),))),
        (OPEN, replace(TOLD_APART, repeatable=False)),
        (OPEN, replace(TOLD_APART, marked=True)),
        (replace(OPEN, calls=(1, 2)), TOLD_APART),
        (replace(OPEN, comparison=of(Signature.OUTPUT)), TOLD_APART),
        (replace(OPEN, comparison=of(Signature.JACOBIAN, Verdict.ROUNDING)), TOLD_APART),
    ],
    ids=["known", "zero, and other not probed", "other not asked", "both off", "both right", "kink", "random", "marked", "elsewhere"]
    + ["outputs", "rounding"],
)
def test_nobody_is_blamed_by_a_probe_that_does_not_tell_the_two_apart(divergence: Divergence, probe: Probe) -> None:
    assert with_word(divergence, probe) == divergence


def test_other_directions_are_meant_only_where_all_that_may_be_off_are_right_along_the_arguments() -> None:
    both = replace(RIGHT, methods=(*RIGHT.methods, ProbedMethod("backprop", (0.5,))))
    assert is_untaken(OPEN, both)
    assert not is_untaken(OPEN, OTHER_LOST)
    assert not is_untaken(OPEN, RIGHT)
