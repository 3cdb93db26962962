"""What looks like a secret, a path, a host or an address, wherever a text comes from: found by its form alone.

A text may be a stranger's, and hostile: every pattern takes time that is linear in its length. A run of characters that a pattern
repeats without end is entered at its beginning only (that is what the look-behinds are for); where it may hold what is looked for
anywhere, the whole run is taken first and looked into once.
"""

from __future__ import annotations

import re

PUBLIC_HOSTS = frozenset(
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
    r"token(?!s|i[sz])|secret|passw(?:or)?d|passphrase|pwd|credential|(?:api|access|account|private|shared)[_\-]?key|auth(?!or)"
    r"|session[_\-]?id|cookie"
)
SECRET_NAME = rf"(?:[\w.\-]*(?:{_SECRET_WORD})[\w.\-]*|(?:[A-Za-z0-9][\w.\-]*[_\-])?(?:pass|pat|pin|pw)|[A-Za-z0-9][\w.\-]*[_\-]key)"
"""How options, variables and fields that hold secrets are called, in any case."""

# an underscore joins words: what stands behind one may be a token of its own
_NOT_IN_WORD = r"(?<![A-Za-z0-9])"

_TOKENS = re.compile(
    _NOT_IN_WORD
    + r"(?:gh[pousr]_[A-Za-z0-9]{16,}|github_pat_\w{20,}|glpat-[\w\-]{16,}|xox[abeprs]-[\w\-]{8,}|sk-[\w\-]{16,}|hf_[A-Za-z0-9]{16,}"
    + r"|(?:sk|rk|pk)_(?:live|test)_\w{8,}|dckr_pat_[\w\-]{16,}|[0-9]{8,10}:[\w\-]{35}"
    + r"|(?:AKIA|ASIA)[A-Z0-9]{12,}|AIza[\w\-]{30,}|pypi-[\w\-]{16,}|npm_[A-Za-z0-9]{20,}|ya29\.[\w\-]{10,}|dop_v1_[0-9a-f]{20,}"
    + r"|eyJ[\w\-]{16,}(?:\.[\w\-]+)*|[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
    + r"|(?=[0-9]*[a-fA-F])[0-9a-fA-F]{32,}(?![A-Za-z0-9_])"
    + r"|(?<!\+)(?=[A-Za-z+]*[0-9])(?=[a-z0-9+]*[A-Z])(?=[A-Z0-9+]*[a-z])(?P<mixed>[A-Za-z0-9+]{32,}={0,2})(?![A-Za-z0-9_])"
    + r"|(?<![/+])(?=[A-Za-z+/]*[0-9])(?=[a-z0-9+/]*[A-Z])(?=[A-Z0-9+/]*[a-z])[A-Za-z0-9+/]{40}(?![A-Za-z0-9+/=]))"
)
_LETTERS_AND_DIGITS = re.compile(r"(?<![A-Za-z0-9])(?!0x)(?=[A-Za-z]*[0-9])[A-Za-z0-9]{20,}(?![A-Za-z0-9])")
_SYLLABLE = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_KEY_BLOCK = re.compile(r"-----BEGIN [A-Z ]+-----.*?(?:-----END [A-Z ]+-----|\Z)", re.DOTALL)
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/\-]{8,}=*")
_NAME = r"(?<![\w.\-])[\w.\-]+"
_ASSIGNED = re.compile(_NAME + r"(?=[\"']{0,2}\s*[=:])")
_ASSIGNED_VALUE = re.compile(r"([\"']{0,2}\s*[=:]\s*)(\"[^\"\n]*\"|'[^'\n]*'|[^\s,;&)\]}]+)")
_OPTION = re.compile(r"(?<![\w.\-])--?[A-Za-z0-9][\w.\-]*(?=\s)")
_OPTION_VALUE = re.compile(r"(\s+)(?!-)([^\s,;]+)")
_SECRET = re.compile(SECRET_NAME, re.IGNORECASE)
_SHORT_OPTION = re.compile(r"(?<!\S)(-p\s+)(?![+\-]?[\d.]+(?:e[+\-]?\d+)?(?!\S))(?!-)[^\s,;]+")
_REMOTE_COPY = re.compile(r"(?<![\w.%+\-])[\w.%+\-]+@[\w.\-]+:[\w.\-]+/[\w.\-/]*")
_EMAIL = re.compile(r"(?<![\w.%+\-])[\w.%+\-]+@(?:[\w\-]+\.)+[^\W\d_]{2,}")
_LOGIN = re.compile(r"(?<![\w@.\-])-*[A-Za-z_][\w.\-]*@[A-Za-z][\w\-]*(?:\.[\w\-]+)*(?=[:\s]|$)(?!\s*\w+\()")
_URL = re.compile(r"(?i)([a-z][a-z0-9+.\-]{0,30})://([^\s\"'<>)\]}]+)")
_ADDRESS = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]|\.\d)")
_LONG_ADDRESS = re.compile(
    r"(?i)(?<![\w:])(?:(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}|(?:[0-9a-f]{1,4}:){1,6}(?::[0-9a-f]{1,4}){1,5})(?![\w:])"
)
_HARDWARE_ADDRESS = re.compile(
    r"(?i)(?<![\w:.\-])(?:[0-9a-f]{2}(?:(?::[0-9a-f]{2}){5,7}|(?=[0-9\-]*[a-f])(?:-[0-9a-f]{2}){5,7})"
    r"|(?=[0-9.]*[a-f])[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4})(?![\w:\-])"
)
_INNER_HOST = re.compile(r"(?i)(?<![\w.\-])(?:[a-z0-9\-]+\.)+(?:internal|local|lan|corp|intranet|cluster|home)(?![\w\-])")
_NODE = re.compile(r"(?i)(?<![\w.\-])(?:[a-z]+-)+node-?\d+(?![\w\-]|\.\w)")
_HOST = re.compile(
    r"(?<![\w.\-/])(?:[a-z0-9\-]+\.){2,}(?:com|org|net|edu|gov|mil|int|de|ch|uk|fr|eu|cn|jp|ca|au|nl|es|se|fi|dk|pl|cz|kr|br)(?![\w\-])(?!\.\w)"
)
_QUOTED_PATH = re.compile(r"([\"'])((?:~[\w.\-]*)?/[^\"'\n]*|[A-Za-z]:[\\/][^\"'\n]*|\\\\[^\"'\n]+)\1")
_STAND_IN = r"<(?:user|host|variable|secret)>"
_IN_PATH = rf"[^\s\"'<>|:;,()\[\]{{}}`]*(?:{_STAND_IN}[^\s\"'<>|:;,()\[\]{{}}`]*)*"
_UNIX_PATH = re.compile(
    rf"(?<![\w.~/\\<>⟩)\]])(?:file:/*|~[\w.\-]*)?/(?:(?:[A-Za-z_.]|{_STAND_IN}){_IN_PATH}/{_IN_PATH}|[A-Za-z_.][\w.\-]{{2,}})"
)
_SHARE = re.compile(r"(?<![\w.~/\\:)\]<>])//[A-Za-z][\w.\-]+/[\w.$\-/]+")
_OUTSIDE = re.compile(rf"(?<![\w./])(?:\.\./)+{_IN_PATH}")
_WINDOWS_PATH = re.compile(r"(?<![A-Za-z0-9_])(?:[A-Za-z]:[\\/]|\\\\)[^\s\"'<>|:;,*?`]+")
_WINDOWS_HOME = re.compile(r"(?i)(?<![A-Za-z0-9_])[A-Z]:\\+Users\\+[^\\\n\"']+")
_HOME = re.compile(r"(?<![^\s\"'=:])~(?!(?:eps|inf|nan|pi)\b)[A-Za-z_][\w\-]+(?![\w\-/~\[({]|\.\w)")
_OWNER = re.compile(
    r"(?i)(?<![\w.])/(?:[\w.\-]+/){0,3}?(?:home|users|homes)/([^\W\d][\w.\-]*)(?=[/\s\"':,)\]]|$)"
    r"|(?<![A-Za-z0-9_])[A-Z]:[\\/]+(?:Users|Documents and Settings)[\\/]+([^\W\d][^\\/\n\"':]*)(?=[\\/])"
    r"|(?<![\w~/.])~([A-Za-z_][\w\-]+)(?=/)"
)
_LIBRARY = re.compile(r"[\\/](?:site|dist)-packages[\\/]")
_FILE = re.compile(rf"(?:[\w\-.]|{_STAND_IN})+\.(?:py|pyc|ipynb|so|json|toml|qdiag)")


def without_addresses(text: str) -> str:
    """The text without keys and addresses of services: what goes before names are replaced, which may stand inside of them."""
    text = _KEY_BLOCK.sub("<secret>", text)
    return _URL.sub(_url, text) if "://" in text else text


def without_tokens(text: str) -> str:
    """The text without what is a secret by its own form, wherever it stands."""
    return _TOKENS.sub(lambda m: m[0] if _is_written(m["mixed"] or "") else "<secret>", text)


def owners_in(text: str) -> set[str]:
    """Names of the people whose home folders a text names: they may stand elsewhere, too."""
    return {next(filter(None, found)) for found in _OWNER.findall(text)}


def without_patterns(text: str) -> str:
    """The text without what looks like a secret, a path, a host or an address."""
    text = without_tokens(without_addresses(text))
    text = _LETTERS_AND_DIGITS.sub(lambda m: "<secret>" if _is_random(m[0]) else m[0], text)
    text = _BEARER.sub(r"\1 <secret>", text)
    text = _without_values(text, _ASSIGNED, _ASSIGNED_VALUE)
    text = _without_values(text, _OPTION, _OPTION_VALUE)
    text = _SHORT_OPTION.sub(r"\1<secret>", text)
    if "@" in text:
        text = _REMOTE_COPY.sub("<user>@<host>:<path>", text)
        text = _EMAIL.sub(_email, text)
        text = _LOGIN.sub(_login, text)
    text = _ADDRESS.sub(_address, text)
    text = _HARDWARE_ADDRESS.sub("<host>", text)
    text = _LONG_ADDRESS.sub("<host>", text)
    text = _INNER_HOST.sub("<host>", text)
    text = _NODE.sub("<host>", text)
    text = _HOST.sub(lambda m: m[0] if m[0] in PUBLIC_HOSTS else "<host>", text)
    text = _QUOTED_PATH.sub(lambda m: m[1] + _path(m[2]) + m[1], text)
    text = _WINDOWS_HOME.sub("<home>", text)
    text = _WINDOWS_PATH.sub(lambda m: _path(m[0]), text)
    text = _OUTSIDE.sub(lambda m: _path(m[0]), text)
    text = _SHARE.sub(lambda m: _path(m[0]), text)
    text = _UNIX_PATH.sub(lambda m: _path(m[0]), text)
    return _HOME.sub("<home>", text)


def _is_written(word: str) -> bool:
    """Whether a long word of letters and digits is made of words, as a name in camel case is."""
    return word.isalnum() and len(word) / len(_SYLLABLE.findall(word)) > 3.5


def _is_random(word: str) -> bool:
    """Whether a word is one that nobody would write: many short, different syllables of letters, with digits between them.

    Measured on the sources of PennyLane and torch and on random words: names, numbers and words of Pauli operators are none, and of
    random ones of 25 letters and digits nine in ten are.
    """
    syllables = _SYLLABLE.findall(word)
    numbers = sum(syllable.isdigit() for syllable in syllables)
    different = {syllable.lower() for syllable in syllables if not syllable.isdigit()}
    mean = len(word) / len(syllables)
    least = 5 if any(map(str.islower, word)) else 7
    return len(different) >= least and (mean <= 2 or (numbers > 1 and mean <= 2.8))


def _without_values(text: str, names: re.Pattern[str], value: re.Pattern[str]) -> str:
    """The text without what stands behind the names of secrets: a value has two groups, what leads to it and itself."""
    pieces, done = [], 0
    for name in names.finditer(text):
        held = value.match(text, name.end()) if name.start() >= done and _SECRET.fullmatch(name[0].lstrip("-")) else None
        if held is not None:
            pieces += [text[done : held.end(1)], "<secret>"]
            done = held.end()
    return "".join([*pieces, text[done:]])


def _url(match: re.Match[str]) -> str:
    scheme, rest = match[1], match[2]
    if scheme.lower() == "file":
        return _path("/" + rest.lstrip("/"))
    host = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if host.lower() in PUBLIC_HOSTS:
        return match[0].partition("?")[0] if "?" in rest else match[0]
    return f"{scheme}://<host>"


def _email(match: re.Match[str]) -> str:
    # Z@qml.PauliX is a product: a domain ends in one case
    top = match[0].rpartition(".")[2]
    return "<e-mail>" if top in (top.lower(), top.upper()) else match[0]


def _login(match: re.Match[str]) -> str:
    """A login, or a product of matrices or observables: a host has a dot, a hyphen or a digit in it, or a colon behind it."""
    right = match[0].rpartition("@")[2]
    told = re.search(r"[.\-\d]", right) or match.string[match.end() : match.end() + 1] == ":"
    # w.T @ x and float32@cpu are written the same way
    dtype = re.fullmatch(r"(?:float|complex|int)\d+", right)
    named = right == right.lower() and all(len(label) > 1 for label in right.split(".")) and not dtype
    return "<user>@<host>" if told and named else match[0]


def _address(match: re.Match[str]) -> str:
    numbers = [int(part) for part in match[0].split(".")]
    # 1.22.2.0 may be a version, 10.0.0.7 is an address: a version has small numbers and is not private.
    private = numbers[0] in (10, 127, 172, 192) or max(numbers) > 99
    return "<host>" if private and max(numbers) < 256 else match[0]


def _path(path: str) -> str:
    """What stands for a path out of the project: inside a library from its package on, else the file's name alone, if it is one."""
    _outside, *inside = _LIBRARY.split(path)
    if inside:
        return inside[-1].replace("\\", "/")
    name = re.split(r"[\\/]", path.rstrip("/\\"))[-1]
    return f"<path>/{name}" if _FILE.fullmatch(name) else "<path>"
