"""Elements with more attributes than anybody writes: parsers take the square of their number in time."""

from __future__ import annotations

import re

from lake.errors import InputError

_MOST = 5000
#: A tag that is long enough for them.
_LONG_TAG = re.compile(rf"<[A-Za-z][^<>]{{{2 * _MOST},}}")
_QUOTED = re.compile(r""""[^"]*"|'[^']*'""")


def refuse_many_attributes(source: str) -> None:
    """Raises InputError (too_large) if an element has thousands of attributes."""
    for tag in _LONG_TAG.finditer(source):
        if (n := len(_QUOTED.sub(" ", tag[0]).split()) - 1) > _MOST:
            raise InputError(
                f"an element has {n:,} attributes, more than the {_MOST:,} that can be read; write elements",
                "too_large",
            )
