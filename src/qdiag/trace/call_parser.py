"""What surrounds a circuit (configuration, arguments, environment, failures) from strict JSON text, as `call_text` writes it.

Reading trusts nothing: every field is checked against the type that the value declares, and anything odd is a `TraceError`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from qdiag.errors import TraceError
from qdiag.model.baked_value import BakedValue
from qdiag.model.call import Argument, Configuration, Environment, Failure, Process, Script, SourceLine
from qdiag.model.loss_axes import LossAxes
from qdiag.model.measured import PRECISIONS, Measured
from qdiag.model.method import COMPILERS
from qdiag.model.not_finite import GivenNumbers, NotFinite
from qdiag.model.probe import Probe, ProbedArgument, ProbedMethod, ProbedRows, ProbedVectors
from qdiag.model.step_probe import Moved, Outcome, Spot, StepProbe
from qdiag.model.training import (
    ArgumentOrigin,
    CallOrigins,
    Clip,
    Gradient,
    Leaf,
    Optimiser,
    OptimiserStep,
    ParameterStep,
    Root,
    SteppedArgument,
)
from qdiag.trace import bound
from qdiag.trace.option_text import option_from

Kind = TypeVar("Kind")

MAX_TEXT = 1 << 24
"""The longest text that is read, in characters."""


class _Odd(Exception):
    """Something in the text is not as `text_of` writes it."""


def value_from(kind: type[Kind], text: str) -> Kind:
    """Restore one value.

    Raises
    ------
    TraceError
        If the text does not describe one.
    """
    return _read_json(text, lambda entry: _value(kind, entry))


def values_from(kind: type[Kind], text: str) -> tuple[Kind, ...]:
    """Restore a tuple of values of one type (see `value_from`)."""
    return _read_json(text, lambda entry: tuple(_value(kind, part) for part in _list(entry)))


def strings_from(text: str) -> tuple[str, ...]:
    """Restore a tuple of texts (see `value_from`)."""
    return _read_json(text, lambda entry: tuple(_text(part) for part in _list(entry)))


def _read_json(text: str, read: Callable[[Any], Kind]) -> Kind:
    try:
        if len(text) > MAX_TEXT:
            raise _Odd
        return read(bound.loads(text, parse_constant=_refuse))
    except (_Odd, ValueError, TypeError, RecursionError):
        raise TraceError("the description of a call is damaged", "record the trace again") from None


def _refuse(word: str) -> Any:
    raise _Odd


def _list(entry: Any) -> list[Any]:
    if not isinstance(entry, list):
        raise _Odd
    return entry


def _one_of_types(*kinds: type) -> Callable[[Any], Any]:
    def read(entry: Any) -> Any:
        if type(entry) not in kinds:
            raise _Odd
        return entry

    return read


def _option(entry: Any) -> Any:
    try:
        return option_from(entry)
    except ValueError:
        raise _Odd from None


def _several(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda entry: tuple(read(part) for part in _list(entry))


def _pair(entry: Any) -> tuple[str, Any]:
    name, value = _list(entry)
    return _text(name), _option(value)


def _text_pair(entry: Any) -> tuple[str, str]:
    name, value = _list(entry)
    return _text(name), _text(value)


def _optional(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda entry: None if entry is None else read(entry)


def _natural(entry: Any) -> int:
    if type(entry) is not int or entry < 0:
        raise _Odd
    return entry


def _number(entry: Any) -> float:
    value = _option(entry)
    if type(value) not in (int, float):
        raise _Odd
    return float(value)


def _default_dtype(entry: Any) -> str:
    """What torch can make its default: it is looked up there, and becomes a part of scripts."""
    if entry not in ("", "float16", "bfloat16", "float32", "float64"):
        raise _Odd
    return str(entry)


def _precision(entry: Any) -> str:
    if entry not in ("", *PRECISIONS):
        raise _Odd
    return str(entry)


def _compiled(entry: Any) -> str:
    if entry not in ("", *COMPILERS):
        raise _Odd
    return str(entry)


_text = _one_of_types(str)
_flag = _one_of_types(bool)
_whole = _one_of_types(int)
_texts = _several(_text)
_options = _several(_pair)

_READERS: dict[type, dict[str, Callable[[Any], Any]]] = {
    SourceLine: {"path": _text, "line": _natural, "function": _text},
    Failure: {"type": _text, "message": _text, "frames": _texts, "stage": _text, "refusal": _flag},
    Configuration: {
        "qnode": _text,
        "source": lambda entry: _value(SourceLine, entry),
        "device": _text,
        "device_wires": _several(_one_of_types(int, str)),
        "device_precision": _text,
        "device_options": _options,
        "interface": _text,
        "requested": _text,
        "resolved": _text,
        "gradient_options": _options,
        "execution_options": _options,
        "transforms": _texts,
        "transform_kinds": _texts,
        "transform_options": _options,
        "made": _texts,
        "library": _text,
        "metric_of": _several(_several(_natural)),
        "number": _natural,
        "layer": _text,
        "default_dtype": _default_dtype,
        "assumed": _precision,
        "compiled": _compiled,
        "graph": _flag,
    },
    LossAxes: {
        "operation": _text,
        "prediction": _several(_natural),
        "difference": _several(_natural),
        "source": lambda entry: _value(SourceLine, entry),
        "over_all": _optional(_number),
        "over_rows": _optional(_number),
        "squared": _flag,
    },
    Argument: {"name": _text, "container": _text, "dtype": _text, "shape": _several(_natural), "trainable": _flag},
    Environment: {
        "python": _text,
        "platform": _text,
        "packages": _several(_text_pair),
        "devices": _texts,
        "settings": _options,
    },
    Script: {
        "path": _text,
        "argv": _texts,
        "module": _flag,
        "called": _flag,
        "exit_code": _optional(_whole),
        "failure": _optional(lambda entry: _value(Failure, entry)),
    },
    ProbedArgument: {
        "name": _text,
        "numerical": _number,
        "error": _number,
        "smooth": _flag,
        "scale": _number,
        "moves": _number,
        "followed": _flag,
        "restructured": _flag,
        "aside": _optional(_number),
        "mended": _optional(_number),
    },
    ProbedRows: {
        "argument": _text,
        "shape": _several(_natural),
        "results": _natural,
        "row": _natural,
        "result": _natural,
        "tried": _natural,
        "unused": _natural,
    },
    ProbedVectors: {
        "circuits": _natural,
        "operation": _text,
        "wires": _texts,
        "argument": _text,
        "shape": _several(_natural),
    },
    ProbedMethod: {"diff_method": _text, "slopes": _several(_number), "failure": _text, "apart": _optional(_number)},
    Probe: {
        "call": _natural,
        "arguments": _several(lambda entry: _value(ProbedArgument, entry)),
        "methods": _several(lambda entry: _value(ProbedMethod, entry)),
        "eps": _number,
        "size": _number,
        "plain_gap": _number,
        "untransformed": _optional(lambda entry: _value(ProbedMethod, entry)),
        "rows": _natural,
        "mixing": _optional(_number),
        "batch": _optional(lambda entry: _value(ProbedRows, entry)),
        "vectors": _optional(lambda entry: _value(ProbedVectors, entry)),
        "repeatable": _flag,
        "complete": _flag,
        "note": _text,
        "differenced": _flag,
        "closed": _flag,
        "marked": _flag,
        "again": _optional(_number),
        "device": lambda entry: _measured(entry),
        "steps": _several(lambda entry: _value(ProbedMethod, entry)),
        "same_circuit": _flag,
    },
    Measured: {
        "precision": _precision,
        "samples": _natural,
        "changing": _flag,
        "warning": _text,
        "assumed": _flag,
        "idle_seed": _flag,
    },
    GivenNumbers: {
        "name": _text,
        "shape": _several(_natural),
        "lost": _several(_natural),
        "zero": _several(_natural),
        "largest": _number,
    },
    BakedValue: {
        "call": _natural,
        "name": _text,
        "function": _text,
        "source": lambda entry: _value(SourceLine, entry),
        "before": _text,
        "later": _text,
        "stale": _natural,
        "runs": _natural,
        "own": _flag,
        "numbers": _texts,
        "gap": _optional(_number),
        "again": _optional(_number),
        "same": _optional(_flag),
    },
    NotFinite: {"call": _natural, "given": _several(lambda entry: _value(GivenNumbers, entry))},
    Leaf: {
        "token": _natural,
        "shape": _several(_natural),
        "dtype": _text,
        "name": _text,
        "requires_grad": _flag,
        "values": _several(_number),
    },
    Optimiser: {
        "number": _natural,
        "kind": _text,
        "source": lambda entry: _value(SourceLine, entry),
        "parameters": _several(lambda entry: _value(Leaf, entry)),
        "framework": _text,
    },
    ParameterStep: {
        "token": _natural,
        "gradient": lambda entry: Gradient(_text(entry)),
        "size": _number,
        "rate": _number,
        "moved": _optional(_flag),
        "stale": _optional(_flag),
        "brought": _flag,
        "lost": _natural,
    },
    SteppedArgument: {
        "name": _text,
        "container": _text,
        "dtype": _text,
        "shape": _several(_natural),
        "trainable": _flag,
        "given": _text,
        "returned": _text,
        "values": _several(_number),
    },
    OptimiserStep: {
        "optimiser": _natural,
        "number": _natural,
        "parameters": _several(lambda entry: _value(ParameterStep, entry)),
        "arguments": _several(lambda entry: _value(SteppedArgument, entry)),
        "source": lambda entry: _value(SourceLine, entry),
    },
    Root: {
        "shape": _several(_natural),
        "source": lambda entry: _value(SourceLine, entry),
        "tracked": _flag,
        "leaves": _several(_natural),
        "calls": _several(_natural),
        "complete": _flag,
        "accumulates": _flag,
        "digest": _text,
        "failure": _text,
        "stale": _several(_natural),
        "cleared": _several(_natural),
    },
    Clip: {
        "limit": _number,
        "before": _optional(_number),
        "by_value": _flag,
        "source": lambda entry: _value(SourceLine, entry),
    },
    ArgumentOrigin: {"name": _text, "tracked": _flag, "token": _optional(_natural), "leaves": _several(_natural)},
    CallOrigins: {
        "call": _natural,
        "grad_enabled": _flag,
        "arguments": _several(lambda entry: _value(ArgumentOrigin, entry)),
        "circuit": _several(_natural),
        "outputs": _several(_flag),
        "complete": _flag,
    },
    Spot: {"operation": _text, "place": lambda entry: _value(SourceLine, entry), "cut": _flag},
    Outcome: {
        "by": _number,
        "direction": _natural,
        "loss": _optional(_number),
        "note": _text,
        "reached": _optional(_flag),
        "spots": _several(lambda entry: _value(Spot, entry)),
        "stirred": _natural,
    },
    Process: {"name": _text, "first": _natural, "calls": _natural},
    StepProbe: {
        "call": _natural,
        "step": _natural,
        "moved": lambda entry: Moved(_text(entry)),
        "subject": _text,
        "source": lambda entry: _value(SourceLine, entry),
        "outcomes": _several(lambda entry: _value(Outcome, entry)),
        "size": _number,
        "eps": _number,
        "own": _optional(_number),
        "note": _text,
        "token": _optional(_natural),
        "given": _optional(_number),
    },
}


def _measured(entry: Any) -> Measured:
    """What is written always says all of it: nothing at all is no way of saying that nothing is known."""
    if not entry:
        raise _Odd
    return _value(Measured, entry)


def _value(kind: type[Kind], entry: Any) -> Kind:
    readers = _READERS[kind]
    if not isinstance(entry, dict) or not set(entry) <= set(readers):
        raise _Odd
    return kind(**{name: readers[name](part) for name, part in entry.items()})
