"""The staircase of ``qdiag lock``: the distinct circuits of a run, numbers of nobody's in them, evaluated, and as many as fit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Optional

from qdiag.errors import CircuitFormatError
from qdiag.evaluation.evaluator import Evaluator
from qdiag.judging.comparison.compare import compare
from qdiag.judging.differentiated import as_judged
from qdiag.judging.replay.questions import cotangents_of
from qdiag.model.call import Call, Configuration, Environment
from qdiag.model.comparison import Verdict
from qdiag.model.evaluation import Request
from qdiag.model.lock import LeftOut, Lock, Locked, Missing
from qdiag.model.node import nodes_of
from qdiag.model.option import Held, Kind, Option
from qdiag.model.synthetic_numbers import made_up
from qdiag.pipeline.run_options import Voice
from qdiag.report.redacting.redaction import Secrets, redact
from qdiag.trace.keys import circuit_key
from qdiag.trace.lock_file import LARGEST, entry_text, write_lock
from qdiag.trace.reader import Trace

IN_FLIGHT = 16
"""Circuits that are under way at once."""

DRAWS = 8
"""So many draws of made-up numbers are tried: not every one is a probability."""

LeftOuts = Counter[Missing]
"""How many circuits are left out, by why."""


@dataclass(frozen=True)
class Wanted:
    """What the user asked for: the seed of made-up numbers (None keeps the run's own), the most bytes of the file."""

    seed: Optional[int] = 0
    largest: int = LARGEST


def lock(trace: Trace, wanted: Wanted, evaluator: Evaluator, voice: Voice, secrets: Secrets) -> Lock:
    """Lock the circuits of a run.

    Parameters
    ----------
    trace
        The run.
    wanted
        What the user asked for.
    evaluator
        Where circuits are evaluated.
    voice
        Told how far it is.
    secrets
        What must not stand in a file that is committed.
    """
    account: LeftOuts = Counter()
    calls = []
    for call in distinct_calls(trace):
        why = obstacle(call, secrets)
        if why is None:
            calls.append(replace(call, configuration=replace(call.configuration, source=redact(call.configuration.source, secrets))))
        else:
            account[why] += 1
    environment = Environment(trace.environment.python, packages=trace.environment.packages)
    blank = Lock(secrets.clean_text(trace.script.path), environment, wanted.seed, ())
    with voice.progress("evaluating") as report:
        locked = []
        for start in range(0, len(calls), IN_FLIGHT):
            report(start, len(calls))
            locked += _evaluated(calls[start : start + IN_FLIGHT], wanted, evaluator, account)
    return _fitted(replace(blank, circuits=tuple(locked)), wanted.largest, account)


def distinct_calls(trace: Trace) -> Iterator[Call]:
    """The first call of each circuit under each configuration, as it is judged."""
    met = set()
    for index in trace.first_of_each_circuit():
        differentiated = trace.is_differentiated(index)
        call = as_judged(trace.call(index), differentiated=differentiated, handed=trace.handed)
        # which of the QNodes of one function it is makes no other circuit
        known = (trace.structure_of(index), differentiated, repr(replace(call.configuration, number=0)))
        if known not in met:
            met.add(known)
            yield call


def obstacle(call: Call, secrets: Secrets) -> Optional[Missing]:
    """Why a call's circuit cannot be locked, or must not be; None where it can."""
    circuit, method = call.circuit, call.configuration.method
    if call.failure is not None or call.outputs is None:
        return Missing.RAISED
    if circuit.opaque:
        return Missing.OPAQUE
    if method.imports or any(node.definition for top in circuit.nodes for node in nodes_of(top)):
        return Missing.OWN_CLASSES
    if any(secrets.clean_text(text) != text for text in _options_in_words(call.configuration)):
        return Missing.SECRET
    if method.stochastic or circuit.samples_only:
        return Missing.RANDOM
    return None if circuit.resolved else Missing.NOT_FINITE


def _options_in_words(configuration: Configuration) -> Iterator[str]:
    """Each option with its value, as a script would write it."""
    for options in (configuration.device_options, configuration.gradient_options, configuration.execution_options):
        for name, option in options:
            yield from _option_in_words(name, option)


def _option_in_words(name: str, option: Option) -> Iterator[str]:
    if not isinstance(option, Held):
        yield f"{name}={option!r}"
    elif option.kind is Kind.DICT:
        for key, value in zip(option.parts[::2], option.parts[1::2]):
            yield from _option_in_words(str(key), value)
    else:
        for part in option.parts:
            yield from _option_in_words(name, part)


def _evaluated(calls: list[Call], wanted: Wanted, evaluator: Evaluator, account: LeftOuts) -> list[Locked]:
    """The circuits of some calls with what they give, without those that give nothing, or not twice the same."""
    found: dict[int, Locked] = {}
    left = calls
    for draw in range(1 if wanted.seed is None else DRAWS):
        seed = None if wanted.seed is None else wanted.seed + (draw << 32)
        asked = [(call, _request(call, seed)) for call in left]
        twice = [(evaluator.submit(request), evaluator.submit(replace(request, repetition=1))) for _, request in asked]
        answers = [(first.result(), second.result()) for first, second in twice]
        left = [call for call, (once, again) in zip(left, answers) if once.failure or again.failure]
        for (call, request), (once, again) in zip(asked, answers):
            if call not in left:
                if compare(once, again, request.circuit, cotangents=request.cotangents).verdict is Verdict.ERROR:
                    account[Missing.CHANGING] += 1
                else:
                    found[call.index] = Locked(call.configuration, request, once)
    account[Missing.FAILS] += len(left)
    return [found[call.index] for call in calls if call.index in found]


def _request(call: Call, seed: Optional[int]) -> Request:
    """What a circuit is asked: its outputs, and a vector-Jacobian product along a direction that depends on the circuit alone."""
    circuit = call.circuit if seed is None else made_up(call.circuit, seed)
    invented = replace(call, circuit=circuit, backwards=())
    cotangents = cotangents_of(invented, circuit_key(circuit))
    method = call.configuration.method
    return Request.of(circuit, method, call.configuration, trusted=False, cotangents=tuple(map(tuple, cotangents)))


def _fitted(whole: Lock, largest: int, account: LeftOuts) -> Lock:
    """The lock with as many of its circuits as fit, the first ones first."""
    # what is left out is told in the file, too: room is kept for it
    most = (*_told(account), *(LeftOut(why, len(whole.circuits)) for why in (Missing.FAILS, Missing.TOO_LARGE)))
    room = largest - len(write_lock(replace(whole, circuits=(), left_out=most)))
    kept = []
    for one in whole.circuits:
        try:
            size = len(entry_text(one)) + len(",\n")
        except CircuitFormatError:
            account[Missing.FAILS] += 1
            continue
        if size <= room:
            kept.append(one)
            room -= size
        else:
            account[Missing.TOO_LARGE] += 1
    return replace(whole, circuits=tuple(kept), left_out=_told(account))


def _told(account: LeftOuts) -> tuple[LeftOut, ...]:
    return tuple(LeftOut(why, count) for why, count in account.items() if count)
