"""Annotations and summaries of a workflow: one line each, and nothing that begins another command."""

from __future__ import annotations

from dataclasses import replace

from qdiag.pipeline.ci import replay_lock
from qdiag.pipeline.run_options import Silence
from qdiag.report.content.two_stacks import LOCK, StacksPage, page
from qdiag.report.formats.stacks_github import MOST_ANNOTATIONS, annotate, summary
from qdiag.report.outline import Fact
from tests.worlds.locks import NOW, Stack, lock, locked
from tests.worlds.scripted import answer, moved


def shown(count: int = 1) -> StacksPage:
    stack = Stack(backprop=lambda request: moved(answer(request), gradient=0.5))
    found = replay_lock(lock(*(locked(0.1 * n) for n in range(1, count + 1))), stack, Silence(), here=NOW)
    return page(found, LOCK, title="ci qdiag.lock")


def test_each_change_is_an_annotation_at_its_line() -> None:
    lines = annotate(shown(), "models").splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("::error file=models/train.py,line=31,title=circuit 0%3A ")
    assert "%0Aarbiter: the lock is right" in lines[0]


def test_no_more_than_github_shows() -> None:
    assert len(annotate(shown(15)).splitlines()) == MOST_ANNOTATIONS


def test_no_message_ends_its_line_or_begins_another_command() -> None:
    given = shown()
    odd = replace(given.changes[0], path="a,b:c\n::error::d.py", sentence="100%\r\n::warning::no", facts=(Fact("of", "x\n::y"),))
    text = annotate(replace(given, changes=(odd,)))
    assert text.count("\n") == 1
    assert "file=a%2Cb%3Ac%0A%3A%3Aerror%3A%3Ad.py,line=31," in text
    assert "100%25%0D%0A::warning" in text


def test_what_has_no_place_has_an_annotation_without_one() -> None:
    given = shown()
    assert annotate(replace(given, changes=(replace(given.changes[0], path=""),))).startswith("::error title=")


def test_the_summary_says_it_in_markdown() -> None:
    text = summary(shown())
    assert text.startswith("### ci qdiag.lock\n\n**ERROR** — 1 of 1 circuit changed")
    assert "- stacks: PennyLane 0.44.1 against 0.45.1" in text
    assert "- arbiter: the lock is right" in text
