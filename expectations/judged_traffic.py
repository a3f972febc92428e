"""Judges a sample of what services were asked: answers from the passages that callers got, and a judge's verdicts."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from expectations.judging import AnswerJudge
from expectations.resampling import interval
from lake.answer import AnswerOptions, answer, load_chat
from lake.answer.json_requests import versions
from lake.answer.templates import load_prompts
from lake.endpoints.budget import Budget, BudgetError
from lake.errors import LakeError
from lake.ids import derived_id
from lake.options.checks import JUDGED
from lake.records.cached_chat import RememberedChat
from lake.records.judged_traffic import JUDGED_TRAFFIC
from lake.records.query_log import QUERIES
from lake.reporting import Progress, silent
from lake.sources.declared import EVERYTHING
from lake.storage import clock
from lake.tables.sql import one_of

if TYPE_CHECKING:
    import pyarrow as pa

    from lake.answer import ChatModel
    from lake.answer.templates import Prompts
    from lake.directory import Lake
    from lake.index import Index
    from lake.options.judging import JudgingOptions
    from lake.schemas.result import SearchResult

#: A JUDGED_TRAFFIC row, why a request was left out, or what failed.
_Outcome = dict[str, Any] | str | LakeError
_PROMPTS = ("answer_system", "answer_question", "judge_faithfulness", "judge_relevance")
_N_WORKERS = 4
_LOGGED = ("ok", "declined", "degraded", "empty")
_GONE = "its release or its passages are gone"


@dataclass(frozen=True)
class JudgedTraffic:
    """JUDGED_TRAFFIC ``rows`` of a sample out of ``n_logged`` requests.

    ``left_out`` counts by reason what was drawn and has no row; ``stopped`` is why the rest was not judged.
    """

    sample: str
    n_logged: int
    rows: Sequence[Mapping[str, Any]]
    left_out: Mapping[str, int]
    failures: Mapping[str, str]
    stopped: str
    budget: Budget = field(default_factory=Budget)

    def to_json(self) -> dict[str, Any]:
        return {
            "sample": self.sample,
            "logged": self.n_logged,
            "judged": len(self.rows),
            "measures": _means(self.rows),
            "left_out": dict(self.left_out),
            "failures": dict(self.failures),
            "stopped": self.stopped,
            "cost_usd": self.budget.usage.cost_usd,
            "calls_remembered": self.budget.n_remembered,
        }


def judge_traffic(
    lake: Lake,
    index: Index,
    options: JudgingOptions,
    answering: AnswerOptions | None = None,
    *,
    progress: Progress = silent,
) -> JudgedTraffic:
    """Judge requests of the query log, drawn at random among those with a legible question.

    The model answers each question from the passages that its caller got, at the release that found them, since the log
    keeps no answers. The judge gives verdicts on that answer, and the lake keeps them. The same requests are drawn as
    long as the log does not grow, and replies are kept, so a repetition costs nothing.
    """
    with index.using_endpoints():
        chat = load_chat(options.model)
        judge = load_chat(options.judge, role="judge") if options.judge else chat
    since = clock.now() - timedelta(days=options.days)
    logged = _legible(QUERIES.read(lake, since.date()), since)
    drawn = sorted(logged, key=_place)[: options.requests]
    judging = _Judging.of(index, chat, judge, answering or AnswerOptions(), Budget(options.max_usd), drawn)
    progress("requests", 0, len(drawn))
    with ThreadPoolExecutor(_N_WORKERS) as pool:
        found = list(pool.map(lambda row: judging.outcome(row, progress), drawn))
    _check(found)
    rows = [one for one in found if isinstance(one, dict)]
    refused = {row["judged_id"] for row in JUDGED_TRAFFIC.write(lake, rows)}
    return judging.summed(len(logged), drawn, found, [row for row in rows if row["judged_id"] not in refused])


def _legible(rows: pa.Table, since: datetime) -> list[dict[str, Any]]:
    log = pl.DataFrame(pl.from_arrow(rows))
    told = pl.col("question").is_not_null() & pl.col("outcome").is_in(_LOGGED) & pl.col("release").is_not_null()
    return log.filter(told & (pl.col("asked_at") >= since)).to_dicts()


def _place(row: Mapping[str, Any]) -> bytes:
    """Orders requests at random, and the same in each run."""
    return hashlib.sha256(row["log_id"].encode()).digest()


@dataclass(frozen=True)
class _Judging:
    """Answers and judges one request at a time."""

    index: Index
    chat: ChatModel
    judge: AnswerJudge
    options: AnswerOptions
    prompts: Prompts
    budget: Budget
    kept: Collection[str]
    sample: str
    judged_at: datetime

    @classmethod
    def of(
        cls,
        index: Index,
        chat: ChatModel,
        judge: ChatModel,
        options: AnswerOptions,
        budget: Budget,
        drawn: Sequence[Mapping[str, Any]],
    ) -> _Judging:
        prompts, now = load_prompts(options.prompts), clock.now()
        judging = AnswerJudge(judge, index.calls(), budget, prompts)
        sample = derived_id("sample", now.isoformat(), *(row["log_id"] for row in drawn))
        return cls(index, chat, judging, options, prompts, budget, index.history().releases.keys(), sample, now)

    def outcome(self, row: Mapping[str, Any], progress: Progress) -> _Outcome:
        """A JUDGED_TRAFFIC row, or why there is none."""
        try:
            verdicts = self._verdicts(row) if row["release"] in self.kept else None
            return _GONE if verdicts is None else {**self._of(row), **verdicts}
        except LakeError as error:
            return error
        finally:
            progress("requests", 1, None)

    def _of(self, row: Mapping[str, Any]) -> dict[str, Any]:
        copied = ("asked_at", "release", "kind", "api_key", "question_digest")
        return {
            **dict.fromkeys(JUDGED_TRAFFIC.schema.names),
            **{name: row[name] for name in copied},
            "judged_id": derived_id("judged", self.sample, row["log_id"]),
            "judged_at": self.judged_at,
            "sample": self.sample,
            "judge": self.judge.chat.name,
            "prompts": versions(self.prompts, _PROMPTS),
            "doc_ids": sorted({hit["doc_id"] for hit in row["hits"]}),
        }

    def _verdicts(self, row: Mapping[str, Any]) -> dict[str, Any] | None:
        if not row["hits"]:
            return {"answered": 0.0, "relevance": 0.0}
        about = sorted({hit["doc_id"] for hit in row["hits"]})
        asking = RememberedChat(self.chat, self.index.calls(), self.budget, "answer", about)
        told = answer(self._passages(row), row["question"], chat=asking, options=self.options)
        if not told.passages.num_rows:
            return None
        verdicts = self.judge.verdicts(told, (), about)
        return {
            "answered": float(told.enough),
            "faithfulness": verdicts.get("faithfulness"),
            "relevance": verdicts.get("relevance"),
            "chat_model": told.model,
            "confidence": told.confidence,
            "cost_usd": told.usage.cost_usd if told.usage else 0.0,
        }

    def _passages(self, row: Mapping[str, Any]) -> Any:
        """A search that finds what the caller got, at the release that found it."""
        chunks = [hit["chunk_id"] for hit in row["hits"]]
        only: Any = {"where": one_of("chunk_id", chunks), "principals": EVERYTHING}

        def search(text: str, k: int, /, **_: Any) -> SearchResult:
            return self.index.search(text, max(k, len(chunks)), at=row["release"], mode="vector", copies="all", **only)

        return search

    def summed(
        self,
        n_logged: int,
        drawn: Sequence[Mapping[str, Any]],
        found: Sequence[_Outcome],
        rows: Sequence[Mapping[str, Any]],
    ) -> JudgedTraffic:
        reasons = Counter(one for one in found if isinstance(one, str))
        errors = {row["log_id"]: one for row, one in zip(drawn, found, strict=True) if isinstance(one, LakeError)}
        stopped = next((str(one) for one in errors.values() if isinstance(one, BudgetError)), "")
        failures = {log_id: str(one) for log_id, one in errors.items() if not isinstance(one, BudgetError)}
        return JudgedTraffic(self.sample, n_logged, rows, reasons, failures, stopped, self.budget)


def _check(found: Sequence[_Outcome]) -> None:
    """Raise what every request failed by: it is not the requests then."""
    failed = [one for one in found if isinstance(one, LakeError) and not isinstance(one, BudgetError)]
    if failed and len(failed) == len(found):
        raise failed[0]


def _means(rows: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """n, mean and its 95 % interval of each measure that has values."""
    found = {}
    for name in JUDGED:
        values = pl.Series([row[name] for row in rows if row[name] is not None], dtype=pl.Float64).to_numpy()
        if len(values):
            low, high = interval(values)
            found[name] = {"n": len(values), "mean": float(values.mean()), "low": low, "high": high}
    return found


def series(rows: pa.Table) -> list[dict[str, Any]]:
    """Of each sample of JUDGED_TRAFFIC rows, oldest first: when, by which models and prompts, and its measures.

    Two samples are comparable if their chat model, judge and prompts are equal.
    """
    found = []
    for (sample,), part in pl.DataFrame(pl.from_arrow(rows)).group_by("sample", maintain_order=True):
        kept = part.to_dicts()
        models = sorted({row["chat_model"] for row in kept if row["chat_model"]})
        same = {name: kept[0][name] for name in ("judge", "prompts", "judged_at")}
        found.append({"sample": sample, **same, "chat_models": models, "n": len(kept), "measures": _means(kept)})
    return sorted(found, key=lambda one: (one["judged_at"], one["sample"]))
