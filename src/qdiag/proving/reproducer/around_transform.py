"""The script of a circuit that transforms made another one of: the same QNode with and without them."""

from __future__ import annotations

from qdiag.errors import OpaqueCircuitError
from qdiag.model.findings import Divergence
from qdiag.model.import_lines import NUMPY, PENNYLANE
from qdiag.model.option import Held, Kind, Option
from qdiag.model.transform_families import TransformKind
from qdiag.model.variants import with_trainable
from qdiag.proving.reproducer.material import Material
from qdiag.proving.reproducer.script_text import Script, graph_settings

_CURE = "compare the circuit before and after the transform by hand"


def transform_script(found: Divergence, material: Material) -> Script:
    """The script that holds the results of the circuit as written against those with its transforms.

    Raises
    ------
    OpaqueCircuitError
        If a transform is not PennyLane's own, or the circuit cannot be written.
    """
    call, configuration = found.call, found.call.configuration
    if configuration.transforms_of(TransformKind.UNKNOWN):
        raise OpaqueCircuitError("the transform is the script's own", _CURE)
    options = [key.partition(".")[2] for key, _ in configuration.transform_options]
    if not all(name.isidentifier() for name in (*configuration.transforms, *options)):
        raise OpaqueCircuitError("a transform of the QNode has no name", _CURE)
    if not all(_is_flat(value) for _, value in configuration.transform_options):
        raise OpaqueCircuitError("an option of a transform cannot be written", _CURE)
    circuit = call.written or call.circuit
    if circuit.returns.startswith("dict:"):
        raise OpaqueCircuitError("the circuit returns a dictionary", _CURE)
    language = material.written_in
    plain = with_trainable(circuit, ())
    source = language.circuit(plain, {}, False, configuration.default_dtype or "float32", material.trusted)
    device, imports = language.device(call.method, list(configuration.device_wires) or list(circuit.wires), ())
    qnode = language.qnode(device, call.method, "", configuration.execution_options, ())
    names = ", ".join(configuration.transforms)
    tolerance = f"{max(1e-6, (found.comparison.bound * found.comparison.max_abs) ** 0.5):.0e}"
    results = "np.hstack([np.ravel(result) for result in qnode()])" if circuit.returns != "single" else "np.ravel(qnode())"
    return Script(
        header=(
            f"{names}: the circuit has other results with the transform than without it, under every method.",
            f"Exits 1 while they are more than {tolerance} apart, 0 once they agree.",
        ),
        imports=frozenset(source.imports) | imports | {NUMPY, PENNYLANE},
        settings=tuple(graph_settings(configuration)),
        definitions=source.definitions,
        function=(
            "def circuit():",
            *(f"    {line}" for line in source.lines),
            f"    return {source.returns}",
            "",
            "",
            "def results(qnode):",
            f"    return {results}",
        ),
        body=(
            f"written = {qnode}",
            f"transformed = {_applied('written', configuration.transforms, dict(configuration.transform_options))}",
            "gap = np.max(np.abs(results(transformed) - results(written)))",
            f'print("apart by", gap, "tolerated {tolerance}")',
            f"sys.exit(int(not gap <= {tolerance}))",
        ),
    )


def _is_flat(option: Option) -> bool:
    """Whether an option is written as Python as it is shown: a plain value, or a list of such."""
    return not isinstance(option, Held) or (option.kind is Kind.LIST and not any(isinstance(part, Held) for part in option.parts))


def _applied(qnode: str, transforms: tuple[str, ...], options: dict[str, object]) -> str:
    for name in transforms:
        given = [f"{key.partition('.')[2]}={value!r}" for key, value in options.items() if key.partition(".")[0] == name]
        called = "qml.simplify" if name == "simplify" else f"qml.transforms.{name}"
        qnode = f"{called}({', '.join([qnode, *given])})"
    return qnode
