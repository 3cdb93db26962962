"""The files of a certificate: certificate.json, certificate.md, certificate.html and badge.json in the folder of its run."""

from __future__ import annotations

from qdiag.errors import OutputError
from qdiag.report.certificate_outline import CertificatePage
from qdiag.report.formats import certificate_html, certificate_json, certificate_markdown
from qdiag.trace.run_folder import RunFolder, write_together


def write_certificate(page: CertificatePage, run: RunFolder) -> None:
    """Write them, all or none.

    Raises
    ------
    OutputError
        If the folder cannot be written.
    """
    texts = {
        run.certificate: certificate_json.render(page),
        run.path / "certificate.md": certificate_markdown.render(page),
        run.path / "certificate.html": certificate_html.render(page),
        run.path / "badge.json": certificate_json.badge(page),
    }
    try:
        write_together(texts)
    except OSError as error:
        raise OutputError(f"cannot write to {run.path}: {error.strerror}", "choose another folder with --out") from None
