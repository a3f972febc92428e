"""Splits sessions between releases while two are compared: decided by a hash, never by chance or memory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isfinite

from lake.errors import UsageError
from lake.options.named_numbers import named_numbers

_RANGE = 1 << 64


@dataclass(frozen=True, slots=True)
class Split:
    """Releases and the shares of sessions that they answer; ``live`` answers the rest.

    >>> split = Split({"2026-11-21.2": 0.25})
    >>> [split.release_for(key) for key in ("anna", "boris", "clara", "dora", "emil", "fritz")].count("live")
    4
    >>> split.release_for("anna") == split.release_for("anna")
    True
    """

    shares: Mapping[str, float]

    def __post_init__(self) -> None:
        if not self.shares:
            raise UsageError("a split names at least one release and its share, as 2026-11-21.2=0.1")
        for release, share in self.shares.items():
            is_number = isinstance(share, int | float) and not isinstance(share, bool) and isfinite(share)
            if release == "live" or not is_number or not 0 < share <= 1:
                raise UsageError(f"the share {share!r} of {release!r} must be above 0 and at most 1; live has the rest")
        if sum(self.shares.values()) > 1 + 1e-9:
            raise UsageError(f"the shares {dict(self.shares)} add up to more than 1")

    def release_for(self, key: str) -> str:
        """The release that answers this key, the same each time; "live" for the rest.

        Another set of releases places keys anew, so that trials do not share their sessions. If the share of a single
        release grows, it keeps the sessions it has.
        """
        names = sorted(self.shares)
        digest = hashlib.sha256("\x1f".join(["split", *names, key]).encode("utf-8", "surrogatepass")).digest()
        place, reached = int.from_bytes(digest[:8], "big") / _RANGE, 0.0
        for name in names:
            reached += self.shares[name]
            if place < reached:
                return name
        return "live"


def parse_split(words: Iterable[str]) -> Split:
    """Parses ``RELEASE=SHARE`` words of a command line."""
    return Split(named_numbers(words, form="RELEASE=SHARE", example="2026-11-21.2=0.1"))
