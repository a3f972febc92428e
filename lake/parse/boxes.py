"""Boxes and bars that programs of DOS drew with characters, which tell the family of an encoding."""

from __future__ import annotations

import re

#: Code pages of DOS, in which these characters are the same.
CODE_PAGES = ("cp850", "cp852", "cp866", "cp737")
#: A level line or a bar; two of them are no letters of another encoding.
_LINE = re.compile(rb"[\xc4\xcd]{5,}|[\xb0-\xb2]{5,}|\xdb{5,}|\xdf{5,}")
_LEAST_LINES = 2
_DRAWN = (
    b"\xb0\xb1\xb2\xb3\xb4\xb9\xba\xbb\xbc\xbf\xc0\xc1\xc2\xc3\xc4\xc5\xc8\xc9\xca\xcb\xcc\xcd\xce\xd9\xda\xdb\xdc\xdf"
)
_SPACES = bytes.maketrans(_DRAWN, b" " * len(_DRAWN))


def without_boxes(data: bytes) -> bytes | None:
    r"""``data`` with spaces for what is drawn; None if it is no text of DOS with boxes.

    >>> without_boxes(b"\xc9\xcd\xcd\xcd\xcd\xcd\xbb\n\xbaK\x94ln \xba\n\xc8\xcd\xcd\xcd\xcd\xcd\xbc")
    b'       \n K\x94ln  \n       '
    """
    found = _LINE.finditer(data)
    if any(next(found, None) is None for _ in range(_LEAST_LINES)):
        return None
    return data.translate(_SPACES)
