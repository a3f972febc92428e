"""Searches with an understood question: its queries, their fusion, and further hops."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa

from lake.answer.context import pack
from lake.answer.fusion import fuse
from lake.answer.query_expansion import ExpandedQuery, Understanding, check_strategies
from lake.endpoints.breaker import UnreachableError
from lake.endpoints.usage import Usage
from lake.schemas.result import SearchResult

if TYPE_CHECKING:
    from lake.answer.chat import Message
    from lake.options.answer import Understand

#: Tokens of passages that the model sees for a hop.
_HOP_TOKENS = 2000


class SearchFunction(Protocol):
    """``Index.search``, possibly with some options set."""

    def __call__(self, text: str, k: int, /, **options: Any) -> SearchResult: ...


@dataclass(frozen=True, slots=True)
class Retrieved:
    """Passages of a release, and the question and queries that found them."""

    found: SearchResult
    question: str
    queries: tuple[str, ...]

    @property
    def hits(self) -> pa.Table:
        return self.found.hits


def find(
    search: SearchFunction,
    question: str,
    k: int,
    *,
    understand: Sequence[Understand] = (),
    history: Sequence[Message] = (),
    understanding: Understanding | None = None,
) -> Retrieved:
    """The best ``k`` passages of all queries together.

    A history makes the question stand alone; ``rewrite`` replaces the question in the search, ``expand`` and ``hyde``
    add queries, ``decompose`` searches for what is missing after each hop. Without ``understanding``, no model is
    called and the question is searched unchanged.
    """
    check_strategies(understand)
    if understanding is None:
        return Retrieved(search(question, k), question, (question,))
    if history:
        question = understanding.standalone(question, history)
    queries = _queries(question, understand, understanding)
    rankings = [_ranking(search, query, k) for query in queries]
    if "decompose" in understand:
        _hop(search, question, k, queries, rankings, understanding)
    degraded = tuple(sorted({part for ranking in rankings for part in ranking.degraded}))
    since = min((ranking.stale_since for ranking in rankings if ranking.stale_since), default=None)
    hits = fuse([ranking.hits for ranking in rankings], k)
    usage = sum((ranking.usage for ranking in rankings if ranking.usage), Usage())
    found = replace(rankings[0], hits=hits, degraded=degraded, stale_since=since, usage=usage)
    return Retrieved(found, question, tuple(query.text for query in queries))


def _queries(question: str, understand: Sequence[Understand], model: Understanding) -> list[ExpandedQuery]:
    queries = model.rewritten(question) if "rewrite" in understand else [ExpandedQuery(question)]
    if "expand" in understand:
        queries += model.expanded(question)
    if "hyde" in understand:
        queries += model.imagined(question)
    distinct: dict[str, ExpandedQuery] = {}
    for query in queries:
        distinct.setdefault(query.text.casefold(), query)
    return list(distinct.values())


def _hop(
    search: SearchFunction,
    question: str,
    k: int,
    queries: list[ExpandedQuery],
    rankings: list[SearchResult],
    model: Understanding,
) -> None:
    """Searches for what the model finds missing, until it finds nothing new or reaches the limits."""
    known = {query.text.casefold() for query in queries}
    for _ in range(model.limits.max_hops):
        context = pack(fuse([ranking.hits for ranking in rankings], k).to_pylist(), _HOP_TOKENS)
        fence = context.fence(question)
        new = [q for q in model.missing(question, context.render(fence), fence) if q.text.casefold() not in known]
        if not new:
            return
        known |= {query.text.casefold() for query in new}
        queries += new
        rankings += [_ranking(search, query, k) for query in new]


def _ranking(search: SearchFunction, query: ExpandedQuery, k: int) -> SearchResult:
    """A passage is searched by its vector, unless that can't be had and the search may degrade."""
    if query.like_a_passage:
        try:
            return search(query.text, k, mode="vector")
        except UnreachableError as missing:
            if missing.part != "vector":
                raise
    return search(query.text, k)


def understood(
    search: SearchFunction, strategies: Sequence[Understand], make: Callable[[], Understanding]
) -> SearchFunction:
    """``search`` preceded by strategies: the same call, so that an evaluation can measure their effect."""

    def searched(text: str, k: int, /, **options: Any) -> SearchResult:
        return find(partial(search, **options), text, k, understand=strategies, understanding=make()).found

    return searched
