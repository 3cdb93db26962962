"""Elements of results as the user calls them: a parameter by its place in the QNode's arguments, else by its operation."""

from __future__ import annotations

from dataclasses import replace
from typing import Optional

from qdiag.model.call import Call
from qdiag.model.element import Element, Kind, parameter_names

_BY_PARAMETER = (Kind.JACOBIAN, Kind.PRODUCT, Kind.SECOND)


def users_names(call: Call) -> tuple[str, ...]:
    """A name for each parameter of a call's circuit: the user's where it has one."""
    names = parameter_names(call.circuit)
    return tuple(own or name for own, name in zip(call.named, names)) if len(call.named) == len(names) else names


def element_words(element: Element, call: Call) -> str:
    """An element of a call's results: ``d output / d coefficients[0]``, and the operation that it is a number of."""
    own = _users_name(element, call)
    return str(element) if own is None else f"{replace(element, by=own)} ({element.by})"


def element_name(element: Element, call: Call) -> str:
    """The same without the operation."""
    own = _users_name(element, call)
    return str(element if own is None else replace(element, by=own))


def _users_name(element: Element, call: Call) -> Optional[str]:
    if element.kind not in _BY_PARAMETER:
        return None
    known = dict(zip(parameter_names(call.circuit), users_names(call)))
    own = known.get(element.by, element.by)
    return own if own != element.by else None
