"""A secret in every text that comes from the user's machine: none of them leaves in any format."""

from __future__ import annotations

import json
import re
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

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

SECRET_TEXTS = [text for text, _ in (*KNOWN, *PATTERNS)]


def planted(texts: list[str] = SECRET_TEXTS) -> Case:
    """A result with a secret, or something else, in every text that comes from the user's machine."""
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


# --- what would be obeyed, or not be seen ----------------------------------------------------------------------------------

HIDDEN = [
    *["\x1b[31m", "\x1b]0;title\x07", "\x9b31m", "\r", "\x00", "\x08", "\u202e", "\u2066", "\u200b", "\u200d"],
    *["\ufeff", "\u2028", "\ud800", "\U000e0041"],
]
ODD = [f"a{hidden}b and {hidden}c" for hidden in HIDDEN]
NEVER = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff\U000e0000-\U000e007f]"
)


def hidden_in(formats: dict[str, str]) -> list[tuple[str, str]]:
    return [(name, found[0]) for name, text in formats.items() for found in NEVER.finditer(text)]


def test_what_a_terminal_would_obey_and_what_nobody_would_see_are_escapes_in_every_format(tmp_path: Path) -> None:
    formats = all_formats(planted(ODD).document(SECRETS), tmp_path)
    assert hidden_in(formats) == []
    assert {name for name, text in formats.items() if "x1b" in text} >= {"terminal", "json", "markdown", "github", "html", "stored"}


def test_so_they_are_where_the_stored_report_is_a_strangers(tmp_path: Path) -> None:
    def worsened(tree: Any) -> Any:
        if isinstance(tree, dict):
            return {key: worsened(part) for key, part in tree.items()}
        if isinstance(tree, list):
            return [worsened(part) for part in tree]
        return f"{tree}{''.join(HIDDEN)}" if isinstance(tree, str) and tree not in ("nan", "1", "2") else tree

    stored = json.loads(outline_file.save(CASES["shifted"]().document()))
    document = outline_file.load(json.dumps({"format": stored["format"], "document": worsened(stored["document"])}))
    assert hidden_in(all_formats(document, tmp_path)) == []


def test_code_with_hidden_characters_means_what_it_meant() -> None:
    source = "x = 'a\x1b[31mb\u202e'  # see\u200b\n\x0cy = x\x0c+ x\n"
    given: dict[str, Any] = {}
    cleaned: dict[str, Any] = {}
    exec(source, given)
    exec(SECRETS.code(source), cleaned)
    assert cleaned["y"] == given["y"]
    assert NEVER.search(SECRETS.code(source)) is None


def test_a_secret_behind_an_escape_sequence_is_found() -> None:
    assert SECRETS.clean_text("\x1b[31m/home/bob/x\x1b[0m and \x1b[1malice") == "\\x1b[31m<path>\\x1b[0m and \\x1b[1m<user>"
