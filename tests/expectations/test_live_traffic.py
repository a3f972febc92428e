"""The summary of live traffic."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest

from expectations.live_traffic import judgements, traffic
from lake.options import QueryLogOptions
from lake.records.query_log import KeptQuestion
from lake.records.schemas import ANSWER_FEEDBACK, FEEDBACK, QUERIES

AT = datetime(2026, 11, 20, 8, tzinfo=UTC)
KEPT = KeptQuestion(QueryLogOptions())
HIT = [{"chunk_id": "c", "doc_id": "d", "score": 1.0}]


def row(question: str, **words: Any) -> dict[str, Any]:
    usual = {"asked_at": AT, "kind": "answer", "outcome": "ok", "api_key": "web", "seconds": 1.0, "degraded": []}
    figures = {"hits": HIT, "release": "r", "n_claims": 2, "n_flagged": 0, "confidence": 0.9, "cost_usd": 0.01}
    made = {**dict.fromkeys(QUERIES.names), **usual, **figures, "question": question, **words}
    return KEPT.row(made)


def judged(question: str, useful: bool, **words: Any) -> dict[str, Any]:
    usual = {"feedback_id": f"{question} {useful} {words}", "given_at": AT, "question": question, "useful": useful}
    return {**dict.fromkeys(ANSWER_FEEDBACK.names), **usual, **words}


def summed(rows: list[dict[str, Any]], votes: list[dict[str, Any]] = (), **words: Any) -> dict[str, Any]:  # type: ignore[assignment]
    log, answers = pa.Table.from_pylist(rows, schema=QUERIES), pa.Table.from_pylist(list(votes), schema=ANSWER_FEEDBACK)
    return traffic(log, judgements(FEEDBACK.empty_table(), answers), KEPT.digest, **words)


def test_nothing_is_summed_to_nothing() -> None:
    found = summed([])
    assert (found["total"]["n"], found["keys"], found["empty"], found["unhappy"]) == (0, [], [], [])


def test_figures_by_kind_and_key() -> None:
    rows = [row("a", seconds=s / 10, chat_model="m", cost_usd=None if s == 1 else 0.5) for s in range(1, 11)]
    rows += [row("b", kind="search", api_key="app", outcome="empty", hits=[], cost_usd=None, cached="redis")]
    found = summed(rows)
    assert found["total"]["n"] == 11
    assert (found["total"]["usd"], found["total"]["unpriced"], found["total"]["cached"]) == (4.5, 1, 1)
    assert [(one["api_key"], one["n"]) for one in found["keys"]] == [("app", 1), ("web", 10)]
    assert next(one for one in found["kinds"] if one["kind"] == "answer")["p95"] == pytest.approx(1.0)
    assert found["days"][0]["day"] == "2026-11-20"
    assert summed(rows, key="app")["total"]["n"] == 1


def test_questions_without_hits_are_ranked_by_how_often() -> None:
    rows = [row(text, outcome="empty", hits=[]) for text in ("a", "b", "B", " b", "a", "c", "b")]
    assert [(one["n"], one["question"].strip().lower()) for one in summed(rows)["empty"]] == [
        (4, "b"),
        (2, "a"),
        (1, "c"),
    ]
    assert len(summed(rows, top=1)["empty"]) == 1


def test_unhappy_questions_are_ranked() -> None:
    rows = [row("fine")] * 5 + [row("declined", outcome="declined")] * 2
    rows += [
        row("doubtful", confidence=0.2),
        row("flagged", n_flagged=1),
        row("disliked"),
        row("search", kind="search"),
    ]
    votes = [judged("disliked", False, comment="no"), judged("fine", True), judged("gone", False, voter="v")]
    votes += [judged("changed", False, voter="w"), judged("changed", True, voter="w", given_at=AT.replace(hour=9))]
    ranked = [(one["question"], one["score"], one["n"]) for one in summed(rows, votes)["unhappy"]]
    assert sorted(ranked[:2]) == [("disliked", 3, 1), ("gone", 3, 0)]
    assert ranked[2] == ("declined", 2, 2)
    assert sorted(ranked[3:]) == [("doubtful", 1, 1), ("flagged", 1, 1)]
