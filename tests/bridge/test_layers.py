"""A layer made for real, with nothing installed into it: it has this interpreter's torch by links, and nothing else of its packages."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from qdiag.bisecting.asking import answer_of, run_on
from qdiag.bisecting.installers import Installer, Said
from qdiag.bisecting.layers import Layers, look_at
from qdiag.model.bisection import Answer

pytestmark = pytest.mark.stack

SCRIPT = """
import sys

try:
    import pennylane
except ImportError:
    import torch

    sys.exit(float(torch.ones(2).sum()) != 2)
sys.exit("PennyLane leaks in")
"""


def test_a_layer_has_the_torch_that_is_installed_and_nothing_else_of_what_is(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT, encoding="utf-8")
    nothing = Installer("nobody", (), {}, lambda command, environment, seconds: Said(0, ""))
    layer = Layers(tmp_path / "cache", look_at(sys.executable)).make("empty", (), nothing)
    found = answer_of("empty", run_on(layer.python, tmp_path / "script.py"))
    if "pkg_resources" in found.words:
        pytest.skip("this torch asks for setuptools, which a layer has with its release")
    assert (found.answer, found.words) == (Answer.GOOD, "")
    assert layer.size < 1_000_000
    assert found.seconds > 0
