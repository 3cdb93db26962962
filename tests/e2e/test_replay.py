"""The report's training, recorded and replayed: every call comes back bit for bit, and nothing is beyond rounding."""

from __future__ import annotations

from pathlib import Path

import pytest

from qdiag.evaluation.workers import Workers
from qdiag.judging.replay.plan import Plan
from qdiag.judging.replay.replay import Replay
from qdiag.model.call import Script
from qdiag.model.comparison import Verdict
from qdiag.model.method import parse_list
from qdiag.recording import launcher
from qdiag.trace.evaluation_store import EvaluationStore
from qdiag.trace.reader import Trace
from tests.worlds.installed_pennylane import has_broadcasting
from tests.worlds.methods import ADJOINT, BACKPROP

pytestmark = [pytest.mark.stack, pytest.mark.slow]

CASES = Path(__file__).parents[2] / "cases"


@pytest.fixture(scope="module")
def workers():
    with Workers(2) as pool:
        yield pool


def recorded(case: str, method: str, folder: Path) -> Trace:
    path = folder / "trace.qdiag"
    launcher.run(Script(str(CASES / case / "train.py"), ("default.qubit", method)), path)
    return Trace.open(path)


@pytest.fixture(scope="module")
def moons(tmp_path_factory: pytest.TempPathFactory, moons_case: str) -> Trace:
    return recorded(moons_case, "backprop", tmp_path_factory.mktemp("moons"))


@pytest.fixture(scope="module")
def moons_case() -> str:
    """The variant of the training for the PennyLane that is here: 0.21 hands rows to the QNode one by one."""
    return "moons" if has_broadcasting() else "moons-0.21"


def test_every_call_is_replayed_bit_for_bit_and_differs_by_rounding_from_the_first_on(moons: Trace, workers: Workers):
    located = Replay(moons, workers, Plan(methods=parse_list("adjoint"), max_calls=241)).finish()
    assert (located.replayed, located.unfaithful) == (241, ())
    (found,) = located.divergences
    assert (located.verdict, found.call.index, found.call.step) == (Verdict.ROUNDING, 0, 0)
    assert found.comparison.methods == (BACKPROP, ADJOINT)
    assert found.worst is not None
    assert found.worst.ulps < 2.5


def test_a_second_replay_of_the_same_trace_evaluates_nothing(moons: Trace, workers: Workers, tmp_path: Path):
    class Refusing:
        applicable = workers.applicable

        def submit(self, request: object) -> None:
            raise AssertionError("evaluated again")

    plan = Plan(methods=parse_list("adjoint"), max_calls=10)
    with EvaluationStore(tmp_path / "evaluations.qdiag") as store:
        first = Replay(moons, workers, plan, store=store).finish()
    with EvaluationStore(tmp_path / "evaluations.qdiag") as store:
        second = Replay(moons, Refusing(), plan, store=store).finish()
    assert [c.max_abs for _, c in first.comparisons] == [c.max_abs for _, c in second.comparisons]
