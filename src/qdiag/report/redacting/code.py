"""Source code without what must not leave: its names and numbers stay, so that it still runs; strings and comments are cleaned."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterator
from typing import Optional

from qdiag.report.redacting.patterns import SECRET_NAME

LEFT_OUT = "# left out: what must not leave cannot be taken out of it; it stands in the run's folder\n"

_SECRET = re.compile(SECRET_NAME, re.IGNORECASE)
_STRING = re.compile(r"([A-Za-z]*)(\"\"\"|'''|\"|')(.*)\2", re.DOTALL)
_LEADS_TO_A_VALUE = frozenset({"=", ":", "]", ",", "(", "==", "!="})
_F_STRING_STARTS, _F_STRING_ENDS = (getattr(tokenize, f"FSTRING_{end}", None) for end in ("START", "END"))


def cleaned_code(source: str, clean: Callable[[str], str], rename: Callable[[str], str]) -> str:
    """The source with its strings and comments cleaned.

    Parameters
    ----------
    source
        Python code.
    clean
        Cleans a text.
    rename
        Gives the name that stands for an identifier, mostly itself.

    Returns
    -------
    str
        What is no code, or is none any more, is not shown at all: half of it would run, and claim something else.
    """
    try:
        cleaned = "".join(_pieces(source, clean, rename))
        ast.parse(cleaned)
    except (SyntaxError, ValueError, IndexError, tokenize.TokenError):
        # an index is wrong where lines end in a bare carriage return, which the parser takes for an end and the tokenizer does not
        return LEFT_OUT
    return cleaned


def _pieces(source: str, clean: Callable[[str], str], rename: Callable[[str], str]) -> Iterator[str]:
    lines = list(io.StringIO(source))  # as the tokenizer takes them: a form feed ends none
    offsets = [0]
    for line in lines:
        offsets.append(offsets[-1] + len(line))
    typed = {offsets[row - 1] + len(lines[row - 1].encode()[:column].decode()) for row, column in _typed_secrets(source)}
    done, secret = 0, False
    for kind, text, start, end in _tokens(source, offsets):
        if kind == tokenize.NAME:
            replacement, secret = rename(text), bool(_SECRET.fullmatch(text))
        elif kind == tokenize.STRING:
            replacement = _string(text, (lambda _: "<secret>") if secret or start in typed else clean)
            secret = bool(_SECRET.fullmatch(ast.literal_eval(text) if text[:1] in "\"'" else ""))
        elif kind == tokenize.COMMENT:
            replacement = clean(text)
        else:
            secret = secret and text in _LEADS_TO_A_VALUE
            continue
        yield source[done:start] + replacement
        done = end
    yield source[done:]


def _typed_secrets(source: str) -> Iterator[tuple[int, int]]:
    """Where stands what secrets' names are declared to hold: in ``password: str = "…"`` the type stands between the two."""
    for node in ast.walk(ast.parse(source)):
        held: list[tuple[str, Optional[ast.expr]]] = []
        if isinstance(node, ast.AnnAssign):
            held = [(ast.unparse(node.target), node.value)]
        elif isinstance(node, ast.arguments):
            positional = [*node.posonlyargs, *node.args]
            held = list(zip([arg.arg for arg in positional[len(positional) - len(node.defaults) :]], node.defaults))
            held += zip([arg.arg for arg in node.kwonlyargs], node.kw_defaults)
        yield from ((value.lineno, value.col_offset) for name, value in held if value is not None and _SECRET.fullmatch(name))


def _tokens(source: str, offsets: list[int]) -> Iterator[tuple[int, str, int, int]]:
    """Kind, text and place of each token; an f-string is one, as it was before Python 3.12."""
    depth, began = 0, 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        start, end = (offsets[min(row - 1, len(offsets) - 1)] + column for row, column in (token.start, token.end))
        if token.type == _F_STRING_STARTS:
            began, depth = began if depth else start, depth + 1
        elif token.type == _F_STRING_ENDS:
            depth -= 1
            if not depth:
                yield tokenize.STRING, source[began:end], began, end
        elif not depth:
            yield token.type, token.string, start, end


def _string(text: str, clean: Callable[[str], str]) -> str:
    found = _STRING.fullmatch(text)
    if found is None:
        return '""'
    prefix, quote, inner = found.groups()
    return f"{prefix}{quote}{clean(inner)}{quote}"
