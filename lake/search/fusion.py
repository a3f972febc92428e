"""Two rankings made one: by what their scores say against chance, or by ranks alone.

BM25 sums, over the words of a question that a chunk holds, -ln of about the share of chunks that hold the word: how
unlikely the match would be by chance. A cosine is put on the same scale. Against the cosines of the same question with
any chunks, it lies z deviations above their mean, and chance alone gets there with a probability of at most exp(-z²/2)
(Chernoff's bound for a normal distribution), so that z²/2 is its evidence. Evidence of both legs adds up.
A model that can't tell chunks apart for a question, say in a language it never saw, finds none that stand out, and
says little by itself; no weight has to know the language, the model or the collection.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from lake.errors import UsageError

Floats = np.ndarray[Any, np.dtype[np.floating[Any]]]

#: Each leg looks at least so deep. Less costs: a chunk that one leg did not reach counts there as not found.
LEG_DEPTH = 100
#: Chunks whose cosines with a question stand for those of all chunks.
SAMPLE = 1024
#: Cosines that differ by less than this do not differ.
_SMALLEST_DEVIATION = 1e-3
#: Reciprocal rank fusion's constant (Cormack, Clarke and Büttcher, SIGIR 2009).
_RRF = 60

#: A fused ranking, best first; rank and score of a leg are null where it did not find the chunk.
FUSED = pa.schema(
    [
        pa.field("chunk_id", pa.string()),
        pa.field("score", pa.float64()),
        pa.field("vector_rank", pa.int32()),
        pa.field("vector_score", pa.float64()),
        pa.field("text_rank", pa.int32()),
        pa.field("text_score", pa.float64()),
    ]
)


@dataclass(frozen=True, slots=True)
class Chance:
    """The cosines between a question and chunks taken at random: their mean, and how far they deviate upwards.

    The deviation is the root mean square of what lies above the mean, since only that side is looked at and it is the
    wider one: some chunks share the question's language or subject, and answer it none the more.
    """

    mean: float
    deviation: float

    @classmethod
    def of(cls, question: Floats, sample: Floats) -> Chance:
        """``question`` [dimensions] and ``sample`` [n, dimensions] are unit vectors."""
        if not len(sample):
            return cls(0.0, 1.0)
        cosines = (sample @ question).astype(np.float64)
        mean = float(cosines.mean())
        above = cosines[cosines > mean] - mean
        return cls(mean, float(np.sqrt(np.mean(above * above))) if len(above) else 0.0)

    def evidence(self, cosines: Floats) -> Floats:
        """-ln of the bound on the probability that chance brings such a cosine; negative below the mean."""
        z = (cosines - self.mean) / max(self.deviation, _SMALLEST_DEVIATION)
        evidence: Floats = np.sign(z) * z * z / 2
        return evidence


def sample_bound(n_chunks: int) -> str | None:
    """The chunk_id below which about SAMPLE of a release's chunks lie; None where all of them should be taken.

    Ids are digests, so the lowest are a sample at random that the release alone decides.

    >>> sample_bound(1000), sample_bound(4096), sample_bound(1_000_000)
    (None, '40000000', '00431bde')
    """
    return None if n_chunks <= 2 * SAMPLE else f"{SAMPLE * 16**8 // n_chunks:08x}"


def fuse(vector: pa.Table, text: pa.Table, chance: Chance, alpha: float = 0.5) -> pa.Table:
    """FUSED rows by the evidence of both legs, each weighed: ``alpha`` for the vectors, 1 - ``alpha`` for the text.

    The legs have ``chunk_id`` and ``score``, best first: cosines and BM25. A chunk that the text does not match has
    BM25 0; one that the vectors did not reach counts as their last.
    """
    legs = _Legs(vector, text, alpha)
    lowest = vector["score"].to_numpy().min() if len(vector) else chance.mean
    cosines = np.where(np.isnan(legs.cosine), lowest, legs.cosine)
    return legs.ranked(alpha * chance.evidence(cosines) + (1 - alpha) * np.nan_to_num(legs.bm25))


def fuse_by_rank(vector: pa.Table, text: pa.Table, alpha: float = 0.5) -> pa.Table:
    """FUSED rows by reciprocal rank fusion, 1 / (60 + rank) from each leg; weighed as in ``fuse``."""
    legs = _Legs(vector, text, alpha)
    return legs.ranked(alpha / (_RRF + legs.vector_rank) + (1 - alpha) / (_RRF + legs.text_rank))


class _Legs:
    """What two legs say of each chunk that a leg with any weight found; sorted by chunk_id.

    Scores are nan, and ranks infinite, where a leg did not find the chunk.
    """

    def __init__(self, vector: pa.Table, text: pa.Table, alpha: float) -> None:
        if not 0 <= alpha <= 1:
            raise UsageError(f"alpha={alpha} must lie between 0 (text alone) and 1 (vectors alone)")
        found = [leg["chunk_id"].to_pylist() for leg in (vector, text)]
        counted = [ids for ids, weight in zip(found, (alpha, 1 - alpha), strict=True) if weight]
        self.ids = sorted(set().union(*counted))
        self.vector_rank, self.cosine = self._placed(found[0], vector)
        self.text_rank, self.bm25 = self._placed(found[1], text)

    def _placed(self, found: list[str], leg: pa.Table) -> tuple[Floats, Floats]:
        place = {chunk_id: rank for rank, chunk_id in enumerate(found)}
        places = [place.get(chunk_id, len(found)) for chunk_id in self.ids]
        ranks = np.append(np.arange(1.0, len(found) + 1), np.inf)
        return ranks[places], np.append(leg["score"].to_numpy(), np.nan).astype(np.float64)[places]

    def ranked(self, scores: Floats) -> pa.Table:
        order = np.argsort(-scores, kind="stable")  # equal ones stay in order of chunk_id
        columns = [pa.array(self.ids, pa.string()), pa.array(scores, pa.float64())]
        for ranks, values in ((self.vector_rank, self.cosine), (self.text_rank, self.bm25)):
            columns += [_whole(ranks), pa.array(values, pa.float64(), from_pandas=True)]
        return pa.Table.from_arrays(columns, schema=FUSED).take(pa.array(order, pa.int64()))


def _whole(ranks: Floats) -> pa.Array:
    missing = np.isinf(ranks)
    return pa.array(np.where(missing, 0, ranks).astype(np.int32), pa.int32(), mask=missing)
