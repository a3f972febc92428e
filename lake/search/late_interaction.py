"""``--rerank own``: candidates scored by the token vectors of the release's own model."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from lake.cache.process_store import ProcessStore
from lake.embed.short_tokens import tokens_of
from lake.embed.token_vectors import max_sim, token_encoder
from lake.errors import ContractError

if TYPE_CHECKING:
    from lake.directory import Lake
    from lake.recipe import EmbedderIdentity
    from lake.storage.keyed_files import KeyedFiles

_log = logging.getLogger(__name__)

#: Bytes of token vectors that a reader keeps; about 77 KB for a chunk of 200 tokens.
MOST_BYTES = 256 << 20


class TokenVectors:
    """int8 token vectors of texts: in this process, the least recently used go first, and stored in the ``lake``.

    Entries belong to a generation of tables: an erasure makes a new one, and what the one before it held is dropped
    and can't come back.
    """

    def __init__(self, lake: Lake | None = None, most_bytes: int = MOST_BYTES) -> None:
        self._lake, self._store = lake, ProcessStore(most_bytes)
        self._generations: frozenset[str] = frozenset()
        self._files: dict[str, KeyedFiles] = {}
        self._looked: set[str] = set()  # folders that were listed since the log last grew
        self._lock = Lock()

    def keep(self, generations: Collection[str]) -> None:
        """Drops what belongs to none of these generations."""
        self._store.keep(generations)
        with self._lock:
            if not self._generations <= set(generations):
                self._files.clear()  # an open file can be read after it was deleted
            self._generations = frozenset(generations)
            self._looked.clear()

    def of(
        self,
        identity: EmbedderIdentity,
        generation: str,
        texts: Sequence[str],
        digests: Mapping[str, str] | None = None,
    ) -> list[np.ndarray]:
        """int8 [tokens, hidden] of each text; those that are neither held nor stored are computed together.

        ``digests``: under which those of a text are stored, if they are.
        """
        digests = digests or {}
        keys = [f"{generation}:{_digest(identity, digests.get(text, ''), text)}" for text in texts]
        held = [self._store.get(key) for key in keys]
        missing = [position for position, data in enumerate(held) if data is None]
        stored = self._stored(identity, [digests[texts[at]] for at in missing if texts[at] in digests])
        absent = [at for at in missing if digests.get(texts[at]) not in stored]
        made = token_encoder(identity).of_texts([texts[at] for at in absent]) if absent else []
        found = dict(zip(absent, (one.tobytes() for one in made), strict=True))
        for at in missing:
            held[at] = data = found[at] if at in found else stored[digests[texts[at]]]
            self._store.put(keys[at], data, generation)
        return [tokens_of(data or b"", identity.dimensions) for data in held]

    def _stored(self, identity: EmbedderIdentity, digests: Sequence[str]) -> dict[str, bytes]:
        """What the lake stores of these texts."""
        if self._lake is None or not digests:
            return {}
        folder = self._lake.token_vectors(identity).folder
        with self._lock:
            files = self._files.setdefault(folder, self._lake.opened_vectors(folder))
            is_new = folder not in self._looked
            self._looked.add(folder)
        try:
            if is_new or files.missing(digests):
                files.refresh()
            return _read(files, digests)
        except (ContractError, OSError) as error:
            _log.warning("token vectors are computed again, since those of %s can't be read: %s", folder, error)
            return {}

    def __len__(self) -> int:
        return len(self._store)

    @property
    def n_bytes(self) -> int:
        return self._store.n_bytes


def _read(files: KeyedFiles, digests: Sequence[str]) -> dict[str, bytes]:
    """The token vectors of those that are stored."""
    absent = set(files.missing(digests))
    there = [digest for digest in dict.fromkeys(digests) if digest not in absent]
    return dict(zip(there, files.read(there, ["tokens"]).column(0).to_pylist(), strict=True)) if there else {}


@dataclass(frozen=True, slots=True)
class OwnReranker:
    """A release's own model; scores lie between -1 and 1 and depend on question and text alone."""

    identity: EmbedderIdentity
    generation: str
    vectors: TokenVectors
    are_stored: bool = False

    @property
    def reads(self) -> tuple[str, ...]:
        """Columns of chunks that ``scores`` wants besides their texts."""
        return ("text_digest",) if self.are_stored else ()

    def scores(self, question: str, texts: Sequence[str], digests: Mapping[str, str] | None = None) -> np.ndarray:
        """float64 [n]; raises UsageError if the model has no token vectors.

        ``digests``: of the texts as they were embedded, with all of their context.
        """
        tokens = token_encoder(self.identity).of_question(question)
        found = self.vectors.of(self.identity, self.generation, texts, digests)
        return np.array([max_sim(tokens, one) for one in found], np.float64)


def _digest(identity: EmbedderIdentity, stored_as: str, text: str) -> str:
    words = (identity.name, identity.weights, identity.document_prompt, stored_as, "" if stored_as else text)
    return sha256("\0".join(words).encode("utf-8", "surrogatepass")).hexdigest()
