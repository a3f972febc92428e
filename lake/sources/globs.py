"""Globs over uris: the patterns of a source."""

from __future__ import annotations

import fnmatch
import re
from functools import lru_cache


def matches(uri: str, pattern: str) -> bool:
    """Whether a pattern of ``include`` or ``exclude`` matches this uri; without a slash it matches the last part.

    >>> matches("a/b.md", "*.md"), matches("a/b.md", "a/"), matches("a/b.md", "/b.md")
    (True, True, False)
    """
    if "/" not in pattern:
        return fnmatch.fnmatchcase(uri.rsplit("/", 1)[-1], pattern)
    return expression(pattern.removeprefix("/")).fullmatch(uri) is not None


@lru_cache(maxsize=256)
def expression(pattern: str) -> re.Pattern[str]:
    """Compile a glob in which ``**/`` spans folders, ``*`` does not, and a final ``/`` matches everything below."""
    meanings = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    pieces = re.findall(r"\*\*/|\*\*|\*|\?|\[[^\]]+\]|[^*?\[]+|\[", pattern + ("**" if pattern.endswith("/") else ""))
    return re.compile("".join(meanings.get(piece) or _literal(piece) for piece in pieces), re.DOTALL)


def _literal(piece: str) -> str:
    if len(piece) < 2 or not piece.startswith("["):
        return re.escape(piece)
    inside = piece[1:-1].replace("\\", "\\\\").replace("[", "\\[")
    return f"[^{inside[1:]}]" if inside.startswith("!") else f"[{inside}]"
