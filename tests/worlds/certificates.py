"""Cells, specimens and certificates made by hand: a device that ignores control values, and says nothing of it."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from qdiag.model.certificate import OUTPUT, Abilities, Cell, Certificate, Fault, Standing
from qdiag.model.comparison import Signature
from qdiag.model.hunt import Find, Hit, Hunt
from qdiag.model.method import Method
from qdiag.model.promise import Promise
from qdiag.model.specimen import BARE, Rank, Specimen
from tests.worlds.results import ENVIRONMENT
from tests.worlds.small_circuits import circuit, gate, probs

PRODUCT = "expval of a product"


def specimen(operation: str = BARE, measurement: str = PRODUCT, variation: str = "", **rest: Any) -> Specimen:
    ran = circuit(gate("RY", 0.7), gate("RX", 0.4), measured=(probs(0),))
    rank = Rank.GROUND if operation == BARE else Rank.WRAPPED if variation else Rank.ALONE
    return Specimen(operation, operation, measurement, ran, rest.pop("rank", rank), variation, **rest)


def cell(operation: str = BARE, column: str = OUTPUT, standing: Standing = Standing.EXACT, **rest: Any) -> Cell:
    made = Cell(operation, operation, rest.pop("measurement", PRODUCT), rest.pop("variation", ""), column, standing)
    if standing is Standing.WRONG:
        where = Signature.OUTPUT if column == OUTPUT else Signature.JACOBIAN
        made = replace(made, where=where, error=0.25, bound=1e-12, ulps=1e15, words="0.5 where the reference has 0.25")
        made = replace(made, promise=Promise.SILENT)
    return replace(made, **rest)


def certificate(**rest: Any) -> Certificate:
    """A device of single precision with one fault and one of everything else."""
    wrong = cell("PauliX", standing=Standing.WRONG, variation="controlled on 0", promise=Promise.BROKEN)
    cells = (
        cell(ulps=3.0, error=3.6e-7, bound=2e-6),
        cell(measurement="state", standing=Standing.REFUSED, words="DeviceError: no state"),
        cell("PauliX", ulps=2.0),
        cell("PauliX", column="parameter-shift", ulps=12.0),
        wrong,
        replace(wrong, column="parameter-shift", where=Signature.OUTPUT),
        cell("QROM", standing=Standing.LOST, words="the process that evaluated it was lost (exit code -11)"),
        cell("purity", column="parameter-shift", standing=Standing.EVERYWHERE, error=math.inf, words=""),
        cell("OrbitalRotation", standing=Standing.OPEN, words="its matrix contradicts its decomposition"),
    )
    fault = Fault("PauliX, controlled on 0", OUTPUT, cells[4:6], specimen("PauliX", variation="controlled on 0"))
    made = Certificate(
        "my.device",
        Method("my.device", "", device_options=(("level", 8),)),
        ENVIRONMENT,
        Abilities(eps=float(np.finfo(np.float32).eps)),
        ("parameter-shift",),
        cells,
        (fault,),
        asked=7,
        total=9,
        seconds=12.0,
    )
    return replace(made, **rest)


def hunted(**rest: Any) -> Hunt:
    """Two devices: one operation whose gradient two methods drop alike, one that breaks down under a third, one that is right."""
    name, dropped = "default.qubit", cell("Rot", "backprop", Standing.WRONG, promise=Promise.BROKEN)
    raised = cell("MultiRZ", "adjoint", Standing.RAISED, words="IndexError: out of range", place="pennylane.devices:slice")
    cells = (cell("Rot"), dropped, replace(dropped, column="adjoint"), cell("MultiRZ"), raised, cell("RX", ulps=3.0))
    plain = certificate(faults=(), asked=3, total=4, methods=("backprop", "adjoint"), cells=cells, abilities=Abilities())
    first = replace(plain, name=name, device=Method(name, ""))
    doubted = cell("RX", "backprop", Standing.OPEN, words="not upheld: numerical differentiation of the QNode itself gives the same")
    second = replace(first, name="default.mixed", cells=(cell("Rot"), dropped, doubted), asked=4, total=4, methods=("backprop",))
    wrong = Find("Rot", (Hit(name, dropped), Hit(name, cells[2]), Hit("default.mixed", dropped)), specimen("Rot"))
    broken = Find("MultiRZ", (Hit(name, raised),), specimen("MultiRZ"))
    return replace(Hunt((first, second), (wrong, broken), 12.0), **rest)
