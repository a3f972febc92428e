"""How much BM25 changes if a part of a lake is copied, and how much of that weights in a query can take back.

    python benchmarks/copied_scores.py --data FOLDER [--only docs,code] [--work FOLDER]

Each collection is indexed as it is, with every third document copied, and with a copy of each. Searches leave the
copies out, so that the same passages can be found in all three; Lance counts the words of their rows all the same.
*Weighted*: each word of a question is a query of its own, whose weight makes up for the copies that hold the word.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass, field, replace
from math import log
from pathlib import Path
from time import process_time

import numpy as np
import pyarrow as pa
from lance.query import BooleanQuery, FullTextQuery, MatchQuery, Occur
from quality import built
from quality_measures import MEASURES, document_measures
from quality_sets import COLLECTIONS, Collection

from expectations.resampling import interval
from lake.directory import Lake
from lake.index import Index
from lake.options import RecipeOptions
from lake.tables.full_text_legs import added, legs
from lake.tables.reader import TableReader
from lake.tables.text_query import TextQuery, in_words, plain

_SHARES = {"a third": 3, "all": 1}
_COPY, _DEEP = "zz-copy-", 200
_STANDS = f"NOT starts_with(uri, '{_COPY}')"
_FORM_BOOST = 0.5

#: Document and start of a chunk, with its score; best first.
Ranked = list[tuple[tuple[str, int], float]]


def copied(collection: Collection, every: int) -> Collection:
    """The collection with a copy of every so many documents."""
    names = sorted(collection.documents)[::every]
    copies = {f"{_COPY}{name}": collection.documents[name] for name in names}
    return replace(collection, name=f"{collection.name}-{every}", documents={**collection.documents, **copies})


@dataclass
class Texts:
    """Full-text searches of one lake. ``spent``: CPU seconds of them, and of counting words."""

    chunks: TableReader
    known: dict[tuple[str, str], float] = field(default_factory=dict)
    spent: dict[str, float] = field(default_factory=lambda: {"plain": 0.0, "weighted": 0.0, "counting": 0.0})

    @classmethod
    def of(cls, index: Index) -> Texts:
        release = index.release()
        tables, name = Lake(index.url).tables(release.generation), release.recipe.embedder.table
        return cls(tables.at(name, release.versions[name]))

    def __post_init__(self) -> None:
        rows = self.chunks.scan(["_rowid", "uri", "start"]).to_pylist()
        self.places = {row["_rowid"]: (row["uri"], row["start"]) for row in rows}
        self._copies = {row["_rowid"] for row in rows if row["uri"].startswith(_COPY)}

    def found(self, query: TextQuery, how: str) -> Ranked:
        parts = legs(query.clauses[0], query) if how == "plain" else self._weighted(query)
        begun = process_time()
        each = [self.chunks._matching(part, _DEEP, _STANDS, "_rowid") for part in parts]
        self.spent[how] += process_time() - begun
        best = added(pa.concat_tables(each), "_rowid", _DEEP).to_pylist()
        return [(self.places[row["_rowid"]], row["_score"]) for row in best]

    def _weighted(self, query: TextQuery) -> list[FullTextQuery]:
        clause, (text, heading) = query.clauses[0], query.columns
        wanted = [(clause.text, text, 1.0), (f"{clause.text} {clause.forms}", heading, query.heading_boost)]
        wanted += [(clause.forms, text, _FORM_BOOST)] if clause.forms else []
        return [
            BooleanQuery(
                [
                    (Occur.SHOULD, MatchQuery(word, column, boost=boost * self._weight(word, column)))
                    for word in dict.fromkeys(words.split())
                ]
            )
            for words, column, boost in wanted
        ]

    def _weight(self, word: str, column: str) -> float:
        """How rare a word is among the rows that stand, relative to all rows."""
        if (word, column) not in self.known:
            begun = process_time()
            rows = self.chunks._matching(MatchQuery(word, column), len(self.places), None, "_rowid")
            ids = rows.column("_rowid").to_pylist()
            n_all, n_stand = len(ids), sum(row_id not in self._copies for row_id in ids)
            own = _rarity(len(self.places) - len(self._copies), n_stand)
            self.known[word, column] = own / _rarity(len(self.places), n_all) if n_stand else 1.0
            self.spent["counting"] += process_time() - begun
        return self.known[word, column]


def _rarity(n_rows: int, n_holding: int) -> float:
    return log(1 + (n_rows - n_holding + 0.5) / (n_holding + 0.5))


def ndcg(collection: Collection, question_id: str, found: Ranked) -> float:
    ranked = {question_id: list(dict.fromkeys(uri for (uri, _), _ in found))}
    return document_measures({question_id: collection.relevance[question_id]}, ranked)[str(MEASURES[0])]


def compared(collection: Collection, plain_lake: Texts, other: Texts, how: str, named: str) -> None:
    """Print how the lake with copies differs from the one without."""
    changes, same, gains = [], [], []
    for question_id, text in collection.questions.items():
        query = in_words(plain(text), ["english"], "words")
        before, after = plain_lake.found(query, "plain"), other.found(query, how)
        scores = dict(after)
        changes += [abs(scores[place] / score - 1) for place, score in before[:10] if place in scores]
        same.append([place for place, _ in before[:10]] == [place for place, _ in after[:10]])
        gains.append(ndcg(collection, question_id, after) - ndcg(collection, question_id, before))
    low, high = interval(np.array(gains))
    n = len(gains)
    counting = f", {1e3 * other.spent['counting'] / len(other.known):.1f} a new word" if other.known else ""
    print(
        f"{named}, {how}: scores differ by {np.mean(changes):.2%} on average, {np.max(changes):.1%} at most; first ten "
        f"equal for {np.mean(same):.0%} of {n} questions; nDCG@10 {np.mean(gains):+.4f} [{low:+.4f}, {high:+.4f}]; "
        f"{1e3 * other.spent[how] / n:.1f} CPU ms a search{counting}",
        flush=True,
    )


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--data", type=Path, required=True)
    words.add_argument("--only", default="docs,code")
    words.add_argument("--work", type=Path, default=Path(tempfile.gettempdir(), "raglake-copies"))
    chosen = words.parse_args()
    settings = RecipeOptions(embedder="hash")
    for name in chosen.only.split(","):
        collection = COLLECTIONS[name](chosen.data)
        without = Texts.of(built(collection, settings, chosen.work))
        for share, every in _SHARES.items():
            other = Texts.of(built(copied(collection, every), settings, chosen.work))
            for how in ("plain", "weighted"):
                compared(collection, without, other, how, f"{name}, {share} copied")


if __name__ == "__main__":
    main()
