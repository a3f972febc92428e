"""Drafts questions from the query log: what callers asked, with the words of live that answer it, found by a model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

import polars as pl

from lake.answer.context import pack
from lake.answer.json_requests import NUMBER, TEXT, Form, an_object, filled, versions
from lake.endpoints.budget import Budget, BudgetError
from lake.errors import UsageError
from lake.questions.anchoring import anchored
from lake.questions.drafts import LONGEST_QUOTE, is_among
from lake.questions.filters import place_of
from lake.questions.store import add
from lake.questions.store import questions as kept_questions
from lake.questions.values import EvalQuestion, Evidence
from lake.records.cached_chat import RememberedChat
from lake.records.calls import Calls
from lake.records.query_log import QUERIES
from lake.reporting import Progress, silent

if TYPE_CHECKING:
    from datetime import datetime

    import pyarrow as pa

    from lake.answer.chat import ChatModel
    from lake.answer.context import Context
    from lake.answer.retrieval import SearchFunction
    from lake.answer.templates import Prompts
    from lake.directory import Lake

#: Passages that the model reads, and their tokens.
K, _TOKENS = 10, 6000
_N_WORKERS = 4
#: Weight of a request that found nothing or was declined, beside one that was answered.
_WEIGHT = 3

NO_ANSWER, NO_QUOTE, NO_REPLY = "no answer in live", "quote not in the text", "no usable reply"


@dataclass(frozen=True, slots=True)
class _FoundAnswer:
    answer: str
    quote: str
    number: int


def _found(told: dict[str, Any]) -> _FoundAnswer:
    return _FoundAnswer(told["answer"].strip(), told["quote"].strip(), told["number"])


_FORM = Form("find_answer", an_object(answer=TEXT, quote=TEXT, number=NUMBER), _found, 600)


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A question without a draft; ``n`` times it was asked."""

    question: str
    n: int
    reason: str


@dataclass
class DraftedFromTraffic:
    """The questions ``added`` to a set, those that got no draft, and how many are known from any set or a review."""

    release: str
    set: str
    added: list[EvalQuestion] = field(default_factory=list)
    unanswered: list[Unanswered] = field(default_factory=list)
    n_known: int = 0
    stopped: str = ""
    budget: Budget = field(default_factory=Budget)

    def to_json(self) -> dict[str, Any]:
        usage = self.budget.usage
        return {
            "release": self.release,
            "set": self.set,
            "added": [question.to_row() for question in self.added],
            "reasons": dict(Counter(one.reason for one in self.unanswered).most_common()),
            "unanswered": [{"question": u.question, "n": u.n, "reason": u.reason} for u in self.unanswered],
            "known": self.n_known,
            "stopped": self.stopped,
            "cost_usd": usage.cost_usd,
            "prices": list(usage.prices),
            "calls": usage.n_calls,
            "calls_remembered": self.budget.n_remembered,
        }


def from_traffic(
    lake: Lake,
    search: SearchFunction,
    chat: ChatModel,
    n: int,
    *,
    prompts: Prompts,
    name: str = "traffic",
    since: datetime | None = None,
    budget: float | None = None,
    progress: Progress = silent,
) -> DraftedFromTraffic:
    """Drafts up to ``n`` questions of the query log: those first that failed often, then those that were sent often.

    ``search`` finds passages of live for an operator. A question that none of them answers is reported, and no draft.
    Questions of any set, and those that a review turned down, are left out. Replies are kept and paid for once. Raises
    UsageError if the log holds no legible question.
    """
    rows = ranked(QUERIES.read(lake, since.date() if since else None), since)
    release, calls = lake.log.read().resolve("live"), Calls(lake)
    drafted = DraftedFromTraffic(release.id, name, budget=Budget(budget))
    fresh = _fresh(lake, calls, drafted, rows)
    run = _DraftingRun(search, chat, calls, prompts, name, drafted.budget)
    progress("questions", 0, n)
    with ThreadPoolExecutor(_N_WORKERS) as pool:
        while len(drafted.added) < n and not drafted.stopped:
            batch = list(islice(fresh, min(_N_WORKERS, n - len(drafted.added))))
            if not batch:
                break
            futures = [pool.submit(run.draft, row) for row in batch]
            for row, future in zip(batch, futures, strict=True):
                _take(drafted, row, future, progress)
    _keep(lake, drafted)
    return drafted


def _take(drafted: DraftedFromTraffic, row: Mapping[str, Any], future: Any, progress: Progress) -> None:
    try:
        made = future.result()
    except BudgetError as spent:
        drafted.stopped = str(spent)
        return
    if isinstance(made, EvalQuestion):
        drafted.added.append(made)
        progress("questions", 1, None)
    else:
        drafted.unanswered.append(Unanswered(row["question"], row["n"], made))


def _keep(lake: Lake, drafted: DraftedFromTraffic) -> None:
    """Adds what was found to the lake, without what was erased meanwhile."""
    if drafted.added:
        wanted = anchored(lake, lake.log.read().resolve(drafted.release), drafted.added)
        kept = {question.question_id for question in add(lake, wanted)}
        drafted.added = [question for question in wanted if question.question_id in kept]


def ranked(logged: pa.Table, since: datetime | None = None) -> list[dict[str, Any]]:
    """Each legible question once, with ``n``: first those that failed most, then those that were sent most."""
    log = pl.DataFrame(pl.from_arrow(logged)).filter(pl.col("question").is_not_null())
    log = log if since is None else log.filter(pl.col("asked_at") >= since)
    if not log.height:
        raise UsageError(
            "the query log has no legible questions; `raglake serve --query-log` keeps them while "
            "query_log.text of the lake's configuration is plain"
        )
    failed = pl.col("outcome").is_in(["empty", "declined"])
    asked = log.filter(pl.col("outcome") != "error").group_by("question_digest")
    figures = asked.agg(pl.col("question").last(), pl.len().alias("n"), failed.sum().alias("failed"))
    score = (pl.col("n") + (_WEIGHT - 1) * pl.col("failed")).alias("score")
    return figures.with_columns(score).sort(["score", "question_digest"], descending=[True, False]).to_dicts()


def _fresh(
    lake: Lake, calls: Calls, drafted: DraftedFromTraffic, rows: Iterable[dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    """Questions that no set holds and no review has turned down; those of one meaning once."""
    asked = kept_questions(lake)
    for row in rows:
        if not any(map(str.isalnum, row["question"])):
            continue
        if is_among(row["question"], asked) or calls.is_turned_down(drafted.set, row["question"]):
            drafted.n_known += 1
            continue
        asked.append(EvalQuestion(drafted.set, row["question"]))
        yield row


@dataclass(frozen=True)
class _DraftingRun:
    """Drafts one question at a time. Safe to use from several threads."""

    search: SearchFunction
    chat: ChatModel
    calls: Calls
    prompts: Prompts
    set: str
    budget: Budget

    def draft(self, row: Mapping[str, Any]) -> EvalQuestion | str:
        """A question with its evidence, or why there is none."""
        hits = self.search(row["question"], K).to_pylist()
        context = pack(hits, _TOKENS)
        if not context.sources:
            return NO_ANSWER
        about = sorted({source.doc_id for source in context.sources})
        asking = RememberedChat(self.chat, self.calls, self.budget, _FORM.prompt, about)
        found = filled(asking, self.prompts, _FORM, context=context, question=row["question"])
        if found is None:
            return NO_REPLY
        if not found.answer or not found.quote:
            return NO_ANSWER
        return self._question(row, found, context, hits)

    def _question(
        self, row: Mapping[str, Any], found: _FoundAnswer, context: Context, hits: Sequence[Mapping[str, Any]]
    ) -> EvalQuestion | str:
        source = next((one for one in context.sources if one.number == found.number), None)
        span = place_of(found.quote, source.text) if source else None
        if source is None or span is None or span[1] - span[0] > LONGEST_QUOTE:
            return NO_QUOTE
        start, end = source.start + span[0], source.start + span[1]
        evidence = Evidence(source.uri, source.source, source.text[slice(*span)], start=start, end=end)
        language = next((hit["language"] for hit in hits if hit["doc_id"] == source.doc_id), None)
        return EvalQuestion(
            self.set,
            row["question"],
            answers=(found.answer,),
            language=language,
            evidence=(evidence,),
            origin="generated",
            reviewed=False,
            tags=("from traffic", f"by {self.chat.name}", f"prompts {versions(self.prompts, [_FORM.prompt])}"),
        )
