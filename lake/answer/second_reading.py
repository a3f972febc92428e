"""Has a chat model check each sentence of an answer against its sources, which finds what rules can't."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from lake.answer.json_requests import NUMBER, Form, an_object, filled, many, one_of
from lake.answer.support import Checked, assessed
from lake.answer.values import Contradiction, Sentence
from lake.endpoints.usage import Usage
from lake.errors import TransientError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lake.answer.chat import ChatModel, Completion, Message
    from lake.answer.context import Context
    from lake.answer.templates import Prompts

_VERDICTS = ("supported", "contradicted", "not stated")
_TOKENS, _TOKENS_PER_SENTENCE = 200, 30
#: Least support of a sentence that the model finds supported.
_HELD = 0.75
_MEANING = Contradiction("meaning", "", "")


@dataclass
class _Metered:
    """A chat model whose usage is summed."""

    chat: ChatModel
    usage: Usage = field(default_factory=Usage)

    @property
    def name(self) -> str:
        return self.chat.name

    def complete(self, messages: Sequence[Message], **words: Any) -> Completion:
        done = self.chat.complete(messages, **words)
        self.usage += done.usage
        return done

    def stream(self, messages: Sequence[Message], **words: Any) -> Any:
        return self.chat.stream(messages, **words)


def read_again(
    chat: ChatModel, prompts: Prompts, question: str, text: str, found: Checked, context: Context
) -> tuple[Checked, Usage, tuple[str, ...]]:
    """The sentences with the model's verdicts in place of those of the rules, and what that took.

    Without verdicts, those of the rules stay, and a note gives the reason.
    """
    claims = [sentence for sentence in found.sentences if sentence.is_claim]
    if not claims:
        return found, Usage(), ()
    metered, why = _Metered(chat), "its reply could not be read"
    numbered = "\n".join(f"{number}. {claim.text}" for number, claim in enumerate(claims, 1))
    try:
        form = _form(len(claims))
        verdicts = filled(metered, prompts, form, context=context, question=question, sentences=numbered)
    except (TransientError, UsageError) as failed:
        verdicts, why = None, str(failed)
    if verdicts is None:
        return found, metered.usage, (f"the chat model did not check the sentences, so only rules did: {why}",)
    given = iter(verdicts)
    judged = [_with(sentence, next(given)) if sentence.is_claim else sentence for sentence in found.sentences]
    return assessed(text, judged, context.sources), metered.usage, ()


def _form(n: int) -> Form[list[str]]:
    schema = an_object(sentences=many(an_object(number=NUMBER, verdict=one_of(_VERDICTS))))
    return Form("check_sentences", schema, lambda reply: _verdicts(reply, n), _TOKENS + _TOKENS_PER_SENTENCE * n)


def _verdicts(reply: dict[str, Any], n: int) -> list[str]:
    by_number = {one["number"]: one["verdict"] for one in reply["sentences"]}
    if len(by_number) != len(reply["sentences"]) or by_number.keys() != set(range(1, n + 1)):
        raise ValueError(f"sentences must hold each number from 1 to {n} once")
    return [by_number[number] for number in range(1, n + 1)]


def _with(sentence: Sentence, verdict: str) -> Sentence:
    against = (sentence.contradictions or (_MEANING,)) if verdict == "contradicted" else ()
    held = verdict == "supported"
    # The words may be others than those of the source, and its words may be put to another use.
    support = max(sentence.support, _HELD) if held else min(sentence.support, 1 - _HELD)
    return replace(sentence, support=support, supported=held, contradictions=against)
