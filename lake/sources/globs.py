"""Globs over uris: the patterns of a source and of a filter."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from lake.errors import UsageError
from lake.ids.uris import column_folded, folded

if TYPE_CHECKING:
    import pyarrow as pa

#: More than any path has; longer patterns are made to cost time.
MAX_CHARACTERS = 1000
_MEANINGS = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
_PIECE = re.compile(r"\*\*/|\*\*|\*|\?|\[[^\]]+\]|[^*?\[]+|\[")
#: A star after a star adds nothing, but multiplies what there is to try.
_STARS = re.compile(r"\*{3,}")


def matches(uri: str, pattern: str) -> bool:
    """Whether a pattern of ``include`` or ``exclude`` matches this uri; without a slash it matches the last part.

    Both are compared in NFC.

    >>> matches("a/b.md", "*.md"), matches("a/b.md", "a/"), matches("a/b.md", "/b.md")
    (True, True, False)
    """
    return expression(folded(_from_root(pattern))).fullmatch(folded(uri)) is not None


def matching(uris: pa.Array, pattern: str) -> pa.Array:
    """Which uris the pattern matches, in time linear in their length: a caller of the service may have written it."""
    import pyarrow.compute as pc

    expression(pattern)  # raises UsageError for what is no pattern
    wanted = f"(?s)^(?:{_translated(folded(_from_root(pattern)))})$"
    return pc.match_substring_regex(column_folded(uris), wanted)


@lru_cache(maxsize=256)
def expression(pattern: str) -> re.Pattern[str]:
    """Compile a glob in which ``**/`` spans folders, ``*`` does not, and a final ``/`` matches everything below.

    Raises UsageError if it is no pattern. Only for patterns of an operator: Python's ``re`` backtracks.
    """
    if len(pattern) > MAX_CHARACTERS:
        raise UsageError(f"a glob has {len(pattern):,} characters, at most {MAX_CHARACTERS:,} are allowed")
    try:
        return re.compile(_translated(pattern), re.DOTALL)
    except re.error as error:
        raise UsageError(f"{pattern!r} is no glob: {error}; write [[] for a bracket that is meant as such") from error


def _from_root(pattern: str) -> str:
    return pattern.removeprefix("/") if "/" in pattern else f"**/{pattern}"


def _translated(pattern: str) -> str:
    """The glob in the syntax that Python's ``re`` and RE2 share."""
    pieces = _PIECE.findall(_STARS.sub("**", pattern) + ("**" if pattern.endswith("/") else ""))
    return "".join(_MEANINGS.get(piece) or _literal(piece) for piece in pieces)


def _literal(piece: str) -> str:
    if len(piece) < 2 or not piece.startswith("["):
        return re.escape(piece)
    # The doubled signs are kept from meaning something in a later version of ``re``.
    inside = re.sub(r"[\\\[&~|]|(?<=-)-", r"\\\g<0>", piece[1:-1])
    return f"[^{inside[1:]}]" if inside.startswith("!") else f"[{inside}]"
