"""The recorder, made when the first call needs it: what records loads most of qdiag, which nothing before that call is to pay for."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from qdiag.recording import collector, current

_making = threading.Lock()
"""What JAX calls comes from threads of its own, several at once."""


def ensure_recorder() -> Any:
    """The recorder, made at the first need: PennyLane is complete by then, and so is what the script imports.

    None where nothing is to be recorded.
    """
    if current.recorder is None and current.wanted.trace:
        with _making:
            _make_recorder()
    return current.recorder


def _make_recorder() -> None:
    wanted = current.wanted
    if current.recorder is None and wanted.trace:
        with collector.pause_collector():
            from qdiag.recording.recorder import Recorder

            current.recorder = Recorder(Path(wanted.trace), wanted.folder, wanted.met, wanted.takes, wanted.home)
            while current.early:
                current.recorder.warned_backward(current.early.pop(0))


current.make = ensure_recorder
