"""The table of known faults: it can be read, its releases are in order, and what a run touches of it."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from packaging.version import Version

from qdiag.model.method import parse_list
from qdiag.model.promise import Promise
from qdiag.report.content.known_faults import KnownFault, Symptom, known_faults, record_of, touched_by
from tests.worlds.results import call
from tests.worlds.small_circuits import Z, circuit, expval, gate, probs

TREE = Path(__file__).parents[4]
FAULT = KnownFault(
    "adjoint loses MultiRZ",
    Promise.BROKEN,
    methods=("default.qubit/adjoint",),
    operations=("MultiRZ", "PauliRot"),
    measurements=("ExpectationMP",),
    first_bad="0.33.0",
    last_bad="0.36.0",
    last_good="0.32.0",
    first_fixed="0.37.0",
    issue=2434,
)
TOUCHING = circuit(gate("RX", 0.3), gate("MultiRZ", 0.3), measured=(expval(Z),))


def touched(ran=TOUCHING, method: str = "adjoint", version: str = "0.35.1") -> tuple[int, ...]:
    found = touched_by([call(ran, 4, method)], version, [FAULT])
    return found[0].calls if found else ()


def test_a_run_touches_what_it_has_under_the_method_that_shows_it() -> None:
    assert touched() == (4,)
    assert touched(method="backprop") == ()
    assert touched(circuit(gate("RX", 0.3), measured=(expval(Z),))) == ()
    assert touched(circuit(gate("MultiRZ", 0.3), measured=(probs(0),))) == ()


@pytest.mark.parametrize(
    ("version", "affected"), [("0.32.0", False), ("0.33.0", True), ("0.36.0", True), ("0.37.0", False), ("", False)]
)
def test_only_on_the_releases_that_have_it(version: str, affected: bool) -> None:
    assert FAULT.affects(version) is affected
    assert bool(touched(version=version)) is affected


def test_what_is_not_fixed_is_on_every_newer_release() -> None:
    open_still = replace(FAULT, first_fixed="")
    assert open_still.affects("0.99.0")
    assert open_still.releases == "from 0.33.0"
    assert FAULT.releases == "0.33.0 to 0.36.0"


def test_where_only_the_measurement_matters_any_operation_will_do() -> None:
    anything = replace(FAULT, operations=())
    assert touched_by([call(circuit(gate("RX", 0.1), measured=(expval(Z),)), 0, "adjoint")], "0.35.0", [anything])


def test_an_operator_counts_where_it_is_measured() -> None:
    measured = circuit(gate("RX", 0.1), measured=(expval(gate("LinearCombination")),))
    assert touched_by([call(measured, 0, "adjoint")], "0.35.0", [replace(FAULT, operations=("LinearCombination",))])


def test_of_an_entry_that_any_circuit_may_have_no_run_is_told() -> None:
    assert touched_by([call(TOUCHING, 0, "adjoint")], "0.35.0", [replace(FAULT, operations=(), measurements=())]) == ()


@pytest.mark.parametrize(("held", "named"), [("Hamiltonian", "LinearCombination"), ("LinearCombination", "Hamiltonian")])
def test_a_class_counts_by_whatever_name_a_release_gives_it(held: str, named: str) -> None:
    weighted = replace(FAULT, operations=(), measurements=(named,))
    assert touched_by([call(circuit(gate("RX", 0.1), measured=(expval(gate(held)),)), 0, "adjoint")], "0.35.0", [weighted])


@pytest.mark.parametrize("fault", known_faults(), ids=lambda fault: fault.title)
def test_every_entry_is_whole(fault: KnownFault) -> None:
    assert fault.title
    assert not fault.title.endswith(".")
    assert fault.operations or fault.measurements or fault.says or fault.derivative == 2
    assert all(str(method) == name for name, method in zip(fault.methods, parse_list(",".join(fault.methods))))
    releases = [Version(text) for text in (fault.last_good, fault.first_bad, fault.last_bad, fault.first_fixed) if text]
    assert releases == sorted(releases)
    assert fault.issue or (fault.page and (TREE / fault.page).exists())
    assert record_of(fault)["promise"] == fault.promise.value
    assert fault.symptom in get_args(Symptom)


@pytest.mark.parametrize("fault", known_faults(), ids=lambda fault: fault.title)
def test_every_entry_has_a_circuit_of_at_most_ten_lines(fault: KnownFault) -> None:
    assert len(fault.circuit.strip().splitlines()) <= 10
    (function,) = ast.parse(fault.circuit).body
    assert isinstance(function, ast.FunctionDef)
    read = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
    assert "x" in read, "it has an argument that is tracked"
    assert read <= {"x", "qml", "np", "torch", "range", "isinstance", *_named_in(function)}, "and stands by itself"
    assert np.asarray(fault.point, dtype=float).size
    assert fault.interface in ("torch", "autograd")


def _named_in(function: ast.FunctionDef) -> set[str]:
    named = {node.id for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return named | {name.name for node in ast.walk(function) if isinstance(node, ast.ImportFrom) for name in node.names}


def test_the_table_is_of_forty_at_least() -> None:
    assert len(known_faults()) >= 40


def test_no_entry_is_there_twice() -> None:
    assert len({(fault.title, fault.first_bad) for fault in known_faults()}) == len(known_faults())
