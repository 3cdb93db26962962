"""Source code without what must not leave: its names and numbers stay, so that it still runs; strings and comments are cleaned."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from typing import Optional

from qdiag.report.redacting.patterns import SECRET_NAME

LEFT_OUT = "# left out: what must not leave cannot be taken out of it; it stands in the run's folder\n"

_SECRET = re.compile(SECRET_NAME, re.IGNORECASE)
_STRING = re.compile(r"([A-Za-z]*)(\"\"\"|'''|\"|')(.*)\2", re.DOTALL)
_LEADS_TO_A_VALUE = frozenset({"=", ":", "]", ",", "(", "==", "!="})
_LOGS_IN = frozenset({"login", "log_in", "authenticate", "connect"})
_STANDS_FOR = frozenset({"default", "const", "value"})
"""How the arguments are called by which a declared option gets what it holds."""

_HANDS_ON = frozenset(
    {"str", "bytes", "bytearray", "repr", "format", "join", "encode", "decode", "strip", "fromhex", "b64decode", "SecretStr"}
)
_LOOKS_UP = frozenset({"get", "getenv", "pop", "setdefault", "getattr"})
"""Functions that return what they are given, and those that do so where they find nothing: the first argument is a name."""

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
    tokens = list(_tokens(source, offsets))
    places = [[offsets[row - 1] + _column(lines[row - 1], column) for row, column in ends] for ends in _given_secrets(source)]
    given = set(_starts_within(tokens, places))
    split = _split_secrets(tokens, clean)
    done, secret = 0, False
    for kind, text, start, end in tokens:
        if kind == tokenize.NAME:
            replacement, secret = rename(text), bool(_SECRET.fullmatch(text))
        elif kind == tokenize.STRING:
            replacement = split.get(start) or _string(text, (lambda _: "<secret>") if secret or start in given else clean)
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


def _starts_within(tokens: Sequence[_Token], ranges: Sequence[Sequence[int]]) -> Iterator[int]:
    """Where those strings start that lie in one of some ranges: what is one text may be several strings."""
    starts = [start for kind, _, start, _ in tokens if kind == tokenize.STRING]
    for first, last in ranges:
        yield from starts[bisect_left(starts, first) : bisect_left(starts, last)]


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


def _given_secrets(source: str) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Where texts begin and end that are given to what secrets are called, whatever stands between the name and the text."""
    for node in _nodes(ast.parse(source)):
        for name, value in _given(node):
            if _SECRET.fullmatch(name):
                yield from (
                    ((text.lineno, text.col_offset), (text.end_lineno or 0, text.end_col_offset or 0)) for text in _texts_in(value)
                )


def _nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node but those inside of f-strings: these are one token, and before Python 3.12 nobody knows where they are."""
    left = [tree]
    while left:
        node = left.pop()
        yield node
        if not isinstance(node, ast.JoinedStr):
            left += ast.iter_child_nodes(node)


def _given(node: ast.AST) -> Iterator[tuple[str, Optional[ast.expr]]]:
    """Names, and what a node gives to each: by assignment, as a default, as an argument, in a dictionary, or by comparison."""
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield from _pairs(target, node.value)
    elif isinstance(node, (ast.AnnAssign, ast.AugAssign, ast.NamedExpr)):
        yield _called(node.target), node.value
    elif isinstance(node, ast.arguments):
        positional = [*node.posonlyargs, *node.args]
        yield from zip([arg.arg for arg in positional[len(positional) - len(node.defaults) :]], node.defaults)
        yield from zip([arg.arg for arg in node.kwonlyargs], node.kw_defaults)
    elif isinstance(node, ast.Call):
        yield from _arguments(node)
    elif isinstance(node, ast.Dict):
        yield from ((_said(key), value) for key, value in zip(node.keys, node.values))
    elif isinstance(node, ast.BoolOp):
        yield from ((_said(one.args[0]), node) for one in node.values if isinstance(one, ast.Call) and one.args and _looks_up(one))
    elif isinstance(node, ast.Compare):
        sides = [node.left, *node.comparators]
        yield from ((_called(one), other) for one in sides for other in sides if other is not one)


def _pairs(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    if not isinstance(target, (ast.Tuple, ast.List)):
        yield _called(target), value
    elif isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(target.elts):
        for one, given in zip(target.elts, value.elts):
            yield from _pairs(one, given)


def _arguments(call: ast.Call) -> Iterator[tuple[str, ast.expr]]:
    """What a call gives: by name; to an option that it declares; to what is nothing but a key in a call that logs in."""
    declared = [name.lstrip("-") for name in map(_said, call.args) if _SECRET.fullmatch(name.lstrip("-"))]
    logs_in = _called(call.func) in _LOGS_IN
    for keyword in call.keywords:
        name = keyword.arg or ""
        yield (f"api_{name}" if logs_in and name == "key" else name), keyword.value
        if declared and name in _STANDS_FOR:
            yield declared[0], keyword.value


def _looks_up(call: ast.Call) -> bool:
    return _called(call.func) in _LOOKS_UP


def _called(node: ast.AST) -> str:
    """What something is called: by its last name, or by its key; "" where it has none."""
    if isinstance(node, ast.Subscript):
        return _said(node.slice)
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _said(node: Optional[ast.AST]) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _texts_in(value: Optional[ast.expr]) -> Iterator[ast.expr]:
    """The texts that a value is, or is made of: not the keys by which it is looked up, nor what is asked on the way to it."""
    if isinstance(value, ast.JoinedStr) or (isinstance(value, ast.Constant) and isinstance(value.value, (str, bytes))):
        yield value
    for part in _parts(value):
        yield from _texts_in(part)


def _parts(value: Optional[ast.expr]) -> Sequence[Optional[ast.expr]]:
    if isinstance(value, ast.BoolOp):
        return value.values
    if isinstance(value, ast.IfExp):
        return value.body, value.orelse
    if isinstance(value, ast.BinOp):
        return value.left, value.right
    if isinstance(value, (ast.Tuple, ast.List, ast.Set)):
        return value.elts
    if isinstance(value, ast.Dict):
        return value.values
    if isinstance(value, ast.NamedExpr):
        return (value.value,)
    if isinstance(value, ast.Call):
        name = _called(value.func)
        inner = [value.func.value] if isinstance(value.func, ast.Attribute) and name in _HANDS_ON else []
        return [*inner, *value.args] if name in _HANDS_ON else value.args[1:] if _looks_up(value) else ()
    return ()


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
