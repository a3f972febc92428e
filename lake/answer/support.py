"""Measures how well the cited sources support each sentence of an answer, without a model."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lake.answer.aligned import SourceText
from lake.answer.citations import citations, without_citations
from lake.answer.contradictions import contradictions
from lake.answer.declining import is_marker
from lake.answer.quotes import looked_up, quotes
from lake.answer.terms import Vocabulary, Weights, coverage, sentences, terms
from lake.answer.values import AnswerProblem, CitedSource, Contradiction, Quote, Sentence
from lake.answer.windows import Windows

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: Sentences below this support are flagged; docs/answers.md explains the choice.
SUPPORTED = 0.5
#: Factor on the support of a sentence with a number that none of its sources contains.
_WRONG_NUMBER = 0.5
_MARKUP = re.compile(r"^\s*(?:[-*+\u2022]|#{1,6}|\(?\d{1,2}[.)]|>)\s+")
_NO_CLAIM = (":", "?", "\uff1a", "\uff1f", "\u061f")


@dataclass(frozen=True)
class Checked:
    """The answer's sentences and quotations, and their problems."""

    sentences: tuple[Sentence, ...]
    quotes: tuple[Quote, ...]
    problems: tuple[AnswerProblem, ...]

    @property
    def is_contradicted(self) -> bool:
        return any(sentence.contradictions for sentence in self.sentences)

    @property
    def mean_support(self) -> float:
        """Mean over the claims; 0 if there are none."""
        claims = [sentence.support for sentence in self.sentences if sentence.is_claim]
        return sum(claims) / len(claims) if claims else 0.0


class SupportScorer:
    """Holds the terms of the sources to check many sentences against them."""

    def __init__(self, sources: Sequence[CitedSource]) -> None:
        self._texts = {source.number: Windows(source) for source in sources}
        self._weights = Weights([unit for text in self._texts.values() for unit in text.units])
        self._sources = {source.number: source for source in sources}
        self._read: dict[tuple[int, ...], SourceText] = {}

    def support(self, sentence: str, numbers: Iterable[int]) -> float:
        """The weighted share of the sentence that the best passages of these sources contain together."""
        claimed = terms(sentence)
        texts = [self._texts[number] for number in numbers]
        best = Vocabulary(term for text in texts for term in text.best(claimed, self._weights))
        held = coverage(claimed, best, self._weights) if texts else 0.0
        is_wrong = any(term.is_number and not any(term.key in text.keys for text in texts) for term in claimed)
        return held * (_WRONG_NUMBER if is_wrong else 1.0)

    def contradictions(self, sentence: str, numbers: tuple[int, ...]) -> tuple[Contradiction, ...]:
        """What the sentence states against these sources."""
        if numbers not in self._read:
            cited = [self._sources[number] for number in numbers]
            about = "\n".join(f"{source.title}\n{source.heading}" for source in cited)
            self._read[numbers] = SourceText("\n".join(source.text for source in cited), about)
        return tuple(contradictions(sentence, self._read[numbers]))


def checked(text: str, sources: Sequence[CitedSource]) -> Checked:
    """Checks each sentence of an answer, whose citations all exist, against its sources."""
    judge = SupportScorer(sources)
    plain = without_citations(text)
    found = [_judged(sentence, judge, plain, sources) for sentence in _with_citations(text)]
    return assessed(text, found, sources)


def assessed(text: str, found: Sequence[Sentence], sources: Sequence[CitedSource]) -> Checked:
    """Judged sentences of an answer, with its quotations and all problems."""
    quoted: list[tuple[Quote, AnswerProblem | None]] = []
    for start, words in quotes(text):
        cited = next((s.citations for s in found if s.start <= start < s.end), ())
        quoted.append(looked_up(words, cited, sources))
    problems = [problem for sentence in found for problem in _problems(sentence)]
    problems += [problem for _, problem in quoted if problem]
    return Checked(tuple(found), tuple(quote for quote, _ in quoted), tuple(problems))


def _judged(sentence: Sentence, judge: SupportScorer, plain: str, sources: Sequence[CitedSource]) -> Sentence:
    words = _MARKUP.sub("", plain[sentence.start : sentence.end])
    if not _claims(words):
        return replace(sentence, support=1.0, supported=True, is_claim=False)
    apart = [sentence.citations] if sentence.citations else [(source.number,) for source in sources]
    support, best = max(((judge.support(words, numbers), numbers) for numbers in apart), default=(0.0, ()))
    against = judge.contradictions(words, best)
    supported = support >= SUPPORTED and not against
    return replace(sentence, support=round(support, 4), supported=supported, contradictions=against)


def _claims(words: str) -> bool:
    words = words.strip().strip("*_").strip()
    return (
        len(terms(words)) > 1 and not is_marker(words) and not words.endswith(_NO_CLAIM) and not words.startswith("#")
    )


def _problems(sentence: Sentence) -> Iterable[AnswerProblem]:
    if sentence.contradictions:
        against = "; ".join(map(_told, sentence.contradictions))
        yield AnswerProblem("contradicted", f"its sources state otherwise ({against}): {sentence.text}")
    elif sentence.is_claim and not sentence.supported:
        yield AnswerProblem("unsupported", f"its sources do not support this: {sentence.text}")
    elif sentence.is_claim and not sentence.citations:
        yield AnswerProblem("uncited", f"this cites no source: {sentence.text}")


def _told(one: Contradiction) -> str:
    if one.kind == "name":
        return f"{one.stated!r} is in none of them"
    if one.kind in ("number", "date", "opposite", "item"):
        return f"{one.stated!r} against {one.source!r}"
    if one.kind == "exchange":
        return f"{one.stated} have changed places, against {one.source!r}"
    return f"against {one.source!r}" if one.source else "as the chat model reads them"


def _with_citations(text: str) -> list[Sentence]:
    """The sentences with the citations in and after them; without any, with those of the next sentence in its line."""
    spans = _spans(text)
    found = citations(text)
    inside = [tuple(dict.fromkeys(n for c in found if a <= c.start < b for n in c.numbers)) for a, b in spans]
    for i in range(len(spans) - 2, -1, -1):
        if not inside[i] and "\n" not in text[spans[i][1] : spans[i + 1][0]]:
            inside[i] = inside[i + 1]
    return [
        Sentence(text[start:end], start, end, numbers, 0.0, False)
        for (start, end), numbers in zip(spans, inside, strict=True)
    ]


def _spans(text: str) -> list[tuple[int, int]]:
    """Spans of the sentences, each with a citation that follows its full stop."""
    plain = without_citations(text)
    ends = [citation.end for citation in citations(text)]
    spans = sentences(plain)
    limits = [*(start for start, _ in spans[1:]), len(text)]
    return [(start, _reach(end, limit, ends)) for (start, end), limit in zip(spans, limits, strict=False)]


def _reach(end: int, limit: int, ends: Sequence[int]) -> int:
    return max([end, *(place for place in ends if end < place <= limit)])
