"""The log's entries by release, so that what is asked about each of thousands of releases reads few of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from lake.releases.values import Entry


@dataclass(frozen=True, slots=True)
class EntryIndex:
    """``about``: entries by the release that they name. ``first_live``: the entry with which each first became live.

    ``left_at``: when each last stopped being live. ``rolled_back``: the entries that moved readers away from each.
    """

    about: dict[str, list[Entry]]
    first_live: dict[str, Entry]
    left_at: dict[str, datetime]
    rolled_back: dict[str, list[Entry]]

    @classmethod
    def of(cls, entries: Sequence[Entry]) -> EntryIndex:
        found = cls({}, {}, {}, {})
        for entry in entries:
            found.about.setdefault(entry.release, []).append(entry)
            if entry.live:
                found.first_live.setdefault(entry.live, entry)
        for before, entry in pairwise(entries):
            if before.live and before.live != entry.live:
                found.left_at[before.live] = entry.at
            if before.live and entry.action == "rollback":
                found.rolled_back.setdefault(before.live, []).append(entry)
        return found
