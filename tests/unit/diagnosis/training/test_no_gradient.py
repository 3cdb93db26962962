"""QD801 is said where the numbers of a parameter are in a circuit, or the script cuts what comes from it: of nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from qdiag.diagnosis.training.no_gradient import remarks
from qdiag.model.comparison import Verdict
from qdiag.model.step_probe import LARGE, SMALL, Moved, Outcome, StepProbe
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


def moved(slope: float, token: int = 0) -> StepProbe:
    """A script whose loss follows a parameter by a slope, or not at all."""
    outcomes = tuple(Outcome(by, loss=2.0 + slope * by) for by in (0.0, SMALL, -SMALL, LARGE, -LARGE))
    return StepProbe(2, 2, Moved.PARAMETER, "", outcomes=outcomes, own=2.0, token=token)


def test_what_the_script_itself_says_in_a_copy_proves_it(tmp_path: Path) -> None:
    folder = written(tmp_path, "angles.detach()")
    (found,) = remarks(training().history(folder, [moved(0.5)]))
    assert (found.verdict, found.diagnosis.confidence.value) == (Verdict.ERROR, "confirmed")
    assert "loss follows Net.pre.weight (slope 0.5" in found.diagnosis.because
    assert [(item.before, item.after) for item in found.diagnosis.evidence] == [(2.0, 2.0005)]
    for says_nothing in (moved(0.0), moved(0.5, token=1), replace(moved(0.5), own=2.5)):
        (found,) = remarks(training().history(folder, [says_nothing]))
        assert (found.verdict, found.diagnosis.evidence) == (Verdict.REMARK, ())


def test_calls_that_are_made_again_on_the_way_back_have_no_graph_of_their_own() -> None:
    told = Told()
    told.optimiser(leaf(0, "Net.block.weight"))
    for number in range(3):
        told.calls_qnode(grad_enabled=False)
        told.root(7)
        told.step(none(0), number=number)
    (found,) = remarks(told.history(step_probes=[moved(0.5)]))
    assert "no gradient ever reaches Net.block.weight, although the loss depends on what it holds" in found.diagnosis.because
    assert "use_reentrant=False" in found.diagnosis.remedy
    assert not list(remarks(told.history()))


def test_a_loss_that_follows_a_parameter_which_no_line_cuts_is_remarked_since_that_may_be_meant(tmp_path: Path) -> None:
    (found,) = remarks(training().history(written(tmp_path, "torch.tensor(x)"), [moved(0.5)]))
    assert found.verdict is Verdict.REMARK
    assert "although the loss depends on what it holds" in found.diagnosis.because
