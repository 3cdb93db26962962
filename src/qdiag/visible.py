"""Texts as they may be shown: what a terminal, a browser or an editor would obey or hide stands there as an escape.

A name, a path or a message comes from a script, a trace or a report that may be a stranger's. Printed as it is, an escape sequence
recolours or rewrites the screen, a carriage return overprints what stood before it, a character that turns the direction of writing
shows another name than the one that is there, one without width hides, and half a surrogate cannot be printed at all.
"""

from __future__ import annotations

_HIDDEN = (
    *((0x00, 0x08), (0x0B, 0x1F), (0x7F, 0x9F)),  # control characters, but the tab and the end of a line
    *((0xAD, 0xAD), (0x200B, 0x200D), (0x2060, 0x2064), (0xFEFF, 0xFEFF)),  # no width
    *((0x61C, 0x61C), (0x200E, 0x200F), (0x202A, 0x202E), (0x2066, 0x206F)),  # the direction of writing
    *((0x180E, 0x180E), (0x2028, 0x2029), (0xFFF9, 0xFFFB)),  # ends of lines that are none in a file, and notes between the lines
    *((0xD800, 0xDFFF), (0xE0000, 0xE007F)),  # halves of surrogates, and tags
)
"""First and last of each range of characters that are not shown as they are."""


def _escape(code: int) -> str:
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


_ESCAPES = {code: _escape(code) for first, last in _HIDDEN for code in range(first, last + 1)}


def make_visible(text: str) -> str:
    """A text with what is not to be obeyed, and what would not be seen, as the escapes that Python's ``repr`` writes."""
    return text if text.isprintable() else text.replace("\r\n", "\n").translate(_ESCAPES)
