"""Who gave nothing, where and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from qdiag.judging.replay.call_result import CallResult, Side
from qdiag.judging.replay.silences import Silences
from qdiag.model.call import Failure
from qdiag.model.comparison import Comparison, Verdict
from qdiag.model.evaluation import Evaluation
from qdiag.model.unanswered import Reason, Unanswered
from tests.worlds.methods import ADJOINT, BACKPROP, SHIFT

NO = Failure("DeviceError", "not supported", refusal=True)
LATE = Failure("TimeoutError", "the evaluation took longer than 60 s", stage="timeout")


def result(call: int, **failures: Failure) -> CallResult:
    """A call under three methods, some of which failed."""
    given = {name: failures.get(name) for name in ("adjoint", "shift")}
    methods = {"adjoint": ADJOINT, "shift": SHIFT}
    sides = [methods[name] for name, failure in given.items() if failure is None]
    compared = tuple(Side(m, Evaluation(m), Comparison((BACKPROP, m), Verdict.AGREE)) for m in sides)
    refused = tuple((methods[name], failure) for name, failure in given.items() if failure is not None)
    return CallResult(call, "", Evaluation(BACKPROP, failure=failures.get("own")), (), compared, refused)


def told(results: Sequence[CallResult]) -> tuple[Unanswered, ...]:
    silences = Silences()
    for one in results:
        silences.add(one)
    return silences.all()


def test_each_method_and_reason_has_its_calls_and_how_often_the_method_was_asked() -> None:
    found = told([result(0, adjoint=NO, shift=LATE), result(1, shift=LATE), result(2, shift=NO)])
    assert [(one.method, one.reason, one.calls, one.asked) for one in found] == [
        (ADJOINT, Reason.REFUSES, (0,), 3),
        (SHIFT, Reason.NOT_IN_TIME, (0, 1), 3),
        (SHIFT, Reason.REFUSES, (2,), 3),
    ]


def test_the_scripts_own_method_is_among_them_unless_the_script_met_it() -> None:
    failed = result(0, own=Failure("E", "no"))
    assert [one.method for one in told([failed])] == [BACKPROP]
    assert told([replace(failed, failure=Failure("E", "no"))]) == ()
