"""What each device was made with, heard when it is made: the constructor's own arguments, before any code of the device's runs.

All devices inherit from a few classes of PennyLane's. These get a ``__new__``, which sees what ``qml.device`` or the script hands to
the constructor. It stays there: Python cannot take one out of a class again, so it is put in only where a whole process is recorded.
A device that was copied has the options of the first; of one that was made before, or unpickled, its attributes are asked.
"""

from __future__ import annotations

import copy
import copyreg
import inspect
import sys
import weakref
from collections.abc import Mapping
from typing import Any, Callable, NamedTuple, Optional

from qdiag.bridges.live.given_options import option_of
from qdiag.model.option import Held, Kind, Option, Options

SET_BY_EVALUATIONS = frozenset({"wires", "shots", "c_dtype", "r_dtype"})
"""Arguments that are recorded elsewhere: each evaluation says them by itself."""

_COPYING = copyreg.__newobj__.__code__  # type: ignore[attr-defined]
_RECONSTRUCTING = copy._reconstruct.__code__  # type: ignore[attr-defined]


class _Given(NamedTuple):
    """What a constructor was given but for defaults, None where that was nothing at all; nothing of it is kept alive."""

    device: Callable[[], Any]
    arguments: Optional[Options]


_given: dict[int, _Given] = {}


# --- hearing ---------------------------------------------------------------------------------------------------------------


def device_bases() -> tuple[type, ...]:
    """The classes of PennyLane's that all devices inherit from, as far as this version has them."""
    modules = [sys.modules.get(name) for name in ("pennylane", "pennylane.devices", "pennylane.devices.experimental")]
    found = [vars(module).get(name) for module in modules if module is not None for name in ("Device", "LegacyDevice")]
    return tuple(dict.fromkeys(base for base in found if isinstance(base, type) and "__new__" not in vars(base)))


def hear_devices(base: Any, quietly: Callable[..., Any]) -> Callable[..., Any]:
    """The ``__new__`` for a class of `device_bases`.

    Parameters
    ----------
    base
        The class.
    quietly
        Calls a function, and keeps whatever it raises from the script.
    """

    def __new__(cls: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N807 - it is one
        following = super(base, cls).__new__
        made = following(cls) if following is object.__new__ else following(cls, *args, **kwargs)
        quietly(_hear, cls, made, args, kwargs, sys._getframe(1))
        return made

    # the signature of a class that inherits its constructor is looked up here
    __new__.__wrapped__ = base.__init__  # type: ignore[attr-defined]
    return __new__


def _hear(cls: Any, made: Any, args: tuple[Any, ...], kwargs: dict[str, Any], caller: Any) -> None:
    if caller.f_code is _COPYING:
        above = caller.f_back
        source = above.f_locals.get("x") if above is not None and above.f_code is _RECONSTRUCTING else None
        known = None if source is None else _given_to(source)
        if known is not None:
            _keep(made, known.arguments)
        return
    parameters = _parameters(cls)
    names = [p.name for p in parameters.values() if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    given = {**dict(zip(names, args)), **kwargs}
    found = {name: option_of(name, value) for name, value in given.items() if not _is_default(name, value, parameters)}
    if len(args) > len(names):
        found["*args"] = Held(Kind.OBJECT, ("given by position, under no name",))
    _keep(made, None if not args and not kwargs else tuple(found.items()))


def _parameters(cls: Any) -> Mapping[str, inspect.Parameter]:
    """The parameters of a class's constructor, without ``self``, by name."""
    try:
        return dict(list(inspect.signature(cls.__init__).parameters.items())[1:])
    except (TypeError, ValueError):
        return {}


def _is_default(name: str, value: Any, parameters: Mapping[str, inspect.Parameter]) -> bool:
    """Whether a parameter is at its default; what is no plain value only where it is that very object."""
    if name not in parameters:
        return False
    default = parameters[name].default
    return value is default or (type(value) is type(default) and type(value) in (bool, int, float, str) and value == default)


def _keep(made: Any, arguments: Optional[Options]) -> None:
    key = id(made)

    def forget(_: Any) -> None:
        _given.pop(key, None)

    _given[key] = _Given(weakref.ref(made, forget), arguments)


def _given_to(device: Any) -> Optional[_Given]:
    known = _given.get(id(device))
    return known if known is not None and known.device() is device else None


# --- telling ---------------------------------------------------------------------------------------------------------------


def options_given_to(device: Any) -> Options:
    """The options of a device's constructor that are not at their defaults, sorted by name."""
    known = _given_to(device)
    if known is None or (known.arguments is None and _has_more_than_defaults(device)):
        # it was unpickled: what it holds was put into it afterwards
        given = _told_by_attributes(device)
    else:
        given = dict(known.arguments or ())
    return tuple(sorted((name, value) for name, value in given.items() if name not in SET_BY_EVALUATIONS and _is_kept(name, value)))


def _is_kept(name: str, value: Option) -> bool:
    """A seed is kept where it is a number: any other one is drawn from, and no longer what it was."""
    return name != "seed" or type(value) is int


def _has_more_than_defaults(device: Any) -> bool:
    """Whether a device holds what its constructor cannot have made of nothing."""
    named = (p for p in _parameters(type(device)).values() if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD))
    return any(p.default is p.empty for p in named) or bool(getattr(getattr(device, "_wires", None), "labels", ()))


def _told_by_attributes(device: Any) -> dict[str, Option]:
    """What attributes of a parameter's own name say of a device that nobody saw being made; what is needed and not said is unknown."""
    held: Mapping[str, Any] = getattr(device, "__dict__", {})
    found: dict[str, Option] = {}
    for name, parameter in _parameters(type(device)).items():
        attribute = next((key for key in (name, f"_{name}", *_OTHERWISE.get(name, ())) if key in held), None)
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        if parameter.default is parameter.empty:
            found[name] = _UNKNOWN if attribute is None else option_of(name, held[attribute])
        elif attribute is not None and _may_be_what_was_given(held[attribute], parameter.default):
            found[name] = option_of(name, held[attribute])
        elif attribute is not None and type(parameter.default) is str and not isinstance(held[attribute], _PLAIN):
            # a name became what it names: whether it was the default's nobody can tell
            found[name] = _UNKNOWN
    return found


_PLAIN = (bool, int, float, str, type(None))

_UNKNOWN = Held(Kind.OBJECT, ("not known, since nobody saw the device being made",))

_OTHERWISE = {"readout_prob": ("readout_err",)}
"""Attributes that hold a parameter under another name."""


def _may_be_what_was_given(value: Any, default: Any) -> bool:
    """Whether an attribute holds a plain value of its parameter's own kind, and not the default: others are made of what was given."""
    if value is None or type(value) not in _PLAIN or value == default:
        return False
    return default is None or type(value) is type(default)
