"""Drafts a question from a section by a chat model, and checks whether to keep it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from lake.answer.json_requests import FLAG, TEXT, Form, an_object, filled, one_of, versions
from lake.questions.filters import agree, are_alike, around, is_copied, place_of, points_at_text
from lake.questions.values import EvalQuestion, Evidence
from lake.records.cached_chat import RememberedChat

if TYPE_CHECKING:
    from lake.answer.chat import ChatModel
    from lake.answer.templates import Prompts
    from lake.endpoints.budget import Budget
    from lake.questions.sampling import SampledSection
    from lake.records.calls import Calls

#: Why a section gave no question.
Reason = Literal[
    "no usable reply",
    "nothing to ask",
    "quote not in the text",
    "quote too long",
    "copied from the text",
    "does not stand alone",
    "asked already",
    "turned down in a review",
    "not answerable from the passage",
    "answered otherwise",
    "known without the passage",
]

KINDS = ("fact", "number", "name", "reason", "procedure", "definition")
PROMPTS = ("draft_question", "answer_from_passage", "answer_unaided", "same_answer")
#: A longer quote identifies no place.
LONGEST_QUOTE = 600


@dataclass(frozen=True, slots=True)
class _Draft:
    question: str
    answer: str
    quote: str
    kind: str


@dataclass(frozen=True, slots=True)
class _Check:
    answer: str
    answerable: bool
    stands_alone: bool


def _draft(found: dict[str, Any]) -> _Draft:
    draft = _Draft(*(found[name].strip() for name in ("question", "answer", "quote", "kind")))
    parts = [any(map(str.isalnum, part)) for part in (draft.question, draft.answer, draft.quote)]
    if any(parts) and not all(parts):
        raise ValueError("question, answer and quote must all be given, or all be empty")
    return draft


_DRAFT = Form(
    "draft_question",
    an_object(question=TEXT, answer=TEXT, quote=TEXT, kind=one_of(KINDS)),
    _draft,
    words={"kinds": ", ".join(KINDS)},
)
_CHECK = Form(
    "answer_from_passage",
    an_object(answer=TEXT, answerable=FLAG, stands_alone=FLAG),
    lambda found: _Check(found["answer"].strip(), found["answerable"], found["stands_alone"]),
    400,
)
_UNAIDED: Form[str] = Form("answer_unaided", an_object(answer=TEXT), lambda found: found["answer"].strip(), 400)
_SAME: Form[bool] = Form("same_answer", an_object(same=FLAG), lambda found: found["same"], 100)


@dataclass(frozen=True)
class Drafter:
    """Makes a question from a section, or returns why there is none. Safe to use from several threads."""

    chat: ChatModel
    calls: Calls | None
    budget: Budget
    prompts: Prompts
    set: str
    unknown_only: bool = False

    def make(self, section: SampledSection, asked: Sequence[EvalQuestion]) -> EvalQuestion | Reason:
        """A question that differs from those ``asked``; raises BudgetError if the next call could cost too much."""
        draft = filled(self._asking(_DRAFT, section), self.prompts, _DRAFT, passage=_shown(section))
        if draft is None:
            return "no usable reply"
        if not draft.question:
            return "nothing to ask"
        span = place_of(draft.quote, section.text)
        return self._wrong_words(draft, span, section, asked) or self._checked(draft, span or (0, 0), section)

    def _asking(self, form: Form[Any], section: SampledSection) -> RememberedChat:
        return RememberedChat(self.chat, self.calls, self.budget, form.prompt, section.about)

    def _wrong_words(
        self, draft: _Draft, span: tuple[int, int] | None, section: SampledSection, asked: Sequence[EvalQuestion]
    ) -> Reason | None:
        """A reason that the words show without another call of the model."""
        if span is None:
            return "quote not in the text"
        if span[1] - span[0] > LONGEST_QUOTE:
            return "quote too long"
        if points_at_text(draft.question):
            return "does not stand alone"
        if is_copied(draft.question, around(section.text, *span)):
            return "copied from the text"
        if self.calls is not None and self.calls.is_turned_down(self.set, draft.question):
            return "turned down in a review"
        return "asked already" if is_among(draft.question, asked) else None

    def _checked(self, draft: _Draft, span: tuple[int, int], section: SampledSection) -> EvalQuestion | Reason:
        asking = self._asking(_CHECK, section)
        check = filled(asking, self.prompts, _CHECK, passage=_shown(section), question=draft.question)
        if check is None:
            return "no usable reply"
        if not check.answerable or not check.answer:
            return "not answerable from the passage"
        if not check.stands_alone:
            return "does not stand alone"
        if not self._is_same(draft, check.answer, section):
            return "answered otherwise"
        if self.unknown_only and self._is_known(draft, section):
            return "known without the passage"
        return self._question(draft, span, section)

    def _is_known(self, draft: _Draft, section: SampledSection) -> bool:
        answer = filled(self._asking(_UNAIDED, section), self.prompts, _UNAIDED, question=draft.question)
        return bool(answer) and self._is_same(draft, answer or "", section)

    def _is_same(self, draft: _Draft, answer: str, section: SampledSection) -> bool:
        """Whether two answers agree; calls the model if their words don't decide it."""
        if agree(draft.answer, answer):
            return True
        asking = self._asking(_SAME, section)
        same = filled(asking, self.prompts, _SAME, question=draft.question, first=draft.answer, second=answer)
        return bool(same)

    def _question(self, draft: _Draft, span: tuple[int, int], section: SampledSection) -> EvalQuestion:
        start, end = section.start + span[0], section.start + span[1]
        document = section.document
        evidence = Evidence(document["uri"], document["source"], section.text[slice(*span)], start=start, end=end)
        return EvalQuestion(
            self.set,
            draft.question,
            answers=(draft.answer,),
            language=document["language"],
            evidence=(evidence,),
            origin="generated",
            reviewed=False,
            tags=(draft.kind, f"by {self.chat.name}", f"prompts {versions(self.prompts, PROMPTS)}"),
        )


def is_among(question: str, asked: Sequence[EvalQuestion]) -> bool:
    """Whether one of these means the same."""
    return any(are_alike(question, other.text) for other in asked)


def _shown(section: SampledSection) -> str:
    """The section and its position; names are kept to one line each."""
    header = {"document": section.document["uri"], "title": section.document["title"], "heading": section.heading}
    lines = [f"{what}: {' '.join(str(value).split())}" for what, value in header.items() if value]
    return "\n".join([*lines, "", section.text])
