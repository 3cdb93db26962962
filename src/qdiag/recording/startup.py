"""Recording by environment: with ``QDIAG_TRACE=DIR`` every Python process that uses PennyLane records itself into a folder below DIR.

For what starts Python by itself: torchrun, hydra, batch systems, a notebook server. A line in site-packages loads this module where
the variable is set; nothing else happens until the process imports PennyLane or torch, and without PennyLane nothing ever does.
"""

from __future__ import annotations

import os
import sys

from qdiag.recording import imports

TYPE_CHECKING = False  # as in `frames`
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any, Optional

VARIABLE = "QDIAG_TRACE"


class _Watch(imports.Watch):
    """Makes the trace when PennyLane is there, and completes it when the process ends."""

    def __init__(self, folder: str) -> None:
        super().__init__("", "", False, os.getpid())
        self._folder = folder
        self._waiting: list[ModuleType] = []

    def hook(self, module: ModuleType) -> None:
        """Put the hooks in; of a process that never imports PennyLane there is no trace."""
        self._waiting.append(module)
        if module.__name__ == "pennylane":
            self._begin()
        if self.trace:
            from qdiag.recording import hook_points

            for waiting in self._waiting:
                hook_points.install(waiting, self.trace, self.target, self.module, self.home)
            self._waiting.clear()

    def _begin(self) -> None:
        import atexit
        from pathlib import Path

        from qdiag.model.call import Script
        from qdiag.recording import probe_schedule
        from qdiag.trace import run_folder, writer

        self.target, arguments, self.module = _command_line()
        rank = os.environ.get("RANK", "")
        name = self.target if self.module else Path(self.target).stem
        run = run_folder.create_below(Path(os.path.abspath(self._folder)), f"{name}-rank{rank}" if rank.isdigit() else name)
        script = Script(self.target, arguments, self.module)
        writer.create(run.trace, script, **{probe_schedule.WANTED: "yes"})
        self.trace = str(run.trace)
        # registered before the recorder's own, which therefore comes first
        atexit.register(_complete, run.trace, script, os.getpid())


def _command_line() -> tuple[str, tuple[str, ...], bool]:
    """What runs, with its arguments, and whether it is a module: as far as an interpreter tells after it has started."""
    main: Any = sys.modules.get("__main__")
    spec = getattr(main, "__spec__", None)
    arguments = tuple(getattr(sys, "argv", [""])[1:])
    if spec is not None:
        name = spec.name
        return name[: -len(".__main__")] if name.endswith(".__main__") else name, arguments, True
    return getattr(main, "__file__", None) or "session", arguments, False


def _complete(path: Any, script: Any, home: int) -> None:
    """The process ends: its exception is known to the interpreter, its exit code to nobody."""
    if os.getpid() != home:
        return
    from dataclasses import replace

    from qdiag.recording import hook_points, settle, words_left

    error: Optional[BaseException] = getattr(sys, "last_value", None)
    if error is not None and not hasattr(sys, "ps1"):
        hook_points.script_failed(error)
    try:
        settle.settle(path, replace(script, exit_code=1 if error is not None else None))
    except Exception as trouble:
        words_left.mark_stopped(path, str(trouble))


def begin() -> None:
    """Wait for PennyLane, unless this is a process of qdiag's own."""
    folder = os.environ.get(VARIABLE, "")
    if folder:
        _Watch(folder).begin()


def leave() -> None:
    """What starts from here on is qdiag's own work: neither this process nor its children record themselves."""
    os.environ.pop(VARIABLE, None)
    for finder in list(sys.meta_path):
        if isinstance(finder, _Watch):
            finder.end()


begin()
