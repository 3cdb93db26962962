"""Cells of devices whose faults are known: what is right is right, and what is wrong is found, on PennyLane's own and on sick ones."""

from __future__ import annotations

import numpy as np
import pytest

from qdiag.bridges.space.specimens import specimens
from qdiag.certifying.examine import abilities_of, examine
from qdiag.certifying.task import Task
from qdiag.evaluation.evaluate import evaluate
from qdiag.model.certificate import OUTPUT, Abilities, Cell, Standing
from qdiag.model.comparison import Signature
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.method import Method
from qdiag.model.promise import Promise
from qdiag.model.specimen import Rank
from tests.worlds.older_stacks import NEWEST

pytestmark = pytest.mark.stack

if not NEWEST:
    pytest.skip("older PennyLanes do not copy circuits with other operations, as the devices here do", allow_module_level=True)

SPACE = {one.key: one for one in specimens(0)}
GROUND = tuple(one for one in SPACE.values() if one.rank is Rank.GROUND)
PRODUCT = "expval of a product"
DOUBLE = Abilities()
BLIND = "tests.worlds.devices:BlindToControlValues"
TURNED = "tests.worlds.devices:ReadsInOneBasis"


def cells(device: str, key: tuple[str, str, str], *methods: str, abilities: Abilities = DOUBLE, **rest) -> dict[str, Cell]:
    task = Task(SPACE[key], Method(device, ""), methods, abilities, trusted=True, **rest)
    return {cell.column: cell for cell in examine(task)}


@pytest.mark.parametrize(
    "key", [("RX", PRODUCT, ""), ("Rot", "probs", ""), ("CNOT", PRODUCT, "controlled on 0"), ("CRX", PRODUCT, "wires reversed")]
)
def test_pennylanes_own_device_is_right(key: tuple[str, str, str]) -> None:
    found = cells("default.qubit", key, "backprop", "adjoint", "parameter-shift", beside="")
    assert {cell.standing for cell in found.values()} <= {Standing.EXACT, Standing.REFUSED}
    assert found["backprop"].ulps < 1000


def test_precision_is_measured_by_the_results() -> None:
    assert abilities_of(Method("default.qubit", ""), GROUND).eps == np.finfo(np.float64).eps
    assert abilities_of(Method(BLIND, ""), GROUND, True).eps == np.finfo(np.float32).eps


def test_a_device_that_samples_is_seen_to() -> None:
    sampled = abilities_of(Method("tests.worlds.sampling_device:Sampling", ""), GROUND, True)
    assert 200 <= sampled.shots <= 1000


def test_a_device_that_ignores_control_values_is_wrong_there_and_right_beside() -> None:
    single = Abilities(eps=float(np.finfo(np.float32).eps))
    assert cells(BLIND, ("RX", PRODUCT, ""), "parameter-shift", abilities=single)["parameter-shift"].standing is Standing.EXACT
    assert cells(BLIND, ("PauliX", PRODUCT, "controlled"), abilities=single)[OUTPUT].standing is Standing.EXACT
    wrong = cells(BLIND, ("RX", PRODUCT, "controlled on 0"), "parameter-shift", abilities=single)
    assert [wrong[name].standing for name in (OUTPUT, "parameter-shift")] == [Standing.WRONG] * 2
    assert wrong[OUTPUT].promise in (Promise.SILENT, Promise.BROKEN)
    assert wrong[OUTPUT].error > 1e-3


def test_a_method_whose_outputs_are_as_wrong_as_the_devices_own_is_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def evaluate_and_count(request: Request) -> Evaluation:
        asked.append(str(request.method))
        return evaluate(request)

    for room in ("examine", "cells"):
        monkeypatch.setattr(f"qdiag.certifying.{room}.evaluate", evaluate_and_count)
    single = Abilities(eps=float(np.finfo(np.float32).eps))
    wrong = cells(BLIND, ("RX", PRODUCT, "controlled on 0"), "parameter-shift", abilities=single)
    assert wrong["parameter-shift"].standing is Standing.WRONG
    assert asked.count(f"{BLIND}/none") == 2
    assert asked.count(f"{BLIND}/parameter-shift") == 1
    assert asked.count("default.qubit/parameter-shift") == 0


def test_two_measurements_that_disturb_each_other_are_wrong_together() -> None:
    assert cells(TURNED, ("no operation", "expval X + probs", "two measurements"))[OUTPUT].standing is Standing.WRONG
    assert cells(TURNED, ("no operation", "expval X + probs of other wires", "two measurements"))[OUTPUT].standing is Standing.EXACT


def test_what_pennylanes_own_device_has_wrong_too_is_no_fault_of_this_one() -> None:
    purity = cells(TURNED, ("no operation", "purity (PennyLane's)", ""), "parameter-shift")
    assert purity["parameter-shift"].standing is Standing.EVERYWHERE


def test_a_gradient_that_is_off_is_seen_by_one_product() -> None:
    found = cells("default.qubit", ("no operation", "purity (PennyLane's)", ""), "backprop", "parameter-shift", beside="")
    assert found["backprop"].standing is Standing.EXACT
    assert found["parameter-shift"].standing is Standing.WRONG
    assert found["parameter-shift"].where in (Signature.VJP, Signature.JACOBIAN)


def test_a_gradient_that_is_off_is_upheld_by_numerical_differentiation_of_the_qnode_itself() -> None:
    purity = cells("default.qubit", ("no operation", "purity (PennyLane's)", ""), "parameter-shift", beside="", upheld=True)
    assert purity["parameter-shift"].standing is Standing.WRONG


def test_a_density_matrix_beside_a_vector_is_judged_by_its_outputs_alone() -> None:
    found = cells("default.mixed", ("CNOT", "state", ""), "backprop")
    assert found[OUTPUT].standing is Standing.EXACT
    assert found["backprop"].standing in (Standing.EXACT, Standing.OPEN)


def test_asking_for_several_products_does_not_make_a_right_gradient_wrong() -> None:
    one = SPACE["Adjoint", PRODUCT, "controlled"]
    task = Task(one, Method("default.qubit", ""), ("parameter-shift",), cotangents=(np.array(0.75),))
    product, whole = (evaluate(task.request("parameter-shift", whole=every)) for every in (False, True))
    for mine, theirs in zip(product.vjps[0], whole.jacobian[0]):
        np.testing.assert_allclose(mine, 0.75 * theirs, atol=1e-12)
