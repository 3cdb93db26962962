"""The garbage collector, paused while this module's callers load what records.

Modules leave thousands of objects that stay. A collector that counts them comes to look through all that the script has loaded, which
takes longer than to load the recorder: 170 ms with PennyLane and torch, for 50.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def pause_collector() -> Iterator[None]:
    """Nothing is collected in here; what the script has set is so again after it."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
