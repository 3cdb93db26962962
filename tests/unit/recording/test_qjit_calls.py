"""What is said of calls under Catalyst whose runs cannot be told, with types made here in the place of Catalyst's."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from qdiag.model.call import SourceLine
from qdiag.model.coverage import Gap
from qdiag.recording import qjit_calls
from qdiag.recording.call_reader import UnderCatalyst


def traced(given: int = 2, **further: Any) -> Any:
    """A call that Catalyst has traced, of whose two numbers everything is known."""
    under = UnderCatalyst([None] * 2, differentiated=True, tape=object(), part=SimpleNamespace(given=given))
    known: dict[str, Any] = {"qnode": SimpleNamespace(_shots=None), "has_transforms": False, "under_catalyst": under}
    return SimpleNamespace(**{**known, "source": SourceLine("train.py", 7), **further})


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
