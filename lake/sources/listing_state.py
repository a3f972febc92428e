"""Where the next listing of a source may continue."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

#: A listing by a cursor is replaced by a full one at this age, which finds what the cursor lost.
FULL_EVERY = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class ListingState:
    """The cursor of a listing, stored with it, so that neither is ever ahead of the other.

    ``full_at``: ISO time of the last full listing. ``selection``: what decided which documents the source has.
    """

    position: str
    version: str
    full_at: str
    selection: str

    def is_young(self, now: datetime) -> bool:
        """Whether a listing may continue from it."""
        return now - datetime.fromisoformat(self.full_at) < FULL_EVERY

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> ListingState:
        """Raises ValueError or TypeError for anything else, which only means that the next listing is full."""
        return cls(**json.loads(text))
