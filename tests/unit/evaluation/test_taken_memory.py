"""Memory that an evaluation takes: measured in a process of our own, and nowhere else."""

from __future__ import annotations

import subprocess
import sys

import pytest

from qdiag.evaluation import taken_memory

CODE = """
from qdiag.evaluation import taken_memory
taken_memory.measure_here()
before = taken_memory.resident_now()
held = bytearray(50_000_000)
held[::4096] = bytes(len(held[::4096]))
del held
print(taken_memory.taken_since(before))
before = taken_memory.resident_now()
print(taken_memory.taken_since(before))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of a process is told by /proc alone")
def test_the_peak_counts_also_where_it_is_over_and_is_forgotten_then():
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    taken, again = map(int, done.stdout.split())
    assert 40_000_000 < taken < 70_000_000
    assert again < 10_000_000


def test_in_the_users_own_process_nothing_is_measured():
    assert taken_memory.resident_now() is None
    assert taken_memory.taken_since(None) == 0
