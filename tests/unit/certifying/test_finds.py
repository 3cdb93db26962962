"""Finds from the cells of several devices: what one thing explains is one, whatever the device and the method."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from qdiag.certifying.finds import finds_of, with_causes_joined
from qdiag.model.certificate import OUTPUT, Cell, Certificate, Standing
from qdiag.model.comparison import Signature
from qdiag.model.findings import Confidence, Finding, Minimal
from qdiag.model.hunt import Find, Hit, Kind
from qdiag.model.node import Node
from qdiag.model.promise import Promise
from qdiag.model.specimen import BARE, Rank
from tests.worlds.certificates import cell, certificate, specimen
from tests.worlds.results import shifted
from tests.worlds.small_circuits import circuit, expval, gate

WRONG, RAISED = Standing.WRONG, Standing.RAISED
SPACE = [specimen(), specimen("RX"), specimen("RY"), specimen("RX", variation="adjoint"), specimen("RX", variation="controlled")]


def part(name: str, *cells: Cell) -> Certificate:
    return certificate(name=name, cells=cells, faults=())


def raised(operation: str, words: str = "IndexError: out of range", place: str = "pennylane.a:f", column: str = "adjoint") -> Cell:
    return cell(operation, column, RAISED, words=words, place=place)


def test_two_methods_that_are_off_by_the_same_are_one_find_across_devices() -> None:
    one = part("a", cell("RX"), cell("RX", "adjoint", WRONG), cell("RX", "backprop", WRONG))
    two = part("b", cell("RX"), cell("RX", "adjoint", WRONG))
    (found,) = finds_of([one, two], SPACE)
    assert found.about == "RX"
    assert found.kind is Kind.WRONG
    assert found.columns == ("a/adjoint", "a/backprop", "b/adjoint")


def test_two_methods_that_are_off_by_different_amounts_are_two() -> None:
    one = part("a", cell("RX", "adjoint", WRONG), cell("RX", "backprop", WRONG, error=0.75))
    assert len(finds_of([one], SPACE)) == 2


def test_variations_of_an_operation_that_is_right_alone_are_one_where_the_same_methods_have_them_wrong() -> None:
    wrong = cell("RX", "adjoint", WRONG, variation="adjoint")
    right = cell("RX", "adjoint")
    (found,) = finds_of([part("a", right, wrong, replace(wrong, variation="controlled", error=0.3))], SPACE)
    assert len(found.hits) == 2
    assert found.about == "RX, adjoint"


def test_no_number_is_a_kind_of_its_own_and_comes_after_wrong_ones() -> None:
    lost = cell("RX", "adjoint", WRONG, where=Signature.NAN, error=float("inf"))
    found = finds_of([part("a", lost, cell("RY", "adjoint", WRONG))], SPACE)
    assert [one.kind for one in found] == [Kind.WRONG, Kind.NOT_FINITE]


def test_what_breaks_down_at_one_place_is_one_find_where_another_method_works() -> None:
    words = "IndexError: another index"
    (found,) = finds_of([part("a", cell("RX"), raised("RX"), cell("RY"), raised("RY", words))], SPACE)
    assert (found.kind, len(found.hits)) == (Kind.RAISED, 2)


def test_what_breaks_down_under_all_methods_is_none() -> None:
    assert not finds_of([part("a", raised("RX", column=OUTPUT), raised("RX"))], SPACE)


def test_without_a_place_the_words_tell_breakdowns_apart_but_for_what_is_of_one_circuit() -> None:
    def cells(*words: str) -> list[Cell]:
        return [cell("RX"), cell("RY"), *(raised(name, one, "") for name, one in zip(("RX", "RY"), words))]

    assert len(finds_of([part("a", *cells("ValueError: got 3 for 'RX'", "ValueError: got 4 for 'RY'"))], SPACE)) == 1
    assert len(finds_of([part("a", *cells("ValueError: got 3", "ValueError: no batch"))], SPACE)) == 2


def test_a_lost_process_is_a_find_of_its_operation() -> None:
    (found,) = finds_of([part("a", cell("RX"), cell("RX", "adjoint", Standing.LOST, words="the process was lost"))], SPACE)
    assert found.kind is Kind.LOST


def test_what_is_said_not_to_be_supported_is_found_and_not_offered() -> None:
    (found,) = finds_of([part("a", cell("RX", "adjoint", WRONG, promise=Promise.DOCUMENTED))], SPACE)
    assert not found.offered


@pytest.mark.parametrize(("codes", "count"), [(("QD302", "QD302"), 1), (("QD302", "QD301"), 2)])
def test_finds_of_one_operation_with_one_confirmed_cause_are_one(codes: tuple[str, str], count: int) -> None:
    one = part("a", cell("RX", "adjoint", WRONG), cell("RX", "backprop", WRONG, error=0.75))
    two = part("b", cell("RX", "adjoint", WRONG, error=0.1))
    found = finds_of([one, two], SPACE)
    assert len(found) == 3
    shared = [find for find in found if "adjoint" in find.columns[0]]
    diagnosed = [replace(find, finding=finding(code)) for find, code in zip(shared, codes)]
    # other devices' methods are other columns
    diagnosed[1] = replace(diagnosed[1], hits=tuple(replace(hit, device="a") for hit in diagnosed[1].hits))
    assert len(with_causes_joined(diagnosed, SPACE)) == count


def finding(code: str) -> Finding:
    plain = shifted().result.findings[0]
    return replace(plain, diagnosis=replace(plain.diagnosis, code=code, confidence=Confidence.CONFIRMED))


def drawn(
    about: str, part: str, rank: Rank = Rank.RANDOM, *, place: int = 0, confidence: Confidence = Confidence.CONFIRMED, **rest: Any
) -> Find:
    finding = shifted().result.findings[0]
    diagnosis = replace(finding.diagnosis, confidence=confidence, blamed=f"{part} (operation {place})", part=part)
    hit = Hit("a", cell(column="adjoint", standing=WRONG, variation=about))
    one = replace(specimen(variation=about), rank=rank)
    return Find(about, (hit,), one, replace(finding, diagnosis=diagnosis, **rest))


def minimal(measurement: Node) -> Minimal:
    return Minimal(1, 1, 1, 1, circuit=circuit(gate("RX", 0.3, trainable=True), measured=(measurement,)))


def test_a_drawn_circuit_goes_to_the_find_with_its_cause_at_the_operation_that_is_blamed_wherever_it_stands() -> None:
    plain = replace(drawn("RX", "RX"), specimen=specimen("RX"), hits=(Hit("a", cell("RX", "adjoint", WRONG)),))
    (found,) = with_causes_joined([plain, drawn("random circuit 4", "RX", place=5)], SPACE)
    assert found.about == "RX"
    assert len(found.hits) == 2


def confirmed(about: str, code: str, column: str = "adjoint", operation: str = "", part: str = "") -> Find:
    hit = Hit("a", cell(operation or about, column, WRONG))
    found = finding(code)
    return Find(about, (hit,), specimen(operation or about), replace(found, diagnosis=replace(found.diagnosis, part=part)))


def test_a_cause_that_shows_without_any_operation_is_no_operations() -> None:
    """The order of wires is permuted whatever the circuit: eight operations that are wrong for that are one find."""
    order = confirmed("state, wires met in another order", "QD503", operation=BARE)
    found = with_causes_joined([confirmed("RX", "QD503"), order, confirmed("RY", "QD503")], SPACE)
    assert [(one.about, len(one.hits)) for one in found] == [("state, wires met in another order", 3)]


def test_with_another_cause_or_another_method_it_stays_the_operations() -> None:
    order = confirmed("state, wires met in another order", "QD503", operation=BARE)
    others = [confirmed("RX", "QD302"), confirmed("RY", "QD503", "backprop")]
    assert len(with_causes_joined([order, *others], SPACE)) == 3


def test_what_sits_in_how_a_circuit_is_read_is_no_cause_of_an_operation_that_is_wrong_for_the_same() -> None:
    """A gradient may be dropped for an observable's coefficients, and for an operation: these are two."""
    dropped = confirmed("tracked coefficients in an observable", "QD302", operation=BARE, part="expval")
    assert len(with_causes_joined([dropped, confirmed("RX", "QD302")], SPACE)) == 2
    around = confirmed("state, wires met in another order", "QD503", operation=BARE, part="RY")
    assert len(with_causes_joined([around, confirmed("RX", "QD503")], SPACE)) == 1


def test_where_two_things_show_it_without_any_operation_nobody_knows_whose_it_is() -> None:
    two = [confirmed(name, "QD307", operation=BARE) for name in ("purity", "probs(Hermitian)")]
    assert len(with_causes_joined([*two, confirmed("RX", "QD307")], SPACE)) == 3


def test_two_drawn_ones_with_the_same_cause_are_one_and_with_another_operation_two() -> None:
    same = [drawn("random circuit 4", "RX"), drawn("near RX, 2: RY for RZ", "RX", Rank.NEAR, place=3)]
    (found,) = with_causes_joined(same, SPACE)
    assert found.about == "RX, in drawn circuits"
    assert len(with_causes_joined([same[0], drawn("random circuit 5", "RY")], SPACE)) == 2


def test_a_likely_cause_is_enough_and_the_surer_diagnosis_stands() -> None:
    likely = drawn("random circuit 4", "RX", confidence=Confidence.LIKELY)
    (found,) = with_causes_joined([likely, drawn("random circuit 5", "RX")], SPACE)
    assert found.finding is not None
    assert found.finding.diagnosis.confidence is Confidence.CONFIRMED
    unknown = [drawn(f"random circuit {k}", "RX", confidence=Confidence.UNKNOWN) for k in (4, 5)]
    assert len(with_causes_joined(unknown, SPACE)) == 2, "of an unknown cause nobody knows whether it is the same"


def test_an_uncommon_measurement_is_what_a_drawn_circuit_is_about_and_a_common_one_is_not() -> None:
    purity, plain = minimal(Node("PurityMP", (), (), (0,))), minimal(expval(gate("PauliZ")))
    (found,) = with_causes_joined([drawn("4", "RX", minimal=purity), drawn("5", "RY", minimal=purity)], SPACE)
    assert found.about == "PurityMP, in drawn circuits"
    assert len(with_causes_joined([drawn("4", "RX", minimal=plain), drawn("5", "RY", minimal=plain)], SPACE)) == 2


def test_operations_that_were_gone_through_one_by_one_are_not_joined_by_what_is_blamed() -> None:
    two = [replace(drawn(name, "Hermitian"), specimen=specimen(name)) for name in ("RX", "RY")]
    assert len(with_causes_joined(two, SPACE)) == 2
