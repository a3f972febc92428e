"""Splits sessions between releases or profiles on trial: decided by a hash, never by chance or memory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from math import isfinite
from pathlib import Path
from typing import TypeVar

from lake.errors import UsageError
from lake.options.named_numbers import named_numbers
from lake.schemas.result import SearchResult
from lake.search.query_ids import query_id
from lake.service.profiles import Profile, read_profile

T = TypeVar("T")
_RANGE = 1 << 64


#: What a query_id and the records call the sessions of a trial of profiles that are answered as usual.
CONTROL = "control"


@dataclass(frozen=True, slots=True)
class Arm:
    """How the sessions on one side of a trial are answered; ``variant`` is None unless profiles are on trial."""

    at: str = "live"
    variant: str | None = None
    profile: Profile = field(default_factory=Profile)

    def marked(self, found: T, question: str) -> T:
        """A result whose query_id names the variant; an error as it is."""
        if self.variant is None or not isinstance(found, SearchResult):
            return found
        return replace(found, query_id=query_id(found.release, question, self.variant))


@dataclass(frozen=True, slots=True)
class Split:
    """Releases and profiles, and the shares of sessions that they answer; ``live`` as usual answers the rest.

    >>> split = Split({"2026-11-21.2": 0.25})
    >>> [split.release_for(key) for key in ("anna", "boris", "clara", "dora", "emil", "fritz")].count("live")
    4
    >>> split.release_for("anna") == split.release_for("anna")
    True
    """

    shares: Mapping[str, float]
    profiles: Mapping[str, Profile] = field(default_factory=dict)

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
        """The release or profile that answers this key, the same each time; "live" for the rest.

        Another set of them places keys anew, so that trials do not share their sessions. If the share of a single
        release grows, it keeps the sessions it has.
        """
        names = self.names
        digest = hashlib.sha256("\x1f".join(["split", *names, key]).encode("utf-8", "surrogatepass")).digest()
        place, reached = int.from_bytes(digest[:8], "big") / _RANGE, 0.0
        for name in names:
            reached += self.shares[name]
            if place < reached:
                return name
        return "live"

    @property
    def names(self) -> list[str]:
        """Everything on trial."""
        return sorted(self.shares)

    @property
    def releases(self) -> list[str]:
        return [name for name in self.names if name not in self.profiles]

    def arm(self, key: str) -> Arm:
        """How this key is answered, the same each time."""
        name = self.release_for(key)
        if name in self.profiles:
            return Arm(variant=name, profile=self.profiles[name])
        return Arm(name, CONTROL if self.profiles and name == "live" else None)

    def with_releases(self, ids: Mapping[str, str]) -> Split:
        """The same trial of releases under their ids."""
        return Split({ids.get(name, name): share for name, share in self.shares.items()}, self.profiles)


def parse_split(words: Iterable[str]) -> Split:
    """Parses ``RELEASE=SHARE`` and ``PROFILE.json=SHARE`` words of a command line; reads the profiles.

    A profile is called by the name of its file without ``.json``.
    """
    given = named_numbers(words, form="RELEASE=SHARE or PROFILE.json=SHARE", example="2026-11-21.2=0.1")
    named = {word: Path(word).stem if word.endswith(".json") else word for word in given}
    if len(set(named.values())) < len(named) or CONTROL in named.values():
        raise UsageError(f"a trial needs different names for its sides, none of them {CONTROL}: {', '.join(given)}")
    profiles = {name: read_profile(word) for word, name in named.items() if word != name}
    return Split({named[word]: share for word, share in given.items()}, profiles)
