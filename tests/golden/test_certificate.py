"""Each format of a hand-made certificate is what it was: see `conftest` for how to update."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Callable

import pytest
from rich.console import Console

from qdiag._version import __version__
from qdiag.model.certificate import Standing
from qdiag.report.certificate_outline import CertificatePage
from qdiag.report.content.certificate import page, verdict_of
from qdiag.report.formats import certificate_html, certificate_json, certificate_markdown, certificate_terminal
from tests.worlds.certificates import cell, certificate

FILES = Path(__file__).parent / "files"
SHOWN = page(certificate(), worse=[(certificate().cells[4], "right")], wrote="qdiag-runs/my-device-1")


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
def test_the_certificate_reads_as_it_did(suffix: str, update: bool) -> None:
    text = FORMATS[suffix](SHOWN).replace(__version__, "VERSION")
    golden = FILES / f"certificate.{suffix}"
    if update:
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("suffix", FORMATS)
def test_what_the_device_was_given_to_log_in_leaves_with_no_format(suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = certificate()
    options = (("backend", "statevector"), ("token", "zx81-qq-7741-ab"))
    told = replace(plain.cells[0], words="DeviceError: /home/dorothea/keys says that zx81-qq-7741-ab is no token")
    given = replace(plain, device=replace(plain.device, device_options=options), cells=(told, *plain.cells[1:]))
    text = FORMATS[suffix](page(given))
    assert "zx81" not in text
    assert "dorothea" not in text
    assert suffix != "json" or "statevector" in text


def test_a_summary_fits_a_screen() -> None:
    assert max(map(len, printed(SHOWN).splitlines())) <= 80


def test_the_page_asks_nothing_of_any_network() -> None:
    assert not re.search(r'(src|href)="https?:', certificate_html.render(SHOWN))


def test_json_is_strict() -> None:
    record = json.loads(certificate_json.render(SHOWN), parse_constant=pytest.fail)
    assert record["verdict"] == "error"
    assert len(record["cells"]) == len(certificate().cells)
    assert json.loads(certificate_json.badge(SHOWN))["schemaVersion"] == 1


def test_a_device_without_a_silent_fault_agrees_and_one_that_nothing_is_known_of_is_open() -> None:
    assert verdict_of(certificate(cells=(cell("RX"),), faults=())) == "AGREE"
    assert verdict_of(certificate(cells=(cell("RX", standing=Standing.REFUSED),), faults=())) == "INCONCLUSIVE"
