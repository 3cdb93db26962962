"""The garbage collector while the recorder is loaded."""

from __future__ import annotations

import gc

import pytest

from qdiag.recording.collector import pause_collector


def test_nothing_is_collected_inside_and_it_goes_on_after() -> None:
    before = gc.get_stats()
    with pause_collector():
        kept = [[number] for number in range(5000)]
        assert [one["collections"] for one in gc.get_stats()] == [one["collections"] for one in before]
    assert gc.isenabled()
    assert len(kept) == 5000


def test_a_collector_that_the_script_has_stopped_stays_stopped() -> None:
    gc.disable()
    try:
        with pause_collector():
            assert not gc.isenabled()
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_it_goes_on_after_a_failure() -> None:
    with pytest.raises(KeyError), pause_collector():
        raise KeyError
    assert gc.isenabled()
