"""The script of a circuit that two stacks evaluate otherwise: it shows, on the stack that is wrong, how far it is from the truth.

A bisection runs it on the releases between. So it counts only once the wrong stack has shown it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Callable, Optional

from qdiag.bisecting.asking import Ended
from qdiag.errors import OpaqueCircuitError, OutputError
from qdiag.evaluation.answers import answer_of
from qdiag.evaluation.evaluator import Evaluator
from qdiag.judging.arbiter import arbiter
from qdiag.model.call import Environment
from qdiag.model.comparison import Signature
from qdiag.model.evaluation import Evaluation
from qdiag.model.findings import Divergence, Reproducer
from qdiag.model.method import ARBITER
from qdiag.model.two_stacks import Outcome, StackComparison, TwoStacks, Upheld
from qdiag.proving.reproducer.material import Material
from qdiag.proving.reproducer.writing import write

RunOn = Callable[[str, Path, float], Ended]
"""Runs a script by an interpreter, within processor time."""

SECONDS = 120.0


def changed_script(
    found: StackComparison, pythons: tuple[str, str], path: Path, evaluator: Evaluator, run_on: RunOn, *, trusted: bool
) -> Optional[TwoStacks]:
    """Write the script of the first circuit that changed and of which one side is wrong, as the arbiter has it.

    Parameters
    ----------
    found
        What the two stacks say.
    pythons
        Their interpreters.
    path
        Where the script goes.
    evaluator
        Where scripts are written and references worked out.
    run_on
        Runs it on the stack that is wrong.
    trusted
        Whether what the circuit carries may be executed.

    Returns
    -------
    TwoStacks, optional
        The circuit that it shows; None where there is no script, or the wrong stack does not show it.
    """
    for one in sorted(found.of(Outcome.CHANGED), key=lambda one: one.call.index):
        if one.upheld not in (Upheld.FIRST, Upheld.SECOND):
            continue
        wrong = 0 if one.upheld is Upheld.SECOND else 1
        script = _script(one, found.stacks[wrong], evaluator, trusted=trusted)
        if script is None:
            continue
        try:
            path.write_text(script.source, encoding="utf-8")
        except OSError as error:
            raise OutputError(f"cannot write {path}: {error.strerror}", "choose another folder with --out") from None
        if run_on(pythons[wrong], path, SECONDS).code == 1:
            return one
        path.unlink(missing_ok=True)
    return None


def _script(one: TwoStacks, environment: Environment, evaluator: Evaluator, *, trusted: bool) -> Optional[Reproducer]:
    call, where = one.call, one.comparison.where
    wanted = where is not Signature.OUTPUT
    asked = evaluator.call(arbiter.evaluation, call.circuit, (), call.configuration.device_wires, wanted, trusted)
    reference: Optional[Evaluation] = answer_of(asked, None, "the reference")
    material = Material(call.circuit, reference, environment=environment, trusted=trusted)
    if not material.may_run(_divergence(one)):
        return None
    try:
        written: Reproducer = evaluator.call(write, _divergence(one), material).result()
    except OpaqueCircuitError:
        return None
    return written


def _divergence(one: TwoStacks) -> Divergence:
    """The wrong method beside the reference, as if nothing were known of another stack."""
    where = Signature.JACOBIAN if one.comparison.where is Signature.VJP else one.comparison.where
    comparison = replace(one.comparison, methods=(one.method, ARBITER), where=where, element=None)
    return Divergence(one.call, comparison, (one.method,), worst_call=one.call.index, calls=(one.call.index,))
