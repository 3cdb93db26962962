"""A value that was compiled in is told where the later one makes another circuit, and proved by the old one and a repeat."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qdiag.diagnosis.training.baked_values import remarks
from qdiag.model.baked_value import BakedValue
from qdiag.model.call import Event, SourceLine
from qdiag.model.comparison import Signature, Verdict
from qdiag.model.findings import Confidence, Outcome
from qdiag.model.remarks import Remark
from qdiag.trace import call_text
from tests.worlds.histories import history
from tests.worlds.results import call
from tests.worlds.small_circuits import circuit, gate

CIRCUIT = circuit(gate("RX", 0.3, trainable=True))
READ = SourceLine("train.py", 7, "circuit")
BAKED = BakedValue(1, "scale", "circuit", READ, "0.2", "0.5", 4, 5, False, ("RX on [0] (operation 0)",), 0.25, 0.0, True)


def said(*found: BakedValue) -> list[Remark]:
    events = [Event("baked value", 2, call_text.text_of(one), one.call) for one in found]
    return list(remarks(history([call(CIRCUIT, index) for index in range(3)], events)))


def test_a_value_whose_change_moves_the_outputs_is_an_error() -> None:
    (found,) = said(BAKED)
    assert (found.verdict, found.diagnosis.code, found.diagnosis.confidence) == (Verdict.ERROR, "QD809", Confidence.CONFIRMED)
    assert (found.where, found.call.index if found.call else None, found.diagnosis.blamed) == (Signature.OUTPUT, 1, "scale")
    assert str(found.places[0]) == "train.py:7"
    assert "`scale` is read in circuit while JAX traces it: 0.2 was compiled in" in found.diagnosis.because
    assert "at 4 of 5 runs, 0.5 in the end; RX on [0] (operation 0) in the circuit depends on it" in found.diagnosis.because
    assert [(one.predicts, one.before, one.after, one.holds) for one in found.diagnosis.evidence] == [
        (Outcome.HEALS, 0.25, 0.0, True),
        (Outcome.PERSISTS, 0.25, 0.25, True),
    ]


@pytest.mark.parametrize(
    "changes",
    [{"gap": None, "again": None}, {"again": None}, {"again": 0.25}, {"same": False}],
    ids=["no outputs to compare", "not repeated", "another circuit each time", "not what was compiled"],
)
def test_without_any_of_it_it_is_only_likely(changes: dict[str, object]) -> None:
    (found,) = said(replace(BAKED, **changes))  # type: ignore[arg-type]
    assert (found.verdict, found.diagnosis.confidence) == (Verdict.REMARK, Confidence.LIKELY)


def test_a_counter_is_told_as_what_it_is() -> None:
    (found,) = said(replace(BAKED, own=True, same=None, before="1", later="2"))
    assert "without jit each call would change it, 1 to 2 and so on" in found.diagnosis.because
    assert found.verdict is Verdict.ERROR
    assert [one.predicts for one in found.diagnosis.evidence] == [Outcome.PERSISTS]


def test_a_name_is_told_once_and_nothing_of_calls_that_are_not_there() -> None:
    assert len(said(BAKED, BAKED, replace(BAKED, name="level"))) == 2
    assert said(replace(BAKED, call=7)) == []
    assert list(remarks(history([call(CIRCUIT, 0)], []))) == []
