"""Parts of internet mail: headers and bodies decoded leniently, flowed lines, files inside a text."""

from __future__ import annotations

import re
from binascii import a2b_base64
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from itertools import groupby

from lake.errors import InputError
from lake.parse.canonical import TextWriter, clean, one_line, paragraphs
from lake.parse.document import Kind, Omission
from lake.parse.mail.content_lines import whole_characters
from lake.parse.text import Decoded, decode

#: Charsets that software writes without knowing one.
_UNSTATED = ("us-ascii", "ascii", "unknown-8bit", "x-unknown", "unknown", "default", "iso-10646", "binary", "8bit")
_FOLDED = ("text/calendar", "text/vcard", "text/x-vcard", "text/directory")
_FOLD = re.compile(r"\r?\n(?=[ \t])")
_ENCODED_WORD = r"=\?[^?\s]+\?[BbQq]\?[^?]*\?="
_ENCODED_WORDS = re.compile(rf"{_ENCODED_WORD}(?:\s*{_ENCODED_WORD})*")
#: What a mailing list adds below a part in base64 without encoding it.
_BELOW_BASE64 = re.compile(r"(?:=[ \t]*\n|\n[ \t]*\n)(?=[^\n]*[^A-Za-z0-9+/=\s])(?=\S)")
#: A text that calls itself base64 but is none, and base64 in several pieces.
_NO_BASE64 = re.compile(r"[^A-Za-z0-9+/=_\s-]")
_PADDED_INSIDE, _PIECE, _NO_LETTER = (re.compile(one) for one in (r"=\s*[A-Za-z0-9+/]", r"[^=]+=*", r"[^A-Za-z0-9+/]"))
_LEAST_CUT = 16
_QUOTED = re.compile(r"^\s*>", re.MULTILINE)
_QUOTE_MARKS = re.compile(r"(?:> ?)*")
_UUENCODED = re.compile(r"^begin [0-7]{3,4} (\S[^\n]*)\n(?:[ -`]{1,62}\n)+?end[ \t]*$", re.MULTILINE)
#: Bytes of a file as they are, with a few of them escaped; a part that is cut off has no end.
_YENC = re.compile(rb"^=ybegin [^\r\n]*?\bname=([^\r\n]*)[\r\n].*?(?:^=yend [^\r\n]*|\Z)", re.MULTILINE | re.DOTALL)
#: Blocks of OpenPGP: encrypted texts, signatures and keys.
_ARMOURED = re.compile(
    r"^-----BEGIN PGP (?P<kind>MESSAGE|SIGNATURE|(?:PUBLIC|PRIVATE) KEY BLOCK)-----[ \t]*$"
    r".*?^-----END PGP (?P=kind)-----[ \t]*$",
    re.MULTILINE | re.DOTALL,
)
_ARMOUR_END = "-----END PGP "
_ENRICHED = re.compile(r"<<|<param>.*?</param>|</?[A-Za-z-]+>", re.DOTALL)


def header(message: Message, name: str) -> str:
    """A header in one line, with encoded words and raw bytes decoded; empty if it is missing."""
    raw = next((value for key, value in message.raw_items() if key.lower() == name), "")
    return one_line(unescaped(str(raw)))


def unescaped(raw: str) -> str:
    """The words of a header as it was sent."""
    if any("\ud800" <= character <= "\udfff" for character in raw):
        raw = _text(raw.encode("utf-8", "surrogateescape"))
    return clean(_ENCODED_WORDS.sub(_decoded, _FOLD.sub("", raw)))


def _decoded(match: re.Match[str]) -> str:
    try:
        pieces = decode_header(match[0])
    except (ValueError, TypeError, LookupError, MessageError):  # such as damaged base64
        return match[0]
    return "".join(piece if isinstance(piece, str) else _text(piece, charset) for piece, charset in pieces)


def _text(data: bytes, charset: str | None = None) -> str:
    try:
        return decode(data, charset=charset).text
    except InputError:
        return data.decode("utf-8", "replace")


def file_name(part: Message) -> str:
    """The name of a part as a file; empty if it has none."""
    try:
        name = part.get_filename()
    except (ValueError, TypeError, AttributeError, IndexError, LookupError):
        return ""
    return one_line(unescaped(str(name))) if name else ""


def parameter(part: Message, name: str) -> str:
    """A parameter of the content type, in lower case; empty if it is missing or damaged."""
    try:
        value = part.get_param(name)
    except (ValueError, TypeError, AttributeError, IndexError, LookupError):
        return ""
    if isinstance(value, tuple):
        value = value[2]
    return str(value or "").strip().lower()


def payload(part: Message) -> bytes:
    """The bytes of a part; what base64 or quoted-printable can't be read of is left out."""
    encoded, below = _parted(part)
    if _NO_BASE64.search(encoded.lstrip().partition("\n")[0]):
        return encoded.encode("utf-8", "surrogateescape")
    if below or _PADDED_INSIDE.search(encoded) or _is_cut_off(encoded):
        return b"".join(map(_bytes_of, _PIECE.findall(encoded)))
    try:
        found = part.get_payload(decode=True)
    except (ValueError, TypeError, AssertionError, LookupError):
        found = str(part.get_payload()).encode("utf-8", "surrogateescape")
    return found if isinstance(found, bytes) else b""


def _bytes_of(base64: str) -> bytes:
    """What a piece of base64 says, of which blanks, padding or a last letter may be wrong."""
    letters = _NO_LETTER.sub("", base64)
    letters = letters[: len(letters) - (len(letters) % 4 == 1)]
    return a2b_base64(letters + "=" * (-len(letters) % 4))


def _is_cut_off(base64: str) -> bool:
    """Whether base64 ends inside a group of four letters so that no padding can complete it."""
    return len(base64) > _LEAST_CUT and len(_NO_LETTER.sub("", base64)) % 4 == 1 and " " not in base64.strip()


def _parted(part: Message) -> tuple[str, str]:
    """A part in base64, and the plain text below it; both empty for other parts."""
    if str(part.get("content-transfer-encoding", "")).strip().lower() != "base64" or part.is_multipart():
        return "", ""
    whole = str(part.get_payload()).replace("\r\n", "\n")
    below = _BELOW_BASE64.search(whole)
    return (whole[: below.start() + 1], whole[below.end() :]) if below else (whole, "")


def content(part: Message, *, markup: bool = False) -> Decoded:
    """Decoded text of a part in its stated charset, or in the one it is really in. Raises the errors of ``decode``."""
    charset = parameter(part, "charset")
    data, files = _without_yenc(payload(part))
    if part.get_content_type() in _FOLDED:
        data = whole_characters(data)
    encoded, below = _parted(part)
    if _is_cut_off(encoded):
        files += (Omission("unreadable", 0, "base64 that is cut off"),)
    if below and data:
        data += (b"\n\n<pre>%s</pre>" if markup else b"\n\n%s") % below.encode("utf-8", "surrogateescape")
    if not data.strip():
        return Decoded("", {}, files)
    found = decode(data, declared=markup, charset=None if charset in _UNSTATED else charset)
    return found._replace(omitted=(*found.omitted, *files))


def _without_yenc(data: bytes) -> tuple[bytes, tuple[Omission, ...]]:
    """``data`` without files in yEnc, and their names."""
    if b"=ybegin " not in data:
        return data, ()
    names: list[str] = []

    def named(match: re.Match[bytes]) -> bytes:
        if match[0].isascii():  # a text about such files
            return match[0]
        names.append(one_line(_text(match[1])) or "yEnc")
        return b""

    return _YENC.sub(named, data), tuple(Omission("encoded_data", 0, name) for name in names)


def unflowed(text: str, *, delete_space: bool = False) -> str:
    r"""Join lines that a sender of ``format=flowed`` broke.

    >>> unflowed("one \ntwo\n> a \n> b\n-- \nme")
    'one two\n> a b\n-- \nme'
    """
    lines: list[str] = []
    open_depth = -1
    for line in text.split("\n"):
        marks = _QUOTE_MARKS.match(line)
        depth = marks[0].count(">") if marks else 0
        words = line[marks.end() if marks and depth else 0 :]
        if not depth and words.startswith(" "):
            words = words[1:]
        if open_depth == depth and words.rstrip(" ") != "--":
            lines[-1] += words
        else:
            lines.append(("> " if depth else "") * max(depth, 1) + words)
        open_depth = depth if words.endswith(" ") and words != "-- " else -1
        if delete_space and open_depth >= 0:
            lines[-1] = lines[-1][:-1]
    return "\n".join(lines)


def write_plain(text: str, writer: TextWriter) -> list[str]:
    """Append a plain body, quotes apart. Files written as text are left out; their names are returned."""
    names = []
    for match in _UUENCODED.finditer(text):
        names.append(one_line(match[1]))
        writer.omit("encoded_data", match[0], names[-1])
    text = _UUENCODED.sub("", text)
    end = text.rfind(_ARMOUR_END) + 1  # behind the last end a beginning has none
    if end:
        text = _without_armour(text, text.find("\n", end), writer)
    for block in paragraphs(text):
        lines = text[block.start : block.end].split("\n")
        for quoted, run in groupby(lines, key=lambda line: bool(_QUOTED.match(line))):
            kind: Kind = "quote" if quoted else "paragraph"
            writer.add("\n".join(run), kind)
    return names


def _without_armour(text: str, end: int, writer: TextWriter) -> str:
    """``text`` without the blocks of OpenPGP that stand before ``end``, which are named."""
    end = end if end >= 0 else len(text)
    for match in _ARMOURED.finditer(text, 0, end):
        kind = "encrypted text" if match["kind"] == "MESSAGE" else match["kind"].lower()
        if match["kind"] == "MESSAGE":
            writer.omit("unreadable", "", kind)
        writer.omit("encoded_data", match[0], kind)
    return _ARMOURED.sub("", text[:end]) + text[end:]


def without_tags(text: str) -> str:
    """``text/enriched`` as plain text."""
    return _ENRICHED.sub(lambda match: "<" if match[0] == "<<" else "", text)
