"""The fixed sentence that a model, or raglake before it, uses if the passages don't contain the answer."""

from __future__ import annotations

import re

from lake.answer.citations import without_citations

MARKER = "I don't have enough information to answer this question."


def declines(text: str) -> bool:
    """Whether an answer begins with the sentence, in any case and with any quotation marks or apostrophes.

    >>> declines("I don’t have enough information to answer this question [1]. The sources are about lamps.")
    True
    """
    return _plain(text).startswith(_plain(MARKER))


def is_marker(sentence: str) -> bool:
    """Whether this is the sentence."""
    return _plain(sentence) == _plain(MARKER)


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", without_citations(text).casefold()))
