"""Lines that may cut a graph are found by their form, and none that only people read."""

from __future__ import annotations

from pathlib import Path

import pytest

from qdiag.diagnosis.training.script_source import cutting_lines, lines_that_cut
from qdiag.model.call import SourceLine

FUNCTION = """
def forward(net, x):
    y = {}
    return circuit(y)


def other(net):
    return net.detach()
"""


def lines(folder: Path, expression: str) -> list[int]:
    (folder / "train.py").write_text(FUNCTION.format(expression))
    return [place.line for place in cutting_lines(folder, SourceLine("train.py", 4, "forward"))]


@pytest.mark.parametrize(
    "expression",
    [
        "net(x).detach()",
        "net(x).item()",
        "net(x).data",
        "torch.tensor(net(x))",
        "net(x).cpu().numpy()",
        "float(net(x))",
        "[w.tolist() for w in x]",
    ],
)
def test_each_way_of_cutting_is_one(tmp_path: Path, expression: str) -> None:
    assert lines(tmp_path, expression) == [3]


@pytest.mark.parametrize(
    "expression",
    ["net(x)", "torch.tensor([1, 2])", "torch.tensor(0.5)", "print(net(x).item())", "seen.append(net(x).item())", "x.data_ptr()"],
)
def test_what_cuts_nothing_or_is_only_read_is_none(tmp_path: Path, expression: str) -> None:
    assert lines(tmp_path, expression) == []


def test_what_is_meant_to_be_followed_by_nobody_is_none(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("with torch.no_grad():\n    y = net(x).detach()\nz = circuit(y)\n")
    assert cutting_lines(tmp_path, SourceLine("train.py", 3)) == ()


def test_a_script_that_is_not_at_hand_or_no_python_has_none(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("this is no python")
    for place in (SourceLine("train.py", 1), SourceLine("gone.py", 1), SourceLine("In[5]", 1), SourceLine("", 0)):
        assert cutting_lines(tmp_path, place) == ()
    assert cutting_lines(None, SourceLine("train.py", 1)) == ()


def test_a_parameter_is_followed_by_its_module_and_by_the_variable_of_the_outermost_one(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(
        "model = Net()\nx = other(x).detach()\nz = model(x)\ny = z.detach()\nloss = circuit(y)\nprint(z.item())\nseen = z.item()\n"
    )
    place = SourceLine("train.py", 5)
    assert [found.line for found in lines_that_cut(tmp_path, place, "Net.layers.0.weight")] == [4]
    assert lines_that_cut(tmp_path, place, "Another.weight") == ()
    assert lines_that_cut(tmp_path, place, "") == ()
