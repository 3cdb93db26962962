"""`qdiag.check` on random circuits of every kind, held against central differences: exits 1 where these do not uphold what it says.

``python -m tests.benchmarks.random_circuits --from 0 --count 2000 --json FILE``; ``--show N`` prints circuit N. What FILE holds already
is not done again. Each circuit runs in a forked copy of this process, which has everything loaded, and may take ``--seconds``.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import pickle
import select
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from qdiag.evaluation.workers import Inline
from qdiag.judging.replay.plan import Plan
from qdiag.model.comparison import Signature
from qdiag.model.result import Result
from qdiag.pipeline import checking
from qdiag.pipeline.run_options import Options, Silence
from qdiag.trace.run_folder import RunFolder
from tests.benchmarks.central_differences import Gap, Slopes, measure_gap, measure_slopes, qnode_of, tracked
from tests.benchmarks.random_source import Drawn, draw

CLEAR = {"float64": 1e-6, "float32": 2e-2}
"""What no healthy method is off by, relative to the scale: what is further off and called healthy was missed."""

DIFFERENCED = 2e-5
"""The same for finite differences in float64."""


def examine(number: int) -> dict[str, Any]:
    """One circuit: what qdiag says of it, and what the numbers say."""
    began = time.process_time()
    drawn = draw(number)
    row = {name: getattr(drawn, name) for name in ("number", "device", "interface", "dtype", "source")}
    try:
        truth = measure_slopes(drawn)
    except Exception as error:  # PennyLane's: the circuit does not run
        return {**row, "class": "does not run", "words": f"{type(error).__name__}: {error}"[:200]}
    own, gaps = _own_method(drawn, truth)
    drawn.method = own
    row["method"] = own
    try:
        result = _check(drawn)
    except BaseException as error:  # what check raises is what is looked for
        frames = traceback.extract_tb(error.__traceback__)
        place = next((f"{frame.filename}:{frame.lineno}" for frame in reversed(frames) if "qdiag" in frame.filename), "")
        return {**row, "class": "check raised", "words": f"{type(error).__name__}: {error}"[:300], "place": place}
    row["verdict"] = result.verdict.value
    row["findings"] = [_described(finding) for finding in result.findings]
    row["remarks"] = [str(remark) for remark in result.remarks][:3]
    asked = {(method.device, method.diff_method) for finding in result.findings for method in finding.divergence.wrong}
    asked |= {(method.device, method.diff_method) for method in result.replay.answering}
    for device, method in sorted(asked - {(drawn.device, own)}):
        if method in ("backprop", "adjoint", "parameter-shift", "hadamard", "finite-diff"):
            gaps[f"{device}/{method}"] = measure_gap(drawn, truth, device, method)
    row["gaps"] = {name: asdict(gap) for name, gap in gaps.items()}
    row["class"] = _classify(drawn, result, gaps, truth)
    row["seconds"] = time.process_time() - began
    return row


def _own_method(drawn: Drawn, truth: Slopes) -> tuple[str, dict[str, Gap]]:
    """The first of the drawn methods that gives a gradient; now and then one that does not."""
    gaps: dict[str, Gap] = {}
    for place, method in enumerate(drawn.methods):
        gap = measure_gap(drawn, truth, drawn.device, method)
        if not gap.words or (place == 0 and drawn.number % 10 == 0) or place == len(drawn.methods) - 1:
            return method, {f"{drawn.device}/{method}": gap}
    return drawn.methods[0], gaps


def _check(drawn: Drawn) -> Result:
    """What `qdiag.check` does, without the search for a smaller circuit."""
    qnode = qnode_of(drawn, drawn.method)
    options = Options(Plan(trusted=True), trusted=True, proven=(), minimize=False, kept=False)
    with tempfile.TemporaryDirectory() as folder:
        run = RunFolder(Path(folder))
        return checking.check(qnode, tracked(drawn), {}, run=run, options=options, voice=Silence(), workers=Inline()).result


def _described(finding: Any) -> dict[str, Any]:
    divergence, diagnosis = finding.divergence, finding.diagnosis
    return {
        "verdict": finding.verdict.value,
        "code": diagnosis.code,
        "confidence": getattr(diagnosis.confidence, "value", str(diagnosis.confidence)),
        "signature": str(divergence.signature),
        "wrong": [str(method) for method in divergence.wrong],
        "methods": [str(method) for method in divergence.comparison.methods],
        "element": str(divergence.comparison.element),
        "off": divergence.comparison.max_abs,
        "bound": divergence.comparison.bound,
        "blamed": diagnosis.blamed,
        "because": str(diagnosis.because),
        "detail": divergence.comparison.detail[:200],
        "outside": divergence.outside,
    }


def _classify(drawn: Drawn, result: Result, gaps: dict[str, Gap], truth: Slopes) -> str:
    """Whether the numbers uphold what was said."""
    if result.verdict.value == "error":
        errors = [finding for finding in result.findings if finding.verdict.value == "error"]
        return "error upheld" if all(_is_upheld(drawn, finding, gaps) for finding in errors) else "ERROR NOT UPHELD"
    if result.verdict.value in ("agree", "rounding", "remark"):
        named = {f"{method.device}/{method.diff_method}" for finding in result.findings for method in finding.divergence.wrong}
        off = [name for name in gaps if name not in named and _is_clearly_off(drawn, name, gaps[name])]
        return f"MISSED {', '.join(off)}" if off else f"healthy: {result.verdict.value}"
    return result.verdict.value


def _is_upheld(drawn: Drawn, finding: Any, gaps: dict[str, Gap]) -> bool:
    """Whether one of the methods that it calls wrong is off by more than this judge may be, or gives no number."""
    divergence = finding.divergence
    of_these = divergence.wrong or divergence.comparison.methods
    measured = [gaps[name] for method in of_these if (name := f"{method.device}/{method.diff_method}") in gaps]
    eps = 1e-13 if drawn.dtype == "float64" else 1e-6
    if divergence.signature in (Signature.DTYPE, Signature.SECOND_DERIVATIVE):  # not measured here
        return True
    if divergence.signature is Signature.OUTPUT:
        return any(not gap.output <= 10 * eps for gap in measured)
    if divergence.signature in (Signature.RAISE, Signature.SHAPE, Signature.NAN):
        return any(gap.words or np.isnan(gap.gradient) for gap in measured)
    return any(not gap.gradient <= gap.bar + eps * gap.scale for gap in measured)


def _is_clearly_off(drawn: Drawn, name: str, gap: Gap) -> bool:
    differenced = name.endswith("finite-diff")
    if gap.words or not math.isfinite(gap.bar) or (differenced and drawn.dtype == "float32"):  # qdiag takes these in float64
        return False
    tolerated = DIFFERENCED if differenced else CLEAR[drawn.dtype]
    return not max(gap.gradient - 10 * gap.bar, gap.output) <= tolerated * gap.scale


# --- one after the other ---------------------------------------------------------------------------------------------------


def _in_a_copy(number: int, seconds: float) -> dict[str, Any]:
    """Examine one circuit in a forked copy: what hangs or dies there is a row, too."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            os.setpgid(0, 0)
            with os.fdopen(writing, "wb") as stream:
                stream.write(pickle.dumps(examine(number)))
        finally:
            os._exit(0)
    os.close(writing)
    received, end = b"", time.monotonic() + seconds
    with os.fdopen(reading, "rb", buffering=0) as stream:
        while select.select([stream], [], [], max(0.0, end - time.monotonic()))[0]:
            chunk = stream.read(1 << 16)
            if not chunk:
                break
            received += chunk
    over = time.monotonic() >= end
    if over:
        os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    if not over and received:
        return dict(pickle.loads(received))  # our own copy's
    return {"number": number, "class": "not in time" if over else "DIED", "source": draw(number).source}


def table(rows: Sequence[dict[str, Any]]) -> str:
    """The counts, the causes named, and the circuits to look at."""
    classes = Counter(str(row["class"]).split(" lightning")[0].split(" default")[0] for row in rows)
    found = [finding for row in rows for finding in row.get("findings", ())]
    causes = Counter(tuple(str(finding[name]) for name in ("verdict", "code", "confidence", "signature")) for finding in found)
    lines = [f"{len(rows)} circuits", *(f"{count:6} {name}" for name, count in classes.most_common()), "", "causes"]
    lines += [f"{count:6} {' '.join(names)}" for names, count in sorted(causes.items())]
    odd = [f"{row['number']}: {row['class']}" for row in rows if str(row["class"]).split()[0] in ("ERROR", "MISSED", "check", "DIED")]
    return "\n".join([*lines, "", "to look at", *odd])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--from", dest="first", type=int, default=0)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--seconds", type=float, default=240.0)
    parser.add_argument("--show", type=int)
    arguments = parser.parse_args()
    if arguments.show is not None:
        print(draw(arguments.show))
        return 0
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    for number in (1, 2, 3):  # what is loaded now need not be loaded in each copy
        examine(number)
    rows = json.loads(arguments.json.read_text()) if arguments.json and arguments.json.exists() else []
    done = {row["number"] for row in rows}
    for number in range(arguments.first, arguments.first + arguments.count):
        if number not in done:
            rows.append(_in_a_copy(number, arguments.seconds))
            print(number, rows[-1]["class"], rows[-1].get("verdict", ""), [f["code"] for f in rows[-1].get("findings", ())], flush=True)
            if arguments.json:
                unfinished = arguments.json.with_suffix(".part")
                unfinished.write_text(json.dumps(rows, default=_plain))
                unfinished.replace(arguments.json)
    print(table(rows))
    return int(any(str(row["class"]).split()[0] in ("ERROR", "MISSED", "check", "DIED") for row in rows))


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else str(value)


if __name__ == "__main__":
    sys.exit(main())
