"""Runs judged by a Dask cluster: a real scheduler, two worker processes on loopback, and what is found is what is found here."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

distributed = pytest.importorskip("distributed", reason="Dask is not installed: pip install 'qdiag[cluster]'")

pytestmark = [pytest.mark.slow, pytest.mark.stack]

CASES = Path(__file__).parents[2] / "cases"
TIMES = re.compile(r'("seconds": |"usual_seconds": |"times_own": |"memory_bytes": |verified in )(?:null|[\d.e+-]+)')


def qdiag(*words: object, **given: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "qdiag", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=280, **given)


def found(run: Path) -> tuple[str, list[str]]:
    """The findings without what was measured of times and memory, and the scripts."""
    text = (run / "findings.json").read_text(encoding="utf-8").replace(str(run), "RUN")
    return TIMES.sub(r"\1…", text), [path.read_text(encoding="utf-8") for path in sorted(run.glob("repro*.py"))]


@pytest.fixture(scope="module")
def scheduler() -> Iterator[Any]:
    options: dict[str, Any] = {"threads_per_worker": 1, "dashboard_address": None, "processes": True, "silence_logs": 60}
    with distributed.LocalCluster(n_workers=2, **options) as ours:
        yield ours


@pytest.mark.parametrize("case", ["exp-imaginary-coefficient", "healthy-float64-all-agree"])
def test_findings_are_those_of_this_machine_but_for_times(case: str, scheduler: Any, tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    qdiag("trace", "--record-only", "--out", here, CASES / case / "train.py")
    shutil.copytree(here, there)
    local = qdiag("diagnose", here)
    remote = qdiag("diagnose", "--cluster", scheduler.scheduler_address, there)
    assert remote.returncode == local.returncode, remote.stderr
    assert found(there) == found(here)


def test_a_worker_that_is_killed_changes_nothing(scheduler: Any, tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    qdiag("trace", "--record-only", "--out", here, CASES / "exp-imaginary-coefficient" / "train.py")
    shutil.copytree(here, there)
    qdiag("diagnose", here)
    command = [sys.executable, "-m", "qdiag", "diagnose", "--cluster", scheduler.scheduler_address, str(there)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as judging:
        evaluations = there / "evaluations.qdiag"
        while judging.poll() is None and not evaluations.exists():
            time.sleep(0.1)
        os.kill(scheduler.workers[0].process.process.pid, signal.SIGKILL)
    assert found(there) == found(here)


def test_a_trace_is_judged_by_a_cluster_of_its_own(tmp_path: Path) -> None:
    script = CASES / "healthy-float64-all-agree" / "train.py"
    done = qdiag("trace", "--cluster", "local:2", "--quick", "--json", "--out", tmp_path / "run", script)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.strip().split("\n")[-1])["verdict"] in ("agree", "rounding")


def test_ctrl_c_ends_cleanly_and_keeps_what_is_known(tmp_path: Path) -> None:
    run = tmp_path / "run"
    qdiag("trace", "--record-only", "--out", run, CASES / "exp-imaginary-coefficient" / "train.py")
    command = [sys.executable, "-m", "qdiag", "diagnose", "--cluster", "local:2", str(run)]
    judging = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    while judging.poll() is None and not (run / "evaluations.qdiag").exists():
        time.sleep(0.1)
    os.killpg(judging.pid, signal.SIGINT)
    _, words = judging.communicate(timeout=60)
    assert judging.returncode == 130
    assert "Traceback" not in words
    assert f"qdiag diagnose {run}" in words
    until = time.monotonic() + 10
    while _of_session(judging.pid) and time.monotonic() < until:
        time.sleep(0.2)
    assert not _of_session(judging.pid)


def _of_session(leader: int) -> list[str]:
    """Processes that a session still has."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[3] == str(leader) and fields[0] != "Z":
            found.append(entry.parent.name)
    return found
