"""Which second trainings are made, in what order, and what each is compared with: a conductor and scripts that only write traces."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Optional

import numpy as np
import pytest

from qdiag.errors import Interrupted
from qdiag.model.call import Backward, Call, Event, Failure, Script
from qdiag.model.method import parse
from qdiag.trace import twin_steps, twin_variation, writer
from qdiag.trace.twin_steps import Step, Steps, StepsWriter
from qdiag.trace.twin_variation import Variation
from qdiag.twins.runs import Conductor, Twins, Wish, calls_differ, comes_back, factors, nudges
from qdiag.twins.series import part
from tests.worlds import scripted
from tests.worlds.trainings import call, series


def test_a_nudge_that_does_not_reach_a_qnode_is_no_control() -> None:
    assert not calls_differ([call()], [call()])
    assert calls_differ([call()], [replace(call(), outputs=(np.full(1, 1e-9),))])
    assert calls_differ([call()], [replace(call(), backwards=(Backward((np.ones(1),)),))])


def one_step(gradients: list[float], sizes: tuple[int, ...], **others: object) -> Steps:
    array = np.array(gradients)
    return Steps(sizes=sizes, start=array, steps=(Step(0, np.zeros_like(array), array),), **others)  # type: ignore[arg-type]


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


# --- a script that only writes traces ----------------------------------------------------------------------------------------

STEPS = 3
NARROW = "float32"


class ScriptedTraining:
    """Takes the place of running the script: writes the trace that the variation would give.

    Parameters
    ----------
    own
        The script's own method.
    dtype
        Of the circuit's numbers.
    refuses
        Methods under which the script fails at its first call.
    rounding
        How far another method's outputs are off.
    """

    def __init__(self, own: str = "backprop", dtype: str = "float64", refuses: tuple[str, ...] = (), rounding: float = 1e-9) -> None:
        self.own = own
        self.dtype = dtype
        self.refuses = refuses
        self.rounding = rounding
        self.variations: dict[str, Variation] = {}
        self.exit_codes: dict[str, int] = {}
        self.dead_weights: set[tuple[int, int]] = set()
        self.losses: tuple[str, ...] = ()

    def start(self, trace: Path, output: Path) -> Script:
        change = twin_variation.load(trace)
        assert change is not None
        self.variations[trace.stem] = change
        output.write_text("")
        writer.create(trace, Script("train.py"))
        method = change.diff_method or self.own
        refused = method in self.refuses
        with writer.TraceWriter(trace) as file, file.transaction():
            for index in range(0 if refused else STEPS):
                file.write(self._call(index, change, method))
                file.events([Event("loss", index + 1, number=1.0 / (index + 1)), Event("step", index + 1)])
        if not refused:
            self._steps(trace, change)
        code = self.exit_codes.get(trace.stem, 1 if refused else 0)
        return Script("train.py", exit_code=code, failure=Failure("ValueError", f"{method} refuses\nmore words") if refused else None)

    def _call(self, index: int, change: Variation, method: str) -> Call:
        off = self.rounding if method != self.own and not change.qnode_float64 else 0.0
        if change.nudge is not None and change.nudge not in self.dead_weights:
            off += self.rounding
        made = scripted.call(index, scripted.circuit(0.3, self.dtype), parse(f"default.qubit/{method}"))
        assert made.outputs is not None
        return replace(made, outputs=tuple(output + off for output in made.outputs), backwards=())

    def _steps(self, trace: Path, change: Variation) -> None:
        kept = StepsWriter(twin_steps.path_for(trace))
        weights = np.linspace(0.1, 1.0, 20).astype(self.dtype)
        kept.write("start", {"sizes": [12, 8]}, [weights])
        kept.write("optimizer", {"name": "Adam"})
        for name in self.losses:
            kept.write("loss", {"text": name})
        for _ in range(STEPS):
            kept.write("step", {"optimizer": 0, "kinks": []}, [weights, weights])

    @property
    def names(self) -> list[str]:
        return list(self.variations)


def conduct(
    training: ScriptedTraining, folder: Path, wish: Optional[Wish] = None, earlier: Optional[Path] = None
) -> tuple[Twins, list[str]]:
    said: list[str] = []
    twins = Conductor(training.start, folder / "runs", wish or Wish(controls=2), said.append).conduct(earlier)
    return twins, said


class TestTheRuns:
    def test_begin_with_the_unchanged_script_twice(self, tmp_path: Path) -> None:
        training = ScriptedTraining()
        twins, said = conduct(training, tmp_path)
        assert training.names[:2] == ["own", "again"]
        assert [training.variations[name] for name in ("own", "again")] == [Variation(), Variation()]
        assert twins.repeat.identical
        assert said[:2] == ["run own: unchanged", "run again: unchanged, once more"]

    def test_are_one_less_with_a_trace_of_the_very_same_run(self, tmp_path: Path) -> None:
        training = ScriptedTraining()
        twin_variation.save(Variation(), tmp_path / "trace.qdiag")
        training.start(tmp_path / "trace.qdiag", tmp_path / "out.txt")
        training.variations.clear()
        twins, _ = conduct(training, tmp_path, earlier=tmp_path / "trace.qdiag")
        assert training.names[0] == "again"
        assert twins.own.trace == tmp_path / "trace.qdiag"

    def test_take_the_first_method_that_works_where_none_is_named(self, tmp_path: Path) -> None:
        training = ScriptedTraining(refuses=("adjoint",))
        twins, _ = conduct(training, tmp_path)
        assert [pair.run.name for pair in twins.methods] == ["parameter-shift"]
        assert [(run.name, run.failure) for run in twins.failed] == [("adjoint", "ValueError: adjoint refuses")]
        assert "finite-diff" not in training.names

    def test_take_every_method_that_is_named_but_the_scripts_own(self, tmp_path: Path) -> None:
        twins, _ = conduct(ScriptedTraining(), tmp_path, Wish(("finite-diff", "backprop", "adjoint"), controls=0))
        assert [pair.run.name for pair in twins.methods] == ["finite-diff", "adjoint"]

    def test_nudge_as_many_weights_as_wished(self, tmp_path: Path) -> None:
        training = ScriptedTraining()
        twins, _ = conduct(training, tmp_path, Wish(controls=3))
        assert [pair.run.name for pair in twins.controls] == ["ulp 1", "ulp 2", "ulp 3"]
        nudged = [pair.run.variation.nudge for pair in twins.controls]
        assert len(set(nudged)) == 3
        assert all(pair.run.changed == f"one ulp on element {n[1]} of parameter {n[0]}" for pair, n in zip(twins.controls, nudged) if n)

    def test_take_another_weight_where_a_nudge_reaches_no_qnode(self, tmp_path: Path) -> None:
        first = ScriptedTraining()
        conduct(first, tmp_path / "first", Wish(controls=2))
        dead = first.variations["ulp-1"].nudge
        training = ScriptedTraining()
        assert dead is not None
        training.dead_weights = {dead}
        twins, _ = conduct(training, tmp_path / "second", Wish(controls=2))
        assert [pair.run.name for pair in twins.controls] == ["ulp 2", "ulp 3"]
        assert twins.notes == [
            f"ulp 1 (one ulp on element {dead[1]} of parameter {dead[0]}) changes no output or gradient of the first calls: left out"
        ]

    def test_say_so_where_nothing_can_be_nudged(self, tmp_path: Path) -> None:
        class WithoutSteps(ScriptedTraining):
            def _steps(self, trace: Path, change: Variation) -> None:
                return

        twins, _ = conduct(WithoutSteps(), tmp_path)
        assert twins.controls == []
        assert "no weight of a torch optimiser could be nudged" in twins.notes[0]

    def test_do_nothing_in_float64_where_nothing_is_narrow(self, tmp_path: Path) -> None:
        twins, _ = conduct(ScriptedTraining(), tmp_path)
        assert (twins.qnode_float64, twins.float64) == ([], [])

    def test_bring_the_qnode_to_float64_where_it_is_narrow(self, tmp_path: Path) -> None:
        training = ScriptedTraining(dtype=NARROW)
        twins, _ = conduct(training, tmp_path)
        assert training.variations["QNode-f64"] == Variation(qnode_float64=True)
        assert [(pair.run.name, pair.against.name) for pair in twins.qnode_float64][:1] == [("QNode f64", "adjoint")]
        assert [(pair.run.name, pair.against.name) for pair in twins.float64] == [("f64", "again"), ("adjoint f64", "f64")]

    def test_bring_the_other_method_to_float64_where_the_scripts_own_does_not_come_back(self, tmp_path: Path) -> None:
        # here the other method is what the QNode's precision changes
        training = ScriptedTraining(dtype=NARROW, rounding=1e-2)
        twins, _ = conduct(training, tmp_path)
        assert [pair.run.name for pair in twins.qnode_float64] == ["QNode f64", "adjoint QNode f64"]
        assert training.variations["adjoint-QNode-f64"] == Variation(diff_method="adjoint", qnode_float64=True)

    def test_change_one_factor_at_a_time_where_that_is_wished(self, tmp_path: Path) -> None:
        training = ScriptedTraining()
        training.losses = ("L1Loss",)
        twins, _ = conduct(training, tmp_path, Wish(controls=0, mechanism=True))
        assert [pair.against.name for pair in twins.mechanism] == ["lr / 10", "eps 1e-3", "SGD", "SmoothL1", "MSE"]
        for pair in twins.mechanism:
            assert pair.run.variation == replace(pair.against.variation, diff_method="adjoint")

    def test_do_not_go_on_without_a_reproducible_script(self, tmp_path: Path) -> None:
        class Random(ScriptedTraining):
            def _call(self, index: int, change: Variation, method: str) -> Call:
                made = super()._call(index, change, method)
                assert made.outputs is not None
                return replace(made, outputs=tuple(output + len(self.variations) for output in made.outputs))

        training = Random()
        twins, _ = conduct(training, tmp_path)
        assert training.names == ["own", "again"]
        assert not twins.repeat.identical

    def test_do_not_go_on_with_a_script_that_fails(self, tmp_path: Path) -> None:
        training = ScriptedTraining(refuses=("backprop",))
        twins, _ = conduct(training, tmp_path)
        assert training.names == ["own"]
        assert twins.own.failure == "ValueError: backprop refuses"

    def test_keep_a_method_that_failed_late_as_one_to_compare(self, tmp_path: Path) -> None:
        training = ScriptedTraining()
        training.exit_codes["adjoint"] = 3
        twins, _ = conduct(training, tmp_path)
        assert [(pair.run.name, pair.run.failure) for pair in twins.methods] == [("adjoint", "exit code 3")]

    def test_have_files_whose_names_any_disk_takes(self, tmp_path: Path) -> None:
        conduct(ScriptedTraining(), tmp_path, Wish(controls=1, mechanism=True))
        names = {path.name for path in (tmp_path / "runs").iterdir()}
        assert "adjoint-lr---10.qdiag" in names
        assert all(set(name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._") for name in names)

    def test_may_run_side_by_side_and_keep_their_order(self, tmp_path: Path) -> None:
        twins, _ = conduct(ScriptedTraining(), tmp_path, Wish(controls=4, jobs=4))
        assert [pair.run.name for pair in twins.controls] == ["ulp 1", "ulp 2", "ulp 3", "ulp 4"]

    def test_are_no_more_than_was_said_before(self, tmp_path: Path) -> None:
        wish = Wish(controls=2, mechanism=True)
        training = ScriptedTraining(dtype=NARROW)
        training.losses = ("L1Loss",)
        conduct(training, tmp_path, wish)
        assert len(training.names) <= wish.most

    @pytest.mark.parametrize("name", ["again", "adjoint", "ulp-1"])
    def test_end_all_where_one_is_ended_from_outside(self, tmp_path: Path, name: str) -> None:
        training = ScriptedTraining()
        training.exit_codes[name] = -15
        with pytest.raises(Interrupted, match="was interrupted") as caught:
            conduct(training, tmp_path, Wish(controls=1))
        assert str(tmp_path / "runs") in caught.value.cure
        assert training.names[-1] == name


@pytest.mark.parametrize(
    ("healed", "apart", "back"), [(0.0, 1e-9, True), (9e-7, 1e-9, True), (2e-6, 1e-4, False), (5e-4, 1.0, True), (2e-3, 1.0, False)]
)
def test_when_two_trainings_come_together_again(healed: float, apart: float, back: bool) -> None:
    partings = [part(series(np.zeros(3)), series(np.full(3, gap))) for gap in (healed, apart)]
    assert comes_back(*partings) is back


def test_a_nudge_of_a_thinned_model_meets_the_element_that_was_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(twin_steps, "MOST_VALUES", 5)
    # ten numbers, of which every second was kept: only the fourth kept one, number 6, has a gradient
    steps = one_step([0.0, 0.0, 0.0, 0.7, 0.0], (4, 6))
    assert nudges(steps, 1) == [(1, 2)]


@pytest.mark.parametrize("gradients", [[np.nan, 0.5], [np.inf, 0.5]])
def test_a_weight_whose_gradient_is_no_number_is_nudged_last(gradients: list[float]) -> None:
    chosen = nudges(one_step(gradients, (2,)), 2)
    assert sorted(chosen) == [(0, 0), (0, 1)]


def test_pairs_are_in_the_order_of_the_runs(tmp_path: Path) -> None:
    twins, _ = conduct(ScriptedTraining(dtype=NARROW), tmp_path, Wish(controls=1, mechanism=True))
    roles = [pair.run.role for pair in twins.pairs]
    order = ["method", "control", "qnode-float64", "float64", "mechanism"]
    assert roles == sorted(roles, key=order.index)


def test_the_variation_of_each_run_lies_beside_its_trace_for_whoever_looks(tmp_path: Path) -> None:
    conduct(ScriptedTraining(), tmp_path, Wish(controls=0))
    stored = json.loads((tmp_path / "runs" / "adjoint.qdiag.variation").read_text())
    assert stored["diff_method"] == "adjoint"
