"""What a run came to."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run did; ``reason``: why nothing was published, if nothing was.

    ``refused``: the audit, the gate, a pin or another writer kept the candidate back, against the caller's wish;
    ``blocked``: it was its audit or its gate.
    ``n_words_*`` sum the accounts of all documents of the release. ``n_remarked`` documents kept too few of their
    words, have something that could not be read, or a sidecar or front matter that is not understood;
    ``n_incomplete`` ones are in quarantine for their words.
    ``n_looked_at`` documents were looked at by a run over some keys; 0 if the run looked at everything.
    ``remarks``: documents that are no longer restricted, sidecars that can't be read, for which documents are hidden,
    rows of theirs that are about no document, what the gate remarked, and languages that the model does not know.
    """

    release: str | None
    published: bool
    reason: str
    refused: bool = False
    blocked: bool = False
    added: int = 0
    changed: int = 0
    moved: int = 0
    removed: int = 0
    unchanged: int = 0
    n_denied: int = 0
    n_texts_embedded: int = 0
    n_quarantined: int = 0
    n_documents: int = 0
    n_parents: int = 0
    n_chunks: int = 0
    n_copies: int = 0
    n_sidecar_problems: int = 0
    n_words_source: int = 0
    n_words_kept: int = 0
    n_words_omitted: int = 0
    n_words_lost: int = 0
    n_remarked: int = 0
    n_incomplete: int = 0
    n_looked_at: int = 0
    remarks: tuple[str, ...] = ()
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "remarks": list(self.remarks), "seconds": round(self.seconds, 3)}
