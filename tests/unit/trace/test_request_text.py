"""Requests that travel: all of them comes back, nothing that is damaged does."""

from __future__ import annotations

import json
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given

from qdiag.errors import CircuitFormatError
from qdiag.model.circuit import Circuit
from qdiag.model.evaluation import Request
from qdiag.model.method import Method
from qdiag.model.option import Held, Kind
from qdiag.trace.keys import request_key
from qdiag.trace.request_text import Written, read_request, write_request
from tests.worlds.sameness import same
from tests.worlds.strategies import circuits

METHOD = Method("a.device", "adjoint", "float64", "complex64", (("noise", Held(Kind.LIST, (0.1, float("nan")))),), (("h", 1e-3),))
FULL = Request(
    Circuit((), ()),
    METHOD,
    interface="autograd",
    device_wires=("a", 0),
    cotangents=((np.array([1.0, -0.0]), None), (np.array(1 + 2j),)),
    jacobian=True,
    second=True,
    execution_options=(("mcm_method", "deferred"),),
    seed=3,
    trusted=True,
    default_dtype="float64",
    repetition=2,
    cheaply=True,
    assumed="complex64",
    as_it_stands=True,
    as_wired=True,
    graph=True,
)


@given(circuits())
def test_a_request_comes_back_with_every_field(circuit):
    asked = replace(FULL, circuit=circuit)
    found = read_request(write_request(asked))
    assert request_key(found) == request_key(asked)
    assert same(found, asked)


def test_the_full_request_leaves_no_field_at_its_default():
    plain = Request(FULL.circuit, FULL.method)
    assert all(getattr(FULL, one.name) != getattr(plain, one.name) for one in fields(Request) if one.name not in ("circuit", "method"))


@pytest.mark.parametrize(
    "damage",
    [
        lambda one: replace(one, head=one.head[:-1]),
        lambda one: replace(one, head=one.head.replace('"interface"', '"__class__"')),
        lambda one: replace(one, head=one.head.replace('"seed",3', '"seed","3"')),
        lambda one: replace(one, head=json.dumps([7, [], []])),
        lambda one: replace(one, structure="[]"),
        lambda one: replace(one, arrays=one.arrays[:-1]),
    ],
)
def test_what_is_damaged_is_refused(damage):
    written = write_request(FULL)
    damaged: Written = damage(written)
    assert damaged != written
    with pytest.raises(CircuitFormatError, match="damaged"):
        read_request(damaged)
