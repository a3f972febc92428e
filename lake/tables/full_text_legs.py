"""Lance's form of a full-text query: searches of one column each, whose scores add up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

from lake.errors import UsageError
from lake.storage.failures import TOO_LONG_FOR_FUZZINESS

if TYPE_CHECKING:
    from lake.tables.text_query import Clause, TextQuery

#: Weight of a match of a further form of a word, such as a part of a name, relative to one of the word.
_FORM_BOOST = 0.5
#: Letters of a word that is searched as it is written, and of the longest that may be misspelled.
_SHORT, _LONGEST_FUZZY = 2, 512
#: Minimum number of matches taken from the text, and from heading or further forms. Many chunks share a heading, and a
#: chunk missed there loses its rank: with 200,000 chunks, three of a hundred among the first ten.
DEPTH, DEPTH_OF_SHARED = 500, 2000


class Leg(NamedTuple):
    """Words searched as they are written in one column; ``depth``: the minimum number of matches taken."""

    words: str
    column: str
    boost: float
    depth: int

    @property
    def by_lance(self) -> Any:
        from lance.query import MatchQuery

        return MatchQuery(self.words, self.column, boost=self.boost)


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
    scores = np.bincount(place, weights=found.column("_score").to_numpy()).astype(np.float64)
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
    return [leg.by_lance for leg in word_legs(clause, query)]


def word_legs(clause: Clause, query: TextQuery) -> list[Leg]:
    """The searches for words as they are written."""
    text, heading = query.columns
    legs = [
        Leg(clause.text, text, 1.0, DEPTH),
        Leg(f"{clause.text} {clause.forms}", heading, query.heading_boost, DEPTH_OF_SHARED),
    ]
    return [*legs, Leg(clause.forms, text, _FORM_BOOST, DEPTH_OF_SHARED)] if clause.forms else legs


def by_tolerance(words: str, fuzziness: int) -> dict[int, str]:
    """The words by how many of their letters may differ: half of them, none of two, and ``fuzziness`` at most.

    Else every number of two digits would be a misspelling of every other one.

    >>> by_tolerance("65 the alrm foghrn", 2)
    {0: '65', 1: 'the', 2: 'alrm foghrn'}
    """
    groups: dict[int, list[str]] = {}
    for word in words.split():
        if len(word) > _LONGEST_FUZZY:  # Lance would say so too, after seconds
            raise UsageError(TOO_LONG_FOR_FUZZINESS)
        allowed = len(word) // 2 if len(word) > _SHORT else 0
        groups.setdefault(min(allowed, fuzziness), []).append(word)
    return {n: " ".join(group) for n, group in sorted(groups.items())}
