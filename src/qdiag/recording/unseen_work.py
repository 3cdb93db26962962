"""Our own work on the script's tensors, unseen by the script's function modes, dispatch modes and tensor subclasses.

A mode that counts what torch is asked to do is to count what the script asks, not that a recorder detaches an output. Where torch
has no such switch, nothing changes. Loads no framework: it is looked up where the script has loaded it.
"""

from __future__ import annotations

import sys
from typing import Any, Optional


class Unseen:
    """A context without state of its own to share: one for each use."""

    __slots__ = ("_functions", "_modes")

    def __init__(self) -> None:
        self._functions: Any = None
        self._modes: Any = None

    def __enter__(self) -> None:
        torch = sys.modules.get("torch")
        inner = getattr(torch, "_C", None)
        guard = getattr(inner, "DisableTorchFunction", None)
        if guard is None:
            return
        count = getattr(inner, "_len_torch_dispatch_stack", None)
        if count is not None and count():
            dispatching: Any = sys.modules.get("torch.utils._python_dispatch")
            modes: Optional[Any] = getattr(dispatching, "_disable_current_modes", None)
            if modes is not None:
                self._modes = modes()
                self._modes.__enter__()
        self._functions = guard()
        self._functions.__enter__()

    def __exit__(self, *exception: object) -> None:
        for guard in (self._functions, self._modes):
            if guard is not None:
                guard.__exit__(None, None, None)
