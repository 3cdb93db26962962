"""Devices that a module defines and no plugin announces: found by their name, or by that of their class."""

from __future__ import annotations

import importlib

from qdiag.errors import UsageError


def class_in(module: str, name: str) -> str:
    """The class in a module that is called so, as ``module:Class``.

    Raises
    ------
    UsageError
        If the module cannot be imported, or has no such device.
    """
    try:
        found = importlib.import_module(module)
    except Exception as error:
        # a module may raise anything
        words = f"importing {module} raised {type(error).__name__}: {error}"
        raise UsageError(words, "run qdiag in the folder that holds it, or install it") from None
    classes = [value for value in vars(found).values() if isinstance(value, type)]
    for kind in classes:
        if name in (kind.__name__, getattr(kind, "name", None), getattr(kind, "short_name", None)):
            return f"{kind.__module__}:{kind.__qualname__}"
    known = ", ".join(kind.__name__ for kind in classes if kind.__module__ == found.__name__)
    raise UsageError(f"{module} has no device '{name}'", f"classes in it: {known or 'none'}")
