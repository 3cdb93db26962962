"""What a certificate's tiles show: an operation is red for its own faults, not for those of a measurement or of a variation."""

from __future__ import annotations

from qdiag.model.certificate import OUTPUT, Cell, Fault, Standing
from qdiag.report.certificate_outline import Tile
from qdiag.report.content.certificate import page
from tests.worlds.certificates import cell, certificate

WRONG, EXACT = Standing.WRONG, Standing.EXACT


def tile(cells: tuple[Cell, ...], faults: tuple[Fault, ...], operation: str = "RX") -> Tile:
    operations = page(certificate(cells=cells, faults=faults)).matrices[0]
    return dict(operations.rows)[operation][0]


def test_an_operation_is_not_red_for_a_measurement_that_the_device_reads_wrongly() -> None:
    variance = cell(measurement="var of Y", standing=WRONG)
    after = cell("RX", measurement="var of Y", standing=WRONG)
    shown = tile((cell("RX"), variance, after), (Fault("var of Y", OUTPUT, (variance, after)),))
    assert (shown.kind, shown.mark) == ("right", "✓")
    assert "1 wrong by a fault of another kind" in shown.words


def test_an_operation_is_not_red_for_a_variation_in_which_all_are_wrong() -> None:
    controlled = [cell(name, variation="controlled on 0", standing=WRONG) for name in ("RX", "RY")]
    shown = tile((cell("RX"), *controlled), (Fault("controlled on 0", OUTPUT, tuple(controlled)),))
    assert shown.mark == "✓"


def test_an_operation_is_red_for_what_only_it_gets_wrong() -> None:
    wrong = cell("RX", variation="controlled on 0", standing=WRONG)
    assert tile((cell("RX"), wrong), (Fault("RX, controlled on 0", OUTPUT, (wrong,)),)).mark == "✗"


def test_an_operation_of_which_nothing_else_is_known_is_red_all_the_same() -> None:
    variance, after = (cell(name, measurement="var of Y", standing=WRONG) for name in ("RX", "RY"))
    ground = cell(measurement="var of Y", standing=WRONG)
    fault = Fault("var of Y", OUTPUT, (ground, variance, after))
    assert tile((ground, variance, after), (fault,), "RY").mark == "✗"
