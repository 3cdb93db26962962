"""What a trace is written with, held from before a script can put something else in its place.

A script may replace ``json.dumps`` or ``hashlib.sha256``, for itself or for a test of its own: its trace is to stay readable. This
module is loaded with the first hook, before the script's own first statement that follows its imports.
"""

from __future__ import annotations

from hashlib import blake2b, sha256
from json import dumps, loads
from json.encoder import encode_basestring_ascii as text_in_ascii

__all__ = ["blake2b", "dumps", "loads", "sha256", "text_in_ascii"]
