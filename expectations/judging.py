"""Measures of an answer that a language model makes: its verdicts on single claims and sources, counted here.

The model never gives a score. It assigns one of a few words to each claim or source. A reply that does not,
even after a correction, is no verdict, and the measure stays open.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lake.answer.context import Context
from lake.answer.json_requests import FLAG, NUMBER, TEXT, Form, an_object, filled, many, one_of
from lake.endpoints.budget import BudgetError
from lake.errors import LakeError
from lake.records.cached_chat import RememberedChat

if TYPE_CHECKING:
    from lake.answer.chat import ChatModel
    from lake.answer.templates import Prompts
    from lake.answer.values import Answer
    from lake.endpoints.budget import Budget
    from lake.records.calls import Calls

PROMPTS = ("judge_faithfulness", "judge_relevance", "judge_precision", "judge_recall", "judge_correctness")
MEASURES = ("faithfulness", "relevance", "context_precision", "context_recall", "correctness")
_RELEVANCE = {"full": 1.0, "part": 0.5, "none": 0.0}


def _claims(found: dict[str, Any]) -> list[dict[str, Any]]:
    claims: list[dict[str, Any]] = found["claims"]
    if not claims:
        raise ValueError("claims is empty")
    return claims


def _share(verdicts: Iterable[bool]) -> float:
    given = list(verdicts)
    return sum(given) / len(given)


def _faithfulness(found: dict[str, Any]) -> float:
    claims = _claims(found)
    return _share(claim["verdict"] == "supported" for claim in claims)


def _recall(found: dict[str, Any]) -> float:
    claims = _claims(found)
    return _share(claim["in_sources"] for claim in claims)


def _correctness(found: dict[str, Any]) -> float:
    """F1 of the claims; one on which the two contradict each other is wrong in the one and missing in the other."""
    where = Counter(claim["where"] for claim in _claims(found))
    wrong = where["answer"] + where["reference"] + 2 * where["conflict"]
    return 2 * where["both"] / (2 * where["both"] + wrong)


def _precision(found: dict[str, Any], n: int) -> float:
    """Mean of the precision at each useful source, in their order; 0 if none is."""
    useful = {verdict["number"]: verdict["useful"] for verdict in found["sources"]}
    if len(useful) != len(found["sources"]) or useful.keys() != set(range(1, n + 1)):
        raise ValueError(f"sources must hold each number from 1 to {n} once")
    hits, total = 0, 0.0
    for number in range(1, n + 1):
        if useful[number]:
            hits += 1
            total += hits / number
    return total / hits if hits else 0.0


_FAITHFULNESS = Form(
    "judge_faithfulness",
    an_object(
        claims=many(an_object(claim=TEXT, verdict=one_of(["supported", "contradicted", "not stated"]))),
    ),
    _faithfulness,
    2000,
)
_RELEVANT = Form(
    "judge_relevance",
    an_object(reason=TEXT, verdict=one_of(list(_RELEVANCE))),
    lambda found: _RELEVANCE[found["verdict"]],
    300,
)
_RECALL = Form("judge_recall", an_object(claims=many(an_object(claim=TEXT, in_sources=FLAG))), _recall, 2000)
_CORRECTNESS = Form(
    "judge_correctness",
    an_object(claims=many(an_object(claim=TEXT, where=one_of(["both", "answer", "reference", "conflict"])))),
    _correctness,
    2000,
)


def _of_sources(n: int) -> Form[float]:
    schema = an_object(sources=many(an_object(number=NUMBER, useful=FLAG)))
    return Form("judge_precision", schema, lambda found: _precision(found, n), 1000, {"n": str(n)})


@dataclass
class AnswerJudge:
    """Requests verdicts on answers from a model. Safe to use from several threads.

    ``failures`` holds the first error of each question if the endpoint failed, which is no verdict either;
    ``n_given`` counts verdicts.
    """

    chat: ChatModel
    calls: Calls | None
    budget: Budget
    prompts: Prompts
    failures: dict[str, LakeError] = field(default_factory=dict)
    n_given: int = 0

    def verdicts(self, told: Answer, references: Iterable[str], about: Iterable[str]) -> dict[str, float | None]:
        """Each measure that applies, None if the model gave no verdict. Raises BudgetError if one could cost too much.

        An answer that declines claims nothing, so that faithfulness does not apply; it is neither relevant nor
        correct, and no call is made.
        """
        ask = _Asking(self, told, tuple(about))
        right = "\n".join(f"- {reference}" for reference in references)
        found: dict[str, float | None] = {}
        if told.enough:
            if told.sources:
                found["faithfulness"] = ask(_FAITHFULNESS, with_sources=True, question=told.asked, answer=told.text)
            found["relevance"] = ask(_RELEVANT, question=told.asked, answer=told.text)
        else:
            found["relevance"] = 0.0
        if right:
            found |= self._beside(ask, told, right)
        return found

    def _beside(self, ask: _Asking, told: Answer, right: str) -> dict[str, float | None]:
        """What needs a reference answer."""
        found: dict[str, float | None] = dict.fromkeys(("context_precision", "context_recall"), 0.0)
        if told.sources:
            form = _of_sources(len(told.sources))
            found["context_precision"] = ask(form, with_sources=True, question=told.asked, reference=right)
            found["context_recall"] = ask(_RECALL, with_sources=True, question=told.asked, reference=right)
        found["correctness"] = 0.0
        if told.enough:
            found["correctness"] = ask(_CORRECTNESS, question=told.asked, reference=right, answer=told.text)
        return found


@dataclass(frozen=True)
class _Asking:
    """Questions to the judge about one answer."""

    judge: AnswerJudge
    told: Answer
    about: tuple[str, ...]

    def __call__(self, form: Form[float], *, with_sources: bool = False, **words: str) -> float | None:
        judge = self.judge
        chat = RememberedChat(judge.chat, judge.calls, judge.budget, form.prompt, self.about)
        context = Context(self.told.sources, 0, 0) if with_sources else None
        try:
            value = filled(chat, judge.prompts, form, context=context, **words)
        except BudgetError:
            raise
        except LakeError as error:
            judge.failures.setdefault(self.told.question, error)
            return None
        judge.n_given += value is not None
        return value


def not_judged(found: Iterable[Mapping[str, float | None]]) -> dict[str, int]:
    """How often the model gave no verdict, by measure."""
    return dict(Counter(name for verdicts in found for name, value in verdicts.items() if value is None))
