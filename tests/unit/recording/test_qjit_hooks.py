"""Catalyst is hooked where it has what is watched, with types made here in its place."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from qdiag.recording import hooks, qjit_hooks


def test_without_the_functions_that_it_watches_nothing_is_hooked(monkeypatch: pytest.MonkeyPatch) -> None:
    put: list[str] = []
    monkeypatch.setattr(hooks, "put", lambda owner, name, function: put.append(name))
    monkeypatch.setitem(sys.modules, "catalyst.qfunc", SimpleNamespace())
    qjit_hooks.hook_catalyst()
    assert put == []
    quantum = type("QFunc", (), {"__call__": lambda self: None})
    monkeypatch.setitem(sys.modules, "catalyst.qfunc", SimpleNamespace(QFunc=quantum))
    monkeypatch.setitem(sys.modules, "catalyst.jax_tracer", SimpleNamespace(apply_transforms=lambda *_: None))
    qjit_hooks.hook_catalyst()
    assert put == ["__call__", "apply_transforms"]


def test_what_is_traced_around_qnodes_is_hooked_where_catalyst_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    put: list[str] = []
    monkeypatch.setattr(hooks, "put", lambda owner, name, function: put.append(name))
    monkeypatch.setitem(sys.modules, "catalyst.qfunc", SimpleNamespace(QFunc=type("QFunc", (), {"__call__": len})))
    tracer = SimpleNamespace(apply_transforms=len, Function=type("Function", (), {"__call__": len}))
    monkeypatch.setitem(sys.modules, "catalyst.jax_tracer", tracer)
    monkeypatch.setitem(sys.modules, "catalyst.jit", SimpleNamespace(QJIT=type("QJIT", (), {"capture": lambda *_: None})))
    differentiation = SimpleNamespace(_make_jaxpr_check_differentiable=lambda *_: None)
    monkeypatch.setitem(sys.modules, "catalyst.api_extensions.differentiation", differentiation)
    qjit_hooks.hook_catalyst()
    assert put == ["__call__", "apply_transforms", "capture", "__call__", "_make_jaxpr_check_differentiable"]
