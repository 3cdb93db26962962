"""How much memory an evaluation took beyond what its process had: the peak of what is resident, on Linux, in processes of our own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Optional

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
_FORGET_PEAK = "5"

_found: dict[str, bool] = {"ours": False}


def measure_here() -> None:
    """Measure in this process, which is all ours: in the user's own nobody resets the peak, which the user may want to know."""
    _found["ours"] = True


def resident_now() -> Optional[int]:
    """Bytes that are resident, from which on the peak is measured anew; None where it is not."""
    if not _found["ours"]:
        return None
    try:
        _CLEAR.write_text(_FORGET_PEAK)
    except OSError:
        return None
    return _bytes("VmRSS")


def taken_since(before: Optional[int]) -> int:
    """The most that was resident since then beyond that; 0 where nobody knows."""
    peak = None if before is None else _bytes("VmHWM")
    return 0 if before is None or peak is None else max(0, peak - before)


def _bytes(name: str) -> Optional[int]:
    try:
        found = re.search(rf"^{name}:\s+(\d+) kB$", _STATUS.read_text(), re.MULTILINE)
    except OSError:
        return None
    return None if found is None else 1024 * int(found[1])
