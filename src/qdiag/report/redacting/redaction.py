"""What must not leave with a report: names of users and hosts, absolute paths, e-mails, tokens, values of environment variables.

Two nets: what this machine and the script's arguments give away is known and replaced wherever it appears; and what looks like a
secret is replaced by pattern, since a report may be made from a trace of another machine. Every text of a document passes through.
"""

from __future__ import annotations

import getpass
import os
import re
import socket
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import Enum
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from qdiag.model.call import Script
from qdiag.model.comparison import Signature, Verdict
from qdiag.model.findings import Confidence, Excerpt, Reproducer
from qdiag.model.method import DIFF_METHODS
from qdiag.report.outline import Code, NextStep
from qdiag.report.redacting.code import cleaned_code
from qdiag.report.redacting.patterns import SECRET_NAME, owners_in, without_addresses, without_patterns, without_tokens
from qdiag.report.redacting.script_arguments import hide_secrets, identities, secret_arguments
from qdiag.visible import make_visible

_NOBODY = frozenset(
    {"root", "user", "runner", "admin", "ubuntu", "test", "docker", "jovyan", "nobody", "default", "localhost", "local"}
    | {"pennylane", "torch", "numpy", "python", "quantum", "circuit", "qdiag"}
)
"""Names that identify nobody, and are words besides."""

_SHORTEST_VARIABLE = 6
_SHORTEST_SECRET = 3
_SHORTEST_NUMBER = 5
_WORDS_OF_OURS = (
    frozenset(DIFF_METHODS)
    | {"float32", "float64", "complex64", "complex128", "default", "auto", "lightning"}
    | {word.value for words in (Signature, Verdict, Confidence) for word in words}
    | {"none", "null", "true", "false", "yes", "no", "off", "basic", "bearer", "debug", "info", "error", "call", "step"}
)

_SEQUENCE = re.compile(r"((?:\x1b|\\x1b|\\033|\\u001b)\[[0-9;:?]*[ -/]*[@-~])")
"""An escape sequence, also where it is written out already."""

VARIABLE = "<variable>"
"""What stands for the value of an environment variable."""

_LOOSE = 5
"""So long a name is found in any case, and inside words that underscores join."""


@dataclass(frozen=True)
class Secrets:
    """Texts that are known not to leave, each with what stands for it; the longest are replaced first."""

    known: tuple[tuple[str, str], ...] = ()

    def clean_text(self, text: str) -> str:
        """The text without what must not leave, and with what would not be seen as escapes."""
        # the letter that ends an escape sequence is no part of the word behind it
        cleaned = [self._clean_piece(piece) if number % 2 == 0 else piece for number, piece in enumerate(_SEQUENCE.split(text))]
        return make_visible("".join(cleaned))

    def _clean_piece(self, text: str) -> str:
        # an address holds names: in pieces it would no longer be found
        text = without_addresses(text)
        lower = text.lower()
        for secret, stand_in in self.known:
            if secret.lower() in lower:
                text = _whole(secret, loose=_is_loose(secret, stand_in)).sub(stand_in, text)
        return without_patterns(text)

    def and_people_in(self, texts: Iterable[str]) -> Secrets:
        """These, and the names of those whose home folders are named in some texts: a trace may come from another machine."""
        known = dict(self.known)
        for text in texts:
            for owner in owners_in(text):
                if _is_told(owner):
                    known.setdefault(owner, "<user>")
        return _longest_first(known)

    def but_names(self, names: Iterable[str]) -> Secrets:
        """These, without variables that hold nothing but one of some names, which everybody knows: that of a device."""
        known = {*names}
        return Secrets(tuple((text, stand_in) for text, stand_in in self.known if text not in known or stand_in != VARIABLE))

    def code(self, source: str) -> str:
        """Source code without it: see `code_redaction`."""
        cleaned = cleaned_code(source, self.clean_text, self._safe_name)
        # strings and comments are cleaned by then; between tokens a form feed may stand, which is white space that nobody needs
        return make_visible(re.sub(r"(?m)^\f+", "", cleaned).replace("\f", " "))

    def _safe_name(self, name: str) -> str:
        renamed = name
        for secret, stand_in in self.known:
            if _is_loose(secret, stand_in):
                renamed = _whole(secret, loose=True).sub(stand_in.strip("<>"), renamed)
        return without_tokens(renamed).replace("<secret>", "secret")


def _is_loose(secret: str, stand_in: str) -> bool:
    return stand_in in ("<user>", "<host>") and len(secret) >= _LOOSE


@lru_cache(maxsize=4096)
def _whole(secret: str, *, loose: bool) -> re.Pattern[str]:
    if loose:
        return re.compile(rf"(?<![A-Za-z0-9]){re.escape(secret)}(?![A-Za-z0-9])", re.IGNORECASE)
    if secret.isdigit():
        # not a part of another number
        return re.compile(rf"(?<![\w.]){secret}(?!\w|\.\d)")
    # A user called "max" must not cost us "max_abs", nor one called "al" every "al".
    before = r"(?<![A-Za-z0-9_])" if secret[:1].isalnum() else ""
    after = r"(?![A-Za-z0-9_])" if secret[-1:].isalnum() else ""
    if secret.startswith("/"):
        # nor must a folder called "project" become a part of "project-runs"
        after = r"(?![\w\-]|\.\w)"
    return re.compile(before + re.escape(secret) + after)


# --- what this machine gives away --------------------------------------------------------------------------------------


def secrets_of_this_machine(script: Script) -> Secrets:
    """What the environment, the account and the script's arguments give away."""
    here = Path.cwd()
    return secrets_of(
        script,
        users=[_user(), Path.home().name],
        hosts=_hosts(),
        folders={str(here): ".", str(Path.home()): "<home>"},
        variables=os.environ,
    )


def secrets_of(
    script: Script,
    *,
    users: Iterable[str] = (),
    hosts: Iterable[str] = (),
    folders: Mapping[str, str] = {},
    variables: Mapping[str, str] = {},
) -> Secrets:
    """Collect what is known not to leave.

    Parameters
    ----------
    script
        Its arguments may hold secrets.
    users, hosts
        Names.
    folders
        Absolute path → what stands for it.
    variables
        The environment.
    """
    known: dict[str, str] = {}
    for name, content in variables.items():
        for part in _parts_of_variable(name, content):
            known.setdefault(part, VARIABLE)
    known.update({user: "<user>" for user in users if _tells(user)})
    known.update({host: "<host>" for host in hosts if _tells(host)})
    named = {name: stand_in for name, stand_in in identities(script.argv).items() if _is_told(name)}
    for secret, stand_in in {**dict.fromkeys(filter(_is_told, secret_arguments(script.argv)), "<secret>"), **named}.items():
        # a name that is known already is looked for more widely: an argument takes nothing away
        known.setdefault(secret, stand_in)
    known.update({folder.rstrip("/"): stand_in for folder, stand_in in folders.items() if len(folder.strip("/")) > 1})
    return _longest_first(known)


def _longest_first(known: Mapping[str, str]) -> Secrets:
    return Secrets(tuple(sorted(known.items(), key=lambda item: -len(item[0]))))


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return ""


def _hosts() -> list[str]:
    name = socket.gethostname()
    return [name, name.partition(".")[0]]


def _tells(name: str) -> bool:
    return len(name) > 1 and name.lower() not in _NOBODY


def _is_told(secret: str) -> bool:
    """Whether a secret is one wherever it stands: a short number or a word of every report is one in its own place only."""
    shortest = _SHORTEST_NUMBER if re.fullmatch(r"[\d.:,+\-e]+", secret) else _SHORTEST_SECRET
    return len(secret) >= shortest and secret.lower() not in _WORDS_OF_OURS | _NOBODY and not _is_device(secret)


def _parts_of_variable(name: str, content: str) -> list[str]:
    """What of a variable's value is to be looked for: short and common words would make reports unreadable and tell nothing."""
    if re.fullmatch(SECRET_NAME, name, re.IGNORECASE):
        return [content] if _is_told(content) else []
    telling = [part for part in {content, *content.split(os.pathsep)} if len(part) >= _SHORTEST_VARIABLE]
    return [
        part for part in telling if not re.fullmatch(r"[\d.:,]+", part) and part.lower() not in _WORDS_OF_OURS and not _is_word(part)
    ]


def _is_word(part: str) -> bool:
    # A value of letters only (a device, a locale, a mode) is a word, which the report may use for its own reasons.
    return (part.isalpha() and part.islower() and len(part) < 12) or _is_device(part)


def _is_device(part: str) -> bool:
    return part.startswith(("default.", "lightning."))


# --- a whole document --------------------------------------------------------------------------------------------------

_T = TypeVar("_T")

_TELL_NOTHING = (Enum, int, float, complex, type(None))
"""What holds no text, and is most of a large tree."""


def redact(tree: _T, secrets: Secrets) -> _T:
    """The same tree of values (dataclasses, tuples, lists, dictionaries) with every text in it cleaned.

    Parameters
    ----------
    tree
        Such as a document.
    secrets
        What is known not to leave.
    """
    found: _T = _Cleaning(secrets.and_people_in(dict.fromkeys(_texts(tree)))).clean(tree)
    return found


def _texts(tree: Any) -> Iterator[str]:
    if isinstance(tree, _TELL_NOTHING):
        return
    if isinstance(tree, str):
        yield tree
    elif is_dataclass(tree):
        for field in fields(tree):
            yield from _texts(getattr(tree, field.name))
    elif isinstance(tree, (tuple, list)):
        for part in tree:
            yield from _texts(part)
    elif isinstance(tree, dict):
        yield from _texts([*tree.items()])


class _Cleaning:
    """Cleans one tree: a text that stands in it at each of thousands of calls is cleaned once, and what holds none stays as it is."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets
        self._texts: dict[str, str] = {}

    def clean(self, tree: Any) -> Any:
        if isinstance(tree, _TELL_NOTHING):
            return tree
        if isinstance(tree, str):
            return self._text(tree)
        if isinstance(tree, Script):
            tree = replace(tree, argv=hide_secrets(tree.argv))
        if isinstance(tree, NextStep):
            tree = replace(tree, arguments=hide_secrets(tree.arguments))
        if isinstance(tree, (Reproducer, Code, Excerpt)):
            return self._with_code(tree)
        if is_dataclass(tree) and not isinstance(tree, type):
            return self._with_fields(tree)
        if isinstance(tree, (tuple, list)):
            parts = [self.clean(part) for part in tree]
            return tree if all(new is old for new, old in zip(parts, tree)) else type(tree)(parts)
        if isinstance(tree, dict):
            return {self.clean(key): self.clean(part) for key, part in tree.items()}
        return tree

    def _text(self, text: str) -> str:
        if text not in self._texts:
            self._texts[text] = self._secrets.clean_text(text)
        cleaned = self._texts[text]
        return text if cleaned == text else cleaned

    def _with_fields(self, tree: Any, but: str = "") -> Any:
        parts = {field.name: getattr(tree, field.name) for field in fields(tree) if field.name != but}
        cleaned = {name: self.clean(part) for name, part in parts.items()}
        changed = {name: part for name, part in cleaned.items() if part is not parts[name]}
        return replace(tree, **changed) if changed else tree

    def _with_code(self, tree: Any) -> Any:
        """A piece of code, or what holds one: it must still run, or not be there."""
        name = "source" if isinstance(tree, Reproducer) else "text"
        text = getattr(tree, name)
        is_code = not isinstance(tree, Code) or tree.language == "python"
        changed: dict[str, Any] = {name: self._secrets.code(text) if is_code else self._text(text)}
        if isinstance(tree, Reproducer):
            changed["cleaned"] = tree.cleaned or changed[name] != text
        return replace(self._with_fields(tree, name), **changed)
