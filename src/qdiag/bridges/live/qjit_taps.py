"""What Catalyst traces: which numbers a circuit has at each run of what was compiled.

Between what a QNode is given and the numbers of its circuit lies the classical part of the quantum function, which Catalyst traces as a
program of JAX's. It is kept beside the compiled one, and worked out on what a callback of Catalyst's tells at each run.

Loaded only where Catalyst is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple, Optional

import catalyst
import jax
import jax.extend
import numpy as np
from catalyst import jax_primitives
from catalyst.tracing.contexts import GradContext
from jax.interpreters import partial_eval

from qdiag.bridges.codec import jax_numbers

_OF_CATALYST = ("static_argnums", "_out_tree_expected", "_classical_return_indices", "_num_mcm_expected", "pass_pipeline", "debug_info")
"""Keywords that Catalyst adds to a call of a QNode."""


class ClassicalPart(NamedTuple):
    """What leads to a circuit's numbers.

    Parameters
    ----------
    evaluate
        Gives them, in order, from what the QNode was given and what it took from around it.
    around
        Live values of the latter kind: they stand for numbers, too, where they are traced further out.
    given
        How many of the former kind there are.
    plain
        Whether nothing of Catalyst's stands in it, and nothing that does more than to compute.
    """

    evaluate: Callable[..., Sequence[Any]]
    around: tuple[Any, ...]
    given: int
    plain: bool = True


def arguments_of_user(kwargs: dict[str, Any]) -> dict[str, Any]:
    """The keywords that the script gave to a QNode, of those that Catalyst calls it with."""
    return {name: value for name, value in kwargs.items() if name not in _OF_CATALYST}


class Level(NamedTuple):
    """A function that Catalyst is about to trace: what ``qml.qjit`` compiles, or what ``catalyst.grad`` and its like differentiate.

    Parameters
    ----------
    kind
        What the function's trace says that it is made for.
    inputs
        What the function is given, as leaves: numbers, or what stands for them further out.
    outside
        The trace that was going on by then.
    """

    kind: str
    inputs: Sequence[Any]
    outside: Any


COMPILED, DIFFERENTIATED, FUNCTION = "qjit_capture", "grad make jaxpr", "Function"
"""Kinds of levels, as Catalyst names them."""


def level_of(kind: str, args: Sequence[Any], kwargs: dict[str, Any], static: Sequence[int] = ()) -> Level:
    """What is about to be traced."""
    return Level(kind, arrays_among(args, kwargs, static), current_trace())


def current_trace() -> Any:
    """The trace that is going on."""
    return jax.core.trace_ctx.trace


def is_differentiated(levels: Sequence[Level]) -> bool:
    """Whether Catalyst traces a function in order to differentiate it, by the functions being traced or by Catalyst's own word."""
    return any(level.kind == DIFFERENTIATED for level in levels) or bool(GradContext.am_inside_grad())


def method_of(diff_method: str, device: str, measurements: Sequence[str]) -> str:
    """What Catalyst takes ``best`` for."""
    if diff_method != "best":
        return diff_method
    return "adjoint" if "lightning" in device and all(name == "ExpectationMP" for name in measurements) else "parameter-shift"


def classical_part(numbers: Sequence[Any]) -> Optional[ClassicalPart]:
    """What leads to numbers that are traced; None where they are not all traced as one program."""
    traces = {id(number._trace): number._trace for number in numbers}
    if not numbers:
        return ClassicalPart(lambda *_: (), (), 0)
    if len(traces) != 1:
        return None
    (trace,) = traces.values()
    frame = trace.frame
    # what is kept for messages says nothing yet of what comes out
    named = frame.debug_info._replace(result_paths=("",) * len(numbers))
    jaxpr, constants = frame.to_jaxpr(trace, numbers, named, None)
    jaxpr, used, _ = partial_eval.dce_jaxpr_consts(jaxpr, [True] * len(numbers), instantiate=True)
    kept = [constant for constant, wanted in zip(constants, used) if wanted] if len(used) == len(constants) else constants
    places = [place for place, constant in enumerate(kept) if jax_numbers.is_traced(constant)]
    plain = [None if place in places else constant for place, constant in enumerate(kept)]
    around = tuple(kept[place] for place in places)
    return ClassicalPart(partial(_evaluate, jaxpr, plain, places), around, len(jaxpr.invars), _is_plain(jaxpr))


def _is_plain(jaxpr: Any) -> bool:
    of_catalyst = {id(one) for one in vars(jax_primitives).values() if isinstance(one, jax.extend.core.Primitive)}
    return not jaxpr.effects and not any(id(equation.primitive) in of_catalyst for equation in jaxpr.eqns)


def _evaluate(jaxpr: Any, constants: Sequence[Any], places: Sequence[int], *values: Any) -> Sequence[Any]:
    given, around, filled = values[: len(jaxpr.invars)], values[len(jaxpr.invars) :], list(constants)
    for place, value in zip(places, around):
        filled[place] = value
    # it may be asked for in the midst of a trace, whose business this is none of
    with jax.ensure_compile_time_eval():
        return [np.asarray(value) for value in jax.core.eval_jaxpr(jaxpr, filled, *given)]


def numbers_while_traced(values: Sequence[Any], levels: Sequence[Level], inside: Any) -> Optional[list[Any]]:
    """The numbers that live values stand for, from those that the outermost function was called with.

    Parameters
    ----------
    values
        Live values, and numbers, which stay what they are.
    levels
        What is being traced, outermost first.
    inside
        The trace of the innermost.

    Returns
    -------
    list or None
        None where some come from elsewhere: a loop of Catalyst's, another circuit, a transform of JAX's around it all.
    """
    traces = [*(level.outside for level in levels[1:]), inside]
    places = [_depth_of(value, traces) for value in values]
    found: dict[int, Any] = {}
    for depth in {place for place in places if place is not None}:
        mine = [place for place, at in enumerate(places) if at == depth]
        if not 0 <= depth < len(levels) or traces[depth].frame.debug_info.traced_for != levels[depth].kind:
            return None
        level = levels[depth]
        part = classical_part([values[place] for place in mine])
        if part is None or part.given not in (0, len(level.inputs)) or not part.plain:
            return None
        needed = [*(level.inputs if part.given else ()), *part.around]
        given = numbers_while_traced(needed, levels[:depth], level.outside)
        if given is None:
            return None
        found.update(zip(mine, part.evaluate(*given)))
    numbers = [found.get(place, value) for place, value in enumerate(values)]
    return numbers if all(np.asarray(number).dtype.kind in "biufc" for number in numbers) else None


def _depth_of(value: Any, traces: Sequence[Any]) -> Optional[int]:
    """Which trace a value belongs to, -1 for none of these; None where it is a number."""
    if not jax_numbers.is_traced(value):
        return None
    return next((depth for depth, trace in enumerate(traces) if value._trace is trace), -1)


def arrays_among(args: Sequence[Any], kwargs: dict[str, Any], static: Sequence[int]) -> list[Any]:
    """What a QNode is given, as Catalyst takes it apart: all leaves but those of what is compiled in."""
    dynamic = [value for place, value in enumerate(args) if place not in static]
    return list(jax.tree_util.tree_leaves((dynamic, kwargs)))


def tell_when_run(values: Sequence[Any], tell: Callable[..., None]) -> None:
    """Have the numbers that values stand for told each time that the compiled function comes by here."""
    catalyst.debug.callback(tell)(*values)
