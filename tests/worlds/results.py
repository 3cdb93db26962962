"""Hand-made results, one of each kind, with the figures of real runs: what every format's golden file is made from."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Optional

import numpy as np

from qdiag.diagnosis.causes.around_the_qnode import ZERO_COTANGENT
from qdiag.model.call import Argument, Call, Configuration, Environment, Failure, Script, SourceLine
from qdiag.model.circuit import Circuit
from qdiag.model.comparison import Comparison, Signature, Verdict
from qdiag.model.coverage import Coverage, Gap, Unseen
from qdiag.model.element import Element, Kind
from qdiag.model.evaluation import Evaluation
from qdiag.model.findings import Confidence, Diagnosis, Divergence, Evidence, Finding, Minimal, Outcome, Reproducer
from qdiag.model.promise import Promise
from qdiag.model.remarks import Remark
from qdiag.model.result import Cost, ReplaySummary, Result, Unfaithful
from qdiag.model.unanswered import Reason, Unanswered
from qdiag.report.content.document import document
from qdiag.report.outline import Document, NextStep
from qdiag.report.redacting.redaction import Secrets
from tests.worlds.methods import ADJOINT, BACKPROP, DIFFERENCES, HADAMARD, LIGHTNING, SHIFT
from tests.worlds.small_circuits import circuit, combination, controlled, expval, gate, probs

EPS32 = float(np.finfo(np.float32).eps)

ENVIRONMENT = Environment(
    "3.11.7",
    "Linux x86_64",
    (("pennylane", "0.45.1"), ("pennylane-lightning", "0.45.0"), ("torch", "2.13.0"), ("numpy", "2.4.6")),
    ("default.mixed", "default.qubit", "lightning.qubit"),
    (("OMP_NUM_THREADS", "1"), ("numpy BLAS", "scipy-openblas 0.3.30"), ("torch default dtype", "float32"), ("torch threads", 1)),
)


NO_SECRETS = Secrets()


@dataclass(frozen=True)
class Case:
    """A result with what surrounds it."""

    result: Result
    script: Script
    files: tuple[str, ...] = ("trace.qdiag", "findings.json", "report.md", "report.html", "repro.py")
    next_step: Optional[NextStep] = None

    def document(self, secrets: Secrets = NO_SECRETS) -> Document:
        """The report on it."""
        folder = f"qdiag-runs/{self.script.path[:-3]}-1"
        return document(
            self.result, self.script, ENVIRONMENT, folder=folder, files=self.files, next_step=self.next_step, secrets=secrets
        )


def call(ran: Circuit, index: int = 0, method: str = "backprop", **changes: Any) -> Call:
    """A call of a model's QNode."""
    source = SourceLine("train.py", 45)
    configuration = Configuration(
        "Model.qnode", SourceLine("train.py", 31), "default.qubit", interface="torch", requested=method, resolved=method
    )
    return Call(index, index, source, configuration, (), ran, None, output_container="torch", **changes)


# --- rounding: the training that started the project -------------------------------------------------------------------


def moons() -> Case:
    """Rounding, confirmed to come from float32 parameters."""
    angles = [gate("RZ", 0.31, wires=(w,), trainable=True, dtype="float32") for w in (0, 1)]
    weights = [gate("RY", 1.27, wires=(w,), trainable=True, dtype="float32") for w in (0, 1)]
    hadamards = [gate("Hadamard", wires=(w,)) for w in (0, 1)]
    gates = (hadamards[0], angles[0], hadamards[1], angles[1], gate("CNOT", wires=(0, 1)), *weights)
    ran = circuit(*gates, measured=tuple(expval(gate("PauliZ", wires=(w,))) for w in (0, 1)))
    arguments = (Argument("inputs", "torch", "float32", (5, 2), True), Argument("weights", "torch", "float32", (2,), True))
    made = replace(
        call(ran),
        arguments=arguments,
        outputs=(np.zeros(5), np.zeros(5)),
        layer_dtype="float32",
        configuration=replace(call(ran).configuration, layer="TorchLayer"),
    )
    pair = Comparison(
        (BACKPROP, ADJOINT),
        Verdict.ROUNDING,
        Signature.VJP,
        Element(Kind.PRODUCT, by="RY#1"),
        (0.28366217, 0.28366223),
        6.0e-08,
        6.0e-08,
        0.5,
        EPS32,
        2.1e-07,
        9.5e-07,
        8.9e-16,
        1.0,
    )
    worst = replace(pair, max_abs=1.7e-07, ulps=1.43, max_rel=1.7e-07)
    divergence = Divergence(
        made, pair, (), "both agree with the reference to float32 rounding", (), worst, 57, tuple(range(241))
    )
    comparisons = tuple(
        (i, replace(pair, methods=(BACKPROP, other), ulps=abs(math.sin(i * 1.3 + shift)) * 1.4, max_abs=6e-8))
        for other, shift, stride in ((ADJOINT, 0.1, 1), (SHIFT, 0.6, 30))
        for i in range(0, 241, stride)
    )
    finding = Finding(
        divergence,
        _float32(),
        Minimal(
            2,
            1,
            1,
            1,
            31,
            True,
            circuit(gate("Hadamard"), gate("RY", 1.27, trainable=True, dtype="float32")),
            ("any number in RY on wire 0 shows it", "the two agree with float64 numbers"),
            0.8,
        ),
        Reproducer(_SCRIPT, "qdiag-runs/moons-1/repro.py", True, 1, "backprop  0.28366217\nadjoint   0.28366223\ngap       6.0e-08\n"),
        _evaluations(ran),
    )
    replay = ReplaySummary(
        (BACKPROP, ADJOINT, SHIFT, DIFFERENCES),
        241,
        ((SHIFT, 9), (DIFFERENCES, 9)),
        (Unanswered(HADAMARD, Reason.REFUSES, Failure("", "hadamard gradients need a free wire", refusal=True), (0,), 1),),
        comparisons=comparisons,
        costs=(Cost(BACKPROP, 241, 1.93), Cost(ADJOINT, 241, 1.21), Cost(SHIFT, 9, 0.31), Cost(DIFFERENCES, 9, 0.16)),
    )
    result = Result(replay, 241, 240, (("Model.qnode", "train.py:31"),), Verdict.ROUNDING, (finding,))
    script = Script("moons.py", ("default.qubit", "backprop"), False, 0)
    return Case(
        result, script, next_step=NextStep(("qdiag", "twin", "moons.py"), script.argv, "why the losses part although every call agrees")
    )


def _float32() -> Diagnosis:
    return Diagnosis(
        "QD101",
        "float32-parameters",
        "float32 parameters",
        Confidence.CONFIRMED,
        "backprop builds gate matrices in complex64 from float32 parameters; adjoint computes in complex128",
        "torch.set_default_dtype(torch.float64) before the model is made, and x.double() for data",
        (
            Evidence("float64 parameters", 6.0e-08, 2.2e-16, Outcome.HEALS, True, "heals"),
            Evidence("back in float32", 6.0e-08, 6.0e-08, Outcome.PERSISTS, True, "persists"),
        ),
        ("QD102", "QD201"),
    )


def _evaluations(ran: Circuit) -> tuple[Evaluation, ...]:
    numbers = np.linspace(-1, 1, 8).reshape(2, 4)
    rounded = numbers + 6e-8 * np.sin(np.arange(8)).reshape(2, 4)
    return tuple(
        Evaluation(
            method,
            (np.asarray(0.5), np.asarray(0.25)),
            jacobian=tuple(tuple(np.asarray(x) for x in row) for row in matrix),
        )
        for method, matrix in ((BACKPROP, numbers), (ADJOINT, rounded))
    )


_SCRIPT = '''"""backprop and adjoint differ by 6.0e-08: float32 rounding inside the gate matrices (QD101)."""
import pennylane as qml
import torch

x = torch.tensor(1.27, requires_grad=True)


def circuit(x):
    qml.Hadamard(0)
    qml.RY(x, 0)
    return qml.expval(qml.Z(0))


gradients = [
    torch.autograd.grad(qml.QNode(circuit, qml.device("default.qubit", wires=1), diff_method=m)(x), x)[0]
    for m in ("backprop", "adjoint")
]
print(*gradients)
raise SystemExit(int(gradients[0] != gradients[1]))
'''


# --- error: a gradient given to the wrong parameters -------------------------------------------------------------------


def shifted() -> Case:
    """Adjoint's gradient is shifted by the observable's coefficients."""
    gates = [gate("RX", 0.4, wires=(0,), trainable=True), gate("RY", 0.7, wires=(1,), trainable=True), gate("CNOT", wires=(0, 1))]
    readout = combination((1.2, gate("PauliZ")), (0.5, gate("PauliX", wires=(1,))))
    ran = circuit(*gates, controlled(gate("RZ", 0.25, wires=(1,), trainable=True), 0), measured=(expval(readout),))
    pair = Comparison(
        (ADJOINT, BACKPROP),
        Verdict.ERROR,
        Signature.JACOBIAN,
        Element(Kind.JACOBIAN, by="RX#0"),
        (0.0, -0.46730201),
        6.07,
        2.4,
        1.1e16,
        2.2e-16,
        2.4,
        9.1e-15,
    )
    because = "adjoint counts the observable's coefficients among the gates' parameters, so each gradient is written one slot too late"
    diagnosis = Diagnosis(
        "QD303",
        "shifted-gradient",
        "gradient given to the wrong parameter",
        Confidence.CONFIRMED,
        because,
        "freeze the coefficients, or use backprop until it is fixed",
        (
            Evidence("observable's coefficients frozen", 6.07, 2.2e-16, Outcome.HEALS, True, "heals"),
            Evidence("parameters nudged by 1e-3", 6.07, 6.06, Outcome.PERSISTS, True, "persists"),
            Evidence("float64 parameters", 6.07, 6.07, Outcome.PERSISTS, True, "persists"),
        ),
        ("QD302", "QD404"),
        "LinearCombination (measurement 0)",
    )
    divergence = Divergence(
        call(ran, method="adjoint"),
        pair,
        (ADJOINT,),
        "adjoint is wrong: all others agree with the reference",
        (),
        pair,
        0,
        (0, 1, 2),
    )
    reproducer = Reproducer(_SCRIPT.replace("6.0e-08", "6.07"), "repro.py", True, 1)
    minimal = Minimal(3, 2, 3, 1, 58, False, circuit(*gates, measured=(expval(readout),)))
    second = Finding(
        Divergence(
            call(ran, 3, "adjoint"),
            replace(pair, methods=(ADJOINT, LIGHTNING), where=Signature.NAN, values=(math.nan, 0.25), detail="nan against 0.25"),
            (ADJOINT,),
        ),
        Diagnosis(
            "QD901", "unknown", "unknown", Confidence.UNKNOWN, "no cause that qdiag knows explains every experiment", "report it"
        ),
        unreproduced="the circuit cannot be written as source",
    )
    result = Result(
        ReplaySummary((ADJOINT, BACKPROP, SHIFT, LIGHTNING), 6), 6, 2, (("circuit", "train.py:14"),), Verdict.ERROR,
        (Finding(divergence, diagnosis, minimal, reproducer, promise=Promise.SILENT), second),
    )  # fmt: skip
    return Case(result, Script("train.py", ("default.qubit", "adjoint", "--token=swordfish"), False, 0))


# --- the others --------------------------------------------------------------------------------------------------------


def raising() -> Case:
    """The script's own method raises, and the script dies of it."""
    ran = circuit(gate("GlobalPhase", 0.3, trainable=True), gate("RX", 0.2, trainable=True), measured=(probs(0),))
    words = "Computing the gradient of circuits that return the state with the parameter-shift rule gradient transform is not supported"
    failure = Failure("ValueError", words, ("pennylane.gradients.parameter_shift:_expval_param_shift:412",), "backward")
    made = call(ran, 4, "parameter-shift", failure=failure)
    pair = Comparison((SHIFT, BACKPROP), Verdict.ERROR, Signature.RAISE, detail=words)
    diagnosis = Diagnosis(
        "QD304",
        "method-refuses",
        "method refuses or breaks on this circuit",
        Confidence.LIKELY,
        "parameter-shift has no rule for GlobalPhase",
        "use backprop, or leave the phase out: it changes no expectation value",
        (
            Evidence("GlobalPhase removed", None, 5.6e-17, Outcome.HEALS, True, "heals"),
            Evidence("RX removed", None, None, Outcome.PERSISTS, True, "persists"),
        ),
    )
    divergence = Divergence(made, pair, (SHIFT,), raised=((SHIFT, Failure("", words)),), calls=(4,))
    result = Result(
        ReplaySummary((SHIFT, BACKPROP), 5), 5, 4, (("circuit", "phase.py:9"),), Verdict.ERROR, (Finding(divergence, diagnosis),)
    )
    return Case(result, Script("phase.py", (), False, 1, failure), ("trace.qdiag", "findings.json"))


def healthy() -> Case:
    """Nothing found."""
    result = Result(ReplaySummary((BACKPROP, ADJOINT), 1), 1, 0, (("circuit", "fine.py:9"),), Verdict.AGREE)
    return Case(result, Script("fine.py", (), False, 0), ("trace.qdiag", "findings.json"))


def noisy() -> Case:
    """Shots: nothing can be said."""
    ran = circuit(gate("RX", 0.2, trainable=True), shots=(100,))
    pair = Comparison(
        (SHIFT, SHIFT),
        Verdict.INCONCLUSIVE,
        Signature.OUTPUT,
        Element(Kind.OUTPUT),
        (0.98, 0.94),
        0.04,
        0.04,
        1.8e14,
        2.2e-16,
        0.04,
        0.31,
        detail="sampled",
    )
    divergence = Divergence(
        call(ran, method="parameter-shift"), pair, judged="the gap is within the sampling error of 100 shots"
    )
    because = "100 shots leave an error of 0.1"
    diagnosis = Diagnosis("QD601", "shot-noise", "shot noise", Confidence.CONFIRMED, because, "more shots, or none")
    replay = ReplaySummary((SHIFT,), 3, unfaithful=(Unfaithful(1, "output 0 is off by 0.04", explained=False),))
    result = Result(
        replay, 3, 0, (("circuit", "noisy.py:9"),), Verdict.INCONCLUSIVE, (Finding(divergence, diagnosis),),
        coverage=Coverage(3, 2, (Unseen(Gap.BUDGET, "The budget of 5 s ended the replay after 2 of 3 calls.", 1, 3),)),
    )  # fmt: skip
    return Case(result, Script("noisy.py", (), False, 0), ("trace.qdiag", "findings.json"))


def remarked() -> Case:
    """A training that works on rounding alone, and whose loss takes the sign of what the QNode gives."""
    seen = call(circuit(gate("RX", 0.3, trainable=True)))
    diagnosis = ZERO_COTANGENT.diagnosis(
        Confidence.CONFIRMED,
        "the loss takes the sign of the outputs: it stays as it is when they are moved",
        evidence=(Evidence("outputs moved by 0.001", 0.0, 0.0, Outcome.PERSISTS, True, "the loss"),),
    )
    remark = Remark(
        Verdict.REMARK, Signature.VJP, diagnosis, seen, (0, 1, 2), places=(SourceLine("train.py", 52),), qnodes=("Model.qnode",)
    )
    made = moons()
    return replace(made, result=replace(made.result, verdict=Verdict.REMARK, remarks=(remark,)))


CASES = {"moons": moons, "shifted": shifted, "raising": raising, "healthy": healthy, "noisy": noisy, "remarked": remarked}
