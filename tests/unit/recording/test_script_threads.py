"""Threads are numbered as they appear, and told of where two are at QNodes at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

import pytest

from qdiag.recording.script_threads import ScriptThreads

Found = TypeVar("Found")


def elsewhere(does: Callable[[], Found]) -> Found:
    """What a second thread finds."""
    found: list[Found] = []
    thread = threading.Thread(target=lambda: found.append(does()))
    thread.start()
    thread.join()
    return found[0]


@pytest.fixture
def met() -> list[str]:
    return []


@pytest.fixture
def threads(met: list[str]) -> ScriptThreads:
    return ScriptThreads(lambda: met.append("at once"))


def call(threads: ScriptThreads) -> None:
    threads.call(under_way=True)
    threads.call(under_way=False)


def test_numbers_go_by_appearance(threads: ScriptThreads) -> None:
    assert (threads.number(), elsewhere(threads.number), threads.number()) == (0, 1, 0)


def test_one_after_another_is_no_harm(threads: ScriptThreads, met: list[str]) -> None:
    call(threads)
    elsewhere(lambda: call(threads))
    threads.go_back(under_way=True)
    threads.go_back(under_way=False)
    elsewhere(lambda: call(threads))
    assert met == []


def test_a_call_inside_of_a_call_or_a_pass_of_its_own_thread_is_none(threads: ScriptThreads, met: list[str]) -> None:
    threads.go_back(under_way=True)
    threads.call(under_way=True)
    threads.call(under_way=True)
    assert met == []


@pytest.mark.parametrize("begin", ["call", "go_back"])
def test_a_call_while_another_thread_calls_or_goes_back_is_told_of_once(threads: ScriptThreads, met: list[str], begin: str) -> None:
    getattr(threads, begin)(under_way=True)
    elsewhere(lambda: call(threads))
    elsewhere(lambda: call(threads))
    assert met == ["at once"]


def test_a_forked_process_begins_anew(threads: ScriptThreads, met: list[str]) -> None:
    elsewhere(lambda: threads.call(under_way=True))
    threads.forget()
    call(threads)
    assert met == []
    assert threads.number() == 0
