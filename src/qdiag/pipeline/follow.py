"""Judging beside a training that is still recorded: what is known so far is there at any time, as plain numbers.

A process of its own does it, so that the training keeps its speed; it ends with whoever started it, and judges what is there by then.
"""

from __future__ import annotations

import json
import select
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

from qdiag.judging.replay.located import Located
from qdiag.model.comparison import Verdict
from qdiag.pipeline.run import Run
from qdiag.pipeline.run_options import JudgedRun, Options, Voice
from qdiag.trace.run_folder import RunFolder

INTERVAL = 0.5
"""Seconds between looks at a recording where there was nothing more to judge."""

TELLING = 0.1
"""The part of its time that may go into telling what is known so far: of very many calls that takes a while."""

_LEVELS = (Verdict.AGREE, Verdict.REMARK, Verdict.ROUNDING, Verdict.INCONCLUSIVE, Verdict.ERROR)
"""Verdicts as a number that a chart can show: 0 is agreement, 4 an error."""

Scalars = dict[str, float]


def scalars_of(located: Located) -> Scalars:
    """What a replay came to so far, as numbers that any logger takes.

    Returns
    -------
    dict
        ``qdiag/verdict`` (0 agree · 1 remark · 2 rounding · 3 inconclusive · 4 error), ``qdiag/calls``, ``qdiag/replayed``,
        ``qdiag/errors``, and for each method ``qdiag/gap/METHOD``: the largest gap to the script's own so far, relative to the
        largest number compared, and ``qdiag/ulps/METHOD``, the same in units of the working precision.
    """
    found: Scalars = {
        "qdiag/verdict": float(_LEVELS.index(located.verdict)) if located.verdict in _LEVELS else 3.0,
        "qdiag/calls": float(located.recorded),
        "qdiag/replayed": float(located.replayed),
        "qdiag/errors": float(sum(1 for one in located.divergences if one.verdict is Verdict.ERROR)),
    }
    for _, comparison in located.comparisons:
        other = str(comparison.methods[1].bare)
        for name, size in (("gap", comparison.max_rel), ("ulps", comparison.ulps)):
            key = f"qdiag/{name}/{other}"
            found[key] = max(found.get(key, 0.0), float(size))
    return found


def follow(run: RunFolder, options: Options, voice: Voice, *, there: Callable[[], bool]) -> JudgedRun:
    """Judge a recording as it grows, and all of it once it is complete or nobody is there any more to go on with it.

    Parameters
    ----------
    run, options, voice
        As in `pipeline.run.examine`.
    there
        Whether whoever records is still there.
    """
    with Run(run, options, voice) as examination:
        told, due = -1, 0.0
        while there() and not examination.complete:
            more = examination.advance()
            began = time.monotonic()
            known = examination.known_so_far() if began >= due else None
            if known is not None and known.replayed != told:
                told = known.replayed
                write_scalars(run.scalars, scalars_of(known))
                due = time.monotonic() + (time.monotonic() - began) / TELLING
            if not more:
                time.sleep(INTERVAL)
        judged = examination.finish()
        known = examination.known_so_far()
        if known is not None:
            worst = _LEVELS.index(judged.result.verdict) if judged.result.verdict in _LEVELS else 3
            write_scalars(run.scalars, {**scalars_of(known), "qdiag/verdict": float(worst)})
        return judged


def write_scalars(path: Path, numbers: Scalars) -> None:
    """Put the numbers where a reader finds them, whole or not at all."""
    unfinished = path.with_suffix(".part")
    unfinished.write_text(json.dumps(numbers), encoding="utf-8")
    unfinished.replace(path)


def read_scalars(path: Path) -> Scalars:
    """The numbers that were put there last; none where nothing was judged yet."""
    try:
        numbers = json.loads(path.read_text(encoding="utf-8"))
        return {str(name): float(number) for name, number in numbers.items()}
    except (OSError, ValueError, TypeError, AttributeError, OverflowError, RecursionError):
        return {}


def is_held(stream: IO[bytes]) -> bool:
    """Whether the other end of a pipe, on which nothing is ever said, is still held: it is let go of however its process ended."""
    ready, _, _ = select.select([stream], [], [], 0)
    return not ready
