"""A circuit as a drawing: boxes in columns, which text and SVG lay out alike. Only the tree is read; no framework draws."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from qdiag.model import operator_families as families
from qdiag.model.circuit import Circuit
from qdiag.model.node import Label, Node, Value, nodes_of
from qdiag.model.parameter import Parameter
from qdiag.report.content.figures import count, listing, short_line
from qdiag.report.outline import Box, Drawing

MOST_OPERATIONS = 60
"""What is beyond is left out, and said."""

_SHORT = {
    "PauliX": "X",
    "PauliY": "Y",
    "PauliZ": "Z",
    "Hadamard": "H",
    "Identity": "I",
    "PhaseShift": "Rϕ",
    "QubitUnitary": "U",
    "Hermitian": "A",
    "AmplitudeEmbedding": "|Ψ⟩",
    "StatePrep": "|Ψ⟩",
    "QubitStateVector": "|Ψ⟩",
    "BasisState": "|b⟩",
    "MidMeasureMP": "┤↗├",
}
_CONTROLLED = {
    "CNOT": (1, "X"),
    "CY": (1, "Y"),
    "CZ": (1, "Z"),
    "CH": (1, "H"),
    "CCZ": (2, "Z"),
    "Toffoli": (2, "X"),
    "CSWAP": (1, "SWAP"),
    "CRX": (1, "RX"),
    "CRY": (1, "RY"),
    "CRZ": (1, "RZ"),
    "CRot": (1, "Rot"),
    "ControlledPhaseShift": (1, "Rϕ"),
}
_MEASURED = {
    "ExpectationMP": "⟨{}⟩",
    "VarianceMP": "Var[{}]",
    "ProbabilityMP": "probs",
    "StateMP": "state",
    "DensityMatrixMP": "density matrix",
    "SampleMP": "sample",
    "CountsMP": "counts",
    "PurityMP": "purity",
    "VnEntropyMP": "entropy",
    "MutualInfoMP": "mutual info",
}
_LONGEST_LABEL = 24
_LONGEST_SUM = 160


def drawing(circuit: Circuit) -> Drawing:
    """Lay a circuit out."""
    wires = circuit.wires or (0,)
    if all(isinstance(label, int) for label in wires):
        wires = tuple(sorted(wires))
    rows = {label: row for row, label in enumerate(wires)}
    shown = circuit.operations[:MOST_OPERATIONS]
    free = [0] * len(wires)
    boxes = [_place_box(node, rows, free, measurement=False) for node in shown]
    end = max(free)
    free[:] = [end] * len(free)
    boxes += [_place_box(node, rows, free, measurement=True) for node in circuit.measurements]
    left_out = len(circuit.operations) - len(shown)
    notes = [f"{count(left_out, 'further operation')} left out"] if left_out else []
    sums = (part for node in circuit.measurements for part in nodes_of(node) if part.name in families.SUMS)
    notes += [f"ℋ = {short_line(written, _LONGEST_SUM)}" for written in map(_terms, sums) if written and not _fits(written)]
    note = "; ".join(dict.fromkeys(notes))
    return Drawing(tuple(str(label) for label in wires), tuple(boxes), _description(circuit), note)


def _description(circuit: Circuit) -> str:
    names = [node.name for node in circuit.operations[:12]] + (["…"] if len(circuit.operations) > 12 else [])
    measured = listing([node.name.replace("MP", "") for node in circuit.measurements[:4]])
    return (
        f"Circuit of {count(len(circuit.operations), 'operation')} on {count(len(circuit.wires), 'wire')}: "
        f"{', '.join(names) or 'nothing'}; measured: {measured}"
    )


def _place_box(node: Node, rows: Mapping[Label, int], free: list[int], *, measurement: bool) -> Box:
    touched = [rows[label] for label in node.wires if label in rows] or list(range(len(free)))
    controls, label = ((), _measurement_label(node)) if measurement else _gate(node, touched, rows)
    body = tuple(sorted(set(touched) - set(controls))) or tuple(sorted(touched))
    span = range(min(touched), max(touched) + 1)
    column = max(free[row] for row in span)
    for row in span:
        free[row] = column + 1
    return Box(column, body, tuple(controls), short_line(label, _LONGEST_LABEL), measurement)


def _gate(node: Node, touched: Sequence[int], rows: Mapping[Label, int]) -> tuple[tuple[int, ...], str]:
    """The rows of the controls, and the label of the rest."""
    if node.name in _CONTROLLED:
        controls, label = _CONTROLLED[node.name]
        return tuple(touched[:controls]), label + _arguments(node)
    base = next((part for part in node.data if isinstance(part, Node)), None)
    if base is not None and node.name in families.CONTROLLED:
        inside = {rows[label] for label in base.wires if label in rows}
        return tuple(row for row in touched if row not in inside), _label(base)
    return (), _label(node)


def _label(node: Node) -> str:
    inner = [part for part in _flat(node.data) if isinstance(part, Node)]
    if node.name in families.SUMS:
        written = _terms(node)
        return written if written and _fits(written) else "ℋ"
    if node.name == "SparseHamiltonian":
        return "ℋ"
    if node.name in families.PRODUCTS:
        return "⊗".join(_label(part) for part in inner)
    if node.name in families.SCALED and inner:
        return "·".join([*(_number(part.value) for part in _flat(node.data) if isinstance(part, Parameter)), _label(inner[0])])
    if node.name == "Adjoint" and inner:
        return _label(inner[0]) + "†"
    if inner:
        return f"{node.name}({', '.join(_label(part) for part in inner)})"
    return _SHORT.get(node.name, node.name) + _arguments(node)


def _fits(written: str) -> bool:
    """Whether the terms of an observable stand in its box: else that has a letter, and they stand below."""
    return len(written) <= _LONGEST_LABEL - len("⟨⟩")


def _terms(node: Node) -> str:
    """The terms of a sum, each with its wires: ``0.7·Z(0) + 0.2·X(1)``; "" where they cannot be read."""
    parts = [part for part in _flat(node.data) if isinstance(part, Node)]
    own = [part for part in _flat(node.data) if isinstance(part, Parameter)]
    coefficients = [_number(number) for parameter in own for number in np.atleast_1d(parameter.value)]
    if own and len(coefficients) != len(parts):
        return ""
    terms = [_term(part) for part in parts]
    return " + ".join(f"{number}·{term}" for number, term in zip(coefficients, terms)) if own else " + ".join(terms)


def _term(node: Node) -> str:
    inner = [part for part in _flat(node.data) if isinstance(part, Node)]
    if node.name in families.SCALED and inner:
        return "·".join([*(_number(part.value) for part in _flat(node.data) if isinstance(part, Parameter)), _term(inner[0])])
    if node.name in families.PRODUCTS:
        return "⊗".join(map(_term, inner))
    if node.name in families.SUMS:
        return f"({_terms(node)})"
    return f"{_SHORT.get(node.name, node.name)}({', '.join(map(str, node.wires))})"


def _flat(parts: Sequence[Value]) -> Iterator[Value]:
    for part in parts:
        if isinstance(part, (tuple, list)):
            yield from _flat(part)
        else:
            yield part


def _arguments(node: Node) -> str:
    numbers = [_number(part.value) for part in _flat(node.data) if isinstance(part, Parameter)]
    written = [number for number in numbers if number]
    given = f"({', '.join(written)})"
    fits = len(_SHORT.get(node.name, node.name)) + len(given) <= _LONGEST_LABEL
    return given if written and fits and node.name not in _WITHOUT_NUMBERS else ""


_WITHOUT_NUMBERS = families.AMPLITUDES | families.BASIS_STATES | families.UNITARY_MATRICES | families.HERMITIAN_MATRICES
"""Their numbers are arrays, which say nothing in a label."""


def _number(array: np.ndarray) -> str:
    if array.ndim == 0:
        return f"{array.item():.3g}" if array.dtype.kind in "biuf" else short_line(str(array.item()), 12)
    return "1 number" if array.size == 1 else f"{'×'.join(str(size) for size in array.shape)} numbers"


def _measurement_label(node: Node) -> str:
    pattern = _MEASURED.get(node.name, node.name.replace("MP", "").lower())
    inner = [part for part in _flat(node.data) if isinstance(part, Node)]
    # no format: the name may be anybody's
    return pattern.replace("{}", "".join(_label(part) for part in inner[:1]) or "value")


# --- as text -----------------------------------------------------------------------------------------------------------


def text(drawn: Drawing, width: int = 100) -> str:
    """The drawing in box-drawing characters, folded where it is wider than ``width``."""
    heads = [f"{wire}: " for wire in drawn.wires]
    indent = max(map(len, heads))
    blocks: list[list[str]] = [[head.rjust(indent) + "─" for head in heads]]
    measured: set[int] = set()
    for column in range(drawn.columns):
        cells = _cells([box for box in drawn.boxes if box.column == column], len(heads), measured)
        if len(blocks[-1][0]) + len(cells[0]) > width and len(blocks[-1][0]) > indent + 1:
            blocks.append([" " * indent + "─" for _ in heads])
        blocks[-1] = [line + cell for line, cell in zip(blocks[-1], cells)]
    lines = ["\n".join(line.rstrip() for line in block) for block in blocks]
    return "\n\n".join(lines) + (f"\n({drawn.note})" if drawn.note else "")


def _cells(boxes: Sequence[Box], rows: int, measured: set[int]) -> list[str]:
    """One column of all rows, each cell equally wide; a wire that was measured goes no further."""
    cells = [" " if row in measured else "─" for row in range(rows)]
    for box in boxes:
        for row in box.span:
            if row not in box.rows + box.controls:
                cells[row] = "──│" if box.measurement else "│"
                continue
            cells[row] = ("┤ " if box.measurement else "") + _frame(row, box.span) + (box.label if row in box.rows else "●")
            if box.measurement:
                measured.add(row)
    width = max(map(len, cells)) + 1
    return [cell + (" " if row in measured else "─") * (width - len(cell)) for row, cell in enumerate(cells)]


def _frame(row: int, span: range) -> str:
    if len(span) == 1:
        return ""
    return "╭" if row == span[0] else ("╰" if row == span[-1] else "├")
