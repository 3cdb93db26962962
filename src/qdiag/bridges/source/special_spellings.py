"""The nicer spellings: what a PennyLane user writes with a function or an operator sign instead of a class."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from qdiag.bridges.codec import classes
from qdiag.bridges.codec.decoding import Decoding
from qdiag.bridges.source.expression import Attribute, Call, Constant, Expression, Infix, Items, Later, Number, Pairs, Path, numpy_path
from qdiag.bridges.source.paths import Speller, named_values, path_named, path_of
from qdiag.model.node import Node, Tagged, Value, Wires, nodes_of
from qdiag.model.operator_families import MEASUREMENT_FUNCTIONS, MID_MEASUREMENTS
from qdiag.model.parameter import Parameter

Spellings = Iterator[Expression]


# --- operators of operators ----------------------------------------------------------------------------------------------


def _function(dotted: str) -> Callable[[Speller, Node], Spellings]:
    """A function that takes what the node's data holds, in order."""

    def spell(speller: Speller, node: Node) -> Spellings:
        yield Call(path_named(dotted), tuple(speller.value(part) for part in node.data))

    return spell


def _pow(speller: Speller, node: Node) -> Spellings:
    # up to 0.34 the exponent is among the data
    base, exponent = node.data if len(node.data) == 2 else (node.data[0], _parts(node)[0])
    yield Call(path_named("pow"), (speller.value(base), speller.value(exponent)))


def _parts(node: Node) -> tuple[Any, ...]:
    """The metadata as PennyLane's ``_flatten`` lays it out; nothing where it is laid out otherwise."""
    return node.metadata if isinstance(node.metadata, tuple) else ()


def _control(speller: Speller, node: Node) -> Spellings:
    control, values, work, *rest = _parts(node)
    base = speller.value(node.data[0])
    keywords: list[tuple[str, Expression]] = [("control", _wires(control))]
    keywords += _control_values(values)
    if work.labels:
        keywords.append(("work_wires", _wires(work)))
    yield Call(path_named("ctrl"), (base,), tuple(keywords))
    yield Call(path_named("ctrl"), (base,), (*keywords, *(("work_wire_type", speller.value(kind)) for kind in rest)))
    keywords[0] = ("control_wires", _wires(control))
    yield Call(path_of(classes.class_named("Controlled")), (base,), tuple(keywords))


def _control_values(values: Sequence[Any]) -> tuple[tuple[str, Expression], ...]:
    """The keyword that says on which values of its controls an operation acts; none where all are 1."""
    if all(values):
        return ()
    bits = [Constant(int(bool(value))) for value in values]
    return (("control_values", bits[0] if len(bits) == 1 else Items("[", tuple(bits))),)


def _wires(wires: Wires) -> Expression:
    if len(wires.labels) == 1:
        return Constant(wires.labels[0])
    return Items("[", tuple(map(Constant, wires.labels)))


def _chain(symbol: str, parts: list[Expression]) -> Expression:
    joined = parts[0]
    for part in parts[1:]:
        joined = Infix(symbol, joined, part)
    return joined


def _product(speller: Speller, node: Node) -> Spellings:
    parts = [speller.value(part) for part in node.data]
    if len(parts) > 1:
        yield _chain("@", parts)
    yield Call(path_named("prod"), tuple(parts))


def _sum(speller: Speller, node: Node) -> Spellings:
    terms = [part for part in node.data if isinstance(part, Node)]
    if any(term.name == "SProd" for term in terms):
        yield from _dot(speller, terms)
    parts = [speller.value(term) for term in terms]
    if len(parts) > 1:
        yield _chain("+", parts)
    yield Call(path_named("sum"), tuple(parts))


def _dot(speller: Speller, terms: list[Node]) -> Spellings:
    coefficients = [speller.value(term.data[0]) if term.name == "SProd" else Constant(1) for term in terms]
    operators = [speller.value(term.data[1]) if term.name == "SProd" else speller.value(term) for term in terms]
    yield Call(path_named("dot"), (Items("[", tuple(coefficients)), Items("[", tuple(operators))))


def _scaling(speller: Speller, node: Node) -> Spellings:
    coefficient, operator = (speller.value(part) for part in node.data)
    number = node.data[0]
    if isinstance(number, Parameter) and number.container == "python" and not number.trainable:
        yield Infix("*", coefficient, operator)
    yield Call(path_named("s_prod"), (coefficient, operator))


def _linear(speller: Speller, node: Node) -> Spellings:
    arguments = tuple(speller.value(part) for part in node.data)
    yield Call(path_named("Hamiltonian"), arguments)


def _projector(speller: Speller, node: Node) -> Spellings:
    yield Call(path_named("Projector"), (speller.value(node.data[0]),), (("wires", _wires(_parts(node)[0])),))


def _snapshot(speller: Speller, node: Node) -> Spellings:
    tag = speller.value(_parts(node)[0])
    yield Call(path_named("Snapshot"), (tag,))
    yield Call(path_named("Snapshot"), (tag, *(speller.value(part) for part in node.data)))


# --- constructors that take other arguments than their class is taken apart into --------------------------------------------


def _select(speller: Speller, node: Node) -> Spellings:
    operators = Items("[", tuple(speller.value(part) for part in node.data))
    yield Call(path_named("Select"), (operators,), (("control", speller.value(_parts(node)[0])),))


def _phase_estimation(speller: Speller, node: Node) -> Spellings:
    estimation = (("estimation_wires", speller.value(_parts(node)[0])),)
    yield Call(path_named("QuantumPhaseEstimation"), (speller.value(node.data[0]),), estimation)


def _commuting(speller: Speller, node: Node) -> Spellings:
    time, hamiltonian = (speller.value(part) for part in node.data)
    options = tuple(speller.value(part) for part in _parts(node))
    yield Call(path_named("CommutingEvolution"), (hamiltonian, time))
    yield Call(path_named("CommutingEvolution"), (hamiltonian, time, *options))


def _controlled_unitary(speller: Speller, node: Node) -> Spellings:
    if isinstance(node.data[0], Node):
        # some releases keep it as they keep any controlled operation
        yield from _control(speller, node)
        return
    labels, values, *_ = _parts(node)
    matrix = (speller.value(node.data[0]),)
    controls, targets = (Wires(part) for part in (labels.labels[: len(values)], labels.labels[len(values) :]))
    # its constructor takes other arguments on older releases; a function that all of them have makes it, too
    unitary = Call(path_named("QubitUnitary"), matrix, (("wires", _wires(targets)),))
    yield Call(path_named("ctrl"), (unitary,), (("control", _wires(controls)), *_control_values(values)))
    wires = (("wires", _wires(labels)),)
    yield Call(path_named("ControlledQubitUnitary"), matrix, wires)
    yield Call(path_named("ControlledQubitUnitary"), matrix, (*wires, ("control_values", speller.value(values))))


# --- mid-circuit measurements --------------------------------------------------------------------------------------------


def _conditional(speller: Speller, node: Node) -> Spellings:
    condition = speller.value(_parts(node)[0])
    base = speller.value(node.data[0])
    if isinstance(base, Call) and len(nodes_of(node.data[0])) == 1:
        yield Call(Call(path_named("cond"), (condition, base.function)), base.arguments, base.keywords)
    yield Call(Call(path_named("cond"), (condition, Later(base))))


def _measure(speller: Speller, node: Node) -> Spellings:
    options = named_values(node.metadata)
    word, reset, postselect = options.get("pauli_word"), options.get("reset"), options.get("postselect")
    where = options.get("wires")
    wires = _wires(where if isinstance(where, Wires) else _parts(node)[0])
    keywords: list[tuple[str, Expression]] = [("reset", Constant(True))] if reset else []
    keywords += [("postselect", speller.value(postselect))] if postselect is not None else []
    if word is not None:
        yield Call(path_named("pauli_measure"), (speller.value(word), wires), tuple(keywords))
    else:
        yield Call(path_named("measure"), (wires,), tuple(keywords))


# --- measurements --------------------------------------------------------------------------------------------------------


def _measurement(dotted: str) -> Callable[[Speller, Node], Spellings]:
    def spell(speller: Speller, node: Node) -> Spellings:
        options = named_values(node.metadata)
        wires = options.pop("wires", None)
        keywords = tuple((name, speller.value(value)) for name, value in options.items() if value is not None)
        arguments, where = _measurement_arguments(speller, dotted, node.data[0], wires)
        if len(node.data) > 1 and node.data[1] is not None:
            return
        yield Call(path_named(dotted), arguments, where)
        yield Call(path_named(dotted), arguments, (*where, *keywords))
        yield from (Call(path_named(dotted), arguments, (*where, keyword)) for keyword in keywords)

    return spell


def _measurement_arguments(
    speller: Speller, dotted: str, observable: Value, wires: Value
) -> tuple[tuple[Expression, ...], tuple[tuple[str, Expression], ...]]:
    if observable is not None:
        found = speller.value(observable)
        return ((), (("op", found),)) if dotted == "probs" else ((found,), ())
    if isinstance(wires, tuple):
        return tuple(speller.value(part) for part in wires), ()
    if isinstance(wires, Wires) and wires.labels:
        return (), (("wires", _wires(wires)),)
    return (), ()


SPECIAL: dict[str, Callable[[Speller, Node], Spellings]] = {
    "Adjoint": _function("adjoint"),
    "Controlled": _control,
    "Pow": _pow,
    "Exp": _function("exp"),
    "Evolution": _function("evolve"),
    "Prod": _product,
    "Tensor": _product,
    "Sum": _sum,
    "SProd": _scaling,
    "LinearCombination": _linear,
    "Hamiltonian": _linear,
    "ChangeOpBasis": _function("change_op_basis"),
    "BasisStateProjector": _projector,
    "StateVectorProjector": _projector,
    "Snapshot": _snapshot,
    "Select": _select,
    "QuantumPhaseEstimation": _phase_estimation,
    "CommutingEvolution": _commuting,
    "ControlledQubitUnitary": _controlled_unitary,
    "Conditional": _conditional,
    **dict.fromkeys(MID_MEASUREMENTS, _measure),
    **{name: _measurement(dotted) for name, dotted in MEASUREMENT_FUNCTIONS.items()},
}
"""Spellings for classes that are not made by calling the class."""


# --- values of other types -----------------------------------------------------------------------------------------------


def tagged_value(speller: Speller, value: Tagged, raw: bool) -> Expression:
    """A value of one of PennyLane's or Python's other types."""
    content = value.content
    if value.kind == "class":
        return path_of(classes.class_named(str(content)))
    if value.kind == "function":
        return path_named(str(content))
    if value.kind == "dtype":
        return numpy_path(str(content))
    if value.kind == "enum":
        return _enum(Decoding().value(value))
    if not isinstance(content, tuple):
        raise TypeError(f"a {value.kind} of a {type(content).__name__}")
    maker = _MAKERS.get("sparse" if value.kind.startswith("sparse-") else value.kind)
    if maker is not None:
        return maker(speller, content, value.kind)
    parts = tuple(speller.value(part, raw=raw) for part in content)
    if value.kind == "set":
        return Items("{", parts)
    built_in = {"frozenset": frozenset, "slice": slice, "range": range}[value.kind]
    return Call(Path(value.kind, built_in), (Items("[", parts),) if value.kind == "frozenset" else parts)


def _enum(member: Any) -> Expression:
    kind = path_of(type(member))
    return Path(f"{kind.text}.{member.name}", member, kind.imports)


def _shots_object(speller: Speller, content: tuple[Any, ...], kind: str) -> Expression:
    argument = speller.value([*content]) if content else Constant(None)
    return Call(path_named("measurements.Shots"), (argument,))


def _pauli_word(speller: Speller, content: tuple[Any, ...], kind: str) -> Expression:
    wires, letters = content
    pairs = tuple((Constant(label), Constant(letter)) for label, letter in zip(wires.labels, letters))
    return Call(path_named("pauli.PauliWord"), (Pairs(pairs),))


def _sentence(dotted: str) -> Callable[[Speller, tuple[Any, ...], str], Expression]:
    def make(speller: Speller, content: tuple[Any, ...], kind: str) -> Expression:
        return Call(path_named(dotted), (Pairs(tuple((speller.value(key), speller.value(item)) for key, item in content)),))

    return make


def _sparse(speller: Speller, content: tuple[Any, ...], kind: str) -> Expression:
    import scipy.sparse

    shape, parts, is_array = content
    name = "csr_array" if is_array else "csr_matrix"
    path = Path(f"scipy.sparse.{name}", getattr(scipy.sparse, name, None), "import scipy.sparse")
    matrix = Call(path, (Items("(", tuple(map(Number, parts))),), (("shape", speller.value(shape)),))
    form = kind.partition("-")[2]
    return matrix if form == "csr" else Call(Attribute(matrix, "asformat"), (Constant(form),))


def _array(speller: Speller, content: tuple[Any, ...], kind: str) -> Expression:
    dtype, shape, items = content
    flat = Call(numpy_path("array"), (speller.value([*items]),), (("dtype", Constant(dtype)),))
    return flat if len(shape) == 1 else Call(Attribute(flat, "reshape"), (speller.value(shape),))


_MAKERS: dict[str, Callable[[Speller, tuple[Any, ...], str], Expression]] = {
    "Shots": _shots_object,
    "PauliWord": _pauli_word,
    "PauliSentence": _sentence("pauli.PauliSentence"),
    "FermiWord": _sentence("FermiWord"),
    "FermiSentence": _sentence("FermiSentence"),
    "sparse": _sparse,
    "array": _array,
}
