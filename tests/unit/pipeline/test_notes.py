"""A mistake of our own costs a run a cause or a row, never the report; and the report says so."""

from __future__ import annotations

from qdiag.evaluation.answers import LOGGER
from qdiag.pipeline.notes import own_failures


def test_mistakes_are_noted_in_their_order_and_the_same_once() -> None:
    with own_failures() as told:
        for asked in ("a", "b", "a"):
            LOGGER.warning("qdiag itself failed on %s", asked)
        LOGGER.info("something else")
    assert told == ["qdiag itself failed on a", "qdiag itself failed on b"]


def test_what_comes_after_the_run_is_none_of_its_notes() -> None:
    with own_failures() as told:
        pass
    LOGGER.warning("qdiag itself failed on c")
    assert told == []
