"""Lines of calendars and cards (RFC 5545, RFC 6350, and their forerunners of 1996): folded, escaped, encoded."""

from __future__ import annotations

import re
from binascii import a2b_qp
from dataclasses import dataclass

from lake.errors import InputError
from lake.parse.text import decode

_LINE = re.compile(r'^(?:([A-Za-z0-9-]+)\.)?([A-Za-z0-9-]+)((?:;[^:;"\n]*(?:"[^"\n]*"[^:;"\n]*)*)*):(.*)$', re.DOTALL)
#: A line that is folded inside a character of UTF-8, as writers do that count bytes.
_PARTED = re.compile(rb"(?<=[\x80-\xf4])\r?\n[ \t](?=[\x80-\xbf])")
_PRINTABLE = re.compile(r"^[^:\n]*;(?:ENCODING=)?QUOTED-PRINTABLE\b[^:\n]*:", re.IGNORECASE)
_CHARSET = re.compile(r";CHARSET=\"?([^\";:]+)", re.IGNORECASE)
_TYPES = re.compile(r';(?:TYPE=)?"?([^=";:]+)"?(?=[;:]|$)', re.IGNORECASE)
_ESCAPED = re.compile(r"\\([nN,;\\:])")
_TIME = re.compile(r"\b(\d{4})-?(\d\d)-?(\d\d)(?:T(\d\d):?(\d\d)(?::?\d\d)?(?:\.\d+)?(Z?))?(?!\w)")
#: A day of every year, which Apple writes with the year that it states as none.
_DAY_OF_YEAR, _NO_YEAR = re.compile(r"^--(\d\d)-?(\d\d)$"), re.compile(r";X-APPLE-OMIT-YEAR=(\d{4})", re.IGNORECASE)
#: What stands before the name of a zone in the files of some programs.
_PLACE = re.compile(r"^.*/(?=(?:Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Europe|Indian|Pacific)/)")
_ZONE = re.compile(r';TZID="?/?([^";:]+)', re.IGNORECASE)
#: Words of parameters that tell how a value is written.
_ENCODINGS = frozenset(("quoted-printable", "base64", "b", "8bit", "7bit"))


@dataclass(frozen=True, slots=True)
class Property:
    """One line: ``name`` in capitals, ``value`` with its escapes, ``line`` as it was written. Others have no name."""

    name: str
    parameters: str
    value: str
    line: str
    group: str = ""

    @property
    def text(self) -> str:
        """The value as a person wrote it."""
        return unescaped(self.value)

    @property
    def parts(self) -> list[str]:
        """The parts between semicolons, without blank ones."""
        return [part for raw in re.split(r"(?<!\\);", self.value) if (part := unescaped(raw).strip())]

    @property
    def types(self) -> list[str]:
        """What the property is for, such as ``work``, in lower case."""
        found = (one for words in _TYPES.findall(self.parameters) for one in words.lower().split(","))
        return [word for word in dict.fromkeys(found) if word not in _ENCODINGS]

    @property
    def time(self) -> str:
        """The value with its times as a person writes them, and their zone."""
        zone, no_year = _ZONE.search(self.parameters), _NO_YEAR.search(self.parameters)
        text = self.text.replace(f"{no_year[1]}-", "--", 1) if no_year else self.text
        found = _TIME.sub(_readable, _DAY_OF_YEAR.sub(r"\1-\2", text))
        return found + (f" ({_PLACE.sub('', zone[1])})" if zone else "")

    @property
    def is_binary(self) -> bool:
        """Whether the value is a file in base64, or the address of one inside the line."""
        marks = self.parameters.upper()
        is_encoded = any(mark in marks for mark in ("BASE64", "ENCODING=B", "BINARY"))
        return is_encoded or self.value[:5].lower() == "data:"


def whole_characters(data: bytes) -> bytes:
    """The bytes without folds that part a character.

    >>> whole_characters(b"SUMMARY:Gr\\xc3\\n \\xbcn") == "SUMMARY:Gr\u00fcn".encode()
    True
    """
    return _PARTED.sub(b"", data)


def properties(text: str) -> list[Property]:
    """All lines that are not blank, unfolded."""
    return [_property(line) for line in _unfolded(text) if line.strip()]


def unescaped(value: str) -> str:
    r"""The value without escapes.

    >>> unescaped(r"oil\, rope\nand salt")
    'oil, rope\nand salt'
    """
    return _ESCAPED.sub(lambda match: "\n" if match[1] in "nN" else match[1], value)


def _readable(match: re.Match[str]) -> str:
    day = "-".join(match.group(1, 2, 3))
    return f"{day} {match[4]}:{match[5]}{' UTC' if match[6] else ''}" if match[4] else day


def _unfolded(text: str) -> list[str]:
    found: list[list[str]] = []
    is_open = False
    for line in re.sub(r"\r\n?", "\n", text).split("\n"):
        if is_open and found:
            found[-1].append(f"\n{line}")
        elif line[:1] in (" ", "\t") and found:
            found[-1].append(line[1:])
        else:
            found.append([line])
        # A line of quoted-printable goes on behind a sign at its end, without a blank.
        is_open = line.endswith("=") and (is_open or _PRINTABLE.match(line) is not None)
    return ["".join(parts) for parts in found]


def _property(line: str) -> Property:
    match = _LINE.match(line.strip())
    if match is None:
        return Property("", "", line, line)
    group, name, parameters, value = match[1] or "", match[2].upper(), match[3], match[4]
    if _PRINTABLE.match(line.strip()):
        value = _printable(value, parameters)
        line = f"{name}{parameters}:{value}"
    return Property(name, parameters, value, line, group.lower())


def _printable(value: str, parameters: str) -> str:
    charset = _CHARSET.search(parameters)
    data = a2b_qp(value.encode("utf-8", "surrogateescape"))
    try:
        return decode(data, charset=charset[1] if charset else None).text if data.strip() else ""
    except InputError:
        return value
