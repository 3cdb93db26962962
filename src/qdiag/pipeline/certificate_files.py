"""The files of a certificate: certificate.json, certificate.md, certificate.html and badge.json in the folder of its run."""

from __future__ import annotations

from qdiag.errors import OutputError
from qdiag.report.certificate_outline import CertificatePage
from qdiag.report.formats import certificate_html, certificate_json, certificate_markdown
from qdiag.trace.run_folder import RunFolder


def write_certificate(page: CertificatePage, run: RunFolder) -> None:
    """Write them.

    Raises
    ------
    OutputError
        If the folder cannot be written.
    """
    texts = {
        run.certificate.name: certificate_json.render(page),
        "certificate.md": certificate_markdown.render(page),
        "certificate.html": certificate_html.render(page),
        "badge.json": certificate_json.badge(page),
    }
    try:
        for name, text in texts.items():
            (run.path / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"cannot write to {run.path}: {error.strerror}", "choose another folder with --out") from None
