"""Each format of each hand-made result is what it was: see `conftest` for how to update, `results` for what they are made from."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Callable

import pytest
from rich.console import Console

from qdiag._version import __version__
from qdiag.report.formats import findings_json, github, html, markdown, terminal
from qdiag.report.outline import Document
from tests.worlds.results import CASES

FILES = Path(__file__).parent / "files"


def printed(document: Document) -> str:
    stream = io.StringIO()
    terminal.render(document, Console(file=stream, width=80, force_terminal=False, highlight=False, legacy_windows=False))
    return "".join(line.rstrip() + "\n" for line in stream.getvalue().splitlines())


def page(document: Document) -> str:
    """Without the plots, which another matplotlib may draw otherwise: their descriptions stay."""
    return re.sub(r'(<svg role="img" aria-label="[^"]*").*?</svg>', r"\1/>", html.render(document), flags=re.DOTALL)


FORMATS: dict[str, Callable[[Document], str]] = {
    "txt": printed,
    "json": findings_json.render,
    "md": markdown.render,
    "issue": lambda document: github.render(document) if document.chapters else "",
    "html": page,
}


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("name", CASES)
def test_the_report_reads_as_it_did(name: str, suffix: str, update: bool) -> None:
    text = FORMATS[suffix](CASES[name]().document()).replace(__version__, "VERSION")
    golden = FILES / f"{name}.{suffix}"
    if update:
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", CASES)
def test_a_summary_fits_a_screen(name: str) -> None:
    lines = printed(CASES[name]().document()).splitlines()
    assert max(map(len, lines)) <= 80
    assert len(lines) <= 40
