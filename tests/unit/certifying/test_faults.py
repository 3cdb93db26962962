"""Cells that one thing explains are one fault."""

from dataclasses import replace

from qdiag.certifying.faults import faults_of
from qdiag.model.certificate import OUTPUT, Standing
from qdiag.model.comparison import Signature
from qdiag.model.node import Node
from qdiag.model.promise import Promise
from qdiag.model.specimen import Rank, Specimen
from tests.worlds.certificates import cell, specimen
from tests.worlds.small_circuits import expval, gate, probs

WRONG = Standing.WRONG


def names(cells, specimens=()) -> list[tuple[str, str, int]]:
    return [(fault.about, fault.column, len(fault.cells)) for fault in faults_of(cells, specimens)]


def test_a_measurement_that_is_wrong_by_itself_explains_what_it_reads() -> None:
    cells = [cell(standing=WRONG), cell("RX", standing=WRONG), cell("RY", standing=WRONG, variation="at 0")]
    assert names(cells) == [("expval of a product", OUTPUT, 3)]


def test_an_operation_that_is_wrong_alone_explains_its_variations() -> None:
    cells = [cell("RX", standing=WRONG), cell("RX", standing=WRONG, variation="adjoint"), cell("RX", measurement="var", standing=WRONG)]
    assert names(cells) == [("RX", OUTPUT, 3)]


def test_what_a_measurement_explains_does_not_make_an_operation_wrong() -> None:
    states = [cell(measurement="state", standing=WRONG), cell("RX", measurement="state", standing=WRONG)]
    cells = [*states, cell("RX"), *(cell(n, standing=WRONG, variation="adjoint") for n in ("RX", "S"))]
    assert sorted(names(cells)) == [("adjoint", OUTPUT, 2), ("state", OUTPUT, 2)]


def test_where_the_output_is_wrong_the_methods_are_wrong_with_it() -> None:
    cells = [cell("RX", standing=WRONG), cell("RX", "adjoint", WRONG, where=Signature.JACOBIAN)]
    assert names(cells) == [("RX", OUTPUT, 2)]


def test_a_gradient_that_is_wrong_alone_is_a_fault_of_its_method() -> None:
    assert names([cell("RX"), cell("RX", "adjoint", WRONG)]) == [("RX", "adjoint", 1)]


def test_a_variation_that_is_wrong_at_several_operations_is_to_blame_for_all() -> None:
    cells = [cell(name, standing=WRONG, variation="controlled on 0") for name in ("RX", "PauliX", "S")]
    assert names(cells) == [("controlled on 0", OUTPUT, 3)]


def test_a_variation_that_is_wrong_at_one_operation_is_that_ones() -> None:
    assert names([cell("RX", standing=WRONG, variation="at 0")]) == [("RX, at 0", OUTPUT, 1)]


def near(pattern: Specimen, change: str) -> Specimen:
    return replace(pattern, variation=f"near {pattern.variation}, 0: {change}", rank=Rank.NEAR, near=pattern.key)


def test_what_is_wrong_near_a_circuit_in_the_same_way_is_the_same_fault() -> None:
    """A hunt looks near what it has found: that is to show how far the fault goes, and not to be told eight times."""
    pattern = specimen("RX", variation="squared, at 0")
    sister, other = near(pattern, "RY for RX"), near(pattern, "read as var")
    cells = [cell("RX", "adjoint", WRONG, variation=one.variation) for one in (pattern, sister, other)]
    assert names(cells, [pattern, sister, other]) == [("RX, squared, at 0", "adjoint", 3)]


def test_a_drawn_circuit_never_stands_for_one_of_the_space_however_small() -> None:
    pattern = specimen("RX", variation="squared, at 0")
    less = replace(near(pattern, "RY less"), circuit=replace(pattern.circuit, operations=pattern.circuit.operations[:1]))
    cells = [cell("RX", "adjoint", WRONG, variation=one.variation) for one in (less, pattern)]
    (fault,) = faults_of(cells, [pattern, less])
    assert fault.specimen is pattern


def test_what_is_wrong_near_a_circuit_in_another_way_is_another_fault() -> None:
    pattern = specimen("RX", variation="squared, at 0")
    sister = near(pattern, "RY for RX")
    cells = [cell("RX", "adjoint", WRONG, variation=pattern.variation), cell("RX", "hadamard", WRONG, variation=sister.variation)]
    assert sorted(column for _, column, _ in names(cells, [pattern, sister])) == ["adjoint", "hadamard"]


def test_a_variation_that_is_wrong_at_one_operation_and_what_is_made_of_it_is_that_ones() -> None:
    cells = [cell(name, standing=WRONG, variation="unused wires") for name in ("UCCSD", "BasisState")]
    made = [
        specimen("UCCSD", variation="unused wires", made_of=frozenset({"BasisState"})),
        specimen("BasisState", variation="unused wires"),
    ]
    assert names(cells, made) == [("BasisState, unused wires", OUTPUT, 2)]
    assert faults_of(cells, made)[0].specimen is made[1]


def test_what_is_made_of_an_operation_that_is_wrong_is_put_down_to_it() -> None:
    cells = [cell("MultiRZ", standing=WRONG), cell("PauliRot", standing=WRONG), cell("Trotter", standing=WRONG)]
    inside = {"PauliRot": {"MultiRZ"}, "Trotter": {"PauliRot", "MultiRZ"}}
    made = [specimen(name, made_of=frozenset(inside.get(name, ()))) for name in ("Trotter", "PauliRot", "MultiRZ")]
    assert names(cells, made) == [("MultiRZ", OUTPUT, 3)]
    assert faults_of(cells, made)[0].cells[0].operation == "MultiRZ"


def test_operations_that_are_made_of_each_other_are_left_apart() -> None:
    cells = [cell("A", standing=WRONG), cell("B", standing=WRONG)]
    made = [specimen("A", made_of=frozenset({"B"})), specimen("B", made_of=frozenset({"A"}))]
    assert sorted(names(cells, made)) == [("A", OUTPUT, 1), ("B", OUTPUT, 1)]


def test_what_was_said_not_to_be_supported_is_no_silent_fault() -> None:
    assert not faults_of([replace(cell("RX", standing=WRONG), promise=Promise.DOCUMENTED)], ())


def test_what_is_wrong_everywhere_is_no_fault_of_the_device() -> None:
    assert not faults_of([cell("RX", standing=Standing.EVERYWHERE)], ())


def test_the_plainest_cell_comes_first_with_its_circuit() -> None:
    cells = [cell("RX", standing=WRONG, variation="adjoint"), cell("RX", standing=WRONG)]
    plain = specimen("RX")
    (fault,) = faults_of(cells, [specimen("RX", variation="adjoint"), plain])
    assert fault.specimen is plain
    assert not fault.cells[0].variation


def test_builds_of_one_class_are_one_fault() -> None:
    builds = ("BlockEncode", "BlockEncode number")
    cells = [cell(name, standing=WRONG) for name in builds]
    assert names(cells, [replace(specimen(name), core="BlockEncode") for name in builds]) == [("BlockEncode", OUTPUT, 2)]


def var(observable: Node) -> Node:
    return replace(expval(observable), name="VarianceMP")


def read(name: str, *measured, variation: str = "") -> Specimen:
    one = specimen(measurement=name, variation=variation)
    return replace(one, circuit=replace(one.circuit, measurements=measured))


def test_measurements_that_share_what_is_wrong_in_all_of_them_are_one_fault() -> None:
    x, h = gate("PauliX"), gate("Hadamard")
    space = [read(f"{kind}({op.name})", measure(op)) for op in (x, h) for kind, measure in (("expval", expval), ("var", var))]
    pair = read("expval X + expval H", expval(x), expval(h), variation="two measurements")
    cells = [cell(measurement=f"{kind}(Hadamard)", standing=WRONG) for kind in ("expval", "var")]
    cells += [cell(measurement=f"{kind}(PauliX)") for kind in ("expval", "var")]
    cells.append(cell(measurement=pair.measurement, variation="two measurements", standing=WRONG))
    assert names(cells, [*space, pair]) == [("Hadamard in an observable", OUTPUT, 3)]
    assert faults_of(cells, [*space, pair])[0].cells[0].measurement == "expval(Hadamard)"


def test_a_pair_whose_members_are_right_alone_is_put_down_to_their_being_two() -> None:
    x, z = gate("PauliX"), gate("PauliZ")
    alone = [read("expval(X)", expval(x)), read("expval(Z)", expval(z)), read("probs", probs(0))]
    both = {"X + probs": (expval(x), probs(0)), "X + Z": (expval(x), expval(z))}
    pairs = [read(name, *members, variation="two measurements") for name, members in both.items()]
    cells = [cell(measurement=one.measurement) for one in alone]
    cells += [cell(measurement=one.measurement, variation="two measurements", standing=WRONG) for one in pairs]
    assert names(cells, [*alone, *pairs]) == [("two measurements", OUTPUT, 2)]


def test_a_drawn_circuit_is_explained_by_a_wrong_operation_that_it_holds() -> None:
    held = replace(specimen(variation="random circuit 3"), rank=Rank.RANDOM)
    other = replace(held, variation="random circuit 4", circuit=replace(held.circuit, operations=(gate("IsingXY", 0.3),)))
    drawn = [cell(column="adjoint", standing=WRONG, variation=one.variation) for one in (held, other)]
    cells = [cell("RX", "adjoint", WRONG), *drawn]
    assert names(cells, [specimen("RX"), held, other]) == [
        ("RX", "adjoint", 2), ("expval of a product, random circuit 4", "adjoint", 1),
    ]  # fmt: skip
