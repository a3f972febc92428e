"""Secrets are named in URLs and never written in them.

``$NAME`` is an environment variable, ``block:NAME`` or ``block:TYPE/NAME.FIELD`` a block of Prefect.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable

from lake.errors import UsageError

_BLOCK = r"(?:[a-z0-9][a-z0-9-]*/)?[a-z0-9][a-z0-9-]*(?:\.\w+)?"
_REFERENCE = re.compile(rf"\$([A-Za-z_]\w*)|block:({_BLOCK})")
#: Shorter values are in too many words to be left out of them.
_SHORTEST = 4
_resolved: set[str] = set()


def _no_blocks(name: str) -> str:
    raise UsageError(f"block:{name} names a Prefect block, which only `raglake` and its flows can load")


#: Loads the secret of the block that NAME or TYPE/NAME.FIELD names; ``tasks`` sets it, which may import Prefect.
block_loader: Callable[[str], str] = _no_blocks


def resolved(value: str) -> str:
    """The secret that a value refers to; the value itself if it is no reference.

    Raises UsageError if the variable is not set.
    """
    found = _REFERENCE.fullmatch(value)
    if found is None:
        return value
    variable, block = found.groups()
    secret = os.environ.get(variable, "") if variable else block_loader(block)
    if not secret:
        raise UsageError(f"the environment variable {variable} is not set" if variable else f"{value} is empty")
    _resolved.add(secret)
    return secret


def hidden(text: str) -> str:
    """The text with an ellipsis for each secret that this process resolved."""
    for secret in sorted(_resolved, key=len, reverse=True):
        if len(secret) >= _SHORTEST:
            text = text.replace(secret, "...")
    return text
