"""A device's options as Python source, and the imports that they need; what cannot be made again has no source."""

from __future__ import annotations

from typing import Any

from qdiag.bridges.source.literals import plain_text, scalar_text
from qdiag.bridges.source.paths import require_name
from qdiag.errors import OpaqueCircuitError
from qdiag.model.import_lines import NUMPY
from qdiag.model.option import Held, Kind, Option, Options, is_literal


def keyword_sources(options: Options) -> tuple[list[str], frozenset[str]]:
    """Options as keyword arguments, and the import lines that they need.

    Raises
    ------
    OpaqueCircuitError
        If a name is no name, or a value is an object that nobody can make again.
    """
    texts, imports = [], set[str]()
    for name, value in options:
        require_name(name)
        texts.append(f"{name}={_text(value, imports)}")
    return texts, frozenset(imports)


def literal_source(value: Option) -> str:
    """An option that needs no import (see `is_literal`) as an expression.

    Raises
    ------
    OpaqueCircuitError
        If it is of another kind, which only a stranger's file can say.
    """
    if not is_literal(value):
        raise OpaqueCircuitError("an option of the gradient is no literal", "read the script")
    return _text(value, set())


def imported_source(name: str) -> tuple[str, str]:
    """``module:qualified.name`` as an expression, and the line that imports its module.

    Raises
    ------
    OpaqueCircuitError
        If it is not written so: it may come from a file by a stranger, and must not become other code.
    """
    module, _, attributes = name.partition(":")
    for part in (*module.split("."), *attributes.split(".")):
        require_name(part)
    if module == "__main__":
        raise OpaqueCircuitError(f"{attributes} is the script's own", "read the script")
    return f"{module}.{attributes}", f"import {module}"


def _text(value: Option, imports: set[str]) -> str:
    if not isinstance(value, Held):
        return plain_text(value)
    if value.kind is Kind.OBJECT:
        raise OpaqueCircuitError(f"{value.parts[0]} cannot be written as source", "read the script")
    if value.kind is Kind.NAME:
        text, line = imported_source(str(value.parts[0]))
        imports.add(line)
        return text
    if value.kind is Kind.ARRAY:
        return _array_text(value, imports)
    parts = [_text(part, imports) for part in value.parts]
    if value.kind is Kind.COMPLEX:
        return f"complex({', '.join(parts)})"
    if value.kind is Kind.DICT:
        return "{" + ", ".join(f"{key}: {item}" for key, item in zip(parts[::2], parts[1::2])) + "}"
    if value.kind is Kind.LIST:
        return f"[{', '.join(parts)}]"
    return f"({', '.join(parts)}{',' * (len(parts) == 1)})"


def _array_text(value: Held, imports: set[str]) -> str:
    dtype, shape, *numbers = value.parts
    assert isinstance(shape, Held), "an array has a shape"
    imports.add(NUMPY)
    texts = [scalar_text(complex(*n.parts) if isinstance(n, Held) else n, str(dtype)) for n in numbers]  # type: ignore[arg-type]
    return f"np.array({_nested(texts, list(shape.parts))}, dtype=np.{dtype})"


def _nested(texts: list[str], shape: list[Any]) -> str:
    if not shape:
        return texts[0]
    size = len(texts) // shape[0] if shape[0] else 0
    return "[" + ", ".join(_nested(texts[i * size : (i + 1) * size], shape[1:]) for i in range(shape[0])) + "]"
