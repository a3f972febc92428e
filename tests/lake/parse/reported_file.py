"""A file in which words are often lost, and what it must say."""

from __future__ import annotations

from typing import NamedTuple


class Reported(NamedTuple):
    """A file, the phrases that its text holds once, and words that must be left out by name."""

    name: str
    suffix: str
    data: bytes
    kept: tuple[str, ...]
    left_out: tuple[str, ...] = ()
