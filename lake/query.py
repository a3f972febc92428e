"""Reading a lake: search at any release, and datasets for Polars and DuckDB."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args

import numpy as np
import pyarrow as pa

from lake.directory import Lake
from lake.embed import load_embedder
from lake.errors import ContractError, GoneError, UsageError
from lake.history import History
from lake.releases import Release
from lake.schemas import CHUNKS_FOUND, HITS, RELEASES
from lake.words import counted

if TYPE_CHECKING:
    from lake.difference import Difference
    from lake.embed.base import Embedder
    from lake.table_reader import TableReader

Mode = Literal["hybrid", "vector", "text"]
T = TypeVar("T")

#: Reciprocal rank fusion's constant (Cormack, Clarke and Büttcher, SIGIR 2009).
_RRF = 60
#: Each leg of a hybrid search looks this much deeper than the answer, so that both can vote.
_LEG_DEPTH = 50
#: So many more are fetched, since LanceDB cuts anywhere among equal scores; we cut in order of chunk_id.
_SPARE = 32
_MAX_QUERY_CHARACTERS = 20_000
#: Tables held open: a handful of releases, so that a reader that follows ``live`` for months does not grow.
_MOST_READERS = 16


class Index:
    """A lake opened for reading. Each call answers from exactly one release.

    A long-lived Index follows ``live``: whatever is published is seen by the next call.
    """

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self._readers: dict[tuple[str, str, int], TableReader] = {}

    def history(self) -> History:
        """The release log as it stands now."""
        return self._lake.log.read()

    def release(self, at: str = "live") -> Release:
        """``live``, a release's id, or what was live at a date (its end) or time, UTC."""
        return self.history().resolve(at)

    def releases(self) -> pa.Table:
        """Every release, oldest first."""
        history = self.history()
        return pa.Table.from_pylist([_release_row(history, r) for r in history.releases.values()], schema=RELEASES)

    def describe(self, at: str = "live") -> dict[str, Any]:
        """All that is known of a release: its RELEASES row, recipe, failed checks, and its entries in the log."""
        release, history = self.release(at), self.history()
        failed = [finding for finding in self._lake.findings(release.release).to_pylist() if not finding["success"]]
        entries = [entry for entry in history.entries if release.release in (entry.release, entry.live)]
        told = [{"at": e.at, "action": e.action, "release": e.release, "by": e.by, "why": e.why} for e in entries]
        known = {"recipe_fields": release.recipe.to_json(), "findings": failed, "entries": told}
        return _release_row(history, release) | known

    def status(self) -> dict[str, Any]:
        """What is live, what it holds, and what is in quarantine there; JSON-like."""
        history = self.history()
        found: dict[str, Any] = {"lake": self._lake.url, "pinned": history.pinned, "n_releases": len(history.releases)}
        if history.live is None:
            return {**found, "live": None, "quarantine": []}
        return found | self._answer("live", self._status)

    def _status(self, live: Release) -> dict[str, Any]:
        quarantine = self._reader(live, "quarantine").scan(["source", "uri", "error_class", "reason", "first_seen_at"])
        sources = self._reader(live, "documents").scan(["source"]).column("source").value_counts()
        return {
            "live": _release_row(self.history(), live),
            "sources": {count["values"].as_py(): count["counts"].as_py() for count in sources},
            "recipe": live.recipe.to_json(),
            "quarantine": sorted(quarantine.to_pylist(), key=lambda row: (row["source"], row["uri"])),
        }

    def dataset(self, table: str, at: str = "live") -> Any:
        """A pyarrow dataset of ``documents``, ``parents``, ``chunks`` or ``quarantine`` at a release.

        It reads as long as its release is kept, and at least for the grace that ``prune`` leaves it.
        """
        return self._answer(at, lambda release: self._reader(release, table).dataset())

    def findings(self, at: str = "live") -> pa.Table:
        """FINDINGS rows of the release's audit."""
        return self._lake.findings(self.release(at).release)

    def diff(self, a: str, b: str = "live") -> Difference:
        """What release ``b`` holds otherwise than ``a``."""
        from lake.difference import difference

        history = self.history()
        return difference(self._lake, history.resolve(a), history.resolve(b))

    def search(
        self,
        text: str,
        k: int = 10,
        *,
        mode: Mode = "hybrid",
        at: str = "live",
        where: str | None = None,
        embedder: Embedder | None = None,
    ) -> pa.Table:
        """The ``k`` chunks that answer best, as HITS rows, best first; equal scores stand in order of chunk_id.

        ``where`` is SQL over the columns of the chunks table and applies before ranking. Scores:
        cosine similarity for ``vector``, BM25 for ``text``, reciprocal rank fusion for ``hybrid``.
        """
        _check(text, k, mode)
        return self._answer(at, lambda release: self._search(release, text, k, mode, where, embedder))

    def _answer(self, at: str, answer: Callable[[Release], T]) -> T:
        """An answer from exactly one release, and from what took its place where it was swept away meanwhile."""
        release = self.release(at)
        while True:
            try:
                return answer(release)
            except GoneError:
                self._readers.clear()
                asked, release = release, self.release(at)
                if release == asked:
                    raise

    def _search(
        self, release: Release, text: str, k: int, mode: Mode, where: str | None, embedder: Embedder | None
    ) -> pa.Table:
        chunks = self._reader(release, "chunks")
        depth = max(_LEG_DEPTH, 2 * k)
        legs = []
        if mode != "text":
            vector = _query_vector(text, release, embedder)
            legs.append(_by_similarity(chunks.nearest(vector, depth + _SPARE, _COLUMNS, where)))
        if mode != "vector":
            legs.append(_by_score(chunks.matching(text, depth + _SPARE, _COLUMNS, where)))
        legs = [leg.slice(0, depth) for leg in legs]
        found = legs[0] if len(legs) == 1 else fuse(legs)
        return self._lifted(found.slice(0, k), release)

    def _lifted(self, found: pa.Table, release: Release) -> pa.Table:
        """Add the text of each chunk's parent."""
        ids = sorted(set(found.column("parent_id").to_pylist()))
        parents = self._reader(release, "parents").take("parent_id", ids, ["parent_id", "text"]) if ids else None
        texts = (
            dict(zip(*(parents.column(c).to_pylist() for c in ("parent_id", "text")), strict=True)) if parents else {}
        )
        lifted = pa.array([texts[parent_id] for parent_id in found.column("parent_id").to_pylist()], pa.string())
        return found.append_column("parent_text", lifted).select(HITS.names).cast(HITS)

    def _reader(self, release: Release, table: str) -> TableReader:
        name = release.recipe.embedder.table if table == "chunks" else table
        if name not in release.versions:
            raise UsageError(f"no table {table!r}; choose 'documents', 'parents', 'chunks' or 'quarantine'")
        key = (release.generation, name, release.versions[name])
        if key not in self._readers:
            while len(self._readers) >= _MOST_READERS:
                self._readers.pop(next(iter(self._readers)))
            self._readers[key] = self._lake.tables(release.generation).at(name, release.versions[name])
        return self._readers[key]


_COLUMNS = CHUNKS_FOUND.names


def open_lake(url: str) -> Index:
    """Open a lake for reading; UsageError where there is none."""
    return Index(Lake.existing(url))


def _check(text: str, k: int, mode: str) -> None:
    if mode not in get_args(Mode):
        raise UsageError(f"no search mode {mode!r}; choose one of {list(get_args(Mode))}")
    if not 1 <= k <= 10_000:
        raise UsageError(f"k={k} must lie between 1 and 10000")
    if not any(character.isalnum() for character in text):
        raise UsageError("the question holds no word to search for")
    if len(text) > _MAX_QUERY_CHARACTERS:
        raise UsageError(
            f"the question has {len(text):,} characters; at most {_MAX_QUERY_CHARACTERS:,} are searched for"
        )


def _query_vector(text: str, release: Release, embedder: Embedder | None) -> np.ndarray:
    identity = release.recipe.embedder
    embedder = embedder or load_embedder(identity.name)
    if not embedder.identity.answers(identity):
        raise UsageError(
            f"{release.release} was embedded with {identity.name!r} (weights {identity.weights[:12]}); asking with "
            f"{embedder.identity.name!r} (weights {embedder.identity.weights[:12]}) would search another space"
        )
    vector = embedder.embed_query(text)
    if not np.isfinite(vector).all():
        raise ContractError(f"{identity.name!r} made a vector that is not finite of the question; nothing was searched")
    return vector


def _by_similarity(found: pa.Table) -> pa.Table:
    similarity = 1.0 - found.column("_distance").to_numpy()
    return _ranked(found.drop_columns(["_distance"]), similarity)


def _by_score(found: pa.Table) -> pa.Table:
    return _ranked(found.drop_columns(["_score"]), found.column("_score").to_numpy())


def _ranked(found: pa.Table, scores: np.ndarray) -> pa.Table:
    order = sorted(range(len(scores)), key=lambda i: (-scores[i], found.column("chunk_id")[i].as_py()))
    ranked = found.select(_COLUMNS).append_column("score", pa.array(scores, pa.float64()))
    return ranked.take(pa.array(order, pa.int64()))


def fuse(legs: Sequence[pa.Table]) -> pa.Table:
    """Reciprocal rank fusion: each leg gives 1 / (60 + rank) to the chunks it found."""
    scores: dict[str, float] = {}
    for leg in legs:
        for rank, chunk_id in enumerate(leg.column("chunk_id").to_pylist(), 1):
            scores[chunk_id] = scores.get(chunk_id, 0.0) + 1.0 / (_RRF + rank)
    together = pa.concat_tables(leg.drop_columns(["score"]) for leg in legs)
    first = {chunk_id: i for i, chunk_id in reversed(list(enumerate(together.column("chunk_id").to_pylist())))}
    distinct = together.take(pa.array(list(first.values()), pa.int64()))
    return _ranked(distinct, np.array([scores[chunk_id] for chunk_id in first]))


def _audited(verdict: dict[str, Any] | None) -> str | None:
    if verdict is None:
        return None
    if not verdict["passed"]:
        return "refused"
    n = verdict["n_warnings"]
    return f"passed with {counted(n, 'remark')}" if n else "passed"


def _release_row(history: History, release: Release) -> dict[str, Any]:
    published = history.published(release.release)
    return {
        "release": release.release,
        "created_at": release.created_at,
        "published_at": published.at if published else None,
        "live": history.live is not None and history.live.release == release.release,
        "status": history.status(release.release),
        "names": sorted(name for name, named in history.names.items() if named == release.release),
        "published_by": published.by if published else None,
        "audit": _audited(history.verdict(release.release)),
        "why": history.why(release.release),
        "n_documents": release.counts["n_documents"],
        "n_quarantined": release.counts["n_quarantined"],
        "n_parents": release.counts["n_parents"],
        "n_chunks": release.counts["n_chunks"],
        "recipe": release.recipe.digest,
        "embedder": release.recipe.embedder.name,
        "base": release.base,
        "digest": release.digest,
    }
