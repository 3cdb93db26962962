"""From a divergence and its (minimal) circuit to the text of a script: both sides, a small table, and the exit code.

The script needs PennyLane and torch or numpy only. What depends on their versions is asked of `bridges.source`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Callable, Optional

from qdiag.model.call import Environment
from qdiag.model.circuit import Circuit
from qdiag.model.evaluation import Evaluation
from qdiag.model.findings import Diagnosis, Divergence, Reproducer, ScriptKind, lines_of_code
from qdiag.model.method import Method
from qdiag.proving.reproducer.around_function import argument_scripts
from qdiag.proving.reproducer.around_layer import batch_script, cast_script, dtype_script
from qdiag.proving.reproducer.body import Body
from qdiag.proving.reproducer.expressions import Layout
from qdiag.proving.reproducer.function_cut import FunctionCut
from qdiag.proving.reproducer.script_text import Script, versions
from qdiag.proving.reproducer.task import Language, Task
from qdiag.proving.reproducer.variables import variables_of


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
    filled: bool = False,
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
        Both sides, where they are not those of the comparison.
    environment
        Versions to name; those installed here where it is None.
    notes
        Sentences for the comment at the top: which numbers do not matter, what makes it go away.
    readable
        Whether untracked numbers may be written as plain ones; otherwise each keeps the container it was recorded in.
    filled
        Whether ``qml.grad`` takes the gradient of a scalar: it gives one that a method dropped its shape, ``qml.jacobian`` breaks.
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
    task = Task(divergence, circuit, reference, tolerance, methods, readable, trusted, language or pennylane(), filled)
    header = (*task.header, f"Found with {versions(environment)}.", *notes)
    script = replace(_script(task), header=header)
    return Reproducer(script.text, borrowed=sum(map(lines_of_code, script.definitions)))


def write_for(
    divergence: Divergence, diagnosis: Diagnosis, *, environment: Optional[Environment] = None, language: Optional[Language] = None
) -> Optional[Reproducer]:
    """The script of a finding whose cause lies outside the circuit, or None where the circuit alone shows it."""
    maker = None if diagnosis.script is None else _MAKERS.get(diagnosis.script)
    if maker is None:
        return None
    script = maker(divergence.call, language or pennylane())
    return Reproducer(replace(script, header=(*script.header, f"Found with {versions(environment)}.")).text)


def write_around(
    divergence: Divergence, function: FunctionCut, *, environment: Optional[Environment] = None, language: Optional[Language] = None
) -> Iterator[Reproducer]:
    """Scripts around the user's own quantum function, for what a live probe saw: one of them may show it.

    Raises
    ------
    OpaqueCircuitError
        If its arguments cannot be given values.
    """
    for script in argument_scripts(divergence, function, language or pennylane()):
        yield Reproducer(replace(script, header=(*script.header, f"Found with {versions(environment)}.")).text)


_MAKERS: dict[ScriptKind, Callable[[Any, Any], Script]] = {
    ScriptKind.RESULT_DTYPE: dtype_script,
    ScriptKind.LAYER_CAST: cast_script,
    ScriptKind.BATCH_AXIS: batch_script,
}
"""What writes the scripts that a call is enough for."""


def pennylane() -> Language:
    """The installed PennyLane's language, which loads it."""
    from qdiag.proving.reproducer.pennylane_language import PENNYLANE

    return PENNYLANE


def _script(task: Task) -> Script:
    """All parts but the finished header."""
    promoted = any(side.precision for side in task.sides)
    # torch's functional derivatives track their inputs themselves
    tracked = task.quantity == "output" or task.interface != "torch"
    found = variables_of(task.circuit, readable=task.readable, also_untracked=promoted)
    variables = tuple(replace(variable, value=replace(variable.value, trainable=tracked)) for variable in found)
    layout = Layout(task.circuit, task.interface, variables, task.quantity, task.filled, task.complex_results)
    live = {position: name for variable in variables for position, name in variable.entries}
    default = task.configuration.default_dtype or "float32"
    source = task.language.circuit(task.circuit, live, not task.readable, default, task.trusted)
    parts = Body(task, layout, default, source.imports)
    body = [*parts.assignments(), *parts.verdict()]
    function = [f"def circuit({layout.names}):", *(f"    {line}" for line in source.lines), f"    return {source.returns}"]
    function += parts.helper()
    settings = tuple(parts.settings())
    return Script((), frozenset(parts.imports), settings, source.definitions, tuple(function), tuple(body))
