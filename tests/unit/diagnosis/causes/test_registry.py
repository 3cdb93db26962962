"""What the rooms downstream ask of a cause: whether there is a circuit to shrink, a bug to file, a script to keep."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from qdiag.diagnosis.cause import Cause, Place
from qdiag.diagnosis.causes import CAUSES, OF_LAYERS, SEEN_BY_PROBES, cause_of, cause_of_parting
from qdiag.diagnosis.causes.unknown import UNKNOWN
from qdiag.model.findings import Confidence, ScriptKind
from qdiag.model.twin_training import PartingCause

AROUND = {f"QD8{number:02}" for number in range(1, 14)}
"""The training around the QNodes."""


def codes(causes: Iterable[Cause]) -> set[str]:
    return {cause.code for cause in causes}


def test_what_random_numbers_points_layers_and_scripts_do_leaves_nothing_to_shrink() -> None:
    elsewhere = codes(cause for cause in CAUSES if cause.sits is not Place.CIRCUIT)
    of_single_calls = {"QD103", "QD104", "QD106", "QD504", "QD509", "QD601", "QD602", "QD603", "QD604"}
    assert elsewhere == of_single_calls | {"QD701", "QD702", "QD703"} | AROUND


def test_a_difference_of_unknown_cause_is_shrunk_like_one_of_the_circuit() -> None:
    assert UNKNOWN.sits is Place.CIRCUIT


def test_what_the_script_does_or_asks_for_is_no_bug_to_file() -> None:
    not_fileable = codes(cause for cause in CAUSES if not cause.fileable)
    assert not_fileable == {"QD206", "QD312", "QD504", "QD509", "QD601", "QD603", "QD604", "QD701", "QD702", "QD703"} | AROUND


def test_a_call_that_answers_otherwise_under_one_seed_may_well_be_a_bug() -> None:
    assert cause_of("QD602").fileable


def test_probes_find_what_only_the_qnode_itself_shows() -> None:
    assert codes(SEEN_BY_PROBES) == {"QD105", "QD306", "QD401", "QD504", "QD505", "QD601", "QD604"}


def test_a_layer_can_lose_results_in_one_way_only() -> None:
    assert codes(OF_LAYERS) == {"QD104"}


def test_only_causes_that_count_parameters_otherwise_lose_gradients_and_shift_them() -> None:
    assert codes(cause for cause in CAUSES if cause.loses_and_shifts) == {"QD402"}


def test_that_something_raises_does_not_say_why() -> None:
    assert codes(cause for cause in CAUSES if not cause.says_why) == {"QD304", "QD901"}


@pytest.mark.parametrize("kind", ScriptKind, ids=lambda kind: kind.name)
def test_every_kind_of_script_belongs_to_one_cause(kind: ScriptKind) -> None:
    # of what a layer puts elsewhere no cause is known, and its script is given to the finding itself
    assert len([cause for cause in CAUSES if cause.script is kind]) == (kind is not ScriptKind.LAYER_PARTS)


def test_a_diagnosis_carries_what_reports_and_reproducers_must_know() -> None:
    named = cause_of("QD504").diagnosis(Confidence.CONFIRMED, "rows are mixed", ruled_out=("QD304",))
    assert (named.code, named.slug, named.title) == ("QD504", "batch-axis-as-feature", "batch axis mistaken for a feature")
    assert (named.confidence, named.because) == ("confirmed", "rows are mixed")
    assert (named.fileable, named.script, named.ruled_out) == (False, ScriptKind.BATCH_AXIS, ("QD304",))
    assert named.remedy == cause_of("QD504").remedy


def test_a_remedy_for_the_very_case_stands_in_for_the_causes_own() -> None:
    assert UNKNOWN.diagnosis(Confidence.UNKNOWN, "", remedy="look at the traceback").remedy == "look at the traceback"


def test_a_code_of_a_later_qdiag_is_unknown_to_this_one() -> None:
    assert cause_of("QD399") is UNKNOWN


def test_an_account_of_a_training_leads_to_its_cause() -> None:
    assert cause_of_parting(PartingCause.NONDETERMINISTIC).code == "QD602"
    assert cause_of_parting(PartingCause.UNKNOWN) is UNKNOWN
