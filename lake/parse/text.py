"""Plain text: detects the encoding, refuses binaries, splits paragraphs."""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING, NamedTuple

from lake.errors import InputError
from lake.parse.canonical import clean, paragraphs, source_document

if TYPE_CHECKING:
    from lake.parse.document import Omission, ParsedDocument

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\f\v\x1b")) + b"\x7f"
_UNDEFINED_IN_CP1252 = b"\x81\x8d\x8f\x90\x9d"
_DECLARATION = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([A-Za-z0-9_.:-]+)""")
_PLAIN = ("utf-8", "utf-8-sig")
_CODECS = {"damaged utf-8": "utf-8"}
#: European prose has about 5 % accented letters; much more means a non-Latin legacy encoding.
_MOST_ACCENTED = 0.3
_SAMPLE = 1 << 16


class Decoded(NamedTuple):
    """Cleaned text; ``{"encoding": name}`` unless it is plain UTF-8; a remark if the encoding is not certain."""

    text: str
    metadata: dict[str, object]
    omitted: tuple[Omission, ...] = ()


def parse(data: bytes, suffix: str) -> ParsedDocument:
    text, metadata, omitted = decode(data)
    return source_document(text, paragraphs(text), metadata=metadata, omitted=omitted)


def decode(data: bytes, *, declared: bool = False) -> Decoded:
    """Decode and clean the bytes of a text.

    ``declared`` trusts a charset named in the first bytes, as HTML and XML do.

    Raises:
        InputError: garbage for binary data, encoding for text that none of the encodings fits.
    """
    encoding = _encoding_of(data, declared)
    text = clean(data.decode(_CODECS.get(encoding, encoding), "replace"))
    return Decoded(text, {} if encoding in _PLAIN else {"encoding": encoding})


def _encoding_of(data: bytes, declared: bool) -> str:
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return encoding
    if b"\0" in data[:_SAMPLE]:
        return _wide_encoding(data)
    _refuse_controls(data)
    if _is_utf8(data):
        return "utf-8"
    return (_declared_encoding(data) if declared else None) or _legacy_encoding(data)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _wide_encoding(data: bytes) -> str:
    """Detect UTF-16 without a BOM: in Latin text all NULs are at even or all at odd positions."""
    sample = data[: _SAMPLE - _SAMPLE % 2]
    low, high = sample[1::2].count(0), sample[0::2].count(0)
    half = max(1, len(sample) // 2)
    for encoding, zeros, others in (("utf-16-le", low, high), ("utf-16-be", high, low)):
        if zeros > 0.4 * half and others < 0.05 * half:
            return encoding
    raise InputError("binary data, not text: it holds NUL bytes; check the file's suffix", "garbage")


def _refuse_controls(data: bytes) -> None:
    sample = data[:_SAMPLE]
    controls = len(sample) - len(sample.translate(None, _CONTROLS))
    if controls > 0.02 * len(sample) + 2:
        raise InputError(
            f"binary data, not text: {controls} control characters in {len(sample)} bytes; check the file's suffix",
            "garbage",
        )


def _declared_encoding(data: bytes) -> str | None:
    match = _DECLARATION.search(data[:2048])
    try:
        return codecs.lookup(match[1].decode("ascii")).name if match else None
    except LookupError:
        return None


def _legacy_encoding(data: bytes) -> str:
    sample = data[:_SAMPLE]
    if _is_damaged_utf8(sample):
        return "damaged utf-8"
    accented = sum(byte > 127 for byte in sample)
    undefined = len(sample) - len(sample.translate(None, _UNDEFINED_IN_CP1252))
    if accented > _MOST_ACCENTED * len(sample) + 2 or undefined > 0.01 * len(sample) + 1:
        raise InputError(
            "text in an encoding that is neither Unicode nor Western European; save it as UTF-8", "encoding"
        )
    return "cp1252"


def _is_damaged_utf8(sample: bytes) -> bool:
    """Whether a few bad bytes are among many good multi-byte characters, as in a cut or patched UTF-8 file."""
    text = sample.decode("utf-8", "replace")
    damaged = text.count("\ufffd")
    return sum(character > "\x7f" for character in text) > 10 * damaged
