"""What is said of calls under Catalyst whose runs cannot be told, with types made here in the place of Catalyst's."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from qdiag.model.call import SourceLine
from qdiag.model.coverage import Gap
from qdiag.recording import qjit_calls
from qdiag.recording.ongoing_call import UnderCatalyst


def tracing(inputs: int, *, is_qnode: bool) -> qjit_calls.Tracing:
    """What differentiates a function, with so many numbers given."""
    return qjit_calls.Tracing(SimpleNamespace(inputs=[None] * inputs), is_qnode)


def traced(given: int = 2, **further: Any) -> Any:
    """A call that Catalyst has traced, of whose two numbers everything is known."""
    under = UnderCatalyst([None] * 2, differentiated=True, tape=object(), part=SimpleNamespace(given=given))
    known: dict[str, Any] = {"qnode": SimpleNamespace(_shots=None), "has_transforms": False, "under_catalyst": under}
    return SimpleNamespace(**{**known, "source": SourceLine("train.py", 7), **further})


def traced_by(one: qjit_calls.Tracing) -> Any:
    """The same where it is differentiated: the QNode itself, or a function that calls it."""
    call = traced()
    call.under_catalyst.levels = (one,)
    return call


def test_a_qnode_that_is_differentiated_itself_is_given_what_its_gradient_is() -> None:
    assert qjit_calls.obstacle(traced_by(tracing(2, is_qnode=True))) == ""
    assert qjit_calls.obstacle(traced_by(tracing(3, is_qnode=False))) == "", "a function may be given more than it hands on"


def test_what_is_traced_is_left_with_all_that_was_inside_of_it() -> None:
    outer = qjit_calls.begin_tracing(None)
    inner = qjit_calls.begin_tracing(None, is_qnode=True)
    assert qjit_calls.tracings() == [outer, inner]
    qjit_calls.begin_tracing(None)
    over: Any = object()
    inner.over.append(over)
    qjit_calls.end_tracing(inner)
    assert qjit_calls.tracings() == [outer]
    assert outer.over == [over]
    qjit_calls.end_tracing(outer)
    assert qjit_calls.tracings() == []


def test_a_call_whose_numbers_follow_from_what_it_is_given_is_recorded() -> None:
    assert qjit_calls.obstacle(traced()) == ""
    assert qjit_calls.obstacle(traced(given=0)) == "", "it has no number that is traced"


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (traced(qnode=SimpleNamespace(_shots=SimpleNamespace(total_shots=10))), "sampled"),
        (traced(has_transforms=True), "transforms"),
        (traced(given=3), "loops"),
        (traced(under_catalyst=UnderCatalyst([None], differentiated=False, tape=object())), "loops"),
        (traced(under_catalyst=None), "loops"),
        (traced_by(tracing(3, is_qnode=True)), "loops"),
    ],
)
def test_what_cannot_be_followed_is_said_with_its_reason_and_what_to_do(call: Any, word: str) -> None:
    why = qjit_calls.obstacle(call)
    assert word in why
    gap, said = qjit_calls.not_recorded(call, why)
    assert gap is Gap.UNRECORDED
    assert "train.py:7" in said
    assert why in said
    assert "original_function" in said
