"""Releases, and the entries of the log that say what became of them: values without any reading or writing."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import datetime
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
    "rights",
]
Status = Literal["live", "candidate", "refused", "superseded", "rolled back"]


@dataclass(frozen=True, slots=True)
class Release:
    """A consistent set of table versions and what is known of it.

    ``digest`` is a function of documents and recipe alone: two releases with one digest hold the same
    rows. ``versions`` maps table to LanceDB version inside the ``generation`` folder of tables.
    ``commit`` names the Parquet delta from which the tables can be made again over those of ``delta_base``,
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

    def __repr__(self) -> str:
        counts = ", ".join(f"{self.counts.get(f'n_{name}', 0):,} {name}" for name in ("documents", "chunks"))
        return f"<Release {self.id} with {counts}>"

    def to_json(self) -> dict[str, Any]:
        stored = {("release" if name == "id" else name): value for name, value in asdict(self).items()}
        return {**stored, "recipe": self.recipe.to_json(), "created_at": self.created_at.isoformat()}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Release:
        fields = {"delta_base": value["base"], **value}
        fields["id"] = fields.pop("release")
        fields["recipe"] = Recipe.from_json(value["recipe"])
        fields["created_at"] = datetime.fromisoformat(value["created_at"])
        return cls(**fields)


@dataclass(frozen=True, slots=True)
class Spent:
    """What the run that finished a candidate took until the log named it: ``seconds`` from its beginning, texts that it
    embedded and their tokens, and ``cost_usd`` for these, None where the price is not known.

    What an earlier run that died had embedded is in none of them.
    """

    n_texts_embedded: int = 0
    n_tokens_embedded: int = 0
    cost_usd: float | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log. ``live``, ``pinned`` and ``rights`` (the path of today's RIGHTS; None where nothing was
    ever restricted) state what holds after it, so the last entry is the truth.

    ``facts`` by action: a build's ``release``, what it ``spent`` (Spent) and its ``oldest_change_at``, both of which
    older logs lack; an audit's ``verdict``; a gate's ``outcome`` (passed, warned, blocked, or off) and which release it
    was asked ``against``; whether a publish was ``forced``; the ``name`` given or taken; and of whatever changes
    releases in place (rebuild, prune, forget) the ``changed`` fields by release and the releases that it ``dropped``.
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
        """ValueError, TypeError or KeyError where the bytes are no entry."""
        return cls.from_json(json.loads(data))
