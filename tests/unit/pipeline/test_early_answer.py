"""A first answer: as soon as one call is known, however long that takes, and not before."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Optional

import pytest

from qdiag.judging.replay.located import Located
from qdiag.model.comparison import Verdict
from qdiag.pipeline import run as module
from qdiag.pipeline.run import Run
from qdiag.pipeline.run_options import Options, Silence
from qdiag.trace.run_folder import RunFolder

NOTHING, ONE = Located(), Located(replayed=1)


class Replaying:
    """A replay that gives these, turn by turn; None where nothing is left."""

    def __init__(self, *turns: Optional[Located]) -> None:
        self.turns = list(turns)

    def begin_cheap_methods(self, seconds: float) -> Optional[Located]:
        return self.turns.pop(0)


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    monkeypatch.setattr(module, "with_live_word", lambda located, calls: located)
    monkeypatch.setattr(module, "methods_used", lambda configurations: ())
    monkeypatch.setattr(module, "divergences_of", lambda *asked, seconds: [])
    monkeypatch.setattr(module, "result_so_far", lambda *asked, probed: SimpleNamespace(verdict=Verdict.AGREE))
    monkeypatch.setattr(module, "early_answer", lambda result, script, probed: "all is well")
    made = Run(RunFolder(tmp_path), Options(), Silence())
    made.__dict__.update(_trace=SimpleNamespace(configurations=lambda: (), script=None), _calls=None)
    return made


@pytest.mark.parametrize(
    ("turns", "said", "left"),
    [([ONE, NOTHING], "all is well", 1), ([NOTHING, NOTHING, ONE, ONE], "all is well", 1), ([NOTHING, None, ONE], "", 1)],
    ids=["known at once", "known after two turns", "never known"],
)
def test_turns_go_on_until_something_is_known(answering: Run, turns: list[Optional[Located]], said: str, left: int) -> None:
    replaying = Replaying(*turns)
    answering.__dict__["_replay"] = replaying
    assert answering._answer_early(SimpleNamespace()) == said  # type: ignore[arg-type]
    assert len(replaying.turns) == left


def test_while_probes_are_waited_for_a_turn_is_one_of_many(answering: Run) -> None:
    replaying = Replaying(NOTHING, ONE)
    answering.__dict__["_replay"] = replaying
    assert answering._answer_early(SimpleNamespace(), probed=False) is None  # type: ignore[arg-type]
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
    answering: Run, monkeypatch: pytest.MonkeyPatch, replayed: int, verdict: Verdict, upheld: bool, said: list[str]
) -> None:
    lines: list[str] = []
    monkeypatch.setattr(module, "result_of", lambda *asked: SimpleNamespace(verdict=verdict))
    monkeypatch.setattr(module, "first_answer", lambda result, script: "first answer")
    monkeypatch.setattr(module, "answer_of_own", lambda result: "the own method is right")
    monkeypatch.setattr(module, "upheld_alone", lambda *asked: upheld)
    monkeypatch.setattr(answering, "_voice", SimpleNamespace(say=lines.append))
    answering._tell_first_answer(Located(replayed=replayed), (), "", SimpleNamespace(upheld=()))  # type: ignore[arg-type]
    assert lines == said
