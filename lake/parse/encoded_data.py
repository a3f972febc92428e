"""Pictures that are written into a text as data URIs."""

from __future__ import annotations

import re

from lake.parse.document import Omission

_SCHEME = re.compile("data:", re.IGNORECASE)
_DATA = re.compile(
    r"\bdata:([a-z]+/[\w.+-]+)(?:;[\w.+-]+=[\w.+-]+)*"
    r"(?:;base64,((?:[A-Za-z0-9+/=_-]|%2[BFbf]|%3[Dd]"
    r"|\n[ \t]*(?=[A-Za-z0-9+/=]{20}|[A-Za-z0-9+/]{1,20}={1,2}[)\"'>\s])){40,})"
    r"|(?:;[\w-]+)?,((?:%[0-9A-Fa-f]{2})[^\s\"'<>()\[\]]{40,}))",
    re.IGNORECASE,
)


def without_data(text: str) -> tuple[str, tuple[Omission, ...]]:
    """``text`` with only the media type of each data URI, and what is left out.

    >>> text, _ = without_data("![a lamp](data:image/png;base64," + "iVBORw0KGgo" * 9 + ")")
    >>> text
    '![a lamp](data:image/png)'
    """
    if _SCHEME.search(text) is None:
        return text, ()
    omitted: list[Omission] = []

    def named(match: re.Match[str]) -> str:
        omitted.append(Omission("encoded_data", 0, match[1].lower()))
        return f"data:{match[1]}"

    return _DATA.sub(named, text), tuple(omitted)
