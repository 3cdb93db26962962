"""Damage: bytes that flipped, blocks that moved or are gone, and edits that keep a file what it is and make it say something odd."""

from __future__ import annotations

import json
import random
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Callable

Random = random.Random
Damage = Callable[[bytes, Random], bytes]

ODD_LEAVES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 7, 10**30, 2**53, -(2**63), 0.5, 1e308, -0.0, 5e-324, [], {}, [[]], {"float": "nan"}, {"float": 3}),
    *(
        "",
        "x",
        "nan",
        "inf",
        "a\x1b[31mb",
        "\u202eabc",
        "\ud800",
        "\x00",
        "f[/]",
        "[bold]",
        "$x$",
        "$\\frac$",
        "<script>alert(1)</script>",
    ),
    *(
        "a`b```c",
        "|",
        "../../x",
        "/home/dorothea/x.py",
        "x" * 20_000,
        "a-" * 8_000,
        "é" * 3000,
        "float32)\nimport os#",
        "%s{0}{x}",
        "\n\n# x",
    ),
)
"""What takes the place of a part of a JSON text."""

ODD_CELLS: tuple[Any, ...] = (
    *(
        None,
        0,
        1,
        -1,
        7,
        2**62,
        -(2**63),
        0.5,
        9e999,
        b"",
        b"\x00\xff",
        b"[]\n",
        b'[["float64",[3]]]\n',
        "",
        "nan",
        "x",
        "[]",
        "{}",
        "yes",
    ),
    *("\x1b[31m", "f[/]", "x" * 20_000, "\x00", "tuple", "float32", "[[[[", '"', "-5"),
)
"""What takes the place of a cell of a database."""


def flip_bytes(data: bytes, rng: Random) -> bytes:
    """A few bytes are others."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        changed[rng.randrange(len(changed))] = rng.choice((0, 255, rng.randrange(256), rng.randrange(256)))
    return bytes(changed)


def cut(data: bytes, rng: Random) -> bytes:
    """The file ends early."""
    return data[: rng.randrange(len(data))]


def move_block(data: bytes, rng: Random) -> bytes:
    """A block is written over another one, or is gone, or is there twice."""
    size = min(rng.choice((1, 16, 100, 512, 4096)), len(data))
    start, end = rng.randrange(len(data) - size + 1), rng.randrange(len(data) - size + 1)
    block = data[start : start + size]
    return rng.choice((data[:end] + block + data[end + size :], data[:start] + data[start + size :], data[:end] + block + data[end:]))


def blank_out(data: bytes, rng: Random) -> bytes:
    """A block is zeros, as after a crash of the file system."""
    size = min(rng.choice((16, 512, 4096)), len(data))
    start = rng.randrange(len(data) - size + 1)
    return data[:start] + bytes(size) + data[start + size :]


BYTES: tuple[Damage, ...] = (flip_bytes, flip_bytes, flip_bytes, cut, move_block, blank_out)


# --- JSON ------------------------------------------------------------------------------------------------------------------


def edit_json(text: str, rng: Random) -> str:
    """One or two parts of a text are odd, elsewhere, twice, or gone."""
    tree = json.loads(text)
    for _ in range(rng.choice((1, 1, 1, 2))):
        tree = _edited(tree, _place(tree, rng), rng)
    # "\ud800" is what a file may hold, as an escape
    return json.dumps(tree)


def _place(tree: Any, rng: Random) -> list[Any]:
    """The way to some part of it; deep ones are as likely as others."""
    way: list[Any] = []
    while isinstance(tree, (dict, list)) and tree and rng.random() < 0.93:
        way.append(rng.choice(list(tree)) if isinstance(tree, dict) else rng.randrange(len(tree)))
        tree = tree[way[-1]]
    return way


def _edited(tree: Any, way: list[Any], rng: Random) -> Any:
    if not way:
        return _instead(tree, rng)
    copied = dict(tree) if isinstance(tree, dict) else list(tree)
    if len(way) == 1 and rng.random() < 0.15:
        del copied[way[0]]
    elif len(way) == 1 and rng.random() < 0.1 and isinstance(copied, dict):
        copied[rng.choice(("x", "", "findings", "\x1b[0m"))] = copied.pop(way[0])
    else:
        copied[way[0]] = _edited(copied[way[0]], way[1:], rng)
    return copied


def _instead(tree: Any, rng: Random) -> Any:
    if isinstance(tree, list) and tree and rng.random() < 0.4:
        return rng.choice((tree * rng.choice((2, 50)), tree[:-1], tree[::-1], [tree], [*tree, rng.choice(ODD_LEAVES)]))
    if isinstance(tree, int) and not isinstance(tree, bool) and rng.random() < 0.3:
        return tree + rng.choice((-1, 1, 1000))
    if rng.random() < 0.03:
        nested: Any = tree
        for _ in range(rng.choice((150, 350))):
            nested = [nested]
        return nested
    return rng.choice(ODD_LEAVES)


def edit_document(data: bytes, rng: Random) -> bytes:
    """A whole file of JSON, with an odd part."""
    return edit_json(data.decode(), rng).encode("utf-8", "surrogatepass")


def edit_line(data: bytes, rng: Random) -> bytes:
    """A file whose lines of JSON lead to arrays: one of the lines is odd."""
    lines = data.split(b"\n")
    readable = [number for number, line in enumerate(lines) if line.startswith((b"{", b"["))]
    chosen = rng.choice(readable)
    with suppress(ValueError, UnicodeDecodeError):
        lines[chosen] = edit_json(lines[chosen].decode(), rng).encode()
    return b"\n".join(lines)


# --- databases -------------------------------------------------------------------------------------------------------------


class EditedDatabase:
    """Edits of one database, made on a file at hand."""

    def __init__(self, original: bytes, path: Path) -> None:
        self._original, self._path = original, path
        path.write_bytes(original)
        with closing(sqlite3.connect(path)) as database:
            self._tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            self._columns = {name: [row[1] for row in database.execute(f"PRAGMA table_info({name})")] for name in self._tables}
            self._filled = [name for name in self._tables if database.execute(f"SELECT COUNT(*) FROM {name}").fetchone()[0]]

    def edit(self, rng: Random) -> bytes:
        """The file with something odd in it."""
        self._path.write_bytes(self._original)
        with closing(sqlite3.connect(self._path, isolation_level=None)) as database:
            for pragma in ("journal_mode = OFF", "synchronous = OFF", "ignore_check_constraints = ON"):
                database.execute(f"PRAGMA {pragma}")
            with suppress(sqlite3.Error, OverflowError):
                rng.choice((self._cell, self._cell, self._cell, self._text, self._text, self._text, self._rows, self._schema))(
                    database, rng
                )
        return self._path.read_bytes()

    def _cell(self, database: sqlite3.Connection, rng: Random) -> None:
        table = rng.choice(self._filled)
        column = rng.choice(self._columns[table])
        some = "" if rng.random() < 0.5 else f"WHERE abs(random()) % {rng.choice((2, 5))} = 0"
        database.execute(f"UPDATE OR IGNORE {table} SET {column} = ? {some}", (rng.choice(ODD_CELLS),))

    def _text(self, database: sqlite3.Connection, rng: Random) -> None:
        """A text of JSON says something odd."""
        table = rng.choice([name for name in self._filled if {"text", "head"} & set(self._columns[name])])
        column = "text" if "text" in self._columns[table] else "head"
        texts = [text for (text,) in database.execute(f"SELECT DISTINCT {column} FROM {table}") if str(text)[:1] in ("{", "[")]
        if texts:
            text = rng.choice(texts)
            database.execute(f"UPDATE OR IGNORE {table} SET {column} = ? WHERE {column} = ?", (edit_json(text, rng), text))

    def _rows(self, database: sqlite3.Connection, rng: Random) -> None:
        table = rng.choice(self._filled)
        database.execute(f"DELETE FROM {table} WHERE abs(random()) % {rng.choice((1, 2, 4))} = 0")

    def _schema(self, database: sqlite3.Connection, rng: Random) -> None:
        table, column = rng.choice(self._filled), "extra"
        orders = (
            f"ALTER TABLE {table} ADD COLUMN {column} TEXT DEFAULT 'x'",
            f"ALTER TABLE {table} RENAME COLUMN {rng.choice(self._columns[table])} TO {column}",
            f"DROP TABLE {table}",
            f"CREATE VIEW {column} AS SELECT * FROM {table}",
            f"CREATE TABLE {column} (x)",
            f"PRAGMA user_version = {rng.choice((-1, 0, 2, 99))}",
            f"PRAGMA application_id = {rng.choice((0, 7))}",
            f"CREATE TRIGGER {column} AFTER UPDATE ON {table} BEGIN SELECT 1; END",
        )
        database.execute(rng.choice(orders))
