"""What a trace is written with, held from before a script can put something else in its place.

A script may replace ``json.dumps`` or ``hashlib.sha256``, for itself or for a test of its own: its trace is to stay readable. This
module is loaded with the first hook, before the script's own first statement that follows its imports.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b, sha256
from json import JSONEncoder, dumps, loads
from json import encoder as _encoder
from json.encoder import encode_basestring_ascii as text_in_ascii
from typing import Any, Callable

__all__ = ["blake2b", "dumps", "json_encoder", "loads", "sha256", "text_in_ascii"]


def json_encoder(default: Callable[[Any], Any]) -> Callable[[Any, int], Iterable[str]]:
    """What gives the parts of a value's JSON, made once: ``dumps`` makes one at each call, which takes longer than a short text."""
    make: Any = getattr(_encoder, "c_make_encoder", None)
    if make is None:
        slow = JSONEncoder(separators=(",", ":"), check_circular=False, default=default)
        return lambda value, level: slow.iterencode(value)
    encode: Callable[[Any, int], Iterable[str]] = make(None, default, text_in_ascii, None, ":", ",", False, False, True)
    return encode
