"""The warnings of what is evaluated: all of them, also those that were shown before."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def heard_warnings() -> Iterator[list[warnings.WarningMessage]]:
    """Collect warnings instead of showing them; not those of files, whosesoever, that the garbage collector closes."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warnings.simplefilter("ignore", ResourceWarning)
        yield caught
