"""A PennyLane that writes nothing but names: what specifications of scripts are written against."""

from dataclasses import dataclass, field


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
