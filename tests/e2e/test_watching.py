"""A training watched while it runs, and processes that record themselves: nothing of them changes, and what is told is true."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

pytest.importorskip("torch")

from qdiag.model.coverage import Gap, event_of
from qdiag.report.content import outline_file
from qdiag.trace.reader import Trace
from qdiag.trace.run_folder import find

pytestmark = [pytest.mark.stack, pytest.mark.slow]

TRAINING = """
import sys
import pennylane as qml, torch
torch.manual_seed(0)

@qml.qnode(qml.device("default.qubit", wires=2), interface="torch")
def circuit(inputs, weights):
    qml.AngleEmbedding(inputs, wires=range(2))
    qml.BasicEntanglerLayers(weights, wires=range(2))
    return qml.expval(qml.PauliZ(0))

layer = qml.qnn.TorchLayer(circuit, {"weights": (1, 2)})
optimizer = torch.optim.Adam(layer.parameters(), lr=0.05)

def train(told=lambda: None):
    for step in range(12):
        optimizer.zero_grad()
        loss = ((layer(torch.randn(2, 2)) - 1) ** 2).mean()
        loss.backward()
        optimizer.step()
        print(step, loss.item().hex())
        told()
"""

WATCHED = """
import qdiag
with qdiag.watch(layer, every=4, methods="backprop,adjoint", out="run") as watch:
    train(watch.scalars)
print(watch.recording.report.verdict, watch.scalars()["qdiag/replayed"], file=sys.stderr)
"""


def python(folder: Path, text: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    (folder / "train.py").write_text(text)
    environment = {**os.environ, **variables}
    command = [sys.executable, "-W", "ignore", "train.py", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=280, check=False, env=environment)


def test_a_watched_training_gives_the_plain_one_s_losses_and_every_fourth_step_is_judged(tmp_path: Path) -> None:
    plain = python(tmp_path, TRAINING + "train()")
    watched = python(tmp_path, TRAINING + WATCHED)
    assert watched.returncode == 0, watched.stderr
    assert watched.stdout == plain.stdout
    assert watched.stderr.split() == ["ROUNDING", "3.0"]
    with Trace.open(tmp_path / "run" / "trace.qdiag") as trace:
        assert [call.step for call in trace.calls()] == [0, 4, 8]
        assert [event.text.split(":")[0] for event in trace.events if event.kind == event_of(Gap.NOT_WATCHED)] == [
            "9 QNode calls were made at other steps than every 4, or of QNodes that are not watched"
        ]
    findings = json.loads((tmp_path / "run" / "findings.json").read_text())
    assert [one["gap"] for one in findings["coverage"]["unseen"]][:1] == ["not watched"]


def test_a_watch_over_what_holds_no_qnode_is_refused_before_the_training(tmp_path: Path) -> None:
    done = python(tmp_path, TRAINING + "import qdiag\nqdiag.watch(torch.nn.Linear(1, 1))\ntrain()")
    assert done.returncode == 1
    assert "Linear holds no QNode that can be seen" in done.stderr
    assert done.stdout == ""


def test_a_training_that_fails_is_not_held_up_by_its_watch(tmp_path: Path) -> None:
    failing = "import qdiag\nwith qdiag.watch(every=1, out='run'):\n    train()\n    raise ValueError('mine')"
    done = python(tmp_path, TRAINING + failing)
    assert done.returncode == 1
    assert "ValueError: mine" in done.stderr
    with Trace.open(tmp_path / "run" / "trace.qdiag") as trace:
        assert len(trace) == 12
        assert trace.complete


# --- QDIAG_TRACE ---------------------------------------------------------------------------------------------------------

by_environment = pytest.mark.skipif(
    not any((Path(folder) / "qdiag_startup.pth").exists() for folder in sys.path if folder),
    reason="qdiag is not installed in this environment, only on its path",
)


@by_environment
def test_by_environment_each_process_records_itself_into_a_folder_of_its_own(tmp_path: Path) -> None:
    plain = python(tmp_path, TRAINING + "train()", "x")
    recorded = [python(tmp_path, TRAINING + "train()", "x", QDIAG_TRACE="runs", RANK=rank) for rank in ("0", "1")]
    assert [(done.returncode, done.stdout) for done in recorded] == [(0, plain.stdout)] * 2
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == ["train-rank0-1", "train-rank1-1"]
    with Trace.open(find(tmp_path / "runs" / "train-rank0-1").trace) as trace:
        assert (len(trace), trace.complete) == (12, True)
        assert (trace.script.argv, trace.script.exit_code) == (("x",), None)


@by_environment
def test_by_environment_the_exception_that_ends_a_process_is_kept(tmp_path: Path) -> None:
    done = python(tmp_path, TRAINING + "train()\nraise ValueError('mine')", QDIAG_TRACE="runs")
    assert done.returncode == 1
    assert "ValueError: mine" in done.stderr
    with Trace.open(find(tmp_path / "runs" / "train-1").trace) as trace:
        failure = trace.script.failure
        assert failure is not None
        assert (failure.type, failure.message) == ("ValueError", "mine")


@by_environment
def test_by_environment_what_never_uses_pennylane_leaves_nothing_and_loads_nothing(tmp_path: Path) -> None:
    script = "import sys\nprint('qdiag.trace.writer' in sys.modules, 'numpy' in sys.modules)"
    done = python(tmp_path, script, QDIAG_TRACE="runs")
    assert done.stdout == "False False\n"
    assert not (tmp_path / "runs").exists()


@by_environment
def test_qdiag_s_own_processes_do_not_record_themselves(tmp_path: Path) -> None:
    python(tmp_path, TRAINING + "train()", QDIAG_TRACE="runs")
    words = ["-m", "qdiag", "diagnose", "runs/train-1", "--methods", "backprop,adjoint", "--no-minimize", "-q"]
    environment = {**os.environ, "QDIAG_TRACE": "runs"}
    subprocess.run([sys.executable, *words], cwd=tmp_path, capture_output=True, timeout=280, check=True, env=environment)
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["train-1"]
    outline = outline_file.load((tmp_path / "runs" / "train-1" / "report.qdiag").read_text(encoding="utf-8"))
    assert outline.verdict == "ROUNDING"


@pytest.mark.skipif(find_spec("lightning") is None, reason="Lightning is not installed")
def test_lightning_s_trainer_takes_the_callback(tmp_path: Path) -> None:
    text = """
import lightning, sys, torch
from qdiag.lightning import WatchCallback

class Model(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.layer = layer
    def training_step(self, batch, index):
        return ((self.layer(batch[0]) - 1) ** 2).mean()
    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=0.05)

callback = WatchCallback(every=2, methods="backprop,adjoint", out="run")
data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.randn(8, 2)), batch_size=2)
quiet = dict(enable_progress_bar=False, enable_model_summary=False, logger=False, enable_checkpointing=False)
lightning.Trainer(max_epochs=1, accelerator="cpu", callbacks=[callback], **quiet).fit(Model(), data)
print(callback.recording.report.verdict, len(callback.recording))
"""
    done = python(tmp_path, TRAINING + text)
    assert done.stdout == "ROUNDING 2\n", done.stderr
