"""The command line as users meet it: exit codes, one clear message for each mistake, Ctrl-C and SIGKILL that lose nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from qdiag._version import __version__
from qdiag.cli import group
from qdiag.diagnosis.causes import CAUSES

QDIAG = [sys.executable, "-m", "qdiag"]

LOOP = """
import pennylane as qml, torch
dev = qml.device("default.qubit", wires=1)

@qml.qnode(dev, interface="torch", diff_method="backprop")
def circuit(x):
    qml.RX(x, wires=0)
    return qml.expval(qml.PauliZ(0))

x = torch.tensor(0.3, requires_grad=True)
for step in range({steps}):
    circuit(x).backward()
    print(step, flush=True)
"""


def qdiag(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*QDIAG, *words], cwd=folder, capture_output=True, text=True, timeout=280, check=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "plain.py").write_text("print('hi')\n")
    (tmp_path / "junk.qdiag").write_text("no trace\n")
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "mine.txt").write_text("mine\n")
    return tmp_path


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["trace", "missing.py"], "there is no script missing.py"),
        (["trace", "--methods", "sideways", "plain.py"], "unknown differentiation method 'sideways'"),
        (["trace", "--methods", "no.device/adjoint", "plain.py"], "there is no device 'no.device' here"),
        (["trace", "--methods", "backprop@float17", "plain.py"], "cannot read the method"),
        (["trace", "--out", "taken", "plain.py"], "exists and is not empty"),
        (["trace", "--out", "taken", "--force", "plain.py"], "does not look like a run"),
        (["trace", "--out", "plain.py", "plain.py"], "is a file"),
        (["diagnose", "junk.qdiag"], "junk.qdiag"),
        (["diagnose", "nowhere"], "nowhere does not exist"),
        (["trace", "taken"], "taken is a folder without a __main__.py"),
        (["twin", "taken"], "taken is a folder without a __main__.py"),
        (["report", "plain.py"], "plain.py is not a trace"),
        (["diagnose"], "there is no run"),
        (["report"], "there is no run"),
        (["explain", "QD999"], "there is no cause 'QD999'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistake_gets_one_clear_message_and_exit_code_2(folder: Path, words: list[str], message: str) -> None:
    before = sorted(folder.rglob("*"))
    done = qdiag(folder, *words)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 3
    assert sorted(folder.rglob("*")) == before


def test_help_imports_no_framework_and_takes_no_time(tmp_path: Path) -> None:
    asked = "import sys; from qdiag.cli import main\ntry: main(['--help'])\n"
    asked += "finally: print(sorted({'torch', 'pennylane', 'numpy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.rstrip().endswith("[]")


def test_every_cause_can_be_explained(tmp_path: Path) -> None:
    listed = [line.strip() for line in qdiag(tmp_path, "explain").stdout.split("\n")]
    assert len([line for line in listed if line.startswith("QD")]) == len(CAUSES)
    assert "How it is confirmed" in qdiag(tmp_path, "explain", "QD101").stdout


@pytest.mark.stack
class TestRuns:
    """Runs of real scripts."""

    def test_a_script_without_a_qnode_is_inconclusive(self, folder: Path) -> None:
        done = qdiag(folder, "trace", "plain.py")
        assert done.stdout == "hi\n"
        assert done.returncode == 4
        assert "no QNode call" in done.stderr

    def test_record_only_exits_as_the_script_does(self, folder: Path) -> None:
        (folder / "seven.py").write_text("import sys\nsys.exit(7)\n")
        assert qdiag(folder, "trace", "--record-only", "seven.py").returncode == 7

    def test_the_scripts_own_failure_is_3_and_its_traceback_is_its_own(self, folder: Path) -> None:
        (folder / "raises.py").write_text("raise ValueError('mine')\n")
        done = qdiag(folder, "trace", "raises.py")
        assert done.returncode == 3
        assert done.stderr.startswith('Traceback (most recent call last):\n  File "')
        assert "qdiag" not in done.stderr.partition("ValueError: mine")[0].replace(str(folder), "")

    def test_json_is_the_last_line_whatever_the_script_prints(self, folder: Path) -> None:
        (folder / "prints.py").write_text("print('epoch 1')\nprint('half a line', end='')\n")
        lines = qdiag(folder, "trace", "--json", "prints.py").stdout.splitlines()
        assert lines[:-1] == ["epoch 1", "half a line"]
        assert json.loads(lines[-1])["calls"] == 0

    @pytest.mark.slow
    def test_what_a_killed_script_recorded_is_judged(self, folder: Path) -> None:
        (folder / "killed.py").write_text(LOOP.format(steps=30) + "import os\nos.kill(os.getpid(), 9)\n")
        assert qdiag(folder, "trace", "--record-only", "killed.py").returncode == -signal.SIGKILL
        done = qdiag(folder, "diagnose", "--methods", "backprop,adjoint", "--no-minimize", "--json")
        found = json.loads(done.stdout)
        assert (found["calls"], found["replayed"], found["verdict"]) == (30, 30, "rounding")
        assert found["findings"][0]["cause"]["code"] == "QD101"
        assert qdiag(folder, "diagnose", "--methods", "backprop,adjoint", "--fail-on", "rounding", "-qq").returncode == 3

    @pytest.mark.slow
    def test_fail_on_decides_what_is_1(self, folder: Path) -> None:
        (folder / "short.py").write_text(LOOP.format(steps=2))
        for fail_on, code in (("error", 0), ("rounding", 1), ("never", 0)):
            words = ["trace", "--methods", "backprop,adjoint", "--no-minimize", "--fail-on", fail_on, "short.py"]
            assert qdiag(folder, *words).returncode == code

    @pytest.mark.slow
    def test_ctrl_c_while_the_script_runs_keeps_what_was_recorded(self, folder: Path) -> None:
        (folder / "long.py").write_text(LOOP.format(steps=100000))
        with subprocess.Popen(
            [*QDIAG, "trace", "long.py"], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        ) as process:
            assert process.stdout is not None
            while process.stdout.readline() != "5\n":
                pass
            os.killpg(process.pid, signal.SIGINT)
            _, said = process.communicate(timeout=120)
        assert process.returncode == 130
        assert "qdiag diagnose" in said
        shown = json.loads(qdiag(folder, "show", "--json").stdout)
        assert len(shown["calls"]) >= 6

    @pytest.mark.slow
    def test_ctrl_c_while_judging_is_taken_up_again(self, folder: Path) -> None:
        (folder / "short.py").write_text(LOOP.format(steps=3000))
        assert qdiag(folder, "trace", "--record-only", "short.py").returncode == 0
        with subprocess.Popen(
            [*QDIAG, "diagnose"], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        ) as process:
            time.sleep(6)  # it has begun by then, and is not done by far
            os.killpg(process.pid, signal.SIGINT)
            _, said = process.communicate(timeout=120)
        assert process.returncode == 130
        assert "Traceback" not in said
        assert qdiag(folder, "diagnose", "--methods", "backprop,adjoint", "--no-minimize").returncode == 0


COMMANDS_WITH_A_RESULT = ("trace", "twin", "check", "diagnose", "report", "show", "runs", "minimize", "explain")


@pytest.mark.parametrize("command", COMMANDS_WITH_A_RESULT)
def test_every_command_speaks_json_and_can_be_quiet_or_verbose(command: str) -> None:
    shown = CliRunner().invoke(group, [command, "--help"]).output
    for option in ("--json", "-q, --quiet", "-v, --verbose"):
        assert option in shown


def test_the_commands_are_completed_without_loading_them() -> None:
    asked = "import sys; from qdiag.cli import main\ntry: main([])\n"
    asked += "finally: print(sorted({'torch', 'pennylane', 'numpy'} & set(sys.modules)))"
    words = {"COMP_WORDS": "qdiag t", "COMP_CWORD": "1", "_QDIAG_COMPLETE": "bash_complete"}
    done = subprocess.run(
        [sys.executable, "-c", asked], env={**os.environ, **words}, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.split("\n")[:3] == ["plain,trace", "plain,twin", "[]"]


def test_the_module_and_the_command_are_one(tmp_path: Path) -> None:
    done = qdiag(tmp_path, "--version")
    assert done.stdout == f"qdiag, version {__version__}\n"
