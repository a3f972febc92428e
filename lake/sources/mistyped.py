"""Addresses of sources with a slip of the pen: a kind that there isn't, a name beside the right one."""

from __future__ import annotations

import os
import re

from lake import plugins
from lake.errors import UsageError
from lake.reporting import did_you_mean

#: What a kind is called; a single letter is none.
_KIND = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):(?!//)")


def check_kind(location: str) -> None:
    """Raises UsageError if a local name begins like the address of a kind that there isn't, and nothing is so named.

    Else a mistyped ``sqllite:docs.db?table=docs`` is a glob that matches nothing.
    """
    kind = _KIND.match(location)
    if kind is None or os.path.lexists(location):
        return
    if any(name.startswith(kind[0]) for name in os.listdir()):
        return
    kinds = sorted({"s3", "gs", *plugins.OURS["sources"], *plugins.names("sources")})
    meant = did_you_mean(kind[1], kinds, "`raglake sources kinds` lists them")
    raise UsageError(f"no kind of source {kind[1]!r}, and no file whose name begins with {kind[0]!r}{meant}")


def similar(location: str) -> str:
    """The end of a message: names beside a missing one that are spelt like it."""
    folder, name = os.path.split(location)
    try:
        return did_you_mean(name, os.listdir(folder))
    except OSError:
        return ""
