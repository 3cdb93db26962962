"""The report as one HTML file that needs nothing else: styles, script and plots are inside, and it asks nothing of any network."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import jinja2
from markupsafe import Markup, escape

from qdiag.report.formats import plots
from qdiag.report.outline import Document, Drawing, GapPlot, HeatMap, TrainingPlot


def render(document: Document) -> str:
    """The whole report."""
    text: str = _template().render(document=document)
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
    environment.filters["linked"] = _link_codes
    drawn: dict[str, Any] = {"gap_plot": _gap_plot, "heat_map": _heat_map, "circuit": _circuit, "training_plot": _training_plot}
    environment.globals.update(drawn)
    return environment.get_template("report.html.j2")


def _link_codes(text: str, document: Document) -> Markup:
    """A text whose codes lead to what they mean, below on the same page."""
    known = {meaning.code for meaning in document.meanings}

    def link(found: re.Match[str]) -> str:
        code = found.group()
        return f'<a href="#{code}">{code}</a>' if code in known else code

    return Markup(re.sub(r"\bQD\d{3}\b", link, str(escape(text))))


# matplotlib writes the SVG and escapes the texts in it, so it goes into the page as it is
def _gap_plot(plot: GapPlot, *, narrow: bool = False) -> Markup:
    return Markup(plots.gap_over_calls(plot, narrow=narrow))


def _training_plot(plot: TrainingPlot, *, narrow: bool = False) -> Markup:
    return Markup(plots.distance_over_steps(plot, narrow=narrow))


def _heat_map(heat: HeatMap, salt: str) -> Markup:
    return Markup(plots.heat_map(heat, salt))


def _circuit(drawn: Drawing, salt: str) -> Markup:
    return Markup(plots.circuit(drawn, salt))
