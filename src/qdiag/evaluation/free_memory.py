"""How much memory is free for workers: the machine's, and no more than a container is allowed."""

from __future__ import annotations

import math
import os
import re
from pathlib import Path

GROUPS = Path("/sys/fs/cgroup")

_FILES = (("memory.max", "memory.current"), ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"))
"""What a control group may take and what it takes, in both versions of them."""


def free_memory() -> float:
    """Bytes that are free."""
    page = os.sysconf("SC_PAGE_SIZE")
    try:
        free = page * os.sysconf("SC_AVPHYS_PAGES")
    except ValueError:
        # macOS does not tell what is free
        free = page * os.sysconf("SC_PHYS_PAGES") // 2
    return min(free, left_in_group(GROUPS))


def left_in_group(groups: Path) -> float:
    """Bytes that the control group of this container has left; endless where it has no limit. What holds files can be given up."""
    for limit, used in _FILES:
        try:
            most, taken = (groups / limit).read_text().strip(), int((groups / used).read_text())
            stat = (groups / limit).with_name("memory.stat").read_text()
        except (OSError, ValueError):
            continue
        given_up = re.search(r"^(?:total_)?inactive_file (\d+)$", stat, re.MULTILINE)
        if most.isdigit():
            return max(0, int(most) - taken + (int(given_up[1]) if given_up else 0))
    return math.inf
