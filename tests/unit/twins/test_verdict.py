"""What runs come to: a table of trainings whose truth is known, and what must hold of every verdict."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Optional

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qdiag.model.call import Call
from qdiag.model.circuit import Circuit
from qdiag.model.comparison import Verdict
from qdiag.model.findings import Confidence, Outcome
from qdiag.model.node import Node
from qdiag.model.parameter import Parameter
from qdiag.model.twin_training import PartingCause
from qdiag.trace.twin_steps import Steps, Stream
from qdiag.trace.twin_variation import Variation
from qdiag.twins.runs import Pair, Run, Twins
from qdiag.twins.series import Moment, Series, part
from qdiag.twins.verdict import JUMP, jump, training_verdict
from tests.worlds.trainings import OWN, STEPS, call, growing, noise, pair, run, series, twins


def test_rounding_amplified_by_training_is_confirmed_by_control_and_float64() -> None:
    controls = [growing(3e-8, 1.27, seed) for seed in range(5)]
    judgement = training_verdict(twins(growing(1e-7, 1.27, 9), controls, healed=np.zeros(STEPS)))
    assert (judgement.verdict, judgement.cause, judgement.confidence) == (Verdict.ROUNDING, PartingCause.AMPLIFIED, "confirmed")
    assert all(evidence.holds for evidence in judgement.evidence)


def test_without_the_way_back_the_cause_is_only_likely() -> None:
    controls = [growing(3e-8, 1.27, seed) for seed in range(5)]
    judgement = training_verdict(twins(growing(1e-7, 1.27, 9), controls, healed=growing(1e-7, 1.27, 7)))
    assert (judgement.cause, judgement.confidence) == (PartingCause.AMPLIFIED, "likely")


def test_a_gradient_that_is_wrong_from_the_first_step_is_an_error() -> None:
    judgement = training_verdict(twins(np.full(STEPS, 0.3), [growing(3e-8, 1.27, seed) for seed in range(5)]))
    assert judgement.verdict is Verdict.ERROR
    assert "step 0" in judgement.sentences[0]


def test_a_gradient_that_is_wrong_from_a_later_step_is_an_error_though_the_training_is_chaotic() -> None:
    late = growing(1e-9, 1.02)
    late[20:] = 0.4
    judgement = training_verdict(twins(late, [growing(1e-9, 1.2, seed) for seed in range(5)]))
    assert judgement.verdict is Verdict.ERROR
    assert "step 20" in judgement.sentences[0]


def test_a_method_that_parts_where_no_control_does_is_an_error() -> None:
    judgement = training_verdict(twins(growing(1e-4, 1.2, 1), [1e-8 * noise(seed) for seed in range(5)]))
    assert judgement.verdict is Verdict.ERROR


def test_a_method_that_starts_at_rounding_is_not_called_wrong_because_no_nudge_met_the_same_kink() -> None:
    judgement = training_verdict(twins(growing(1e-7, 1.2, 1), [1e-8 * noise(seed) for seed in range(5)]))
    assert judgement.verdict is Verdict.INCONCLUSIVE


def test_where_float64_brings_it_back_a_kink_that_no_nudge_met_is_likely_rounding() -> None:
    judgement = training_verdict(twins(growing(1e-7, 1.2, 1), [1e-8 * noise(seed) for seed in range(5)], healed=np.zeros(STEPS)))
    assert (judgement.verdict, judgement.cause, judgement.confidence) == (Verdict.ROUNDING, PartingCause.AMPLIFIED, "likely")
    assert "bit for bit" in judgement.sentences[-1]


def test_a_calm_training_lets_methods_stand_for_one_another() -> None:
    judgement = training_verdict(twins(3e-7 * noise(1), [2e-7 * noise(2)]))
    assert (judgement.verdict, judgement.cause) == (Verdict.AGREE, None)
    assert "interchangeably" in judgement.sentences[-1]


def test_without_a_control_nothing_is_concluded() -> None:
    assert training_verdict(twins(growing(1e-7, 1.27), [])).verdict is Verdict.INCONCLUSIVE


def test_an_unseeded_stream_is_named() -> None:
    def steps(digest: str) -> Steps:
        return Steps(streams=(Stream("random", digest, False), Stream("numpy.random", digest, True), Stream("torch", "same", True)))

    first, second = run("own", "own", np.zeros(4), steps("a")), run("again", "again", np.full(4, 0.1), steps("b"))
    judgement = training_verdict(Twins(first, second, part(first.series, second.series)))
    assert judgement.cause is PartingCause.NOT_SEEDED
    assert "numpy.random, which it does not seed" in judgement.sentences[1]


def test_seeded_runs_with_other_inputs_saw_other_data() -> None:
    def with_input(number: float) -> Call:
        circuit = Circuit((Node("RX", (Parameter(np.array(number)),)),), ())
        return replace(call(), circuit=circuit)

    first = replace(OWN, series=series(np.zeros(4), first=with_input(0.1)))
    second = replace(OWN, series=series(np.full(4, 0.1), first=with_input(0.2)))
    assert training_verdict(Twins(first, second, part(first.series, second.series))).cause is PartingCause.OTHER_DATA


def test_a_script_that_fails_is_not_judged() -> None:
    failed = run("own", "own", np.zeros(1), failure="ValueError: no data")
    judgement = training_verdict(Twins(failed, failed, part(failed.series, failed.series)))
    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert "no data" in judgement.sentences[0]


# --- jumps -----------------------------------------------------------------------------------------------------------------


def of_outputs(name: str, gaps: np.ndarray) -> Run:
    """A run of which outputs alone were seen."""
    moments = tuple(Moment(output=np.ones(2) + gap) for gap in gaps)
    return Run(name, "method", name, Variation(), Path(name), Series(moments, (call(),), Steps()))


def jump_of(gap: list[float], control: Optional[list[float]] = None) -> Optional[int]:
    own, other = of_outputs("own", np.zeros(len(gap))), of_outputs("adjoint", np.array(gap))
    controls = [] if control is None else [part(own.series, of_outputs("ulp", np.array(control)).series)]
    return jump(Pair(other, own, part(own.series, other.series)), controls)


@pytest.mark.parametrize(
    ("gap", "control", "step"),
    [
        ([0.5, 0.5], None, 0),
        ([0.0, 0.0, 0.5], None, 2),
        ([1e-8, 1e-8, 0.5], [1e-8] * 3, 2),
        ([1e-8, 1e-6, 1e-4, 1e-2, 0.5], None, None),
        ([1e-8, 1e-8, 0.5], [1e-8, 1e-8, 0.4], None),
        ([JUMP / 2] * 3, None, None),
        ([0.0, 0.0, 0.0], None, None),
        ([], None, None),
        ([1e-5, 0.5, 0.5], None, 1),
        ([1e-3, 0.5], None, None),
    ],
    ids=["from the first step", "later", "over a control", "little by little", "as a control does", "too small", "never", "empty",
         "after rounding", "after more than a thousandth of it"],
)  # fmt: skip
def test_a_jump_is_there_at_once_and_by_far_more_than_any_control(
    gap: list[float], control: Optional[list[float]], step: Optional[int]
) -> None:
    assert jump_of(gap, control) == step


def test_once_two_runs_are_apart_no_later_step_is_a_jump() -> None:
    # a chaotic training may do anything from there on
    assert jump_of([1e-8, 1e-6, 2e-4, 2e-2, 5.0, 1e6]) is None


def test_outputs_of_other_shapes_are_a_jump() -> None:
    own = Series((Moment(output=np.ones(2)),), (call(),), Steps())
    other = Series((Moment(output=np.ones(3)),), (call(),), Steps())
    runs = [Run(name, "method", name, Variation(), Path(name), made) for name, made in (("own", own), ("adjoint", other))]
    assert jump(Pair(runs[1], runs[0], part(own, other)), []) == 0


def test_a_number_that_became_none_is_a_jump() -> None:
    assert jump_of([0.0, np.nan]) == 1


# --- what must hold of every verdict ---------------------------------------------------------------------------------------

KINDS = st.sampled_from(["zeros", "calm", "growing", "jump", "wrong"])


def gap_of(kind: str, seed: int) -> np.ndarray:
    late = growing(1e-9, 1.02, seed)
    late[20:] = 0.4
    return {
        "zeros": np.zeros(STEPS),
        "calm": 3e-7 * noise(seed),
        "growing": growing(1e-7, 1.27, seed),
        "jump": late,
        "wrong": np.full(STEPS, 0.3),
    }[kind]


@settings(max_examples=25)
@given(KINDS, st.lists(KINDS, max_size=2), st.sampled_from(["", "zeros", "growing"]), st.integers(0, 5))
def test_every_verdict_is_complete(method: str, controls: list[str], healed: str, seed: int) -> None:
    gaps = [gap_of(kind, seed + 1 + n) for n, kind in enumerate(controls)]
    found = training_verdict(twins(gap_of(method, seed), gaps, gap_of(healed, seed) if healed else None))
    assert 1 <= len(found.sentences) <= 3
    assert all(sentence.endswith(".") and "nan" not in sentence for sentence in found.sentences)
    assert (found.cause is None) == (found.verdict is Verdict.AGREE)
    assert found.cause is not None or found.confidence is Confidence.UNKNOWN
    if found.confidence is Confidence.CONFIRMED:
        assert any(evidence.predicts is Outcome.HEALS and evidence.holds for evidence in found.evidence) or not healed
    # only a jump or a large opening gap makes somebody wrong
    assert found.verdict is not Verdict.ERROR or method in ("jump", "wrong")


@settings(max_examples=10)
@given(st.sampled_from(["calm", "growing"]), st.integers(0, 8))
def test_healthy_trainings_are_never_called_wrong(kind: str, seed: int) -> None:
    controls = [gap_of(kind, seed + n) for n in range(1, 4)]
    assert training_verdict(twins(gap_of(kind, seed), controls)).verdict in (Verdict.AGREE, Verdict.ROUNDING)


# --- several methods ---------------------------------------------------------------------------------------------------------


def test_of_several_methods_the_worst_is_told() -> None:
    made = twins(3e-7 * noise(1), [2e-7 * noise(2)])
    made.methods.append(pair("finite-diff", "method", np.full(STEPS, 0.3)))
    assert training_verdict(made).verdict is Verdict.ERROR
    assert "finite-diff" in training_verdict(made).sentences[0]


def test_where_all_methods_refuse_their_words_are_told() -> None:
    made = twins(np.zeros(STEPS), [])
    made.methods, made.failed = [], [run("adjoint", "method", np.zeros(1), failure="ValueError: not supported")]
    found = training_verdict(made)
    assert (found.verdict, found.cause) == (Verdict.INCONCLUSIVE, PartingCause.UNKNOWN)
    assert "adjoint: ValueError: not supported" in found.sentences[0]


def test_where_there_is_none_it_is_said() -> None:
    made = twins(np.zeros(STEPS), [])
    made.methods = []
    assert training_verdict(made).sentences == ("There is no other method to compare with.",)


# --- evidence and advice -----------------------------------------------------------------------------------------------------


def test_a_control_that_did_not_grow_is_kept_as_one_that_does_not_hold() -> None:
    controls = [growing(3e-8, 1.27, 0), 1e-9 * noise(1)]
    evidence = training_verdict(twins(growing(1e-7, 1.27, 9), controls, healed=np.zeros(STEPS))).evidence
    assert [(e.predicts, e.holds) for e in evidence] == [("persists", True), ("persists", False), ("heals", True)]
    assert evidence[1].detail == "this nudge did not grow"


def test_advice_gives_the_measured_effect_of_float64() -> None:
    made = twins(growing(1e-7, 1.27, 9), [growing(3e-8, 1.27, 1)], healed=np.zeros(STEPS))
    wide = run("f64", "float64", np.zeros(STEPS))
    for gap, words in ((np.zeros(STEPS), "never visibly parts"), (growing(1e-12, 1.27), "parts beyond 1e-04 at step")):
        other = run("adjoint f64", "float64", gap)
        made.float64 = [Pair(wide, OWN, part(OWN.series, wide.series)), Pair(other, wide, part(wide.series, other.series))]
        advice = training_verdict(made).advice
        assert advice[0].startswith("train in float64")
        assert words in advice[0]


def test_advice_names_a_factor_only_where_both_trainings_still_train_and_part_less() -> None:
    made = twins(growing(1e-7, 1.27, 9), [growing(3e-8, 1.27, 1)], healed=np.zeros(STEPS))
    slow = replace(run("lr / 10", "mechanism", np.zeros(STEPS)), changed="a tenth of the learning rate")
    stuck = Series(tuple(Moment(np.ones(1), np.ones(1), np.ones(1), 1.0) for _ in range(STEPS)), (call(),), Steps())
    near, far = run("a", "mechanism", 1e-6 * noise(1)), run("b", "mechanism", np.full(STEPS, 5.0))
    for other, against, named in (
        (near, slow, True),
        (far, slow, False),
        (replace(near, series=stuck), slow, False),
        (near, replace(slow, series=stuck), False),
    ):
        made.mechanism = [Pair(other, against, part(slow.series, near.series if named else other.series))]
        assert any("a tenth of the learning rate" in text for text in training_verdict(made).advice) is named


def test_advice_says_how_far_rounding_alone_spreads_the_final_loss() -> None:
    made = twins(growing(1e-7, 1.27, 9), [growing(3e-8, 1.27, 1)], healed=np.zeros(STEPS))
    assert any(text.startswith("average over seeds") for text in training_verdict(made).advice)


# --- a script that is not reproducible ---------------------------------------------------------------------------------------


def unlike(first: Steps, second: Steps, opening: tuple[Call, Call] = (call(), call())) -> Twins:
    one, other = run("own", "own", np.zeros(4), first), run("again", "again", np.array([0.0, 0.0, 0.1, 0.1]), second)
    one = replace(one, series=replace(one.series, opening=(opening[0],)))
    other = replace(other, series=replace(other.series, opening=(opening[1],)))
    return Twins(one, other, part(one.series, other.series))


def streams(**digests: str) -> Steps:
    return Steps(streams=tuple(Stream(name.replace("_", "."), digest, True) for name, digest in digests.items()))


def test_every_stream_that_was_not_seeded_is_named_with_its_cure() -> None:
    first, second = (streams(random=seed, numpy_random=seed, torch="same") for seed in ("a", "b"))
    found = training_verdict(unlike(first, second))
    assert "random and numpy.random, which it does not seed" in found.sentences[1]
    assert found.advice == ("seed it at the top: random.seed(0)", "seed it at the top: numpy.random.seed(0)")


def test_where_the_runs_part_is_told() -> None:
    found = training_verdict(unlike(streams(torch="a"), streams(torch="b")))
    assert "they part at step 2" in found.sentences[0]


def test_seeded_and_fed_the_same_they_are_nondeterministic() -> None:
    found = training_verdict(unlike(streams(torch="a"), streams(torch="a")))
    assert found.cause is PartingCause.NONDETERMINISTIC
    assert found.confidence == "confirmed"
    assert found.evidence[0].holds


def test_a_not_a_number_that_both_got_is_no_other_data() -> None:
    def with_input(number: float) -> Call:
        return replace(call(), circuit=Circuit((Node("RX", (Parameter(np.array(number)),)),), ()))

    same = training_verdict(unlike(streams(torch="a"), streams(torch="a"), (with_input(np.nan), with_input(np.nan))))
    assert same.cause is PartingCause.NONDETERMINISTIC
    other = training_verdict(unlike(streams(torch="a"), streams(torch="a"), (with_input(0.1), with_input(np.nan))))
    assert other.cause is PartingCause.OTHER_DATA


def test_a_stream_that_nobody_drew_from_is_not_blamed() -> None:
    idle = Steps(streams=(Stream("random", "a", False),))
    assert training_verdict(unlike(idle, replace(idle, streams=(Stream("random", "b", False),)))).cause is PartingCause.NONDETERMINISTIC
