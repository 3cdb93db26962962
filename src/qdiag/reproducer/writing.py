"""From a divergence and its (minimal) circuit to the text of a script: both sides, a small table, and the exit code.

The script needs PennyLane and torch or numpy only. What depends on their versions is asked of `bridges.source`.
"""

from __future__ import annotations

import builtins
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Callable, Optional, Protocol

import numpy as np

from qdiag.call import Configuration, Environment
from qdiag.circuit import Circuit, Parameter
from qdiag.compare import Comparison, Verdict
from qdiag.errors import OpaqueCircuitError
from qdiag.evaluate import Evaluation
from qdiag.findings import Diagnosis, Divergence, Reproducer
from qdiag.method import Method, Option, parse
from qdiag.reproducer.comparing import NUMPY, Layout, converted, plain, table
from qdiag.reproducer.layers import batch_script
from qdiag.reproducer.script import Script, versions
from qdiag.reproducer.variables import Variable, variables_of

_EXCEPTION = re.compile(r"raises ([A-Za-z_]\w*)")
_UNSAFE = re.compile(r"[^\w./@\[\] \-]")

DIFFERENCES_FROM = 1e-5
"""Gaps above this are shown by central differences in the script itself; smaller ones need the arbiter's own numbers."""


class Source(Protocol):
    """What a circuit's source has: see `bridges.source.CircuitSource`."""

    @property
    def imports(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def definitions(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def lines(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def returns(self) -> str: ...  # noqa: D102


class Language(Protocol):
    """How this PennyLane is written: `bridges.source`, or a fake."""

    def circuit(self, circuit: Circuit, live: Mapping[int, str], exact: bool, default_dtype: str, trusted: bool) -> Source:
        """A circuit's source."""

    def number(self, parameter: Parameter, default_dtype: str) -> tuple[str, frozenset[str]]:
        """A number's source and imports."""

    def device(self, method: Method, wires: Sequence[object], shots: Sequence[int]) -> tuple[str, frozenset[str]]:
        """The expression of a method's device and its imports."""

    def qnode(self, device: str, method: Method, interface: str, options: Sequence[tuple[str, Option]], shots: Sequence[int]) -> str:
        """The expression of the QNode of ``circuit``."""


def write(
    divergence: Divergence,
    circuit: Optional[Circuit] = None,
    *,
    reference: Optional[Evaluation] = None,
    tolerance: Optional[float] = None,
    methods: Optional[tuple[Method, Method]] = None,
    environment: Optional[Environment] = None,
    notes: Sequence[str] = (),
    readable: bool = True,
    trusted: bool = False,
    language: Optional[Language] = None,
) -> Reproducer:
    """Write the script that shows a divergence.

    Parameters
    ----------
    divergence
        What it shows.
    circuit
        The circuit to show it on; the call's own where there is no smaller one.
    reference
        The arbiter's evaluation of that circuit, to print or to hold the method against.
    tolerance
        Absolute; derived from the comparison where it is None.
    methods
        Both sides, where their names do not say everything (device and gradient options).
    environment
        Versions to name; those installed here where it is None.
    notes
        Sentences for the comment at the top: which numbers do not matter, what makes it go away.
    readable
        Whether untracked numbers may be written as plain ones; otherwise each keeps the container it was recorded in.
    trusted
        Whether class definitions inside the circuit may be executed.
    language
        `bridges.source` where it is None.

    Raises
    ------
    OpaqueCircuitError
        If the circuit cannot be written as source, or there is nothing to hold the method against.
    """
    circuit = divergence.call.circuit if circuit is None else circuit
    task = _Task(divergence, circuit, reference, tolerance, methods, readable, trusted, language or _pennylane())
    header = (*task.header, f"Found with {versions(environment)}.", *notes)
    return Reproducer(replace(task.script(), header=header).text)


def write_for(
    divergence: Divergence, diagnosis: Diagnosis, *, environment: Optional[Environment] = None, language: Optional[Language] = None
) -> Optional[Reproducer]:
    """The script of a finding whose cause lies outside the circuit, or None where the circuit alone shows it."""
    maker = _BY_CAUSE.get(diagnosis.code)
    if maker is None:
        return None
    script = maker(divergence.call, language or _pennylane())
    return Reproducer(replace(script, header=(*script.header, f"Found with {versions(environment)}.")).text)


_BY_CAUSE: dict[str, Callable[[Any, Any], Script]] = {"QD504": batch_script}
"""Causes whose script keeps what surrounds the circuit."""


def _pennylane() -> Language:
    from qdiag.reproducer.language import PENNYLANE

    return PENNYLANE


# --- one script ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Task:
    divergence: Divergence
    circuit: Circuit
    reference: Optional[Evaluation]
    given_tolerance: Optional[float]
    given_methods: Optional[tuple[Method, Method]]
    readable: bool
    trusted: bool
    language: Language

    @property
    def configuration(self) -> Configuration:
        return self.divergence.call.configuration

    @property
    def comparison(self) -> Comparison:
        return self.divergence.comparison

    @property
    def where(self) -> str:
        return self.divergence.signature or self.comparison.where

    @property
    def interface(self) -> str:
        containers = {p.container for p in self.circuit.parameters if p.trainable}
        return next((name for name in ("torch", "autograd") if name in containers), "numpy")

    @property
    def quantity(self) -> str:
        gradient = not self.comparison.element.startswith("output") and bool(self.circuit.trainable)
        if self.where in ("output", "shape", "dtype"):
            return "output"
        if self.where == "second-derivative":
            return "hessian"
        return "jacobian" if gradient else "output"

    @property
    def sides(self) -> tuple[Method, Method]:
        """Both sides; what is wrong, or raises, stands first."""
        first, second = self.given_methods or (self._method(self.comparison.methods[0]), self._method(self.comparison.methods[1]))
        culprits = [name for name, _ in self.divergence.raised] if self.where == "raise" else list(self.divergence.wrong)
        names = self.comparison.methods
        turned = second.diff_method not in ("none", "arbiter") and names[0] not in culprits and names[1] in culprits
        if first.diff_method in ("none", "arbiter") or turned:
            return second, first
        return first, second

    def _method(self, name: str) -> Method:
        device, _, rest = name.rpartition("/")
        if rest in ("arbiter", "plain", "none"):
            return Method(device.partition("[")[0] or self.configuration.device, "arbiter" if rest == "arbiter" else "none")
        found = parse(name).on(self.configuration.device)
        own = self.configuration.method
        if (found.device, found.diff_method) == (own.device, own.diff_method):
            found = replace(found, device_options=own.device_options, gradient_options=own.gradient_options)
        return found

    @property
    def tolerance(self) -> float:
        """A power of ten between what rounding explains and the gap."""
        if self.given_tolerance is not None:
            return self.given_tolerance
        rounding = self.comparison.verdict is Verdict.ROUNDING
        floor = self.comparison.float64_bound if rounding else self.comparison.bound
        gap = self.comparison.max_abs
        floor = max(floor, 1e-16)
        if not math.isfinite(gap) or gap <= 0:
            return float(10.0 ** math.ceil(math.log10(max(floor, 1e-9))))
        middle = math.sqrt(floor * gap)
        return float(10.0 ** math.floor(math.log10(middle))) if middle > floor else float(floor)

    # --- parts

    @property
    def header(self) -> tuple[str, ...]:
        first, second = (self.label(side, full=True) for side in self.sides)
        what = {"output": "outputs", "jacobian": "gradients", "hessian": "second derivatives"}[self.quantity]
        if self.where == "raise":
            return (f"{first} raises {self.exception} on this circuit.", "Exits 1 while it does, 0 once it returns numbers.")
        if self.where in ("shape", "dtype"):
            return (f"The outputs of {first} and {second} differ in {self.where}.", "Exits 1 while they do, 0 once they agree.")
        verb = "differ by no more than rounding, and yet differ" if self.comparison.verdict is Verdict.ROUNDING else "differ"
        wrong = f" Wrong: {', '.join(self.divergence.wrong)}." if self.divergence.wrong else ""
        return (
            f"The {what} of {first} and {second} {verb}.{wrong}",
            f"Exits 1 while they are more than {self.tolerance:.2g} apart, 0 once they agree.",
        )

    def label(self, side: Method, full: bool = False) -> str:
        """How the output calls a side: without the device where both have the same, unless in ``full``."""
        if side.diff_method == "arbiter":
            return "a numerical reference" if full else "reference"
        if side.diff_method == "none":
            return "untracked numbers"
        same = not full and len({(m.device, m.device_precision) for m in self.sides if m.diff_method not in ("none", "arbiter")}) == 1
        return _UNSAFE.sub("?", str(replace(side, device="", device_precision="") if same else side))

    def script(self) -> Script:
        """All parts but the finished header."""
        promoted = any(side.precision for side in self.sides)
        # torch's functional derivatives track their inputs themselves
        tracked = self.quantity == "output" or self.interface != "torch"
        found = variables_of(self.circuit, readable=self.readable, also_untracked=promoted)
        variables = tuple(replace(variable, value=replace(variable.value, trainable=tracked)) for variable in found)
        layout = Layout(self.circuit, self.interface, variables, self.quantity)
        live = {position: name for variable in variables for position, name in variable.entries}
        default = self.configuration.default_dtype or "float32"
        source = self.language.circuit(self.circuit, live, not self.readable, default, self.trusted)
        parts = _Parts(self, layout, default)
        body = [*parts.assignments(), *parts.verdict()]
        function = [f"def circuit({layout.names}):", *(f"    {line}" for line in source.lines), f"    return {source.returns}"]
        function += parts.helper()
        imports = frozenset(source.imports) | parts.imports
        return Script((), imports, tuple(parts.settings()), source.definitions, tuple(function), tuple(body))

    @property
    def exception(self) -> str:
        """The class name of what the first side raises."""
        words = [self.comparison.detail, *(f"{name} raises {text}" for name, text in self.divergence.raised)]
        own = str(self.sides[0])
        for sentence in "; ".join(words).split("; "):
            match = _EXCEPTION.search(sentence)
            if match and sentence.startswith(own):
                return match[1]
        failure = self.divergence.call.failure
        return failure.type if failure is not None else "Exception"


class _Parts:
    """The lines after the quantum function, and the imports that they turn out to need."""

    def __init__(self, task: _Task, layout: Layout, default_dtype: str) -> None:
        self.task = task
        self.layout = layout
        self.default_dtype = default_dtype
        self.imports: set[str] = set()
        self.needs_numpy = any(side.diff_method in ("none", "arbiter") for side in task.sides)
        self.template = layout.template(as_numpy=self.needs_numpy)

    def settings(self) -> list[str]:
        lines = []
        if self.default_dtype != "float32" and any("torch" in line for line in self.imports):
            lines.append(f"torch.set_default_dtype(torch.{self.default_dtype})")
            self.imports.add("import torch")
        if self.task.circuit.shots:
            lines.append("np.random.seed(0)")
        return lines

    def assignments(self) -> list[str]:
        if self.task.circuit.shots:
            self.imports.add(NUMPY)
        return [f"{variable.name} = {self._number(variable)}" for variable in self.layout.variables]

    def _number(self, variable: Variable) -> str:
        text, imports = self.task.language.number(variable.value, self.default_dtype)
        self.imports |= imports
        return text

    # --- sides

    def device(self, side: Method) -> tuple[str, Method, Sequence[object]]:
        """The device's expression, the method as it is to be written, and the device's wires."""
        wires = _wires(self.task.circuit, self.task.configuration.device_wires)
        if side.diff_method == "hadamard" and self.task.where != "raise" and "aux_wire" not in dict(side.gradient_options):
            spare = len(wires) if wires == list(range(len(wires))) else "aux"
            wires, side = [*wires, spare], replace(side, gradient_options=(*side.gradient_options, ("aux_wire", spare)))
        text, imports = self.task.language.device(side, wires, self.task.circuit.shots)
        self.imports |= imports
        return text, side, wires

    def qnode(self, side: Method, device: str = "") -> str:
        expression, side, _ = self.device(side)
        task, options = self.task, dict(self.task.configuration.execution_options)
        if self.layout.quantity == "hessian":
            options["max_diff"] = 2
        return task.language.qnode(device or expression, side, self.layout.interface, tuple(options.items()), task.circuit.shots)

    def value(self, side: Method, device: str = "") -> str:
        """What one side works out, in a line."""
        precision = side.precision
        arguments = ", ".join(converted(v, self.layout.interface, precision) for v in self.layout.variables)
        if side.diff_method == "none":
            arguments = ", ".join(plain(v, self.layout.interface) for v in self.layout.variables)
            found = self.layout.outputs(NUMPY, "np.hstack")
            self.imports |= found.imports
            return found.filled(self.qnode(side, device), arguments)
        self.imports |= self.template.imports
        if self.template.is_plain:
            return self.template.filled(self.qnode(side, device), arguments)
        return f"result({', '.join(filter(None, [self.qnode(side, device), arguments]))})"

    def helper(self) -> list[str]:
        """The function that both sides share, where what they work out takes more than a call."""
        if self.template.is_plain or self.task.where in ("shape", "dtype"):
            return []
        arguments = ", ".join(filter(None, ["qnode", self.layout.names]))
        return ["", "", f"def result({arguments}):", f"    return {self.template.filled('qnode', self.layout.names)}"]

    # --- verdicts

    def verdict(self) -> list[str]:
        where = self.task.where
        if where == "raise":
            return self.raising()
        if where in ("shape", "dtype"):
            return self.attribute(where)
        return self.difference()

    def difference(self) -> list[str]:
        first, second = self.task.sides
        rows = [(self.task.label(first), "a.tolist()"), (self.task.label(second), "b.tolist()")]
        known = self.layout.reference(self.task.reference)
        lines = [f"a = {self.value(first)}", *self.other(second, known)]
        if known is not None and second.diff_method != "arbiter":
            rows.append(("reference", table(known)))
        width = max(len("difference"), *(len(label) for label, _ in rows))
        printed = [f'print("{label:{width}}", {text})' for label, text in rows]
        tolerance = self.task.tolerance
        return [
            *lines,
            "gap = abs(a - b).max()",
            *printed,
            f'print("{"difference":{width}}", float(gap), "tolerated {tolerance:.2g}")',
            f"sys.exit(not gap <= {tolerance:.2g})  # 1 while they differ, also by NaN",
        ]

    def other(self, side: Method, known: Optional[np.ndarray]) -> list[str]:
        """Lines that give the second side as ``b``."""
        is_gradient = self.layout.quantity != "output"
        if side.diff_method not in ("none", "arbiter"):
            return [f"b = {self.value(side)}"]
        if is_gradient and (known is None or self.task.comparison.max_abs > DIFFERENCES_FROM):
            lines = self.layout.differences(self.qnode(replace(side, diff_method="none")))
            if lines:
                self.imports.add(NUMPY)
                return lines
        self.imports.add(NUMPY)
        if side.diff_method == "none" and not is_gradient:
            return [f"b = np.array({self.value(side)})"]
        if known is None:
            raise OpaqueCircuitError("there is no reference to hold the method against", "read the values in findings.json")
        return [f"b = np.array({table(known)})"]

    def raising(self) -> list[str]:
        culprit, other = self.task.sides
        label = self.task.label(culprit)
        raised = {name for name, _ in self.task.divergence.raised}
        lines = []
        if other != culprit and other.diff_method not in ("none", "arbiter") and str(other) not in raised:
            lines.append(f'print("{self.task.label(other)}:", {self.value(other)})')
        lines += [f"device = {self.device(culprit)[0]}", "try:", f'    print("{label}:", {self.value(culprit, "device")})']
        exit_line = f'    sys.exit(f"{label} raises {{type(error).__name__}}: {{error}}")  # exit code 1'
        return [*lines, *_caught(self.task.exception), exit_line]

    def attribute(self, where: str) -> list[str]:
        first, second = self.task.sides
        lines = []
        for name, side in (("a", first), ("b", second)):
            call = f"{self.qnode(side)}({', '.join(v.name for v in self.layout.variables)})"
            lines.append(f"{name} = [result.{where} for result in {call}]" if self.layout.several else f"{name} = {call}.{where}")
        width = max(len(self.task.label(side)) for side in (first, second))
        lines += [f'print("{self.task.label(side):{width}}", {name})' for name, side in (("a", first), ("b", second))]
        return [*lines, "sys.exit(a != b)  # 1 while they differ"]


def _caught(exception: str) -> list[str]:
    """The ``except`` clause for an exception by its class name, without importing its class."""
    kind = getattr(builtins, exception, None)
    if isinstance(kind, type) and issubclass(kind, Exception):
        return [f"except {exception} as error:"]
    if not exception.isidentifier():
        return ["except Exception as error:"]
    return ["except Exception as error:", f'    if type(error).__name__ != "{exception}":', "        raise"]


def _wires(circuit: Circuit, device_wires: Sequence[object]) -> list[object]:
    """The device's wires: those that the circuit touches, and the user's own where a measurement is of all of them."""
    labels: list[object] = list(circuit.wires)
    if any(not node.wires for node in circuit.measurements) and set(labels) <= set(device_wires):
        labels = list(device_wires)
    whole = all(isinstance(label, int) for label in labels)
    return sorted(labels, key=lambda label: label if whole else 0) if labels else [0]  # type: ignore[arg-type, return-value]
