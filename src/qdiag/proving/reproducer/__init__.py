"""A divergence as a short stand-alone script that exits 1 while it is there: written here, and run in a fresh process."""

from __future__ import annotations

from qdiag.reproducer.choosing import Material, script
from qdiag.reproducer.functions import Cut, cut
from qdiag.reproducer.loop import loop
from qdiag.reproducer.running import first_to_show, made, verify
from qdiag.reproducer.writing import write, write_for

__all__ = ["Cut", "Material", "cut", "first_to_show", "loop", "made", "script", "verify", "write", "write_for"]
