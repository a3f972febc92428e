"""The messages of an mbox file, told apart from lines of text that begin with "From " as well."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import BinaryIO

_WEEKDAY = rb"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b"
_MONTH = rb"\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\b"
#: A separator as programs write it: an address, then a date as in C's asctime, with or without a time zone.
_FORM = re.compile(rb"From \S.*" + _WEEKDAY + rb".*" + _MONTH + rb".*\b\d{1,2}:\d\d")
#: One with a date of another form has at least a year.
_YEAR = re.compile(rb"From \S.*\b(?:19|20)\d\d\b")
_HEADER = re.compile(rb"([!-9;-~]+)[ \t]*:|>From ")
_LENGTH = re.compile(rb"^Content-Length:[ \t]*(\d+)[ \t]*\r?$", re.M | re.I)
#: Of these a message has at least one, as a rule many.
_OF_MESSAGES = frozenset((b"from", b"date", b"message-id", b"received", b"return-path"))
_LONGEST_HEAD = 1000


def messages(file: BinaryIO) -> Iterator[bytes]:
    """The bytes of each message, without its separator and the empty line before the next.

    A line that begins with "From " is a separator if it has the form of one, an empty line before it and a header
    after it. Without the empty line, or with a date of another form, the headers must be those of a message. Inside of
    the length that a message states nothing is, if a separator or the end of the file follows it.
    """
    parts: list[bytes] | None = None
    in_head, is_blank, ends = False, True, False
    while line := file.readline():
        if line.startswith(b"From ") and (parts is None or ends or _begins(line, file, is_blank=is_blank)):
            if parts is not None:
                yield _whole(parts)
            parts, in_head, is_blank, ends = [], True, False, False
            continue
        parts = [] if parts is None else parts
        parts.append(line)
        is_blank = not line.strip(b"\r\n")
        ends = ends and is_blank
        if in_head and is_blank:
            in_head = False
            if (body := _stated(parts, file)) is not None:
                parts.append(body)
                ends = True
    if parts is not None:
        yield _whole(parts)


def _whole(parts: list[bytes]) -> bytes:
    return b"".join(parts[:-1] if parts[-1:] == [b"\n"] else parts)


def _head(file: BinaryIO) -> Sequence[bytes]:
    """The lines that follow, up to an empty one or to what may be another separator."""
    here = file.tell()
    lines = (file.readline() for _ in range(_LONGEST_HEAD))
    found = list(takewhile(lambda line: line.strip(b"\r\n") and not line.startswith(b"From "), lines))
    file.seek(here)
    return found


def _begins(line: bytes, file: BinaryIO, *, is_blank: bool) -> bool:
    has_form = bool(_FORM.match(line))
    if not has_form and not (is_blank and _YEAR.match(line)):
        return False
    head = _head(file)
    if not head or not _HEADER.match(head[0]):
        return False
    names = {(found[1] or b"").lower() for one in head if (found := _HEADER.match(one))} & _OF_MESSAGES
    return is_blank or bool(names) if has_form else b"from" in names and len(names) > 1


def _stated(head: Sequence[bytes], file: BinaryIO) -> bytes | None:
    """The body of the length that a head states; None if no separator follows it, as after an edit."""
    stated = _LENGTH.search(b"".join(head))
    if stated is None:
        return None
    here = file.tell()
    body = file.read(int(stated[1]))
    end = file.tell()
    following = file.read(16).lstrip(b"\r\n")
    if len(body) == int(stated[1]) and body.endswith(b"\n") and (not following or following.startswith(b"From ")):
        file.seek(end)
        return body
    file.seek(here)
    return None
