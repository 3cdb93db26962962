"""What a worker does before its first task: one thread, behind the user's own script, deaf to Ctrl-C, and nothing loaded unasked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from qdiag.evaluation.worker_process import NICENESS

PROBE = """
import json, os, signal, sys, warnings
from qdiag.evaluation import worker_process
before = os.getpriority(os.PRIO_PROCESS, 0)
worker_process.prepare(warm=False)
with warnings.catch_warnings(record=True) as shown:
    warnings.warn("again")
print(json.dumps({
    "threads": {name: value for name, value in os.environ.items() if name.endswith("_NUM_THREADS") or name.startswith("VECLIB")},
    "deaf": signal.getsignal(signal.SIGINT) is signal.SIG_IGN,
    "nice": [before, os.getpriority(os.PRIO_PROCESS, 0)],
    "warned": len(shown),
    "loaded": sorted({name.partition(".")[0] for name in sys.modules}),
}))
"""


def prepared(nice: int = 0) -> Any:
    """What a fresh process is like once it is prepared."""
    environment = {**os.environ, "OMP_NUM_THREADS": "8", "MKL_NUM_THREADS": "8"}
    command = [sys.executable, "-c", f"import os\nos.nice({nice})\n{PROBE}"]
    return json.loads(subprocess.run(command, env=environment, capture_output=True, check=True, text=True).stdout)


@pytest.fixture(scope="module")
def found() -> Any:
    return prepared()


def test_every_library_is_bound_to_one_thread_whatever_the_user_has_set(found: Any) -> None:
    assert set(found["threads"].values()) == {"1"}
    assert {"OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"} <= set(found["threads"])


def test_ctrl_c_is_left_to_the_parent(found: Any) -> None:
    assert found["deaf"]


def test_it_steps_back_behind_the_users_script(found: Any) -> None:
    before, after = found["nice"]
    assert after == max(NICENESS, before)


def test_who_stands_further_back_already_stays_there() -> None:
    before, after = prepared(nice=9)["nice"]
    assert after == before >= 9


def test_warnings_are_not_repeated(found: Any) -> None:
    assert found["warned"] == 0


def test_nothing_is_loaded_that_could_start_threads_first(found: Any) -> None:
    assert not {"pennylane", "torch", "numpy", "scipy", "autograd"} & set(found["loaded"])
