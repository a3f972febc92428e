"""Plain text: detects the encoding, refuses binaries, splits paragraphs."""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections import Counter
from typing import NamedTuple

from lake.errors import InputError
from lake.parse.canonical import clean, paragraphs, source_document
from lake.parse.document import Omission, ParsedDocument
from lake.parse.encoded_data import without_data
from lake.parse.encoding_names import codec_of, declared_in, label
from lake.parse.encodings import believed, guess
from lake.parse.hz import hz_remark
from lake.parse.jis import microsoft_jis
from lake.parse.markup.misplaced_rights import misplaced_rights
from lake.parse.twice_encoded import without_latin_controls

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"\x84\x31\x95\x33", "gb18030"),
)
_WIDE = ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be")
#: A change to another set of characters than ASCII; terminals are often told to go back to ASCII alone.
_ESCAPES = re.compile(rb"\x1b(?:\$[@ABC]|\$[()][A-Z]|\(I)")
_BY_ESCAPES = ("iso2022_kr", "iso2022_jp_ext", "iso2022_jp_2", "iso2022_jp_2004")
#: ISO-2022-JP with characters that only Microsoft's programs know: circled figures, signs of companies.
_MICROSOFT_JIS = "cp50221"
_CONTROLS = bytes(set(range(1, 32)) - set(b"\b\t\n\r\f\v\x1b")) + b"\x7f"
_MOST_CONTROLS, _MOST_NULS = 0.02, 0.1
#: The upper and lower halves of so many bytes of UTF-16 have next to no bytes in common; of other text they are alike.
_FIRST_BYTES, _MOST_ALIKE = 400, 0.25
_NOT_IN_TEXT = ("Cn", "Co", "Cs", "Cc")
_PLAIN = ("utf-8", "utf-8-sig")
#: UTF-8 that writes characters beyond U+FFFF as two halves, or NUL as two bytes.
_PAIRED, _PAIRED_BYTES = "cesu-8", re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]|\xc0\x80")
#: Mostly UTF-8, with damaged characters or lines of another encoding, as in a patched or joined file.
_DAMAGED = "damaged utf-8"
#: Good characters of UTF-8 to a bad byte; text of another encoding has next to none.
_LEAST_GOOD = 2
_SAMPLE = 1 << 16
_REPLACED = "\ufffd"
_REPLACED_BYTES = _REPLACED.encode()

#: Line ends of other systems and pages.
_LINE_ENDS = {0x0B: "\n", 0x0C: "\n", 0x85: "\n", 0x2028: "\n", 0x2029: "\n\n"}
_HAS_LINE_END = re.compile("[\x0b\x0c\x85\u2028\u2029]")
#: Controls that part fields and records; others, such as NUL, stand inside words by accident.
_SEPARATORS = re.compile("(?<=\\S)[\x01\x03-\x06\x10-\x1a]+(?=\\S)")
#: What terminals make of text: colours, titles, and overstrikes for bold and underlined letters.
_TERMINAL = re.compile(
    r"\x1b(?:\[[0-9:;<=>?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)|[ #%(-/][0-~]|[0-9=>cDEHMNOZn|}~])|[^\n]\x08"
)


class Decoded(NamedTuple):
    """Cleaned text; ``{"encoding": name}`` unless it is plain UTF-8; remarks if a character of it is not certain."""

    text: str
    metadata: dict[str, object]
    omitted: tuple[Omission, ...] = ()


def parse(data: bytes, suffix: str) -> ParsedDocument:
    raw, metadata, omitted = _decoded(data, None)
    if "\x1b" in raw or "\b" in raw:
        raw = _TERMINAL.sub("", raw)
    raw, remark = without_latin_controls(_SEPARATORS.sub(" ", raw))
    if remark:
        omitted = (*omitted, remark)
    if _HAS_LINE_END.search(raw):
        raw = raw.translate(_LINE_ENDS)
    text, of_data = without_data(clean(raw))
    rights = misplaced_rights(text)
    metadata, omitted = {**metadata, **rights.fields}, (*omitted, *of_data, *rights.omitted)
    return source_document(text, paragraphs(text), metadata=metadata, omitted=omitted)


def decode(data: bytes, *, declared: bool = False, charset: str | None = None) -> Decoded:
    """Decode and clean the bytes of a text.

    A text that is valid UTF-8 is UTF-8, whatever it declares. Else a declared encoding is taken if it fits the bytes:
    ``charset``, which the text's envelope states; with ``declared`` the one that a page or XML names itself; that of
    a ``coding:`` comment. Else it is the likeliest one. ``omitted`` remarks on a guess that is not certain and on
    bytes that stand for no letter.

    Raises:
        InputError: garbage for binary data, encoding for text that none of the encodings fits.
    """
    raw, metadata, omitted = _decoded(data, codec_of(charset) if charset else None, declared=declared)
    return Decoded(clean(raw), metadata, omitted)


def decode_without_data(data: bytes) -> Decoded:
    """Decode and clean the bytes of a text whose source is its canonical text, without pictures written into it."""
    text, metadata, omitted = decode(data)
    text, of_data = without_data(text)
    return Decoded(text, metadata, (*omitted, *of_data))


def _decoded(data: bytes, charset: str | None, *, declared: bool = False) -> Decoded:
    encoding, remark = _encoding_of(data, charset, declared=declared)
    if encoding == "utf-8" and not remark:
        return Decoded(data.decode(), {})
    if encoding == _PAIRED:
        return Decoded(_paired(data) or "", {"encoding": _PAIRED})
    if encoding == _DAMAGED:
        raw, remark = _patched(data)
        n_stated = data.count(_REPLACED_BYTES)
    elif encoding == _MICROSOFT_JIS:
        raw, n_stated = microsoft_jis(data) or "", 0
    else:
        raw, n_stated = data.decode(encoding, "replace"), 0
    omitted = [Omission("guessed_encoding", 0, remark)] if remark else []
    if (n_damaged := raw.count(_REPLACED) - n_stated) > 0 and encoding not in ("utf-16", "utf-32", *_WIDE):
        name = "utf-8" if encoding == _DAMAGED else label(encoding)
        omitted.append(Omission("unreadable", 0, f"{n_damaged} {'bytes' if n_damaged > 1 else 'byte'} not in {name}"))
    return Decoded(raw, {} if encoding in _PLAIN else {"encoding": encoding}, tuple(omitted))


def _encoding_of(data: bytes, charset: str | None, *, declared: bool) -> tuple[str, str]:
    """The codec, and a remark if it is not certain."""
    for bom, encoding in _BOMS:
        if data.startswith(bom) and (encoding != "utf-8-sig" or _is_utf8(data)):
            return encoding, ""
    if b"\0" in data and (wide := _wide_encoding(data)):
        return wide, ""
    if b"\x1b" in data and _ESCAPES.search(data):
        if by_escapes := _first_strict(data, _BY_ESCAPES):
            return by_escapes, ""
        if microsoft_jis(data):
            return _MICROSOFT_JIS, ""
    _refuse_controls(data)
    if charset in ("utf_7", "utf-7", "hz") and data.isascii() and _first_strict(data, (charset,)):
        return charset, ""
    if (remark := hz_remark(data)) is not None:
        return "utf-8" if remark.startswith("us-ascii") else "hz", remark
    if _is_utf8(data):
        return "utf-8", ""
    if _PAIRED_BYTES.search(data) and _paired(data) is not None:
        return _PAIRED, ""
    data = data.replace(b"\0", b"")  # those of a file that is not binary say nothing of its encoding
    stated = charset or declared_in(data, markup=declared)
    if stated == "euc_jp" and not _first_strict(data, (stated,)):
        stated = "euc_jis_2004"  # which has the circled figures that Microsoft's programs write
    if stated and not stated.startswith(("utf-8", "utf_8", "utf-16", "utf-32")):
        is_believed, better = believed(data, stated)
        if is_believed:
            return stated, f"{label(stated)}, which it declares; {better} fits better" if better else ""
    return (_DAMAGED, "") if _is_damaged_utf8(data) else _guessed(data, stated)


def _guessed(data: bytes, stated: str | None) -> tuple[str, str]:
    found = guess(data)
    if found.is_certain and stated is None:
        return found.encoding, ""
    remark = label(found.encoding)
    if found.rivals:
        remark += f"; also possible: {', '.join(found.rivals)}"
    if stated:
        remark += f"; it declares {label(stated)}, which does not fit"
    return found.encoding, remark


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _paired(data: bytes) -> str | None:
    """Text of UTF-8 as Java and Oracle write it; None if it is none. A single half of a character is dropped."""
    try:
        halves = data.replace(b"\xc0\x80", b"\0").decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return None
    return halves.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")


def _first_strict(data: bytes, encodings: tuple[str, ...]) -> str | None:
    for encoding in encodings:
        try:
            data.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
        return encoding
    return None


def _wide_encoding(data: bytes) -> str | None:
    """UTF-16 or UTF-32 without a BOM; None if NULs are stray bytes, which ``_refuse_controls`` judges."""
    sample = data[:_SAMPLE]
    rest = sample.replace(b"\0", b"")
    if len(rest) > 0.75 * len(sample) and _has_few_controls(rest) and _is_utf8(rest[:-4]):
        return None
    first = sample[:_FIRST_BYTES]
    if len(rest) > 0.75 * len(sample) and _likeness(first[::2], first[1::2]) > _MOST_ALIKE:
        return None
    for encoding in _WIDE:
        width = 4 if "32" in encoding else 2
        text = sample[: len(sample) // width * width].decode(encoding, "replace")
        n_ascii = sum(" " <= character <= "~" or character in "\t\n\r" for character in text)
        wrong = sum(
            unicodedata.category(character) in _NOT_IN_TEXT for character in text if character not in "\t\n\r\f"
        )
        if n_ascii and wrong + text.count(_REPLACED) <= 0.005 * len(text) + 1:
            return encoding
    return None


def _likeness(one: bytes, other: bytes) -> float:
    """The share of bytes that two strings have in common, each as often as both hold it."""
    return (Counter(one) & Counter(other)).total() / max(1, min(len(one), len(other)))


def _refuse_controls(data: bytes) -> None:
    sample = data[:_SAMPLE].rstrip(b"\0")
    n_nuls = sample.count(0)
    if n_nuls > _MOST_NULS * len(sample) + 2 or not _has_few_controls(sample):
        n_controls = n_nuls + _n_controls(sample)
        raise InputError(
            f"binary data, not text: {n_controls} control characters in {len(sample)} bytes; check the file's suffix",
            "garbage",
        )


def _has_few_controls(sample: bytes) -> bool:
    return _n_controls(sample) <= _MOST_CONTROLS * len(sample) + 4


def _n_controls(sample: bytes) -> int:
    return len(sample) - len(sample.translate(None, _CONTROLS))


def _is_damaged_utf8(data: bytes) -> bool:
    """Whether most characters or lines beyond ASCII are UTF-8, as in a cut, patched or joined file."""
    text = data.decode("utf-8", "replace")
    if not (n_foreign := sum(character > "\x7f" for character in text)):
        return False
    n_bad = text.count(_REPLACED)
    if n_foreign - n_bad >= _LEAST_GOOD * n_bad:
        return True
    lines = [line for line in text.split("\n") if not line.isascii()]
    return sum(_REPLACED not in line for line in lines) * 2 >= len(lines)


def _patched(data: bytes) -> tuple[str, str]:
    """Text of damaged UTF-8, whose lines without a good character are read in the encoding that fits them."""
    lines: list[bytes | str] = []
    for line in data.split(b"\n"):
        text = line.decode("utf-8", "replace")
        alien = _REPLACED in text and text.replace(_REPLACED, "").isascii()
        lines.append(line if alien else text)
    alien_lines = b"\n".join(line for line in lines if isinstance(line, bytes))
    encoding = "utf-8"
    if alien_lines:
        try:
            encoding = guess(alien_lines).encoding
        except InputError:
            encoding = "utf-8"
    raw = "\n".join(line.decode(encoding, "replace") if isinstance(line, bytes) else line for line in lines)
    return raw, f"utf-8, and {label(encoding)} in some lines" if encoding != "utf-8" else ""
