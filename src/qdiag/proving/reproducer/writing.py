"""From a divergence and its (minimal) circuit to the text of a script: both sides, a small table, and the exit code.

The script needs PennyLane and torch or numpy only. What depends on their versions is asked of `bridges.source`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Callable, Optional

from qdiag.errors import OpaqueCircuitError
from qdiag.model.comparison import Signature
from qdiag.model.findings import Diagnosis, Divergence, Reproducer, ScriptKind, lines_of_code
from qdiag.model.import_lines import JAX, JNP
from qdiag.model.numerics.surfaces import of_norm_one
from qdiag.proving.reproducer.around_function import argument_scripts
from qdiag.proving.reproducer.around_layer import batch_script, cast_script, dtype_script, parts_script
from qdiag.proving.reproducer.around_transform import transform_script
from qdiag.proving.reproducer.body import Body
from qdiag.proving.reproducer.expressions import Layout
from qdiag.proving.reproducer.function_cut import FunctionCut
from qdiag.proving.reproducer.inline_metadata import inline_metadata
from qdiag.proving.reproducer.material import AS_A_PERSON, NOTHING_ELSE, Material, Wording
from qdiag.proving.reproducer.script_text import CATALYST, PACKAGES, WITH_JAX, Script, versions
from qdiag.proving.reproducer.task import Task
from qdiag.proving.reproducer.variables import Variable, variables_of


def write(divergence: Divergence, material: Material = NOTHING_ELSE, wording: Wording = AS_A_PERSON) -> Reproducer:
    """Write the script that shows a divergence.

    Raises
    ------
    OpaqueCircuitError
        If the circuit cannot be written as source, or there is nothing to hold the method against.
    """
    task = Task(divergence, material, wording)
    script = _told(replace(_script(task), header=task.header), material, *material.notes)
    return Reproducer(script.text, borrowed=sum(map(lines_of_code, script.definitions)))


def write_for(divergence: Divergence, diagnosis: Diagnosis, material: Material = NOTHING_ELSE) -> Optional[Reproducer]:
    """The script of a finding whose cause lies outside the circuit, or None where the circuit alone shows it."""
    maker = None if diagnosis.script is None else _MAKERS.get(diagnosis.script)
    if maker is None:
        return None
    return _around(maker(divergence.call, material.written_in), material)


def write_around(divergence: Divergence, function: FunctionCut, material: Material = NOTHING_ELSE) -> Iterator[Reproducer]:
    """Scripts around the user's own quantum function, for what a live probe saw: one of them may show it.

    Raises
    ------
    OpaqueCircuitError
        If its arguments cannot be given values.
    """
    for script in argument_scripts(divergence, function, material.written_in):
        yield _around(script, material)


def write_transform(divergence: Divergence, material: Material = NOTHING_ELSE) -> Reproducer:
    """The script of a circuit that transforms changed.

    Raises
    ------
    OpaqueCircuitError
        If there can be none.
    """
    script = transform_script(divergence, material)
    return replace(_around(script, material), borrowed=sum(map(lines_of_code, script.definitions)))


def _around(script: Script, material: Material) -> Reproducer:
    return Reproducer(_told(script, material).text)


def _told(script: Script, material: Material, *notes: str) -> Script:
    """With what it was found with, for people and for programs."""
    packages = WITH_JAX if not {JAX, JNP}.isdisjoint(script.imports) else PACKAGES
    compiled = script.is_compiled_by_catalyst
    found_with = f"Found with {versions(material.environment, (*packages, *[CATALYST] * compiled))}."
    needs = inline_metadata(material.environment, script.imports, compiles=compiled)
    return replace(script, header=(*script.header, found_with, *notes), metadata=needs, above=material.above)


_MAKERS: dict[ScriptKind, Callable[[Any, Any], Script]] = {
    ScriptKind.RESULT_DTYPE: dtype_script,
    ScriptKind.LAYER_CAST: cast_script,
    ScriptKind.LAYER_PARTS: parts_script,
    ScriptKind.BATCH_AXIS: batch_script,
}
"""What writes the scripts that a call is enough for."""


def _kept_at_norm_one(task: Task, variables: Sequence[Variable]) -> list[str]:
    """Lines that keep amplitudes normalised: by their norm methods rightly differ, and that would be shown for the fault."""
    if task.quantity == "output" or task.where is Signature.RAISE:
        return []
    held, lines = of_norm_one(task.circuit), []
    for variable in variables:
        if held.issuperset(variable.positions) and not variable.stacked and variable.value.value.ndim in (1, 2):
            rows = "-1)[:, None]" if variable.value.value.ndim == 2 else ")"
            lines.append(f"{variable.name} = {variable.name} / (abs({variable.name}) ** 2).sum({rows} ** 0.5")
    return lines


def _script(task: Task) -> Script:
    """All parts but the finished header."""
    if any(side.placement for side in task.sides):
        raise OpaqueCircuitError("what differs goes with the memory of a GPU", "read both in findings.json")
    promoted = any(side.precision for side in task.sides)
    # torch's functional derivatives track their inputs themselves
    tracked = task.quantity == "output" or task.interface != "torch"
    found = variables_of(task.circuit, readable=task.wording.readable, also_untracked=promoted)
    variables = tuple(replace(variable, value=replace(variable.value, trainable=tracked)) for variable in found)
    layout = Layout(task.circuit, task.interface, variables, task.quantity, task.wording.filled, task.complex_results)
    live = {position: name for variable in variables for position, name in variable.entries}
    default = task.default_dtype
    source = task.material.written_in.circuit(task.circuit, live, not task.wording.readable, default, task.material.trusted)
    parts = Body(task, layout, default, source.imports)
    body = [*parts.assignments(), *parts.verdict()]
    lines = (*_kept_at_norm_one(task, variables), *source.lines)
    function = [f"def circuit({layout.names}):", *(f"    {line}" for line in lines), f"    return {source.returns}"]
    function += parts.helper()
    settings = tuple(parts.settings())
    return Script((), frozenset(parts.imports), settings, source.definitions, tuple(function), tuple(body))
