"""Numbers as Python source that gives the same bits back: the shortest digits, and a dtype only where it is not implied."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from qdiag.model.import_lines import AUTOGRAD, JNP, NUMPY, TORCH
from qdiag.model.parameter import Parameter


@dataclass(frozen=True)
class Style:
    """How numbers are written.

    Parameters
    ----------
    exact
        Whether each number keeps the container it was recorded in. Otherwise untracked double-precision numbers become
        Python numbers, and tensors arrays, as a person would write them.
    default_dtype
        Torch's default dtype where the source will run, or JAX's: it is not spelled out.
    """

    exact: bool = True
    default_dtype: str = "float32"

    def as_written(self, parameter: Parameter) -> Parameter:
        """The number in the container in which it is written."""
        if self.exact or parameter.trainable or parameter.marked:
            return parameter
        return replace(parameter, container=_simplest(parameter.value, parameter.container))


def real_text(value: float, dtype: str = "float64") -> str:
    """The shortest decimal that gives a real number back when it is read as a Python float and rounded to a dtype."""
    if not math.isfinite(value):
        return f'float("{value}")'
    if dtype == "float64":
        return repr(float(value))
    kind = np.dtype(dtype).type
    with np.errstate(over="ignore"):  # fewer digits may round up beyond the dtype's largest number
        shorter = (float(f"{float(value):.{digits}g}") for digits in range(1, 18))
        return repr(next(short for short in shorter if kind(short) == kind(value)))


def complex_text(value: complex, dtype: str = "complex128", exact: bool = True) -> str:
    """A complex number: ``1+2j`` where that gives the same signs of zero (or ``exact`` is off), else ``complex(1.0, -0.0)``."""
    part = "float32" if dtype == "complex64" else "float64"
    if not exact and value.imag == 0:
        return real_text(value.real, part)
    if not exact and value.real == 0:
        value = complex(-0.0 if _negative(value.imag) else 0.0, value.imag)
    real, imaginary = real_text(value.real, part), real_text(value.imag, part)
    if not (math.isfinite(value.real) and math.isfinite(value.imag)):
        return f"complex({real}, {imaginary})"
    if not _negative(value.real) and not _negative(value.imag):
        return f"{imaginary}j" if value.real == 0 else f"{real}+{imaginary}j"
    if value.real != 0 and not _negative(value.imag):
        return f"{real}+{imaginary}j"
    if value.real != 0 and value.imag != 0:
        return f"{real}{imaginary}j"
    if _negative(value.real) and value.real == 0 and value.imag < 0:
        return f"{imaginary}j"  # the minus applies to the whole literal, so the real part becomes -0.0
    return f"complex({real}, {imaginary})"


def _negative(value: float) -> bool:
    return math.copysign(1.0, value) < 0


def plain_text(value: Any) -> str:
    """A Python value that is no number of the circuit: text in double quotes, where that is all that ``repr`` would change."""
    if isinstance(value, str) and '"' not in value:
        return f'"{repr(value)[1:-1]}"' if "'" not in value else repr(value)
    if isinstance(value, list):
        return "[" + ", ".join(map(plain_text, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{plain_text(key)}: {plain_text(item)}" for key, item in value.items()) + "}"
    return repr(value)


def scalar_text(value: Any, dtype: str, exact: bool = True) -> str:
    """One number of a dtype, without saying the dtype."""
    if dtype.startswith("complex"):
        return complex_text(complex(value), dtype, exact)
    if dtype.startswith("float"):
        return real_text(float(value), dtype)
    return repr(bool(value) if dtype == "bool" else int(value))


def array_text(array: np.ndarray, exact: bool = True) -> str:
    """The elements of an array of any shape as nested lists; complex ones as real numbers where they all are."""
    if array.ndim and array.dtype.kind == "c" and _plainly_real(array):
        array = array.real
    return _list_text(array, array.dtype.name, exact)


def _plainly_real(array: np.ndarray) -> bool:
    return not array.imag.any() and not np.signbit(array.imag).any()


def _list_text(array: np.ndarray, dtype: str, exact: bool) -> str:
    if array.ndim == 0:
        return scalar_text(array[()], dtype, exact)
    return "[" + ", ".join(_list_text(row, dtype, exact) for row in array) + "]"


def literal(parameter: Parameter, style: Style) -> tuple[str, frozenset[str]]:
    """A parameter as source, with the imports that it needs."""
    parameter = style.as_written(parameter)
    value, container = parameter.value, parameter.container
    if value.dtype.kind == "c" and not style.exact:
        value = np.asarray(value + value.dtype.type(0))  # no signs of zero
    if container == "python":
        return scalar_text(value[()], value.dtype.name, style.exact), frozenset()
    if container == "numpy-scalar":
        name = "bool_" if value.dtype.name == "bool" else value.dtype.name
        return f"np.{name}({scalar_text(value[()], value.dtype.name)})", frozenset([NUMPY])
    if container == "numpy":
        return _constructor_call("np.array", value, _numpy_dtype(value), exact=style.exact), frozenset([NUMPY])
    if container == "autograd":
        dtype = _numpy_dtype(value)
        tracked = "" if parameter.trainable or parameter.marked else ", requires_grad=False"
        return _constructor_call("pnp.array", value, dtype, tracked, style.exact), frozenset([AUTOGRAD]) | ({NUMPY} if dtype else set())
    if container == "jax":
        return _constructor_call("jnp.array", value, _jax_dtype(value, style.default_dtype), exact=style.exact), frozenset([JNP])
    tracked = ", requires_grad=True" if (parameter.trainable or parameter.marked) and value.dtype.kind in "fc" else ""
    dtype = f", dtype=torch.{parameter.foreign}" if parameter.foreign else _torch_dtype(value, style.default_dtype)
    return _constructor_call("torch.tensor", value, dtype, tracked, style.exact), frozenset([TORCH])


def _simplest(value: np.ndarray, container: str) -> str:
    double = value.dtype.name in ("float64", "complex128", "int64", "bool")
    if container == "python" or not double:
        return container
    return "python" if value.ndim == 0 else "numpy"


def _constructor_call(function: str, value: np.ndarray, dtype: str, rest: str = "", exact: bool = True) -> str:
    if value.size == 0 and value.ndim > 1:
        zeros = function.replace("array", "zeros").replace("tensor", "zeros")
        return f"{zeros}({value.shape!r}{dtype or _double(function)}{rest})"
    return f"{function}({array_text(value, exact)}{dtype}{rest})"


def _double(function: str) -> str:
    module = function.partition(".")[0]
    return ", dtype=np.float64" if module in ("np", "pnp") else f", dtype={module}.float32"


def _numpy_dtype(value: np.ndarray) -> str:
    name = value.dtype.name
    implied = name == _implied_dtype(value)
    return "" if implied else f", dtype=np.{'bool_' if name == 'bool' else name}"


def _implied_dtype(value: np.ndarray) -> str:
    """The dtype that numpy gives to the elements written as Python numbers."""
    if value.size and value.ndim and value.dtype.kind == "c" and _plainly_real(value):
        return "float64"
    return np.array(value.tolist()).dtype.name if value.size else "float64"


def _jax_dtype(value: np.ndarray, default: str) -> str:
    name, written = value.dtype.name, _implied_dtype(value)
    narrow = {"float64": "float32", "complex128": "complex64", "int64": "int32"} if default != "float64" else {}
    return "" if narrow.get(written, written) == name else f", dtype=jnp.{'bool_' if name == 'bool' else name}"


def _torch_dtype(value: np.ndarray, default: str) -> str:
    name = value.dtype.name
    narrow = default != "float64"
    implied = {"float64": "float32", "complex128": "complex64"} if narrow else {}
    written = _implied_dtype(value)
    return "" if implied.get(written, written) == name else f", dtype=torch.{name}"
