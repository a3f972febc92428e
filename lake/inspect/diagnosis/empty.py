"""Explains an empty result: which condition excludes all chunks, and which values exist instead."""

from __future__ import annotations

import difflib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from lake.reporting import counted
from lake.search.filters import METADATA

if TYPE_CHECKING:
    from lake.search.predicate import Predicate
    from lake.search.question import SearchRequest
    from lake.search.question_embedding import Embedders
    from lake.search.rights import Rights
    from lake.search.snapshot import Snapshot

_SHOWN = 8
#: Operators as the command line writes them.
_SIGNS = {"": "=", "in": "=", "glob": "~", **{sign: sign for sign in ("=", "!=", "<", "<=", ">", ">=")}}


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of a search, as users write it; ``key`` is None for SQL."""

    words: str
    where: str | None = None
    filters: Mapping[str, Any] | None = None
    key: str | None = None


def conditions(question: SearchRequest) -> Iterator[Condition]:
    """Each condition of the question on its own."""
    if question.where is not None:
        yield Condition(f"--where {question.where}", question.where)
    for key, condition in (question.filters or {}).items():
        parts = condition.items() if isinstance(condition, Mapping) else [("", condition)]
        for operator, value in parts:
            one = {key: {operator: value} if operator else value}
            sign = _SIGNS.get(operator, f" {operator} ")
            yield Condition(f"the filter {key}{sign}{_plain(value)}", filters=one, key=key)


def _plain(value: Any) -> str:
    is_list = isinstance(value, (list, tuple, set, frozenset))
    return ", ".join(map(str, value)) if is_list else str(value)


def reasons(snapshot: Snapshot, rights: Rights, question: SearchRequest, embedder: Embedders = None) -> list[str]:
    """Sentences that explain an empty result; they mention only values of documents that the principals may see."""
    seen = rights.predicate(question.principals)
    predicate = partial(snapshot.filter.predicate, seen=seen)
    if not _count(snapshot, seen):
        return ["these principals may see no chunk of the release; name others with --as"]
    failing = [one for one in conditions(question) if not _count(snapshot, seen & predicate(one.where, one.filters))]
    if failing:
        return [_sentence(snapshot, seen, one) for one in failing]
    n = _count(snapshot, seen & predicate(question.where, question.filters))
    if not n:
        return ["no chunk meets all conditions at the same time"]
    if question.min_score is not None:
        best = snapshot.search(replace(question, min_score=None, k=1), rights, embedder)
        if best.num_rows:
            return [f"the best score is {best['score'][0].as_py():.4g}, below --min-score {question.min_score:g}"]
    return [f"no word of the question occurs in the {counted(n, 'chunk')} that may be found"]


def _count(snapshot: Snapshot, predicate: Predicate) -> int:
    return 0 if predicate.is_nothing else snapshot.table("chunks").count(predicate.sql)


def _sentence(snapshot: Snapshot, seen: Predicate, one: Condition) -> str:
    sentence = f"{one.words} excludes everything"
    values = _values(snapshot, seen, one.key) if one.key else []
    if not values or not one.key:
        return sentence
    if one.key == "uri":
        pattern = one.words.rpartition("~")[2].strip("*/")
        near = difflib.get_close_matches(pattern, values, _SHOWN, 0.4) or sorted(values)[:_SHOWN]
        return f"{sentence}; similar URIs: {', '.join(near)}"
    if not isinstance(values[0], str):
        least, most = (f"{v:%Y-%m-%d %H:%M}" if isinstance(v, datetime) else str(v) for v in (min(values), max(values)))
        return f"{sentence}; values lie between {least} and {most}"
    common = [value for value, _ in Counter(values).most_common(_SHOWN + 1)]
    more = ", ..." if len(common) > _SHOWN else ""
    return f"{sentence}; {one.key} can be {', '.join(common[:_SHOWN])}{more}"


def _values(snapshot: Snapshot, seen: Predicate, key: str) -> list[Any]:
    """The values of a key, one for each document or chunk that has it."""
    column = "metadata" if key.startswith(METADATA) else key
    tables = (snapshot.table("documents"), snapshot.table("chunks"))
    table = next(table for table in tables if column in table.schema.names)
    found = table.scan([column], seen.sql).column(0).to_pylist()
    if column != key:
        found = [json.loads(stated or "{}").get(key.removeprefix(METADATA)) for stated in found]
    return [str(v) if isinstance(v, bool) else v for value in found for v in _each(value) if v is not None]


def _each(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list) else (value,)
