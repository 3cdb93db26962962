"""What findings.json holds, as plain values: the machine-readable record of a run, schema 1. Fields may be added, never renamed."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any, Optional

from qdiag._version import __version__
from qdiag.model.call import Environment, Failure, Script
from qdiag.model.comparison import Comparison, Verdict
from qdiag.model.coverage import Coverage
from qdiag.model.findings import Diagnosis, Finding, Minimal, Reproducer
from qdiag.model.remarks import Remark
from qdiag.model.result import Cost, Entry, Result
from qdiag.model.unanswered import Unanswered
from qdiag.report.content import known_faults, sentences
from qdiag.report.content.asked_record import asked_record
from qdiag.report.content.elements import element_name
from qdiag.report.content.figures import number_field, word, words
from qdiag.report.content.method_names import full

SCHEMA = 1


def record(result: Result, script: Script, environment: Environment) -> dict[str, Any]:
    """The content of findings.json as plain values.

    Parameters
    ----------
    result, script, environment
        What was found, how the script ran, and on what.
    """
    return {
        "schema": SCHEMA,
        "qdiag": __version__,
        "environment": _environment(environment),
        "script": _script(script),
        "calls": result.calls,
        "unrecorded": result.unrecorded,
        "coverage": _coverage(result.coverage),
        "steps": result.steps,
        "replayed": result.replay.replayed,
        "qnodes": [
            {"name": name, "source": source, "objects": objects} for (name, source), objects in Counter(result.qnodes).items()
        ],
        "methods": [full(method) for method in result.replay.methods],
        "asked": asked_record(result.asked),
        "sampled": {full(method): count for method, count in result.replay.sampled},
        "rows": {full(method): {"seen": seen, "of": size} for method, seen, size in result.replay.rows},
        "parameters": {full(method): {"seen": seen, "of": numbers} for method, seen, numbers in result.replay.parameters},
        "refused": {full(method): words(failure) for method, failure in result.replay.refused},
        "unanswered": [_unanswered(one) for one in result.replay.unanswered],
        "unfaithful": [one.call for one in result.replay.unfaithful],
        "notes": [*result.coverage.texts, *result.notes],
        "costs": [_cost(one) for one in result.replay.costs],
        "verdict": result.verdict.value,
        "undecided": result.undecided or result.verdict is Verdict.INCONCLUSIVE,
        "findings": [_entry(entry, environment) for entry in result.entries],
    }


def _coverage(coverage: Coverage) -> dict[str, Any]:
    """What the verdict is about, and each thing that was not seen: in which way, in a sentence, and of how many calls."""
    return {
        "recorded": coverage.recorded,
        "compared": coverage.compared,
        "complete": not coverage.unseen,
        "unseen": [{"gap": one.gap.value, "text": one.text, "calls": one.calls, "of": one.of} for one in coverage.unseen],
    }


def _unanswered(one: Unanswered) -> dict[str, Any]:
    """What a method gave nothing at: ``refused`` lists those alone that PennyLane refuses wherever they were asked."""
    return {
        "method": full(one.method),
        "reason": one.reason.value,
        "calls": list(one.calls),
        "asked": one.asked,
        "words": words(one.failure),
    }


def _cost(one: Cost) -> dict[str, Any]:
    """What a method took in all, and what one gradient takes: seconds, as a multiple of the script's own method, bytes."""
    usual = {"usual_seconds": one.usual, "times_own": one.times, "memory_bytes": one.memory}
    known = {name: number for name, number in usual.items() if number}
    return {"method": full(one.method), "calls": one.calls, **number_field("seconds", one.seconds), **known}


def _value(number: Optional[complex]) -> Any:
    """A result: a number, [real, imaginary], or the word for what is none."""
    if number is None:
        return None
    number = complex(number)
    if number.imag != 0:
        return [_value(number.real), _value(number.imag)]
    return number.real if math.isfinite(number.real) else word(number.real)


def _environment(environment: Environment) -> dict[str, Any]:
    named = {name: environment.version(name) or None for name in ("pennylane", "torch", "numpy")}
    others = {name: version for name, version in environment.packages if name not in named}
    settings = dict(environment.settings)
    return {
        "python": environment.python,
        **named,
        "devices": list(environment.devices),
        "platform": environment.platform,
        "packages": others,
        "settings": settings,
    }


def _script(script: Script) -> dict[str, Any]:
    return {
        "path": script.path,
        "argv": list(script.argv),
        "module": script.module,
        "exit_code": script.exit_code,
        "failure": _failure(script.failure),
    }


def _failure(failure: Optional[Failure]) -> Optional[dict[str, Any]]:
    if failure is None:
        return None
    return {"type": failure.type, "message": failure.message, "stage": failure.stage, "frames": list(failure.frames)}


def _entry(entry: Entry, environment: Environment) -> dict[str, Any]:
    return _remark(entry) if isinstance(entry, Remark) else _finding(entry, environment)


def _remark(remark: Remark) -> dict[str, Any]:
    """A remark, under the keys of a finding: no numbers of methods are compared, so there are none."""
    call = remark.call
    unmeasured = ("max_abs", "max_rel", "ulps", "tolerance_needed", "rounding_bound", "worst", "failure", "minimal", "reproducer")
    return {
        "verdict": remark.verdict.value,
        "call": None if call is None else call.index,
        "step": remark.step,
        "qnode": "" if call is None else call.configuration.qnode,
        "qnodes": list(remark.qnodes),
        "source": "" if call is None else str(call.source),
        "places": [str(place) for place in remark.places],
        "where": remark.where.value,
        "methods": [] if call is None else [full(call.method)],
        "wrong": [],
        "judged": sentences.of_remark(remark),
        "raised": {},
        **dict.fromkeys(unmeasured),
        "element": "",
        "values": [],
        "detail": "",
        "calls": list(remark.calls),
        "warnings": list(remark.warnings),
        "cause": _cause(remark.diagnosis),
        "unreproduced": "",
        "known_issues": [],
        "known": [],
    }


def _finding(finding: Finding, environment: Environment) -> dict[str, Any]:
    divergence = finding.divergence
    call, comparison = divergence.call, divergence.comparison
    known = known_faults.matching(finding, environment)
    return {
        "verdict": divergence.verdict.value,
        "call": call.index,
        "step": call.step,
        "qnode": call.configuration.qnode,
        "qnodes": list(finding.qnodes),
        "source": str(call.source),
        "where": divergence.signature.value,
        "methods": [full(method) for method in comparison.methods],
        "wrong": [full(method) for method in divergence.wrong],
        "judged": sentences.judged_words(divergence.judged),
        "raised": {full(method): words(failure) for method, failure in divergence.raised},
        **_sizes(comparison),
        "element": "" if comparison.element is None else str(comparison.element),
        "named": "" if comparison.element is None else element_name(comparison.element, call),
        "values": [_value(number) for number in comparison.values],
        "detail": comparison.detail,
        "calls": list(finding.calls),
        "worst_call": divergence.worst_call,
        "worst": None if divergence.worst is None else _sizes(divergence.worst),
        "failure": _failure(call.failure),
        "cause": _cause(finding.diagnosis),
        "promise": finding.promise.value if finding.promise else None,
        "minimal": _minimal(finding.minimal),
        "reproducer": _reproducer(finding.reproducer),
        "unreproduced": finding.unreproduced,
        "known_issues": [fault.issue for fault in known if fault.issue],
        "known": [{"title": fault.title, "reference": fault.reference} for fault in known],
    }


def _sizes(comparison: Comparison) -> dict[str, Any]:
    return {
        **number_field("max_abs", comparison.max_abs),
        **number_field("max_rel", comparison.max_rel),
        **number_field("ulps", comparison.ulps),
        **number_field("tolerance_needed", comparison.tolerance_needed),
        **number_field("rounding_bound", comparison.bound),
    }


def _cause(diagnosis: Diagnosis) -> dict[str, Any]:
    return {
        "code": diagnosis.code,
        "slug": diagnosis.slug,
        "title": diagnosis.title,
        "confidence": diagnosis.confidence.value,
        "because": diagnosis.because,
        "blamed": diagnosis.blamed,
        "evidence": [
            {
                "experiment": evidence.experiment,
                **number_field("before", evidence.before),
                **number_field("after", evidence.after),
                "predicts": evidence.predicts.value,
                "holds": evidence.holds,
                "detail": evidence.detail,
            }
            for evidence in diagnosis.evidence
        ],
        "ruled_out": list(diagnosis.ruled_out),
        "remedy": diagnosis.remedy,
    }


def _minimal(minimal: Optional[Minimal]) -> Optional[dict[str, Any]]:
    if minimal is None:
        return None
    return {
        "operations": minimal.operations,
        "wires": minimal.wires,
        "parameters": minimal.parameters,
        "measurements": minimal.measurements,
        "oracle_calls": minimal.oracle_calls,
        "one_minimal": minimal.one_minimal,
        "notes": list(minimal.notes),
        **number_field("seconds", minimal.seconds),
    }


def _reproducer(reproducer: Optional[Reproducer]) -> Optional[dict[str, Any]]:
    if reproducer is None:
        return None
    return {
        "path": reproducer.path,
        "lines": reproducer.lines,
        "verified": reproducer.verified,
        "exit_code": reproducer.exit_code,
    }
