"""Operators and measurements as the expression a PennyLane user would write.

Each node offers spellings, the nicest first: special ones (`SPECIAL`), then the constructor's signature, then PennyLane's own
``_unflatten``. A spelling counts only if the object built from it is taken apart into the same node again.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any, Optional

import numpy as np
import pennylane as qml

from qdiag.bridges.codec import classes, flattening
from qdiag.bridges.codec.encoding import Encoding
from qdiag.bridges.source import outcomes, special_spellings
from qdiag.bridges.source.expression import Attribute, Call, Constant, Expression, Items, Number, Pairs, Path, build, stand_in
from qdiag.bridges.source.literals import Style
from qdiag.bridges.source.paths import named_values, path_named, path_of, require_name
from qdiag.errors import OpaqueCircuitError
from qdiag.model.circuit import Circuit
from qdiag.model.node import Mapping as FrozenMapping
from qdiag.model.node import MeasuredOutcome, Node, Tagged, Value, Wires, parameters_of, rebuild
from qdiag.model.parameter import Parameter
from qdiag.trace import circuit_text

_POSITIONAL = frozenset(["PauliX", "PauliY", "PauliZ", "Identity", "Hadamard", "S", "T"])

Arrangement = tuple[str, tuple[str, ...]]
"""How a class's constructor is called: the kind of call, and the keywords that are not left at their defaults."""


class Speller:
    """Spells the nodes of one circuit.

    Parameters
    ----------
    style
        Where it is not exact, numbers need only agree to rounding, and their containers not at all.
    trusted
        Whether definitions of classes may be executed to check their spelling; otherwise it is taken on trust in the text.
    """

    def __init__(self, style: Style, trusted: bool = False) -> None:
        self.style = style
        self.trusted = trusted
        self.scope: dict[str, Any] = {}
        self.positions: dict[Any, int] = {}
        self.definitions: dict[str, str] = {}

    # --- spelling

    def expression(self, node: Node, *, top: bool = False) -> Expression:
        """The nicest spelling that gives the node back.

        Raises
        ------
        OpaqueCircuitError
            If there is none.
        """
        if node.opaque:
            raise OpaqueCircuitError(f"{node.name} was recorded by name only: {node.opaque}", "reproduce it with the script itself")
        if node.definition:
            self.definitions[node.name] = node.definition
            if not self.trusted:
                return next(self.spellings(node))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                return next(spelling for spelling in self.spellings(node) if self.gives(spelling, node, top))
            except (StopIteration, AttributeError, LookupError, TypeError, ValueError):
                pass
        raise OpaqueCircuitError(f"{node.name} cannot be written as Python source here", "reproduce it with the script itself")

    def spellings(self, node: Node) -> Iterator[Expression]:
        """Every spelling of a node, the nicest first; none of them is checked."""
        if node.name in special_spellings.SPECIAL:
            with suppress(AttributeError, LookupError, TypeError, ValueError):  # laid out otherwise by another version
                yield from special_spellings.SPECIAL[node.name](self, node)
        if named_values(node.metadata).get("inverse") is True:
            yield Call(Attribute(self.expression(_without_inverse(node)), "inv"))
        yield from _constructions(self, node)
        if not node.definition:
            unflatten = Path(f"{self.class_path(node).text}._unflatten", _unflatten_of(self.class_path(node).value))
            yield Call(unflatten, (self.raw(node.data), self.raw(node.metadata)))

    def class_path(self, node: Node) -> Path:
        """The name of a node's class in the source."""
        if node.definition:
            require_name(node.name)
            return Path(node.name, classes.class_defined(node.name, node.definition) if self.trusted else None)
        return path_of(classes.class_named(node.name))

    def value(self, value: Value, *, raw: bool = False) -> Expression:
        """Anything inside a node. Where it is ``raw``, wires stay of PennyLane's own type."""
        if isinstance(value, Parameter):
            return Number(value)
        if isinstance(value, Node):
            return self.expression(value)
        if isinstance(value, Wires):
            labels = Items("[", tuple(map(Constant, value.labels)))
            return Call(path_named("wires.Wires"), (labels,)) if raw else labels
        if isinstance(value, (tuple, list)):
            return Items("(" if isinstance(value, tuple) else "[", tuple(self.value(part, raw=raw) for part in value))
        if isinstance(value, FrozenMapping):
            return Pairs(tuple((self.value(key, raw=raw), self.value(item, raw=raw)) for key, item in value.items))
        if isinstance(value, MeasuredOutcome):
            return self.outcome(value)
        return self.tagged_value(value, raw) if isinstance(value, Tagged) else Constant(value)

    def raw(self, value: Value) -> Expression:
        """Anything inside a node, of exactly the types that PennyLane takes it apart into."""
        return self.value(value, raw=True)

    def tagged_value(self, value: Tagged, raw: bool) -> Expression:
        """A value of one of PennyLane's or Python's other types."""
        return special_spellings.tagged_value(self, value, raw)

    def outcome(self, outcome: MeasuredOutcome) -> Expression:
        """A function of mid-circuit measurements."""
        wanted = outcomes.canonical(outcome)
        alike: Optional[Expression] = None
        for expression in outcomes.expressions(outcome):
            found = self._table(expression)
            if found is not None and found.measurements == wanted.measurements and found.table == wanted.table:
                if [type(entry) for entry in found.table] == [type(entry) for entry in wanted.table]:
                    return expression
                alike = alike or expression
        if alike is None:
            raise OpaqueCircuitError("a function of mid-circuit outcomes cannot be written here", "reproduce it with the script itself")
        return alike

    def _table(self, expression: Expression) -> Optional[MeasuredOutcome]:
        try:
            return outcomes.canonical(flattening.outcome_of(build(expression, self.scope, self.style), self.positions, 32))
        except Exception:
            return None

    # --- checking

    def gives(self, expression: Expression, node: Node, top: bool = False) -> bool:
        """Whether the object that an expression stands for is taken apart into the node.

        At the top of a quantum function it must also be the only operation that PennyLane's recording sees.
        """
        if self._gives(expression, node, top):
            return True
        return any(p.container == "jax" for p in parameters_of(node)) and self._gives(expression, node, top, untracked=True)

    def _gives(self, expression: Expression, node: Node, top: bool, *, untracked: bool = False) -> bool:
        try:
            built = self._build_in_queue(expression, untracked) if top else self._build(expression, untracked)
            return same(self._encode(built), node, self.style.exact, untracked=untracked)
        except Exception:
            return False

    def _build(self, expression: Expression, untracked: bool) -> Any:
        with flattening.stop_recording():
            built = build(expression, self.scope, self.style, untracked=untracked)
        return built.measurements[0] if type(built).__name__ == "MeasurementValue" else built

    def _build_in_queue(self, expression: Expression, untracked: bool) -> Any:
        with qml.tape.QuantumTape() as tape:
            build(expression, self.scope, self.style, untracked=untracked)
        (operator,) = tape.operations
        return operator

    def _encode(self, built: Any) -> Node:
        encoding = Encoding()
        encoding.positions = dict(self.positions)
        return encoding.node(built)

    def add_measurement(self, expression: Expression, name: str) -> None:
        """Make a mid-circuit measurement, so that later expressions may name its outcome."""
        with qml.tape.QuantumTape() as tape:
            self.scope[name] = build(expression, self.scope, self.style)
        self.positions[flattening.identifier_of(tape.operations[0])] = len(self.positions)


# --- the constructor's signature -----------------------------------------------------------------------------------------

_arrangements: dict[str, Arrangement] = {}


def _constructions(speller: Speller, node: Node) -> Iterator[Expression]:
    """Calls of the constructor: the one that worked for this class before, then those with ever more keywords."""
    path = speller.class_path(node)
    names = ("wires", *filter(str.isidentifier, named_values(node.metadata))) if path.value is None else _parameter_names(path.value)
    options = _options(node, names)
    if path.value is None:
        yield from _calls_arranged(speller, node, path, names, ("number", tuple(options)))
        return
    known = _arrangements.get(node.name)
    if known is not None:
        yield from _calls_arranged(speller, node, path, names, known)
    for kind in _KINDS:
        for keywords in ((), tuple(options)):
            for expression in _calls_arranged(speller, node, path, names, (kind, keywords)):
                if speller.gives(expression, node):
                    least = _fewest(speller, node, path, names, (kind, keywords))
                    _arrangements[node.name] = least
                    yield from _calls_arranged(speller, node, path, names, least)
                    return


def _without_inverse(node: Node) -> Node:
    items = node.metadata.items if isinstance(node.metadata, FrozenMapping) else ()
    return replace(node, metadata=FrozenMapping(tuple(item for item in items if item[0] != "inverse")))


def _fewest(speller: Speller, node: Node, path: Path, names: tuple[str, ...], arrangement: Arrangement) -> Arrangement:
    """The arrangement without the keywords that say what the constructor assumes anyway."""
    kind, keywords = arrangement
    for option in keywords:
        fewer = tuple(name for name in keywords if name != option)
        if any(speller.gives(expression, node) for expression in _calls_arranged(speller, node, path, names, (kind, fewer))):
            keywords = fewer
    return kind, keywords


def _calls_arranged(
    speller: Speller, node: Node, path: Path, names: tuple[str, ...], arrangement: Arrangement
) -> Iterator[Expression]:
    kind, keywords = arrangement
    options = _options(node, names)
    chosen = [(name, speller.value(options[name])) for name in keywords if name in options]
    data = tuple(speller.value(part) for part in node.data if part is not None)
    labels = _wires_of(node)
    if kind == "short":
        if node.name in _POSITIONAL and len(labels) == 1 and not data:
            yield Call(path, (Constant(labels[0]),))
    elif kind == "zip":
        if isinstance(node.metadata, tuple):
            parts = [*data, *(speller.value(part) for part in node.metadata)]
            yield Call(path, (), tuple(zip(names, parts)))
    elif kind == "keywords":
        free = [name for name in names if name not in options and name != "wires"]
        yield Call(path, (), (*zip(free, data), *chosen, *_wires(kind, names, labels)))
    else:
        yield Call(path, data, (*chosen, *_wires(kind, names, labels)))


_KINDS = ("short", "number", "list", "none", "keywords", "zip")
"""Positional wire · ``wires=0`` · ``wires=[0]`` · no wires · data by keyword · data and metadata in the signature's order."""


def _wires(kind: str, names: tuple[str, ...], labels: tuple[Any, ...]) -> tuple[tuple[str, Expression], ...]:
    if kind == "none" or "wires" not in names or not labels:
        return ()
    if kind == "number" and len(labels) == 1:
        return (("wires", Constant(labels[0])),)
    return (("wires", Items("[", tuple(map(Constant, labels)))),)


def _wires_of(node: Node) -> tuple[Any, ...]:
    """The labels that the constructor's ``wires`` gets: those in the metadata, else all that the operator touches."""
    direct = node.metadata if isinstance(node.metadata, tuple) else (node.metadata,)
    for part in direct:
        if isinstance(part, Wires):
            return part.labels
    under_name = named_values(node.metadata).get("wires")
    if isinstance(under_name, (int, str)):
        return (under_name,)
    return under_name.labels if isinstance(under_name, Wires) else node.wires


def _options(node: Node, names: tuple[str, ...]) -> dict[str, Value]:
    known = named_values(node.metadata)
    return {name: known[name] for name in names if name in known and name != "wires"}


def _parameter_names(kind: Any) -> tuple[str, ...]:
    try:
        parameters = inspect.signature(kind).parameters.values()
    except (TypeError, ValueError):
        return ("wires",)
    usable = [p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    return tuple(name for name in usable if name not in ("self", "id", "do_queue"))


def _unflatten_of(kind: Any) -> Any:
    return getattr(kind, "_unflatten", None)


# --- sameness ------------------------------------------------------------------------------------------------------------


def same(found: Node, wanted: Node, exact: bool, *, untracked: bool = False) -> bool:
    """Whether two nodes are the same: bit for bit, or (not ``exact``) up to rounding and to the containers of numbers.

    Numbers of JAX's are taken for their stand-ins, which may be ``untracked``.
    """
    (text, numbers), (wanted_text, wanted_numbers) = (_canonical(node, exact, untracked) for node in (found, wanted))
    if text != wanted_text or len(numbers) != len(wanted_numbers):
        return False
    if exact:
        return all(a.tobytes() == b.tobytes() for a, b in zip(numbers, wanted_numbers))
    return all(a.shape == b.shape and np.allclose(a, b, 1e-12, 1e-14, equal_nan=True) for a, b in zip(numbers, wanted_numbers))


def _canonical(node: Node, exact: bool, untracked: bool) -> tuple[str, tuple[np.ndarray, ...]]:
    def change(value: Value) -> Value:
        if isinstance(value, MeasuredOutcome):
            return outcomes.canonical(value)
        if isinstance(value, Parameter):
            number = stand_in(value, untracked=untracked)
            return number if exact else Parameter(number.value.astype(np.complex128), "numpy", number.trainable)
        if isinstance(value, Node):
            return Node(value.name, value.data, value.metadata)  # its wires follow from these, up to their order
        return value

    changed = rebuild(node, change)
    assert isinstance(changed, Node)
    return circuit_text.skeleton(Circuit((changed,), ()))
