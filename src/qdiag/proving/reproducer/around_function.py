"""Scripts around a quantum function of the user's own: its gradient with respect to one argument, beside a difference quotient."""

from __future__ import annotations

import math
from collections.abc import Iterator

from qdiag.errors import OpaqueCircuitError
from qdiag.model.call import Argument, Call
from qdiag.model.element import Kind
from qdiag.model.findings import Divergence
from qdiag.model.import_lines import AUTOGRAD, PENNYLANE, TORCH
from qdiag.model.operator_families import REAL_NUMBERS
from qdiag.proving.reproducer.expressions import STEP, TWICE, Layout
from qdiag.proving.reproducer.function_cut import FunctionCut
from qdiag.proving.reproducer.language import Language
from qdiag.proving.reproducer.script_text import Script, graph_settings

TOLERANCE = "1e-06"
"""Far above the error of the difference quotient, far below a gradient that is lost."""

_CURE = "cut the script down by hand"


def argument_scripts(found: Divergence, function: FunctionCut, language: Language) -> Iterator[Script]:
    """Scripts that show what a probe saw of an argument: at generic numbers, then with this argument at zero.

    Parameters
    ----------
    found
        What the probe saw. A trace holds no numbers of a QNode's arguments, so that the script has its own.
    function
        The quantum function.
    language
        How this PennyLane is written.

    Raises
    ------
    OpaqueCircuitError
        If the arguments cannot be given values.
    """
    element = found.comparison.element
    name = element.by if element is not None and element.kind is Kind.ARGUMENT else ""
    arguments = found.call.arguments
    if name not in [argument.name for argument in arguments]:
        raise OpaqueCircuitError("what differs is no argument of the quantum function by itself", _CURE)
    for argument in arguments:
        _require_a_value(argument, function)
    if not all(transform.isidentifier() for transform in found.call.configuration.transforms):
        raise OpaqueCircuitError("a transform of the QNode has no name", _CURE)
    for zero in (False, True):
        yield _script(found, name, zero, function, language)


def _require_a_value(argument: Argument, function: FunctionCut) -> None:
    if argument.name not in function.arguments:
        raise OpaqueCircuitError(f"its argument {argument.name} is not a single array", _CURE)
    if not argument.dtype.startswith("float"):
        raise OpaqueCircuitError(f"the trace does not hold the value of its argument {argument.name} ({argument.dtype})", _CURE)


def _script(found: Divergence, name: str, zero: bool, function: FunctionCut, language: Language) -> Script:
    call = found.call
    in_torch = next(argument.container for argument in call.arguments if argument.name == name) == "torch"
    interface, module = ("torch", "torch") if in_torch else ("autograd", "pnp")
    module_import = TORCH if in_torch else AUTOGRAD
    qnode, imports = _qnode(call, interface, language)
    given = ", ".join(f"{argument.name}={argument.name}" for argument in call.arguments)
    results = Layout(call.circuit, interface, (), "output").outputs(module_import, f"{module}.hstack").fill("qnode", given)
    real = all(node.name in REAL_NUMBERS for node in call.circuit.measurements)
    gradient = f"torch.autograd.functional.jacobian(loss, {name})" if in_torch else f"qml.jacobian(loss)({name})"
    body = (
        *(f"{a.name} = {_value(a, module, zero and a.name == name)}" for a in call.arguments),
        f"qnode = {qnode}",
        "",
        "",
        f"def loss({name}):",
        f"    return {results}.sum()" if real else f"    return (abs({results}) ** 3).sum()  # the sum alone may be constant",
        "",
        "",
        f"gradient = {gradient}.sum()",
        f"slope = (loss({name} + {STEP}) - loss({name} - {STEP})) / {TWICE}",
        f'print("gradient", float(gradient), "difference quotient", float(slope), "tolerated {TOLERANCE}")',
        f"sys.exit(not abs(gradient - slope) <= {TOLERANCE})  # 1 while they differ, also by NaN",
    )
    settings = (*graph_settings(call.configuration), *(["torch.set_default_dtype(torch.float64)"] if in_torch else []))
    needed = imports | function.imports | {module_import, PENNYLANE}
    return Script(_header(call, name), needed, settings, (), function.lines, body)


def _header(call: Call, name: str) -> tuple[str, ...]:
    return (
        f"The gradient of {call.configuration.method} with respect to {name}, summed over its elements, is not what the QNode's own "
        "values give by a difference quotient.",
        f"Exits 1 while they are more than {TOLERANCE} apart, 0 once they agree. The arguments' numbers are made up.",
    )


def _qnode(call: Call, interface: str, language: Language) -> tuple[str, frozenset[str]]:
    """The user's QNode with its transforms, and the imports that it needs."""
    configuration = call.configuration
    device, imports = language.device(call.method, list(configuration.device_wires) or list(call.circuit.wires), ())
    qnode = language.qnode(device, call.method, interface, configuration.execution_options, ())
    for transform in configuration.transforms:
        qnode = f"qml.transforms.{transform}({qnode})"
    return qnode, imports


def _value(argument: Argument, module: str, zero: bool) -> str:
    """Numbers at which nothing special happens, or zeros."""
    shape = ", ".join(map(str, argument.shape))
    if zero:
        return f"{module}.zeros(({shape}{',' if len(argument.shape) == 1 else ''}))"
    if not shape:
        return f"{module}.{'tensor' if module == 'torch' else 'array'}(0.7)"
    values = f"{module}.linspace(0.1, 1.0, {math.prod(argument.shape)})"
    return f"{values}.reshape({shape})" if len(argument.shape) > 1 else values
