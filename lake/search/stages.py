"""What a search holds at each stage: what it may find, the candidates, and the passages chosen of them."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from lake.endpoints.usage import Usage
from lake.search.candidates import RankedList
from lake.search.passages import Group
from lake.search.question import SearchRequest
from lake.search.standing import Allowed


@dataclass(frozen=True, slots=True)
class Looked:
    """A search in detail: the fused candidates at its last ``depth``, those left by each step, and the passages.

    ``groups`` refer to rows of the last step. ``allowed``: what could be found. ``missing``: numbers of the
    embedders that could not be reached. ``usage``: of a chat model.
    """

    depth: int
    fused: pa.Table
    steps: list[tuple[str, pa.Table]]
    groups: list[Group]
    allowed: Allowed
    missing: tuple[int, ...] = ()
    usage: Usage | None = None

    @property
    def found(self) -> pa.Table:
        return self.steps[-1][1]


@dataclass(frozen=True, slots=True)
class Sought:
    """A question, the rows that it may find (None: it sees nothing), and what its words find, if that is known."""

    question: SearchRequest
    allowed: Allowed | None
    words: RankedList | None = None


@dataclass(frozen=True, slots=True)
class FoundCandidates:
    """What was found for a question, before its passages are read; nothing if it may see nothing."""

    question: SearchRequest
    looked: Looked | None = None
    degraded: tuple[str, ...] = ()
