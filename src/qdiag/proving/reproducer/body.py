"""The lines after the quantum function: variables, two results, a table, and the exit code."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Optional

import numpy as np

from qdiag.errors import OpaqueCircuitError
from qdiag.model.circuit import Circuit, measures_midway
from qdiag.model.comparison import Signature
from qdiag.model.import_lines import JAX, NUMPY, TORCH
from qdiag.model.method import JIT, Method
from qdiag.model.node import Wires, walk
from qdiag.model.parameter import TENSORS
from qdiag.proving.reproducer.expressions import Layout, argument_expression, plain, table
from qdiag.proving.reproducer.script_text import graph_settings
from qdiag.proving.reproducer.task import Task
from qdiag.proving.reproducer.variables import Variable

DIFFERENCES_FROM = 1e-5
"""Gaps above this are shown by central differences in the script itself; smaller ones need the arbiter's own numbers."""

LONGEST_INLINE = 112
"""Longer results name their device in a line of its own, where both sides share it."""

MOST_PRINTED = 16
"""Results with more elements than this are shown by the one that differs most."""

_NEEDED = {"torch": frozenset([TORCH]), "jax": frozenset([JAX])}
"""What PennyLane imports for an interface that it is told of."""


class Body:
    """The lines after the quantum function, and the imports that they turn out to need."""

    def __init__(self, task: Task, layout: Layout, default_dtype: str, imports: Iterable[str]) -> None:
        self.task = task
        self.language = task.material.written_in
        self.layout = layout
        self.default_dtype = default_dtype
        self.imports = set(imports)
        self.needs_numpy = any(side.diff_method in ("none", "arbiter") for side in task.sides)
        self.template = layout.template(as_numpy=self.needs_numpy)

    def settings(self) -> list[str]:
        """What must be so before anything is made: the default dtype, the seed."""
        lines = graph_settings(self.task.configuration)
        if self.default_dtype != "float32" and any("torch" in line for line in self.imports):
            lines.append(f"torch.set_default_dtype(torch.{self.default_dtype})")
            self.imports.add(TORCH)
        if self.default_dtype == "float64" and self.layout.interface == "jax":
            lines.append('jax.config.update("jax_enable_x64", True)')
            self.imports.add(JAX)
        if self.task.circuit.shots:
            lines.append("np.random.seed(0)")
        return lines

    def assignments(self) -> list[str]:
        """The variables with their values."""
        if self.task.circuit.shots:
            self.imports.add(NUMPY)
        return [f"{variable.name} = {self._source_of(variable)}" for variable in self.layout.variables]

    def _source_of(self, variable: Variable) -> str:
        text, imports = self.language.number(variable.value, self.default_dtype)
        self.imports |= imports
        return text

    # --- sides

    def device(self, side: Method) -> tuple[str, Method, Sequence[object]]:
        """The device's expression, the method as it is to be written, and the device's wires."""
        own_wires = self.task.configuration.device_wires
        wires = _wires(self.task.circuit, own_wires, needed=side.diff_method == "hadamard")
        if self.task.wording.roomy:
            wires = list(own_wires)
        own = dict(side.gradient_options).get("aux_wire")
        if own is not None:
            wires = [*wires, *({own} - set(wires))]
        elif wires and side.diff_method == "hadamard" and self.task.where is not Signature.RAISE:
            wires, side = self._with_auxiliary(wires, side)
        text, imports = self.language.device(side, wires, self.task.circuit.shots)
        self.imports |= imports
        return text, side, wires

    def _with_auxiliary(self, wires: list[object], side: Method) -> tuple[list[object], Method]:
        """A wire for Hadamard tests: one that the script's device has to spare, which PennyLane takes untold, or one that is added."""
        touched = self.task.circuit.wires
        free = [label for label in self.task.configuration.device_wires if label not in touched]
        if free:
            return [*wires, *(label for label in free[:1] if label not in wires)], side
        spare = len(wires) if wires == list(range(len(wires))) else "aux"
        return [*wires, spare], replace(side, gradient_options=(*side.gradient_options, ("aux_wire", spare)))

    def qnode(self, side: Method, device: str = "") -> str:
        """The expression of a side's QNode."""
        expression, side, _ = self.device(side)
        self.imports |= {JAX} if side.compiled == JIT else set()
        task, options = self.task, dict(self.task.configuration.execution_options)
        gradient = dict(side.gradient_options)
        order = gradient.pop("max_diff", 2)
        side = replace(side, gradient_options=tuple(gradient.items()))
        if self.layout.quantity == "hessian":
            options.setdefault("max_diff", order)
        interface = task.configuration.interface if self.layout.interface == "numpy" else self.layout.interface
        if not task.wording.readable and interface in TENSORS and side.diff_method != "none":
            # PennyLane cannot find out an interface whose only tracked numbers are hidden from its tape, or that tracks none, while
            # results are rounded to its dtype; plain numbers come back plain
            options["interface"] = interface
            self.imports |= _NEEDED.get(interface, frozenset())
        return self.language.qnode(device or expression, side, self.layout.interface, tuple(options.items()), task.circuit.shots)

    def value(self, side: Method, device: str = "") -> str:
        """What one side works out, in a line."""
        precision = side.precision
        arguments = ", ".join(argument_expression(v, self.layout.interface, precision) for v in self.layout.variables)
        if side.diff_method == "none":
            arguments = ", ".join(plain(v, self.layout.interface) for v in self.layout.variables)
            found = self.layout.outputs(NUMPY, "np.hstack")
            self.imports |= found.imports
            return found.fill(self.qnode(side, device), arguments)
        self.imports |= self.template.imports
        if self.template.is_plain:
            return self.template.fill(self.qnode(side, device), arguments)
        return f"result({', '.join(filter(None, [self.qnode(side, device), arguments]))})"

    def helper(self) -> list[str]:
        """The function that both sides share, where what they work out takes more than a call."""
        if self.template.is_plain or self.task.where in (Signature.SHAPE, Signature.DTYPE):
            return []
        arguments = ", ".join(filter(None, ["qnode", self.layout.names]))
        return ["", "", f"def result({arguments}):", f"    return {self.template.fill('qnode', self.layout.names)}"]

    # --- verdicts

    def verdict(self) -> list[str]:
        """The results of both sides, their table, and the exit code."""
        where = self.task.where
        if where is Signature.RAISE:
            return self.raising()
        if where in (Signature.SHAPE, Signature.DTYPE):
            return self.attribute(where)
        return self.difference()

    def difference(self) -> list[str]:
        """Two results that should be equal."""
        first, second = self.task.sides
        known = self.layout.reference(self.task.reference)
        device = self.device(first)[0]
        if len(self.value(first)) > LONGEST_INLINE and device == self.device(second)[0]:
            lines = [f"device = {device}", f"a = {self.value(first, 'device')}", *self.other(second, known, "device")]
        else:
            lines = [f"a = {self.value(first)}", *self.other(second, known)]
        tolerance = f"{self.task.tolerance:.2g}"
        return [
            *lines,
            "gap = abs(a - b).max()",
            *self.printing_code(known if second.diff_method != "arbiter" else None),
            f"sys.exit(not gap <= {tolerance})  # 1 while they differ, also by NaN",
        ]

    def printing_code(self, known: Optional[np.ndarray]) -> list[str]:
        """The table: both results and the reference in full, or only the worst element where they are large."""
        labels = [self.task.label(side) for side in self.task.sides]
        width = max(len("difference"), *map(len, labels))
        large = sum(v.value.value.size for v in self.layout.variables) * len(self.task.circuit.measurements) > MOST_PRINTED
        shown = "reshape(-1)[worst].item()" if large else "tolist()"
        lines = ["worst = abs(a - b).reshape(-1).argmax()"] if large else []
        lines += [f'print("{label:{width}}", {name}.{shown})' for label, name in zip(labels, "ab")]
        if known is not None:
            text = f"np.array({table(known)}).reshape(-1)[worst]" if large else table(known)
            self.imports |= {NUMPY} if large else set()
            lines.append(f'print("{"reference":{width}}", {text})')
        return [*lines, f'print("{"difference":{width}}", float(gap), "tolerated {self.task.tolerance:.2g}")']

    def other(self, side: Method, known: Optional[np.ndarray], device: str = "") -> list[str]:
        """Lines that give the second side as ``b``."""
        is_gradient = self.layout.quantity != "output"
        if side.diff_method not in ("none", "arbiter"):
            return [f"b = {self.value(side, device)}"]
        if is_gradient and (known is None or self.task.comparison.max_abs > DIFFERENCES_FROM):
            lines = self.layout.differences(self.qnode(replace(side, diff_method="none"), device))
            if lines:
                self.imports.add(NUMPY)
                return lines
        self.imports.add(NUMPY)
        if side.diff_method == "none" and not is_gradient:
            return [f"b = np.array({self.value(side, device)})"]
        if known is None:
            raise OpaqueCircuitError("there is no reference to hold the method against", "read the values in findings.json")
        return [f"b = np.array({table(known)})"]

    def raising(self) -> list[str]:
        """A call that should not raise, after one that does not."""
        culprit, other = self.task.sides
        label = self.task.label(culprit)
        raised = {method for method, _ in self.task.divergence.raised}
        lines = []
        beside = other != culprit and not self.task.wording.alone
        if beside and other.diff_method not in ("none", "arbiter") and other not in raised:
            lines.append(f'print("{self.task.label(other)}:", {self.value(other)})')
        lines += [f"device = {self.device(culprit)[0]}", "try:", f'    print("{label}:", {self.value(culprit, "device")})']
        if culprit.compiled:
            lines += _except_quoting_clause(self.task.exception)
            said = "str(error).strip().splitlines()[-1]"
        else:
            lines += _except_clause(self.task.exception)
            said = "error"
        return [*lines, f'    sys.exit(f"{label} raises {{type(error).__name__}}: {{{said}}}")  # exit code 1']

    def attribute(self, where: Signature) -> list[str]:
        """Two shapes or dtypes that should be equal."""
        first, second = self.task.sides
        lines = []
        for name, side in (("a", first), ("b", second)):
            call = f"{self.qnode(side)}({', '.join(v.name for v in self.layout.variables)})"
            lines.append(f"{name} = [result.{where} for result in {call}]" if self.layout.several else f"{name} = {call}.{where}")
        width = max(len(self.task.label(side)) for side in (first, second))
        lines += [f'print("{self.task.label(side):{width}}", {name})' for name, side in (("a", first), ("b", second))]
        return [*lines, "sys.exit(a != b)  # 1 while they differ"]


def _work_wires(circuit: Circuit, device_wires: Sequence[object]) -> list[object]:
    """The device's wires that operations are told of and do not count among their own: some methods need them, and others do not."""
    told = (label for node in circuit.operations for value in walk(node) if isinstance(value, Wires) for label in value.labels)
    return [label for label in dict.fromkeys(told) if label in device_wires and label not in circuit.wires]


def _except_clause(exception: str) -> list[str]:
    """The ``except`` clause for an exception by its class name, without importing its class."""
    kind = getattr(builtins, exception, None)
    if isinstance(kind, type) and issubclass(kind, Exception):
        return [f"except {exception} as error:"]
    if not exception.isidentifier():
        return ["except Exception as error:"]
    return ["except Exception as error:", f'    if type(error).__name__ != "{exception}":', "        raise"]


def _except_quoting_clause(exception: str) -> list[str]:
    """The same where JAX makes an exception of its own of it, and quotes it with its traceback."""
    if not exception.isidentifier():
        return ["except Exception as error:"]
    return ["except Exception as error:", f'    if "{exception}" not in f"{{type(error).__name__}} {{error}}":', "        raise"]


def _wires(circuit: Circuit, device_wires: Sequence[object], *, needed: bool) -> list[object]:
    """The device's wires: those that the circuit touches, and the user's own where a measurement is of all of them.

    None at all where the user gave none, a measurement is of all, and no other wire is needed: then their order is what is shown.
    A measurement in the middle may be put off to wires that no operation names: then they are the user's, or none.
    """
    if measures_midway(circuit):
        return list(device_wires)
    labels: list[object] = [*circuit.wires, *_work_wires(circuit, device_wires)]
    if any(not node.wires for node in circuit.measurements) and set(labels) <= set(device_wires):
        labels = list(device_wires)
    elif any(not node.wires for node in circuit.measurements) and not device_wires and not needed:
        return []
    whole = all(isinstance(label, int) for label in labels)
    return sorted(labels, key=lambda label: label if whole else 0) if labels else [0]  # type: ignore[arg-type, return-value]
