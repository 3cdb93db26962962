"""Foreign code that computes for too long ends, whatever it catches; the clock is left as it was."""

from __future__ import annotations

import signal
from contextlib import suppress

import pytest

from qdiag.bridges.processor_time import OutOfTime, processor_time


def compute_for_ever() -> None:
    with suppress(Exception):
        while True:
            pass


def test_what_computes_for_longer_ends_and_no_handler_on_the_way_keeps_it() -> None:
    with pytest.raises(OutOfTime), processor_time(0.02):
        compute_for_ever()


def test_afterwards_the_clock_and_its_handler_are_as_they_were() -> None:
    before = signal.getsignal(signal.SIGPROF)
    with suppress(OutOfTime), processor_time(0.02):
        compute_for_ever()
    assert (signal.getsignal(signal.SIGPROF), signal.getitimer(signal.ITIMER_PROF)) == (before, (0.0, 0.0))


def test_a_profiler_that_uses_the_clock_keeps_it() -> None:
    before = signal.signal(signal.SIGPROF, signal.SIG_IGN)
    signal.setitimer(signal.ITIMER_PROF, 50.0)
    try:
        with processor_time(0.01):
            assert signal.getitimer(signal.ITIMER_PROF)[0] > 1.0
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0.0)
        signal.signal(signal.SIGPROF, before)
