"""The recorder, made when the first call needs it: what records loads most of qdiag, which nothing before that call is to pay for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qdiag.recording import collector, current


def ensure_recorder() -> Any:
    """The recorder, made at the first need: PennyLane is complete by then, and so is what the script imports.

    None where nothing is to be recorded.
    """
    wanted = current.wanted
    if current.recorder is None and wanted.trace:
        with collector.pause_collector():
            from qdiag.recording.recorder import Recorder

            current.recorder = Recorder(Path(wanted.trace), wanted.folder, wanted.met, wanted.takes, wanted.home)
    return current.recorder
