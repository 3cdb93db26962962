"""Recorded options as live values again. What has a name is imported only for a trace that may be trusted."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from qdiag.errors import MethodError
from qdiag.model.option import Held, Kind, Option, Options, why_not_rebuilt


def live_options(options: Options, *, trusted: bool) -> dict[str, Any]:
    """Options by their names, as a constructor takes them.

    Raises
    ------
    MethodError
        If one holds an object that cannot be made again, or a name that may not be imported.
    """
    why = why_not_rebuilt(options)
    if why:
        raise MethodError(why)
    return {name: _live(value, trusted) for name, value in options}


def _live(option: Option, trusted: bool) -> Any:
    if not isinstance(option, Held):
        return option
    if option.kind is Kind.NAME:
        return imported(str(option.parts[0]), trusted=trusted)
    if option.kind is Kind.ARRAY:
        dtype, shape, *numbers = option.parts
        assert isinstance(shape, Held), "an array has a shape"
        return np.array([_live(number, trusted) for number in numbers], dtype=str(dtype)).reshape(shape.parts)
    parts = [_live(part, trusted) for part in option.parts]
    if option.kind is Kind.COMPLEX:
        return complex(*parts)
    if option.kind is Kind.DICT:
        return dict(zip(parts[::2], parts[1::2]))
    return parts if option.kind is Kind.LIST else tuple(parts)


def imported(name: str, *, trusted: bool) -> Any:
    """What ``module:qualified.name`` names.

    Raises
    ------
    MethodError
        If it is not there, or the trace may not be trusted with imports.
    """
    module, _, attributes = name.partition(":")
    if not trusted and not _is_known(module):
        raise MethodError(f"{name} is imported only for a trace of your own", "if you trust the trace, say --trust")
    if module == "__main__":
        raise MethodError(f"{attributes} is the script's own")
    try:
        found: Any = importlib.import_module(module)
        for attribute in attributes.split("."):
            found = getattr(found, attribute)
    except Exception as error:
        # a module may raise anything
        raise MethodError(f"{name} cannot be imported here ({type(error).__name__})") from None
    return found


def _is_known(module: str) -> bool:
    """Whether a module is one that every evaluation loads anyway."""
    return module in ("numpy", "pennylane")
