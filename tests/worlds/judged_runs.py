"""Judged runs without judging: what a command gets from the pipeline, for each verdict and each end of the script."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Optional

from qdiag.model.comparison import Verdict
from qdiag.pipeline.run_options import JudgedRun
from qdiag.trace.run_folder import RunFolder
from tests.worlds.results import CASES, ENVIRONMENT


def judged_run(
    folder: Path, case: str = "healthy", *, verdict: Optional[Verdict] = None, script_exit: Optional[int] = 0, interrupted: bool = False
) -> JudgedRun:
    """The run of one of the hand-made results, in a folder that is there.

    Parameters
    ----------
    folder
        Where its reports go.
    case
        Which of `CASES`.
    verdict
        What it is said to have come to, by default what the case came to.
    script_exit
        How the script ended.
    interrupted
        Whether Ctrl-C cut the judging short.
    """
    made = CASES[case]()
    result = made.result if verdict is None else replace(made.result, verdict=verdict)
    folder.mkdir(parents=True, exist_ok=True)
    return JudgedRun(result, RunFolder(folder), replace(made.script, exit_code=script_exit), ENVIRONMENT, interrupted)
