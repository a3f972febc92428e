"""Objects of a PDF file as Python values, and its streams without their filters; lenient, and never recursive."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from typing import NamedTuple

_TOKEN = re.compile(
    rb"(?:[\s\0]+|%[^\r\n]*)*(?:/(?P<name>[^\s\0<>\[\]()/%{}]*)"
    rb"|(?P<ref>\d{1,10})[\s\0]+\d{1,5}[\s\0]+R(?![^\s\0<>\[\]()/%{}])|(?P<number>[-+]?\d{1,18}(?![\d.]))"
    rb"|(?P<refs>\[(?:[\s\0]*\d{1,10}[\s\0]+\d{1,5}[\s\0]+R)+[\s\0]*\])|\[(?P<numbers>[\s\0\d.+-]*)\]"
    rb"|(?P<open><<|\[)|(?P<close>>>|\])|(?P<string>\()|(?P<end>endobj|stream)|(?P<other><[^>]*>|[^\s\0<>\[\]()/%{}]+))"
)
_REF = re.compile(rb"(\d+)[\s\0]+\d+[\s\0]+R")
_PARENTHESIS = re.compile(rb"[()]|\\.", re.DOTALL)
_ESCAPED = re.compile(rb"\\([0-7]{1,3}|\r\n|.)", re.DOTALL)
_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
_HEX_STRING = re.compile(rb"<((?:[\s\0]*[0-9A-Fa-f][\s\0]*[0-9A-Fa-f])*)")
#: Signs that the encoding of texts has in the place of Latin-1's controls.
_OTHER_SIGNS = {
    0x80 + i: sign
    for i, sign in enumerate("•†‡…—\u2013ƒ\u2044\u2039\u203a\u2212‰„“”\u2018\u2019\u201a™ﬁﬂŁŒŠŸŽıłœšž\ufffd€")
}
_STREAM = re.compile(rb"[\s\0]*stream(?:\r\n|\n|\r)?")
#: The head of most streams with content.
_USUAL_STREAM = re.compile(
    rb"\s*<<\s*(?:/Length\s(\d{1,10})(?P<ref>\s\d{1,5}\sR)?\s*/Filter\s?/FlateDecode"
    rb"|/Filter\s?/FlateDecode\s*/Length\s(\d{1,10}))\s*>>\s*stream\r?\n"
)
_PLAIN = re.compile(rb"[\t\n\f\r -~]+")
_MOST_TOKENS = 200_000
_MOST_BYTES = 1 << 28
_FLATE = ("FlateDecode", "Fl")
_ASCII85 = ("ASCII85Decode", "A85")
#: Filters that this module does not undo, but pdfium does.
_OTHERS = ("LZWDecode", "LZW", "RunLengthDecode", "RL", "Crypt")
_HEX = ("ASCIIHexDecode", "AHx")


class Ref(NamedTuple):
    """A reference to the object with this number."""

    number: int


class Name(str):
    """A name, written with a slash."""

    __slots__ = ()


class Stream(NamedTuple):
    """A stream: its dictionary, and its bytes as they stand in the file."""

    entries: dict[str, Value]
    raw: bytes


Value = Ref | Stream | Name | dict[str, "Value"] | list["Value"] | int | bool | None
Resolve = Callable[[Value], Value]


def parse_value(data: bytes, at: int) -> Value:
    """The value that begins at a place; strings, numbers with a point and what is damaged are None."""
    if usual := _USUAL_STREAM.match(data, at):
        number = int(usual[1] or usual[3])
        length = Ref(number) if usual["ref"] else number
        entries: dict[str, Value] = {"Length": length, "Filter": Name("FlateDecode")}
        return Stream(entries, _stream_bytes(data, usual.end(), length))
    value, at = parse_until(data, at)
    begin = _STREAM.match(data, at) if isinstance(value, dict) else None
    if begin is None or not isinstance(value, dict):
        return value
    return Stream(value, _stream_bytes(data, begin.end(), value.get("Length")))


def parse_until(data: bytes, at: int) -> tuple[Value, int]:
    """The value that begins at a place, and where it ends."""
    outer: list[list[Value]] = []
    held: list[Value] = []
    match = _TOKEN.match
    for _ in range(_MOST_TOKENS):
        token = match(data, at)
        if token is None:
            break
        at = token.end()
        kind = token.lastgroup
        if kind == "name":
            held.append(Name(token[0][token[0].index(b"/") + 1 :].decode("latin-1")))
        elif kind == "ref":
            held.append(Ref(int(token["ref"])))
        elif kind == "number":
            held.append(int(token["number"]))
        elif kind == "refs":
            held.append([Ref(int(number)) for number in _REF.findall(token["refs"])])
        elif kind == "numbers":
            held.append([int(number) if number.isdigit() else None for number in token["numbers"].split()])
        elif kind == "open":
            outer.append(held)
            held = []
            continue
        elif kind == "close":
            if not outer:
                break
            inside = _dictionary(held) if data[at - 1 : at] == b">" else held
            held = outer.pop()
            held.append(inside)
        elif kind == "end":
            break
        else:
            at = string_end(data, at) if kind == "string" else at
            held.append(None)
        if not outer:
            break
    while outer:
        inside = _dictionary(held) if held and isinstance(held[0], Name) else held
        held = outer.pop()
        held.append(inside)
    return (held[0] if held else None), at


def _dictionary(inside: list[Value]) -> dict[str, Value]:
    return {key: value for key, value in zip(inside[::2], inside[1::2], strict=False) if isinstance(key, Name)}


def string_end(data: bytes, at: int) -> int:
    """Where a string ends whose first parenthesis stands before ``at``."""
    depth = 1
    while depth and (found := _PARENTHESIS.search(data, at)):
        at = found.end()
        depth += {b"(": 1, b")": -1}.get(found[0], 0)
    return at


def text_string(data: bytes, at: int) -> str:
    """The text of a string that begins at a place; empty if none does."""
    if data[at : at + 1] == b"(":
        raw = _ESCAPED.sub(_unescaped, data[at + 1 : string_end(data, at + 1) - 1])
    else:
        digits = _HEX_STRING.match(data, at)
        raw = bytes.fromhex(re.sub(rb"[\s\0]", b"", digits[1]).decode()) if digits else b""
    if raw.startswith((b"\xfe\xff", b"\xff\xfe")):
        return raw.decode("utf-16", "replace")
    return (
        raw.decode("utf-8-sig", "replace")
        if raw.startswith(b"\xef\xbb\xbf")
        else raw.decode("latin-1").translate(_OTHER_SIGNS)
    )


def _unescaped(match: re.Match[bytes]) -> bytes:
    escaped = match[1]
    if escaped.isdigit():
        return bytes([int(escaped, 8) & 0xFF])
    return b"" if escaped in (b"\r", b"\n", b"\r\n") else _ESCAPES.get(escaped, escaped)


def _stream_bytes(data: bytes, start: int, length: Value) -> bytes:
    """A stream's bytes by its length if the stream ends there, else up to the word that ends it."""
    if type(length) is int and length >= 0 and data[start + length : start + length + 12].lstrip()[:9] == b"endstream":
        return data[start : start + length]
    end = data.find(b"endstream", start)
    return data[start : end if end >= 0 else len(data)]


def decoded(stream: Stream, resolve: Resolve) -> tuple[bytes, str]:
    """A stream's bytes without its filters as far as they can be read, and why they can't be read in full, or ""."""
    filters = resolve(stream.entries.get("Filter"))
    data = stream.raw
    for one in filters if isinstance(filters, list) else [filters]:
        name = resolve(one)
        if name is None:
            continue
        if name in _FLATE:
            data, cause = _inflated(data)
        elif name in _ASCII85:
            data, cause = _from_ascii85(data)
        elif name in _HEX:
            digits = re.sub(rb"[\s\0]", b"", data.partition(b">")[0])
            usable = re.match(rb"(?:[0-9A-Fa-f]{2})*", digits)
            data, cause = bytes.fromhex(usable[0].decode() if usable else ""), ""
        elif name in _OTHERS:
            return b"", ""
        else:
            # Pdfium takes such data as they are.
            return data, "" if _PLAIN.fullmatch(data, 0, 200) else f"its filter {name} is none of a text's"
        if cause:
            return data, cause
    return data, ""


def _inflated(data: bytes) -> tuple[bytes, str]:
    """What a Flate stream holds; a checksum that is missing is no damage."""
    inflater = zlib.decompressobj()
    try:
        found = inflater.decompress(data, _MOST_BYTES)
    except zlib.error as error:
        if "check" in str(error) and "header" not in str(error):
            return b"", "its checksum is wrong"
        return b"", "its data can't be decompressed"
    if inflater.eof or inflater.unconsumed_tail or (not found and not data.strip()):
        return found, ""
    raw = zlib.decompressobj(-15)
    raw.decompress(data[2:], _MOST_BYTES)
    return found, "" if raw.eof else "its end is missing"


def _from_ascii85(data: bytes) -> tuple[bytes, str]:
    import base64

    text = re.sub(rb"[\s\0]", b"", data.partition(b"~")[0])
    try:
        found = base64.a85decode(text)
        return found, "" if found or len(data) <= len(b"~>") else "its data is no ASCII85"
    except ValueError:
        return b"", "its data is no ASCII85"
