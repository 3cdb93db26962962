"""A certificate as one HTML file that needs nothing else: a matrix to be read across a room, each red field leads to its fault."""

from __future__ import annotations

from functools import lru_cache

import jinja2
from markupsafe import Markup

from qdiag.report.certificate_outline import CertificatePage
from qdiag.report.formats import plots
from qdiag.report.outline import Drawing


def render(page: CertificatePage) -> str:
    """The whole certificate."""
    text: str = _template().render(page=page)
    return text


@lru_cache(maxsize=1)
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("qdiag.report", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.globals["circuit"] = _circuit
    return environment.get_template("certificate.html.j2")


def _circuit(drawn: Drawing, salt: str) -> Markup:
    # matplotlib writes the SVG and escapes the texts in it
    return Markup(plots.circuit(drawn, salt))
