"""Live numbers (Python's, numpy's, autograd's, torch's, JAX's) as `Parameter` values and back, bit for bit.

Torch is looked up among the loaded modules and never imported here to record: where it is not loaded, there is no tensor. Nor is JAX.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, Optional

import numpy as np

from qdiag.bridges import func_tensors
from qdiag.bridges.codec import jax_numbers
from qdiag.model.circuit import MOVED_TO_CPU
from qdiag.model.parameter import FOREIGN, Parameter
from qdiag.trace.array_bundle import DTYPES

Note = Callable[[str], None]


class NotANumber(Exception):
    """The value cannot be kept as an array of a dtype that a file may hold."""


_PYTHON_DTYPES = {bool: np.bool_, int: np.int64, float: np.float64, complex: np.complex128}


def _python(value: Any, note: Note) -> Parameter:
    try:
        return Parameter(np.array(value, _PYTHON_DTYPES[type(value)]))
    except OverflowError:
        raise NotANumber("an integer beyond 64 bits") from None


def _float(value: float, note: Note) -> Parameter:
    return Parameter(np.array(value))


def _numpy_scalar(value: Any, note: Note) -> Parameter:
    return Parameter(_storable(np.array(value), note), "numpy-scalar")


def _numpy(value: np.ndarray, note: Note) -> Parameter:
    return Parameter(_storable(np.array(value), note), "numpy")


def _pennylane_tensor(value: Any, note: Note) -> Parameter:
    return Parameter(_storable(np.array(value.view(np.ndarray)), note), "autograd", bool(value.requires_grad))


def _autograd_box(value: Any, note: Note) -> Parameter:
    while hasattr(value, "_value"):
        value = value._value
    array = value.view(np.ndarray) if isinstance(value, np.ndarray) else np.asarray(value)
    return Parameter(_storable(np.array(array), note), "autograd", True)


def _torch(value: Any, note: Note) -> Parameter:
    try:
        array = np.array(value.detach().numpy())
    except (TypeError, RuntimeError):
        array = func_tensors.read_outside(value, lambda tensor: _unusual_tensor(tensor.detach(), note))
    return Parameter(_storable(array, note), "torch", value.requires_grad, foreign=foreign_dtype(value))


def foreign_dtype(value: Any) -> str:
    """Which of `FOREIGN` the dtype of a tensor is, or ""."""
    name = str(value.dtype).replace("torch.", "")
    return name if name in FOREIGN else ""


def _unusual_tensor(tensor: Any, note: Note) -> np.ndarray:
    """A tensor that numpy cannot look at directly: on another device, sparse, lazily conjugated, or of a dtype unknown to numpy."""
    if tensor.layout is not sys.modules["torch"].strided:
        note(f"a {str(tensor.layout).replace('torch.', '')} tensor was made dense")
        tensor = tensor.to_dense()
    if tensor.device.type != "cpu":
        note(f"a tensor on {tensor.device.type} {MOVED_TO_CPU}")
        tensor = tensor.cpu()
    for resolve in ("resolve_conj", "resolve_neg"):
        if hasattr(tensor, resolve):
            tensor = getattr(tensor, resolve)()
    try:
        if foreign_dtype(tensor):
            # each of its numbers is one of float32
            tensor = tensor.float()
        return np.array(tensor.numpy())
    except (TypeError, RuntimeError) as error:
        raise NotANumber(f"a tensor without a value of its own: {error}") from None


def _jax(value: Any, note: Note) -> Parameter:
    return Parameter(_storable(jax_numbers.placeholder(value), note), "jax", jax_numbers.is_differentiated(value))


def _foreign_array(value: Any, note: Note) -> Parameter:
    try:
        array = np.array(value)
    except Exception as error:
        raise NotANumber(f"{type(value).__name__} without a value ({type(error).__name__})") from None
    note(f"{type(value).__module__.split('.')[0]} arrays were recorded as numpy arrays")
    return Parameter(_storable(array, note), "numpy")


_STORABLE = frozenset(np.dtype(name) for name in DTYPES)


def _storable(array: np.ndarray, note: Note) -> np.ndarray:
    if array.dtype in _STORABLE:
        return array
    if not array.dtype.isnative:
        return _storable(array.astype(array.dtype.newbyteorder("=")), note)
    if array.dtype.kind not in "fc":
        raise NotANumber(f"an array of dtype {array.dtype}")
    target = np.complex128 if array.dtype.kind == "c" else np.float64
    note(f"{array.dtype} numbers were narrowed to {np.dtype(target).name}")
    return array.astype(target)


Reader = Callable[[Any, Note], Parameter]


def reader_for(kind: type) -> Optional[Reader]:
    """The function that turns values of a type into a `Parameter`, or None where the type is no number."""
    if kind is float:
        return _float
    if kind in _PYTHON_DTYPES:
        return _python
    module = kind.__module__
    if module.startswith("pennylane.numpy") and issubclass(kind, np.ndarray):
        return _pennylane_tensor
    if module.startswith("autograd") and hasattr(kind, "type_mappings"):
        return _autograd_box
    if issubclass(kind, np.ndarray):
        return _numpy if kind is np.ndarray else _foreign_array
    if issubclass(kind, (np.number, np.bool_)):
        return _numpy_scalar
    torch = sys.modules.get("torch")
    if torch is not None and issubclass(kind, torch.Tensor):
        return _torch
    if jax_numbers.is_jax(kind):
        return _jax
    if hasattr(kind, "__array__") and hasattr(kind, "dtype") and hasattr(kind, "shape"):
        return _foreign_array
    return None


def plain_number(parameter: Parameter) -> Any:
    """The number itself, in the container that it was recorded in.

    Parameters
    ----------
    parameter
        The recorded number.

    Returns
    -------
    object
        A Python number, a numpy scalar or array, PennyLane's tensor, a torch leaf tensor, or an array of JAX, of the recorded dtype
        and tracked as recorded (where its dtype can be tracked; JAX tracks nothing but inside of its transforms).
    """
    value = parameter.value
    if parameter.container == "python":
        return value.item()
    if parameter.container == "numpy-scalar":
        return value[()]
    if parameter.container == "autograd":
        from pennylane import numpy as pnp

        return pnp.array(value, requires_grad=parameter.trainable)
    if parameter.container == "torch":
        tensor = tensor_of(parameter)
        return tensor.requires_grad_() if parameter.trainable and value.dtype.kind in "fc" else tensor
    if parameter.container == "jax":
        import jax.numpy as jnp

        return jnp.asarray(value)
    return np.array(value)


def tensor_of(parameter: Parameter) -> Any:
    """The number as a torch tensor of its own dtype, tracked by nothing."""
    import torch

    tensor = torch.from_numpy(np.array(parameter.value, order="C"))
    return tensor.to(getattr(torch, parameter.foreign)) if parameter.foreign else tensor
