"""A secret in every text that comes from the user's machine: none of them leaves in any format."""

from __future__ import annotations

import re
import zipfile
from dataclasses import replace
from pathlib import Path

from qdiag.model.call import Failure
from qdiag.model.comparison import Signature
from qdiag.model.method import Method
from qdiag.model.unanswered import Reason, Unanswered
from qdiag.report.content import outline_file
from qdiag.report.formats import bundle, findings_json, github, html, markdown
from qdiag.report.outline import Document, NextStep
from tests.unit.report.redacting.test_patterns import PATTERNS
from tests.unit.report.redacting.test_redaction import ARGUMENTS, KNOWN, SECRETS
from tests.worlds.reports import printed
from tests.worlds.results import CASES, ENVIRONMENT, Case


def planted() -> Case:
    """A result with a secret in every text that comes from the user's machine."""
    texts = [text for text, _ in (*KNOWN, *PATTERNS)]
    everything = "\n".join(texts)
    case = CASES["moons"]()
    finding = case.result.findings[0]
    divergence = finding.divergence
    assert finding.reproducer is not None
    call = replace(
        divergence.call,
        source=replace(divergence.call.source, path="/home/alice/moons/train.py"),
        configuration=replace(divergence.call.configuration, qnode="/home/bob/x.py:f"),
        failure=Failure("ValueError", everything, tuple(texts)),
        arguments=tuple(replace(a, name=text) for a, text in zip(divergence.call.arguments, texts)),
    )
    raised = tuple((Method(text, text), Failure(text, text)) for text in texts)
    unanswered = tuple(Unanswered(method, reason, failure, (0,), 1) for method, failure in raised for reason in Reason)
    bad = replace(
        finding,
        divergence=replace(divergence, call=call, judged=everything, raised=raised),
        diagnosis=replace(
            finding.diagnosis,
            because=everything,
            blamed=everything,
            evidence=tuple(replace(e, experiment=everything) for e in finding.diagnosis.evidence),
        ),
        reproducer=replace(finding.reproducer, source=everything, output=everything, path="/home/alice/moons/repro.py"),
    )
    raising = replace(bad.divergence.comparison, where=Signature.RAISE)
    result = replace(
        case.result,
        findings=(bad, replace(bad, divergence=replace(bad.divergence, comparison=raising))),
        qnodes=tuple((text, text) for text in texts),
        replay=replace(case.result.replay, unanswered=unanswered),
        notes=tuple(texts),
    )
    script = replace(
        case.script, path="/home/alice/moons/train.py", argv=(*ARGUMENTS, *texts), failure=Failure("E", everything, tuple(texts))
    )
    step = NextStep(tuple(texts), script.argv, everything)
    return replace(case, result=result, script=script, files=tuple(texts), next_step=step)


def all_formats(document: Document, folder: Path) -> dict[str, str]:
    archive = folder / "bundle.zip"
    bundle.write(archive, bundle.contents(document))
    with zipfile.ZipFile(archive) as opened:
        inside = {f"bundle: {name}": opened.read(name).decode() for name in opened.namelist()}
    return {
        "terminal": printed(document, 4000, verbose=True),
        "json": findings_json.render(document),
        "markdown": markdown.render(document),
        "github": github.render(document, (1, 2)),
        "address": str(github.address(github.issue(document)).text),
        "html": html.render(document),
        "stored": outline_file.save(document),
        **inside,
    }


def test_no_planted_secret_leaves_in_any_format_or_bundle(tmp_path: Path) -> None:
    formats = all_formats(planted().document(SECRETS), tmp_path)
    secrets = {secret for _, secret in (*KNOWN, *PATTERNS)}
    assert len(KNOWN) + len(PATTERNS) >= 50
    leaks = [
        (name, secret)
        for name, text in formats.items()
        for secret in secrets
        if re.search(rf"(?<![A-Za-z]){re.escape(secret)}(?![A-Za-z])", text)
    ]
    assert leaks == []
    assert ENVIRONMENT.python in formats["markdown"]
