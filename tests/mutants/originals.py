"""Whole files of every kind that qdiag reads, with something in each of their fields: what mutants are made of."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from qdiag.model.call import Argument, Backward, Event, Failure, Script
from qdiag.model.training import ArgumentOrigin
from qdiag.pipeline import stage_prove
from qdiag.report.content import outline_file
from qdiag.report.formats import findings_json
from qdiag.trace import evaluation_store, schema, twin_variation
from qdiag.trace.call_text import text_of
from qdiag.trace.writer import TraceWriter, create
from tests.unit.trace.test_call_parser import EXAMPLES, PROBE, STEP_PROBE
from tests.unit.trace.test_evaluation_store import FULL
from tests.unit.trace.test_twin_steps import whole
from tests.worlds import recorded_trainings as told
from tests.worlds.results import CASES, ENVIRONMENT
from tests.worlds.scripted import call, circuit

EARLIER = Path(__file__).parent.parent / "e2e" / "runs" / "before-the-rooms"


def traces(folder: Path) -> list[bytes]:
    """A trace by hand, and one that an earlier qdiag recorded."""
    path = folder / "original.qdiag"
    path.unlink(missing_ok=True)
    create(path, Script("train.py", ("--lr", "0.1")))
    with TraceWriter(path) as writer:
        for index in range(3):
            ran = circuit(0.1 * index, "float32", gates=1 + index % 2)
            passes = (Backward((np.asarray(1.0),), (np.asarray(0.5), None), (True, False)),)
            made = call(index, ran, backwards=passes, warnings=("UserWarning: odd",), written=circuit(0.2), layer_dtype="float32")
            made = replace(
                made, arguments=(Argument("x", "torch", "float32", (5, 2), True),), parent=0 if index else None, process=index
            )
            configuration = replace(made.configuration, default_dtype="float32", transforms=("merge_rotations",), layer="TorchLayer")
            configuration = replace(
                configuration, transform_options=(("merge_rotations.atol", 1e-8),), execution_options=(("cache", True),)
            )
            writer.write(
                replace(made, configuration=configuration, failure=Failure("ValueError", "no", ("torch:run:3",)) if index else None)
            )
        writer.events(
            [Event("loss", 1, "train.py:3", 0.5), Event("loss", 2, "nan", None), Event("note", 2, "something"), *training_events()]
        )
        writer.events([Event("unseen: threads", 2, "Calls of two threads were not recorded.", 3.0)])
        for fact, text in {
            "environment": text_of(ENVIRONMENT),
            "failure": text_of(Failure("KeyError", "'x'", ("train:main:3",))),
            "complete": "yes",
            schema.HANDED: "yes",
            "probe-0": text_of(PROBE),
            "probe-1": text_of(replace(PROBE, call=1, complete=False)),
            schema.STEP_PROBES: text_of((STEP_PROBE, replace(STEP_PROBE, call=0))),
        }.items():
            writer.meta(fact, text)
    return [path.read_bytes(), (EARLIER / "trace.qdiag").read_bytes()]


def training_events() -> list[Event]:
    """The facts of a short training."""
    training = told.Told()
    training.optimiser(told.leaf(1, "w", 0.1, 0.2), told.leaf(2, "b", requires_grad=False))
    training.calls_qnode(circuit=(1,), arguments=(ArgumentOrigin("x", False), ArgumentOrigin("w", True, 1, (1,))))
    training.root(1, calls=(0,), digest="abc")
    training.step(told.some(1), told.none(2))
    training.pennylane_step(told.argument("x", "a", "b"))
    kinds = {"Optimiser": "optimiser", "OptimiserStep": "step", "Root": "root", "Clip": "clip", "NotFinite": "not finite"}
    others = [Event(kinds[type(one).__name__], 3, text_of(one)) for one in EXAMPLES if type(one).__name__ in kinds]
    return [*training.events, *others]


def stored_reports() -> list[bytes]:
    """A report of each kind, and one that an earlier qdiag wrote."""
    return [*(outline_file.save(make().document()).encode() for make in CASES.values()), (EARLIER / "report.qdiag").read_bytes()]


def stores(folder: Path) -> list[bytes]:
    """Stored evaluations; those of an earlier qdiag are of another stack, and are not found."""
    path = folder / "original-evaluations.qdiag"
    with evaluation_store.EvaluationStore(path, "stack") as store:
        store.put("a", FULL)
        store.put("b", replace(FULL, failure=None, jacobian=None, hvp=None))
    return [path.read_bytes(), (EARLIER / "evaluations.qdiag").read_bytes()]


def steps_files(folder: Path) -> list[bytes]:
    """The steps of a twin run."""
    path = folder / "original.steps"
    whole(path)
    return [path.read_bytes()]


def variations() -> list[bytes]:
    """What a twin run changes."""
    return [json.dumps(asdict(twin_variation.Variation("adjoint", (0, 3), learning_rate=0.1))).encode()]


def values() -> list[bytes]:
    """What `qdiag check --args` takes."""
    return [b"[0.1, [[1, 2], [3, 4.5]], 3]", b'{"x": [0.1, 0.2], "w": 1e-3}']


def minimal_circuits(folder: Path) -> list[bytes]:
    """The smallest circuit of a finding."""
    stage_prove.keep(circuit(0.3, gates=3), folder / "repro.minimal")
    return [(folder / "repro.minimal").read_bytes()]


def scalars() -> list[bytes]:
    """What is known while a training is watched."""
    return [b'{"qdiag/gap": 0.5, "qdiag/calls": 3.0}']


def findings() -> list[bytes]:
    """Results for programs, and one that says what was asked."""
    made = [findings_json.render(make().document()) for make in CASES.values()]
    told = json.loads(made[0])
    told["asked"] = {"methods": ["default.qubit/adjoint"], "atol": 1e-6, "rtol": None}
    return [text.encode() for text in (*made, json.dumps(told))]
