"""A PennyLane that writes nothing but names, and what to write with it: what specifications of scripts are written against."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from qdiag.model.call import Argument, Call, Configuration, Environment, SourceLine
from qdiag.model.circuit import Circuit
from qdiag.model.comparison import Comparison, Signature, Verdict
from qdiag.model.element import Element, Kind
from qdiag.model.findings import Confidence, Diagnosis, Divergence
from qdiag.model.method import Method
from qdiag.model.node import Node
from qdiag.model.parameter import Parameter
from qdiag.model.probe import Probe, ProbedArgument, ProbedMethod
from qdiag.proving.reproducer.function_cut import FunctionCut
from qdiag.proving.reproducer.material import AS_A_PERSON, Material, Wording
from qdiag.proving.reproducer.writing import write
from tests.worlds.methods import methods


@dataclass(frozen=True)
class FakeSource:
    lines: tuple = ()
    imports: tuple = ("import pennylane as qml",)
    definitions: tuple = ()
    returns: str = "qml.expval(qml.Z(0))"


@dataclass
class FakeLanguage:
    """Writes an operation as ``qml.<name>(<variable or number>)``."""

    asked: list = field(default_factory=list)
    imports: tuple = ("import pennylane as qml",)

    def circuit(self, circuit, live, exact, default_dtype, trusted):
        self.asked.append((exact, trusted))
        names = [live.get(i, repr(p.value.tolist())) for i, p in enumerate(circuit.parameters)]
        return FakeSource(tuple(f"qml.{op.name}({name})" for op, name in zip(circuit.operations, names)), self.imports)

    def number(self, parameter, default_dtype):
        tracked = ", requires_grad=True" if parameter.trainable else ""
        return f"torch.tensor({parameter.value.tolist()}{tracked})", frozenset(["import torch"])

    def device(self, method, wires, shots):
        options = "".join(f", {name}={value!r}" for name, value in method.device_options)
        return f'qml.device("{method.device}", wires={len(wires)}{options})', frozenset()

    def qnode(self, device, method, interface, options, shots):
        return f'qml.QNode(circuit, {device}, diff_method="{method.diff_method}")'


# --- what is written -------------------------------------------------------------------------------------------------------


def rotation(value: Any, trainable: bool = True, container: str = "torch", dtype: Any = None) -> Node:
    return Node("RX", (Parameter(np.array(value, dtype), container, trainable),), None, (0,))


EXPVAL, PROBS = Node("ExpectationMP", (), None, (0,)), Node("ProbabilityMP", (), None, (0,))
STATE = Node("StateMP", (), None, ())
TWO = Circuit((rotation(0.25), rotation(0.5)), (EXPVAL,))
PAIR = methods("default.qubit/adjoint", "default.qubit/backprop")
STACK = Environment("3.11.7", packages=(("pennylane", "0.45.1"),))
DIAGNOSIS = Diagnosis("QD901", "unknown", "", Confidence.UNKNOWN, "", "")


def divergence(
    circuit: Circuit = TWO, names: tuple[Method, ...] = PAIR, where: str = "jacobian", wrong: tuple[Method, ...] = (), **comparison: Any
) -> Divergence:
    here = SourceLine("train.py", 3)
    configuration = Configuration("circuit", here, "default.qubit", interface="torch", resolved="adjoint")
    call = Call(0, 0, here, configuration, (), circuit, None)
    further = {"max_abs": 0.3, "bound": 1e-12, **comparison}
    return Divergence(call, Comparison(names, Verdict.ERROR, where, **further), wrong)  # type: ignore[arg-type]


def configured(found: Divergence, **changes: Any) -> Divergence:
    """The divergence of a call with another configuration."""
    return replace(found, call=replace(found.call, configuration=replace(found.call.configuration, **changes)))


def written(found: Divergence, wording: Wording = AS_A_PERSON, **material: Any) -> str:
    """The text of its script, which is Python."""
    text = write(found, Material(**{"language": FakeLanguage(), "environment": STACK, **material}), wording).source
    ast.parse(text)
    return text


SCALE = Argument("scale", "torch", "float32", (), True)
ALONG_SCALE = Element(Kind.ARGUMENT, by="scale", at=(0,))
PROBE = Probe(0, (ProbedArgument("scale", 0.3, 1e-9, True),), (ProbedMethod("adjoint", (0.0,)),))
FUNCTION = FunctionCut(
    frozenset(["import pennylane as qml"]), ("def circuit(x, scale):", "    return qml.expval(qml.Z(0))"), ("x", "scale")
)


def seen_by_a_probe(*arguments: Argument, element: Element = ALONG_SCALE, circuit: Circuit = TWO) -> Divergence:
    found = divergence(circuit, where=Signature.VJP, names=(PAIR[0], methods("arbiter")[0]), element=element)
    return replace(found, call=replace(found.call, arguments=arguments), probe=PROBE)
