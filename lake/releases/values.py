"""Releases and entries of the log, as values without any reading or writing."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal

from lake.recipe import Recipe

Action = Literal[
    "build",
    "audit",
    "gate",
    "publish",
    "rollback",
    "pin",
    "unpin",
    "name",
    "unname",
    "rebuild",
    "prune",
    "forget",
    "proof",
    "rights",
]
Status = Literal["live", "candidate", "refused", "superseded", "rolled back"]


#: The count of documents that a run looked at, if it did not look at all of its sources.
LOOKED_AT = "n_looked_at"


def quarantine_share(n_quarantined: int, n_documents: int) -> float:
    """The share of the documents that the sources list which is in quarantine; ``n_documents`` are indexed.

    >>> quarantine_share(1, 3), quarantine_share(0, 0)
    (0.25, 0.0)
    """
    return n_quarantined / max(1, n_quarantined + n_documents)


@dataclass(frozen=True, slots=True)
class Release:
    """A consistent set of table versions and its metadata.

    ``digest`` is a function of documents and recipe alone: two releases with one digest hold the same
    rows. ``versions`` maps table to LanceDB version inside the ``generation`` folder of tables.
    ``commit`` names the Parquet delta from which the tables can be rebuilt on top of those of ``delta_base``,
    which is the ``base`` that it was built on until that one is pruned.
    """

    id: str
    digest: str
    base: str | None
    recipe: Recipe
    generation: str
    versions: dict[str, int]
    counts: dict[str, int]
    created_at: datetime
    commit: str
    delta_base: str | None

    @property
    def is_scoped(self) -> bool:
        """Whether the run that built it looked at some documents only, and audit and gate at a sample."""
        return LOOKED_AT in self.counts

    def __repr__(self) -> str:
        counts = ", ".join(f"{self.counts.get(f'n_{name}', 0):,} {name}" for name in ("documents", "chunks"))
        return f"<Release {self.id} with {counts}>"

    def to_json(self) -> dict[str, Any]:
        stored = {("release" if one.name == "id" else one.name): getattr(self, one.name) for one in fields(self)}
        made = {"recipe": self.recipe.to_json(), "created_at": self.created_at.isoformat()}
        return {**stored, "versions": dict(self.versions), "counts": dict(self.counts), **made}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Release:
        found = {"delta_base": value["base"], **value}
        found["id"] = found.pop("release")
        found["recipe"] = _recipe(json.dumps(value["recipe"]))
        found["created_at"] = datetime.fromisoformat(value["created_at"])
        return cls(**found)


@lru_cache(maxsize=64)
def _recipe(text: str) -> Recipe:
    """One value for the thousands of releases that have the same recipe."""
    return Recipe.from_json(json.loads(text))


@dataclass(frozen=True, slots=True)
class Spent:
    """The cost of the run that finished a candidate, up to its log entry: ``seconds`` since the run began, texts and
    tokens that it embedded, and ``cost_usd`` for these, None if the price is unknown.

    They exclude what an earlier run that died had embedded.
    """

    n_texts_embedded: int = 0
    n_tokens_embedded: int = 0
    cost_usd: float | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log. ``live``, ``pinned`` and ``rights`` (the path of the current RIGHTS; None if no document was
    ever restricted) state what holds after it, so the last entry gives the current state.

    ``facts`` by action: a build's ``release``, what it ``spent`` (Spent), its ``oldest_change_at``, and the versions of
    its ``sources`` by name, such as a commit (older logs lack all three); an audit's ``verdict``; a gate's ``outcome``
    (passed, warned, blocked, or off) and the release it was compared ``against``; whether a publish was ``forced``;
    the ``name`` given or removed; how much the ``proof`` of an erasure searched. Actions that change releases in place
    (rebuild, prune, forget) have the ``changed`` fields by release and the ``dropped`` releases.
    """

    seq: int
    at: datetime
    action: Action
    release: str
    live: str | None
    by: str
    pinned: str | None = None
    rights: str | None = None
    why: str = ""
    facts: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "at": self.at.isoformat()}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Entry:
        return cls(**{**value, "at": datetime.fromisoformat(value["at"])})

    def to_bytes(self) -> bytes:
        return json.dumps(self.to_json(), ensure_ascii=False, sort_keys=True, indent=1).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Entry:
        """Raises ValueError, TypeError or KeyError if the bytes are not an entry."""
        return cls.from_json(json.loads(data))
