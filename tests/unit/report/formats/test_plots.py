"""The report's plots, as far as their text tells what they show."""

from __future__ import annotations

import logging
import math
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from html import escape

import pytest

from qdiag.report.content.drawing import drawing
from qdiag.report.formats import plots
from qdiag.report.formats.plots import gap_over_calls
from qdiag.report.outline import Box, Curve, Drawing, GapPlot, HeatMap, TrainingPlot
from tests.worlds.small_circuits import circuit, gate


@pytest.mark.parametrize("calls", [1, 2, 3])
def test_calls_are_counted_in_whole_numbers_be_there_but_one(calls: int) -> None:
    curve = Curve("adjoint", tuple(range(calls)), (3.0,) * calls)
    drawn = gap_over_calls(GapPlot((curve,), bound=10.0, unit="eps", first=None, alt="three"))
    found = re.search(r"(.*)>call<", drawn, re.DOTALL)
    assert found is not None
    assert re.findall(r"<text[^>]*>([^<]*)<", found[1]) == [str(call) for call in range(calls)]


EVIL = '<script>alert("1")</script> & co'
CURVE = Curve(EVIL, (0, 1, 2), (0.5, 3.0, 1.0))

PLOTS: dict[str, Callable[[], str]] = {
    "gap": lambda: plots.gap_over_calls(GapPlot((CURVE, CURVE), 2.0, "eps(float32)", 1, EVIL)),
    "training": lambda: plots.distance_over_steps(TrainingPlot((CURVE,), (CURVE, CURVE), (1,), EVIL)),
    "controls": lambda: plots.distance_over_steps(TrainingPlot((), (CURVE,), (), EVIL)),
    "heat": lambda: plots.heat_map(HeatMap((EVIL, "b"), ("c", EVIL), ((0.0, 1.0), (math.nan, 1e-8)), EVIL), "heat-1"),
    "zeros": lambda: plots.heat_map(HeatMap(("a",), ("b",), ((0.0,),), EVIL), "heat-2"),
    "nothing": lambda: plots.heat_map(HeatMap(("a",), ("b",), ((math.nan,),), EVIL), "heat-3"),
    "circuit": lambda: plots.circuit(drawing(circuit(gate(EVIL), gate("CNOT", wires=(0, EVIL)))), "circuit-1"),
}


@pytest.mark.parametrize("name", PLOTS)
class TestEveryPlot:
    def test_is_one_element_of_svg_with_a_name(self, name: str) -> None:
        root = ElementTree.fromstring(re.sub(r"xlink:href|xmlns:xlink", "href", PLOTS[name]()))
        assert root.tag.endswith("svg")
        assert root.attrib["role"] == "img"
        assert root.attrib["aria-label"]

    def test_lets_no_name_become_markup(self, name: str) -> None:
        assert "<script>" not in PLOTS[name]()

    def test_refers_to_nothing_outside(self, name: str) -> None:
        text = PLOTS[name]()
        assert re.findall(r'(?:href|src)="(?!#)', text) == []
        assert re.findall(r"url\((?!#)", text) == []

    def test_is_coloured_by_the_page(self, name: str) -> None:
        # any colour of matplotlib's own would stay as it is in the dark
        assert re.findall(r"(?:fill|stroke): ?#(?!ffffff|000000)[0-9a-f]{6}", PLOTS[name]()) == []

    def test_is_the_same_each_time(self, name: str) -> None:
        assert PLOTS[name]() == PLOTS[name]()


def test_a_font_that_is_missing_is_not_the_users_to_hear_of(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setitem(plots._STYLE, "font.family", "a font that nobody has")
    before = logging.getLogger("matplotlib.font_manager").level
    for draw in PLOTS.values():
        draw()
    assert caplog.messages == []
    assert logging.getLogger("matplotlib.font_manager").level == before


def test_two_plots_on_one_page_share_no_identifier() -> None:
    heat = HeatMap(("a",), ("b",), ((1.0,),), "alt")
    ids = [set(re.findall(r'\bid="([^"]+)"', plots.heat_map(heat, salt))) for salt in ("one", "other")]
    assert ids[0]
    assert ids[0] & ids[1] == set()


@pytest.mark.parametrize("name", ["cost $", "$x$", "$\\frac$", r"a\$b", "a\\x1b", "_hidden", 'x" id="y', "<b>&"])
def test_whatever_a_wire_a_box_or_a_parameter_is_called_is_shown_as_it_is(name: str) -> None:
    drawn = Drawing((name,), (Box(0, (0,), (), name),), "alt")
    assert escape(name, quote=False) in plots.circuit(drawn, name)
    assert escape(name, quote=False) in plots.heat_map(HeatMap((name,), (name,), ((1.0,),), "alt"), name)


def test_what_makes_identifiers_unique_cannot_end_them() -> None:
    drawn = Drawing(("0",), (Box(0, (0,), (), "H"),), "alt")
    assert "<script>" not in plots.circuit(drawn, '"><script>alert(1)</script>')
