"""``pytest --qdiag`` and ``qdiag check`` as users meet them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")

from qdiag.trace.reader import Trace

pytest_plugins = ["pytester"]
pytestmark = pytest.mark.stack

SUITE = """
import numpy as np
import pennylane as qml
import pytest
import torch


def test_healthy():
    @qml.qnode(qml.device("default.qubit", wires=1))
    def circuit(x):
        qml.RX(x, wires=0)
        return qml.expval(qml.PauliZ(0))

    assert np.isclose(circuit(0.3), np.cos(0.3))


def test_sick():
    @qml.qnode(qml.device("default.qubit", wires=2), interface="torch", diff_method="adjoint")
    def readout(weights, coefficients):
        qml.RX(weights[0], wires=0)
        qml.RY(weights[1], wires=1)
        qml.CNOT(wires=[0, 1])
        return qml.expval(qml.dot(coefficients, [qml.PauliZ(0), qml.PauliX(1)]))

    weights = torch.tensor([0.4, 0.9], dtype=torch.float64, requires_grad=True)
    readout(weights, torch.tensor([0.7, 0.2], dtype=torch.float64, requires_grad=True)).backward()
    assert weights.grad.shape == (2,)


def test_failing():
    assert 1 + 1 == 3


def test_raising():
    @qml.qnode(qml.device("default.qubit", wires=1), diff_method="adjoint")
    def sampling(x):
        qml.RX(x, wires=0)
        return qml.sample(wires=0)

    with pytest.raises(Exception):
        sampling(0.3)


@pytest.mark.xfail
def test_expected_to_fail():
    raise ValueError


@pytest.mark.skip
def test_skipped():
    pass
"""

MODELS = """
import pennylane as qml

@qml.qnode(qml.device("default.qubit", wires=2), interface="torch", diff_method="adjoint")
def readout(weights, coefficients):
    qml.RX(weights[0], wires=0)
    qml.RY(weights[1], wires=1)
    qml.CNOT(wires=[0, 1])
    return qml.expval(qml.dot(coefficients, [qml.PauliZ(0), qml.PauliX(1)]))

def nothing():
    return 1

def broken():
    raise ValueError("mine")

number = 3
"""


def outcomes(result: pytest.RunResult) -> list[str]:
    """What each test came to, by name."""
    return sorted(re.findall(r"^\S+::(\w+ [A-Z]+)", result.stdout.str(), re.MULTILINE))


@pytest.mark.slow
def test_a_suite_passes_and_fails_with_the_option_as_without(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(SUITE)
    plain = pytester.runpytest_subprocess("-v", "-p", "no:cacheprovider")
    checked = pytester.runpytest_subprocess("-v", "-p", "no:cacheprovider", "--qdiag")
    assert len(outcomes(plain)) == 6
    assert outcomes(checked) == outcomes(plain)
    assert checked.ret == plain.ret == 1
    assert "qdiag" not in plain.stdout.str().partition("short test summary")[2]
    said = checked.stdout.str()
    assert re.search(r"=+ qdiag: 3 QNode calls in 3 tests =+", said)
    findings = said.partition("3 QNode calls in 3 tests")[2].partition("short test summary")[0]
    assert re.findall(r"^qdiag: .*", findings, re.MULTILINE) == [
        "qdiag: error in test_a_suite_passes_and_fails_with_the_option_as_without.py::test_sick"
    ]
    assert "adjoint is wrong: its gradient" in findings
    assert "QD303" in findings
    assert "left out: 1 that raise" in findings
    run = pytester.path / "qdiag-runs" / "pytest-1"
    assert (run / "report.html").exists()
    assert subprocess.run([sys.executable, str(run / "repro.py")], capture_output=True, check=False).returncode == 1


def test_without_the_option_the_plugin_loads_nothing(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import sys

        def test_it():
            loaded = {"numpy", "torch", "pennylane", "qdiag.recording", "qdiag.pipeline", "qdiag.api"}
            assert "qdiag.pytest_plugin" in sys.modules
            assert not loaded & set(sys.modules)
        """
    )
    # other installed plugins may load numpy themselves
    others = ["no:hypothesispytest", "no:xdist", "no:timeout", "no:cacheprovider", "no:jaxtyping"]
    pytester.runpytest_subprocess(*(word for name in others for word in ("-p", name))).assert_outcomes(passed=1)
    assert not (pytester.path / "qdiag-runs").exists()


def test_a_suite_without_qnodes_says_so(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(): pass")
    result = pytester.runpytest_subprocess("--qdiag")
    assert result.ret == 0
    assert "qdiag: no QNode call was recorded" in result.stdout.str()
    assert "calls inside of assert_methods_agree, qdiag.check or qdiag.record belong to them" in result.stdout.str()


@pytest.mark.slow
def test_the_readmes_example_says_what_its_comments_say(tmp_path: Path) -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    example = re.search(r"```python\n(.*?)```", readme, re.DOTALL)[1]
    (tmp_path / "example.py").write_text(example)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "example.py"], cwd=tmp_path, capture_output=True, text=True, timeout=200, check=True
    )
    said = re.findall(r"  # (.*)", example)
    assert len(said) == 2
    for line, comment in zip(done.stdout.splitlines(), said):
        assert line.startswith(comment.rstrip("…"))


CHECKS_ITSELF = """
import pennylane as qml, torch, qdiag

@qml.qnode(qml.device("default.qubit", wires=1), interface="torch")
def circuit(x):
    qml.RX(x, wires=0)
    return qml.expval(qml.PauliZ(0))

def angle(x):
    return torch.tensor(x, dtype=torch.float64, requires_grad=True)

circuit(angle(0.1)).backward()
print(qdiag.check(circuit, angle(0.5), methods="adjoint").verdict.value)
circuit(angle(0.2)).backward()
with qdiag.record("inner", probe=False) as recording:
    circuit(angle(0.6))
print(len(recording))
circuit(angle(0.3)).backward()
"""


@pytest.mark.slow
def test_a_traced_script_may_check_and_record_and_its_trace_holds_the_other_calls(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(CHECKS_ITSELF)
    done = qdiag(tmp_path, "trace", "--record-only", "--out", "outer", "train.py")
    assert (done.returncode, done.stdout) == (0, "agree\n1\n")
    with Trace.open(tmp_path / "outer" / "trace.qdiag") as trace:
        assert [float(call.circuit.parameters[0].value) for call in trace.calls()] == [0.1, 0.2, 0.3]
        assert [len(call.backwards) for call in trace.calls()] == [1, 1, 1]


# --- qdiag check ---------------------------------------------------------------------------------------------------------


def qdiag(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "qdiag", *words], cwd=folder, capture_output=True, text=True, timeout=280, check=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "models.py").write_text(MODELS)
    (tmp_path / "values.json").write_text("[[0.4, 0.9], [0.7, 0.2]]")
    (tmp_path / "text.json").write_text('["rm"]')
    return tmp_path


@pytest.mark.slow
def test_an_importable_qnode_is_checked_with_numbers_from_a_file(folder: Path) -> None:
    words = ["check", "--args", "values.json", "--methods", "adjoint,backprop", "--no-minimize", "--json"]
    done = qdiag(folder, *words, "models:readout")
    assert done.returncode == 1
    found = json.loads(done.stdout)
    assert found["verdict"] == "error"
    assert found["findings"][0]["wrong"] == ["default.qubit/adjoint"]
    assert found["findings"][0]["source"] == "models.py:4"
    assert (folder / "qdiag-runs" / "readout-1" / "report.html").exists()
    assert qdiag(folder, *words, "--atol", "10", "models.py:readout").returncode == 0


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["models:readout"], 2, "cannot be called so: missing a required argument: 'weights'"),
        (["--args", "text.json", "models:readout"], 2, 'holds "rm"'),
        (["--args", "none.json", "models:readout"], 2, "cannot read none.json"),
        (["models:readuot"], 2, "models has no object 'readuot'"),
        (["models:number"], 2, "of type int"),
        (["modles:readout"], 2, "there is no module modles"),
        (["models"], 2, "does not name an object"),
        (["models:nothing"], 2, "made no QNode call"),
        (["models:broken"], 3, "models:broken raised ValueError: mine"),
    ],
)
def test_each_mistake_gets_one_clear_message(folder: Path, words: list[str], code: int, message: str) -> None:
    done = qdiag(folder, "check", *words)
    assert done.returncode == code
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 3
