"""Requests to end are answered as Ctrl-C is, once, and only where they would have ended the process."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from qdiag.errors import ExitCode, Interrupted, Terminated
from qdiag.pipeline import signals


@pytest.fixture(autouse=True)
def _nothing_is_ignored() -> Iterator[None]:
    """As where nobody has started pytest with nohup, which has SIGHUP ignored."""
    before = {number: signal.signal(number, signal.SIG_DFL) for number in (signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, ExitCode.TERMINATED), (signal.SIGHUP, ExitCode.HUNG_UP)])
def test_one_interrupts_as_ctrl_c_does_and_has_its_own_code(number: int, code: ExitCode) -> None:
    with signals.answered_signals():
        with pytest.raises(KeyboardInterrupt) as caught:
            os.kill(os.getpid(), number)
        assert isinstance(caught.value, Terminated)
        assert signals.code_of_interruption() is code
        # timeout tells the whole group, and then us once more: what is being kept must not be lost by that
        os.kill(os.getpid(), number)


def test_asked_again_later_it_interrupts_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signals, "AGAIN", 0.0)
    with signals.answered_signals():
        for _ in range(2):
            with pytest.raises(Terminated):
                os.kill(os.getpid(), signal.SIGTERM)


def test_handlers_are_put_back_and_what_is_ignored_stays_so() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with signals.answered_signals():
            os.kill(os.getpid(), signal.SIGHUP)
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
        assert signals.code_of_interruption() is ExitCode.INTERRUPTED
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize(("number", "code"), [(2, 130), (15, 143), (1, 129), (9, 130)])
def test_work_that_was_interrupted_knows_its_code(number: int, code: int) -> None:
    assert Interrupted("the script was interrupted", "go on", number).exit_code == code
