"""A training that parts although its calls agree, as a short loop around one recorded circuit: three trainings, side by side.

The script's own training has more around its QNode than a trace holds. That the QNode alone, trained from the point that was
recorded, parts as well is a guess; so several loops are written, the mildest first, and only one that shows it counts: the methods
must part, and so must a method from its own twin one ulp away, or a method that is wrong would pass for rounding that grew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Optional

import numpy as np

from qdiag.errors import OpaqueCircuitError
from qdiag.model.call import Call, Environment
from qdiag.model.findings import Reproducer
from qdiag.model.import_lines import TORCH
from qdiag.model.method import Method
from qdiag.model.node import nodes_of
from qdiag.proving.reproducer.inline_metadata import inline_metadata
from qdiag.proving.reproducer.language import Language, pennylane
from qdiag.proving.reproducer.script_text import Script, graph_settings, versions
from qdiag.proving.reproducer.task import UNSAFE
from qdiag.proving.reproducer.variables import variables_of

OPTIMISERS = (("Adam", 0.1), ("Adam", 0.3), ("SGD", 1.0), ("Adam", 1.0), ("SGD", 3.0))
"""Which loops are tried, with their learning rates: a large one amplifies more than a user's training should."""

STEPS = 300
APART = 0.01
AGREES = 1e-5
"""How far the first call's results and the numbers after the first step may be apart: rounding of float32, by whatever method."""

_SHOWN = (1, 3, 10, 30, 100, 300)
_TYPES = ("float32", "float64")


def loops(
    call: Call, methods: Sequence[Method], environment: Optional[Environment] = None, language: Optional[Language] = None
) -> tuple[Reproducer, ...]:
    """Scripts of which one may show that trainings part, in the order in which to try them: a worker hands them over at once.

    Parameters
    ----------
    call
        The first call of the training: its circuit and its numbers.
    methods
        The script's own method and the other one.
    environment
        Versions to name; those installed here where it is None.
    language
        `bridges.source` where it is None.

    Raises
    ------
    OpaqueCircuitError
        If the circuit cannot be trained by itself, or not be written as source.
    """
    _check(call)
    written_in = language or pennylane()
    scripts = (_loop(call, methods, optimiser, rate, written_in) for optimiser, rate in OPTIMISERS)
    found_with = f"Found with {versions(environment)}."
    told = (replace(script, header=(*script.header, found_with)) for script in scripts)
    return tuple(Reproducer(replace(script, metadata=inline_metadata(environment, script.imports)).text) for script in told)


def _check(call: Call) -> None:
    circuit = call.circuit
    tracked = [parameter for parameter in circuit.parameters if parameter.trainable]
    if not tracked or any(p.container != "torch" or p.dtype not in _TYPES for p in tracked):
        raise OpaqueCircuitError("its first circuit has no numbers that torch could train", "repeat it with qdiag twin")
    if circuit.shots or not call.outputs or any(np.iscomplexobj(output) for output in call.outputs):
        raise OpaqueCircuitError("its first circuit does not return exact real numbers", "repeat it with qdiag twin")
    if any(node.definition for top in circuit.nodes for node in nodes_of(top)):
        raise OpaqueCircuitError("its first circuit holds operations of the script's own", "repeat it with qdiag twin")


def _loop(call: Call, methods: Sequence[Method], optimiser: str, rate: float, language: Language) -> Script:
    circuit, default = call.circuit, call.configuration.default_dtype or "float32"
    variables = variables_of(circuit, readable=True)
    live = {position: name for variable in variables for position, name in variable.entries}
    source = language.circuit(circuit, live, False, default, False)
    imports = {*source.imports, TORCH}
    values = []
    for variable in variables:
        text, needed = language.number(replace(variable.value, trainable=False, container="torch"), default)
        values.append(text)
        imports |= needed
    device, needed = language.device(methods[0], call.configuration.device_wires or circuit.wires, ())
    options = call.configuration.execution_options
    qnodes = [language.qnode(device, method, "torch", options, ()) for method in methods]
    size = sum(output.size for output in call.outputs or ())
    names = ", ".join(variable.name for variable in variables)
    return Script(
        header=_header(methods, optimiser, rate),
        imports=frozenset(imports | needed),
        settings=(
            *graph_settings(call.configuration),
            *([] if default == "float32" else [f"torch.set_default_dtype(torch.{default})"]),
        ),
        definitions=(),
        function=(
            f"def circuit({names}):",
            *(f"    {line}" for line in source.lines),
            f"    return {source.returns}",
            "",
            "",
            *_training(optimiser, rate, _results(circuit.returns)),
        ),
        body=(
            f"start = [{', '.join(values)}]",
            "nudged = [torch.nextafter(start[0], start[0] + 1), *start[1:]]  # by one ulp each",
            f"targets = 2 * torch.rand({size}, generator=torch.manual_seed(0)) - 1",
            f"own = {qnodes[0]}",
            f"other = {qnodes[1]}",
            *_verdict(methods),
        ),
    )


def _header(methods: Sequence[Method], optimiser: str, rate: float) -> tuple[str, ...]:
    own, other = methods
    return (
        f"Trainings under {own} and {other} start at rounding and part.",
        "A loop made of the script's first recorded circuit, not its own training: its tracked numbers are trained from there "
        f"towards random targets, by {optimiser} with a learning rate of {rate:g}.",
        f"A third training, under {own.diff_method} from a point nudged by one ulp, parts as well: neither method is wrong.",
        f"Exits 1 while results or numbers of both get more than {APART:g} apart within {STEPS} steps although the first step agrees, "
        "else 0.",
    )


def _results(returns: str) -> str:
    if returns == "single":
        return "qnode(*numbers).reshape(-1)"
    values = ".values()" if returns.startswith("dict:") else ""
    return f"torch.cat([result.reshape(-1) for result in qnode(*numbers){values}])"


def _training(optimiser: str, rate: float, results: str) -> tuple[str, ...]:
    return (
        "def training(qnode, start):",
        "    numbers = [number.clone().requires_grad_() for number in start]",
        f"    optimizer = torch.optim.{optimiser}(numbers, lr={rate:g})",
        f"    for step in range({STEPS}):",
        "        optimizer.zero_grad()",
        f"        results = {results}",
        "        (results - targets).abs().mean().backward()",
        "        optimizer.step()",
        "        yield torch.cat([part.detach().reshape(-1) for part in (results, *numbers)])",
    )


def _verdict(methods: Sequence[Method]) -> tuple[str, ...]:
    own, other = (UNSAFE.sub("?", method.diff_method) for method in methods)
    return (
        "for step, (a, b, c) in enumerate(zip(training(own, start), training(other, start), training(own, nudged)), 1):",
        "    gap, control = abs(a - b).max().item(), abs(a - c).max().item()",
        f'    assert step > 1 or gap <= {AGREES:g}, "the first step differs by more than rounding"',
        f"    if step in {_SHOWN} or min(gap, control) > {APART:g}:",
        f'        print(f"step {{step:3}}: {own} and {other} {{gap:.1e}} apart, {own} and its nudged twin {{control:.1e}}")',
        f"    if min(gap, control) > {APART:g}:",
        "        sys.exit(1)  # both part from the first",
    )
