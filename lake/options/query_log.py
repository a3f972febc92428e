"""Options of the query log: how questions are kept, what is masked in them, and for how long."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from lake.errors import UsageError
from lake.options.declaration import check, option

#: Kinds of personal data that are recognised without a pattern of the operator's own.
MASKS = ("email", "card", "phone")

KeptText = Literal["plain", "hashed", "off"]


@dataclass(frozen=True, slots=True)
class QueryLogOptions:
    """How a lake's services log questions, once `raglake serve --query-log` switches the log on."""

    text: KeptText = option("plain", "How questions are kept: masked but legible, as a digest only, or not at all.")
    days: int = option(30, "Days after which `raglake prune` deletes rows of the log.", least=1, most=36_500)
    mask: tuple[str, ...] = option(MASKS, f"Kinds of personal data to mask: {', '.join(MASKS)}.")
    patterns: tuple[str, ...] = option((), 'Python regular expressions of what else to mask, such as ["KD-[0-9]{6}"].')

    def __post_init__(self) -> None:
        check(self)
        if unknown := sorted(set(self.mask) - set(MASKS)):
            raise UsageError(f"mask has no {', '.join(map(repr, unknown))}; its kinds: {', '.join(MASKS)}")
        for pattern in self.patterns:
            _check_pattern(pattern)


def _check_pattern(pattern: str) -> None:
    try:
        compiled = re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise UsageError(f"patterns: {pattern!r} is no regular expression ({error})") from error
    if compiled.match(""):
        raise UsageError(f"patterns: {pattern!r} also matches nothing at all; it must match at least one character")
