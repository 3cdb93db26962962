"""Under which method a certificate's fault is asked about."""

from __future__ import annotations

import pytest

from qdiag.model.certificate import OUTPUT, Cell, Fault, Standing
from qdiag.model.comparison import Signature
from qdiag.pipeline.stage_certified import asked_under
from tests.worlds.certificates import cell, specimen

ONE = specimen("RX")
WRONG = Standing.WRONG


def wrong(column: str, operation: str = "RX") -> Cell:
    return cell(operation, column, WRONG, where=Signature.OUTPUT)


def test_a_wrong_gradient_is_asked_about_under_its_method() -> None:
    assert asked_under(Fault("RX", "adjoint", (cell("RX", "adjoint", WRONG),), ONE), ONE) == "adjoint"


@pytest.mark.parametrize(
    ("cells", "method"),
    [
        # adjoint is not among them: it refuses the circuit, and has nothing to say of its outputs
        ((wrong(OUTPUT), wrong("hadamard"), wrong("parameter-shift")), "hadamard"),
        # that another circuit shows it under a method says nothing of this one
        ((wrong(OUTPUT), wrong("adjoint", "RY")), OUTPUT),
        ((wrong(OUTPUT),), OUTPUT),
    ],
)
def test_a_wrong_output_is_asked_about_under_a_method_that_shows_it_in_this_circuit(cells: tuple[Cell, ...], method: str) -> None:
    assert asked_under(Fault("RX", OUTPUT, cells, ONE), ONE) == method
