"""Recording a case changes nothing: output, exit code, files and the final states of all random streams, byte for byte."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.case_runs import Case, cases

pytestmark = [pytest.mark.slow, pytest.mark.stack]

pennylane = pytest.importorskip("pennylane")

STREAMS = '''
import atexit as _atexit, random as _random, numpy as _numpy, torch as _torch

_random.seed(1), _numpy.random.seed(2), _torch.manual_seed(3)  # unless the script does, they begin elsewhere in every run

def _streams():
    import hashlib, random, sys
    def digest(data): return hashlib.sha256(data).hexdigest()
    print("python", digest(repr(random.getstate()).encode()))
    if "numpy" in sys.modules:
        import numpy
        print("numpy", digest(numpy.random.get_state()[1].tobytes()), numpy.random.get_state()[2:])
    if "torch" in sys.modules:
        import torch
        print("torch", digest(bytes(torch.get_rng_state().tolist())), torch.is_grad_enabled())

_atexit.register(_streams)
'''


DRAWN_ANEW = {"QD602", "QD603"}
"""Causes of cases that draw from a stream which nobody can seed."""


def left_behind(folder: Path, command: list[str]) -> tuple[bytes, bytes, int, dict[str, bytes]]:
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=280, check=False)
    found = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix != ".pyc"]
    files = {str(path.relative_to(folder)): path.read_bytes() for path in found}
    # the addresses of objects differ between any two runs
    return done.stdout, re.sub(rb"0x[0-9a-f]{6,}", b"0x", done.stderr), done.returncode, files


@pytest.mark.parametrize("case", cases(pennylane.__version__), ids=lambda case: case.name)
def test_recording_a_case_leaves_no_mark(case: Case, tmp_path: Path) -> None:
    if DRAWN_ANEW & {*case.expected.get("codes", ())}:
        pytest.skip("no two plain runs of it are the same")
    work = tmp_path / "work"
    seen = []
    for command in ([sys.executable], [sys.executable, "-m", "qdiag", "trace", "--record-only", "-q", "--out", str(tmp_path / "run")]):
        shutil.copytree(case.folder, work)
        script = work / "train.py"
        script.write_text(STREAMS + script.read_text(encoding="utf-8"), encoding="utf-8")
        seen.append(left_behind(work, [*command, "train.py", *case.arguments]))
        shutil.rmtree(work)
    plain, recorded = seen
    assert b"numpy" in plain[0]
    assert recorded == plain
