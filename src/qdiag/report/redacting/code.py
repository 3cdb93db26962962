"""Source code without what must not leave: its names and numbers stay, so that it still runs; strings and comments are cleaned."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterator, Sequence
from typing import Optional

from qdiag.report.redacting.patterns import SECRET_NAME

LEFT_OUT = "# left out: what must not leave cannot be taken out of it; it stands in the run's folder\n"

_SECRET = re.compile(SECRET_NAME, re.IGNORECASE)
_STRING = re.compile(r"([A-Za-z]*)(\"\"\"|'''|\"|')(.*)\2", re.DOTALL)
_LEADS_TO_A_VALUE = frozenset({"=", ":", "]", ",", "(", "==", "!="})
_BETWEEN = frozenset({tokenize.NL, tokenize.COMMENT})
_Token = tuple[int, str, int, int]
"""Kind and text of a token, where it starts, where it ends."""

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
    except (SyntaxError, ValueError, IndexError, RecursionError, MemoryError, tokenize.TokenError):
        # what nests too deep is refused by the parser in either of two ways; an index is wrong where lines end in a bare carriage
        # return, which the parser takes for an end and the tokenizer does not
        return LEFT_OUT
    return cleaned


def _pieces(source: str, clean: Callable[[str], str], rename: Callable[[str], str]) -> Iterator[str]:
    lines = list(io.StringIO(source))  # as the tokenizer takes them: a form feed ends none
    offsets = [0]
    for line in lines:
        offsets.append(offsets[-1] + len(line))
    typed = {offsets[row - 1] + _column(lines[row - 1], column) for row, column in _typed_secrets(source)}
    tokens = list(_tokens(source, offsets))
    split = _split_secrets(tokens, clean)
    done, secret = 0, False
    for kind, text, start, end in tokens:
        if kind == tokenize.NAME:
            replacement, secret = rename(text), bool(_SECRET.fullmatch(text))
        elif kind == tokenize.STRING:
            replacement = split.get(start) or _string(text, (lambda _: "<secret>") if secret or start in typed else clean)
            secret = bool(_SECRET.fullmatch(ast.literal_eval(text) if text[:1] in "\"'" else ""))
        elif kind == tokenize.COMMENT:
            replacement = clean(text)
        else:
            secret = secret and text in _LEADS_TO_A_VALUE
            continue
        yield source[done:start] + replacement
        done = end
    yield source[done:]


def _column(line: str, column: int) -> int:
    """A place in a line in characters: the parser counts bytes."""
    return column if line.isascii() else len(line.encode()[:column].decode())


def _split_secrets(tokens: Sequence[_Token], clean: Callable[[str], str]) -> dict[int, str]:
    """What stands for strings that are one text when the code runs, by where they start: a secret may be split over them."""
    found: dict[int, str] = {}
    row: list[_Token] = []
    for token in [*tokens, (tokenize.ENDMARKER, "", 0, 0)]:
        if token[0] == tokenize.STRING:
            row.append(token)
        elif not (token[0] in _BETWEEN or token[1] == "+"):
            inner = [_inner(text) for _, text, _, _ in row]
            if len(row) > 1 and clean("".join(inner)) != "".join(map(clean, inner)):
                found.update({start: _string(text, lambda _: "") for _, text, start, _ in row})
                found[row[0][2]] = _string(row[0][1], lambda _: "<secret>")
            row = []
    return found


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


def _tokens(source: str, offsets: list[int]) -> Iterator[_Token]:
    """Every token; an f-string is one, as it was before Python 3.12."""
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


def _inner(text: str) -> str:
    found = _STRING.fullmatch(text)
    return "" if found is None else found[3]
