"""A device is asked for each specimen, and for what it refuses as such only once."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from qdiag.certifying.matrix import FAR_AHEAD, fill, methods_offered
from qdiag.certifying.task import Task
from qdiag.model.certificate import OUTPUT, Cell, Standing
from qdiag.model.method import Method
from qdiag.model.specimen import BARE, Rank, Specimen
from tests.worlds.certificates import cell, specimen
from tests.worlds.evaluators import FakeEvaluator

METHODS = ("adjoint", "parameter-shift")


class ProcessExpired(Exception):
    exitcode = -11


class Answers(FakeEvaluator):
    """Answers each task by a rule, and notes what it was asked."""

    def __init__(self, rule: Callable[[Task], Any]) -> None:
        self.rule = rule
        self.asked: list[tuple[tuple[str, str, str], tuple[str, ...]]] = []

    def answer(self, function: Callable[..., Any], *arguments: Any) -> Any:
        (task,) = arguments
        self.asked.append((task.specimen.key, task.methods))
        return self.rule(task)


def cells_of(task: Task, standing: Standing = Standing.EXACT) -> tuple[Cell, ...]:
    one = task.specimen
    named = {"measurement": one.measurement, "variation": one.variation}
    return tuple(cell(one.operation, column, standing, **named) for column in (OUTPUT, *task.methods))


def matrix(specimens: list[Specimen], rule: Callable[[Task], Any], **rest: Any) -> tuple[list[Cell], Answers]:
    found: list[Cell] = []
    answers = Answers(rule)
    fill(specimens, Task(specimens[0], Method("a", ""), METHODS), answers, lambda one, cells: found.extend(cells), **rest)
    return found, answers


def test_every_specimen_has_a_cell_for_the_output_and_for_each_method() -> None:
    found, _ = matrix([specimen(), specimen("RX")], cells_of)
    assert [(one.operation, one.column) for one in found] == [(name, column) for name in (BARE, "RX") for column in (OUTPUT, *METHODS)]


def test_an_operation_that_is_refused_as_such_is_asked_once() -> None:
    found, answers = matrix(
        [specimen("RX"), specimen("RX", variation="adjoint"), specimen("RX", "var", rank=Rank.OTHER_MEASUREMENT)],
        lambda task: cells_of(task, Standing.REFUSED),
    )
    assert len(answers.asked) == 1
    assert len(found) == 9
    assert [one.asked for one in found] == [True] * 3 + [False] * 6


def test_with_other_numbers_it_is_asked_again() -> None:
    """A sum with a zero in it is shorter, and a device may take it that refuses the whole."""
    holed = specimen("Evolution", variation="one zero", rank=Rank.NUMBERS)
    _, answers = matrix([specimen("Evolution"), holed], lambda task: cells_of(task, Standing.REFUSED))
    assert [key[2] for key, _ in answers.asked] == ["", "one zero"]


def test_a_measurement_that_is_refused_without_any_operation_is_asked_once() -> None:
    refused = lambda task: cells_of(task, Standing.REFUSED if task.specimen.measurement == "state" else Standing.EXACT)  # noqa: E731
    found, answers = matrix([specimen(measurement="state"), specimen("RX", "state"), specimen("RX", "var")], refused)
    assert [key[:2] for key, _ in answers.asked] == [(BARE, "state"), ("RX", "var")]
    assert [one.standing for one in found[3:6]] == [Standing.REFUSED] * 3


def test_where_a_process_dies_each_method_is_asked_alone() -> None:
    def rule(task: Task) -> Any:
        if "adjoint" in task.methods:
            raise ProcessExpired
        return cells_of(task)

    found, _ = matrix([specimen("RX")], rule)
    assert {one.column: one.standing for one in found} == {
        OUTPUT: Standing.EXACT,
        "adjoint": Standing.LOST,
        "parameter-shift": Standing.EXACT,
    }
    assert "-11" in next(one.words for one in found if one.column == "adjoint")


def test_what_takes_too_long_says_so() -> None:
    def rule(task: Task) -> Any:
        raise TimeoutError

    found, _ = matrix([specimen("RX")], rule)
    assert {one.standing for one in found} == {Standing.LATE}


def test_what_an_earlier_run_has_is_not_asked() -> None:
    known = {specimen("RX").key: (cell("RX"),)}
    found, answers = matrix([specimen("RX"), specimen("RY")], cells_of, known=lambda one: known.get(one.key, ()))
    assert [key[0] for key, _ in answers.asked] == ["RY"]
    assert len(found) == 4


def test_what_may_be_refused_later_waits_until_refusals_are_known() -> None:
    """A wrap of what its device has refused is asked by nobody, though its operation was asked a moment ago."""
    begun: list[str] = []

    def rule(task: Task) -> Any:
        begun.append(task.specimen.variation)
        return cells_of(task, Standing.REFUSED if task.specimen.operation == "RX" else Standing.EXACT)

    wraps = [specimen(name, variation="adjoint", rank=Rank.WRAPPED) for name in ("RX", "RY")]
    matrix([specimen("RX"), specimen("RY"), *wraps], rule)
    assert begun == ["", "", "adjoint"]


def test_one_that_takes_long_is_waited_for_with_others_under_way() -> None:
    waiting: list[Future[Any]] = []

    class Slow(Answers):
        count = 1

        def call(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
            waiting.append(SlowFuture(lambda: cells_of(arguments[0]), waiting))
            return waiting[-1]

    class SlowFuture(Future[Any]):
        """Done when it is waited for; notes how many others are under way by then."""

        def __init__(self, answer: Callable[[], Any], begun: list[Future[Any]]) -> None:
            super().__init__()
            self.answer, self.begun = answer, begun

        def exception(self, timeout: Any = None) -> None:
            if not self.done():
                most.append(sum(not one.done() for one in self.begun))
                self.set_result(self.answer())

    most: list[int] = []
    pairs = [specimen("RX", variation=f"after {k}", rank=Rank.PAIRS) for k in range(2 * FAR_AHEAD)]
    fill(pairs, Task(pairs[0], Method("a", ""), METHODS), Slow(cells_of), lambda one, cells: None)
    assert max(most) == FAR_AHEAD


def test_nothing_is_begun_when_the_time_is_over() -> None:
    found, answers = matrix([specimen("RX"), specimen("RY", rank=Rank.WRAPPED)], cells_of, over=lambda: True)
    assert not found
    assert not answers.asked


def test_a_method_is_offered_where_it_takes_any_circuit() -> None:
    def rule(task: Task) -> Any:
        refused = {"adjoint": Standing.REFUSED}
        return tuple(
            cell(column=one.column, standing=refused.get(one.column, Standing.EXACT)) for one in cells_of(task)
        )

    offered, words = methods_offered(METHODS, [specimen()], Task(specimen(), Method("a", ""), ()), Answers(rule))
    assert offered == ("parameter-shift",)
    assert words is None


def test_a_device_that_takes_no_circuit_says_why() -> None:
    def rule(task: Task) -> Any:
        return tuple(cell(column=one.column, standing=Standing.RAISED, words="it needs a level") for one in cells_of(task))

    assert methods_offered(METHODS, [specimen()], Task(specimen(), Method("a", ""), ()), Answers(rule)) == ((), "it needs a level")
