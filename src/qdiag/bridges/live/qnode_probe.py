"""A live QNode held against itself: its methods' derivatives, with respect to its own arguments, against numerical ones.

Runs in a copy of the user's process, where nothing needs to be put back. What is probed is in `probe_subject`, what methods say of
it in `probe_methods`, what numbers say in `probe_slopes`, axes in `probe_rows` and `probe_vectors`; here is the order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Optional

import numpy as np

from qdiag.bridges.interfaces.forward_pass import outside_of_inference
from qdiag.bridges.live import qnode_attributes
from qdiag.bridges.live.probe_methods import Followed, other_method, other_qnode, other_steps, own_method, quicker_copy
from qdiag.bridges.live.probe_rows import with_rows
from qdiag.bridges.live.probe_slopes import probed_argument
from qdiag.bridges.live.probe_subject import Subject, circuit_of, distance, first_line, subject_of
from qdiag.bridges.live.probe_vectors import with_vectors
from qdiag.model.probe import Probe

METHODS = ("backprop", "adjoint", "parameter-shift")
"""What a QNode is differentiated by besides the user's own method, where it does not refuse."""


def probes(
    qnode: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    *,
    layer: str,
    call: int,
    returned: Optional[Sequence[np.ndarray]] = None,
    others: bool = True,
) -> Iterator[Probe]:
    """Probe a QNode at the arguments of a call; what is known after each stage, the cheapest and most telling first.

    Parameters
    ----------
    qnode, args, kwargs, call
        The QNode, which was called last with these arguments, and the index of that call.
    layer
        Class name of the layer that made the call, or "".
    returned
        What the call returned, where that is known.
    others
        Whether other methods than its own are asked, too.
    """
    with outside_of_inference():
        yield from _stages(qnode, args, kwargs, layer, call, returned, METHODS if others else ())


def _stages(
    qnode: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    layer: str,
    call: int,
    returned: Optional[Sequence[np.ndarray]],
    others: Sequence[str],
) -> Iterator[Probe]:
    try:
        ran = circuit_of(qnode)
        subject = subject_of(qnode, args, kwargs)
        if subject.sampled:
            yield Probe(call, complete=True, note="results are sampled: there is no derivative to compare with")
            return
        # what is drawn at random in a circuit may not be drawn again
        again = distance(returned, subject.plain) if returned is not None and subject.circuit == ran else None
        probe, followed, cost = own_method(subject, call)
        probe, subject = replace(probe, again=again), replace(subject, quicker=quicker_copy(subject, probe, cost))
        probe = with_rows(subject, probe if layer else with_vectors(subject, probe), layer)
        yield probe
        probe = _with_arguments(subject, probe, followed)
        yield probe
        if probe.methods and not probe.methods[0].failure:
            probe = replace(probe, steps=other_steps(subject))
        bare = qnode_attributes.without_transforms(qnode) if probe.methods else None
        if bare is not None:
            probe = replace(probe, untransformed=other_qnode(subject, bare, probe.methods[0].diff_method))
        for method in others:
            if probe.methods and method != probe.methods[0].diff_method:
                probe = replace(probe, methods=(*probe.methods, other_method(subject, method, cost)))
                yield probe
        yield replace(probe, complete=True)
    except Exception as error:
        yield Probe(call, note=first_line(error))


def _with_arguments(subject: Subject, probe: Probe, followed: Followed) -> Probe:
    own = probe.methods[0].slopes if probe.methods else ()
    slopes = (*own, *(None for _ in followed[len(own) :]))
    return replace(probe, arguments=tuple(probed_argument(subject, i, slopes[i], followed[i], probe.eps) for i in range(len(followed))))
