"""Chunks that hold words with ``*``: all texts that a question may find are read, so that none is missed.

The words of hidden documents count nowhere: neither for what is found nor for how rare a word is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from lake.tables.full_text_legs import added
from lake.tables.reader import Passing, TableReader, Where
from lake.tables.sql import quoted
from lake.tables.text_query import Clause, TextQuery
from lake.tables.wildcards import expression

#: Parameters of BM25, as Lance has them.
_SATURATION, _BY_LENGTH = 1.2, 0.75


class WildcardTexts(NamedTuple):
    """The columns of chunks that wildcards are looked for in, and whether accents count."""

    columns: Sequence[str]
    keeps_accents: bool

    @property
    def text(self) -> str:
        """The SQL expression of all their texts."""
        return f"concat_ws(' ', {', '.join(self.columns)})"

    def holds(self, clause: Clause) -> str:
        return f"regexp_like({self.text}, {self._of(clause)})"

    def times(self, clause: Clause) -> str:
        return f"regexp_count({self.text}, {self._of(clause)})"

    def _of(self, clause: Clause) -> str:
        return quoted(expression(clause.text, keeps_accents=self.keeps_accents))


def matching(
    table: TableReader, query: TextQuery, wildcards: Sequence[Clause], k: int, where: Where, searched: WildcardTexts
) -> pa.Table:
    """The ``k`` chunks that match best: their ``_rowid`` and ``_score``.

    ``query``: the other clauses, which may be none. ``where``: the chunks that may be found.
    """
    conditions = [
        f"{'NOT ' if one.occur == 'MUST_NOT' else ''}{searched.holds(one)}"
        for one in wildcards
        if one.occur != "SHOULD"
    ]
    allowed = Passing.of(_ids(table, " AND ".join(conditions), where)) if conditions else where
    n_allowed = len(allowed.row_ids) if isinstance(allowed, Passing) else table.count(allowed)
    found = [_scored(table, one, n_allowed, allowed, searched) for one in wildcards if one.occur != "MUST_NOT"]
    unwanted = [replace(one, occur="SHOULD") for one in query.clauses if one.occur == "MUST_NOT"]
    if any(one.occur != "MUST_NOT" for one in query.clauses):
        by_words = table.matching(query, max(1, n_allowed), allowed)
        if any(one.occur == "MUST" for one in query.clauses):
            found = [_among(one, by_words, among=True) for one in found]
        scores = by_words.column("_score").cast(pa.float64())
        found.append(pa.table({"_rowid": by_words.column("_rowid"), "_score": scores}))
    if unwanted:
        excluded = table.matching(replace(query, clauses=tuple(unwanted)), max(1, n_allowed), allowed)
        found = [_among(one, excluded, among=False) for one in found]
    return added(pa.concat_tables(found), "_rowid", k)


def _ids(table: TableReader, condition: str, where: Where) -> np.ndarray:
    return np.sort(table.computed({}, condition, where).column("_rowid").to_numpy())


def _scored(table: TableReader, clause: Clause, n_allowed: int, where: Where, searched: WildcardTexts) -> pa.Table:
    """The chunks with words that a wildcard stands for, scored as if these were one word."""
    columns = {"times": searched.times(clause), "length": "character_length(text)"}
    rows = table.computed(columns, searched.holds(clause), where)
    times, length = (rows.column(name).to_numpy().astype(float) for name in columns)
    rarity = np.log1p((n_allowed - len(times) + 0.5) / (len(times) + 0.5))
    relative = length / max(1.0, length.mean()) if len(length) else length
    scores = rarity * times * (1 + _SATURATION) / (times + _SATURATION * (1 - _BY_LENGTH + _BY_LENGTH * relative))
    return pa.table({"_rowid": rows.column("_rowid"), "_score": pa.array(scores, pa.float64())})


def _among(rows: pa.Table, others: pa.Table, *, among: bool) -> pa.Table:
    is_among = np.isin(rows.column("_rowid").to_numpy(), others.column("_rowid").to_numpy())
    return rows.filter(pa.array(is_among if among else ~is_among))
