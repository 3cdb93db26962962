"""A run on two stacks: the first call that differs is found at its own point, and nothing of its kind is asked after it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from qdiag.errors import UsageError
from qdiag.judging.replay.plan import Plan
from qdiag.model.call import Call, Script
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.two_stacks import Outcome, StackComparison, Upheld
from qdiag.pipeline.compare_stacks import Other, compare_stacks, layer_of
from qdiag.pipeline.run_options import Silence
from qdiag.trace.call_text import text_of
from qdiag.trace.reader import Trace
from qdiag.trace.writer import TraceWriter, create
from tests.worlds.bisections import Releases
from tests.worlds.locks import NOW, THEN, Stack, raising
from tests.worlds.methods import ADJOINT
from tests.worlds.scripted import answer, call, circuit, moved


class OtherAtHand:
    """Another stack that answers by a rule, and keeps what it was asked."""

    environment = THEN

    def __init__(self, rule: Callable[[Request], Evaluation] = answer) -> None:
        self.rule = rule
        self.asked: list[Request] = []

    def evaluate(self, request: Request) -> Evaluation:
        self.asked.append(request)
        return self.rule(request)


def compared(folder: Path, calls: Sequence[Call], other: OtherAtHand, plan: Plan | None = None, **here) -> StackComparison:
    create(folder / "trace.qdiag", Script("train.py"))
    with TraceWriter(folder / "trace.qdiag") as writer:
        writer.meta("environment", text_of(NOW))
        for one in calls:
            writer.write(one)
    with Trace.open(folder / "trace.qdiag") as trace:
        return compare_stacks(trace, Stack(**here), other, plan or Plan(), Silence())


def beyond(angle: float) -> Callable[[Request], Evaluation]:
    """A fault that shows at angles beyond one."""

    def rule(request: Request) -> Evaluation:
        off = 0.2 if float(request.circuit.parameters[0].value) > angle else 0.0
        return moved(answer(request), gradient=off)

    return rule


def test_stacks_that_give_the_same_differ_nowhere(tmp_path: Path) -> None:
    found = compared(tmp_path, [call(n, circuit(0.1 * n)) for n in range(20)], OtherAtHand())
    assert (len(found.held), found.total, found.first) == (20, 20, None)
    assert found.stacks == (THEN, NOW)


def test_the_first_call_that_differs_is_named_and_who_is_right(tmp_path: Path) -> None:
    other = OtherAtHand(beyond(0.65))
    found = compared(tmp_path, [call(n, circuit(0.1 * n)) for n in range(20)], other)
    assert found.first is not None
    assert (found.first.call.index, found.first.outcome, found.first.upheld) == (7, Outcome.CHANGED, Upheld.SECOND)
    # 0 to 7, the rest of those under way, and number 7 once more
    assert [one.call.index for one in found.held] == list(range(8))
    assert len(other.asked) == 9


def test_calls_of_another_kind_are_asked_all_the_same(tmp_path: Path) -> None:
    calls = [call(0, circuit(0.9)), call(1, circuit(0.9), ADJOINT), call(2, circuit(0.9)), call(3, circuit(0.2, gates=2))]
    found = compared(tmp_path, calls, OtherAtHand(beyond(0.5)))
    assert [(one.call.index, one.outcome) for one in found.held] == [
        (0, Outcome.CHANGED),
        (1, Outcome.CHANGED),
        (3, Outcome.SAME),
    ]


def test_what_came_back_to_a_call_is_asked_beside_a_random_direction(tmp_path: Path) -> None:
    other = OtherAtHand()
    compared(tmp_path, [call(0, circuit(0.3))], other)
    recorded, drawn = other.asked[0].cotangents
    assert float(recorded[0]) == 1.0  # type: ignore[arg-type]
    assert drawn[0] is not None


def test_a_long_run_is_sampled_and_as_many_calls_as_the_user_says(tmp_path: Path) -> None:
    calls = [call(n, circuit(0.3 + 0.001 * n)) for n in range(100)]
    (tmp_path / "all").mkdir()
    assert 8 <= len(compared(tmp_path / "all", calls, OtherAtHand()).held) < 20
    (tmp_path / "few").mkdir()
    assert len(compared(tmp_path / "few", calls, OtherAtHand(), Plan(max_calls=5)).held) == 5


def test_what_the_other_stack_refuses_is_told_and_no_change(tmp_path: Path) -> None:
    found = compared(tmp_path, [call(0, circuit(0.3))], OtherAtHand(raising))
    assert [one.outcome for one in found.held] == [Outcome.RAISES]


def test_numbers_that_are_none_are_not_compared(tmp_path: Path) -> None:
    assert compared(tmp_path, [call(0, circuit(float("nan")))], OtherAtHand()).held == ()


# --- which stack -----------------------------------------------------------------------------------------------------------------


def test_a_release_is_read_as_pip_reads_it() -> None:
    assert Other.from_words("pennylane==0.44.1") == Other("pennylane", "0.44.1")
    assert Other.from_words("torch == 2.12.0").release == "2.12.0"


@pytest.mark.parametrize(
    "written", ["", "pennylane", "0.44.1", "pennylane>=0.44", "pennylane==0.44.*", "pennylane==0.44,==0.45", "click==8.1", "==", "a b"]
)
def test_what_names_no_release_is_refused(written: str) -> None:
    with pytest.raises(UsageError):
        Other.from_words(written)


def test_a_layer_is_made_once(tmp_path: Path) -> None:
    world = Releases()
    for _ in range(2):
        layer = layer_of(Other("pennylane", "0.36.0"), "0.38.0", tmp_path, Silence(), world.world)
        assert layer.path.name.startswith("pennylane-0.36.0-")
    assert world.installed == ["0.36.0"]


def test_a_release_that_cannot_be_had_is_refused_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"pennylane 0\.36\.0 cannot be installed: No matching"):
        layer_of(Other("pennylane", "0.36.0"), "0.38.0", tmp_path, Silence(), Releases(refused=["0.36.0"]).world)
