"""Filters of a search as one predicate over the chunks of a release."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache, cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from lake.errors import UsageError
from lake.ids.uris import column_folded, folded
from lake.recipe import SPARSE
from lake.reporting import did_you_mean, either
from lake.schemas import DOCUMENT_COLUMNS, LATER, chunks
from lake.search.allow_list import Latest
from lake.search.conditions import OPERATORS, Kind, Word, kind_of
from lake.search.document_rows import DocumentRows
from lake.search.leads import TEXTS
from lake.search.metadata import MetadataCondition
from lake.search.predicate import ANYTHING, NOTHING, Predicate, enclosed
from lake.sources.globs import matching
from lake.tables.sql import one_of, quoted, unindexed
from lake.tables.table_indices import KEYS_LOOKED_UP

if TYPE_CHECKING:
    from lake.tables.reader import TableReader

#: Prefix of keys that filter by declared metadata.
METADATA = "metadata."
#: A condition that no document meets, and that is searched as any other.
_NO_DOCUMENT = Predicate("doc_id = ''")
_HIDDEN = ("vector", SPARSE, "metadata")
_REMEMBERED = 64
#: Columns of chunks that are not those of their documents.
_OF_CHUNKS = frozenset(chunks(1).names).difference((*DOCUMENT_COLUMNS, "doc_id"))
#: The operators that compare for equality, with the one that takes several values.
_ANY_OF = {"=": "in", "in": "in", "!=": "not in", "not in": "not in"}
_USUAL = ("uri", "source", "media_type", "language", "title", "tags", "modified_at", "page", "heading")
_WORD = re.compile(r"([^=<>!~]+?)\s*(!=|<=|>=|=|<|>|~)\s*(.*)", re.DOTALL)


class ReleaseFilter:
    """Makes predicates over one release's chunks; reads what they need of its documents once."""

    def __init__(
        self,
        chunks: TableReader,
        documents: TableReader,
        *,
        has_summaries: bool = False,
        document_rows: Callable[[], DocumentRows] | None = None,
    ) -> None:
        self._chunks, self._documents, self._has_summaries = chunks, documents, has_summaries
        self._document_rows = document_rows or cache(lambda: DocumentRows.read(documents))
        self._found: dict[tuple[str, str], Predicate | frozenset[str]] = {}
        self._visible: Latest[pa.BooleanArray] = Latest()
        self._lock = Lock()

    def predicate(
        self, where: str | None = None, filters: Mapping[str, Any] | None = None, *, seen: Predicate = ANYTHING
    ) -> Predicate:
        """A predicate for both. ``where``: SQL, over columns of chunks only or of documents only.

        ``seen`` is what the caller may see. If that is not everything, nothing depends on other documents, not even
        the time it takes: an unknown key of the metadata is no error, and no index is asked for an id.

        ``filters`` maps columns to a value, a list of accepted values, or operators with their values, as in
        ``{"modified_at": {">=": "2026-01-01"}, "tags": {"any": ["x"]}, "metadata.year": 2024}``.
        Raises UsageError for an unknown column or operator or an unsuitable value, and lists the right ones.
        """
        # A summary passes for the chunk that it leads to if both pass: always, where documents alone are filtered.
        of_chunks = where is not None or any(key in _OF_CHUNKS for key, _ in _items(filters))
        wanted = TEXTS if self._has_summaries and of_chunks else ANYTHING
        if where is not None:
            of_where = self._remembered("where", where, lambda: self._where(where))
            wanted &= of_where if isinstance(of_where, Predicate) else self._among(of_where, seen)
        doc_ids: list[frozenset[str]] = []
        for key, condition in _items(filters):
            for operator, value in _conditions(condition):
                found = self._condition(key, operator, value, seen)
                if isinstance(found, Predicate):
                    wanted &= found
                else:
                    doc_ids.append(found)
        return wanted & self._among(frozenset.intersection(*doc_ids), seen) if doc_ids else wanted

    def _condition(self, key: str, operator: str, value: Any, seen: Predicate) -> Predicate | frozenset[str]:
        """A predicate over chunks, or the documents that pass."""
        if key.startswith(METADATA):
            return self._of_metadata(MetadataCondition(key.removeprefix(METADATA), operator, value), seen)
        kind = self._kind(key)
        if operator == "glob":
            return self._glob(key, value)
        if key == "uri":
            operator, value = self._spelled(operator, value)
        predicate = kind.predicate(key, operator, value)
        if key not in self._chunks.schema.names:
            return self._documents_where(predicate, seen)
        if seen != ANYTHING and key in KEYS_LOOKED_UP["chunks"]:
            if key == "doc_id" and _ANY_OF.get(operator) == "in":
                return frozenset([value] if isinstance(value, str) else value)
            return kind.predicate(unindexed(key), operator, value)
        return predicate

    def _kind(self, column: str) -> Kind:
        for reader in (self._chunks, self._documents):
            if column in self.columns and column in reader.schema.names:
                return kind_of(reader.schema.field(column).type)
        if column in LATER:
            raise UsageError(
                f"an earlier version wrote this release, without the column {column!r}; the next release that"
                " `raglake ingest` makes has it"
            )
        raise UsageError(f"no column {column!r} to filter on{self._known(column)}")

    @cached_property
    def columns(self) -> list[str]:
        """Columns to filter by, those of chunks first."""
        names = dict.fromkeys([*self._chunks.schema.names, *self._documents.schema.names])
        return [name for name in names if name not in _HIDDEN]

    def _known(self, column: str = "") -> str:
        """Columns to filter on: those with a like name, else the usual ones."""
        usual = f"usual columns are {', '.join(_USUAL)} and metadata.KEY; docs/search.md lists all"
        return did_you_mean(column, self.columns, usual)

    def _where(self, where: str) -> Predicate | frozenset[str]:
        sql = enclosed(where)
        try:
            self._chunks.check_filter(sql)
        except UsageError as of_chunks:
            try:
                self._documents.check_filter(sql)
            except UsageError:
                raise UsageError(f"{of_chunks}{self._known()}") from of_chunks
            return self._documents_where(Predicate(sql), ANYTHING)
        return Predicate(sql)

    def _documents_where(self, predicate: Predicate, seen: Predicate) -> frozenset[str]:
        if predicate == ANYTHING:
            return self._all
        # Rights come first: behind a condition that no document meets, they would not be evaluated.
        rows = self._documents.scan(["doc_id"], (seen & predicate).sql)
        return frozenset(rows.column("doc_id").to_pylist())

    def _glob(self, column: str, pattern: Any) -> Predicate | frozenset[str]:
        """Plain prefixes and suffixes as SQL; other patterns are matched with each document's uri."""
        if column != "uri" or not isinstance(pattern, str) or not pattern:
            raise UsageError(f"glob is for 'uri' and a pattern such as 'hr/**', not for {column!r} and {pattern!r}")
        quoted(pattern)
        path = pattern.removesuffix("**")
        if not pattern.isascii():
            return self._remembered("glob", pattern, lambda: self._matching(pattern))
        if path.endswith("/") and not re.search(r"[*?\[]", path):
            return Predicate(f"starts_with(uri, {quoted(path.removeprefix('/'))})")
        if pattern.startswith("*") and not re.search(r"[*?\[/]", pattern[1:]) and pattern != "*":
            return Predicate(f"ends_with(uri, {quoted(pattern[1:])})")
        return self._remembered("glob", pattern, lambda: self._matching(pattern))

    def _spelled(self, operator: str, value: Any) -> tuple[str, Any]:
        """A condition on uris that holds for each in any Unicode form."""
        values = value if isinstance(value, (list, tuple, set, frozenset)) else [value]
        equal = _ANY_OF.get(operator)
        if equal is None or all(not isinstance(one, str) or one.isascii() for one in values):
            return operator, value
        texts = {folded(one) for one in values if isinstance(one, str)}
        stored = (spelling for text in sorted(texts) for spelling in self._respelled.get(text, ()))
        return equal, [*(one for one in values if not isinstance(one, str)), *texts, *stored]

    @cached_property
    def _respelled(self) -> dict[str, list[str]]:
        """The uris that are not in NFC, by their NFC."""
        import pyarrow.compute as pc

        uris = self._documents.scan(["uri"]).column("uri")
        forms = column_folded(uris)
        other = pc.not_equal(uris, forms)
        found: dict[str, list[str]] = {}
        for form, uri in zip(forms.filter(other).to_pylist(), uris.filter(other).to_pylist(), strict=True):
            found.setdefault(form, []).append(uri)
        return found

    def _matching(self, pattern: str) -> frozenset[str]:
        rows = self._documents.scan(["doc_id", "uri"])
        return frozenset(rows.filter(matching(rows.column("uri"), pattern)).column("doc_id").to_pylist())

    def _of_metadata(self, condition: MetadataCondition, seen: Predicate) -> frozenset[str]:
        if seen == ANYTHING and not any(map(condition.is_stated, self.metadata.values())):
            keys = sorted({key for metadata in self.metadata.values() for key in metadata})
            raise UsageError(f"no document has metadata {condition.key!r}; documents have {either(keys[:20])}")
        found = frozenset(doc_id for doc_id, metadata in self.metadata.items() if condition.is_met(metadata))
        return found | (self._all - self.metadata.keys()) if condition.is_met({}) else found

    @cached_property
    def metadata(self) -> dict[str, dict[str, Any]]:
        """Declared metadata of documents by doc_id."""
        rows = self._documents.scan(["doc_id", "metadata"], "metadata IS NOT NULL AND metadata != '{}'")
        pairs = zip(rows.column("doc_id").to_pylist(), rows.column("metadata").to_pylist(), strict=True)
        return {doc_id: json.loads(metadata) for doc_id, metadata in pairs}

    @cached_property
    def _all(self) -> frozenset[str]:
        return frozenset(self._documents.scan(["doc_id"]).column("doc_id").to_pylist())

    def _remembered(
        self, kind: str, key: str, find: Callable[[], Predicate | frozenset[str]]
    ) -> Predicate | frozenset[str]:
        found = self._found.get((kind, key))
        if found is None:
            found = find()
            with self._lock:  # several threads search a release
                while len(self._found) >= _REMEMBERED:
                    self._found.pop(next(iter(self._found)))
                self._found[kind, key] = found
        return found

    def _among(self, doc_ids: frozenset[str], seen: Predicate) -> Predicate:
        """Selects chunks of these documents, as far as they may be seen, by the shorter of two lists.

        NOTHING spares a search. Only whoever sees everything may notice: for others it would tell hidden documents that
        pass from none that do.
        """
        known = self._document_rows()
        visible = self._visible.get(seen.sql or "", lambda: known.among(self._documents.scan(["_rowid"], seen.sql)))
        chosen = pc.is_in(known.doc_ids, pa.array(doc_ids, pa.string()))
        passing, others = pc.and_(visible, chosen), pc.and_not(visible, chosen)
        if not passing.true_count:
            return NOTHING if seen == ANYTHING else _NO_DOCUMENT
        if not others.true_count:
            return ANYTHING
        negated = others.true_count < passing.true_count
        listed = known.doc_ids.filter(others if negated else passing).to_pylist()
        return Predicate(one_of("doc_id", listed, negated=negated))


def _items(filters: Mapping[str, Any] | None) -> Iterable[tuple[str, Any]]:
    if filters is None:
        return ()
    if not isinstance(filters, Mapping) or not all(isinstance(key, str) for key in filters):
        raise UsageError(f"filters={filters!r} must map columns to values, such as {{'language': 'de'}}")
    return filters.items()


def _conditions(condition: Any) -> Iterable[tuple[str, Any]]:
    """Operators and values; a list means any of its items."""
    if isinstance(condition, Mapping):
        if not condition:
            raise UsageError(f"a condition is empty; choose {either(sorted(OPERATORS))}")
        return condition.items()
    return [("in" if isinstance(condition, (list, tuple, set, frozenset)) else "=", condition)]


def parse_filters(words: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Parses filters: ``uri~hr/**``, ``tags=x``, ``modified_at>=2026-01-01``, ``metadata.project!=a``.

    Several ``=`` of one key are alternatives; all other conditions must hold together.
    """
    filters: dict[str, dict[str, Any]] = {}
    for word in words:
        match = _WORD.fullmatch(word.strip())
        if match is None:
            raise UsageError(f"{word!r} is no filter; write COLUMN=VALUE, or !=, <, <=, >, >= or ~ for a glob")
        operator, value = "glob" if match[2] == "~" else match[2], Word(match[3])
        conditions = filters.setdefault(match[1].strip(), {})
        if operator == "=":
            conditions.setdefault("in", []).append(value)
        elif operator in conditions:
            raise UsageError(f"{match[1]}{match[2]} occurs twice; only = may be repeated, to accept several values")
        else:
            conditions[operator] = value
    return filters
