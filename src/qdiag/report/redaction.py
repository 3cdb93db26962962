"""What must not leave with a report: names of users and hosts, absolute paths, e-mails, tokens, values of environment variables.

Two nets: what this machine and the script's arguments give away is known and replaced wherever it appears; and what looks like a
secret is replaced by pattern, since a report may be made from a trace of another machine. Every text of a document passes through.
"""

from __future__ import annotations

import getpass
import os
import re
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar

from qdiag.call import Script
from qdiag.method import DIFF_METHODS

_NOBODY = frozenset(
    {"root", "user", "runner", "admin", "ubuntu", "test", "docker", "jovyan", "nobody", "default", "localhost", "local"}
)
"""Names that identify nobody, and are words besides."""

_PUBLIC_HOSTS = frozenset(
    {
        "github.com",
        "pennylane.ai",
        "docs.pennylane.ai",
        "discuss.pennylane.ai",
        "pytorch.org",
        "docs.pytorch.org",
        "numpy.org",
        "arxiv.org",
    }
    | {"python.org", "docs.python.org", "pypi.org", "www.w3.org", "pennylane.readthedocs.io", "xanadu.ai", "scipy.org", "doi.org"}
)

_SECRET_WORD = (
    r"token(?!i[sz])|secret|passw(?:or)?d|passphrase|pwd|credential|(?:api|access|private)[_\-]?key|auth(?!or)|session[_\-]?id|cookie"
)
_SECRET_NAME = rf"[\w.\-]*(?:{_SECRET_WORD})[\w.\-]*"
"""How options and variables that hold secrets are called."""

_SECRET_OPTION = re.compile(rf"--?(?:{_SECRET_NAME}|key|pw|user(?:name)?|login|e?mail|host(?:name)?)", re.IGNORECASE)
_SHORTEST_VARIABLE = 6
_WORDS_OF_OURS = frozenset(DIFF_METHODS) | {"float32", "float64", "complex64", "complex128", "default", "auto", "lightning"}


@dataclass(frozen=True)
class Secrets:
    """Texts that are known not to leave, each with what stands for it; the longest are replaced first."""

    known: tuple[tuple[str, str], ...] = ()

    def cleaned(self, text: str) -> str:
        """The text without what must not leave."""
        for secret, stand_in in self.known:
            if secret in text:
                text = _whole(secret).sub(stand_in, text)
        return without_patterns(text)


def _whole(secret: str) -> re.Pattern[str]:
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
            known.setdefault(part, "<variable>")
    known.update({user: "<user>" for user in users if _tells(user)})
    known.update({host: "<host>" for host in hosts if _tells(host)})
    known.update(dict.fromkeys(_secret_arguments(script.argv), "<secret>"))
    known.update({folder.rstrip("/"): stand_in for folder, stand_in in folders.items() if len(folder.strip("/")) > 1})
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


def _parts_of_variable(name: str, content: str) -> list[str]:
    """What of a variable's value is to be looked for: short and common words would make reports unreadable and tell nothing."""
    if re.fullmatch(_SECRET_NAME, name, re.IGNORECASE):
        return [content] if len(content) > 2 else []
    telling = [part for part in {content, *content.split(os.pathsep)} if len(part) >= _SHORTEST_VARIABLE]
    return [
        part for part in telling if not re.fullmatch(r"[\d.:,]+", part) and part.lower() not in _WORDS_OF_OURS and not _is_word(part)
    ]


def _is_word(part: str) -> bool:
    # A value of letters only (a device, a locale, a mode) is a word, which the report may use for its own reasons.
    return (part.isalpha() and part.islower() and len(part) < 12) or part.startswith(("default.", "lightning."))


def _secret_arguments(argv: Iterable[str]) -> list[str]:
    """Values of options such as ``--token=…``, ``--password …``, ``API_KEY=…``."""
    found = []
    expected = False
    for argument in argv:
        name, equals, content = argument.partition("=")
        secret = _SECRET_OPTION.fullmatch(name) or (equals and re.fullmatch(_SECRET_NAME, name, re.IGNORECASE))
        if secret and equals:
            found.append(content)
        elif expected and not argument.startswith("-"):
            found.append(argument)
        expected = bool(secret) and not equals
    return [content for content in found if content]


# --- what looks like a secret ------------------------------------------------------------------------------------------

_NOT_IN_WORD = r"(?<![A-Za-z0-9_])"

_TOKENS = re.compile(
    _NOT_IN_WORD
    + r"(?:gh[pousr]_[A-Za-z0-9]{16,}|github_pat_\w{20,}|glpat-[\w\-]{16,}|xox[abeprs]-[\w\-]{8,}|sk-[\w\-]{16,}|hf_[A-Za-z0-9]{16,}"
    + r"|(?:AKIA|ASIA)[A-Z0-9]{12,}|AIza[\w\-]{30,}|pypi-[\w\-]{16,}|npm_[A-Za-z0-9]{20,}|ya29\.[\w\-]{10,}|dop_v1_[0-9a-f]{20,}"
    + r"|eyJ[\w\-]{8,}\.[\w\-]{4,}(?:\.[\w\-]*)?|[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
    + r"|(?=[0-9]*[a-fA-F])[0-9a-fA-F]{32,}(?![A-Za-z0-9_])"
    + r"|(?=[A-Za-z+]*[0-9])(?=[a-z0-9+]*[A-Z])(?=[A-Z0-9+]*[a-z])[A-Za-z0-9+]{32,}={0,2}(?![A-Za-z0-9_]))"
)
_KEY_BLOCK = re.compile(r"-----BEGIN [A-Z ]+-----.*?(?:-----END [A-Z ]+-----|\Z)", re.DOTALL)
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/\-]{8,}=*")
_ASSIGNED = re.compile(rf"(?i){_NOT_IN_WORD}(--?)?({_SECRET_NAME})(\"?'?\s*[=:]\s*)(\"[^\"\n]*\"|'[^'\n]*'|[^\s,;&)\]}}]+)")
_OPTION_THEN_VALUE = re.compile(rf"(?i){_NOT_IN_WORD}(--?{_SECRET_NAME})(\s+)(?!-)([^\s,;]+)")
_EMAIL = re.compile(r"[A-Za-z0-9._%+\-]+@(?:[A-Za-z0-9\-]+\.)+[A-Za-z]{2,}")
_LOGIN = re.compile(r"(?<![\w@.])[A-Za-z_][\w.\-]*@[A-Za-z][\w\-]*(?:\.[\w\-]+)*(?=[:\s]|$)(?!\s*\w+\()")
_URL = re.compile(r"(?i)\b([a-z][a-z0-9+.\-]*)://([^\s\"'<>)\]}]*)")
_ADDRESS = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]|\.\d)")
_INNER_HOST = re.compile(r"(?i)(?<![\w.\-])(?:[a-z0-9\-]+\.)+(?:internal|local|lan|corp|intranet|cluster|home)(?![\w\-])")
_QUOTED_PATH = re.compile(r"([\"'])((?:~[\w.\-]*)?/[^\"'\n]*|[A-Za-z]:[\\/][^\"'\n]*|\\\\[^\"'\n]+)\1")
_UNIX_PATH = re.compile(
    r"(?<![\w.~/\\<>⟩)\]])(?:file:/*|~[\w.\-]*)?/(?:[A-Za-z_.][^\s\"'<>|:;,()\[\]{}`]*/[^\s\"'<>|:;,()\[\]{}`]*|[A-Za-z_.][\w.\-]{2,})"
)
_WINDOWS_PATH = re.compile(r"(?<![A-Za-z0-9_])(?:[A-Za-z]:[\\/]|\\\\)[^\s\"'<>|:;,*?`]+")
_WINDOWS_HOME = re.compile(r"(?i)(?<![A-Za-z0-9_])[A-Z]:\\Users\\[^\\\n\"']+")
_LIBRARY = re.compile(r".*[\\/](?:site|dist)-packages[\\/]")
_FILE = re.compile(r"[\w\-.]+\.(?:py|pyc|ipynb|so|json|toml|qdiag)")


def without_patterns(text: str) -> str:
    """The text without what looks like a secret, a path, a host or an address."""
    text = _KEY_BLOCK.sub("<secret>", text)
    text = _URL.sub(_url, text)
    text = _TOKENS.sub("<secret>", text)
    text = _BEARER.sub(r"\1 <secret>", text)
    text = _ASSIGNED.sub(_assigned, text)
    text = _OPTION_THEN_VALUE.sub(r"\1\2<secret>", text)
    text = _EMAIL.sub("<e-mail>", text)
    text = _LOGIN.sub(_login, text)
    text = _ADDRESS.sub(_address, text)
    text = _INNER_HOST.sub("<host>", text)
    text = _QUOTED_PATH.sub(lambda m: m[1] + _path(m[2]) + m[1], text)
    text = _WINDOWS_HOME.sub("<home>", text)
    text = _WINDOWS_PATH.sub(lambda m: _path(m[0]), text)
    return _UNIX_PATH.sub(lambda m: _path(m[0]), text)


def _assigned(match: re.Match[str]) -> str:
    return f"{match[1] or ''}{match[2]}{match[3]}<secret>"


def _url(match: re.Match[str]) -> str:
    scheme, rest = match[1], match[2]
    if scheme.lower() == "file":
        return _path("/" + rest.lstrip("/"))
    host = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if host.lower() in _PUBLIC_HOSTS:
        return match[0].partition("?")[0] if "?" in rest else match[0]
    return f"{scheme}://<host>"


def _login(match: re.Match[str]) -> str:
    # Tensor products are written the same way: PauliZ(0) @ X has blanks, X@Y is two known letters.
    left, _, right = match[0].partition("@")
    return (
        match[0]
        if re.fullmatch(r"[XYZIH]|Pauli[XYZ]|float\d+|complex\d+", right) or (len(left) < 2 and len(right) < 2)
        else "<user>@<host>"
    )


def _address(match: re.Match[str]) -> str:
    numbers = [int(part) for part in match[0].split(".")]
    # 1.22.2.0 may be a version, 10.0.0.7 is an address: a version has small numbers and is not private.
    private = numbers[0] in (10, 127, 172, 192) or max(numbers) > 99
    return "<host>" if private and max(numbers) < 256 else match[0]


def _path(path: str) -> str:
    """What stands for an absolute path: inside a library from its package on, else the file's name alone, if it is one."""
    inside = _LIBRARY.sub("", path)
    if inside != path:
        return inside.replace("\\", "/")
    name = re.split(r"[\\/]", path.rstrip("/\\"))[-1]
    return f"<path>/{name}" if _FILE.fullmatch(name) else "<path>"


# --- a whole document --------------------------------------------------------------------------------------------------

_T = TypeVar("_T")


def redacted(tree: _T, secrets: Secrets) -> _T:
    """The same tree of values (dataclasses, tuples, lists, dictionaries) with every text in it cleaned.

    Parameters
    ----------
    tree
        Such as a document.
    secrets
        What is known not to leave.
    """
    return _redacted(tree, secrets)  # type: ignore[no-any-return]


def _redacted(tree: Any, secrets: Secrets) -> Any:
    if isinstance(tree, Enum):
        return tree
    if isinstance(tree, str):
        return secrets.cleaned(tree)
    if is_dataclass(tree) and not isinstance(tree, type):
        return replace(tree, **{f.name: _redacted(getattr(tree, f.name), secrets) for f in fields(tree)})
    if isinstance(tree, (tuple, list)):
        return type(tree)(_redacted(part, secrets) for part in tree)
    if isinstance(tree, dict):
        return {_redacted(key, secrets): _redacted(part, secrets) for key, part in tree.items()}
    return tree
