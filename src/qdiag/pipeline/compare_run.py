"""A run held against another stack, from the name of a release to the script that shows what changed."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from packaging.version import InvalidVersion, Version

from qdiag.evaluation.executor import open_evaluator
from qdiag.model.two_stacks import StackComparison, TwoStacks
from qdiag.pipeline.bisect import World
from qdiag.pipeline.compare_stacks import Other, compare_stacks, layer_of, open_other
from qdiag.pipeline.run_options import Options, Voice
from qdiag.pipeline.stage_changed_script import changed_script
from qdiag.trace.reader import Trace
from qdiag.trace.run_folder import RunFolder


@dataclass(frozen=True, eq=False)
class ComparedRun:
    """A run held against another stack: what both say, and the circuit that `RunFolder.changed` shows, where there is such a script."""

    found: StackComparison
    scripted: Optional[TwoStacks]


def compare_run(run: RunFolder, other: Other, options: Options, cache: Path, voice: Voice) -> ComparedRun:
    """Hold a run against another stack.

    Parameters
    ----------
    run
        The run.
    other
        The other stack.
    options
        Which calls are replayed, by how many workers, for how long.
    cache
        Where environments are kept.
    voice
        Told how far it is.

    Raises
    ------
    UsageError
        If the other stack cannot be had here.
    """
    plan, world = options.plan, World()
    with Trace.open(run.trace) as trace:
        with voice.progress(f"getting {other}"):
            layer = layer_of(other, release_in(trace), cache, voice, world)
        workers = open_evaluator(options.cluster, options.jobs, options.limit, forked=options.own_process, tell=voice.say)
        with workers as evaluator, open_other(layer, options.limit) as asking:
            found = compare_stacks(trace, evaluator, asking, plan, voice)
            pythons = (layer.python, sys.executable)
            with voice.progress("writing a script of what changed"):
                scripted = changed_script(found, pythons, run.changed, evaluator, world.run_on, trusted=plan.trusted)
    return ComparedRun(found, scripted)


def release_in(trace: Trace) -> str:
    """The release of PennyLane of a run, without what a builder added to its number."""
    try:
        return Version(trace.environment.version("pennylane")).public
    except InvalidVersion:
        return ""
