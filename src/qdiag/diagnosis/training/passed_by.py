"""QD813: torch makes something of a layer's weights, and the layer calls its circuit with the weights themselves.

A parametrisation, a norm or a mask puts a tensor in the place of a module's parameter, which goes on under another name, the original.
A `TorchLayer` keeps its parameters in a dictionary of its own, where nothing is put in their place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from qdiag.diagnosis.causes.around_the_qnode import PASSED_BY
from qdiag.diagnosis.training.history import History
from qdiag.diagnosis.training.other_tensors import KEEPS_ITS_OWN
from qdiag.diagnosis.training.parameters import training_calls
from qdiag.diagnosis.training.telling import listed, remark
from qdiag.model.remarks import Remark
from qdiag.model.training import Leaf

_MADE = re.compile(r"(?:^|\.)(?:parametrizations\.(?P<parametrised>\w+)\.original\d*|(?P<masked>\w+)_orig|(?P<normed>\w+)_[gv])\Z")
"""The names under which torch goes on with a parameter whose attribute is made of it."""


class _Passed(NamedTuple):
    """A weight of a layer that something is made of: how the layer's function calls it, and the originals that the optimiser holds."""

    argument: str
    originals: tuple[str, ...]


def remarks(history: History) -> Iterator[Remark]:
    """One of all layers whose circuits were called with what something else is made of."""
    held = {leaf.token: leaf for seen in history.training.optimisers for leaf in seen.fact.parameters}
    found: dict[_Passed, list[int]] = {}
    for seen in training_calls(history.training):
        call = history.recording.call(seen.fact.call)
        if call.configuration.layer != KEEPS_ITS_OWN:
            continue
        for argument in seen.fact.arguments:
            if argument.token is not None:
                originals = _originals(argument.name, argument.token, held)
                if originals:
                    found.setdefault(_Passed(argument.name, originals), []).append(call.index)
    if found:
        yield _told(history, found)


def _originals(argument: str, token: int, held: dict[int, Leaf]) -> tuple[str, ...]:
    """The names of what the optimiser holds in the place of an argument: of the argument itself where it holds that, else of others."""
    own = held.get(token)
    leaves = list(held.values()) if own is None else [own]
    return tuple(leaf.name for leaf in leaves if _made_into(leaf) == argument)


def _made_into(leaf: Leaf) -> str:
    """The attribute that is made of a tensor, or ""."""
    match = _MADE.search(leaf.name)
    return "" if match is None else next((name for name in match.groups() if name), "")


def _told(history: History, found: dict[_Passed, list[int]]) -> Remark:
    originals = [name for passed in found for name in passed.originals]
    arguments = listed([passed.argument for passed in found])
    calls = sorted({index for indices in found.values() for index in indices})
    source = history.recording.call(calls[0]).source
    optimisers = [s.fact for s in history.training.optimisers if {leaf.name for leaf in s.fact.parameters} & {*originals}]
    because = (
        f"the optimiser holds {listed(originals)}, of which torch makes the layer's {arguments}; {KEEPS_ITS_OWN} calls its circuit "
        f"with the {arguments} that it was made with, and what is made of them never gets there"
    )
    return remark(history, PASSED_BY, because, calls=calls, places=[source, *(one.source for one in optimisers[:1])])
