"""The script of what changed: written for the side that is wrong, and kept only where that one shows it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from qdiag.bisecting.asking import Ended
from qdiag.errors import OpaqueCircuitError
from qdiag.judging.arbiter import arbiter
from qdiag.model.evaluation import Evaluation
from qdiag.model.findings import Divergence, Reproducer
from qdiag.model.method import ARBITER
from qdiag.model.two_stacks import StackComparison, TwoStacks
from qdiag.pipeline.ci import replay_lock
from qdiag.pipeline.run_options import Silence
from qdiag.pipeline.stage_changed_script import changed_script
from qdiag.proving.reproducer.material import Material
from qdiag.proving.reproducer.writing import write
from tests.worlds.bisections import BAD, GOOD
from tests.worlds.locks import NOW, THEN, Stack, lock, locked
from tests.worlds.scripted import answer, moved


class Writer(Stack):
    """A stack on which scripts are written by a rule; keeps what they were made of."""

    def __init__(self, rule: Callable[[Divergence], str] = lambda one: "shows it\n", **by_method: Any) -> None:
        super().__init__(**by_method)
        self.rule = rule
        self.written: list[tuple[Divergence, Material]] = []

    def answer(self, function: Any, *arguments: Any) -> Any:
        if function is write:
            self.written.append((arguments[0], arguments[1]))
            return Reproducer(self.rule(arguments[0]))
        if function is arbiter.evaluation:
            return Evaluation(ARBITER)
        return super().answer(function, *arguments)


def script(
    found: StackComparison, folder: Path, ended: Ended = BAD, writer: Writer | None = None
) -> tuple[TwoStacks | None, list[str], Writer]:
    ran: list[str] = []

    def run_on(python: str, path: Path, limit: float) -> Ended:
        assert path.read_text(encoding="utf-8") == "shows it\n"
        ran.append(python)
        return ended

    made = writer or Writer()
    shown = changed_script(found, ("then/python", "now/python"), folder / "changed.py", made, run_on, trusted=False)
    return shown, ran, made


def found(*circuits, stack: Stack | None = None) -> StackComparison:
    return replay_lock(lock(*circuits), stack or Stack(), Silence(), here=NOW)


def off(request):
    return moved(answer(request), gradient=0.5)


def test_it_is_run_on_the_stack_that_is_wrong_and_names_that_one(tmp_path: Path) -> None:
    shown, ran, writer = script(found(locked(), locked(0.4, gradient=0.5)), tmp_path)
    assert shown is not None
    assert (shown.call.index, ran) == (1, ["then/python"])
    divergence, material = writer.written[0]
    assert (divergence.comparison.methods, material.environment) == ((shown.method, ARBITER), THEN)
    assert (tmp_path / "changed.py").exists()
    _, ran, writer = script(found(stack=Stack(backprop=off)), tmp_path)
    assert (ran, writer.written[0][1].environment) == (["now/python"], NOW)


def test_what_the_wrong_stack_does_not_show_is_not_kept(tmp_path: Path) -> None:
    shown, ran, _ = script(found(locked(gradient=0.5), locked(0.4, gradient=0.5)), tmp_path, GOOD)
    assert (shown, len(ran)) == (None, 2)
    assert not (tmp_path / "changed.py").exists()


def test_where_nothing_changed_or_nobody_is_known_to_be_wrong_there_is_no_script(tmp_path: Path) -> None:
    assert script(found(), tmp_path)[:2] == (None, [])
    assert script(found(stack=Stack(blind=True, backprop=off)), tmp_path)[:2] == (None, [])


def test_a_circuit_that_cannot_be_written_is_passed_over(tmp_path: Path) -> None:
    tried = []

    def rule(one: Divergence) -> str:
        tried.append(one)
        if len(tried) == 1:
            raise OpaqueCircuitError("it cannot be written", "")
        return "shows it\n"

    shown, _, _ = script(found(locked(gradient=0.5), locked(0.4, gradient=0.5)), tmp_path, writer=Writer(rule))
    assert shown is not None
    assert shown.call.index == 1
