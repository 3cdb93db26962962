"""Any call goes into the file and comes out the same; any bytes in its place are refused, never executed."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Optional

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from qdiag.errors import CircuitFormatError, TraceError
from qdiag.model.call import Argument, Backward, Call, Configuration, Event, Failure, Script, SourceLine
from qdiag.model.parameter import CONTAINERS
from qdiag.trace import call_parser
from qdiag.trace.array_bundle import DTYPES, pack, unpack
from qdiag.trace.reader import Trace
from qdiag.trace.writer import TraceWriter, create
from tests.worlds.sameness import same
from tests.worlds.strategies import circuits

TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
OPTIONS = st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.floats(allow_nan=False), TEXT)
PAIRS = st.lists(st.tuples(TEXT, OPTIONS), max_size=3).map(tuple)
SOURCES = st.builds(SourceLine, TEXT, st.integers(0, 10**6), TEXT)
SHAPES = st.lists(st.integers(0, 9), max_size=3).map(tuple)
ARGUMENTS = st.builds(Argument, TEXT, st.sampled_from(CONTAINERS), TEXT, SHAPES, st.booleans())
FAILURES = st.builds(Failure, TEXT, TEXT, st.lists(TEXT, max_size=3).map(tuple), st.sampled_from(["build", "forward"]), st.booleans())
CONFIGURATIONS = st.builds(
    Configuration,
    qnode=TEXT,
    source=SOURCES,
    device=TEXT,
    device_wires=st.lists(st.one_of(st.integers(-5, 5), TEXT), max_size=3).map(tuple),
    device_options=PAIRS,
    interface=TEXT,
    gradient_options=PAIRS,
    transforms=st.lists(TEXT, max_size=2).map(tuple),
)


@st.composite
def arrays(draw: st.DrawFn) -> np.ndarray:
    dtype = np.dtype(draw(st.sampled_from(sorted(DTYPES))))
    shape = tuple(draw(st.lists(st.integers(0, 3), max_size=2)))
    size = dtype.itemsize * int(np.prod(shape, dtype=int))
    raw = bytes(size) if dtype.kind == "b" else draw(st.binary(min_size=size, max_size=size))
    return np.frombuffer(raw, dtype).reshape(shape)


MAYBE = st.one_of(st.none(), arrays())


@st.composite
def calls(draw: st.DrawFn) -> Call:
    gradients = tuple(draw(st.lists(MAYBE, max_size=3)))
    cotangents = tuple(draw(st.lists(MAYBE, max_size=3)))
    exact = tuple(draw(st.booleans()) for _ in gradients)
    return Call(
        index=0,
        step=draw(st.integers(0, 10**9)),
        source=draw(SOURCES),
        configuration=draw(CONFIGURATIONS),
        arguments=tuple(draw(st.lists(ARGUMENTS, max_size=2))),
        circuit=draw(circuits()),
        outputs=draw(st.one_of(st.none(), st.lists(arrays(), max_size=3).map(tuple))),
        written=draw(st.one_of(st.none(), circuits())),
        output_container=draw(st.sampled_from(CONTAINERS)),
        backwards=(Backward(cotangents, gradients, exact, draw(st.booleans())),) * draw(st.integers(0, 2)),
        warnings=tuple(draw(st.lists(TEXT, max_size=2))),
        failure=draw(st.one_of(st.none(), FAILURES)),
        thread=draw(st.integers(0, 5)),
    )


@settings(max_examples=60, deadline=None)
@given(calls())
def test_every_call_comes_back(call: Call) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "trace.qdiag")
        create(path, Script("x"))
        with TraceWriter(path) as writer:
            writer.write(call)
        with Trace.open(path) as trace:
            assert same(trace.call(0), call)


@given(st.lists(MAYBE, max_size=4))
def test_packed_arrays_come_back_bit_for_bit(given: list[Optional[np.ndarray]]) -> None:
    back = unpack(pack(given))
    assert [a is None for a in back] == [a is None for a in given]
    pairs = [(a, b) for a, b in zip(given, back) if a is not None and b is not None]
    assert all((a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes()) for a, b in pairs)


@given(st.lists(arrays(), min_size=1, max_size=3), st.data())
def test_a_bundle_cut_short_is_refused(given: list[np.ndarray], data: st.DataObject) -> None:
    whole = pack(given)
    cut = data.draw(st.integers(0, len(whole) - 1))
    try:
        unpack(whole[:cut])
    except CircuitFormatError:
        return
    raise AssertionError("read from less than was written")


JSON = st.recursive(st.one_of(st.none(), st.booleans(), st.integers(), TEXT), lambda inner: st.lists(inner, max_size=3))


@given(st.one_of(TEXT, JSON.map(lambda value: __import__("json").dumps({"qnode": value, "source": value, "device": value}))))
def test_any_other_text_is_refused_as_a_configuration(text: str) -> None:
    try:
        call_parser.value_from(Configuration, text)
    except TraceError:
        return
    raise AssertionError("read a configuration from something else")


NUMBERS = st.one_of(st.none(), st.floats())
FINITE = st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False))
WORDS = TEXT.filter(lambda text: text != "nan")
# a loss may be any number; of all else a trace holds finite ones
EVENTS = st.one_of(
    st.builds(Event, st.just("loss"), st.integers(0, 10), WORDS, NUMBERS),
    st.builds(Event, st.sampled_from(["step", "note"]), st.integers(0, 10), WORDS, FINITE),
)


@settings(max_examples=30, deadline=None)
@given(st.lists(EVENTS, max_size=5))
def test_events_come_back(events: list[Event]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "trace.qdiag")
        create(path, Script("x"))
        with TraceWriter(path) as writer, writer.transaction():
            writer.events(events)
        with Trace.open(path) as trace:
            expected = [Event(e.kind, e.after, "" if e.number != e.number else e.text, e.number) for e in events]
            assert same(list(trace.events), expected)
