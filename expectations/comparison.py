"""Whether one release or search profile is worse than another, by the same questions: noise or a real loss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import polars as pl

from expectations.resampling import interval, randomisation_p
from lake.errors import UsageError
from lake.questions.manifest import BY_PIPELINE

if TYPE_CHECKING:
    import pyarrow as pa

Word = Literal["better", "worse", "no difference that matters", "not enough evidence"]

#: The smallest mean difference that matters, how often a verdict may err, and from how many questions on one may say
#: that there is no difference.
MARGIN, ALPHA, LEAST = 0.01, 0.05, 30

_KEY = ("set", "level", "measure", "question_id")


@dataclass(frozen=True, slots=True)
class PairedVerdict:
    """The verdict on the paired differences (b - a) of ``n`` questions; ``low`` and ``high`` bound their mean.

    ``no_loss``: a mean loss of ``margin`` or more is ruled out, whatever else is open.
    """

    word: Word
    n: int
    difference: float
    low: float
    high: float
    p: float
    wins: int
    losses: int
    ties: int
    no_loss: bool


def judge(
    differences: np.ndarray, *, margin: float = MARGIN, alpha: float = ALPHA, least: int = LEAST, seed: int = 0
) -> PairedVerdict:
    """The verdict on paired differences [n].

    *worse* wants two things. The mean loss is ``margin`` or more: one that matters. And the randomisation test rejects
    that both are alike: that test keeps its error rate with any number of questions and any distribution, so that a
    harmless change is called worse in at most ``alpha`` of all cases, and mostly in far fewer. *better* is its mirror
    image. *no difference that matters*: the interval of the mean lies inside the margins. All else, and any claim of
    equality from less than ``least`` questions, is *not enough evidence*.
    """
    values = np.asarray(differences, float)
    if not np.isfinite(values).all() or not margin >= 0 or not 0 < alpha < 1:
        raise UsageError("differences must be finite, the margin not negative, alpha between 0 and 1")
    n = len(values)
    low, high = interval(values, 1 - alpha, seed) if n else (float("-inf"), float("inf"))
    p = randomisation_p(values, seed)
    wins, losses = int((values > 0).sum()), int((values < 0).sum())
    mean = float(values.mean()) if n else 0.0
    word: Word = "not enough evidence"
    if mean <= -margin and p <= alpha:
        word = "worse"
    elif mean >= margin and p <= alpha:
        word = "better"
    elif n >= least and -margin < low and high < margin:
        word = "no difference that matters"
    no_loss = n >= least and low > -margin
    return PairedVerdict(word, n, mean, low, high, p, wins, losses, n - wins - losses, no_loss)


@dataclass(frozen=True)
class Comparison:
    """``b`` against ``a`` in one measure over the questions of a set that were measured at both.

    ``pairs``: question_id, a, b, difference, lost; sorted by difference. ``lost``: b no longer has the evidence,
    although its source did not change, which counts as 0. ``n_left_out``: questions of a whose evidence the source
    itself took away or changed.
    """

    set: str
    level: str
    measure: str
    a: float
    b: float
    judgement: PairedVerdict
    pairs: pl.DataFrame
    n_left_out: int

    def to_json(self) -> dict[str, Any]:
        """All of it; the pairs that differ as ``changes``."""
        changes = self.pairs.filter(pl.col("difference") != 0).to_dicts()
        fields = {name: getattr(self, name) for name in ("set", "level", "measure", "a", "b", "n_left_out")}
        n_lost = int(self.pairs["lost"].sum())
        return {**fields, **asdict(self.judgement), "n_lost": n_lost, "changes": changes}


def compare(
    a: pa.Table,
    b: pa.Table,
    measures: Sequence[tuple[str, str]] | None = None,
    *,
    margin: float = MARGIN,
    alpha: float = ALPHA,
    least: int = LEAST,
    seed: int = 0,
) -> list[Comparison]:
    """Compare SCORES rows of two releases, or of two search profiles of one, measure by measure (level, name) and set.

    Only questions that were measured at both, with the same evidence, count, and each is compared with itself.
    UsageError if they share none, and if rows are of more than one release or search profile.
    """
    pairs, left_out = _paired(_of_one_way(a), _of_one_way(b))
    found = []
    for key, part in pairs.group_by("set", "level", "measure", maintain_order=True):
        name, level, measure = map(str, key)
        if measures is not None and (level, measure) not in measures:
            continue
        judgement = judge(part["difference"].to_numpy(), margin=margin, alpha=alpha, least=least, seed=seed)
        of_a, of_b = (float(part[side].to_numpy().mean()) for side in ("a", "b"))
        changed = part.select("question_id", "a", "b", "difference", "lost").sort("difference", "question_id")
        found.append(Comparison(name, level, measure, of_a, of_b, judgement, changed, left_out.get(name, 0)))
    if not found:
        raise UsageError("the two share no question that both were asked and that is measured so; evaluate both")
    return found


def _of_one_way(rows: pa.Table) -> pl.DataFrame:
    frame = pl.DataFrame(rows)
    if len(profiles := frame.select("release", "settings").unique(maintain_order=True)) > 1:
        found = "; ".join(f"{release} under {settings}" for release, settings in profiles.iter_rows())
        raise UsageError(f"only scores of one release under one search profile can be compared; these are of {found}")
    return frame


def _paired(a: pl.DataFrame, b: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, int]]:
    """Values of both by question, in order of their ids, and how many of each set of a can't be compared."""
    asked = ["set", "question_id"]
    facts = [*asked, "question_digest", "status", "evidence_bytes"]
    one, other = (side.select(facts).unique(asked) for side in (a, b))
    both = one.join(other, on=[*asked, "question_digest"], suffix="_b", nulls_equal=True)
    same = pl.col("evidence_bytes") == pl.col("evidence_bytes_b")
    measured = {side: ~pl.col(name).is_in(_left_out_words()) for side, name in (("a", "status"), ("b", "status_b"))}
    both = both.with_columns(
        lost=same & measured["a"] & pl.col("status_b").is_in(BY_PIPELINE),
        regained=same & measured["b"] & pl.col("status").is_in(BY_PIPELINE),
        usable=measured["a"] & measured["b"],
        measured_a=measured["a"],
    )
    compared = both.filter(pl.col("usable") | pl.col("lost") | pl.col("regained")).select(*asked, "lost", "usable")
    left = both.filter(pl.col("measured_a") & ~pl.col("usable") & ~pl.col("lost")).group_by("set").len()
    values = _values(a, "a").join(_values(b, "b"), on=list(_KEY), how="full", coalesce=True)
    values = values.join(compared, on=asked)
    # What only one of them took of a question that both were measured by is no loss.
    values = values.filter(~pl.col("usable") | (pl.col("a").is_not_null() & pl.col("b").is_not_null()))
    values = values.with_columns(pl.col("a", "b").fill_null(0.0))
    values = values.with_columns(difference=pl.col("b") - pl.col("a")).sort(_KEY)
    return values, dict(left.iter_rows())


def _values(rows: pl.DataFrame, side: str) -> pl.DataFrame:
    measured = rows.filter(pl.col("value").is_not_null() & (pl.col("level") != "search"))
    return measured.select(*_KEY, pl.col("value").alias(side))


def _left_out_words() -> list[str]:
    return ["absent", "several sources", "ambiguous", "no evidence", *BY_PIPELINE]
