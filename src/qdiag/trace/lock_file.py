"""Lock files: circuits and what they gave as strict JSON, a line for each circuit, so that a commit shows which have changed.

A lock file is anybody's: it lies in a repository, and a pull request may bring another one. Circuits, configurations and evaluations go
the way of the trace's own texts, arrays that of its bundles, all checked and bounded; nothing in a file names anything to be loaded.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Optional

import numpy as np

from qdiag._version import __version__
from qdiag.errors import CircuitFormatError, TraceError
from qdiag.model.call import Configuration, Environment, SourceLine
from qdiag.model.evaluation import Evaluation, Request
from qdiag.model.lock import LeftOut, Lock, Locked, Missing
from qdiag.model.method import Method
from qdiag.trace import bound
from qdiag.trace.array_bundle import pack, unpack
from qdiag.trace.call_parser import value_from
from qdiag.trace.call_text import text_of
from qdiag.trace.circuit_parser import restore
from qdiag.trace.evaluation_text import DAMAGE, can_be_written, read_evaluation, write_evaluation
from qdiag.trace.keys import split_circuit

NAME = "qdiag.lock"
"""What a lock file is called where nobody says otherwise."""

FORMAT = 1
"""Version of the file; a reader refuses a newer one."""

LARGEST = 100_000
"""Bytes that a file has at most."""

LARGEST_READ = 1_000_000
"""Bytes that are read at most: somebody may have put two files together."""

LARGEST_ARRAYS = 1 << 24
"""Bytes that the numbers of one circuit may have, unpacked."""

_FIELDS = {"circuit", "numbers", "directions", "configuration", "evaluation", "results"}


# --- writing -----------------------------------------------------------------------------------------------------------


def write_lock(lock: Lock) -> str:
    """All of a lock as text.

    Raises
    ------
    CircuitFormatError
        If a circuit holds something that no circuit can hold.
    """
    head = {
        "qdiag-lock": FORMAT,
        "qdiag": __version__,
        "script": lock.script,
        "seed": lock.seed,
        "environment": json.loads(text_of(lock.environment)),
        "left_out": [[one.why.value, one.count] for one in lock.left_out],
    }
    lines = ",\n".join(map(entry_text, lock.circuits))
    told = "".join(f" {json.dumps(name)}: {json.dumps(part, allow_nan=False)},\n" for name, part in head.items())
    return f'{{\n{told} "circuits": [\n{lines}\n ]\n}}\n'


def entry_text(locked: Locked) -> str:
    """One circuit of a lock, in a line.

    Raises
    ------
    CircuitFormatError
        If the circuit, or a result, is nothing that a file can hold.
    """
    request, evaluation = locked.request, locked.evaluation
    if not can_be_written(evaluation):
        raise CircuitFormatError("a result of this kind cannot be stored", "leave the circuit out")
    structure, numbers = split_circuit(request.circuit)
    cotangents = [None if array is None else np.asarray(array) for row in request.cotangents for array in row]
    head, results = write_evaluation(replace(evaluation, warnings=(), seconds=0.0, memory=0))
    entry = {
        "configuration": _told(json.loads(text_of(locked.configuration)), _plain_configuration()),
        "circuit": json.loads(structure),
        "numbers": _packed(pack([*numbers, *cotangents])),
        "directions": len(request.cotangents),
        "evaluation": _told(json.loads(head), _plain_evaluation()),
        "results": _packed(results),
    }
    try:
        return json.dumps(entry, separators=(",", ":"), allow_nan=False)
    except ValueError:
        raise CircuitFormatError("a result that is no number cannot be stored", "leave the circuit out") from None


def _packed(data: bytes) -> str:
    return base64.b64encode(zlib.compress(data, 9)).decode("ascii")


def _plain_configuration() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text_of(Configuration("", SourceLine("", 0), "")))
    return found


def _plain_evaluation() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(write_evaluation(Evaluation(Method("", "")))[0])
    return found


def _told(record: dict[str, Any], plain: dict[str, Any]) -> dict[str, Any]:
    """What of a record is not as in a plain one; records inside it likewise."""
    found = {}
    for name, part in record.items():
        if part != plain.get(name):
            found[name] = _told(part, plain[name]) if isinstance(part, dict) and isinstance(plain.get(name), dict) else part
    return found


# --- reading -----------------------------------------------------------------------------------------------------------


def read_lock(text: str) -> Lock:
    """The lock that was written.

    Raises
    ------
    TraceError
        If none was, it is damaged, too large, or of a newer qdiag.
    """
    if len(text) > LARGEST_READ:
        raise TraceError(f"a lock file has at most {LARGEST_READ} bytes", "make it anew with: qdiag lock train.py")
    try:
        record = bound.loads(text, parse_constant=_refuse)
        if _count(record["qdiag-lock"]) <= FORMAT:
            return _lock(record)
    except (TraceError, *DAMAGE):
        raise TraceError("this is no lock file, or a damaged one", "make one with: qdiag lock train.py") from None
    raise TraceError("the lock file is of a newer qdiag", "install that one, or make the file anew with: qdiag lock train.py")


def _lock(record: dict[str, Any]) -> Lock:
    if not isinstance(record["circuits"], list):
        raise TypeError
    return Lock(
        script=_text(record["script"]),
        environment=value_from(Environment, json.dumps(record["environment"])),
        seed=None if record["seed"] is None else _count(record["seed"]),
        circuits=tuple(map(_locked, record["circuits"])),
        left_out=tuple(LeftOut(Missing(why), _count(number)) for why, number in record["left_out"]),
    )


def _locked(entry: dict[str, Any]) -> Locked:
    if set(entry) != _FIELDS:
        raise ValueError
    configuration = value_from(Configuration, json.dumps(_whole(entry["configuration"], _plain_configuration())))
    head = json.dumps(_whole(entry["evaluation"], _plain_evaluation()))
    evaluation = read_evaluation(head, _unpacked(entry["results"]))
    if evaluation.outputs is None or evaluation.failure is not None:
        raise ValueError
    arrays = unpack(_unpacked(entry["numbers"]))
    rows, width = _count(entry["directions"]), len(evaluation.outputs)
    split = len(arrays) - rows * width
    if split < 0 or rows != len(evaluation.vjps):
        raise ValueError
    numbers = [array for array in arrays[:split] if array is not None]
    circuit = restore(json.dumps(entry["circuit"], separators=(",", ":")), numbers)
    cotangents = tuple(_row(arrays[start : start + width], evaluation.outputs) for start in range(split, len(arrays), width or 1))
    request = Request.of(circuit, evaluation.method, configuration, trusted=False, cotangents=cotangents)
    return Locked(configuration, request, evaluation)


def _row(cotangents: Sequence[Optional[np.ndarray]], outputs: Sequence[np.ndarray]) -> tuple[Optional[np.ndarray], ...]:
    if any(given is not None and given.size != output.size for given, output in zip(cotangents, outputs)):
        raise ValueError
    return tuple(cotangents)


def _whole(record: Any, plain: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(record, dict):
        raise TypeError
    inner = {name: _whole(record[name], part) for name, part in plain.items() if isinstance(part, dict) and name in record}
    return {**plain, **record, **inner}


def _unpacked(text: Any) -> bytes:
    try:
        unpacking = zlib.decompressobj()
        data = unpacking.decompress(base64.b64decode(_text(text), validate=True), LARGEST_ARRAYS)
    except (binascii.Error, zlib.error):
        raise ValueError from None
    if not unpacking.eof or unpacking.unused_data:
        raise ValueError
    return data


def _refuse(word: str) -> Any:
    raise ValueError(word)


def _text(part: Any) -> str:
    if not isinstance(part, str):
        raise TypeError
    return part


def _count(part: Any) -> int:
    if type(part) is not int or part < 0:
        raise TypeError
    return part
