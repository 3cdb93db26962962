"""The runs below a folder: what each came to, how large it is, when it was judged; and which of them may go."""

from __future__ import annotations

import json
import re
import shutil
import stat
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from qdiag.errors import OutputError, TraceError
from qdiag.trace.reader import Trace
from qdiag.trace.run_folder import RUNS, TRACE

FILES = (
    ("trace.qdiag", "the recording: every QNode call, in order, with your numbers"),
    ("evaluations.qdiag", "what replaying worked out, so that judging again takes up from there; may be deleted"),
    ("findings.json", "the result for programs, schema 1"),
    ("report.md", "the report for people, as Markdown"),
    ("report.html", "the report as one page that needs no network"),
    ("report.qdiag", "what qdiag report makes every format from, without judging again"),
    ("repro.py", "the script that shows the first finding that has one; repro-2.py the second, and so on"),
    ("repro.minimal", "its smallest circuit, from which minimize and report --synthetic go on"),
    ("repro-synthetic.py", "the same on made-up numbers, by report --synthetic"),
    ("bisect.json", "which releases show the first finding, by qdiag bisect; bisect-2.json of the second"),
    ("stacks.json", "what another stack gives of the calls, by --compare-with"),
    ("changed.py", "a script of the first call that another stack evaluates otherwise, by --compare-with"),
    ("scalars.json", "what is known while a training is watched"),
)
"""What the files of a run's folder are."""

NOT_JUDGED = "not judged"


@dataclass(frozen=True)
class Listed:
    """A run: its folder, the verdict's word, how many calls it recorded, its bytes, and when it last changed, in seconds."""

    path: Path
    verdict: str
    calls: int
    size: int
    changed: float

    @property
    def script(self) -> str:
        """The name that runs of the same script share."""
        return re.sub(r"-\d+$", "", self.path.name)


def list_runs(parent: Path = Path(RUNS)) -> tuple[Listed, ...]:
    """The runs in a folder, the newest first."""
    found = [_listed(trace.parent) for trace in parent.glob(f"*/{TRACE}") if not trace.parent.is_symlink()]
    return tuple(sorted(found, key=lambda run: -run.changed))


def older_than_newest(runs: Iterable[Listed], keep: int) -> tuple[Listed, ...]:
    """The runs that are not among the newest so many of their script; ``runs`` come with the newest first."""
    seen: dict[str, int] = {}
    old = []
    for run in runs:
        seen[run.script] = seen.get(run.script, 0) + 1
        if seen[run.script] > keep:
            old.append(run)
    return tuple(old)


def delete(runs: Sequence[Listed]) -> None:
    """Delete the folders of runs.

    Raises
    ------
    OutputError
        If one cannot be deleted.
    """
    for run in runs:
        try:
            shutil.rmtree(run.path)
        except OSError as error:
            raise OutputError(f"cannot delete {run.path}: {error.strerror}", "delete it by hand") from None


def _listed(folder: Path) -> Listed:
    facts = []
    for path in folder.rglob("*"):
        with suppress(OSError):  # a run that goes on makes files and takes them away
            found = path.lstat()
            facts += [found] if stat.S_ISREG(found.st_mode) else []
    changed = max((found.st_mtime for found in facts), default=0.0)
    return Listed(folder, _verdict(folder), _calls(folder), sum(found.st_size for found in facts), changed)


def _verdict(folder: Path) -> str:
    """The verdict's word in a run's findings.json: one of few, whatever stands there."""
    try:
        told = json.loads((folder / "findings.json").read_text(encoding="utf-8"))
        verdict = told.get("verdict") if isinstance(told, dict) else None
    except (OSError, ValueError, RecursionError):
        verdict = None
    return verdict if verdict in ("agree", "remark", "rounding", "error", "inconclusive") else NOT_JUDGED


def _calls(folder: Path) -> int:
    try:
        with Trace.open(folder / TRACE) as trace:
            return len(trace)
    except TraceError:
        return 0
