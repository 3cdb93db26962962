"""Twin runs of real scripts: the one change is made, and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from qdiag.model.call import Script
from qdiag.recording import launcher
from qdiag.trace import twin_steps, twin_variation
from qdiag.trace.twin_steps import Steps
from qdiag.trace.twin_variation import Variation

pytestmark = [pytest.mark.stack, pytest.mark.slow]

SCRIPT = Path(__file__).parent / "scripts" / "small_training.py"
MOONS = Path(__file__).parents[2] / "cases" / "moons" / "train.py"


def train(folder: Path, name: str, change: Variation, *argv: str) -> tuple[str, Steps]:
    trace = folder / f"{name}.qdiag"
    twin_variation.save(change, trace)
    with (folder / f"{name}.txt").open("wb") as output:
        ended = launcher.run(Script(str(SCRIPT), tuple(argv)), trace, output=output)
    assert ended.exit_code == 0, (folder / f"{name}.txt").read_text()
    return (folder / f"{name}.txt").read_text(), twin_steps.read(twin_steps.path_for(trace))


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Steps]:
    return train(tmp_path_factory.mktemp("own"), "own", Variation())


def test_a_run_without_a_change_prints_what_the_plain_script_prints(own: tuple[str, Steps]) -> None:
    plain = subprocess.run([sys.executable, str(SCRIPT)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True)
    assert own[0] == plain.stdout


def test_every_step_is_kept_with_its_kinks(own: tuple[str, Steps]) -> None:
    steps = own[1]
    assert len(steps.steps) == 6
    assert steps.sizes == (8, 4, 8, 2, 2)
    assert [name for name, _ in steps.steps[0].kinks] == ["ReLU 1", "L1Loss 1"]
    assert "torch" in [stream.name for stream in steps.streams if stream.moved]


def test_the_method_is_overridden(own: tuple[str, Steps], tmp_path: Path) -> None:
    overridden = train(tmp_path, "overridden", Variation(diff_method="adjoint"))[0]
    assert overridden == train(tmp_path, "asked", Variation(), "adjoint")[0]


def test_a_nudge_moves_one_element_by_one_ulp_before_the_first_step(own: tuple[str, Steps], tmp_path: Path) -> None:
    steps = train(tmp_path, "nudged", Variation(nudge=(4, 1)))[1]
    assert np.array_equal(steps.start, own[1].start)
    difference = np.abs(steps.steps[0].parameters - own[1].steps[0].parameters)
    assert 0 < difference[-1] < 1e-6


def test_backprop_with_its_qnode_in_float64_trains_as_adjoint_does(tmp_path: Path) -> None:
    wide = train(tmp_path, "wide", Variation(qnode_float64=True))[1]
    adjoint = train(tmp_path, "adjoint", Variation(diff_method="adjoint"))[1]
    assert np.allclose(wide.steps[-1].parameters, adjoint.steps[-1].parameters, rtol=0, atol=1e-8)


def test_everything_in_float64_starts_from_the_same_weights(own: tuple[str, Steps], tmp_path: Path) -> None:
    steps = train(tmp_path, "float64", Variation(all_float64=True))[1]
    assert np.array_equal(steps.start, own[1].start)
    assert steps.steps[0].parameters.dtype == np.float64


@pytest.mark.parametrize(
    "change", [Variation(learning_rate=0.1), Variation(epsilon=1e-3), Variation(plain_sgd=True), Variation(loss="MSELoss")]
)
def test_each_factor_of_the_training_changes_it(own: tuple[str, Steps], tmp_path: Path, change: Variation) -> None:
    text, steps = train(tmp_path, "factor", change)
    assert not steps.notes
    assert text != own[0]


@pytest.mark.timeout(900)
def test_the_moons_training_amplifies_rounding(tmp_path: Path) -> None:
    out = tmp_path / "run"
    command = [sys.executable, "-m", "qdiag", "twin", "--yes", "-q", "--out", str(out), str(MOONS), "--", "default.qubit", "backprop"]
    assert subprocess.run(command, check=False).returncode == 0
    found = json.loads((out / "findings.json").read_text())
    cause = found["findings"][0]["cause"]
    assert (found["verdict"], cause["code"], cause["confidence"]) == ("rounding", "QD701", "confirmed")
    runs = {run["name"]: run for run in found["training"]["runs"]}
    assert 1.2 < runs["adjoint"]["growth"]["factor"] < 1.35
    assert np.allclose(runs["QNode f64"]["losses"], runs["adjoint"]["losses"], rtol=0, atol=1e-8)
    loop = found["findings"][0]["reproducer"]
    assert loop["verified"], found["findings"][0]["unreproduced"]
    text = (out / "repro.py").read_text()
    for other, code in (("backprop", 0), ("no-such-method", 125)):
        # nothing parts from itself
        script = tmp_path / f"{other}.py"
        script.write_text(text.replace('diff_method="adjoint"', f'diff_method="{other}"'))
        assert subprocess.run([sys.executable, str(script)], check=False).returncode == code
