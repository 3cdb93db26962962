"""The files of a certificate, or of a hunt, in the folder of its run: for machines, as Markdown and HTML, and a badge."""

from __future__ import annotations

from pathlib import Path

from qdiag.errors import OutputError
from qdiag.report.certificate_outline import CertificatePage
from qdiag.report.formats import certificate_html, certificate_json, certificate_markdown
from qdiag.trace.run_folder import RunFolder, write_together


def write_certificate(page: CertificatePage, run: RunFolder) -> None:
    """Write certificate.json, .md and .html and badge.json, all or none.

    Raises
    ------
    OutputError
        If the folder cannot be written.
    """
    _write({**_texts(page, run.certificate), run.path / "badge.json": certificate_json.badge(page)}, run)


def write_hunt(page: CertificatePage, run: RunFolder) -> None:
    """Write hunt.json, hunt.md and hunt.html, all or none.

    Raises
    ------
    OutputError
        If the folder cannot be written.
    """
    _write(_texts(page, run.hunt), run)


def _texts(page: CertificatePage, record: Path) -> dict[Path, str]:
    return {
        record: certificate_json.render(page),
        record.with_suffix(".md"): certificate_markdown.render(page),
        record.with_suffix(".html"): certificate_html.render(page),
    }


def _write(texts: dict[Path, str], run: RunFolder) -> None:
    try:
        write_together(texts)
    except OSError as error:
        raise OutputError(f"cannot write to {run.path}: {error.strerror}", "choose another folder with --out") from None
