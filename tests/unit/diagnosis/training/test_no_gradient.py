"""QD801 is said where the numbers of a parameter are in a circuit, or the script cuts what comes from it: of nothing else."""

from __future__ import annotations

from pathlib import Path

from qdiag.diagnosis.training.no_gradient import remarks
from qdiag.model.comparison import Verdict
from qdiag.model.training import ArgumentOrigin
from tests.worlds.recorded_trainings import Told, leaf, none, some

SCRIPT = """
def circuit(x): ...


class Net:
    def forward(self, x):
        hidden = self.pre(x)
        angles = hidden * 2
        print(self.pre(x).item())
        return circuit({})
"""


def training(*values: float, constants: tuple[float, ...] = (), name: str = "Net.pre.weight") -> Told:
    told = Told()
    told.optimiser(leaf(0, name, *values), leaf(1))
    for number in range(3):
        given = (ArgumentOrigin("x", False), ArgumentOrigin("w", True, 1, (1,)))
        index = told.calls_qnode(circuit=(1,), constants=constants, arguments=given)
        told.root(1, calls=(index,))
        told.step(none(0), some(1), number=number)
    return told


def written(folder: Path, expression: str) -> Path:
    (folder / "train.py").write_text(SCRIPT.format(expression))
    return folder


def test_numbers_of_a_parameter_that_are_constants_of_a_circuit_show_it() -> None:
    (found,) = remarks(training(0.1234, 0.4321, constants=(0.1234, 0.4321)).history())
    assert (found.verdict, found.diagnosis.code, found.qnodes) == (Verdict.REMARK, "QD801", ("circuit",))
    assert "the numbers of Net.pre.weight are in the circuit" in found.diagnosis.because


def test_numbers_that_are_round_or_that_only_one_is_of_show_nothing() -> None:
    assert not list(remarks(training(0.0, 0.5, constants=(0.0, 0.5)).history()))
    assert not list(remarks(training(0.1234, 0.4321, constants=(0.1234, 0.7)).history()))


def test_the_line_is_named_that_cuts_what_comes_from_it(tmp_path: Path) -> None:
    (found,) = remarks(training().history(written(tmp_path, "angles.detach()")))
    assert [str(place) for place in found.places][:1] == ["train.py:10"]
    assert "no gradient ever reaches Net.pre.weight: x of the QNode" in found.diagnosis.because


def test_a_parameter_that_no_line_cuts_is_unused_and_nothing_is_said(tmp_path: Path) -> None:
    assert not list(remarks(training().history(written(tmp_path, "torch.tensor(x)"))))
    assert not list(remarks(training(name="Net.spare.weight").history(written(tmp_path, "angles.detach()"))))
    assert not list(remarks(training().history(tmp_path / "gone")))
