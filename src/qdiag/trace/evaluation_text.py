"""Evaluations as strict text and bytes, and back: what a store keeps, and what another machine answers.

Reading trusts nothing: whatever is not as it is written raises one of `DAMAGE`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import cache, lru_cache
from itertools import islice
from typing import Any, Optional, get_type_hints

import numpy as np

from qdiag.errors import CircuitFormatError
from qdiag.model.call import Failure
from qdiag.model.evaluation import Evaluation
from qdiag.model.measured import PRECISIONS, UNKNOWN, Measured
from qdiag.model.method import Method
from qdiag.trace.array_bundle import DTYPES, pack, unpack
from qdiag.trace.option_text import option_from

DAMAGE = (ValueError, TypeError, KeyError, AttributeError, RecursionError, CircuitFormatError)
"""What reading a text that `write_evaluation` did not write may raise."""


def can_be_written(evaluation: Evaluation) -> bool:
    """Whether all its results are plain arrays."""
    return all(_is_known(array.dtype) for array in _arrays(evaluation))


@cache
def _is_known(dtype: np.dtype) -> bool:
    return dtype.name in DTYPES


def _arrays(evaluation: Evaluation) -> list[np.ndarray]:
    rows: list[Sequence[np.ndarray]] = [evaluation.outputs or (), evaluation.hvp or (), *evaluation.vjps, *(evaluation.jacobian or ())]
    return [np.asarray(array) for row in rows for array in row]


def write_evaluation(evaluation: Evaluation) -> tuple[str, bytes]:
    """All of an evaluation: its arrays as bytes, the rest as text."""
    head = {
        "method": _method_parts(evaluation.method),
        "outputs": None if evaluation.outputs is None else len(evaluation.outputs),
        "hvp": None if evaluation.hvp is None else len(evaluation.hvp),
        "vjps": [len(row) for row in evaluation.vjps],
        "jacobian": None if evaluation.jacobian is None else [len(row) for row in evaluation.jacobian],
        "warnings": evaluation.warnings,
        "seconds": evaluation.seconds,
        "failure": None if evaluation.failure is None else asdict(evaluation.failure),
        "norms": evaluation.norms,
        "notes": evaluation.notes,
        "differenced": evaluation.differenced,
        "measured": vars(evaluation.measured),
        "memory": evaluation.memory,
    }
    return json.dumps(head), pack(_arrays(evaluation))


def read_evaluation(text: str, blob: bytes) -> Evaluation:
    """The evaluation that was written; one of `DAMAGE` where none was."""
    head: dict[str, Any] = json.loads(_of(text, str))
    arrays = iter([a for a in unpack(blob) if a is not None])
    return Evaluation(
        method=read_method(head["method"]),
        outputs=_next_arrays(arrays, head["outputs"]),
        hvp=_next_arrays(arrays, head["hvp"]),
        vjps=tuple(_next_arrays(arrays, count) or () for count in head["vjps"]),
        jacobian=None if head["jacobian"] is None else tuple(_next_arrays(arrays, count) or () for count in head["jacobian"]),
        warnings=_texts(head["warnings"]),
        seconds=float(_of(head["seconds"], int, float)),
        failure=None if head["failure"] is None else _failure(head["failure"]),
        norms=tuple(float(_of(norm, int, float)) for norm in head["norms"]),
        notes=_texts(head["notes"]),
        # stores of earlier versions do not say it
        differenced=bool(head.get("differenced", False)),
        measured=_measured(head.get("measured")),
        memory=_of(head.get("memory", 0), int),
    )


@lru_cache(maxsize=256)
def _method_parts(method: Method) -> dict[str, Any]:
    return asdict(method)


@cache
def _kinds_of(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _measured(head: Any) -> Measured:
    if head is None:
        return UNKNOWN
    kinds = _kinds_of(Measured)
    found = Measured(**{name: _of(part, kinds[name]) for name, part in _of(head, dict).items()})
    if found.precision not in ("", *PRECISIONS):
        raise ValueError("a precision that is none")
    return found


def _failure(head: dict[str, Any]) -> Failure:
    kinds = _kinds_of(Failure)
    parts: dict[str, Any] = {name: _texts(part) if name == "frames" else _of(part, kinds[name]) for name, part in head.items()}
    return Failure(**parts)


def read_method(head: dict[str, Any]) -> Method:
    """A method from what JSON gave; one of `DAMAGE` where it is none."""
    options = {name: tuple((_of(key, str), option_from(value)) for key, value in head[name]) for name in _OPTIONS}
    return Method(**{**{name: _of(part, str) for name, part in head.items() if name not in _OPTIONS}, **options})


_OPTIONS = ("device_options", "gradient_options")


def _texts(parts: Any) -> tuple[str, ...]:
    return tuple(_of(part, str) for part in _of(parts, list))


def _of(part: Any, *kinds: type) -> Any:
    if type(part) not in kinds:
        raise TypeError
    return part


def _next_arrays(arrays: Iterator[np.ndarray], count: Optional[int]) -> Optional[tuple[np.ndarray, ...]]:
    if count is None:
        return None
    taken = tuple(islice(arrays, _of(count, int)))
    if len(taken) != count:
        raise ValueError("an array is missing")
    return taken
