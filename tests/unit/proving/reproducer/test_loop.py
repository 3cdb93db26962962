"""Short loops that may show how trainings part: which are written, for which circuits, and which of them counts."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from qdiag.errors import OpaqueCircuitError
from qdiag.model.call import Call, Configuration, SourceLine
from qdiag.model.circuit import Circuit
from qdiag.model.findings import Reproducer
from qdiag.model.method import Method
from qdiag.model.node import Node
from qdiag.model.parameter import Parameter
from qdiag.proving.reproducer.loop import OPTIMISERS, loops
from qdiag.proving.reproducer.verify import first_to_show
from tests.worlds.scripts import EXPVAL, STACK, FakeLanguage

METHODS = (Method("default.qubit", "backprop"), Method("default.qubit", "adjoint"))
SHOWS, SHOWS_NOT = Reproducer("import sys\nsys.exit(1)\n"), Reproducer("import sys\nsys.exit(0)\n")


def rotation(value: object, dtype: str = "float32", container: str = "torch", trainable: bool = True) -> Node:
    return Node("RX", (Parameter(np.array(value, dtype), container, trainable),), None, (0,))


def call(*operations: Node, shots: tuple[int, ...] = (), output: object = 0.5, returns: str = "single") -> Call:
    here = SourceLine("train.py", 3)
    configuration = Configuration("circuit", here, "default.qubit", interface="torch", resolved="backprop", default_dtype="float32")
    circuit = Circuit(operations, (EXPVAL,), shots=shots, returns=returns)
    return Call(0, 0, here, configuration, (), circuit, (np.array(output),))


TRAINED = call(rotation(0.25), rotation(0.5), rotation([0.1, 0.2]), rotation(3.0, trainable=False))


def written(found: Call) -> list[str]:
    return [script.source for script in loops(found, METHODS, STACK, FakeLanguage())]


def test_each_loop_is_a_script_of_its_own_with_the_mildest_first() -> None:
    scripts = written(TRAINED)
    assert len(scripts) == len(OPTIMISERS)
    for text, (optimiser, rate) in zip(scripts, OPTIMISERS):
        ast.parse(text)
        assert f"torch.optim.{optimiser}(numbers, lr={rate:g})" in text
        assert f"{optimiser} with a learning rate of {rate:g}" in " ".join(text.replace("#", " ").split())


def test_a_loop_needs_pennylane_and_torch_only() -> None:
    imports = [line for line in written(TRAINED)[0].splitlines() if line.startswith(("import", "from"))]
    assert imports == ["import sys", "import pennylane as qml", "import torch"]


def test_the_numbers_that_were_tracked_are_trained_from_where_they_stood() -> None:
    text = written(TRAINED)[0]
    assert "start = [torch.tensor([0.25, 0.5]), torch.tensor([0.10000000149011612, 0.20000000298023224])]" in text
    assert "qml.RX(3.0)" in text


def test_the_header_says_that_it_is_not_the_scripts_own_training() -> None:
    words = " ".join(written(TRAINED)[0].replace("#", " ").split())
    assert "Trainings under default.qubit/backprop and default.qubit/adjoint start at rounding and part." in words
    assert "first recorded circuit, not its own training" in words


def test_there_is_a_target_for_every_number_that_came_back() -> None:
    assert "torch.rand(6, " in written(replace(TRAINED, outputs=(np.zeros(4), np.zeros(2))))[0]


@pytest.mark.parametrize(
    ("returns", "results"), [("single", "qnode(*numbers).reshape(-1)"), ("list", "in qnode(*numbers)])"), ("dict:a", ".values()])")]
)
def test_results_become_one_vector_in_whichever_form_they_come(returns: str, results: str) -> None:
    assert results in written(call(rotation(0.25), returns=returns))[0]


def test_a_methods_name_cannot_become_code() -> None:
    evil = (METHODS[0], Method("default.qubit", '{__import__("os")}"'))
    text = loops(TRAINED, evil, STACK, FakeLanguage())[0].source
    assert "default.qubit" in text
    assert '{__import__("os")}' not in text.split("for step, (a, b, c)")[1]


@pytest.mark.parametrize(("other", "nudged", "code"), [(0.5, 0.5, 1), (0.5, 0.0, 0), (0.0, 0.5, 0), (0.0, 0.0, 0)])
def test_the_methods_part_and_so_must_a_method_from_its_nudged_twin(other: float, nudged: float, code: int) -> None:
    ends = {"own": 0.0, "other": other, "twin": nudged}
    verdict = written(TRAINED)[0].split("other = ")[1].split("\n", 1)[1]

    def training(qnode: str, start: str) -> Iterator[np.ndarray]:
        yield from [np.zeros(1), np.asarray([ends[start or qnode]])]

    known = {"training": training, "own": "own", "other": "other", "start": "", "nudged": "twin", "sys": sys}
    with pytest.raises(SystemExit) as ended:
        exec(verdict + "\nsys.exit(0)", known)
    assert ended.value.code == code


@pytest.mark.parametrize(
    "found",
    [
        call(rotation(0.25, trainable=False)),
        call(rotation(0.25, container="autograd")),
        call(rotation(0.25j, dtype="complex64")),
        call(rotation(0.25), shots=(100,)),
        call(rotation(0.25), output=0.5j),
        replace(TRAINED, outputs=None),
        call(replace(rotation(0.25), definition="class RX: ...")),
    ],
    ids=["untracked", "autograd", "complex", "shots", "state", "raised", "own class"],
)
def test_what_cannot_be_trained_by_itself_is_refused_with_the_reason(found: Call) -> None:
    with pytest.raises(OpaqueCircuitError, match="its first circuit"):
        written(found)


# --- which of them counts ---------------------------------------------------------------------------------------------------


def test_the_first_script_that_shows_it_in_every_process_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "repro.py"
    # shows it to the first process alone
    flaky = Reproducer("import pathlib, sys\nseen = pathlib.Path('seen')\nsys.exit(0 if seen.exists() else seen.touch() or 1)\n")
    found = first_to_show([SHOWS_NOT, flaky, SHOWS], path, within=60, times=2)
    assert found is not None
    assert found.verified
    assert found.exit_code == 1
    assert path.read_text() == found.source == SHOWS.source


def test_none_that_shows_it_leaves_no_file(tmp_path: Path) -> None:
    assert first_to_show([SHOWS_NOT, Reproducer("raise SystemExit(125)\n")], tmp_path / "repro.py", within=60) is None
    assert not list(tmp_path.iterdir())


def test_no_further_guess_is_asked_for_once_one_shows_it(tmp_path: Path) -> None:
    def guesses() -> Iterator[Reproducer]:
        yield SHOWS
        raise AssertionError("asked for another one")

    assert first_to_show(guesses(), tmp_path / "repro.py", within=60, times=1)


def test_none_is_tried_when_the_time_is_over(tmp_path: Path) -> None:
    assert first_to_show([SHOWS], tmp_path / "repro.py", within=0) is None
