"""Layout of a lake: the log, the Parquet layer of record, the tables, the caches."""

from __future__ import annotations

import json
import logging
import re
import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from lake.errors import ContractError, UsageError
from lake.ids import derived_id
from lake.plugins.later import Later
from lake.releases.log import ReleaseLog
from lake.sources.listing_state import ListingState
from lake.storage.denylist import Denylist
from lake.storage.lease import WriterLease
from lake.storage.protocol import Store
from lake.storage.store import open_parquet, open_store, parquet_bytes

if TYPE_CHECKING:
    import pyarrow as pa

    from lake.recipe import EmbedderIdentity, Recipe
    from lake.sources import sidecars
    from lake.storage.denylist import Denylist
    from lake.storage.keyed_files import KeyedFiles
    from lake.tables.writer import Tables
else:  # what a search does not need
    sidecars = Later("lake.sources.sidecars")

_log = logging.getLogger(__name__)

_MARKER = "raglake.json"
#: Raised when older lakes can no longer be read or added to.
_FORMAT = 2
#: The key of a ListingState in the schema of a source's DIGESTS rows.
_STATE = b"raglake.listing"
#: Rows of one Parquet row group unless they are small: few, so that a few contents are read without their neighbours.
_CONTENTS_PER_GROUP, _VECTORS_PER_GROUP = 64, 1024
#: How the folders of token vectors end, which are read a few at a time.
_OF_TOKENS = "-tokens"


class Lake:
    """A lake at a local path or an s3:// URL.

    raglake.json   the format           log/       releases, one object per entry
    configuration.json   settings of searches, gate and alarms
    contents/      parsed text, spans   vectors/   a folder per embedder, and one of its token vectors
    commits/       a delta per release  tables/    LanceDB, one folder per generation
    audits/        findings             denylist/  what was erased for good
    texts/         requests to embed    cache/     digests of source files
    batches/       texts that a provider's Batch API was given      quiet/     what a run saw that found nothing to do
    rights/        who may see what, as of the last run that looked
    questions/     ground truth         synonyms/  numbered lists of synonyms
    scores/        measures of each evaluated release       experiments/       what experiments found
    calls/         replies of chat models to generators of questions and judges of answers
    shared_cache/  the key of what services cache outside of the lake
    feedback/      judgements of passages that were found   answer_feedback/   judgements of answers
    listings/      when each source was last listed
    queries/       the query log of services                judged_traffic/    a judge's verdicts on a sample of it
    """

    def __init__(self, url: str) -> None:
        self.store: Store = open_store(url)
        self.url = self.store.url
        self._vectors: dict[str, KeyedFiles] = {}

    @classmethod
    def existing(cls, url: str) -> Lake:
        """Open a lake. Raises UsageError if there is none, or if a later raglake wrote it."""
        lake = cls(url)
        try:
            lake.check_format()
        except (FileNotFoundError, NotADirectoryError) as error:
            raise UsageError(
                f"no lake at {lake.url}; `raglake ingest SOURCE --lake {shlex.quote(lake.url)}` makes one"
            ) from error
        return lake

    @classmethod
    def writable(cls, url: str) -> Lake:
        """The lake at ``url``, or the place of a new one. Raises UsageError if a later raglake wrote what is there."""
        lake = cls(url)
        if lake.exists():
            lake.check_format()
        return lake

    def check_format(self) -> None:
        """Raises FileNotFoundError if there is no lake, else as ``existing``."""
        marker = self.store.read(_MARKER)
        try:
            found = json.loads(marker)["format"]
            if type(found) is not int or found < 1:
                raise ValueError(f"format {found!r}")
        except (ValueError, TypeError, KeyError) as error:
            raise ContractError(
                f"{_MARKER} of {self.url} is damaged ({marker[:60]!r}); write {json.dumps({'format': _FORMAT})} into it"
            ) from error
        if found > _FORMAT:
            raise UsageError(f"{self.url} has format {found}, this raglake reads {_FORMAT}; upgrade raglake")
        if found < _FORMAT:
            raise UsageError(
                f"{self.url} has format {found}, this raglake reads {_FORMAT}; ingest the sources into a new lake"
            )

    @contextmanager
    def writing(self, what: str) -> Iterator[WriterLease]:
        """Hold the writer lease. Whoever held it before and only sleeps can add nothing to the log any more.

        Raises BusyError if another run holds it, at once unless inside ``waiting``.
        """
        with WriterLease(self.store, what) as lease:
            if lease.took_over_from is not None:
                self.log.fence(f"{lease.took_over_from.what} (process {lease.took_over_from.pid})")
            yield lease

    def exists(self) -> bool:
        return _MARKER in self.store.names("")

    def create(self) -> None:
        """Make the place a lake, unless it is one already. Raises UsageError if it holds anything else."""
        if self.exists():
            return
        others = self.store.names("")
        if others:
            raise UsageError(
                f"{self.url} is not empty and not a lake ({', '.join(others[:3])} ...); choose another --lake"
            )
        self.store.put_if_absent(_MARKER, _marker())

    def mark(self) -> None:
        """Write the marker again after it was damaged or lost."""
        self.store.write(_MARKER, _marker())

    @cached_property
    def log(self) -> ReleaseLog:
        return ReleaseLog(self.store)

    @cached_property
    def contents(self) -> KeyedFiles:
        from lake.schemas import CONTENTS

        return self._keyed_files("contents", "content_id", _CONTENTS_PER_GROUP, CONTENTS)

    def vectors(self, recipe: Recipe) -> KeyedFiles:
        """The vectors of the recipe's embedder, in its dtype."""
        return self.vectors_in(f"vectors/{recipe.embedder.digest[:12]}-{recipe.vector_dtype}")

    def token_vectors(self, embedder: EmbedderIdentity) -> KeyedFiles:
        """The embedder's token vectors: rows of TOKEN_VECTORS."""
        return self.vectors_in(f"vectors/{embedder.digest[:12]}{_OF_TOKENS}")

    def embedded(self, recipe: Recipe) -> tuple[KeyedFiles, ...]:
        """What is stored of each text by the recipe's first embedder: its vector and, if stated, its token vectors."""
        return self.vectors(recipe), *([self.token_vectors(recipe.embedder)] if recipe.has_token_vectors else [])

    def unembedded(self, recipe: Recipe, digests: Iterable[str]) -> list[str]:
        """Those of these texts, each once, of which something of that is not stored; call ``refresh`` before."""
        distinct = list(dict.fromkeys(digests))
        lacking = {digest for files in self.embedded(recipe) for digest in files.missing(distinct)}
        return [digest for digest in distinct if digest in lacking]

    def refresh(self, recipe: Recipe) -> None:
        """Notice what was stored by the recipe's first embedder since the last call."""
        for files in self.embedded(recipe):
            files.refresh()

    def vector_folders(self, recipe: Recipe) -> dict[str, Recipe]:
        """The folders of each of the recipe's embedders, with the recipe of that one alone."""
        return {files.folder: one for one in recipe.by_embedder for files in self.embedded(one)}

    def vectors_in(self, folder: str) -> KeyedFiles:
        """The vectors, or token vectors, in one of the folders below ``vectors``."""
        if folder not in self._vectors:
            self._vectors[folder] = self.opened_vectors(folder)
        return self._vectors[folder]

    def opened_vectors(self, folder: str) -> KeyedFiles:
        """The same for a caller of its own, which keeps in memory what it reads of them."""
        if is_of_tokens(folder):
            return self._keyed_files(folder, "text_digest", 1, are_sought=True)
        return self._keyed_files(folder, "text_digest", _VECTORS_PER_GROUP)

    def _keyed_files(
        self, folder: str, key: str, rows_per_group: int, schema: pa.Schema | None = None, *, are_sought: bool = False
    ) -> KeyedFiles:
        from lake.storage.keyed_files import KeyedFiles

        return KeyedFiles(self.store, folder, key, rows_per_group, schema, are_sought=are_sought)

    def denylist(self) -> Denylist:
        """The current list of what was erased for good."""
        return Denylist(self.store)

    def revision(self) -> tuple[int, tuple[str, ...]]:
        """What a plan depends on besides the sources; if it differs, the plan may be out of date."""
        return self.log.read().head, tuple(self.store.names("denylist"))

    def keep_findings(self, release: str, findings: pa.Table) -> None:
        """Store a release's FINDINGS rows in place of older ones; they are kept as long as the release."""
        self.store.write(f"audits/{release}.parquet", parquet_bytes(findings, 1 << 16))

    def findings(self, release: str) -> pa.Table:
        """FINDINGS rows of the release's last audit; none if it was not audited."""
        from lake.schemas import FINDINGS

        try:
            return open_parquet(self.store, f"audits/{release}.parquet").read()
        except FileNotFoundError:
            return FINDINGS.empty_table()

    def redact(self, ids: Collection[str], erased: Collection[str] = ()) -> None:
        """Remove denied documents from the caches, and ``ids`` of theirs from the findings of audits.

        ``erased``: doc_ids of documents whose bytes were erased, though their places are not denied.
        """
        for name in self.store.names("cache"):
            path = f"cache/{name}"
            rows = self.cached(path)
            if rows is None:
                self.store.delete(path)
                continue
            kept = self._undenied(rows, erased)
            if kept.num_rows < rows.num_rows:
                self.store.write(path, parquet_bytes(kept, 1 << 16))
        for name in self.store.names("audits"):
            release = name.removesuffix(".parquet")
            self.keep_findings(release, _redacted(self.findings(release), ids))

    def tables(self, generation: str) -> Tables:
        from lake.tables.writer import Tables

        return Tables(f"{self.url}/tables/{generation}")

    def cached_digests(self, sources: Iterable[str]) -> pa.Table:
        """DIGESTS rows of these sources; none for a source that was never read."""
        import pyarrow as pa

        from lake.schemas import DIGESTS

        present = set(self.store.names("cache"))
        paths = [path for path in map(_digests_path, sources) if path.rsplit("/", 1)[-1] in present]
        tables = [table for path in paths if (table := self.cached(path)) is not None]
        return pa.concat_tables(tables) if tables else DIGESTS.empty_table()

    def cached(self, path: str) -> pa.Table | None:
        """DIGESTS rows of one file; None if it can't be read, which only means that the sources are read again."""
        from lake.schemas import DIGESTS

        try:
            return open_parquet(self.store, path).read().cast(DIGESTS)
        except (ContractError, OSError, ValueError) as error:
            _log.warning("%s can't be read and is rebuilt: %s", path, error)
            return None

    def listing_state(self, source: str) -> ListingState | None:
        """Where the next listing of a source may continue from the cached one; None if it must be full."""
        try:
            metadata = open_parquet(self.store, _digests_path(source)).schema_arrow.metadata or {}
            return ListingState.from_json(metadata[_STATE].decode())
        except (KeyError, ContractError, OSError, ValueError, TypeError):
            return None

    def remember(
        self, rows: pa.Table, sources: Iterable[str], states: Mapping[str, ListingState] | None = None
    ) -> None:
        """Store DIGESTS rows of these sources' files, unless they are stored already; denied documents are left out.

        ``states``: where the next listing of a source may continue; its rows are then all that the source holds.
        """
        import pyarrow.compute as pc

        names: list[str] | None = None
        while names != (names := self.denylist().names()):  # an erasure may come between
            for source in sources:
                mine = rows.filter(pc.equal(rows.column("source"), source))
                state = (states or {}).get(source)
                if mine.equals(self.cached_digests([source])) and state == self.listing_state(source):
                    continue
                kept = self._undenied(mine)
                if state and kept.num_rows == mine.num_rows:
                    kept = kept.replace_schema_metadata({_STATE: state.to_json()})
                self.store.write(_digests_path(source), parquet_bytes(kept, 1 << 16))

    def _undenied(self, rows: pa.Table, erased: Collection[str] = ()) -> pa.Table:
        denylist = self.denylist()
        if not len(denylist) and not erased:
            return rows
        import pyarrow as pa

        kept = [not sidecars.is_denied_file(row, denylist, erased) for row in rows.to_pylist()]
        return rows.filter(pa.array(kept, pa.bool_()))


def is_of_tokens(folder: str) -> bool:
    """Whether a folder below ``vectors`` holds token vectors."""
    return folder.endswith(_OF_TOKENS)


def _marker() -> bytes:
    return json.dumps({"format": _FORMAT}).encode()


def _redacted(findings: pa.Table, ids: Collection[str]) -> pa.Table:
    """Findings without these ids, both in samples and in messages."""
    import pyarrow as pa

    def redact(value: str) -> str:
        return re.sub("[0-9a-f]{32,64}", lambda found: "erased" if found[0] in ids else found[0], value)

    rows = findings.to_pylist()
    for row in rows:
        row["sample_ids"] = [redact(sample) for sample in row["sample_ids"]]
        row |= {name: redact(row[name]) for name in ("observed", "message")}
    return pa.Table.from_pylist(rows, schema=findings.schema)


def _digests_path(source: str) -> str:
    return f"cache/digests-{derived_id('source', source)[:12]}.parquet"
