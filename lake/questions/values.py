"""A question, its answers and its evidence: values, and their rows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

import pyarrow as pa

from lake.errors import UsageError
from lake.ids import derived_id, value_digest
from lake.records.schemas import QUESTIONS
from lake.reporting import either

Origin = Literal["imported", "generated", "feedback"]

#: Tag of a question that nothing in the lake answers, so that declining is right.
UNANSWERABLE = "unanswerable"
_SET_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
#: Characters of text kept on either side of a quote, to identify its occurrence.
CONTEXT = 32
_MOST = (1 << 31) - 1


def _check_texts(**texts: object) -> None:
    for name, text in texts.items():
        if text is not None and not isinstance(text, str):
            raise UsageError(f"{name} is {text!r}, which is no text")
        if text is not None and any("\ud800" <= character <= "\udfff" for character in text):
            raise UsageError(f"{name} {text!r} holds half a character, which can't be stored")


def _check_numbers(**numbers: object) -> None:
    for name, number in numbers.items():
        if number is not None and (isinstance(number, bool) or not isinstance(number, int) or abs(number) > _MOST):
            raise UsageError(f"{name} is {number!r}; it must be a whole number of at most {_MOST:,}")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is relevant to a question: a document, or a quote that was at ``start`` to ``end`` of it."""

    uri: str
    source: str | None = None
    quote: str | None = None
    before: str | None = None
    after: str | None = None
    start: int | None = None
    end: int | None = None
    grade: int = 1

    def __post_init__(self) -> None:
        _check_texts(uri=self.uri, source=self.source, quote=self.quote, before=self.before, after=self.after)
        _check_numbers(start=self.start, end=self.end, grade=self.grade)
        if not self.uri:
            raise UsageError("evidence names no document; give its uri")
        if self.quote is not None and not self.quote.strip():
            raise UsageError(f"a quote from {self.uri!r} is empty")
        if (self.start is None) != (self.end is None):
            raise UsageError(f"a span of {self.uri!r} has a start or an end, not both")
        if self.start is not None and not 0 <= self.start < (self.end or 0):
            raise UsageError(f"a span of {self.uri!r} goes from {self.start} to {self.end}; it must hold something")
        if self.grade < 0:
            raise UsageError(f"grade {self.grade} of {self.uri!r} is negative; use 0 for not relevant")

    @property
    def is_place(self) -> bool:
        """Whether it is a part of a document."""
        return self.quote is not None or self.start is not None


@dataclass(frozen=True, slots=True)
class EvalQuestion:
    """A question of a set, its answers in words, and their evidence."""

    set: str
    text: str
    key: str | None = None
    answers: tuple[str, ...] = ()
    language: str | None = None
    evidence: tuple[Evidence, ...] = ()
    origin: Origin = "imported"
    reviewed: bool = True
    tags: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check_texts(question=self.text, set=self.set, id=self.key, language=self.language)
        for text in (*self.answers, *self.tags):
            _check_texts(answer=text)
        if not _SET_NAME.fullmatch(self.set):
            raise UsageError(f"no set can be called {self.set!r}; use lower-case letters, digits, '.', '_' and '-'")
        if not any(character.isalnum() for character in self.text):
            raise UsageError(f"the question {self.text!r} holds no word")
        if self.origin not in get_args(Origin):
            raise UsageError(f"no origin {self.origin!r}; choose {either(get_args(Origin))}")

    @property
    def is_unanswerable(self) -> bool:
        """Whether nothing in the lake is meant to answer it: declining is right then."""
        return UNANSWERABLE in self.tags and not self.evidence

    @property
    def question_id(self) -> str:
        return derived_id("question", self.set, self.text)

    @property
    def digest(self) -> str:
        """Digest of everything that scores depend on: scores with another digest are not of this question."""
        return value_digest([self.text, self.language, self.answers, [asdict(piece) for piece in self.evidence]])

    def to_row(self) -> dict[str, Any]:
        return {"question_id": self.question_id, **asdict(self)}

    @classmethod
    def from_row(cls, row: dict[str, Any]) -> EvalQuestion:
        fields = {name: row[name] for name in cls.__dataclass_fields__}
        lists = {name: tuple(fields[name] or ()) for name in ("answers", "tags")}
        return cls(**{**fields, **lists, "evidence": tuple(Evidence(**e) for e in fields["evidence"] or ())})

    def joined(self, other: EvalQuestion) -> EvalQuestion:
        """Merges two equal questions: all answers, evidence and tags of both."""
        return replace(
            self,
            answers=tuple(dict.fromkeys([*self.answers, *other.answers])),
            evidence=tuple(dict.fromkeys([*self.evidence, *other.evidence])),
            tags=tuple(dict.fromkeys([*self.tags, *other.tags])),
        )


def merged(questions: Iterable[EvalQuestion]) -> list[EvalQuestion]:
    """Each question once, in order of first appearance."""
    found: dict[str, EvalQuestion] = {}
    for question in questions:
        known = found.get(question.question_id)
        found[question.question_id] = known.joined(question) if known else question
    return list(found.values())


def to_table(questions: Iterable[EvalQuestion]) -> pa.Table:
    """QUESTIONS rows, sorted by set and id."""
    rows = sorted((question.to_row() for question in questions), key=lambda row: (row["set"], row["question_id"]))
    return pa.Table.from_pylist(rows, schema=QUESTIONS)


def from_table(rows: pa.Table) -> Iterator[EvalQuestion]:
    """The questions of QUESTIONS rows."""
    yield from (EvalQuestion.from_row(row) for row in rows.to_pylist())
