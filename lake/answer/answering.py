"""Turns a question into an answer whose sentences are checked against the passages they cite."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from lake.answer.chain import ChatChain
from lake.answer.chat import Completion, Message
from lake.answer.citations import verified
from lake.answer.confidence import confidence, evidence_of, level_of, reasons
from lake.answer.context import Context, pack
from lake.answer.declining import MARKER, declines
from lake.answer.endpoint_chat import TOKENIZER
from lake.answer.links import linked, with_links
from lake.answer.query_expansion import Understanding
from lake.answer.registry import NoChatModelError, load_chat
from lake.answer.retrieval import Retrieved, find
from lake.answer.second_reading import read_again
from lake.answer.support import Checked, checked
from lake.answer.templates import Prompts, load_prompts
from lake.answer.values import Answer, AnswerProblem
from lake.chunk.tokenizers import load_tokenizer
from lake.endpoints.breaker import UnreachableError
from lake.endpoints.usage import Usage
from lake.errors import ContractError, UsageError
from lake.ids import value_digest
from lake.options import AnswerOptions

if TYPE_CHECKING:
    from lake.answer.chat import ChatModel
    from lake.answer.retrieval import SearchFunction
    from lake.releases.values import Release

#: Encodings differ between models, so this share of the budget stays free.
_MARGIN = 0.05
_LEAST_ROOM = 100
#: Evidence below which the model is warned that the passages may be about something else.
WEAK = 0.5
_UNREACHABLE = "the chat model can't be reached at the moment, so there are passages but no answer; try again later"
_BROKEN = "the chat model broke off in the middle, so there are passages but no answer; try again"


def answer(
    search: SearchFunction,
    question: str,
    *,
    chat: ChatModel | str | Sequence[str] | None = None,
    options: AnswerOptions | None = None,
    history: Sequence[Message] = (),
    release: Release | None = None,
    degrade: bool = False,
) -> Answer:
    """The answer, with every citation checked.

    ``search`` is ``Index.search`` with its release and filters set; ``release`` is that release's id. ``chat`` is a
    model or its name, or several names of which the next is called if one can't be reached; by default
    RAGLAKE_CHAT_MODEL. Without a model, the Answer holds the passages and what to set. Raises TransientError once
    retries are used up; other refusals raise UsageError or ContractError. With ``degrade``, a model that can't be
    reached gives an Answer with the passages instead.
    """
    begun = _begin(search, question, chat, options or AnswerOptions(), history, release, degrade)
    if isinstance(begun, Answer):
        return begun
    try:
        return begun.finished(begun.chat.complete(begun.messages, **begun.sampling))
    except UnreachableError:
        if not degrade:
            raise
        return begun.without_model(_UNREACHABLE)


def answer_stream(
    search: SearchFunction,
    question: str,
    *,
    chat: ChatModel | str | Sequence[str] | None = None,
    options: AnswerOptions | None = None,
    history: Sequence[Message] = (),
    release: Release | None = None,
    degrade: bool = False,
) -> Iterator[str | Answer]:
    """Pieces of the text as the model writes it, then the Answer, whose text has no citations of missing sources.

    Yields no pieces if no model is called. A stream that breaks raises TransientError; with ``degrade`` it ends in an
    Answer without a text.
    """
    begun = _begin(search, question, chat, options or AnswerOptions(), history, release, degrade)
    if isinstance(begun, Answer):
        yield begun
        return
    notice = _UNREACHABLE
    try:
        for piece in begun.chat.stream(begun.messages, **begun.sampling):
            notice = _BROKEN
            yield piece if isinstance(piece, str) else begun.finished(piece)
    except UnreachableError:
        if not degrade:
            raise
        yield begun.without_model(notice)


def _begin(
    search: SearchFunction,
    question: str,
    chat: ChatModel | str | Sequence[str] | None,
    options: AnswerOptions,
    history: Sequence[Message],
    release: Release | None,
    degrade: bool,
) -> _Begun | Answer:
    started = time.monotonic()
    prompts = load_prompts(options.prompts)
    model, notice = _model(chat)
    if model and degrade:
        model = ChatChain.within(model, options.model_seconds)
    understanding = Understanding(model, prompts, options.limits) if model and (options.understand or history) else None
    found = find(
        search, question, options.k, understand=options.understand, history=history, understanding=understanding
    )
    known = _known(question, found, understanding, release)
    if model is None or not found.hits.num_rows or known.evidence < options.min_evidence:
        notice = notice or _too_weak(known, options.min_evidence)
        text = "" if model is None else MARKER
        return replace(known, text=text, notice=notice, seconds=time.monotonic() - started)
    context, messages = _prompt(prompts, found, options, is_weak=known.evidence < WEAK)
    return _Begun(model, prompts, messages, context, known, options, started)


def _model(chat: ChatModel | str | Sequence[str] | None) -> tuple[ChatModel | None, str]:
    if chat is not None and not isinstance(chat, str | Sequence):
        return chat, ""
    try:
        return load_chat(chat), ""
    except NoChatModelError as none:
        return None, f"{none}; without one there are passages and no answer"


def _known(question: str, found: Retrieved, understanding: Understanding | None, release: Release | None) -> Answer:
    """Everything known before the model is called."""
    name = release.recipe.embedder.name if release else None
    probability = evidence_of(found.question, found.hits, name)
    return Answer(
        question=question,
        text="",
        enough=False,
        confidence=0.0,
        evidence=probability,
        notice="",
        passages=found.hits,
        release=found.found.release,
        degraded=found.found.degraded,
        stale_since=found.found.stale_since,
        usage=(found.found.usage or Usage()) + (understanding.usage if understanding else Usage()),
        asked=found.question,
        queries=found.queries,
        notes=tuple(understanding.notes) if understanding else (),
    )


def _too_weak(known: Answer, least: float) -> str:
    if not known.passages.num_rows:
        return "nothing was found; no model was called"
    return f"what was found is too weak (evidence {known.evidence:.3f}, minimum {least:.3f}); no model was called"


def _prompt(
    prompts: Prompts, found: Retrieved, options: AnswerOptions, *, is_weak: bool
) -> tuple[Context, list[Message]]:
    question, room = found.question, room_for(found.question, options, prompts)
    context = pack(found.hits.to_pylist(), room) if room >= _LEAST_ROOM else Context((), 0, 0)
    if not context.sources:
        taken = int(options.budget_tokens * (1 - _MARGIN)) - room
        raise UsageError(
            f"a budget of {options.budget_tokens} tokens leaves no room for sources beside instructions, question and "
            f"output ({taken}); raise it to {taken + 2000} or more, or lower the tokens of output"
        )
    context = replace(context, sources=linked(context.sources, options.link_template))
    return context, _messages(prompts, context, question, is_weak=is_weak)


def room_for(question: str, options: AnswerOptions, prompts: Prompts | None = None) -> int:
    """The tokens of a request that are left for passages."""
    bare = _messages(prompts or load_prompts(options.prompts), Context((), 0, 0), question, is_weak=True)
    count = load_tokenizer(TOKENIZER).count
    taken = sum(count(message.text) for message in bare) + options.max_tokens
    return int(options.budget_tokens * (1 - _MARGIN)) - taken


def _messages(prompts: Prompts, context: Context, question: str, *, is_weak: bool) -> list[Message]:
    fence = context.fence(question)
    system = prompts.render("answer_system", marker=MARKER, fence=fence)
    prompt = prompts.render("answer_question", sources=context.render(fence), question=question, fence=fence)
    if is_weak:
        prompt = f"{prompt}\n\n{prompts.render('answer_weak_evidence')}"
    return [Message("system", system, prompts.n_stable("answer_system", marker=MARKER)), Message("user", prompt)]


@dataclass(frozen=True, slots=True)
class _Begun:
    """Everything but the model's text."""

    chat: ChatModel
    prompts: Prompts
    messages: list[Message]
    context: Context
    known: Answer
    options: AnswerOptions
    started: float

    @property
    def sampling(self) -> dict[str, Any]:
        return {"max_tokens": self.options.max_tokens, "temperature": self.options.temperature}

    def without_model(self, notice: str) -> Answer:
        degraded = (*self.known.degraded, "answer")
        return replace(self.known, notice=notice, degraded=degraded, seconds=time.monotonic() - self.started)

    def finished(self, completion: str | Completion) -> Answer:
        if isinstance(completion, str):
            raise ContractError(f"{self.chat.name!r} returned a text instead of a Completion; fix its plugin")
        text, wrong = verified(completion.text.strip(), len(self.context.sources))
        enough = completion.finish_reason != "refused" and not declines(text)
        assessed, taken, notes = self._assessed(text, enough=enough)
        sure = confidence(self.known.evidence, assessed.mean_support, is_contradicted=assessed.is_contradicted)
        return replace(
            self.known,
            text=text,
            linked_text=with_links(text, self.context.sources),
            enough=enough,
            confidence=sure if enough else 0.0,
            confidence_level=level_of(sure) if enough else "none",
            confidence_reasons=reasons(self.known.evidence, assessed.sentences) if enough else (),
            sources=self.context.sources,
            sentences=assessed.sentences,
            quotes=assessed.quotes,
            problems=(*_endings(completion, self.options), *wrong, *_judged(assessed, enough)),
            notes=(*self.known.notes, *notes),
            model=completion.model,
            usage=(self.known.usage or Usage()) + completion.usage + taken,
            seconds=time.monotonic() - self.started,
            prompt_digest=value_digest([[message.role, message.text] for message in self.messages]),
        )

    def _assessed(self, text: str, *, enough: bool) -> tuple[Checked, Usage, tuple[str, ...]]:
        found = checked(text, self.context.sources)
        if self.options.check != "model" or not enough:
            return found, Usage(), ()
        return read_again(self.chat, self.prompts, self.known.asked, text, found, self.context)


def _judged(assessed: Checked, enough: bool) -> tuple[AnswerProblem, ...]:
    """The answer's problems; a refusal has none, since it claims nothing."""
    return assessed.problems if enough else ()


def _endings(completion: Completion, options: AnswerOptions) -> tuple[AnswerProblem, ...]:
    if completion.finish_reason == "length":
        return (
            AnswerProblem("truncated", f"the answer was cut at {options.max_tokens} tokens; allow it a longer output"),
        )
    if completion.finish_reason == "refused":
        return (AnswerProblem("refused", "the model or its provider declined to answer"),)
    return ()
