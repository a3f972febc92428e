"""What a release answers to questions whose answers are known: every question answered, every measure taken."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from expectations.answer_measures import ZERO_WITHOUT_ANSWER, of_answer, of_context
from expectations.judging import PROMPTS, AnswerJudge, not_judged
from expectations.profiles import full_profile, profile_of, profile_text
from expectations.retrieval import described
from expectations.summary import counts, means
from lake.answer import AnswerOptions, load_chat
from lake.answer.json_requests import versions
from lake.answer.templates import load_prompts
from lake.endpoints.budget import Budget, BudgetError
from lake.errors import GoneError, LakeError
from lake.records.cached_chat import RememberedChat
from lake.records.schemas import SCORES
from lake.reporting import Progress, silent
from lake.sources.declared import EVERYTHING
from lake.storage import clock

if TYPE_CHECKING:
    from lake.answer import Answer, ChatModel
    from lake.answer.templates import Prompts
    from lake.index import Index
    from lake.options.endpoints import Role
    from lake.questions import EvalQuestion, Resolved
    from lake.releases.values import Release

#: Questions answered at a time.
N_WORKERS = 4
_ANSWER_PROMPTS = ("answer_system", "answer_question", "standalone", "rewrite", "expand", "hyde", "decompose")
_KIND = "answer"


@dataclass(frozen=True)
class AnswerEvaluation:
    """Answers under one profile, at one release: SCORES ``rows`` (level ``answer``), and what they were counted from.

    ``told`` has each answer, ``judged`` the judge's measures of it, None if it gave no verdict; both by
    question_id. ``failures``: why a question could not be answered, which counts as 0. ``stopped``: why some
    questions were left out; they have no rows, so that such an evaluation should not take a whole one's place.
    """

    release: str
    settings: str
    rows: pa.Table
    resolved: tuple[Resolved, ...]
    told: Mapping[str, Answer]
    judged: Mapping[str, Mapping[str, float | None]]
    failures: Mapping[str, str]
    judge_failures: Mapping[str, str]
    stopped: str
    budget: Budget = field(default_factory=Budget)

    @property
    def not_judged(self) -> dict[str, int]:
        """How often the judge gave no verdict, by measure."""
        return not_judged(self.judged.values())

    def to_json(self) -> dict[str, Any]:
        """Means with their intervals, what is not measured and why, and the bill."""
        usage = {kind: asdict(paid) for kind, paid in sorted(self.budget.paid.items())}
        return {
            "release": self.release,
            "settings": json.loads(self.settings),
            "measures": means(self.rows),
            "counts": counts(self.rows),
            "not_judged": self.not_judged,
            "failures": dict(self.failures),
            "judge_failures": dict(self.judge_failures),
            "stopped": self.stopped,
            "usage": usage,
            "cost_usd": self.budget.usage.cost_usd,
            "prices": list(self.budget.usage.prices),
            "calls_remembered": self.budget.n_remembered,
        }


def evaluate_answers(
    index: Index,
    questions: Sequence[EvalQuestion],
    at: str = "live",
    how: Mapping[str, Any] | None = None,
    *,
    chat: ChatModel | str | None = None,
    judge: ChatModel | str | None = None,
    options: AnswerOptions | None = None,
    budget: float | None = None,
    again: bool = False,
    n_workers: int = N_WORKERS,
    progress: Progress = silent,
) -> AnswerEvaluation:
    """Answer each question at one release and measure the answers; ``how`` as in ``expectations.retrieval.evaluate``.

    ``chat`` answers (else RAGLAKE_CHAT_MODEL; raises NoChatModelError if neither is set); ``judge`` gives verdicts, and
    without one the measures that need no model are all there are. Replies of both are kept in the lake and paid for
    once; ``again`` requests them anew. No call is made that could exceed the ``budget`` (USD). A question whose
    evidence is gone is left out; one that fails counts as 0; if all fail, the first error is raised.
    """
    with index.using_endpoints():
        models = _loaded(chat, "chat"), None if judge is None else _loaded(judge, "judge")
    chosen = (options or AnswerOptions(), Budget(budget), *models)
    asker = _Asker.of(index, index.release(at), how or {}, *chosen, again=again)
    resolved = tuple(index.resolve(questions, asker.release.id))
    asked = [one for one in resolved if not one.left_out]
    progress("answers", 0, len(asked))
    with ThreadPoolExecutor(n_workers) as pool:
        outcomes = list(pool.map(lambda one: asker.outcome(one, progress), asked))
    _check(outcomes, asker.judge)
    return _evaluation(asker, resolved, dict(zip((one.question.question_id for one in asked), outcomes, strict=True)))


def _loaded(chat: ChatModel | str | None, role: Role) -> ChatModel:
    return load_chat(chat, role=role) if chat is None or isinstance(chat, str) else chat


@dataclass(frozen=True)
class _Outcome:
    """An answer with its measures, or why there is none."""

    told: Answer | None = None
    values: Mapping[str, float] = field(default_factory=dict)
    verdicts: Mapping[str, float | None] = field(default_factory=dict)
    error: LakeError | None = None

    @property
    def is_stopped(self) -> bool:
        return isinstance(self.error, BudgetError)


@dataclass(frozen=True)
class _Asker:
    """Answers and judges one question at a time."""

    index: Index
    release: Release
    how: Mapping[str, Any]
    options: AnswerOptions
    prompts: Prompts
    chat: ChatModel
    judge: AnswerJudge | None
    budget: Budget
    digests: Mapping[str, str]
    again: bool

    @classmethod
    def of(
        cls,
        index: Index,
        release: Release,
        how: Mapping[str, Any],
        options: AnswerOptions,
        budget: Budget,
        chat: ChatModel,
        judge: ChatModel | None,
        *,
        again: bool,
    ) -> _Asker:
        prompts, calls = load_prompts(options.prompts), index.calls(again=again)
        judging = None if judge is None else AnswerJudge(judge, calls, budget, prompts)
        rows = index.dataset("documents", release.id).to_table(columns=["doc_id", "digest"])
        digests = dict(zip(rows.column("doc_id").to_pylist(), rows.column("digest").to_pylist(), strict=True))
        profile = profile_of(index, how, shaped=True)
        return cls(index, release, profile, options, prompts, chat, judging, budget, digests, again)

    def outcome(self, one: Resolved, progress: Progress) -> _Outcome:
        try:
            return self._outcome(one)
        except GoneError:
            raise
        except LakeError as error:
            return _Outcome(error=error)
        finally:
            progress("answers", 1, None)

    def _outcome(self, one: Resolved) -> _Outcome:
        calls = self.index.calls(again=self.again)
        asking = RememberedChat(self.chat, calls, self.budget, _KIND, about=None)
        text, answers = one.question.text, one.question.answers
        words = {**full_profile({"principals": EVERYTHING, **self.how}), "chat": asking, "options": self.options}
        told = self.index.answer(text, at=self.release.id, **words)
        about = list(self._about(told))
        asking.keep(about)
        if one.question.is_unanswerable:  # nothing to judge it by, and to claim nothing is right
            return _Outcome(told, {"declined": float(not told.enough)})
        verdicts = self.judge.verdicts(told, answers, about) if self.judge else {}
        shown = {one.question.question_id: [source.doc_id for source in told.sources]}
        as_shown = self.index.resolve_copies([one], shown, self.release.id)[0]
        return _Outcome(told, of_answer(told, answers) | of_context(told, as_shown), verdicts)

    def _about(self, told: Answer) -> Iterator[str]:
        """Documents whose words a model may have seen."""
        for doc_id in {*told.passages.column("doc_id").to_pylist(), *(source.doc_id for source in told.sources)}:
            yield from (doc_id, self.digests[doc_id])


def _check(outcomes: Sequence[_Outcome], judge: AnswerJudge | None) -> None:
    """Raise what all questions failed by, or all that was to be judged: it is not the questions then."""
    failed = [outcome.error for outcome in outcomes if outcome.error and not outcome.is_stopped]
    if failed and len(failed) == len(outcomes):
        raise failed[0]
    if judge is not None and judge.failures and not judge.n_given:
        raise next(iter(judge.failures.values()))


def _evaluation(asker: _Asker, resolved: tuple[Resolved, ...], found: Mapping[str, _Outcome]) -> AnswerEvaluation:
    settings = _settings(asker)
    rows = pa.Table.from_pylist(list(_rows(asker.release, settings, resolved, found)), schema=SCORES)
    judge_failures = asker.judge.failures if asker.judge else {}
    return AnswerEvaluation(
        asker.release.id,
        settings,
        rows,
        resolved,
        {name: outcome.told for name, outcome in found.items() if outcome.told is not None},
        {name: outcome.verdicts for name, outcome in found.items() if outcome.told is not None},
        {name: str(outcome.error) for name, outcome in found.items() if outcome.error and not outcome.is_stopped},
        {question: str(error) for question, error in judge_failures.items()},
        next((str(outcome.error) for outcome in found.values() if outcome.is_stopped), ""),
        asker.budget,
    )


def _settings(asker: _Asker) -> str:
    """The search profile, and whatever else decides an answer and its verdicts."""
    told = {name: value for name, value in asdict(asker.options).items() if name != "prompts"}
    answers: dict[str, Any] = {"chat": asker.chat.name, "prompts": versions(asker.prompts, _ANSWER_PROMPTS), **told}
    if asker.judge is not None:
        answers |= {"judge": asker.judge.chat.name, "judge_prompts": versions(asker.prompts, PROMPTS)}
    return json.dumps({**json.loads(profile_text(asker.how)), "answers": answers}, sort_keys=True, ensure_ascii=False)


def _rows(
    release: Release, settings: str, resolved: Iterable[Resolved], found: Mapping[str, _Outcome]
) -> Iterator[dict[str, Any]]:
    of = {"release": release.id, "recipe": release.recipe.digest, "settings": settings}
    same: dict[str, Any] = {**of, "evaluated_at": clock.now()}
    for one in sorted(resolved, key=lambda one: (one.question.set, one.question.question_id)):
        row = {**same, **described(one)}
        if one.left_out:
            yield {**row, "status": one.left_out}
            continue
        outcome = found[one.question.question_id]
        if outcome.is_stopped:
            continue
        row["status"] = "failed" if outcome.told is None else "scored"
        for level, measure, value in _values(one, outcome):
            yield {**row, "level": level, "measure": measure, "value": value}


def _values(one: Resolved, outcome: _Outcome) -> Iterator[tuple[str, str, float]]:
    """Level, measure and value; what the judge gave no verdict on is not there."""
    told = outcome.told
    if told is None:
        wanted = ZERO_WITHOUT_ANSWER if one.question.answers else ZERO_WITHOUT_ANSWER[:1]
        wanted = ("declined",) if one.question.is_unanswerable else wanted
        yield from (("answer", name, 0.0) for name in wanted)
        return
    yield from (("answer", name, value) for name, value in outcome.values.items())
    yield from (("answer", name, value) for name, value in outcome.verdicts.items() if value is not None)
    if told.usage is not None:
        yield "search", "answer input tokens", float(told.usage.n_input)
        yield "search", "answer output tokens", float(told.usage.n_output)
        if told.usage.cost_usd is not None:
            yield "search", "answer USD", told.usage.cost_usd
