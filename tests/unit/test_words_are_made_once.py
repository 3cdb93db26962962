"""Values stay values until a report makes words of them: what was parsed back from words once must not be again.

Each rule is a pattern, the rooms in which it is right, and what to do instead. The source is searched line by line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import qdiag

SOURCE = Path(qdiag.__file__).parent


@dataclass(frozen=True)
class Rule:
    """What must not stand in the source outside of some files or folders; ``bad`` are lines that it must find, ``good`` others."""

    pattern: str
    within: tuple[str, ...]
    instead: str
    bad: tuple[str, ...]
    good: tuple[str, ...] = ()

    def breaches(self, path: str, text: str) -> Iterator[str]:
        """Lines of a file that break it."""
        if path.startswith(self.within):
            return
        for number, line in enumerate(text.splitlines(), 1):
            if re.search(self.pattern, line.partition("  # ")[0]):
                yield f"{path}:{number}: {line.strip()}"


RULES = {
    "methods are parsed where people write them and where old files are read": Rule(
        r"(?<![\w.])(?:parse|parse_list|parse_method)\(|from qdiag\.model\.method import [^#]*\bparse",
        (
            "model/method.py", "cli/", "api.py", "pipeline/asked.py", "pipeline/pytest_run.py", "pipeline/synthetic_report.py",
            "diagnosis/page.py", "report/content/costs.py",
        ),
        "hand the Method on",
        ('    found = parse(name)', "from qdiag.model.method import Method, parse", "    own, other = map(parse_method(name), names)"),
        ("    tree = ast.parse(text)", "    moment = self.parse(text)"),
    ),
    "names of methods are made in reports and messages": Rule(
        r"\bstr\((?:[\w.\[\]]*\b)?(?:method|methods\[\w+\]|own|partner|ARBITER|PLAIN)\)",
        ("report/", "cli/", "pipeline/pytest_run.py"),
        "compare the methods; in a report say full(method) or names.short(method)",
        ("    name = str(found.method)", "    pair = (str(own), str(ARBITER))", "    first = str(question.methods[0])"),
        ("    text = str(error)", "    return str(call.source)"),
    ),
    "no method is recognised by a part of its name": Rule(
        r"""in str\((?:\w+\.)*method|["'](?:finite-diff|adjoint|backprop)["'] in (?:str\(|\w*(?:name|words|text)\b)"""
        r"|diff_method\.startswith",
        (),
        "compare method.diff_method",
        ('    if "finite-diff" in str(evaluation.method):', '    return "adjoint" in words'),
        ('    if method.diff_method == "finite-diff":', '    if "backprop" in {m.diff_method for m in pair}:'),
    ),
    "methods are not taken apart at their slash": Rule(
        r"""(?:method|name|names\[0\]|methods\[0\])\.r?partition\(["']/["']\)""",
        ("cli/twin.py",),
        "ask method.device and method.diff_method",
        ('    device, _, diff = method.rpartition("/")',),
        ('    name = path.rpartition("/")[2]',),
    ),
    "elements are not recognised by their words": Rule(
        r"""\.startswith\(["']output|partition\(["']argument |["']argument["'] in |["']argument \{|element == ["']""",
        ("model/element.py",),
        "ask element.kind, element.of_output, element.by",
        (
            '    gradient = not element.startswith("output")',
            '    name = element.partition("argument ")[2]',
            '    return "argument" in symptoms.comparison.element',
            '    names = [f"argument {a.name}" for a in probe.arguments]',
        ),
    ),
    "exceptions are not taken out of sentences": Rule(
        r"""re\.compile\(r?["']raises|isFloatingType|["']raises["'] in """,
        ("bridges/failures.py",),
        "ask the Failure: comparison.failures, divergence.raised, bridges.failures",
        ('_EXCEPTION = re.compile(r"raises (\\w+)")', '    if any("isFloatingType" in words for _, words in raised):'),
    ),
    "kinds of difference are named by Signature": Rule(
        r"""(?:where|signature) (?:==|!=|in|not in) \(?["'](?:output|vjp|jacobian|nan|raise|shape|dtype|second-derivative)["']""",
        ("pipeline/pytest_run.py",),
        "say Signature.RAISE and its like",
        ('    if comparison.where == "raise":', '    if symptoms.signature in ("vjp", "jacobian"):'),
        ("    if comparison.where is Signature.RAISE:",),
    ),
    "what to type next is a value": Rule(
        r"""partition\(["']   ["']\)""",
        ("report/content/outline_file.py",),
        "hand a NextStep on",
        ('    command, _, why = follow_up.partition("   ")',),
    ),
    "judgements are not reworded": Rule(
        r"\b(?:judged|reason|detail|sentence|judgement)\.replace\(",
        (),
        "make the words in report/content from values: judged_words(judged, names.short)",
        ('    return divergence.judged.replace(f"{device}/", "")',),
        ("    shown = replace(judged, detail=why)",),
    ),
}


def files() -> list[Path]:
    return sorted(path for path in SOURCE.rglob("*.py") if "__pycache__" not in path.parts)


@pytest.mark.parametrize("name", RULES)
def test_it_holds_in_every_file(name: str) -> None:
    rule = RULES[name]
    found = [line for path in files() for line in rule.breaches(path.relative_to(SOURCE).as_posix(), path.read_text(encoding="utf-8"))]
    assert not found, f"{name}; {rule.instead}:\n" + "\n".join(found)


@pytest.mark.parametrize("name", RULES)
def test_it_is_broken_by_what_it_forbids_and_by_nothing_else(name: str) -> None:
    rule = RULES[name]
    assert rule.bad
    assert [line for line in rule.bad if not list(rule.breaches("judging/somewhere.py", line))] == []
    assert [line for line in rule.good if list(rule.breaches("judging/somewhere.py", line))] == []


@pytest.mark.parametrize("name", RULES)
def test_every_exception_is_a_file_or_a_folder_that_is_there(name: str) -> None:
    assert [path for path in RULES[name].within if not (SOURCE / path).exists()] == []


def test_all_of_the_source_is_searched() -> None:
    assert len(files()) > 200
