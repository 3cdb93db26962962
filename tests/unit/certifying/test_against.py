"""Which cells have become worse is told by what they say of the device."""

import pytest

from qdiag.certifying.against import NEW, worse_cells
from qdiag.model.certificate import Standing
from tests.worlds.certificates import cell


@pytest.mark.parametrize(
    ("before", "after", "worse"),
    [
        (Standing.EXACT, Standing.WRONG, True),
        (Standing.EXACT, Standing.REFUSED, True),
        (Standing.REFUSED, Standing.RAISED, True),
        (Standing.RAISED, Standing.LOST, True),
        (Standing.WRONG, Standing.WRONG, False),
        (Standing.WRONG, Standing.EXACT, False),
        (Standing.EXACT, Standing.OPEN, False),
        (Standing.EXACT, Standing.LATE, False),
        (Standing.EXACT, Standing.EVERYWHERE, False),
        (Standing.OPEN, Standing.REFUSED, False),
    ],
)
def test_a_cell_is_worse_by_what_it_says_of_the_device(before: Standing, after: Standing, worse: bool) -> None:
    found = worse_cells([cell("RX", standing=after)], [cell("RX", standing=before)])
    assert [was for _, was in found] == ([before.value] if worse else [])


def test_a_new_cell_is_worse_where_it_is_silently_wrong() -> None:
    cells = [cell("RX", standing=Standing.WRONG), cell("RY", standing=Standing.REFUSED)]
    assert [(one.operation, was) for one, was in worse_cells(cells, [])] == [("RX", NEW)]


def test_what_is_not_asked_any_more_is_not_worse() -> None:
    assert not worse_cells([], [cell("RX")])
