"""A first answer: as soon as one call is known, however long that takes, and not before."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, Optional

import pytest

from qdiag.evaluation.limits import Deadline
from qdiag.judging.replay.located import Located
from qdiag.model.comparison import Verdict
from qdiag.pipeline import first_answers as module
from qdiag.pipeline.first_answers import FirstAnswers
from qdiag.pipeline.run_options import Options, Silence

NOTHING, ONE = Located(), Located(replayed=1)


class Replaying:
    """A replay that gives these, turn by turn; None where nothing is left."""

    def __init__(self, *turns: Optional[Located]) -> None:
        self.turns = list(turns)

    def begin_cheap_methods(self, seconds: float) -> Optional[Located]:
        return self.turns.pop(0)


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> FirstAnswers:
    monkeypatch.setattr(module, "with_live_word", lambda located, calls: located)
    monkeypatch.setattr(module, "methods_used", lambda configurations: ())
    monkeypatch.setattr(module, "divergences_of", lambda *asked, seconds: [])
    monkeypatch.setattr(module, "result_so_far", lambda *asked, probed: SimpleNamespace(verdict=Verdict.AGREE))
    monkeypatch.setattr(module, "early_answer", lambda result, script, probed: "all is well")
    trace: Any = SimpleNamespace(configurations=lambda: (), script=None)
    nothing: Any = None
    return FirstAnswers(trace, nothing, nothing, Options(), Silence(), Deadline(None), nullcontext, lambda divergences: None)


@pytest.mark.parametrize(
    ("turns", "said", "left"),
    [([ONE, NOTHING], "all is well", 1), ([NOTHING, NOTHING, ONE, ONE], "all is well", 1), ([NOTHING, None, ONE], "", 1)],
    ids=["known at once", "known after two turns", "never known"],
)
def test_turns_go_on_until_something_is_known(answering: FirstAnswers, turns: list[Optional[Located]], said: str, left: int) -> None:
    replaying = Replaying(*turns)
    assert replace(answering, replay=replaying).early(SimpleNamespace(), 0.0) == said  # type: ignore[arg-type]
    assert len(replaying.turns) == left


def test_while_probes_are_waited_for_a_turn_is_one_of_many(answering: FirstAnswers) -> None:
    replaying = Replaying(NOTHING, ONE)
    assert replace(answering, replay=replaying).early(SimpleNamespace(), 0.0, probed=False) is None  # type: ignore[arg-type]
    assert len(replaying.turns) == 1


# --- of all calls -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("replayed", "verdict", "upheld", "said"),
    [
        (3, Verdict.AGREE, False, ["first answer"]),
        (0, Verdict.ERROR, False, ["first answer"]),
        (0, Verdict.AGREE, True, ["the own method is right"]),
        (0, Verdict.AGREE, False, []),
        (0, Verdict.INCONCLUSIVE, True, []),
    ],
    ids=["compared", "an error by the arbiter", "upheld by the arbiter", "nothing is known", "upheld, and not all was seen"],
)
def test_where_no_cheap_method_stands_beside_the_own_one_the_arbiters_word_is_the_answer(
    answering: FirstAnswers, monkeypatch: pytest.MonkeyPatch, replayed: int, verdict: Verdict, upheld: bool, said: list[str]
) -> None:
    lines: list[str] = []
    monkeypatch.setattr(module, "result_of", lambda *asked: SimpleNamespace(verdict=verdict))
    monkeypatch.setattr(module, "first_answer", lambda result, script: "first answer")
    monkeypatch.setattr(module, "answer_of_own", lambda result: "the own method is right")
    monkeypatch.setattr(module, "upheld_alone", lambda *asked: upheld)
    voice: Any = SimpleNamespace(say=lines.append)
    replace(answering, voice=voice).of_all(Located(replayed=replayed), (), "", SimpleNamespace(upheld=()))  # type: ignore[arg-type]
    assert lines == said
