"""Plots as SVG made by matplotlib, coloured by the page's own variables, so that they follow dark and light. Only `html` imports it."""

from __future__ import annotations

import io
import logging
import math
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from html import escape
from itertools import accumulate
from types import MappingProxyType
from typing import Any

import matplotlib
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Rectangle
from matplotlib.ticker import MaxNLocator

from qdiag.report.content.figures import gap
from qdiag.report.outline import Box, Curve, Drawing, GapPlot, HeatMap, TrainingPlot

INK, MUTED, LINE, PANEL, ACCENT, BAND = "#010203", "#010204", "#010205", "#010206", "#010207", "#010208"
SERIES = ("#010211", "#010212", "#010213", "#010214", "#010215", "#010216")
_VARIABLES = {
    INK: "--ink",
    MUTED: "--muted",
    LINE: "--line",
    PANEL: "--panel",
    ACCENT: "--accent",
    BAND: "--band",
    **{colour: f"--series-{number}" for number, colour in enumerate(SERIES, 1)},
}
"""Colours that no plot would use by itself, each standing for a variable of the style sheet."""

_STYLE: dict[Any, Any] = {"svg.fonttype": "none", "font.family": "sans-serif", "font.size": 10.5, "path.simplify": True}
_MOST_WRITTEN = 8
_MARKERS = ("o", "s", "^", "D", "v", "P")


@contextmanager
def _styled(more: Mapping[Any, Any] = MappingProxyType({})) -> Iterator[None]:
    """Our style, without a word about fonts: text stays text, and the reader's fonts show it, whichever are missing here."""
    log = logging.getLogger("matplotlib.font_manager")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with matplotlib.rc_context({**_STYLE, **more}):
            yield
    finally:
        log.setLevel(level)


def _svg(figure: Figure, alt: str, salt: str) -> str:
    """The figure as an inline SVG element with a name for those who cannot see it."""
    salt = re.sub(r"\W", "", salt)  # it goes into the page as it is
    buffer = io.StringIO()
    with _styled({"svg.hashsalt": salt}), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a glyph that matplotlib's font lacks: the text stays text, and the reader's fonts have it
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    text = re.sub(r'(<\w[^<>]*? id=")', rf"\1{salt}-", text)
    text = re.sub(r'(<\w[^<>]*?(?:href="#|url\(#))', rf"\1{salt}-", text)
    for colour, variable in _VARIABLES.items():
        text = text.replace(colour, f"var({variable})")
    text = re.sub(r"font: ([\d.]+)px [^;\"]*", r"font-size: \1px", text)
    head = f'<svg role="img" aria-label="{escape(alt)}" style="--width: {figure.get_figwidth() * 72:.1f}pt"'
    return text.replace("<svg", head, 1).strip()


def _label(text: str) -> str:
    """A text as matplotlib shows it: between dollars it would read mathematics, and refuse what is none."""
    return text.replace("$", r"\$")


# --- the gap over the calls --------------------------------------------------------------------------------------------


def gap_over_calls(plot: GapPlot, *, narrow: bool = False) -> str:
    """The gap of each method against the script's own, call by call, with what rounding explains as a band.

    ``narrow`` is for a screen of 400 pixels, on which the other one could not be read.
    """
    with _styled():
        figure = Figure(figsize=(4.6, 3.8) if narrow else (9.2, 3.6))
        axes = figure.subplots()
        _quiet(axes)
        for number, curve in enumerate(plot.curves):
            _draw_gaps(axes, curve, number)
        _draw_bound(axes, plot)
        axes.set_xlabel("call", color=MUTED)
        axes.set_ylabel(_label(f"gap in {plot.unit}, scaled"), color=MUTED)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        if plot.first is not None:
            _mark_first(axes, plot.first, max((curve.calls[-1] for curve in plot.curves), default=1))
        _name_methods(axes, narrow=narrow)
        rows = -(-len(plot.curves) // 2)
        figure.subplots_adjust(
            left=0.15 if narrow else 0.075, right=0.98 if narrow else 0.99, top=0.91, bottom=0.2 + 0.055 * rows if narrow else 0.29
        )
        return _svg(figure, plot.alt, "gaps-narrow" if narrow else "gaps")


def _draw_gaps(axes: Any, curve: Curve, number: int) -> None:
    """One method's gaps; methods often differ alike: each is a ring around the one before, so that none hides another."""
    colour = SERIES[number % len(SERIES)]
    axes.plot(
        curve.calls,
        curve.heights,
        linestyle="none",
        marker=_MARKERS[number % len(_MARKERS)],
        markersize=(3.2 if len(curve.calls) > 60 else 4) + 3.2 * number,
        color=colour,
        markerfacecolor=colour if number == 0 else "none",
        label=_label(curve.method),
    )


def _draw_bound(axes: Any, plot: GapPlot) -> None:
    """What rounding explains, as a band that reaches below the lowest gap."""
    lowest = min((min(curve.heights) for curve in plot.curves), default=0.1)
    highest = max((max(curve.heights) for curve in plot.curves), default=1)
    bottom = min(lowest, plot.bound) / 3
    axes.axhspan(bottom, plot.bound, color=BAND, zorder=0, linewidth=0)
    axes.axhline(plot.bound, color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
    axes.set_yscale("log")
    axes.set_ylim(bottom, max(highest, plot.bound) * 10)
    axes.annotate(
        "what rounding explains", (1, plot.bound), xycoords=("axes fraction", "data"), xytext=(-4, 4),
        textcoords="offset points", ha="right", va="bottom", color=MUTED, fontsize=9.5,
    )  # fmt: skip


def _name_methods(axes: Any, *, narrow: bool) -> None:
    legend = axes.legend(
        markerscale=0.8,
        loc="upper left",
        bbox_to_anchor=(0, -0.22),
        frameon=False,
        ncols=2 if narrow else 4,
        handletextpad=0.3,
        borderaxespad=0,
    )
    for text in legend.get_texts():
        text.set_color(INK)


def distance_over_steps(plot: TrainingPlot, *, narrow: bool = False) -> str:
    """How far trainings are apart, step by step: the nudged ones as a band, the steps at which something happens as lines."""
    with _styled():
        figure = Figure(figsize=(4.6, 4.2) if narrow else (9.2, 3.8))
        axes = figure.subplots()
        _quiet(axes)
        _band(axes, plot.controls)
        for number, curve in enumerate(plot.curves):
            axes.plot(curve.calls, curve.heights, linewidth=1.6, color=SERIES[number % len(SERIES)], label=_label(curve.method))
        for step in plot.marks:
            axes.axvline(step, color=MUTED, linewidth=0.8, linestyle=(0, (2, 3)), zorder=1)
        axes.set_yscale("log")
        axes.set_xlabel("optimiser step", color=MUTED)
        axes.set_ylabel("distance of the parameters", color=MUTED)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        legend = axes.legend(
            loc="upper left",
            bbox_to_anchor=(0, -0.2),
            frameon=False,
            ncols=1 if narrow else 3,
            handletextpad=0.5,
            borderaxespad=0,
        )
        for text in legend.get_texts():
            text.set_color(INK)
        rows = len(plot.curves) + bool(plot.controls)
        figure.subplots_adjust(
            left=0.17 if narrow else 0.075, right=0.98 if narrow else 0.99, top=0.96, bottom=0.18 + 0.05 * rows if narrow else 0.3
        )
        return _svg(figure, plot.alt, "trainings-narrow" if narrow else "trainings")


def _band(axes: Any, controls: Sequence[Curve]) -> None:
    """From the lowest to the highest control at every step."""
    heights: dict[int, list[float]] = {}
    for curve in controls:
        for step, height in zip(curve.calls, curve.heights):
            heights.setdefault(step, []).append(height)
    steps = sorted(heights)
    if steps:
        low, high = [min(heights[s]) for s in steps], [max(heights[s]) for s in steps]
        axes.fill_between(steps, low, high, color=BAND, linewidth=0, zorder=0, label="one weight nudged by one ulp")
        axes.plot(steps, high, color=MUTED, linewidth=0.8, zorder=1)


def _mark_first(axes: Any, first: int, last: int) -> None:
    axes.axvline(first, color=ACCENT, linewidth=1.2, zorder=1)
    left = first < 0.7 * last
    axes.annotate(
        f"first divergence, call {first}", (first, 1), xycoords=("data", "axes fraction"), xytext=(0, 4),
        textcoords="offset points", ha="left" if left else "right", va="bottom", color=ACCENT, fontsize=9.5,
    )  # fmt: skip


def _quiet(axes: Any) -> None:
    """Axes without a frame, in the page's colours."""
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(LINE)
    axes.tick_params(colors=MUTED, which="both", width=0.8)
    axes.set_facecolor("none")


# --- the difference of two Jacobians -----------------------------------------------------------------------------------


def heat_map(heat: HeatMap, salt: str) -> str:
    """The difference of two Jacobians: the darker, the larger, on a logarithmic scale; blank where there is none."""
    rows, columns = len(heat.rows), len(heat.columns)
    cell = 0.62 if columns <= _MOST_WRITTEN else 0.34
    left = 0.25 + 0.085 * max(map(len, heat.rows))
    steep = columns > _MOST_WRITTEN
    below = 0.25 + (0.085 if steep else 0.066) * max(map(len, heat.columns))
    width, height = left + columns * cell + 0.2, below + rows * cell * 0.75 + 0.1
    logs = [math.log10(x) for row in heat.numbers for x in row if math.isfinite(x) and x > 0]
    low, high = (min(logs), max(logs)) if logs else (0.0, 0.0)
    with _styled():
        figure = Figure(figsize=(width, height))
        axes = figure.add_axes((left / width, below / height, columns * cell / width, rows * cell * 0.75 / height))
        for i, row in enumerate(heat.numbers):
            for j, number in enumerate(row):
                _cell(axes, i, j, number, _shade(number, low, high), written=columns <= _MOST_WRITTEN)
        axes.set_xlim(-0.5, columns - 0.5)
        axes.set_ylim(rows - 0.5, -0.5)
        axes.set_xticks(
            range(columns),
            [*map(_label, heat.columns)],
            rotation=90 if steep else 40,
            ha="right",
            va="center" if steep else "top",
            rotation_mode="anchor",
        )
        axes.set_yticks(range(rows), [*map(_label, heat.rows)])
        _quiet(axes)
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0, labelsize=9.5)
        return _svg(figure, heat.alt, salt)


def _shade(number: float, low: float, high: float) -> float:
    """Opacity of a cell: 0 for no difference, 1 for the largest or for what is no number."""
    if not math.isfinite(number):
        return 1.0
    if number <= 0:
        return 0.0
    # At least six decades from blank to full, so that noise does not look like a difference.
    span = max(high - low, 6.0)
    return max(0.06, 1 - (high - math.log10(number)) / span)


def _cell(axes: Any, row: int, column: int, number: float, shade: float, *, written: bool) -> None:
    axes.add_patch(Rectangle((column - 0.48, row - 0.46), 0.96, 0.92, fill=False, edgecolor=LINE, linewidth=0.6))
    if shade:
        axes.add_patch(Rectangle((column - 0.48, row - 0.46), 0.96, 0.92, facecolor=ACCENT, alpha=0.85 * shade, linewidth=0))
    if written or not math.isfinite(number):
        colour = PANEL if shade > 0.55 else INK
        axes.text(column, row, gap(number), ha="center", va="center", color=colour, fontsize=8.5)


# --- circuits ----------------------------------------------------------------------------------------------------------

_CHARACTER, _PADDING, _ROW = 0.088, 0.16, 0.52


def circuit(drawn: Drawing, salt: str) -> str:
    """A circuit: wires from the top, boxes from left to right."""
    widths = [0.3 + 0.18] * drawn.columns
    for box in drawn.boxes:
        widths[box.column] = max(widths[box.column], _box_width(box) + 0.18)
    head = 0.25 + 0.09 * max(map(len, drawn.wires))
    starts = [head + 0.12 + before for before in accumulate([0.0, *widths[:-1]])]
    width, height = head + 0.3 + sum(widths), _ROW * len(drawn.wires) + 0.06
    with _styled():
        figure = Figure(figsize=(width, height))
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_xlim(0, width)
        axes.set_ylim(height, 0)
        axes.axis("off")
        for row, wire in enumerate(drawn.wires):
            y = _y(row)
            axes.text(head - 0.08, y, _label(wire), ha="right", va="center", color=MUTED, fontsize=10)
            axes.plot([head, _end_of(row, drawn, starts, widths)], [y, y], color=MUTED, linewidth=0.9, zorder=1)
        for box in drawn.boxes:
            _draw_box(axes, box, starts[box.column] + widths[box.column] / 2)
        return _svg(figure, drawn.alt, salt)


def _y(row: int) -> float:
    return _ROW * (row + 0.5) + 0.03


def _end_of(row: int, drawn: Drawing, starts: Sequence[float], widths: Sequence[float]) -> float:
    """A wire ends where it is measured last."""
    columns = [box.column for box in drawn.boxes if box.measurement and row in box.rows]
    column = max(columns, default=drawn.columns - 1)
    return starts[column] + (widths[column] / 2 if columns else widths[column])


def _box_width(box: Box) -> float:
    return max(0.34, _CHARACTER * len(box.label) + _PADDING)


def _draw_box(axes: Any, box: Box, x: float) -> None:
    rows = sorted(box.rows)
    edge = ACCENT if box.measurement else INK
    if len(box.span) > 1:
        axes.plot([x, x], [_y(box.span[0]), _y(box.span[-1])], color=INK, linewidth=1.1, zorder=2)
    for row in box.controls:
        axes.plot([x], [_y(row)], marker="o", markersize=6, color=INK, zorder=4)
    width, height = _box_width(box), 0.34
    top, bottom = _y(rows[0]) - height / 2, _y(rows[-1]) + height / 2
    shape = "round,pad=0,rounding_size=0.06"
    axes.add_patch(
        FancyBboxPatch(
            (x - width / 2, top), width, bottom - top, boxstyle=shape, facecolor=PANEL, edgecolor=edge, linewidth=1.1, zorder=3
        )
    )
    axes.text(x, (top + bottom) / 2, _label(box.label), ha="center", va="center", color=INK, fontsize=9.5, zorder=5)
