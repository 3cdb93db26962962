"""What findings say about themselves: where a divergence lies, and how long a reproducer is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qdiag.model.comparison import Comparison, Verdict
from qdiag.model.element import Element, Kind
from qdiag.model.findings import Divergence, Reproducer, lines_of_code
from qdiag.model.probe import Probe
from tests.worlds import scripted
from tests.worlds.methods import ADJOINT, BACKPROP


def diverging(element: Element | None = None, probe: Probe | None = None, verdict: Verdict = Verdict.ERROR) -> Divergence:
    pair = Comparison((ADJOINT, BACKPROP), verdict, element=element)
    return Divergence(scripted.call(0, scripted.circuit(0.3)), pair, probe=probe)


@pytest.mark.parametrize("verdict", list(Verdict))
def test_a_divergence_has_the_verdict_of_its_comparison(verdict: Verdict) -> None:
    assert diverging(verdict=verdict).verdict is verdict


@pytest.mark.parametrize(
    ("element", "probe", "outside", "in_layer"),
    [
        (None, None, False, False),
        (Element(Kind.OUTPUT), None, False, False),
        (Element(Kind.JACOBIAN, by="RX#0"), None, False, False),
        (Element(Kind.LAYER), None, True, True),
        (Element(Kind.OUTPUT), Probe(0), True, False),
        (Element(Kind.LAYER), Probe(0), True, True),
    ],
)
def test_what_a_probe_saw_or_a_layer_lost_lies_outside_of_the_circuit(
    element: Element | None, probe: Probe | None, outside: bool, in_layer: bool
) -> None:
    divergence = diverging(element, probe)
    assert (divergence.outside, divergence.in_layer) == (outside, in_layer)


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("", 0),
        ("\n\n  \n", 0),
        ("# only a comment\n   # and another", 0),
        ("import torch\n", 1),
        ("import torch  # with a comment\n\n\nx = 1", 2),
        ('"""A docstring."""\ndef f():\n    return 1\n', 3),
        ("x = '''\n# inside a string\n'''\n", 2),
    ],
)
def test_lines_of_code_are_those_that_are_neither_empty_nor_comment(source: str, lines: int) -> None:
    assert lines_of_code(source) == lines


@given(st.lists(st.sampled_from(["x = 1", "  y = 2", "# comment", "", "\t"]), max_size=8), st.sampled_from(["\n", "\r\n"]))
def test_comments_and_blank_lines_between_change_no_count(lines: list[str], newline: str) -> None:
    spread = newline.join(part for line in lines for part in (line, "", "# more"))
    assert lines_of_code(spread) == lines_of_code(newline.join(lines))


def test_the_users_own_classes_are_no_lines_of_a_reproducer() -> None:
    source = "class Mine:\n    pass\n\nx = Mine()\nprint(x)\n"
    assert Reproducer(source).lines == 4
    assert Reproducer(source, borrowed=2).lines == 2
