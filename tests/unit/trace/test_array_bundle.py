"""Arrays as bytes: what is packed comes back bit for bit, and bytes that nobody packed are refused before they cost anything."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from qdiag.errors import CircuitFormatError
from qdiag.trace import array_bundle
from qdiag.trace.array_bundle import DTYPES, pack, unpack


def bits(array: np.ndarray | None) -> Any:
    return None if array is None else (array.dtype, array.shape, array.tobytes())


def comes_back(*arrays: np.ndarray | None) -> bool:
    return list(map(bits, unpack(pack(arrays)))) == list(map(bits, arrays))


@pytest.mark.parametrize("dtype", sorted(DTYPES))
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0), (2, 3), (1, 1, 1, 2)])
def test_arrays_of_every_dtype_and_shape_come_back(dtype: str, shape: tuple[int, ...]) -> None:
    array = np.arange(int(np.prod(shape, dtype=int))).reshape(shape).astype(dtype)
    assert comes_back(array)


@pytest.mark.parametrize(
    "array",
    [
        np.array([np.nan, -np.nan, np.inf, -np.inf, -0.0, 5e-324]),
        np.array([complex(np.nan, -0.0), complex(np.inf, 1)]),
        np.frombuffer(b"\x01\x00\x00\x00\x00\x00\xf8\x7f", "<f8"),
    ],
    ids=["odd floats", "odd complex numbers", "a not-a-number with a payload"],
)
def test_odd_numbers_keep_their_bits(array: np.ndarray) -> None:
    assert comes_back(array)


def test_what_is_missing_stays_missing_in_its_place() -> None:
    assert comes_back(None, np.array(1.0), None, np.array([2, 3]))
    assert comes_back()
    assert comes_back(None)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6.0).reshape(2, 3).T,
        np.arange(10.0)[::-2],
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.broadcast_to(np.array(1.5), (2, 2)),
    ],
    ids=["transposed", "reversed", "in Fortran's order", "broadcast"],
)
def test_an_array_is_stored_in_the_order_of_its_indices_however_it_lies_in_memory(array: np.ndarray) -> None:
    (found,) = unpack(pack([array]))
    assert found is not None
    np.testing.assert_array_equal(found, array)


def test_an_array_of_the_other_byte_order_keeps_its_numbers() -> None:
    array = np.array([1.5, -2.25], ">f8")
    (found,) = unpack(pack([array]))
    assert found is not None
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, [1.5, -2.25])
    # both orders are written alike
    assert pack([array]) == pack([array.astype("<f8")])


def test_what_comes_back_may_be_written_to_and_shares_nothing() -> None:
    one, two = unpack(pack([np.zeros(2), np.zeros(2)]))
    assert one is not None
    assert two is not None
    one[0] = 7
    assert two.tolist() == [0, 0]


@pytest.mark.parametrize(
    "array",
    [np.array(["text"]), np.array([object()]), np.array([b"x"]), np.array(["2020-01-01"], "M8[D]"), np.zeros(1, [("a", "f8")])],
    ids=["text", "objects", "bytes", "dates", "records"],
)
def test_what_is_no_number_is_refused_when_written_with_a_cure(array: np.ndarray) -> None:
    with pytest.raises(CircuitFormatError, match="cannot be stored") as caught:
        pack([np.zeros(1), array])
    assert "numeric" in caught.value.cure


def test_a_long_float_is_refused_where_it_is_longer_than_double() -> None:
    if np.dtype(np.longdouble) == np.dtype(np.float64):
        pytest.skip("here it is a double")
    with pytest.raises(CircuitFormatError):
        pack([np.zeros(1, np.longdouble)])


# --- bytes that nobody packed -----------------------------------------------------------------------------------------


def bundle(header: object, body: bytes = b"") -> bytes:
    return json.dumps(header).encode() + b"\n" + body


DOUBLE = np.array(1.0).tobytes()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"[]",
        b"nonsense\n",
        b"\xff\xfe\n",
        bundle({}),
        bundle("text"),
        bundle(None),
        bundle([1]),
        bundle([[]]),
        bundle([["float64"]], DOUBLE),
        bundle([["float64", [], 1]], DOUBLE),
        bundle([["float64", 1]], DOUBLE),
        bundle([["float64", "1"]], DOUBLE),
        bundle([["float64", [1.0]]], DOUBLE),
        bundle([["float64", [-1]]]),
        bundle([["float64", [-1]]], DOUBLE),
        bundle([["float64", [None]]], DOUBLE),
        bundle([[["float64"], []]], DOUBLE),
        bundle([["object", []]], DOUBLE),
        bundle([["O", []]], DOUBLE),
        bundle([["<f8", []]], DOUBLE),
        bundle([["float64", []]], DOUBLE[:-1]),
        bundle([["float64", []]], DOUBLE + b"\0"),
        bundle([["float64", []]], b""),
        bundle([], DOUBLE),
        bundle([["float64", [1 << 40]]], DOUBLE),
        bundle([["float64", [1 << 40, 1 << 40, 1 << 40]]], DOUBLE),
        b"[" * 100_000 + b"\n",
    ],
)
def test_anything_else_is_damaged(data: bytes) -> None:
    with pytest.raises(CircuitFormatError, match="damaged") as caught:
        unpack(data)
    assert caught.value.cure


def test_more_bytes_than_the_bound_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    data = pack([np.zeros(100)])
    monkeypatch.setattr(array_bundle, "MAX_BYTES", len(data))
    assert unpack(data)
    monkeypatch.setattr(array_bundle, "MAX_BYTES", len(data) - 1)
    with pytest.raises(CircuitFormatError):
        unpack(data)


def test_an_empty_array_may_claim_any_length_on_its_other_axes_only_where_it_stays_empty() -> None:
    (found,) = unpack(bundle([["float64", [1 << 40, 0]]]))
    assert found is not None
    assert found.size == 0
