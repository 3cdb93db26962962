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
from qdiag.model.measured import Measured
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
from qdiag.trace.entries import (
    Odd,
    compiled,
    default_dtype,
    flag,
    items,
    natural,
    number,
    one_of_types,
    optional,
    options,
    precision,
    several,
    string,
    string_pair,
    strings,
    whole,
)

Kind = TypeVar("Kind")

MAX_TEXT = 1 << 24
"""The longest text that is read, in characters."""


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
    return _read_json(text, lambda entry: tuple(_value(kind, part) for part in items(entry)))


def strings_from(text: str) -> tuple[str, ...]:
    """Restore a tuple of texts (see `value_from`)."""
    return _read_json(text, lambda entry: tuple(string(part) for part in items(entry)))


def _read_json(text: str, read: Callable[[Any], Kind]) -> Kind:
    try:
        if len(text) > MAX_TEXT:
            raise Odd
        return read(bound.loads(text, parse_constant=_refuse))
    except (Odd, ValueError, TypeError, RecursionError):
        raise TraceError("the description of a call is damaged", "record the trace again") from None


def _refuse(word: str) -> Any:
    raise Odd


_READERS: dict[type, dict[str, Callable[[Any], Any]]] = {
    SourceLine: {"path": string, "line": natural, "function": string},
    Failure: {"type": string, "message": string, "frames": strings, "stage": string, "refusal": flag},
    Configuration: {
        "qnode": string,
        "source": lambda entry: _value(SourceLine, entry),
        "device": string,
        "device_wires": several(one_of_types(int, str)),
        "device_precision": string,
        "device_options": options,
        "interface": string,
        "requested": string,
        "resolved": string,
        "gradient_options": options,
        "execution_options": options,
        "transforms": strings,
        "transform_kinds": strings,
        "transform_options": options,
        "made": strings,
        "library": string,
        "metric_of": several(several(natural)),
        "number": natural,
        "layer": string,
        "default_dtype": default_dtype,
        "assumed": precision,
        "compiled": compiled,
        "graph": flag,
    },
    LossAxes: {
        "operation": string,
        "prediction": several(natural),
        "difference": several(natural),
        "source": lambda entry: _value(SourceLine, entry),
        "over_all": optional(number),
        "over_rows": optional(number),
        "squared": flag,
    },
    Argument: {"name": string, "container": string, "dtype": string, "shape": several(natural), "trainable": flag},
    Environment: {
        "python": string,
        "platform": string,
        "packages": several(string_pair),
        "devices": strings,
        "settings": options,
    },
    Script: {
        "path": string,
        "argv": strings,
        "module": flag,
        "called": flag,
        "exit_code": optional(whole),
        "failure": optional(lambda entry: _value(Failure, entry)),
    },
    ProbedArgument: {
        "name": string,
        "numerical": number,
        "error": number,
        "smooth": flag,
        "scale": number,
        "moves": number,
        "followed": flag,
        "restructured": flag,
        "aside": optional(number),
        "mended": optional(number),
    },
    ProbedRows: {
        "argument": string,
        "shape": several(natural),
        "results": natural,
        "row": natural,
        "result": natural,
        "tried": natural,
        "unused": natural,
    },
    ProbedVectors: {
        "circuits": natural,
        "operation": string,
        "wires": strings,
        "argument": string,
        "shape": several(natural),
    },
    ProbedMethod: {"diff_method": string, "slopes": several(number), "failure": string, "apart": optional(number)},
    Probe: {
        "call": natural,
        "arguments": several(lambda entry: _value(ProbedArgument, entry)),
        "methods": several(lambda entry: _value(ProbedMethod, entry)),
        "eps": number,
        "size": number,
        "plain_gap": number,
        "untransformed": optional(lambda entry: _value(ProbedMethod, entry)),
        "rows": natural,
        "mixing": optional(number),
        "batch": optional(lambda entry: _value(ProbedRows, entry)),
        "vectors": optional(lambda entry: _value(ProbedVectors, entry)),
        "repeatable": flag,
        "complete": flag,
        "note": string,
        "differenced": flag,
        "closed": flag,
        "marked": flag,
        "again": optional(number),
        "device": lambda entry: _measured(entry),
        "steps": several(lambda entry: _value(ProbedMethod, entry)),
        "same_circuit": flag,
    },
    Measured: {
        "precision": precision,
        "samples": natural,
        "changing": flag,
        "warning": string,
        "assumed": flag,
        "idle_seed": flag,
    },
    GivenNumbers: {
        "name": string,
        "shape": several(natural),
        "lost": several(natural),
        "zero": several(natural),
        "largest": number,
    },
    BakedValue: {
        "call": natural,
        "name": string,
        "function": string,
        "source": lambda entry: _value(SourceLine, entry),
        "before": string,
        "later": string,
        "stale": natural,
        "runs": natural,
        "own": flag,
        "numbers": strings,
        "gap": optional(number),
        "again": optional(number),
        "same": optional(flag),
    },
    NotFinite: {"call": natural, "given": several(lambda entry: _value(GivenNumbers, entry))},
    Leaf: {
        "token": natural,
        "shape": several(natural),
        "dtype": string,
        "name": string,
        "requires_grad": flag,
        "values": several(number),
    },
    Optimiser: {
        "number": natural,
        "kind": string,
        "source": lambda entry: _value(SourceLine, entry),
        "parameters": several(lambda entry: _value(Leaf, entry)),
        "framework": string,
    },
    ParameterStep: {
        "token": natural,
        "gradient": lambda entry: Gradient(string(entry)),
        "size": number,
        "rate": number,
        "moved": optional(flag),
        "stale": optional(flag),
        "brought": flag,
        "lost": natural,
    },
    SteppedArgument: {
        "name": string,
        "container": string,
        "dtype": string,
        "shape": several(natural),
        "trainable": flag,
        "given": string,
        "returned": string,
        "values": several(number),
    },
    OptimiserStep: {
        "optimiser": natural,
        "number": natural,
        "parameters": several(lambda entry: _value(ParameterStep, entry)),
        "arguments": several(lambda entry: _value(SteppedArgument, entry)),
        "source": lambda entry: _value(SourceLine, entry),
    },
    Root: {
        "shape": several(natural),
        "source": lambda entry: _value(SourceLine, entry),
        "tracked": flag,
        "leaves": several(natural),
        "calls": several(natural),
        "complete": flag,
        "accumulates": flag,
        "digest": string,
        "failure": string,
        "stale": several(natural),
        "cleared": several(natural),
    },
    Clip: {
        "limit": number,
        "before": optional(number),
        "by_value": flag,
        "source": lambda entry: _value(SourceLine, entry),
    },
    ArgumentOrigin: {"name": string, "tracked": flag, "token": optional(natural), "leaves": several(natural)},
    CallOrigins: {
        "call": natural,
        "grad_enabled": flag,
        "arguments": several(lambda entry: _value(ArgumentOrigin, entry)),
        "circuit": several(natural),
        "outputs": several(flag),
        "complete": flag,
    },
    Spot: {"operation": string, "place": lambda entry: _value(SourceLine, entry), "cut": flag},
    Outcome: {
        "by": number,
        "direction": natural,
        "loss": optional(number),
        "note": string,
        "reached": optional(flag),
        "spots": several(lambda entry: _value(Spot, entry)),
        "stirred": natural,
    },
    Process: {"name": string, "first": natural, "calls": natural},
    StepProbe: {
        "call": natural,
        "step": natural,
        "moved": lambda entry: Moved(string(entry)),
        "subject": string,
        "source": lambda entry: _value(SourceLine, entry),
        "outcomes": several(lambda entry: _value(Outcome, entry)),
        "size": number,
        "eps": number,
        "own": optional(number),
        "note": string,
        "token": optional(natural),
        "given": optional(number),
    },
}


def _measured(entry: Any) -> Measured:
    """What is written always says all of it: nothing at all is no way of saying that nothing is known."""
    if not entry:
        raise Odd
    return _value(Measured, entry)


def _value(kind: type[Kind], entry: Any) -> Kind:
    readers = _READERS[kind]
    if not isinstance(entry, dict) or not set(entry) <= set(readers):
        raise Odd
    return kind(**{name: readers[name](part) for name, part in entry.items()})
