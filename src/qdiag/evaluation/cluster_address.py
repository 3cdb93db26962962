"""How a cluster is named: by the address of its scheduler, or ``local:N`` for one of our own on this machine."""

from __future__ import annotations

import re

LOCAL = re.compile(r"local:([1-9]\d*)")
"""A cluster of our own on this machine, and how many workers it has."""

ADDRESS = re.compile(r"[a-z+]+://\S+")
"""The address of a scheduler."""
