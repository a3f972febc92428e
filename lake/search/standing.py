"""Which of several exact copies a search may find: one of those that pass its rights and filters.

It is chosen before ranking, so that copies take no places. A document that does not pass neither stands for others nor
is named by one that does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lake.releases.copies import COPY_COLUMNS, Copy, exact_groups
from lake.search.allow_list import AllowLists, Latest
from lake.search.predicate import Predicate
from lake.tables.reader import Passing
from lake.tables.sql import one_of

if TYPE_CHECKING:
    from lake.tables.reader import TableReader, Where

#: Maximum number of documents whose chunks are looked up by id; beyond it, reading whole columns is faster.
_LOOKED_UP = 1000


@dataclass(frozen=True, slots=True)
class Groups:
    """The copies of a release, group by group, in the order in which they stand.

    ``group``: the number of each copy's group. ``row_ids``: the chunks of all copies, sorted; ``member``: the position
    of the copy that each belongs to. ``at``: the position of each document.
    """

    copies: Sequence[Copy]
    at: Mapping[str, int]
    group: np.ndarray
    row_ids: np.ndarray
    member: np.ndarray

    @classmethod
    def read(cls, chunks: TableReader, documents: TableReader) -> Groups:
        groups = exact_groups(documents.scan(COPY_COLUMNS))
        copies = [copy for group in groups.values() for copy in group]
        numbers = np.repeat(np.arange(len(groups)), [len(group) for group in groups.values()])
        ids = pa.array([copy.doc_id for copy in copies], pa.string())
        where = one_of("doc_id", ids.to_pylist()) if len(ids) <= _LOOKED_UP else None
        rows = chunks.scan(["_rowid", "doc_id"], where).sort_by("_rowid")
        members = pc.index_in(rows.column("doc_id"), ids).combine_chunks()
        known = members.is_valid()
        row_ids = rows.column("_rowid").filter(known).to_numpy()
        at = {copy.doc_id: position for position, copy in enumerate(copies)}
        return cls(copies, at, numbers, row_ids, members.filter(known).to_numpy(zero_copy_only=False))

    def standing(self, present: np.ndarray) -> np.ndarray:
        """Those of the ``present`` copies (positions, sorted) that stand: the first of each group."""
        return present[np.unique(self.group[present], return_index=True)[1]]


@dataclass(frozen=True, slots=True)
class Allowed:
    """The rows that a search may find. ``present``: sorted positions of the copies that pass; None if not collapsed."""

    where: Where
    groups: Groups | None = None
    present: np.ndarray | None = None

    def copies_of(self, doc_id: str) -> list[Copy]:
        """The other copies that a document stands for."""
        return [copy for copy in self._passing(doc_id) if copy.doc_id != doc_id]

    def stand_in(self, doc_id: str) -> Copy | None:
        """The copy that stands for a document; None if it stands for itself."""
        first = next(iter(self._passing(doc_id)), None)
        return None if first is None or first.doc_id == doc_id else first

    def _passing(self, doc_id: str) -> list[Copy]:
        """The copies that pass, of the group of this document."""
        if self.groups is None or self.present is None or doc_id not in self.groups.at:
            return []
        group = self.groups.group
        mine = self.present[group[self.present] == group[self.groups.at[doc_id]]]
        return [self.groups.copies[at] for at in mine]

    def with_copies(self, hits: pa.Table) -> pa.Table:
        """HITS rows that name the copies of their documents, before near-copies of their chunks."""
        if self.present is None or not hits.num_rows:
            return hits
        found = [self.copies_of(doc_id) for doc_id in hits.column("doc_id").to_pylist()]
        for name, own in (("copies", "uri"), ("copy_sources", "source")):
            at, near = hits.column_names.index(name), hits.column(name).to_pylist()
            values = [[getattr(one, own) for one in copies] + more for copies, more in zip(found, near, strict=True)]
            hits = hits.set_column(at, hits.schema.field(at), pa.array(values, hits.schema.field(at).type))
        return hits


class StandingCopies:
    """Resolves the predicates of searches of one release; safe to use from several threads."""

    def __init__(self, table: Callable[[str], TableReader], n_chunks: int, n_copies: int) -> None:
        self._table, self._n_copies = table, n_copies
        self._lists = AllowLists(lambda: table("chunks"), n_chunks)
        self._known: Latest[Allowed] = Latest()

    def allowed(self, sql: str | None, *, collapsed: bool) -> Allowed:
        """The rows that pass; of exact copies, if ``collapsed``, those of one document."""
        if not (collapsed and self._n_copies):
            return Allowed(self._lists.where(sql))
        return self._known.get(sql or "", lambda: self._collapsed(sql))

    @cached_property
    def _groups(self) -> Groups:
        return Groups.read(self._table("chunks"), self._table("documents"))

    @cached_property
    def _every_row(self) -> np.ndarray:
        row_ids: np.ndarray = self._table("chunks").scan(["_rowid"]).column("_rowid").to_numpy()
        return np.sort(row_ids)

    def _collapsed(self, sql: str | None) -> Allowed:
        where = self._lists.where(sql)
        if isinstance(where, str) or (where is None and not self._lists.are_listed):
            return self._by_sql(where)
        groups, passing = self._groups, self._every_row if where is None else where.row_ids
        passes = np.isin(groups.row_ids, passing, assume_unique=True)
        present = np.unique(groups.member[passes])
        hidden = groups.row_ids[passes & ~np.isin(groups.member, groups.standing(present))]
        if len(hidden):
            where = Passing.of(np.setdiff1d(passing, hidden, assume_unique=True))
        return Allowed(where, groups, present)

    def _by_sql(self, sql: str | None) -> Allowed:
        """For tables that are too large for lists of rows."""
        groups, chunks = self._groups, self._table("chunks")
        ids = [copy.doc_id for copy in groups.copies]
        mine = (Predicate(sql) & Predicate(one_of("doc_id", ids))).sql
        passing = set(chunks.scan(["doc_id"], mine).column("doc_id").unique().to_pylist())
        present = np.flatnonzero([doc_id in passing for doc_id in ids])
        hidden = np.setdiff1d(present, groups.standing(present))
        if not len(hidden):
            return Allowed(sql, groups, present)
        left_out = Predicate(one_of("doc_id", sorted(ids[at] for at in hidden), negated=True))
        return Allowed((Predicate(sql) & left_out).sql, groups, present)
