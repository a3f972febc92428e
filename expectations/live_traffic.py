"""What live traffic asked, how it went and what it cost, from the query log and from people's judgements."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import polars as pl

from lake.records.feedback import ANSWERS, PASSAGES
from lake.records.query_log import QUERIES

if TYPE_CHECKING:
    import pyarrow as pa

OUTCOMES = ("ok", "empty", "declined", "degraded", "error")
#: An answer is doubtful if its confidence is below this, or if so large a share of its claims is flagged.
DOUBTFUL = 0.5
#: What a judgement against a question weighs, beside an answer that declined or is doubtful.
WEIGHT = 3


def traffic(
    rows: pa.Table, judged: pa.Table, digest: Callable[[str], str], *, key: str | None = None, top: int = 20
) -> dict[str, Any]:
    """A summary of QUERIES rows as JSON: totals, by kind, key, release and day, and the questions that need attention.

    ``judged``: rows of ``judgements``. ``digest`` returns the log's digest of a question. With ``key``, only the rows
    of one API key count; judgements name no key and count anyway. ``top``: maximum number of questions in each list.
    """
    log = pl.DataFrame(pl.from_arrow(rows))
    if key is not None:
        log = log.filter(pl.col("api_key") == key)
    log = log.with_columns(day=pl.col("asked_at").dt.date().cast(pl.String), is_doubtful=_is_doubtful())
    by = {"kinds": "kind", "keys": "api_key", "releases": "release", "variants": "variant", "days": "day"}
    return {
        "total": _summed(log)[0],
        **{name: _summed(log, column) for name, column in by.items()},
        "empty": _empty(log, top),
        "unhappy": _unhappy(log, _against(judged, digest), top),
    }


def judgements(passages: pa.Table, answers: pa.Table) -> pa.Table:
    """What ``traffic`` needs of FEEDBACK and ANSWER_FEEDBACK rows, as one table."""
    columns = ["feedback_id", "question", "chunk_id", "useful", "comment", "voter", "given_at"]
    both = [pl.DataFrame(pl.from_arrow(rows)) for rows in (passages, answers)]
    frame = pl.concat([one.select(set(columns) & set(one.columns)) for one in both], how="diagonal")
    return frame.select(columns).sort("given_at").to_arrow()


def read(lake: Any, since: Any = None) -> tuple[pa.Table, pa.Table]:
    """QUERIES rows and judgements of a lake since a time."""
    day = since.date() if since else None
    rows, passages, answers = (files.read(lake, day) for files in (QUERIES, PASSAGES, ANSWERS))
    judged = judgements(passages, answers)
    if since is None:
        return rows, judged
    return tuple(
        pl.DataFrame(pl.from_arrow(table)).filter(pl.col(column) >= since).to_arrow()
        for table, column in ((rows, "asked_at"), (judged, "given_at"))
    )


def _is_doubtful() -> pl.Expr:
    flagged = pl.col("n_flagged") / pl.col("n_claims")
    doubtful = (pl.col("confidence") < DOUBTFUL) | (flagged >= DOUBTFUL)
    return (doubtful & (pl.col("outcome") == "ok") & (pl.col("kind") == "answer")).fill_null(False)


def _summed(log: pl.DataFrame, by: str | None = None) -> list[dict[str, Any]]:
    seconds, cost = pl.col("seconds"), pl.col("cost_usd")
    figures = [
        pl.len().alias("n"),
        *((pl.col("outcome") == outcome).sum().alias(outcome) for outcome in OUTCOMES),
        pl.col("cached").is_not_null().sum().alias("cached"),
        pl.col("is_doubtful").sum().alias("doubtful"),
        *(seconds.quantile(share).alias(name) for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))),
        *(pl.col(name).sum() for name in ("n_input", "n_output", "n_claims", "n_flagged")),
        cost.sum().alias("usd"),
        (pl.col("chat_model").is_not_null() & cost.is_null()).sum().alias("unpriced"),
    ]
    summed = log.select(figures) if by is None else log.group_by(by).agg(figures).sort(by, nulls_last=True)
    return summed.to_dicts()


def _empty(log: pl.DataFrame, top: int) -> list[dict[str, Any]]:
    """Questions for which nothing was found, most frequent first."""
    found = log.filter(pl.col("outcome") == "empty")
    asked = [pl.col("question").last(), pl.len().alias("n"), pl.col("asked_at").max().alias("last")]
    ranked = found.group_by("question_digest").agg(asked).sort(["n", "last", "question_digest"], descending=True)
    return ranked.head(top).to_dicts()


def _unhappy(log: pl.DataFrame, against: pl.DataFrame, top: int) -> list[dict[str, Any]]:
    """Questions with judgements against them, declined or doubtful answers, worst first."""
    asked = log.filter(pl.col("question_digest").is_not_null()).group_by("question_digest")
    figures = asked.agg(
        pl.col("question").last(),
        pl.len().alias("n"),
        (pl.col("outcome") == "declined").sum().alias("declined"),
        pl.col("is_doubtful").sum().alias("doubtful"),
        pl.col("confidence").mean(),
        pl.col("asked_at").max().alias("last"),
    )
    both = figures.join(against, on="question_digest", how="full", coalesce=True).with_columns(
        pl.coalesce("question", "judged_question").alias("question"),
        pl.col("n", "declined", "doubtful", "disliked").fill_null(0),
        pl.col("comments").fill_null([]),
    )
    score = (WEIGHT * pl.col("disliked") + pl.col("declined") + pl.col("doubtful")).alias("score")
    ranked = both.with_columns(score).filter(pl.col("score") > 0).sort(["score", "question_digest"], descending=True)
    return ranked.drop("judged_question").head(top).to_dicts()


def _against(judged: pa.Table, digest: Callable[[str], str]) -> pl.DataFrame:
    """Judgements against each question, with its comments; a voter's last one of a passage or an answer counts."""
    frame = pl.DataFrame(pl.from_arrow(judged))
    digests = pl.Series("question_digest", [digest(text) for text in frame["question"]], pl.String)
    voter = pl.coalesce("voter", "feedback_id").alias("voter")
    last = frame.with_columns(digests, voter).unique(["question_digest", "chunk_id", "voter"], keep="last")
    return (
        last.filter(~pl.col("useful"))
        .sort("given_at")
        .group_by("question_digest")
        .agg(
            pl.col("question").last().alias("judged_question"),
            pl.len().alias("disliked"),
            pl.col("comment").drop_nulls().alias("comments"),
        )
    )
