"""Which cell is best, which are as good for less, and which no other beats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from expectations.comparison import ALPHA, LEAST, MARGIN, compare
from expectations.experiment.values import Choice

if TYPE_CHECKING:
    import pyarrow as pa

    from expectations.experiment.values import CellOutcome

#: The most that a cell may lose to the best to be taken in its place, whatever the test says.
TOLERANCE = 2 * MARGIN
#: Latencies that lie within this share of the least are equal: a clock can't tell them apart.
_SAME_TIME = 0.1


def choose(outcomes: Sequence[CellOutcome], rows: Mapping[int, pa.Table], measure: str) -> Choice:
    """Of the cells that are as good as the best, the cheapest to embed, then the fastest, then the best.

    ``rows`` are SCORES of each cell's questions. With fewer than 30 questions only the best is as good as the best:
    the data could not show that a cheaper one is no worse.
    """
    best = max(outcomes, key=lambda one: (one.scores[measure].mean, -one.cell.number))
    number = best.cell.number
    if best.n_questions < LEAST:
        rule = f"highest {measure}; {best.n_questions} questions are too few to tell what is as good for less"
        return Choice(number, number, frozenset({number}), rule)
    good = [one for one in outcomes if _is_as_good(one, best, rows, measure)]
    cheap = [one for one in good if one.cost == min(other.cost for other in good)]
    limit = min(one.p50 for one in cheap) * (1 + _SAME_TIME)
    fast = [one for one in cheap if one.p50 <= limit]
    chosen = max(fast, key=lambda one: (one.scores[measure].mean, -one.cell.number))
    rule = (
        f"highest {measure}; of the cells that lose less than {TOLERANCE:g} to it and not {MARGIN:g} with p <= "
        f"{ALPHA:g}, the cheapest to embed, of these the fastest (p50, within {_SAME_TIME:.0%}), of these the best"
    )
    return Choice(number, chosen.cell.number, frozenset(one.cell.number for one in good), rule)


def _is_as_good(one: CellOutcome, best: CellOutcome, rows: Mapping[int, pa.Table], measure: str) -> bool:
    if one is best:
        return True
    if best.scores[measure].mean - one.scores[measure].mean >= TOLERANCE:
        return False
    level, _, name = measure.partition(" ")
    # Not corrected for the number of cells: here it is the careful side to find a cell worse.
    (found,) = compare(rows[best.cell.number], rows[one.cell.number], [(level, name)])
    return found.judgement.word != "worse"


def front(points: Mapping[int, tuple[float, float]]) -> frozenset[int]:
    """The points (gain, price) that no other beats: none gains as much for less, or more for as much.

    >>> sorted(front({0: (0.7, 2.0), 1: (0.8, 3.0), 2: (0.7, 2.5), 3: (0.8, 3.0)}))
    [0, 1, 3]
    """

    def beats(a: tuple[float, float], b: tuple[float, float]) -> bool:
        return a[0] >= b[0] and a[1] <= b[1] and a != b

    return frozenset(n for n, point in points.items() if not any(beats(other, point) for other in points.values()))
