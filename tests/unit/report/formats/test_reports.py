"""Reports: what a reader is told, what fits where it must fit, and what never leaves."""

from __future__ import annotations

import contextlib
import io
import json
import math
import re
import subprocess
import sys
import zipfile
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote_plus

import numpy as np
import pytest
from click.testing import CliRunner
from rich.console import Console

from qdiag.cli import main
from qdiag.cli.report import command as report_command
from qdiag.errors import TraceError, UsageError
from qdiag.model.call import Failure, Script
from qdiag.model.comparison import Signature, Verdict
from qdiag.model.findings import ReplaySummary
from qdiag.model.method import Method
from qdiag.model.probe import Probe
from qdiag.report.content import figures, outline_file
from qdiag.report.content.document import document as outline
from qdiag.report.content.drawing import MOST_OPERATIONS, drawing
from qdiag.report.content.drawing import text as drawing_text
from qdiag.report.content.method_names import Names
from qdiag.report.content.outline import Code, Document
from qdiag.report.content.sentences import of_finding, of_result
from qdiag.report.formats import bundle, findings_json, github, html, markdown, terminal
from qdiag.trace.run_folder import RunFolder
from tests.unit.report.redacting.test_patterns import PATTERNS
from tests.unit.report.redacting.test_redaction import ARGUMENTS, KNOWN, SECRETS
from tests.worlds.methods import methods
from tests.worlds.results import CASES, ENVIRONMENT, Case
from tests.worlds.small_circuits import circuit, controlled, expval, gate, probs


def printed(document: Document, width: int = 80, encoding: str = "utf-8", *, verbose: bool = False) -> str:
    buffer = io.BytesIO()
    stream = io.TextIOWrapper(buffer, encoding=encoding)
    terminal.render(document, Console(file=stream, width=width, force_terminal=False), verbose=verbose)
    stream.flush()
    return buffer.getvalue().decode(encoding)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (methods("default.qubit/adjoint"), "adjoint is wrong at call 0: shape (3, 4) against (6, 4) (adjoint against backprop)."),
        ((), "adjoint and backprop differ in shape at call 0: shape (3, 4) against (6, 4)."),
    ],
)
def test_another_shape_is_somebodys_fault_where_that_is_known(wrong: tuple[Method, ...], said: str) -> None:
    result = CASES["shifted"]().result
    finding = result.findings[0]
    comparison = replace(finding.divergence.comparison, where=Signature.SHAPE, detail="shape (3, 4) against (6, 4)")
    divergence = replace(finding.divergence, comparison=comparison, wrong=wrong)
    assert of_finding(replace(finding, divergence=divergence), result, Names("default.qubit")) == said


# --- figures -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (6e-8, "6.0e-08"),
        (0.35, "0.35"),
        (0.0012, "0.0012"),
        (12.4, "12"),
        (999.9, "1000"),
        (0.000999, "0.0010"),
        (9.96, "10"),
        (12345, "1.2e+04"),
        (0, "0"),
        (None, "no number"),
        (math.nan, "nan"),
        (-math.inf, "-inf"),
    ],
)
def test_gaps_have_two_digits(number, written) -> None:
    assert figures.gap(number) == written


def test_values_have_eight_digits_or_as_many_as_tell_them_apart() -> None:
    assert figures.values((0.28366217, 0.28366223)) == ("0.28366217", "0.28366223")
    assert figures.values((0.5, 0.5 + 1e-12)) == ("0.5", "0.500000000001")
    assert figures.values((0.25, None)) == ("0.25", "no number")
    assert figures.values((math.nan, 1.0)) == ("nan", "1")
    assert figures.value(1 - 2j) == "1-2i"
    assert figures.value(np.complex128(0.5)) == "0.5"


def test_counts_agree_with_their_nouns() -> None:
    assert [figures.count(n, "call") for n in (0, 1, 2)] == ["0 calls", "1 call", "2 calls"]
    assert figures.listing(["a"]) == "a"
    assert figures.listing(["a", "b", "c"]) == "a, b and c"


def test_durations_are_read_at_a_glance() -> None:
    assert [figures.seconds(s) for s in (0.0042, 0.25, 1.234, 47.9, 200)] == ["4.2 ms", "250 ms", "1.2 s", "48 s", "3 min 20 s"]


# --- drawings ----------------------------------------------------------------------------------------------------------


def test_a_circuit_is_drawn_in_columns() -> None:
    drawn = drawing(
        circuit(gate("Hadamard"), controlled(gate("RY", 0.5, wires=(2,)), 0), gate("CNOT", wires=(1, 2)), measured=(probs(0, 1),))
    )
    assert drawing_text(drawn).splitlines() == [
        "0: ─H─╭●──────────┤ ╭probs",
        "1: ───│────────╭●─┤ ╰probs",
        "2: ───╰RY(0.5)─╰X──────────",
    ]


def test_a_long_circuit_is_folded_and_says_what_it_leaves_out() -> None:
    drawn = drawing(circuit(*(gate("RX", 0.1) for _ in range(MOST_OPERATIONS + 5))))
    written = drawing_text(drawn, width=80)
    assert max(map(len, written.splitlines())) <= 80
    assert "5 further operations left out" in written


def test_adjoints_tensors_and_matrices_have_short_names() -> None:
    matrix = gate("QubitUnitary", np.eye(4), wires=(0, 1))
    drawn = drawing(circuit(matrix, measured=(expval(gate("Hermitian", np.eye(2))),)))
    assert [box.label for box in drawn.boxes] == ["U", "⟨A⟩"]


def test_of_what_trainings_as_a_whole_show_a_screen_leaves_to_their_own_section_why_and_what_to_do() -> None:
    case = CASES["shifted"]()
    finding = case.result.findings[0]
    assert {"because", "remedy"} <= labels(case)
    trained = replace(finding, diagnosis=replace(finding.diagnosis, of_training=True))
    assert not {"because", "remedy"} & labels(replace(case, result=replace(case.result, findings=(trained,))))


def labels(case: Case) -> set[str]:
    return {line.split()[0] for line in printed(case.document(), 100).splitlines() if line.strip()}


# --- the terminal ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("width", [40, 80, 200])
def test_no_line_is_wider_than_the_terminal(name: str, width: int) -> None:
    assert max(map(len, printed(CASES[name]().document(), width).splitlines())) <= width


def test_without_unicode_the_summary_is_plain_ascii() -> None:
    assert printed(CASES["moons"]().document(), encoding="ascii").isascii()


def test_the_sampled_methods_are_starred_and_the_star_is_explained() -> None:
    shown = printed(CASES["moons"]().document())
    assert "parameter-shift*" in shown
    assert "* sampled at 9 of 241 calls" in shown


def test_verbose_shows_every_experiment_and_every_refusal() -> None:
    shown = printed(CASES["moons"]().document(), verbose=True)
    assert "back in float32" in shown
    assert "free wire" in shown


def test_a_script_without_qnode_calls_is_said_to_have_none() -> None:
    case = CASES["healthy"]()
    empty = replace(case, result=replace(case.result, calls=0, replay=ReplaySummary(), qnodes=()))
    assert "no QNode call" in empty.document().sentence


def test_one_is_singular() -> None:
    assert "1 QNode call ·" in CASES["healthy"]().document().recorded


# --- findings.json -----------------------------------------------------------------------------------------------------


def test_findings_are_strict_json_with_a_word_beside_what_is_no_number() -> None:
    case = CASES["shifted"]()
    finding = case.result.findings[0]
    endless = replace(finding.divergence.comparison, max_abs=math.inf, max_rel=math.nan, values=(math.nan, 1 + 2j))
    changed = replace(finding, divergence=replace(finding.divergence, comparison=endless))
    text = findings_json.render(replace(case, result=replace(case.result, findings=(changed,))).document())

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    found = json.loads(text, parse_constant=refuse)["findings"][0]
    assert (found["max_abs"], found["max_abs_word"]) == (None, "inf")
    assert (found["max_rel"], found["max_rel_word"]) == (None, "nan")
    assert found["values"] == ["nan", [1.0, 2.0]]


SCHEMA = {
    "": "schema qdiag environment script calls steps replayed methods verdict findings",
    "environment": "python pennylane torch numpy devices",
    "script": "path argv exit_code",
    "findings": "verdict call step qnode source where methods wrong raised max_abs max_rel ulps tolerance_needed rounding_bound cause "
    "minimal reproducer",
}
CAUSE = "code slug confidence evidence ruled_out remedy"
MINIMAL = "operations wires parameters measurements oracle_calls one_minimal"


def test_findings_have_every_field_of_schema_1() -> None:
    record = CASES["moons"]().document().record
    finding = record["findings"][0]
    assert record["schema"] == 1
    assert set(SCHEMA[""].split()) <= set(record)
    assert set(SCHEMA["environment"].split()) <= set(record["environment"])
    assert set(SCHEMA["script"].split()) <= set(record["script"])
    assert set(SCHEMA["findings"].split()) <= set(finding)
    assert set(CAUSE.split()) <= set(finding["cause"])
    assert {"experiment", "before", "after", "predicts", "holds"} <= set(finding["cause"]["evidence"][0])
    assert set(MINIMAL.split()) <= set(finding["minimal"])
    assert {"path", "lines", "verified"} <= set(finding["reproducer"])


# --- the stored document -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CASES)
def test_a_document_is_the_same_after_it_was_stored(name: str) -> None:
    document = CASES[name]().document()
    stored = outline_file.save(document)
    assert outline_file.save(outline_file.load(stored)) == stored
    assert html.render(outline_file.load(stored)) == html.render(document)


def test_a_document_that_an_earlier_qdiag_stored_lacks_what_it_did_not_know_and_can_be_read() -> None:
    document = CASES["shifted"]().document()
    stored = json.loads(outline_file.save(document))
    del stored["document"]["chapters"][0]["of_training"]
    assert outline_file.load(json.dumps(stored)) == outline_file.load(outline_file.save(document))


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"format": 1}', '{"format": 1, "document": {"title": 3}}', '{"format": 99, "document": {}}']
)
def test_what_is_no_document_is_refused_with_a_cure(text: str) -> None:
    with pytest.raises(TraceError) as error:
        outline_file.load(text)
    assert "qdiag diagnose" in error.value.cure


def test_an_empty_output_has_no_heat_map() -> None:
    case = CASES["moons"]()
    finding = case.result.findings[0]
    empty = tuple(replace(e, outputs=(np.zeros(0),), jacobian=((np.zeros((0, 2)), np.zeros(0)),)) for e in finding.evaluations)
    broken = replace(case, result=replace(case.result, findings=(replace(finding, evaluations=empty),)))
    assert case.document().chapters[0].heat is not None
    assert broken.document().chapters[0].heat is None


# --- GitHub ------------------------------------------------------------------------------------------------------------


def test_the_issue_has_the_forms_fields_in_its_order() -> None:
    issue = github.issue(CASES["shifted"]().document())
    assert [name for name, _ in issue.fields] == ["expected", "actual", "info", "sourcecode", "tracebacks", "system"]


def outside(document: Document) -> Document:
    return replace(document, chapters=(replace(document.chapters[0], no_bug="the fault lies in the script"),))


def test_only_what_pennylane_is_to_blame_for_is_headed_as_a_bug() -> None:
    document = CASES["shifted"]().document()
    assert github.issue(document).title.startswith("[BUG] adjoint is wrong")
    other = github.issue(outside(document))
    assert other.title.startswith("adjoint is wrong")
    assert other.field("info").startswith("Nothing to file as a bug of PennyLane: the fault lies in the script.")
    assert "**remedy**" in other.field("info")


def test_what_a_probe_saw_and_what_the_script_asks_for_are_no_bugs() -> None:
    case = CASES["shifted"]()
    finding = case.result.findings[0]
    assert case.document().chapters[0].no_bug == ""
    probed = replace(finding, divergence=replace(finding.divergence, probe=Probe(0)))
    caused = replace(finding, diagnosis=replace(finding.diagnosis, fileable=False))
    for changed in (probed, caused):
        other = replace(case, result=replace(case.result, findings=(changed,)))
        assert "the script" in other.document().chapters[0].no_bug


@pytest.mark.parametrize("option", ["--url", "--gh"])
def test_the_tracker_is_not_offered_what_is_no_bug(option: str, tmp_path: Path) -> None:
    (tmp_path / "trace.qdiag").touch()
    (tmp_path / "report.qdiag").write_text(outline_file.save(outside(CASES["shifted"]().document())))
    done = CliRunner().invoke(report_command, [option, str(tmp_path)])
    assert isinstance(done.exception, UsageError)
    assert "nothing to file: the fault lies in the script" in str(done.exception)
    shown = CliRunner().invoke(report_command, ["--github", str(tmp_path)])
    assert "[BUG]" not in shown.stdout
    assert "this text is for people you ask" in shown.stderr


def test_the_fields_that_the_form_renders_as_shell_hold_no_fence() -> None:
    issue = github.issue(CASES["shifted"]().document())
    assert not any("```" in issue.field(name) for name in ("sourcecode", "tracebacks", "system"))


def test_the_address_fills_the_form_and_stays_short() -> None:
    address = github.address(github.issue(CASES["shifted"]().document()))
    assert address.text is not None
    assert address.text.startswith("https://github.com/PennyLaneAI/pennylane/issues/new?template=bug_report.yml&title=")
    assert len(address.text.encode()) == address.size <= github.LONGEST_URL


def huge(document: Document, field: str, size: int) -> Document:
    code = Code("x", "\n".join(["a line that is rather long"] * (size // 26)))
    return replace(document, chapters=(replace(document.chapters[0], **{field: code}), *document.chapters[1:]))


def test_an_address_that_would_be_too_long_is_not_given() -> None:
    address = github.address(github.issue(huge(CASES["shifted"]().document(), "reproducer", 9000)))
    assert address.text is None
    assert address.size > github.LONGEST_URL


@pytest.mark.parametrize("field", ["reproducer", "traceback"])
@pytest.mark.parametrize("size", [59_000, 61_000, 200_000])
def test_a_body_never_exceeds_what_github_takes_and_says_what_was_cut(field: str, size: int) -> None:
    body = github.body(github.issue(huge(CASES["shifted"]().document(), field, size)))
    assert len(body) <= github.LONGEST_BODY
    assert ("[cut here: this field had" in body) == (size > 56_000)


def test_a_long_source_is_cut_before_any_short_field_is_and_two_long_fields_share_what_room_there_is() -> None:
    document = CASES["shifted"]().document()
    whole = github.issue(document)
    cut = github.issue(huge(document, "reproducer", 200_000))
    for name in ("expected", "actual", "system", "tracebacks"):
        assert cut.field(name) == whole.field(name)
    assert "[cut here" not in cut.field("info")
    both = github.issue(huge(huge(document, "reproducer", 200_000), "traceback", 90_000))
    assert len(github.body(both)) <= github.LONGEST_BODY
    assert min(len(both.field("sourcecode")), len(both.field("tracebacks"))) > 20_000
    assert both.field("actual") == whole.field("actual")


# --- Markdown ----------------------------------------------------------------------------------------------------------


def test_markdown_gives_no_name_a_meaning() -> None:
    assert markdown.plain("*a* _b_ `c` <d> [e](f) | #12 @someone snake_case") == (
        "\\*a\\* \\_b\\_ \\`c\\` \\<d\\> \\[e\\](f) \\| #\u200b12 @\u200bsomeone snake_case"
    )


def test_a_fence_is_longer_than_any_inside_it() -> None:
    assert markdown.fenced("```\ninside\n```", "text").startswith("````text\n")


# --- HTML --------------------------------------------------------------------------------------------------------------


class Page(HTMLParser):
    """Collects what a page refers to, its headings and its images."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.references: list[str] = []
        self.headings: list[int] = []
        self.images: list[dict[str, str]] = []
        self.ids: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attributes) -> None:
        found = {name: content or "" for name, content in attributes}
        self.references += [found[name] for name in ("src", "href", "xlink:href", "action", "poster") if name in found]
        self.ids += [found["id"]] if "id" in found else []
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag in ("svg", "img"):
            self.images.append(found)


@pytest.mark.parametrize("name", CASES)
def test_the_page_stands_alone(name: str) -> None:
    text = html.render(CASES[name]().document())
    page = Page(text)
    assert all(reference.startswith("#") for reference in page.references)
    assert not re.search(r"@import|url\((?!#)", text)
    assert "default-src 'none'" in text
    assert len(text.encode()) < 1_000_000


@pytest.mark.parametrize("name", CASES)
def test_the_page_can_be_read_without_seeing_it(name: str) -> None:
    page = Page(html.render(CASES[name]().document()))
    assert page.headings[0] == 1
    assert page.headings.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in zip(page.headings, page.headings[1:]))
    assert all(image["role"] == "img" and len(image["aria-label"]) > 20 for image in page.images)
    assert len(page.ids) == len(set(page.ids))


@pytest.mark.parametrize("name", CASES)
def test_whatever_scrolls_can_be_reached_by_keyboard_and_shows_that_there_is_more(name: str) -> None:
    text = html.render(CASES[name]().document())
    boxes = [box for box in re.findall(r"<(?:div|pre)\b[^>]*>", text) if box.startswith("<pre") or 'class="scroll"' in box]
    assert boxes or name == "healthy"
    for box in boxes:
        assert 'role="region"' in box
        assert 'tabindex="0"' in box
        assert re.search(r'aria-label="[^"]+"', box)
    rules = [body for heads, body in re.findall(r"([^{}]+)\{([^{}]*)\}", text) if re.search(r"\.scroll, pre\s*$", heads)]
    assert any("no-repeat local" in rule and "no-repeat scroll" in rule for rule in rules)


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_every_text_has_the_contrast_that_wcag_aa_asks_for(mode: str) -> None:
    style = (Path(html.__file__).parents[1] / "templates" / "report.css").read_text(encoding="utf-8")
    light, dark = style.split("@media (prefers-color-scheme: dark)", 1)
    part = light if mode == "light" else dark.split("\n* {", 1)[0]
    base = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", part.split("}", 1)[0]))
    for kind in ("agree", "rounding", "error", "inconclusive"):
        colours = {**base, **dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", re.search(rf"\.{kind} {{([^}}]*)}}", part)[1]))}
        for ink in ("ink", "muted", "accent"):
            for ground in ("page", "panel"):
                assert contrast(colours[ink], colours[ground]) >= 4.5, (kind, ink, ground)
        assert contrast(colours["accent"], colours["wash"]) >= 4.5, kind


def test_what_a_script_is_called_cannot_become_markup() -> None:
    case = CASES["moons"]()
    evil = replace(case, script=replace(case.script, path="<script>alert(1)</script>.py"))
    assert "<script>alert" not in html.render(evil.document())


def test_help_and_the_summary_do_not_load_matplotlib() -> None:
    code = "import sys, qdiag.report.formats.terminal, qdiag.report.content.document; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# --- known issues ------------------------------------------------------------------------------------------------------


def hermitian(version: str, code: str = "QD303") -> Document:
    """A finding that looks like PennyLane's issue 2434, on some version."""
    case = CASES["shifted"]()
    finding = case.result.findings[0]
    ran = circuit(gate("RY", 0.3, trainable=True), measured=(expval(gate("Hermitian", np.eye(2))),))
    call = replace(finding.divergence.call, circuit=ran)
    changed = replace(
        finding, divergence=replace(finding.divergence, call=call), diagnosis=replace(finding.diagnosis, code=code), evaluations=()
    )
    environment = replace(ENVIRONMENT, packages=(("pennylane", version),))
    result = replace(case.result, findings=(changed,))
    return outline(result, case.script, environment, secrets=SECRETS)


def test_a_finding_that_upstream_knows_says_so_and_which_version_fixes_it() -> None:
    document = hermitian("0.21.0")
    (known,) = document.chapters[0].known
    assert known.label == "PennyLane #2434"
    assert "fixed in 0.24" in known.text
    for text in (printed(document, 200), markdown.render(document), html.render(document), github.form(github.issue(document))):
        assert "issues/2434" in text
    assert document.record["findings"][0]["known_issues"] == [2434]


@pytest.mark.parametrize(("version", "code"), [("0.45.1", "QD303"), ("0.21.0", "QD101"), ("", "QD303"), ("unknown", "QD303")])
def test_another_version_or_another_cause_is_not_that_issue(version: str, code: str) -> None:
    assert hermitian(version, code).chapters[0].known == ()


# --- what never leaves -------------------------------------------------------------------------------------------------


def planted() -> Case:
    """A result with a secret in every text that comes from the user's machine."""
    texts = [text for text, _ in (*KNOWN, *PATTERNS)]
    everything = "\n".join(texts)
    case = CASES["moons"]()
    finding = case.result.findings[0]
    divergence = finding.divergence
    call = replace(
        divergence.call,
        source=replace(divergence.call.source, path="/home/alice/moons/train.py"),
        configuration=replace(divergence.call.configuration, qnode="/home/bob/x.py:f"),
        failure=Failure("ValueError", everything, tuple(texts)),
        arguments=tuple(replace(a, name=text) for a, text in zip(divergence.call.arguments, texts)),
    )
    raised = tuple((Method(text, text), Failure(text, text)) for text in texts)
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
        replay=replace(case.result.replay, refused=raised),
        notes=tuple(texts),
    )
    script = replace(
        case.script, path="/home/alice/moons/train.py", argv=(*ARGUMENTS, *texts), failure=Failure("E", everything, tuple(texts))
    )
    return replace(case, result=result, script=script, files=tuple(texts), follow_up=everything)


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


def test_a_bundle_holds_the_trace_only_when_asked(tmp_path: Path) -> None:
    trace = tmp_path / "trace.qdiag"
    trace.write_bytes(b"data")
    files = bundle.contents(CASES["shifted"]().document())
    assert set(files) == {"findings.json", "report.md", "issue.md", "repro.py", "circuit.txt"}
    for given, held in ((None, False), (trace, True)):
        bundle.write(tmp_path / "b.zip", files, given)
        with zipfile.ZipFile(tmp_path / "b.zip") as opened:
            assert ("trace.qdiag" in opened.namelist()) is held


def test_where_only_the_users_tolerance_makes_them_agree_that_is_said() -> None:
    healthy = CASES["healthy"]().result
    apart = replace(CASES["shifted"]().result.findings[0].divergence.comparison, verdict=Verdict.AGREE, tolerance_needed=1.2)
    replay = replace(healthy.replay, comparisons=((0, apart),))
    said = of_result(replace(healthy, replay=replay, tolerance="atol 10"), Script("train.py"), Names("default.qubit"))
    assert "within the tolerance that was given (atol 10) at every call replayed: up to 1.2 apart, relative to the" in said
    assert "rounding" not in said


def test_what_a_long_step_explains_is_not_called_rounding() -> None:
    healthy = CASES["healthy"]().result
    apart = replace(CASES["shifted"]().result.findings[0].divergence.comparison, verdict=Verdict.AGREE, tolerance_needed=0.26)
    replay = replace(healthy.replay, comparisons=((0, apart),))
    said = of_result(replace(healthy, replay=replay), Script("train.py"), Names("default.qubit"))
    assert "up to 0.26 apart, relative to the largest number: a difference quotient's step leaves out as much." in said


def test_where_nothing_is_tracked_only_outputs_agree() -> None:
    healthy = CASES["healthy"]().result
    said = of_result(replace(healthy, tracked=False), Script("train.py"), Names("default.qubit"))
    assert "agree in their outputs, which is all that was compared, at every call" in said


def test_a_method_that_a_finding_blames_is_not_said_to_refuse_as_a_matter_of_course() -> None:
    case = CASES["shifted"]()
    refusing = tuple((method, Failure("DeviceError", "no")) for method in methods("default.qubit/adjoint", "default.qubit/hadamard"))
    document = replace(case, result=replace(case.result, replay=replace(case.result.replay, refused=refusing))).document()
    assert document.refused is not None
    assert [row[0] for row in document.refused.rows] == ["default.qubit/hadamard"]
    assert "hadamard refuses this circuit" in document.notes


def test_the_next_command_is_told_from_the_reason_and_keeps_the_arguments_secrets() -> None:
    case = CASES["moons"]()
    script = replace(case.script, argv=("--name", "two words", "--pass", "hunter2"))
    follow_up = "qdiag twin moons.py -- --name 'two words' --pass hunter2   why the losses part"
    document = replace(case, script=script, follow_up=follow_up).document()
    command, why = document.next_step
    assert (command, why) == ("qdiag twin moons.py -- --name 'two words' --pass <secret>", "why the losses part")
    assert "hunter2" not in markdown.render(document)


def test_numbers_are_counted_not_arrays() -> None:
    flow = CASES["moons"]().document().chapters[0].flow
    assert [station.detail for station in flow if station.place == "circuit parameters"] == ["4 numbers"]
    case = CASES["moons"]()
    finding = case.result.findings[0]
    batch = circuit(gate("RX", [0.1, 0.2, 0.3], trainable=True), measured=(expval(gate("PauliZ")),))
    divergence = replace(finding.divergence, call=replace(finding.divergence.call, circuit=batch))
    result = replace(case.result, findings=(replace(finding, divergence=divergence),))
    flow = replace(case, result=result).document().chapters[0].flow
    assert [station.detail for station in flow if station.place == "circuit parameters"] == ["3 numbers"]


# --- the command -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a judged run of two findings, in which the command is called."""
    monkeypatch.chdir(tmp_path)
    run = RunFolder(tmp_path / "run")
    run.path.mkdir()
    run.trace.write_bytes(b"numbers of the user's")
    run.outline.write_text(outline_file.save(CASES["shifted"]().document()), encoding="utf-8")
    return run.path


def called(run: Path, *words: str, answer: str = "") -> tuple[int, str, str]:
    out, err, patched = io.StringIO(), io.StringIO(), pytest.MonkeyPatch()
    patched.setattr(sys, "stdin", io.StringIO(answer))
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), pytest.raises(SystemExit) as ended:
        main(["report", str(run), *words])
    patched.undo()
    return int(str(ended.value.code)), out.getvalue(), err.getvalue()


@pytest.mark.parametrize("words", [(), ("--format", "markdown"), ("--format", "html"), ("--json",), ("--github",), ("--url",)])
def test_a_finding_is_reported_alone_where_its_number_is_given(judged: Path, words: tuple[str, ...]) -> None:
    _, out, _ = called(judged, "--finding", "2", *words)
    assert '"where": "nan"' in out or "gives NaN" in unquote_plus(out)
    assert "QD303" not in out


@pytest.mark.parametrize("words", [(), ("--json",), ("--github",), ("--bundle", "b.zip")])
def test_a_finding_that_is_not_there_is_an_error_in_every_format(judged: Path, words: tuple[str, ...]) -> None:
    code, _, err = called(judged, "--finding", "9", *words)
    assert (code, "2 findings, not 9" in err) == (2, True)
    assert not Path("b.zip").exists()


@pytest.mark.parametrize(
    "words",
    [
        ("--json", "--github"),
        ("--format", "html", "--url"),
        ("--url", "--gh"),
        ("--bundle", "b.zip", "-o", "x"),
        ("--gh", "-o", "x"),
        ("--with-trace", "--bundle", "b.zip", "--synthetic"),
    ],
)
def test_options_that_ask_for_different_things_are_refused(judged: Path, words: tuple[str, ...]) -> None:
    code, _, err = called(judged, *words)
    assert (code, "do not go together" in err) == (2, True)


def test_the_trace_leaves_in_a_bundle_only_and_the_user_is_told(judged: Path) -> None:
    code, _, err = called(judged, "--with-trace")
    assert (code, "--bundle" in err) == (2, True)
    _, _, err = called(judged, "--with-trace", "--bundle", "b.zip")
    assert "holds your data" in err


@pytest.mark.parametrize("words", [(), ("--format", "html"), ("--github",)])
def test_where_nothing_can_be_written_it_is_said_which_file(judged: Path, words: tuple[str, ...]) -> None:
    code, _, err = called(judged, *words, "-o", "nowhere/x.txt")
    assert (code, "cannot write nowhere/x.txt" in err) == (2, True)


def test_a_file_of_an_issue_that_is_too_long_takes_a_free_name(judged: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(github, "LONGEST_URL", 10)
    Path("issue.md").write_text("mine")
    code, _, err = called(judged, "--url")
    assert (code, "issue-2.md" in err) == (0, True)
    assert Path("issue.md").read_text() == "mine"
    assert "QD303" in Path("issue-2.md").read_text()


@pytest.mark.parametrize(("answer", "ends", "told"), [("n\n", 0, "nothing was sent"), ("y\n", 2, "exited with 4")])
def test_an_issue_is_opened_when_the_user_says_so(
    judged: Path, monkeypatch: pytest.MonkeyPatch, answer: str, ends: int, told: str
) -> None:
    sent = []

    def run(order: list[str], **options: object) -> subprocess.CompletedProcess[str]:
        sent.append(order)
        return subprocess.CompletedProcess(order, 4)

    monkeypatch.setattr("shutil.which", lambda name: name)
    monkeypatch.setattr("subprocess.run", run)
    code, out, err = called(judged, "--gh", answer=answer)
    assert (code, told in err) == (ends, True)
    assert out.startswith("[BUG]")
    assert len(sent) == (answer == "y\n")
