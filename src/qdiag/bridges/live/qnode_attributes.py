"""A live QNode, read without touching it: its last tape, its configuration, the shape of its return value.

Where versions differ, attributes are looked up by name: a QNode that misses one still gives everything else.
"""

from __future__ import annotations

import copy
import inspect
import os
import sys
from typing import Any, NamedTuple, Optional

import numpy as np

from qdiag.bridges.codec import jax_numbers
from qdiag.bridges.live.device_identity import name_of_device, own_device
from qdiag.bridges.live.given_options import option_of
from qdiag.bridges.live.made_devices import options_given_to
from qdiag.bridges.live.transform_kinds import kind_of_transform, name_of_transform, options_of_transforms
from qdiag.bridges.stack import graph_is_on
from qdiag.model.call import Configuration, SourceLine
from qdiag.model.method import DIFF_METHODS
from qdiag.model.option import Option, is_literal

_RULES = {
    "param_shift": "parameter-shift",
    "param_shift_cv": "parameter-shift",
    "finite_diff": "finite-diff",
    "hadamard_grad": "hadamard",
    "spsa_grad": "spsa",
}
_HADAMARD_MODES = {
    "reversed-hadamard": "reversed",
    "direct-hadamard": "direct",
    "reversed-direct-hadamard": "reversed-direct",
}
_EXECUTION_DEFAULTS: dict[str, Any] = {
    "mcm_method": None,
    "postselect_mode": None,
    "max_diff": 1,
    "device_vjp": False,
    "grad_on_execution": "best",
}


Resolution = tuple[Any, Any]
"""What PennyLane made of a call's configuration while it ran: gradient method and interface, None where it does not say."""


class LastCall(NamedTuple):
    """All that the recorder asks of a QNode when a call of it is over.

    Parameters
    ----------
    tape
        The tape of the QNode's last call, or None before the first.
    returns
        The shape of what the quantum function returned (see `returns_of`).
    shots
        Those of the call, on versions whose tapes do not carry them.
    settings
        What the configuration depends on: equal settings of one QNode, equal configurations.
    """

    tape: Any
    returns: str
    shots: tuple[int, ...]
    settings: tuple[Any, ...]


class Untouched:
    """A tape as it was before its transforms: some of PennyLane's own take operations out of the very list that they are given."""

    __slots__ = ("_tape", "operations")

    def __init__(self, tape: Any) -> None:
        self._tape = tape
        self.operations = list(getattr(tape, "operations", ()))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tape, name)


def last_call_of(qnode: Any) -> LastCall:
    """What a QNode says of its last call; asked at every call, so in one look."""
    names = vars(qnode)
    get = names.get
    torch = sys.modules.get("torch")
    settings = (
        id(get("device")),
        id(get("diff_method")),
        id(get("gradient_fn")),
        get("_interface"),
        len(pipeline_of(qnode)),
        None if torch is None else torch.get_default_dtype(),
        jax_numbers.double_precision_is_on(),
        graph_is_on(),
    )
    tape = get("_tape")
    if tape is None:
        return LastCall(None, "single", (), settings)
    return LastCall(tape, returns_of(qnode), () if hasattr(tape, "shots") else shots_of(qnode, tape), settings)


def tape_of(qnode: Any) -> Any:
    """The tape of the QNode's last call, or None before the first."""
    return vars(qnode).get("_tape")


def device_of(qnode: Any) -> Any:
    """The device that the user made it with; some versions put another in its place for backprop."""
    names = vars(qnode)
    return names.get("_original_device") or names.get("device")


def pipeline_of(qnode: Any) -> Any:
    """The transforms on the QNode; () on versions where a transform wraps the QNode instead."""
    names = vars(qnode)
    return names.get("_compile_pipeline", names.get("_transform_program", ()))


def without_transforms(qnode: Any) -> Any:
    """A copy of a QNode without the transforms on it; None where it has none, or where they wrap it."""
    names = vars(qnode)
    held = next((name for name in ("_compile_pipeline", "_transform_program") if name in names), "")
    if not held or not len(names[held]):
        return None
    bare = copy.copy(qnode)
    setattr(bare, held, type(names[held])())
    return bare


def operations_of(qnode: Any) -> tuple[str, ...]:
    """What the quantum function ran in the QNode's last call: the operations' names, in order."""
    return tuple(type(operation).__name__ for operation in getattr(tape_of(qnode), "operations", ()))


def circuits_of(qnode: Any) -> int:
    """How many circuits the QNode's last call ran as one: the length of the batch axis among its operations, 0 where there is none."""
    try:
        return int(getattr(tape_of(qnode), "batch_size", None) or 0)
    except Exception:
        # lengths that do not go together: PennyLane will say so itself
        return 0


def given_vectors(qnode: Any) -> tuple[str, tuple[str, ...]]:
    """Name and wires of the first operation of the QNode's last call that has a batch axis; ("", ()) where none has."""
    for operation in getattr(tape_of(qnode), "operations", ()):
        if getattr(operation, "batch_size", None):
            return str(operation.name), tuple(str(wire) for wire in operation.wires)
    return "", ()


def returns_of(qnode: Any) -> str:
    """The shape of what the quantum function returned, in the words of `Circuit.returns`; a dictionary of containers is a tuple."""
    return shape_of(vars(qnode).get("_qfunc_output"))


def shape_of(output: Any) -> str:
    """The same of what a quantum function, or a QNode, returned."""
    if isinstance(output, dict):
        nested = any(isinstance(value, (dict, list, tuple)) for value in output.values())
        return "tuple" if nested else "dict:" + ",".join(str(key) for key in output)
    if isinstance(output, list):
        return "list"
    return "tuple" if isinstance(output, tuple) else "single"


def shots_of(qnode: Any, tape: Any) -> tuple[int, ...]:
    """Shots of a call on versions whose tapes do not carry them."""
    if hasattr(tape, "shots"):
        return ()
    device = vars(qnode).get("_original_device", qnode.device)
    vector = getattr(device, "shot_vector", None)
    if vector:
        return tuple(int(group.shots) for group in vector for _ in range(group.copies))
    shots = getattr(device, "shots", None)
    return (int(shots),) if shots else ()


def configuration_of(qnode: Any, resolution: Resolution, source: SourceLine, layer: str) -> Configuration:
    """How a QNode evaluates.

    Parameters
    ----------
    qnode
        The QNode.
    resolution
        What PennyLane made of it in the call that is being recorded.
    source
        Where the quantum function is defined.
    layer
        Class name of the layer that called, or "".
    """
    names = vars(qnode)
    device = device_of(qnode)
    made = own_device(device)
    requested = _requested_method(names.get("diff_method"))
    interface = _interface(names, resolution)
    return Configuration(
        qnode=name_of(qnode),
        source=source,
        device=name_of_device(made),
        device_wires=_device_wires(device),
        device_precision=_device_precision(device),
        device_options=options_given_to(made),
        interface=interface,
        requested=requested,
        resolved=_resolved_method(names, resolution, requested),
        gradient_options=_gradient_options(names, requested),
        execution_options=_execution_options(names.get("execute_kwargs") or {}),
        transforms=tuple(name_of_transform(transform) for transform in pipeline_of(qnode)),
        transform_kinds=tuple(kind_of_transform(transform).value for transform in pipeline_of(qnode)),
        transform_options=options_of_transforms(pipeline_of(qnode)),
        layer=layer,
        default_dtype=default_dtype_under(interface),
        graph=graph_is_on(),
    )


def default_dtype_under(interface: str) -> str:
    """The dtype that an interface gives to numbers that have none; "" where torch is not loaded, and JAX is not the interface."""
    if interface == "jax":
        return "float64" if jax_numbers.double_precision_is_on() else "float32"
    torch = sys.modules.get("torch")
    return "" if torch is None else str(torch.get_default_dtype()).replace("torch.", "")


def name_of(qnode: Any) -> str:
    """The quantum function's qualified name as its author thinks of it: ``Model.circuit``, without ``<locals>``."""
    function = getattr(qnode, "func", None)
    written = getattr(function, "__qualname__", None) or getattr(function, "__name__", None) or type(function).__name__
    return ".".join(part for part in str(written).split(".") if part not in ("<locals>", "__init__"))


def code_of(qnode: Any) -> Any:
    """The code object of the quantum function below its decorators, or None where it has none."""
    function = getattr(qnode, "func", None)
    for _ in range(20):
        inner = getattr(function, "__wrapped__", None) or getattr(function, "func", None)
        if inner is None:
            break
        function = inner
    return getattr(function, "__code__", None)


def parameter_names(qnode: Any) -> tuple[str, ...]:
    """Names of the quantum function's positional parameters."""
    try:
        parameters = inspect.signature(qnode.func).parameters.values()
    except (TypeError, ValueError):
        return ()
    return tuple(p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD))


def layer_called(filename: str, function: str) -> str:
    """The class of PennyLane's layer whose code this is, or ""."""
    if function != "_evaluate_qnode":
        return ""
    home = os.path.basename(filename)
    return {"torch.py": "TorchLayer", "keras.py": "KerasLayer"}.get(home, "")


def _requested_method(method: Any) -> str:
    if method is None:
        return "none"
    name = method if isinstance(method, str) else name_of_transform(method)
    return _RULES.get(name, name)


def _resolved_method(names: dict[str, Any], resolution: Resolution, requested: str) -> str:
    if requested == "none":
        return "none"
    gradient = resolution[0] if resolution[0] is not None else names.get("gradient_fn")
    if gradient is None:
        return "hadamard" if requested in _HADAMARD_MODES else requested
    if gradient == "device":
        options = names.get("gradient_kwargs") or {}
        return "adjoint" if options.get("method") == "adjoint_jacobian" or requested == "adjoint" else "device"
    if isinstance(gradient, str):
        return gradient if gradient in DIFF_METHODS else requested
    name = name_of_transform(gradient)
    return _RULES.get(name, name)


def _interface(names: dict[str, Any], resolution: Resolution) -> str:
    interface = names.get("_interface") if resolution[1] is None else resolution[1]
    return str(getattr(interface, "value", interface) or "numpy").replace("-jit", "")


def _device_wires(device: Any) -> tuple[object, ...]:
    labels = getattr(getattr(device, "wires", None), "labels", ())
    return tuple(label if type(label) in (int, str) else str(label) for label in labels)


def _device_precision(device: Any) -> str:
    dtype = getattr(device, "c_dtype", None) or getattr(device, "C_DTYPE", None)
    if dtype is None:
        return "complex128"
    try:
        return np.dtype(dtype).name
    except TypeError:
        return str(dtype).rpartition(".")[2]


def _gradient_options(names: dict[str, Any], requested: str) -> tuple[tuple[str, Option], ...]:
    given = names["_user_gradient_kwargs"] if "_user_gradient_kwargs" in names else names.get("gradient_kwargs")
    options = dict(given or {})
    if requested in _HADAMARD_MODES:
        options["mode"] = _HADAMARD_MODES[requested]
    kept = {str(name): option_of(str(name), _in_lists(value)) for name, value in options.items()}
    return tuple((name, kept[name]) for name in sorted(kept) if is_literal(kept[name]))


def _in_lists(value: Any) -> Any:
    """An array of numpy's as PennyLane takes it, too."""
    return value.tolist() if type(value) is np.ndarray else value


def _execution_options(options: dict[str, Any]) -> tuple[tuple[str, Option], ...]:
    unusual = {name: options[name] for name, usual in _EXECUTION_DEFAULTS.items() if name in options and options[name] != usual}
    return _storable_options(unusual)


def _storable_options(options: dict[str, Any]) -> tuple[tuple[str, Option], ...]:
    """Options that a trace may hold; numpy scalars become Python's, anything else is left out."""
    plain: dict[str, Option] = {}
    for name, value in options.items():
        value = value.item() if isinstance(value, np.generic) else value
        if value is None or isinstance(value, (bool, int, float, str)):
            plain[str(name)] = value
    return tuple(sorted(plain.items()))


# --- places to hook ----------------------------------------------------------------------------------------------------


def pipeline_class() -> Optional[type]:
    """The class whose call applies a QNode's transforms to its tape, or None on versions that have none."""
    module = sys.modules.get("pennylane.transforms.core")
    kind = getattr(module, "CompilePipeline", None) or getattr(module, "TransformProgram", None)
    return kind if isinstance(kind, type) else None


def resolver_module() -> Any:
    """The module through whose global ``_resolve_execution_config`` a call passes, or None on versions that have none."""
    module = sys.modules.get("pennylane.workflow.execution")
    return module if hasattr(module, "_resolve_execution_config") else None


def optimizer_classes() -> tuple[type, ...]:
    """PennyLane's own optimisers."""
    module = sys.modules.get("pennylane.optimize")
    return tuple(dict.fromkeys(kind for kind in vars(module).values() if isinstance(kind, type))) if module else ()
