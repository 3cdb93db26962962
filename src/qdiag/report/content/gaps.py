"""What the plots show, as numbers: the gap over the calls, and the difference of two Jacobians."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import Optional

import numpy as np

from qdiag.model.element import Element, Kind
from qdiag.model.evaluation import Evaluation
from qdiag.model.findings import Finding
from qdiag.model.method import Method
from qdiag.model.result import Result
from qdiag.report.content.elements import users_names
from qdiag.report.content.figures import count, gap, precision, units
from qdiag.report.content.method_names import Names
from qdiag.report.outline import Curve, GapPlot, HeatMap

_LONGEST_NAME = 16
"""Characters of a parameter's name along a heat map."""

MOST_ELEMENTS = 32
"""Rows and columns of a heat map: beyond it nobody reads one."""


def gap_plot(result: Result, names: Names) -> Optional[GapPlot]:
    """The gap of each method against the user's own at every call, in units of the working precision."""
    heights: dict[Method, dict[int, float]] = {}
    bounds = []
    finest, coarsest = math.inf, 0.0
    for call, comparison in result.replay.comparisons:
        if not (comparison.scale and comparison.eps and math.isfinite(comparison.ulps)):
            continue
        finest, coarsest = min(finest, comparison.eps), max(coarsest, comparison.eps)
        bounds.append(comparison.bound / (comparison.eps * comparison.scale))
        if comparison.ulps > 0:
            curve = heights.setdefault(comparison.methods[1].bare, {})
            curve[call] = max(comparison.ulps, curve.get(call, 0.0))
    if not heights:
        return None
    curves = tuple(
        Curve(names.short(method), tuple(sorted(points)), tuple(points[c] for c in sorted(points)))
        for method, points in heights.items()
    )
    first = result.findings[0].divergence.call.index if result.findings else None
    bound = statistics.median(bounds)
    unit = f"eps({precision(coarsest)})" if finest == coarsest else "eps of each call"
    return GapPlot(curves, bound, unit, first, _plot_description(curves, bound, result))


def _plot_description(curves: Sequence[Curve], bound: float, result: Result) -> str:
    worst = ", ".join(f"{curve.method} up to {units(max(curve.heights))}" for curve in curves)
    return (
        f"Gap against the script's own method over {count(result.calls, 'call')}, in units of the working precision, "
        f"log axis: {worst}; rounding explains up to {units(bound)}."
    )


def heat_map(finding: Finding, names: Names) -> Optional[HeatMap]:
    """The absolute difference of the pair's Jacobians, element by element."""
    by_method = {evaluation.method: evaluation for evaluation in finding.evaluations}
    pair = [by_method.get(method) for method in finding.divergence.comparison.methods]
    first, second = pair
    if first is None or second is None or first.jacobian is None or second.jacobian is None:
        return None
    matrices = [_matrix(first), _matrix(second)]
    if matrices[0].shape != matrices[1].shape or not matrices[0].size:
        return None
    with np.errstate(invalid="ignore"):
        difference = np.abs(matrices[0] - matrices[1])
    rows, columns = _labels(finding, first)
    shown = difference[:MOST_ELEMENTS, :MOST_ELEMENTS]
    size = f"{difference.shape[0]} × {difference.shape[1]} elements"
    note = "" if shown.shape == difference.shape else f"the first {shown.shape[0]} × {shown.shape[1]} of {size}"
    finite = difference[np.isfinite(difference)]
    largest = gap(float(finite.max())) if finite.size else "not a number"
    return HeatMap(
        tuple(rows[: shown.shape[0]]),
        tuple(columns[: shown.shape[1]]),
        tuple(tuple(float(x) for x in row) for row in shown),
        f"Difference of the Jacobians of {' and '.join(names.all(finding.divergence.comparison.methods))}: "
        f"{size}, the largest {largest}.",
        note,
    )


def _matrix(evaluation: Evaluation) -> np.ndarray:
    """Elements of all outputs × elements of all trainable parameters."""
    rows = []
    for output, row in zip(evaluation.outputs or (), evaluation.jacobian or ()):
        height = int(np.size(output))
        # a method that breaks down may give an empty output, of which numpy could not tell how wide its rows are
        blocks = [np.reshape(block, (height, np.size(block) // max(height, 1))) for block in row]
        rows.append(np.concatenate(blocks, axis=1) if blocks else np.zeros((height, 0)))
    return np.concatenate(rows) if rows else np.zeros((0, 0))


def _labels(finding: Finding, evaluation: Evaluation) -> tuple[list[str], list[str]]:
    outputs = evaluation.outputs or ()
    elements = (
        Element(Kind.OUTPUT, i, len(outputs), index) for i, output in enumerate(outputs) for index in np.ndindex(np.shape(output))
    )
    rows = [str(element) for element in elements]
    call = finding.divergence.call
    names = users_names(call)
    columns = []
    for position in call.circuit.trainable:
        for index in np.ndindex(call.circuit.parameters[position].value.shape):
            columns.append(_shorten(names[position]) + (f"[{', '.join(map(str, index))}]" if index else ""))
    return rows, columns


def _shorten(name: str) -> str:
    """A name of at most so many characters; what tells it from its like stands at its end, and stays."""
    if len(name) <= _LONGEST_NAME:
        return name
    head, sign, tail = name.rpartition("#")
    kept = f"{sign}{tail}" if head else name[-6:]
    return f"{(head or name)[: _LONGEST_NAME - len(kept) - 1]}…{kept}"
