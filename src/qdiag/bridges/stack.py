"""What stack this process runs on: versions, settings, and what the installed PennyLane can do."""

from __future__ import annotations

import inspect
import os
import platform
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from importlib import metadata
from typing import Any

from packaging.version import Version

from qdiag.model.call import Environment
from qdiag.model.option import Option

_PACKAGES = ("pennylane", "pennylane-lightning", "torch", "numpy", "autograd", "scipy")
_WHERE_LOADED = {"jax": "jax", "tensorflow": "tensorflow", "catalyst": "pennylane-catalyst"}
"""Modules, and the packages that bring them."""

_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "CUBLAS_WORKSPACE_CONFIG", "PYTHONHASHSEED")


def pennylane_version() -> Version:
    """The version of the installed PennyLane."""
    return Version(_version("pennylane") or "0")


def stacks_results() -> bool:
    """Whether a QNode gives the results of several measurements as one array (before 0.30)."""
    return pennylane_version() < Version("0.30")


def takes_gradient_kwargs() -> bool:
    """Whether a QNode takes the options of its gradients in one dictionary; before 0.41 they are keywords of its own."""
    import pennylane as qml

    parameter = inspect.signature(qml.QNode.__init__).parameters.get("gradient_kwargs")
    return parameter is not None and parameter.kind is not parameter.VAR_KEYWORD


def graph_is_on() -> bool:
    """Whether PennyLane takes operations apart by its graph of rules: a script switches it on; before 0.41 there is none."""
    status = getattr(sys.modules.get("pennylane.decomposition"), "enabled_graph", None)
    return status is not None and bool(status())


@contextmanager
def graph_switched(on: bool) -> Iterator[None]:
    """Take operations apart in the one way or the other, as far as there are two; put it back afterwards."""
    rules, before = sys.modules.get("pennylane.decomposition"), graph_is_on()
    if rules is None or before == on or not hasattr(rules, "enable_graph"):
        yield
        return
    turns = (rules.disable_graph, rules.enable_graph)
    turns[on]()
    try:
        yield
    finally:
        turns[before]()


def environment() -> Environment:
    """The stack of this process; what is not installed or not loaded is left out.

    Returns
    -------
    Environment
        No host name, user or path is part of it.
    """
    names = _PACKAGES + tuple(package for module, package in _WHERE_LOADED.items() if module in sys.modules)
    versions = [(name, _version(name)) for name in names]
    return Environment(
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.release()} {platform.machine()}",
        packages=tuple((name, version) for name, version in versions if version),
        devices=_devices(),
        settings=tuple(sorted({**_python_settings(), **_torch_settings(), **_blas()}.items())),
    )


def packages_of_device(name: str) -> tuple[tuple[str, str], ...]:
    """The package that announces a device, and those that it needs itself, as far as they are installed: names and versions."""
    announcing = [one for one in metadata.distributions() if any(_announces(point, name) for point in one.entry_points)]
    names: dict[str, None] = {}
    for distribution in announcing:
        names[distribution.metadata["Name"]] = None
        names.update(dict.fromkeys(re.split(r"[^\w.\-]", text, maxsplit=1)[0] for text in distribution.requires or ()))
    return tuple((package, version) for package in names if (version := _version(package)))


def _announces(point: Any, name: str) -> bool:
    return bool(point.group == "pennylane.plugins" and point.name == name)


@lru_cache(maxsize=64)
def _version(package: str) -> str:
    # a file is read for each: what is loaded stays what it is
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _devices() -> tuple[str, ...]:
    # PennyLane has read what packages announce: to read it again takes longer than all the rest
    known = getattr(sys.modules.get("pennylane.devices.device_constructor"), "plugin_devices", None)
    if known is not None:
        return tuple(sorted(map(str, known)))
    found: Any = metadata.entry_points()
    group = found.select(group="pennylane.plugins") if hasattr(found, "select") else found.get("pennylane.plugins", ())
    return tuple(sorted({point.name for point in group}))


def _python_settings() -> dict[str, Option]:
    flags = [name for name in ("optimize", "dev_mode", "isolated") if getattr(sys.flags, name)]
    settings: dict[str, Option] = {"python flags": " ".join(flags)}
    settings.update({name: os.environ[name] for name in _VARIABLES if name in os.environ})
    return settings


def _torch_settings() -> dict[str, Option]:
    torch = sys.modules.get("torch")
    if torch is None:
        return {}
    settings: dict[str, Option] = {
        "torch default dtype": str(torch.get_default_dtype()).replace("torch.", ""),
        "torch threads": int(torch.get_num_threads()),
        "torch deterministic": bool(torch.are_deterministic_algorithms_enabled()),
    }
    if hasattr(torch, "get_float32_matmul_precision"):
        settings["torch float32 matmul precision"] = str(torch.get_float32_matmul_precision())
    return settings


def _blas() -> dict[str, Option]:
    import numpy as np

    try:
        if hasattr(np.__config__, "CONFIG"):
            library = np.__config__.CONFIG["Build Dependencies"]["blas"]
            return {"numpy BLAS": f"{library.get('name', '')} {library.get('version', '')}".strip()}
        build: Any = np.__config__
        names = build.get_info("blas_opt").get("libraries", [])
        return {"numpy BLAS": str(names[0])} if names else {}
    except (AttributeError, KeyError, TypeError):
        return {}
