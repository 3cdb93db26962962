"""Each format of a hand-made hunt is what it was: see `conftest` for how to update."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Callable

import pytest
from rich.console import Console

from qdiag._version import __version__
from qdiag.report.certificate_outline import CertificatePage
from qdiag.report.content.hunt import page, verdict_of
from qdiag.report.formats import certificate_html, certificate_json, certificate_markdown, certificate_terminal
from tests.worlds.certificates import cell, certificate, hunted

FILES = Path(__file__).parent / "files"
FOUND = hunted()
SHOWN = page(FOUND, new=[FOUND.finds[1]], wrote="qdiag-runs/hunt-1")


def printed(shown: CertificatePage) -> str:
    stream = io.StringIO()
    certificate_terminal.render(shown, Console(file=stream, width=80, force_terminal=False, highlight=False, legacy_windows=False))
    return "".join(line.rstrip() + "\n" for line in stream.getvalue().splitlines())


def html(shown: CertificatePage) -> str:
    return re.sub(r'(<svg role="img" aria-label="[^"]*").*?</svg>', r"\1/>", certificate_html.render(shown), flags=re.DOTALL)


FORMATS: dict[str, Callable[[CertificatePage], str]] = {
    "txt": printed,
    "json": certificate_json.render,
    "md": certificate_markdown.render,
    "html": html,
}


@pytest.mark.parametrize("suffix", FORMATS)
def test_the_hunt_reads_as_it_did(suffix: str, update: bool) -> None:
    text = FORMATS[suffix](SHOWN).replace(__version__, "VERSION")
    golden = FILES / f"hunt.{suffix}"
    if update:
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


def test_a_summary_fits_a_screen_and_the_page_asks_nothing_of_any_network() -> None:
    assert max(map(len, printed(SHOWN).splitlines())) <= 80
    assert not re.search(r'(src|href)="https?:', certificate_html.render(SHOWN))


def test_json_is_strict_and_names_every_hit() -> None:
    record = json.loads(certificate_json.render(SHOWN), parse_constant=pytest.fail)
    assert [len(find["hits"]) for find in record["finds"]] == [3, 1]
    assert [find["new"] for find in record["finds"]] == [False, True]


def test_a_hunt_without_finds_agrees_and_one_that_nothing_is_known_of_is_open() -> None:
    assert verdict_of(hunted(finds=(), parts=(certificate(cells=(cell("RX"),)),))) == "AGREE"
    assert verdict_of(hunted(finds=(), parts=(certificate(cells=()),))) == "INCONCLUSIVE"
