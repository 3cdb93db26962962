"""Scripts that keep what surrounds the circuit, a layer or a result's dtype, for causes that lie there."""

from __future__ import annotations

import math
from typing import Any, Optional

import numpy as np

from qdiag.judging.layer_parts import layout_of
from qdiag.model.call import Argument, Call
from qdiag.model.import_lines import NUMPY, PENNYLANE, TORCH
from qdiag.model.method import Method
from qdiag.proving.reproducer.script_text import Script

_MIXING = (
    "others = batch.clone()",
    "others[1:] += 1.0",
    "gap = abs(layer(batch)[0] - layer(others)[0]).max()",
    'print("changing the other rows moves the first row\'s output by", gap.item())',
    "sys.exit(not gap <= 1e-06)  # 1 while rows mix",
)


def _raising(exception: str) -> tuple[str, ...]:
    return (
        "try:",
        "    print(layer(batch))",
        "except Exception as error:",
        f'    if type(error).__name__ != "{exception if exception.isidentifier() else "Exception"}":',
        "        raise",
        '    sys.exit(f"{type(error).__name__}: {error}")  # exit code 1',
    )


def batch_script(call: Call, language: Any) -> Script:
    """A `TorchLayer` whose quantum function loops over ``len(inputs)``: the batch, where a row was meant.

    With as many rows as wires it does not raise but mixes rows; with a loop over a fixed number of wires the results are not as many as
    the rows, with a layer or without. The script follows the shapes that were seen.
    """
    taken = _rows_taken_for_features(call)
    if taken is not None:
        return _fixed_loop_script(call, language, *taken)
    rows, features = _shape(call.arguments)
    device, imports = language.device(Method(call.configuration.device, "best"), list(range(features)), ())
    qnode = language.qnode("device", Method("", call.configuration.resolved or "best"), "torch", (), ())
    function = (
        "def circuit(inputs, weights):",
        "    for i in range(len(inputs)):  # the batch, where the features of one row were meant",
        "        qml.RX(inputs[i], wires=i)",
        f"    qml.RY(weights, wires={features - 1})",
        f"    return qml.expval(qml.PauliZ({features - 1}))",
    )
    body = [
        f"device = {device}",
        f'layer = qml.qnn.TorchLayer({qnode}, {{"weights": ()}})',
        f"batch = torch.linspace(0.1, 1.0, {rows * features}).reshape({rows}, {features})",
        *(_raising(call.failure.type) if call.failure is not None else _MIXING),
    ]
    header = (
        f"TorchLayer hands the whole batch to the quantum function: len(inputs) counts its {rows} rows, not {features} features.",
        "Loop over inputs.shape[-1] and take inputs[..., i].",
        "Exits 1 while this raises, 0 once it returns numbers." if call.failure else "Exits 1 while a row depends on the others.",
    )
    return Script(header, frozenset([PENNYLANE, TORCH, *imports]), (), (), function, tuple(body))


def _rows_taken_for_features(call: Call) -> Optional[tuple[int, int]]:
    """Rows and features of the batch, where the results are as many as the features and not as the rows."""
    results = {output.shape[0] if output.ndim else 0 for output in call.outputs or ()}
    shapes = (argument.shape for argument in call.arguments if len(argument.shape) == 2)
    return next(((rows, features) for rows, features in shapes if results == {features} and rows != features), None)


def _fixed_loop_script(call: Call, language: Any, rows: int, features: int) -> Script:
    device, imports = language.device(Method(call.configuration.device, "best"), list(range(features)), ())
    in_torch = call.configuration.interface == "torch"
    interface, numbers = ("torch", TORCH) if in_torch else ("autograd", NUMPY)
    qnode = language.qnode("device", Method("", call.configuration.resolved or "best"), interface, (), ())
    function = (
        "def circuit(inputs):",
        f"    for i in range({features}):  # the features of a row; of a batch, its first rows",
        "        qml.RX(inputs[i], wires=i)",
        f"    return qml.expval(qml.PauliZ({features - 1}))",
    )
    body = (
        f"device = {device}",
        f"batch = {'torch' if in_torch else 'np'}.linspace(0.1, 1.0, {rows * features}).reshape({rows}, {features})",
        f"results = {qnode}(batch)",
        'print(len(batch), "rows went in,", len(results), "results came out")',
        "sys.exit(len(results) != len(batch))  # 1 while they differ",
    )
    header = (
        f"The quantum function gets a batch of {rows} rows and takes its first {features} rows for the {features} features of one row.",
        "Take inputs[..., i].",
        "Exits 1 while there is not a result for each row.",
    )
    return Script(header, frozenset([PENNYLANE, numbers, *imports]), (), (), function, body)


def cast_script(call: Call, language: Any) -> Script:
    """A `TorchLayer` that hands on its QNode's result in the dtype of its input."""
    device, imports = language.device(Method(call.configuration.device, "best"), [0], ())
    qnode = language.qnode("device", Method("", call.configuration.resolved or "best"), "torch", (), ())
    is_complex = any(np.iscomplexobj(output) for output in call.outputs or ())
    wide = "complex128" if is_complex else "float64"
    function = (
        "def circuit(inputs, weights):",
        "    qml.RX(weights[0], wires=0)",
        "    return qml.state()" if is_complex else "    return qml.expval(qml.PauliZ(0))",
    )
    body = (
        f"device = {device}",
        f'layer = qml.qnn.TorchLayer({qnode}, {{"weights": (1,)}})',
        'layer.qnode_weights["weights"].data = torch.tensor([1.1])',
        f"wanted = layer(torch.ones(1, dtype=torch.{wide}))",
        f"result = layer(torch.ones(1, dtype=torch.{call.layer_dtype}))",
        f'print("input {wide}:", wanted.tolist(), "input {call.layer_dtype}:", result.tolist())',
        "sys.exit(not abs(result - wanted).max() <= 1e-3)  # 1 while the result is lost",
    )
    header = (
        f"TorchLayer hands on its QNode's result in {call.layer_dtype}, the dtype of its input, which cannot hold it.",
        "Give the layer floating-point inputs, and return real measurements from it.",
        "Exits 1 while the result depends on the input's dtype.",
    )
    return Script(header, frozenset([PENNYLANE, TORCH, *imports]), (), (), function, body)


_SLOPES = (
    "",
    "",
    "def slopes(side):",
    "    loss = (side * torch.linspace(-1.0, 1.5, side.numel())).sum()",
    "    found = torch.autograd.grad(loss, [given, angle], retain_graph=True, allow_unused=True)",
    "    return [torch.zeros(()) if slope is None else slope for slope in found]",
)


def parts_script(call: Call, language: Any) -> Script:
    """A `TorchLayer` beside its QNode's own results, put side by side row by row."""
    sizes, shape = layout_of(call) or ((1,), (2, 1))
    wires = max(2, *(size.bit_length() - 1 for size in sizes))
    device, imports = language.device(Method("default.qubit", "backprop"), list(range(wires)), ())
    qnode = language.qnode("device", Method("", "backprop"), "torch", (), ())
    measured = [
        f"qml.probs(wires=range({size.bit_length() - 1}))" if size > 1 else f"qml.expval(qml.Pauli{'ZXY'[k // wires % 3]}({k % wires}))"
        for k, size in enumerate(sizes)
    ]
    function = (
        "def circuit(inputs, angle):",
        *(f"    qml.RX(inputs[..., {wire}], wires={wire})" for wire in range(min(shape[-1], wires))),
        f"    for wire in range({wires}):",
        "        qml.RY(angle[wire % 2], wires=wire)",
        f"        qml.CNOT(wires=[wire, (wire + 1) % {wires}])",
        f"    return {measured[0] if len(measured) == 1 else '[' + ', '.join(measured) + ']'}",
        *_SLOPES,
    )
    rows = shape[0] if len(shape) > 1 else 1
    body = (
        "torch.set_default_dtype(torch.float64)",
        f"device = {device}",
        f'layer = qml.qnn.TorchLayer({qnode}, {{"angle": (2,)}})',
        'angle = layer.qnode_weights["angle"]',
        "angle.data = torch.tensor([0.7, -0.4])",
        f"given = torch.linspace(0.1, 1.4, {math.prod(shape)}).reshape({', '.join(map(str, shape))}).requires_grad_()",
        "results = layer.qnode(inputs=given, angle=angle)",
        "listed = results if isinstance(results, (list, tuple)) else [results]",
        f"own = torch.cat([result.reshape({rows}, -1) for result in listed], dim=1).reshape(-1)",
        "handed = layer(given).reshape(-1)",
        "gaps = [abs(a - b).max().item() for a, b in zip([handed, *slopes(handed)], [own, *slopes(own)])]",
        'print("off in what is handed on, in slopes by the inputs and by the weights:", gaps)',
        "sys.exit(not max(gaps) <= 1e-9)  # 1 while they differ",
    )
    header = (
        "TorchLayer hands on, or sends back, other numbers than its QNode, whose results are put side by side row by row here.",
        "Exits 1 while they differ.",
    )
    return Script(header, frozenset([PENNYLANE, TORCH, *imports]), (), (), function, body)


def dtype_script(call: Call, language: Any) -> Script:
    """A QNode whose result has Torch's default dtype, although its argument is float64."""
    device, imports = language.device(call.method, [0], ())
    function = ("def circuit(x):", "    qml.RX(x, wires=0)", "    return qml.expval(qml.PauliZ(0))")
    body = (
        "x = torch.tensor(0.4, dtype=torch.float64, requires_grad=True)",
        f"device = {device}",
        f"result = {language.qnode('device', call.method, 'torch', (), ())}(x)",
        'print("argument", x.dtype, "result", result.dtype, "by default", torch.get_default_dtype())',
        "sys.exit(result.dtype != x.dtype)  # 1 while they differ",
    )
    header = (
        f"The result of {call.method} has Torch's default dtype, whatever the dtype of its argument.",
        "torch.set_default_dtype(torch.float64) avoids it.",
        "Exits 1 while argument and result differ in dtype, 0 once they agree.",
    )
    return Script(header, frozenset([PENNYLANE, TORCH, *imports]), (), (), function, body)


def _shape(arguments: tuple[Argument, ...]) -> tuple[int, int]:
    """Rows and features of the batch, from the first argument that has both."""
    found = next((argument.shape for argument in arguments if len(argument.shape) > 1), (5, 2))
    return found[0], found[-1]
