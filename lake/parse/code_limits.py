"""Texts for which a grammar takes time by the square of their length; nobody wrote them."""

from __future__ import annotations

import re
from functools import cache

_CONTINUED = re.compile(r"(?:[ \t]*\\\n)++")
_RAW_STRING, _RAW_END = re.compile(r'\b(?:b|c)?r(#+)"'), re.compile(r'"(#+)')
_HERE = re.compile(r"<<-?[ \t]*[\w'\"\\]")
#: Each grammar needs about 0.1 s for as many.
_MOST_CONTINUED, _MOST_OPEN, _MOST_HERE = 2000, 1500, 1500


def is_slow(text: str, suffix: str) -> bool:
    """Whether a text has far more lines, strings or documents without an end than any program."""
    if suffix in (".py", ".pyi"):
        return any(match[0].count("\n") > _MOST_CONTINUED for match in _CONTINUED.finditer(text))
    if suffix == ".rs":
        return _n_open(text) > _MOST_OPEN
    return suffix in (".sh", ".bash", ".zsh") and len(_HERE.findall(text)) > _MOST_HERE


def _n_open(text: str) -> int:
    """The number of raw strings of Rust behind which nothing ends them."""
    ends = {len(match[1]): match.start() for match in _RAW_END.finditer(text)}

    @cache
    def last_end(size: int) -> int:
        return max((end for longer, end in ends.items() if longer >= size), default=-1)

    return sum(match.start() > last_end(len(match[1])) for match in _RAW_STRING.finditer(text))
