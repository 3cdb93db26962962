"""How two trainings part: series made by hand, and what they come to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from qdiag.errors import Interrupted
from qdiag.model.call import Backward, Call, Configuration, Script, SourceLine
from qdiag.model.circuit import Circuit, Node, Parameter
from qdiag.model.comparison import Verdict
from qdiag.model.twin_training import PartingCause
from qdiag.trace import twin_steps, twin_variation
from qdiag.trace.twin_steps import Step, Steps, Stream
from qdiag.trace.twin_variation import Variation
from qdiag.twins.account import account
from qdiag.twins.growth import growth
from qdiag.twins.runs import Conductor, Pair, Run, Twins, Wish, factors, nudges, touched
from qdiag.twins.series import Moment, Series, part, trains
from qdiag.twins.turns import turns
from qdiag.twins.verdict import judge

STEPS = 120
UNSEEN = Steps()


def noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0.5, 1.5, STEPS)


def growing(start: float, factor: float, seed: int = 0, top: float = 1.0) -> np.ndarray:
    """A gap that multiplies by a factor a step until it saturates."""
    return np.minimum(start * factor ** np.arange(STEPS), top) * noise(seed)


def call() -> Call:
    configuration = Configuration("circuit", SourceLine("train.py", 5), "default.qubit", requested="backprop", resolved="backprop")
    return Call(0, 0, SourceLine("train.py", 9), configuration, (), Circuit((), ()), (np.zeros(1),))


def series(gap: np.ndarray, steps: Steps = UNSEEN, first: Call | None = None) -> Series:
    """A training whose every number is off by a gap."""
    losses = np.linspace(1.0, 0.2, len(gap))
    moments = [Moment(np.ones(3) + g, np.ones(3) + g, np.full(3, 2.0) + g, float(loss + g)) for g, loss in zip(gap, losses)]
    return Series(tuple(moments), (first or call(),), steps)


def run(name: str, role: str, gap: np.ndarray, steps: Steps = UNSEEN, failure: str = "") -> Run:
    return Run(name, role, name, Variation(), Path(name), series(gap, steps), failure=failure)


OWN = run("own", "own", np.zeros(STEPS))


def pair(name: str, role: str, gap: np.ndarray) -> Pair:
    other = run(name, role, gap)
    return Pair(other, OWN, part(OWN.series, other.series))


def twins(method: np.ndarray, controls: list[np.ndarray], healed: np.ndarray | None = None) -> Twins:
    made = Twins(OWN, OWN, part(OWN.series, OWN.series))
    made.methods = [pair("adjoint", "method", method)]
    made.controls = [pair(f"ulp {n}", "control", gap) for n, gap in enumerate(controls, 1)]
    if healed is not None:
        made.qnode_float64 = [pair("QNode f64", "qnode-float64", healed)]
    return made


# --- growth ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("factor", [1.1, 1.27, 1.6])
def test_growth_is_read_back_from_a_noisy_gap(factor: float) -> None:
    found = growth(growing(1e-7, factor))
    assert found is not None
    assert found.factor == pytest.approx(factor, rel=0.02)
    assert found.low < factor < found.high or found.factor == pytest.approx(factor, rel=0.01)


def test_growth_starts_where_a_flat_gap_ends() -> None:
    flat = np.full(40, 2e-6) * noise(1)[:40]
    found = growth(np.concatenate([flat, growing(2e-6, 1.3, seed=2)]))
    assert found is not None
    assert 35 <= found.start <= 48
    assert found.factor == pytest.approx(1.3, rel=0.03)


def test_a_gap_that_stays_has_no_growth() -> None:
    assert growth(1e-7 * noise(3)) is None
    assert growth(np.zeros(STEPS)) is None


def test_a_jump_has_no_growth() -> None:
    assert growth(np.concatenate([np.full(60, 1e-8), np.full(60, 1.0)])) is None


# --- alignment ---------------------------------------------------------------------------------------------------------


def test_the_first_step_beyond_a_threshold_is_found_for_each_quantity() -> None:
    gap = np.zeros(10)
    gap[3:] = 1e-5
    gap[7:] = 1e-1
    parting = part(series(np.zeros(10)), series(gap))
    assert [parting.first_beyond("loss", t) for t in (1e-6, 1e-4, 1e-2)] == [3, 7, 7]
    assert parting.first_beyond("output", 1.0) is None


def test_a_training_that_ends_early_is_not_near() -> None:
    assert part(series(np.zeros(10)), series(np.zeros(8))).reach == np.inf


def test_what_was_not_seen_is_no_gap() -> None:
    bare = Series(tuple(Moment(loss=1.0) for _ in range(4)), (call(),), Steps())
    parting = part(bare, bare)
    assert parting.largest("parameters") == 0
    assert parting.identical


def test_gradients_of_circuits_and_of_parameters_are_not_compared() -> None:
    circuit = Series((Moment(gradient=np.ones(4)),), (call(),), Steps())
    parameters = Series((Moment(gradient=np.ones(9), parameters=np.ones(9)),), (call(),), Steps())
    assert part(circuit, parameters).identical


def test_two_not_a_numbers_are_the_same() -> None:
    broken = Series((Moment(output=np.array([np.nan, 1.0])),), (call(),), Steps())
    assert part(broken, broken).identical


def test_a_training_trains_if_its_loss_falls() -> None:
    assert trains(series(np.zeros(STEPS)))
    stuck = Series(tuple(Moment(loss=0.5) for _ in range(STEPS)), (call(),), Steps())
    assert not trains(stuck)


# --- verdicts ----------------------------------------------------------------------------------------------------------


def test_rounding_amplified_by_training_is_confirmed_by_control_and_float64() -> None:
    controls = [growing(3e-8, 1.27, seed) for seed in range(5)]
    judgement = judge(twins(growing(1e-7, 1.27, 9), controls, healed=np.zeros(STEPS)))
    assert (judgement.verdict, judgement.cause, judgement.confidence) == (Verdict.ROUNDING, PartingCause.AMPLIFIED, "confirmed")
    assert all(evidence.holds for evidence in judgement.evidence)


def test_without_the_way_back_the_cause_is_only_likely() -> None:
    controls = [growing(3e-8, 1.27, seed) for seed in range(5)]
    judgement = judge(twins(growing(1e-7, 1.27, 9), controls, healed=growing(1e-7, 1.27, 7)))
    assert (judgement.cause, judgement.confidence) == (PartingCause.AMPLIFIED, "likely")


def test_a_gradient_that_is_wrong_from_the_first_step_is_an_error() -> None:
    judgement = judge(twins(np.full(STEPS, 0.3), [growing(3e-8, 1.27, seed) for seed in range(5)]))
    assert judgement.verdict is Verdict.ERROR
    assert "step 0" in judgement.sentences[0]


def test_a_gradient_that_is_wrong_from_a_later_step_is_an_error_though_the_training_is_chaotic() -> None:
    late = growing(1e-9, 1.02)
    late[20:] = 0.4
    judgement = judge(twins(late, [growing(1e-9, 1.2, seed) for seed in range(5)]))
    assert judgement.verdict is Verdict.ERROR
    assert "step 20" in judgement.sentences[0]


def test_a_method_that_parts_where_no_control_does_is_an_error() -> None:
    judgement = judge(twins(growing(1e-4, 1.2, 1), [1e-8 * noise(seed) for seed in range(5)]))
    assert judgement.verdict is Verdict.ERROR


def test_a_method_that_starts_at_rounding_is_not_called_wrong_because_no_nudge_met_the_same_kink() -> None:
    judgement = judge(twins(growing(1e-7, 1.2, 1), [1e-8 * noise(seed) for seed in range(5)]))
    assert judgement.verdict is Verdict.INCONCLUSIVE


def test_where_float64_brings_it_back_a_kink_that_no_nudge_met_is_likely_rounding() -> None:
    judgement = judge(twins(growing(1e-7, 1.2, 1), [1e-8 * noise(seed) for seed in range(5)], healed=np.zeros(STEPS)))
    assert (judgement.verdict, judgement.cause, judgement.confidence) == (Verdict.ROUNDING, PartingCause.AMPLIFIED, "likely")
    assert "bit for bit" in judgement.sentences[-1]


def test_a_calm_training_lets_methods_stand_for_one_another() -> None:
    judgement = judge(twins(3e-7 * noise(1), [2e-7 * noise(2)]))
    assert (judgement.verdict, judgement.cause) == (Verdict.AGREE, None)
    assert "interchangeably" in judgement.sentences[-1]


def test_without_a_control_nothing_is_concluded() -> None:
    assert judge(twins(growing(1e-7, 1.27), [])).verdict is Verdict.INCONCLUSIVE


def test_an_unseeded_stream_is_named() -> None:
    def steps(digest: str) -> Steps:
        return Steps(streams=(Stream("random", digest, False), Stream("numpy.random", digest, True), Stream("torch", "same", True)))

    first, second = run("own", "own", np.zeros(4), steps("a")), run("again", "again", np.full(4, 0.1), steps("b"))
    judgement = judge(Twins(first, second, part(first.series, second.series)))
    assert judgement.cause is PartingCause.NOT_SEEDED
    assert "numpy.random, which it does not seed" in judgement.sentences[1]


def test_seeded_runs_with_other_inputs_saw_other_data() -> None:
    def with_input(number: float) -> Call:
        circuit = Circuit((Node("RX", (Parameter(np.array(number)),)),), ())
        return replace(call(), circuit=circuit)

    first = replace(OWN, series=series(np.zeros(4), first=with_input(0.1)))
    second = replace(OWN, series=series(np.full(4, 0.1), first=with_input(0.2)))
    assert judge(Twins(first, second, part(first.series, second.series))).cause is PartingCause.OTHER_DATA


def test_a_script_that_fails_is_not_judged() -> None:
    failed = run("own", "own", np.zeros(1), failure="ValueError: no data")
    judgement = judge(Twins(failed, failed, part(failed.series, failed.series)))
    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert "no data" in judgement.sentences[0]


def test_the_account_lists_every_run_with_its_losses_and_thresholds() -> None:
    made = account(twins(growing(1e-7, 1.27, 9), [growing(3e-8, 1.27)], healed=np.zeros(STEPS)))
    assert [one.name for one in made.runs] == ["own", "own", "adjoint", "ulp 1", "QNode f64"]
    adjoint = made.runs[2]
    assert len(adjoint.losses) == 6
    assert adjoint.growth is not None
    assert adjoint.beyond[0][0] is not None
    assert made.runs[4].reach == 0


def test_a_nudge_that_does_not_reach_a_qnode_is_no_control() -> None:
    assert not touched([call()], [call()])
    assert touched([call()], [replace(call(), outputs=(np.full(1, 1e-9),))])
    assert touched([call()], [replace(call(), backwards=(Backward((np.ones(1),)),))])


# --- nudges and factors ------------------------------------------------------------------------------------------------


def one_step(gradients: list[float], sizes: tuple[int, ...], **others: object) -> Steps:
    array = np.array(gradients)
    return Steps(sizes=sizes, start=array, steps=(Step(0, array * 0, array),), **others)  # type: ignore[arg-type]


def test_a_nudge_prefers_weights_on_which_the_loss_depends() -> None:
    chosen = nudges(one_step([0.0, 0.0, 0.5, 0.0, 0.3, 0.0], (4, 2)), 3)
    assert set(chosen[:2]) == {(0, 2), (1, 0)}
    assert len(chosen) == 3


def test_nudges_are_the_same_every_time() -> None:
    steps = one_step([0.1, 0.2, 0.3, 0.4], (4,))
    assert nudges(steps, 4) == nudges(steps, 4)


def test_factors_follow_what_the_script_uses() -> None:
    names = [name for name, _, _ in factors(Steps(optimizers=("Adam",), losses=("L1Loss",)))]
    assert names == ["lr / 10", "eps 1e-3", "SGD", "SmoothL1", "MSE"]
    assert [name for name, _, _ in factors(Steps(optimizers=("SGD",)))] == ["lr / 10"]


@pytest.mark.parametrize("code", [-2, -15, 130])
def test_what_ends_one_run_from_outside_ends_them_all(tmp_path: Path, code: int) -> None:
    started = []

    def start(trace: Path, output: Path) -> Script:
        started.append(trace)
        return Script("train.py", exit_code=code)

    with pytest.raises(Interrupted):
        Conductor(start, tmp_path / "runs", Wish(), lambda text: None).conduct()
    assert len(started) == 1


def test_the_number_of_runs_is_known_before() -> None:
    assert Wish().most == 12
    assert Wish(mechanism=True).most == 22


# --- events ------------------------------------------------------------------------------------------------------------


def test_a_step_on_a_gradient_near_zero_is_an_event_under_adam() -> None:
    def steps(moved: float, gradient: float) -> Steps:
        step = Step(0, np.array([0.0, moved]), np.array([1.0, gradient]))
        return Steps(optimizers=("Adam",), steps=(step,))

    found = turns(series(np.zeros(1), steps(0.0, 1e-8)), series(np.zeros(1), steps(2e-6, 1.1e-8)))
    assert [turn.step for turn in found] == [0]
    assert "1.0e-08" in found[0].text


def test_the_first_mask_that_differs_is_counted() -> None:
    def steps(*masks: list[bool]) -> Steps:
        return Steps(steps=tuple(Step(0, np.zeros(1), np.zeros(1), (("ReLU 1", np.packbits(mask)),)) for mask in masks))

    first, second = steps([True, False, True], [True, False, True]), steps([True, False, True], [False, True, True])
    found = turns(series(np.zeros(2), first), series(np.zeros(2), second))
    assert [(turn.step, turn.text) for turn in found] == [(1, "ReLU 1: 2 elements of the mask differ for the first time")]


# --- files -------------------------------------------------------------------------------------------------------------


def test_steps_are_read_back_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "run.steps"
    writer = twin_steps.StepsWriter(path)
    writer.write("start", {"sizes": [2]}, [np.array([1.0, 2.0])])
    writer.write("optimizer", {"name": "Adam"})
    bits = np.packbits([True, False])
    writer.write("step", {"optimizer": 0, "kinks": ["ReLU 1"]}, [np.array([3.0, 4.0]), np.array([5.0, 6.0]), bits])
    steps = twin_steps.read(path)
    assert (steps.sizes, steps.optimizers) == ((2,), ("Adam",))
    assert steps.steps[0].parameters.tolist() == [3.0, 4.0]
    assert steps.steps[0].kinks[0][0] == "ReLU 1"


def test_what_a_killed_run_left_half_written_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "run.steps"
    writer = twin_steps.StepsWriter(path)
    for _ in range(2):
        writer.write("step", {"optimizer": 0, "kinks": []}, [np.zeros(4), np.zeros(4)])
    path.write_bytes(path.read_bytes()[:-7])
    assert len(twin_steps.read(path).steps) == 1


def test_no_file_holds_no_steps(tmp_path: Path) -> None:
    assert twin_steps.read(tmp_path / "none").steps == ()


@pytest.mark.parametrize("change", [Variation(), Variation(diff_method="adjoint"), Variation(nudge=(2, 7), learning_rate=0.1)])
def test_a_variation_is_read_back(tmp_path: Path, change: Variation) -> None:
    twin_variation.save(change, tmp_path / "run.qdiag")
    assert twin_variation.load(tmp_path / "run.qdiag") == change


def test_an_ordinary_run_has_no_variation(tmp_path: Path) -> None:
    assert twin_variation.load(tmp_path / "run.qdiag") is None
