"""Lance's form of a full-text query: searches of one column each, whose scores add up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from lake.tables.text_query import Clause, TextQuery

#: Weight of a match of a further form of a word, such as a part of a name, relative to one of the word.
_FORM_BOOST = 0.5
#: Letters of a word that is searched as it is written.
_SHORT = 2


def full_text_query(query: TextQuery) -> Any:
    """Lance's form of a query; each clause is searched in the text and, with less weight, in the heading."""
    from lance.query import BooleanQuery, FullTextQuery, Occur

    clauses: list[tuple[Occur, FullTextQuery]] = [
        (Occur[clause.occur], BooleanQuery([(Occur.SHOULD, leg) for leg in legs(clause, query)]))
        for clause in query.clauses
    ]
    return clauses[0][1] if len(clauses) == 1 else BooleanQuery(clauses)


def added(found: pa.Table, key: str, k: int) -> pa.Table:
    """The ``k`` keys with the largest sums of scores; of two equal sums the smaller key is first."""
    keys, place = np.unique(found.column(key).to_numpy(), return_inverse=True)
    scores = np.bincount(place, weights=found.column("_score").to_numpy())
    best = np.lexsort((keys, -scores))[:k]
    return pa.table({key: keys[best], "_score": scores[best]})


def legs(clause: Clause, query: TextQuery) -> list[Any]:
    """Searches of a clause in text and heading, of which any may match."""
    from lance.query import MatchQuery, PhraseQuery

    if clause.is_phrase:
        return [PhraseQuery(text, column) for text in (clause.text, *clause.others) for column in query.columns]
    text, heading = query.columns
    if clause.fuzziness:
        each = [(words, n) for n, words in by_tolerance(clause.text, clause.fuzziness).items()]
        each += [(clause.forms, 0)] if clause.forms else []
        boosts = ((text, 1.0), (heading, query.heading_boost))
        return [MatchQuery(words, column, boost=boost, fuzziness=n) for words, n in each for column, boost in boosts]
    wanted = [(clause.text, text, 1.0), (f"{clause.text} {clause.forms}", heading, query.heading_boost)]
    wanted += [(clause.forms, text, _FORM_BOOST)] if clause.forms else []
    return [MatchQuery(words, column, boost=boost) for words, column, boost in wanted]


def by_tolerance(words: str, fuzziness: int) -> dict[int, str]:
    """The words by how many of their letters may differ: half of them, none of two, and ``fuzziness`` at most.

    Else every number of two digits would be a misspelling of every other one.

    >>> by_tolerance("65 the alrm foghrn", 2)
    {0: '65', 1: 'the', 2: 'alrm foghrn'}
    """
    groups: dict[int, list[str]] = {}
    for word in words.split():
        allowed = len(word) // 2 if len(word) > _SHORT else 0
        groups.setdefault(min(allowed, fuzziness), []).append(word)
    return {n: " ".join(group) for n, group in sorted(groups.items())}
