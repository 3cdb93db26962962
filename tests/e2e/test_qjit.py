"""Scripts that Catalyst compiles: the recorded run is the plain run, and every run of a QNode is in the trace with its numbers."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import numpy as np
import pytest

from qdiag.trace.reader import Trace
from tests.e2e.test_invisible import SCRIPTS, plainly, recorded

pytest.importorskip("catalyst", reason="Catalyst is not installed: pip install pennylane-catalyst")
pytestmark = [pytest.mark.slow, pytest.mark.stack]


@pytest.mark.parametrize("method", ["adjoint", "parameter-shift"])
def test_what_catalyst_compiles_is_recorded_bit_for_bit_with_the_numbers_of_each_run(tmp_path: Path, method: str) -> None:
    work = tmp_path / "work"
    work.mkdir()
    shutil.copy(SCRIPTS / "qjit_training.py", work)
    words = ["qjit_training.py", method]
    plain = plainly(work, [], words)
    assert plain.exit_code == 0, plain.stderr.decode()
    assert recorded(work, tmp_path / "out", [], words) == plain
    weights = [np.array([0.3, 0.7])]
    for line in plain.stdout.decode().splitlines()[:3]:
        weights.append(np.array([float.fromhex(word.strip("[],'")) for word in line.split()[1:]]))
    with Trace.open(tmp_path / "out" / "trace.qdiag") as trace:
        calls = list(trace.calls())
    assert [call.configuration.compiled for call in calls] == ["qjit"] * 5
    assert [call.configuration.resolved for call in calls] == [method] * 3 + ["parameter-shift"] * 2
    for call, (first, second) in zip(calls[:3], weights):
        expected = [math.sin(first) * 1.3, 0.4, second, first * second]
        np.testing.assert_allclose([p.value for p in call.circuit.parameters], expected, rtol=1e-15)
        assert call.circuit.trainable == (0, 2, 3)
        assert call.outputs is None
    assert [(float(p.value), p.trainable) for call in calls[3:] for p in call.circuit.parameters] == [(0.3, False), (0.4, False)]
    assert calls[3].circuit.returns == "tuple"


@pytest.mark.parametrize(
    ("word", "raised", "trainable"),
    [("itself", "", (1, 2)), ("closure", "", (1, 2)), ("controlled", "TracerArrayConversionError", (1, 2))],
)
def test_what_is_differentiated_itself_or_raises_while_it_is_traced_is_recorded_with_its_numbers(
    tmp_path: Path, word: str, raised: str, trainable: tuple[int, ...]
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    shutil.copy(SCRIPTS / "qjit_gradients.py", work)
    words = ["qjit_gradients.py", word]
    plain = plainly(work, [], words)
    assert plain.exit_code == bool(raised), plain.stderr.decode()
    run = recorded(work, tmp_path / "out", [], words)
    assert (run.exit_code, run.stdout) == (plain.exit_code, plain.stdout)
    values = [np.array([0.3, 0.7])]
    for line in plain.stdout.decode().splitlines():
        values.append(np.array([float.fromhex(entry.strip("[],'")) for entry in line.split()]))
    with Trace.open(tmp_path / "out" / "trace.qdiag") as trace:
        calls = list(trace.calls())
    assert len(calls) == (1 if raised else 2)
    for call, (first, second) in zip(calls, values):
        assert call.configuration.compiled == "qjit"
        assert (call.failure.type if call.failure else "") == raised
        np.testing.assert_allclose([p.value for p in call.circuit.parameters], [0.4, 2 * math.sin(first), second], rtol=1e-15)
        assert call.circuit.trainable == trainable
