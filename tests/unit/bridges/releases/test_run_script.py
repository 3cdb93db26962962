"""A script run on a release: names that are missing there, and the word on how it ended."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from qdiag.bridges.releases import run_script
from qdiag.bridges.releases.run_script import add_names, imports_pennylane, take_options


def ended(folder: Path, text: str, names: dict[str, str] | None = None) -> tuple[int, dict[str, Any]]:
    """The exit code of a script, and the word on it, in a folder whose ``pennylane`` is a stand-in with old names."""
    (folder / "pennylane.py").write_text("PauliX = 'X'\n", encoding="utf-8")
    script, word = folder / "repro.py", folder / "word.json"
    script.write_text(text, encoding="utf-8")
    command = [sys.executable, run_script.__file__, str(script), str(word), "60", json.dumps({"same": names or {}, "renamed": {}})]
    found = subprocess.run(command, capture_output=True, check=False)
    return found.returncode, json.loads(word.read_text(encoding="utf-8")) if word.exists() else {}


def test_a_name_of_today_is_found_on_an_old_release(tmp_path: Path) -> None:
    text = "import pennylane as qml\nassert (qml.X, qml.PauliX) == ('X', 'X')"
    assert ended(tmp_path, text)[1]["raised"].startswith("AttributeError")
    assert ended(tmp_path, text, {"X": "PauliX", "Y": "PauliY"})[1] == {"code": 0, "says": ""}


def test_a_renamed_thing_that_is_there_is_left_as_it_is() -> None:
    module = SimpleNamespace(StatePrep="own", QubitStateVector="old")
    add_names(module, {}, {"StatePrep": "QubitStateVector", "QubitStateVector": "StatePrep", "A": "B"})
    assert vars(module) == {"StatePrep": "own", "QubitStateVector": "old"}


def test_what_once_had_a_name_of_today_makes_room() -> None:
    module = SimpleNamespace(X="of continuous variables", PauliX="gate")
    add_names(module, {"X": "PauliX", "Z": "PauliZ"}, {})
    assert vars(module) == {"X": "gate", "PauliX": "gate"}


class Newest:
    """A QNode that takes all that is asked of one today."""

    def __init__(self, function: str, shots: Any = None, gradient_kwargs: Any = None, mcm_method: Any = None) -> None:
        self.seen = (function, shots, gradient_kwargs, mcm_method)

    def __call__(self, **options: Any) -> Any:
        return options


def old_qnode() -> Any:
    """The class of a QNode that takes any keyword for an option of its gradient, and the shots when it is called."""

    class Old:
        def __init__(self, function: str, diff_method: str = "best", **gradient_kwargs: Any) -> None:
            self.seen = (function, diff_method, gradient_kwargs)

        def __call__(self, **options: Any) -> Any:
            return options

    take_options(SimpleNamespace(QNode=Old))
    return Old


def test_options_of_gradients_are_handed_on_as_an_old_release_takes_them() -> None:
    assert old_qnode()("f", diff_method="adjoint", gradient_kwargs={"h": 1}).seen == ("f", "adjoint", {"h": 1})
    assert old_qnode()("f", h=2).seen == ("f", "best", {"h": 2})


def test_shots_of_a_qnode_are_those_of_its_calls_where_it_takes_none() -> None:
    assert old_qnode()("f", shots=100)() == {"shots": 100}
    assert old_qnode()("f", shots=100)(shots=7) == {"shots": 7}
    assert old_qnode()("f")() == {}


def test_a_treatment_of_measurements_that_a_release_has_not_got_is_not_taken_for_an_option_of_a_gradient() -> None:
    assert old_qnode()("f", mcm_method="deferred").seen == ("f", "best", {})
    with pytest.raises(TypeError, match="can only defer"):
        old_qnode()("f", mcm_method="tree-traversal")


def test_a_qnode_of_today_is_left_as_it_is() -> None:
    before = (Newest.__init__, Newest.__call__)
    take_options(SimpleNamespace(QNode=Newest))
    assert (Newest.__init__, Newest.__call__) == before
    assert Newest("f", gradient_kwargs={"h": 1}, shots=3).seen == ("f", 3, {"h": 1}, None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import pennylane as qml", True),
        ("from pennylane import numpy as np", True),
        ("import torch", False),
        ("from . import x", False),
        ("def (", False),
        ("def f():\n    import pennylane", False),
    ],
)
def test_pennylane_is_loaded_first_only_where_the_script_loads_it(text: str, expected: bool) -> None:
    assert imports_pennylane(text) is expected


@pytest.mark.parametrize(
    ("text", "code", "word"),
    [
        ("import sys; sys.exit(True)", 1, {"code": 1, "says": ""}),
        ("import sys; sys.exit('because')", 1, {"code": 1, "says": "because"}),
        ("raise ValueError('no')", 1, {"code": 1, "says": "", "raised": "ValueError: no"}),
        ("import sys; sys.excepthook = lambda *e: sys.exit(125)\nraise KeyError(1)", 125, {"code": 125, "raised": "KeyError: 1"}),
        ("import os; os._exit(1)", 1, {}),
    ],
)
def test_the_word_tells_a_verdict_from_an_exception(text: str, code: int, word: dict[str, Any], tmp_path: Path) -> None:
    found, said = ended(tmp_path, text)
    assert found == code
    assert {**said, **word} == said
