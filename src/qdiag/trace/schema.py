"""The tables of a trace: what is in the file, and under which version."""

from __future__ import annotations

APPLICATION_ID = 0x71646961
"""``qdia`` in ASCII, in the file's header: tells a trace from any other SQLite file."""

VERSION = 1
"""Version of the tables; a reader refuses a newer one."""

HANDED = "handed"
"""The fact that says that the calls are of what a user hands in, to be judged by all that is marked trainable."""

CONVENTION = "convention"
"""The fact that names the convention of complex cotangents and gradients; in a trace without it each interface keeps its own."""

BUSY_MILLISECONDS = 5000
"""How long a writer waits for a reader; readers hold the file for microseconds."""

CHECKPOINT_PAGES = 16384
"""How long the log grows (64 MB) before it is folded into the file, which waits for the disk."""

TABLES = {
    "meta": "name TEXT PRIMARY KEY, text TEXT NOT NULL",
    "structures": "id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, text TEXT NOT NULL",
    "descriptions": "id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE",
    "calls": (
        "id INTEGER PRIMARY KEY, step INTEGER NOT NULL, source INTEGER NOT NULL, configuration INTEGER NOT NULL, "
        "arguments INTEGER NOT NULL, structure INTEGER NOT NULL, numbers BLOB NOT NULL, written INTEGER, written_numbers BLOB, "
        "outputs BLOB, container TEXT NOT NULL, layer_dtype TEXT NOT NULL, warnings TEXT, parent INTEGER, "
        "process INTEGER NOT NULL, thread INTEGER NOT NULL"
    ),
    "backwards": (
        "call INTEGER NOT NULL, pass INTEGER NOT NULL, cotangents BLOB NOT NULL, gradients BLOB NOT NULL, "
        "exact TEXT NOT NULL, create_graph INTEGER NOT NULL, PRIMARY KEY (call, pass)"
    ),
    "failures": "call INTEGER PRIMARY KEY, text TEXT NOT NULL",
    "events": "id INTEGER PRIMARY KEY, kind TEXT NOT NULL, after INTEGER NOT NULL, text TEXT NOT NULL, number REAL",
}
STEP_PROBES = "step probes"
"""The trace's fact that holds what step probes came to."""

PROCESS_NAME = "process name"
"""The fact of a file beside a trace that says what its process is called."""

PROCESSES = "processes"
"""The trace's fact that lists the processes that recorded into it, where there were others than the script's own."""

ENDED = "ended"
"""The trace's fact that its recorder was there until the script's process ended."""

NAMED = "named"
"""The kind of an event whose text lists what the user calls the numbers of the circuit of the call that its number says."""

ROWS = "rows of a vmap"
"""The kind of an event whose number says how many of the calls before it were rows of one ``jax.vmap``."""

PROBES = "probe"
"""The trace's fact that asks for probes of QNodes."""

ASKED = "asked"
"""The trace's fact that holds the methods and the tolerance that it is to be judged by."""

CLUSTERED = frozenset(["backwards"])
"""Tables stored by their key, so that a commit touches one page less."""

CALL_COLUMNS = tuple(column.split()[0] for column in TABLES["calls"].split(", "))
"""Columns of the table of calls, in order."""

TAIL = "tail"
"""The trace's fact that numbers the last commit of its recorder (see `tail_file`)."""

CALL, EVENT, BACKWARD, FAILURE, META, STRUCTURE, DESCRIPTION = range(7)
"""What a row is of: its number in `STATEMENTS`."""

STATEMENTS = (
    f"INSERT INTO calls ({', '.join(CALL_COLUMNS)}) VALUES ({', '.join('?' * len(CALL_COLUMNS))})",
    "INSERT INTO events (kind, after, text, number) VALUES (?, ?, ?, ?)",
    "INSERT INTO backwards VALUES (?, ?, ?, ?, ?, ?)",
    "INSERT OR IGNORE INTO failures VALUES (?, ?)",
    "INSERT OR REPLACE INTO meta VALUES (?, ?)",
    "INSERT INTO structures (id, key, text) VALUES (?, ?, ?)",
    "INSERT INTO descriptions (id, text) VALUES (?, ?)",
)
"""How a row of each kind is put into the database."""
