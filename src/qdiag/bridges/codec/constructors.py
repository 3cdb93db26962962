"""Operators as the arguments of their constructor: for a PennyLane without ``_flatten``, and for classes whose own one is broken.

The arguments are looked up by the constructor's parameter names among the operator's hyperparameters, attributes and data. A
parameter that is found nowhere makes the operator unencodable: guessing its default could change the circuit.
"""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable
from typing import Any

import pennylane as qml

from qdiag.bridges.codec import classes

_IGNORED = ("self", "id", "do_queue", "check", "unitary_check")
"""Arguments that change nothing about the operator that they make."""

_CHECKS = ("validate_norm",)
"""Arguments that only say whether something is checked; older constructors do not know them."""

RETURN_TYPES = {
    "Expectation": "ExpectationMP",
    "Variance": "VarianceMP",
    "Sample": "SampleMP",
    "Counts": "CountsMP",
    "AllCounts": "CountsMP",
    "Probability": "ProbabilityMP",
    "State": "StateMP",
    "VnEntropy": "VnEntropyMP",
    "MutualInfo": "MutualInfoMP",
}
"""Names under which measurements are recorded, by the return type that they had before each got a class of its own."""


_RETURN_TYPES: Any = qml.measurements if hasattr(qml, "measurements") else qml.operation
"""Where the return types are: asked for them in ``qml.operation``, PennyLane 0.23 to 0.27 warn."""


class NotFound(Exception):
    """A constructor's argument cannot be recovered from the operator."""


def _attributes_of(operator: Any) -> dict[str, Any]:
    """What an operator keeps of its arguments: in its attributes, and from 0.23 on in its hyperparameters."""
    return {**vars(operator), **getattr(operator, "hyperparameters", {})}


def _letter(operator: Any) -> str:
    kept = _attributes_of(operator)
    kind = kept.get("rotation") or kept["local_field"]
    return kind if isinstance(kind, str) else kind.__name__[-1]


def _pattern(operator: Any) -> Any:
    # The default is an iterator over all pairs, which the operator's own expansion uses up.
    pattern = _attributes_of(operator)["pattern"]
    return None if isinstance(pattern, itertools.combinations) else pattern


def _spin_change(operator: Any) -> int:
    from pennylane.templates.subroutines.kupccgsd import generalized_singles

    wires, singles = list(operator.wires), _attributes_of(operator)["s_wires"]
    found = [change for change in (0, 1, -1) if generalized_singles(wires, change) == singles]
    if not found:
        raise NotFound("its argument delta_sz cannot be recovered")
    return found[0]


def _kraus_matrices(operator: Any) -> list[Any]:
    nested = len(operator.data) == 1 and isinstance(operator.data[0], (list, tuple))
    return list(operator.data[0] if nested else operator.data)


def _targets(operator: Any) -> Any:
    kept = _attributes_of(operator)
    # an operator as its base brings its wires along
    return None if "base" in kept else kept.get("_target_wires", kept.get("u_wires"))


def _estimation_wires(operator: Any) -> Any:
    kept = _attributes_of(operator)
    return None if isinstance(kept.get("unitary"), classes.OPERATOR) else kept["target_wires"]


ARGUMENTS: dict[tuple[str, str], Callable[[Any], Any]] = {
    ("AngleEmbedding", "rotation"): _letter,
    ("QAOAEmbedding", "local_field"): _letter,
    ("RandomLayers", "ratio_imprim"): lambda operator: _attributes_of(operator)["ratio_imprimitive"],
    ("MultiControlledX", "wires"): lambda operator: _attributes_of(operator).get("_target_wire", operator.wires),
    ("MultiControlledX", "control_wires"): lambda operator: (
        operator.control_wires if "_target_wire" in _attributes_of(operator) else None
    ),
    ("ControlledQubitUnitary", "wires"): _targets,
    ("QuantumPhaseEstimation", "target_wires"): _estimation_wires,
    ("PCPhase", "dim"): lambda operator: operator.hyperparameters["dimension"][0],
    ("ControlledQutritUnitary", "wires"): lambda operator: operator.hyperparameters["u_wires"],
    ("IQP", "num_wires"): lambda operator: len(operator.wires),
    ("Hamiltonian", "coeffs"): lambda operator: operator.coeffs,
    ("Hamiltonian", "observables"): lambda operator: list(operator.ops),
    ("Hamiltonian", "simplify"): lambda operator: False,
    ("Hamiltonian", "method"): lambda operator: "rlf",
    ("Hamiltonian", "grouping_type"): lambda operator: "qwc" if operator.grouping_indices else None,
    ("ApproxTimeEvolution", "time"): lambda operator: operator.data[-1],
    ("CommutingEvolution", "time"): lambda operator: operator.data[0],
    ("QubitChannel", "K_list"): _kraus_matrices,
    ("IQPEmbedding", "pattern"): _pattern,
    ("kUpCCGSD", "delta_sz"): _spin_change,
}
"""Arguments that an operator keeps in another form."""

_RENAMED = {("BasisEmbedding", "features"): "basis_state", ("FlipSign", "n"): "arr_bin"}
"""Arguments that an operator keeps under another name."""


_TIME = frozenset(["ApproxTimeEvolution", "CommutingEvolution"])
"""Operators whose data are those of their Hamiltonian and the time."""


_signatures: dict[type, tuple[tuple[str, Any], ...]] = {}


def _parameters(kind: type) -> tuple[tuple[str, Any], ...]:
    if kind not in _signatures:
        signature = inspect.signature(kind.__init__)  # type: ignore[misc]
        _signatures[kind] = tuple((name, parameter) for name, parameter in signature.parameters.items() if name not in _IGNORED)
    return _signatures[kind]


def arguments(operator: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The positional arguments that are numbers or operators, and the keyword arguments, which rebuild an operator.

    Raises
    ------
    NotFound
        If an argument cannot be recovered.
    """
    remaining = list(operator.data)
    positional: list[Any] = []
    keywords: dict[str, Any] = {}
    for name, parameter in _parameters(type(operator)):
        if parameter.kind is parameter.VAR_KEYWORD:
            continue
        if parameter.kind is parameter.VAR_POSITIONAL:
            positional, remaining = positional + remaining, []
            continue
        value, is_datum = _argument(operator, name, remaining)
        if is_datum and not keywords and parameter.kind is not parameter.KEYWORD_ONLY:
            positional.append(value)
        else:
            keywords[name] = value
    if len(remaining) not in (0, _nested_number_count(operator, positional)):
        raise NotFound("its numbers are not those that it was made from")
    if getattr(operator, "inverse", False):
        keywords["inverse"] = True
    return tuple(positional), keywords


def _nested_number_count(operator: Any, positional: list[Any]) -> int:
    """How many of an operator's numbers are those of an argument that is recorded as a whole."""
    nested = [part for value in positional if _is_operator(value) for part in (value if isinstance(value, list) else [value])]
    if type(operator).__name__ in ("Hamiltonian", "QubitChannel"):
        return len(operator.data)
    return sum(len(part.data) for part in nested) + len(_TIME.intersection([type(operator).__name__]))


def _argument(operator: Any, name: str, remaining: list[Any]) -> tuple[Any, bool]:
    special = ARGUMENTS.get((type(operator).__name__, name))
    kept = _attributes_of(operator)
    renamed = _RENAMED.get((type(operator).__name__, name))
    name = renamed if renamed in kept else name
    if special is not None:
        value = special(operator)
    elif name == "wires":
        return operator.wires, False
    elif name != "data" and (name in kept or f"_{name}" in kept):
        value = kept[name] if name in kept else kept[f"_{name}"]
    elif remaining:
        return remaining.pop(0), True
    else:
        raise NotFound(f"its argument {name} cannot be recovered")
    return value, _is_operator(value) or name in ("coeffs", "time", "K_list")


def _is_operator(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return bool(value) and all(map(_is_operator, value))
    return isinstance(value, classes.OPERATOR)


def parts(operator: Any) -> tuple[tuple[Any, ...], Any]:
    """The data and the metadata of an operator; with no arguments but wires they look as they do on newer versions."""
    data, keywords = arguments(operator)
    return data, (keywords["wires"], ()) if list(keywords) == ["wires"] else keywords


def accepted_keywords(kind: type, keywords: dict[str, Any]) -> dict[str, Any]:
    """Those of some keyword arguments that the constructor of a class takes."""
    known = dict(_parameters(kind))
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in known.values()):
        return keywords
    return {name: value for name, value in keywords.items() if name in known}


def wires_and_pairs(metadata: Any) -> tuple[Any, dict[str, Any]]:
    """The wires and the hyperparameters of an operator: releases give the two in either order, or no second where there are none."""
    wires, pairs = (*metadata, ())[:2] if isinstance(metadata[0], qml.wires.Wires) else metadata[::-1]
    return wires, dict(pairs)


def _keywords_for(kind: type, metadata: Any) -> dict[str, Any]:
    """The keyword arguments of a constructor, without checks and options that are off, where it does not know them."""
    wires, pairs = wires_and_pairs(metadata)
    known = accepted_keywords(kind, pairs)
    unknown = {name for name, value in pairs.items() if name in _CHECKS or value is None or value is False} - known.keys()
    return {"wires": wires, **{name: value for name, value in pairs.items() if name not in unknown}}


def _has_wires(metadata: Any) -> bool:
    """Whether metadata hold wires; those of a sum of operators, whose operands have them, say how its terms are grouped."""
    return any(isinstance(part, qml.wires.Wires) for part in metadata[:2])


def operator_from(kind: type, data: tuple[Any, ...], metadata: Any) -> Any:
    """The operator of a class that `parts` took apart."""
    rest = dict(metadata) if isinstance(metadata, dict) else _keywords_for(kind, metadata) if _has_wires(metadata) else {}
    inverse = rest.pop("inverse", False)
    operator = kind(*data, **rest)
    return operator.inv() if inverse else operator


# --- measurements with a class each, but no ``_flatten`` yet ------------------------------------------------------------------

_OF_ALL_MEASUREMENTS = ("obs", "wires", "eigvals")


def parts_of_measurement(measurement: Any) -> tuple[tuple[Any, ...], Any]:
    """The data and the metadata of a measurement in the form that PennyLane gives them from 0.33 on."""
    parameters = _parameters(type(measurement))
    named = [name for name, parameter in parameters if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)]
    names = [name for name in named if name not in _OF_ALL_MEASUREMENTS]
    # ``wires`` are those of the observable, too, and the constructor refuses them beside one
    options = [("wires", measurement._wires), *((name, _argument(measurement, name, [])[0]) for name in names)]
    return (measurement.obs, measurement._eigvals), tuple(options)


def measurement_from(kind: type, data: tuple[Any, ...], metadata: Any) -> Any:
    """The measurement of a class that `parts_of_measurement` took apart."""
    given = {"obs": data[0], "eigvals": data[1], **dict(metadata)}
    return kind(**accepted_keywords(kind, {name: value for name, value in given.items() if value is not None}))


# --- what only old versions have -------------------------------------------------------------------------------------------


def measurement_parts(measurement: Any) -> tuple[str, tuple[Any, ...], Any]:
    """Name, data and metadata of a measurement of the time when all were of one class, in the form that newer ones have."""
    name = RETURN_TYPES[measurement.return_type.name]
    wires = measurement._wires if measurement.obs is None else None
    if name == "StateMP" and wires:
        name = "DensityMatrixMP"
    base = () if getattr(measurement, "log_base", None) is None else (("log_base", measurement.log_base),)
    return name, (measurement.obs, measurement._eigvals), (("wires", wires), *base)


def measurement_made(name: str, data: tuple[Any, ...], metadata: Any) -> Any:
    """A measurement of the time when all were of one class."""
    types = {recorded: getattr(_RETURN_TYPES, old, None) for old, recorded in RETURN_TYPES.items() if old != "AllCounts"}
    types["DensityMatrixMP"] = _RETURN_TYPES.State
    observable, eigenvalues = data
    return classes.MEASUREMENT(types[name], obs=observable, eigvals=eigenvalues, **dict(metadata))


def is_old_measurement(name: str) -> bool:
    """Whether a recorded measurement has no class of its own in this PennyLane."""
    return not hasattr(_RETURN_TYPES, "ExpectationMP") and (name in RETURN_TYPES.values() or name == "DensityMatrixMP")
