"""Findings of a judged run proven anew: those that are chosen, and nothing else of the run is touched.

The run is judged again, from what was evaluated before; of the new report the chosen chapters alone take the places of their old ones.
Until all is known everything lies in a folder of its own.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Optional

from qdiag.errors import TraceError, UsageError
from qdiag.pipeline.reports import judged_outline, outline_of, write_reports
from qdiag.pipeline.run import examine
from qdiag.pipeline.run_options import Choice, Identity, Options, Voice
from qdiag.report.content.figures import count
from qdiag.report.outline import Document
from qdiag.trace.run_folder import RunFolder


@dataclass(frozen=True)
class Shrunk:
    """The report with the findings proven anew, whether there was any, and whether Ctrl-C cut the work short."""

    outline: Document
    any: bool
    interrupted: bool = False


def shrink_findings(run: RunFolder, number: Optional[int], call: Optional[int], options: Options, voice: Voice) -> Shrunk:
    """Prove findings of a judged run anew.

    Parameters
    ----------
    run
        The run.
    number, call
        The finding with this number in the report; those at this call; all, where neither is given.
    options, voice
        As in `pipeline.run.examine`; what they choose is set here.

    Raises
    ------
    TraceError
        If the run is not judged yet, or is not judged as it was.
    UsageError
        If there is no such finding.
    """
    before = judged_outline(run)
    chosen = choose_findings(before.record.get("findings", []), number, call)
    if not chosen:
        return Shrunk(before, False)
    only = Choice(tuple((_identity(before, at), _name(run, before, at)) for at in chosen))
    judged = examine(run, replace(options, only=only), voice)
    if judged.partial:
        return Shrunk(before, True, interrupted=True)
    after = outline_of(judged)
    merged = before
    for at in chosen:
        merged = merged.with_finding(at, after, _place_in(after, _identity(before, at), run))
    run.publish(whole=False)
    write_reports(merged, run)
    return Shrunk(merged, True, judged.interrupted)


def choose_findings(findings: Sequence[dict[str, Any]], number: Optional[int], call: Optional[int]) -> tuple[int, ...]:
    """The places of the findings that are asked for, from 0; of all that have a circuit where none is asked for."""
    if number is not None and number > len(findings):
        raise UsageError(f"the run has {count(len(findings), 'finding')}, not {number}", "choose another with --finding")
    asked = range(len(findings)) if number is None else (number - 1,)
    places = [at for at in asked if call is None or call in (findings[at].get("call"), *(findings[at].get("calls") or ()))]
    if call is not None and not places:
        raise UsageError(f"no such finding is seen at call {call}", "qdiag report lists the findings and their calls")
    shown = tuple(at for at in places if is_of_methods(findings[at]))
    if (number is not None or call is not None) and not shown:
        raise UsageError(f"finding {places[0] + 1} is about the training: it has no circuit to shrink", "choose another with --finding")
    return shown


def is_of_methods(finding: dict[str, Any]) -> bool:
    """Whether a finding compares methods at a circuit: what is remarked of a training compares nothing."""
    return len(finding.get("methods") or ()) == 2


def _identity(document: Document, at: int) -> Identity:
    """What a finding is known by when the run is judged again."""
    finding = document.record["findings"][at]
    return int(finding["call"]), str(finding["where"]), str(finding["element"]), tuple(map(str, finding["methods"]))


def _name(run: RunFolder, document: Document, at: int) -> str:
    """The file of a finding's script: the one that it has, or the next of its kind."""
    findings = document.record["findings"]
    reproducer = findings[at].get("reproducer")
    if reproducer:
        return str(reproducer["path"]).replace("\\", "/").rpartition("/")[2]
    return run.reproducer(sum(1 for finding in findings[:at] if is_of_methods(finding))).name


def _place_in(after: Document, identity: Identity, run: RunFolder) -> int:
    places = [at for at, finding in enumerate(after.record["findings"]) if is_of_methods(finding) and _identity(after, at) == identity]
    if not places:
        raise TraceError(
            f"judged again, the run has no such finding at call {identity[0]} any more",
            f"judge all of it anew with: qdiag diagnose {shlex.quote(str(run.path))}",
        )
    return places[0]
