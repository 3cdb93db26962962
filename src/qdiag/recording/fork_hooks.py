"""The interpreter's own lists of what runs at each fork: nobody but the garbage collector can say where they are.

It looks through every object that there is, so it is asked where there are few: before the script runs. Like all that is loaded then,
this uses nothing that a bare interpreter does not have.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # as in `frames`
if TYPE_CHECKING:
    from typing import Any, Optional

    Lists = tuple[tuple[list[Any], list[Any]], list[Any]]

_found: Optional[Lists] = None


def hooks_of_forks() -> Lists:
    """What Python runs at each fork in this process, before and after, and in the copy."""
    global _found
    if _found is None:
        _found = _find()
    return _found


def _mark() -> None:
    """Does nothing at a fork: copies of it are there so that the lists which hold them can be found."""


def _find() -> Lists:
    known = "gc" in sys.modules
    import gc

    if not known:
        # a bare interpreter has not loaded it
        del sys.modules["gc"]
    kind: Any = type(_mark)
    marks = [kind(_mark.__code__, globals()) for _ in range(3)]
    os.register_at_fork(before=marks[0], after_in_parent=marks[1], after_in_child=marks[2])
    # one question for all three: each goes through all objects
    lists = [held for held in gc.get_referrers(*marks) if type(held) is list and held is not marks]
    before, after, in_the_copy = [next(held for held in lists if any(one is mark for one in held)) for mark in marks]
    return (before, after), in_the_copy
