"""Recording changes nothing that a script or its user can see: the recorded run is the plain run, byte for byte."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from qdiag.model.step_probe import Answer
from qdiag.trace.reader import Trace

SCRIPTS = Path(__file__).with_name("scripts")
RECORD = """
import sys
from pathlib import Path
from qdiag.model.call import Script
from qdiag.recording import launcher
script = Script(sys.argv[3], tuple(sys.argv[4:]), sys.argv[2] == "-m")
script = launcher.run(script, Path(sys.argv[1], "trace.qdiag"), probing=launcher.Probing())
Path(sys.argv[1], "exit").write_text(str(script.exit_code))
"""


class Seen(NamedTuple):
    """Everything that a run leaves behind."""

    stdout: bytes
    stderr: bytes
    exit_code: int
    files: dict[str, bytes]


def run(folder: Path, command: list[str]) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, cwd=folder, input=b"from stdin", capture_output=True, env=environment, timeout=240, check=False)


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def plainly(folder: Path, flags: list[str], words: list[str]) -> Seen:
    done = run(folder, [sys.executable, *flags, *words])
    return Seen(without_addresses(done.stdout), without_addresses(done.stderr), done.returncode, files_of(folder))


def recorded(folder: Path, out: Path, flags: list[str], words: list[str]) -> Seen:
    out.mkdir()
    mode, rest = ("-m", words[1:]) if words[0] == "-m" else ("-", words)
    done = run(folder, [sys.executable, *flags, "-c", RECORD, str(out), mode, *rest])
    exit_code = int((out / "exit").read_text())
    return Seen(without_addresses(done.stdout), without_addresses(done.stderr), exit_code, files_of(folder))


def without_addresses(output: bytes) -> bytes:
    # two runs never share them, recorded or not
    return re.sub(rb"0x[0-9a-f]{6,}", b"0x...", output)


def check(tmp_path: Path, words: list[str], flags: list[str]) -> None:
    # the same folder for both runs, made anew: paths are part of what is compared
    work = tmp_path / "work"
    shutil.copytree(SCRIPTS, work, ignore=shutil.ignore_patterns("__pycache__"))
    plain = plainly(work, flags, words)
    shutil.rmtree(work)
    shutil.copytree(SCRIPTS, work, ignore=shutil.ignore_patterns("__pycache__"))
    traced = recorded(work, tmp_path / "out", flags, words)
    assert traced.stdout.decode(errors="replace") == plain.stdout.decode(errors="replace")
    assert traced.stderr.decode(errors="replace") == plain.stderr.decode(errors="replace")
    assert traced == plain


EXITS = [
    "number", "text", "nothing", "tuple", "large", "raise", "os", "interrupt", "signal", "term", "kill", "abort", "base",
    "recursion", "exit-in-atexit", "closed", "import", "group",
]  # fmt: skip


@pytest.mark.parametrize("how", EXITS)
def test_it_ends_as_it_would(tmp_path: Path, how: str) -> None:
    check(tmp_path, ["exits.py", how], [])


@pytest.mark.parametrize(
    "words",
    [
        ["identity.py", "a", "--b", "--", "-c"],
        ["./identity.py"],
        ["package/../identity.py"],
        ["raises.py"],
        ["syntax_error.py"],
        ["indentation_error.py"],
        ["latin.py"],
        ["hooks.py"],
        ["warns.py"],
        ["options.py"],
        ["options.py", "--help"],
        ["options.py", "--epochs", "3"],
        ["package"],
        ["-m", "package", "--flag"],
        ["-m", "package.part", "x"],
        ["-m", "package.missing"],
        ["-m", "identity", "y"],
    ],
    ids=" ".join,
)
def test_it_runs_as_it_would(tmp_path: Path, words: list[str]) -> None:
    check(tmp_path, words, [])


@pytest.mark.parametrize("flags", [["-O"], ["-W", "error::UserWarning"], ["-X", "dev"], ["-I"], ["-s", "-B"]], ids=" ".join)
def test_flags_of_the_interpreter_are_kept(tmp_path: Path, flags: list[str]) -> None:
    check(tmp_path, ["warns.py"], flags)
    shutil.rmtree(tmp_path / "work")
    shutil.rmtree(tmp_path / "out")
    check(tmp_path, ["identity.py"], flags)


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_what_the_script_defines_can_be_pickled_and_sent_to_processes(tmp_path: Path, method: str) -> None:
    check(tmp_path, ["processes.py", method], [])


@pytest.mark.stack
@pytest.mark.slow
def test_what_torch_compiles_or_traces_is_made_of_the_scripts_functions_alone(tmp_path: Path) -> None:
    if not hasattr(pytest.importorskip("torch"), "compile"):
        pytest.skip("this torch does not compile")
    check(tmp_path, ["torch_compilers.py"], [])


@pytest.mark.stack
@pytest.mark.slow
@pytest.mark.parametrize("method", ["backprop", "adjoint", "parameter-shift"])
@pytest.mark.parametrize("script", ["qnode_torch.py", "qnode_autograd.py"])
def test_qnodes_compute_the_same(tmp_path: Path, script: str, method: str) -> None:
    check(tmp_path, [script, "default.qubit", method], [])


@pytest.mark.stack
@pytest.mark.slow
def test_workers_and_threads_compute_the_same(tmp_path: Path) -> None:
    check(tmp_path, ["qnode_workers.py"], [])


@pytest.mark.stack
@pytest.mark.slow
def test_transforms_compute_the_same(tmp_path: Path) -> None:
    import pennylane as qml

    if not hasattr(qml, "set_shots"):
        pytest.skip("this PennyLane has no set_shots")
    check(tmp_path, ["qnode_transforms.py"], [])


@pytest.mark.stack
@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="there is no safe fork elsewhere")
def test_qnodes_that_are_probed_compute_the_same(tmp_path: Path) -> None:
    check(tmp_path, ["qnode_probed.py"], ["-W", "error::DeprecationWarning:qdiag"])
    with Trace.open(tmp_path / "out" / "trace.qdiag") as trace:
        assert all(probe.complete for probe in trace.probes)
        assert trace.probes


@pytest.mark.stack
@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="there is no safe fork elsewhere")
def test_a_script_that_goes_on_in_copies_computes_the_same(tmp_path: Path) -> None:
    check(tmp_path, ["qnode_step_probed.py"], [])
    with Trace.open(tmp_path / "out" / "trace.qdiag") as trace:
        (probe, *_) = trace.step_probes
        assert (probe.void, probe.answer, probe.step) == ("", Answer.FLAT, 1)
        (spot,) = probe.spots
        assert (spot.operation, spot.place.path, spot.cut) == ("RoundBackward0", "qnode_step_probed.py", False)
