"""Options of a watch: how soon a change must be published."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lake.errors import UsageError
from lake.options.declaration import check, option

_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|min|h)?")
_UNITS = {None: 1, "s": 1, "m": 60, "min": 60, "h": 3600}


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchOptions:
    """The promised lag, and how changes become runs."""

    lag: float = option(
        60.0, "Publish a change within N seconds, and report each one that took longer.", title="Lag", above=0
    )
    settle: float = option(
        0.5,
        "Wait until nothing has changed for N seconds, but never longer than a third of the lag.",
        title="Settle, seconds",
        least=0,
    )
    burst: int = option(
        5000, "List everything if more than N documents changed at once.", title="Burst", least=1, most=100_000
    )

    events: tuple[str, ...] = option(
        (),
        "Follow this stream of events (redis://..., kafka://...); SOURCE=URL if all of them are about one source.",
        title="Events",
    )

    def __post_init__(self) -> None:
        check(self)


def seconds(text: str) -> float:
    """A length of time in seconds. Raises UsageError if it is none.

    >>> seconds("60s"), seconds("1.5m"), seconds("90")
    (60.0, 90.0, 90.0)
    """
    found = _SPAN.fullmatch(text.strip())
    if found is None:
        raise UsageError(f"{text!r} is no length of time; write 60s, 2m or 1h")
    return float(found[1]) * _UNITS[found[2]]
