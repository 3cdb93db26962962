"""A stack without a fault: the arbiter's own numbers, through PennyLane and torch and all of a hunt's judging, are no hit anywhere."""

from __future__ import annotations

import pennylane as qml
import pytest

from qdiag.bridges.space.builds import builds
from qdiag.bridges.space.ingredients import MODERN
from qdiag.bridges.space.random_circuits import random_specimens
from qdiag.bridges.space.specimens import specimens
from qdiag.certifying.examine import examine
from qdiag.certifying.task import Task
from qdiag.model.certificate import Standing
from qdiag.model.method import Method
from qdiag.model.specimen import Specimen

pytestmark = pytest.mark.stack

if not MODERN:
    pytest.skip("instances by hand are as the newer end takes them", allow_module_level=True)
if not hasattr(qml, "workflow"):
    pytest.skip("a device says otherwise in this PennyLane that it has derivatives", allow_module_level=True)

EXACT = Method("tests.worlds.exact_device:Exact", "")
HITS = {Standing.WRONG, Standing.EVERYWHERE, Standing.LOST}

EXACT_SPACE = [one for one in specimens(0) if not one.circuit.shots][::45]
DRAWN = list(random_specimens(20, 0, builds()))


@pytest.mark.parametrize("one", [*EXACT_SPACE, *DRAWN], ids=lambda one: " ".join(one.key).replace("  ", " "))
def test_nothing_is_found_where_nothing_is_wrong(one: Specimen) -> None:
    found = examine(Task(one, EXACT, ("device",), beside="", upheld=True, trusted=True))
    assert not [cell for cell in found if cell.standing in HITS]


def test_most_of_it_is_judged() -> None:
    judged = [
        cell.standing is Standing.EXACT
        for one in EXACT_SPACE[::3]
        for cell in examine(Task(one, EXACT, ("device",), beside="", upheld=True, trusted=True))
        if cell.column == "device"
    ]
    assert sum(judged) > 0.6 * len(judged)
