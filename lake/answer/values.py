"""The values of an answer."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pyarrow as pa

    from lake.endpoints.usage import Usage

ConfidenceLevel = Literal["high", "medium", "low", "none"]


@dataclass(frozen=True, slots=True)
class CitedSource:
    """A passage as the model saw it under its number; ``text`` is ``canonical_text[start:end]`` of its document.

    Most of its best chunk stands on ``page``; ``first_page`` and ``last_page`` are those of the passage, before it is
    cut. All are None if the format has no pages.
    """

    number: int
    uri: str
    source: str
    title: str
    heading: str
    page: int | None
    kind: str
    doc_id: str
    start: int
    end: int
    text: str
    score: float
    is_cut: bool = False  # the passage did not fit as a whole
    first_page: int | None = None
    last_page: int | None = None
    url: str | None = None  # where a person can read it, if that is known


@dataclass(frozen=True, slots=True)
class Contradiction:
    """``stated``, words of an answer, disagrees with ``source``, words or a sentence of its source.

    ``kind``: negation, number, date, opposite, condition (one that the answer lifts), exchange (two names in each
    other's place), name (which no source has), item (of a list, in another's place), or meaning (found by a model).
    """

    kind: str
    stated: str
    source: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of the answer and how well its sources support it.

    ``support`` in [0, 1] is the weighted share of its words that its sources contain close together; if a model
    checked it, at least .75 or at most .25. A sentence with ``contradictions``, which its sources state otherwise, is
    not supported. One without a claim (a heading, a question, a line that ends in a colon) counts as supported.
    """

    text: str
    start: int
    end: int
    citations: tuple[int, ...]  # numbers of sources; of a following sentence of its paragraph if it has none itself
    support: float
    supported: bool
    is_claim: bool = True
    contradictions: tuple[Contradiction, ...] = ()


@dataclass(frozen=True, slots=True)
class Quote:
    """Words in quotation marks; ``number``: their source; ``start``, ``end``: their offsets in its document."""

    text: str
    number: int | None
    start: int | None
    end: int | None

    @property
    def found(self) -> bool:
        return self.number is not None


@dataclass(frozen=True, slots=True)
class AnswerProblem:
    """Something a reader should know before trusting an answer.

    ``kind``: no_such_source, quote_not_found, quote_elsewhere, contradicted, unsupported, uncited,
    truncated, refused.
    """

    kind: str
    message: str


@dataclass(frozen=True, slots=True)
class Answer:
    """``text`` is empty if no model was called; ``enough``: whether the question could be answered.

    ``evidence`` in [0, 1]: how likely the passages contain the answer, judged by the search. ``confidence`` in
    [0, 1]: how likely the text is right, 0 without an answer, and ``confidence_level`` the same as a word;
    docs/answers.md has the limits of all. ``passages``
    has the columns of HITS, best first, even without an answer.
    """

    question: str
    text: str
    enough: bool
    confidence: float
    evidence: float
    notice: str  # why there is no answer, for users; else empty
    passages: pa.Table = field(repr=False)
    sources: tuple[CitedSource, ...] = ()
    sentences: tuple[Sentence, ...] = ()
    quotes: tuple[Quote, ...] = ()
    problems: tuple[AnswerProblem, ...] = ()
    release: str | None = None
    model: str | None = None
    usage: Usage | None = None
    seconds: float = 0.0
    prompt_digest: str | None = None
    asked: str = ""  # the question as answered, with the conversation worked in
    queries: tuple[str, ...] = ()  # the texts searched for
    notes: tuple[str, ...] = ()  # failures in understanding the question and checking the answer, with their effects
    degraded: tuple[str, ...] = ()  # parts that could not be reached; empty for a whole answer
    cached: str | None = None  # the store that had the answer: process or redis
    confidence_level: ConfidenceLevel = "none"
    confidence_reasons: tuple[str, ...] = ()  # what speaks for and against the answer, for users
    linked_text: str = ""  # the text with its citations as Markdown links to the sources that have a url
    made_for: str | None = None  # the question that a cached answer was made for, if it is another one
    stale_since: datetime | None = None  # when the lake was last read, if it could not be reached now

    @property
    def cost_usd(self) -> float | None:
        return self.usage.cost_usd if self.usage else 0.0

    def to_json(self) -> dict[str, Any]:
        """A JSON-like value, except for times: ``stale_since`` and those in ``passages``."""
        plain = {f.name: _plain(getattr(self, f.name)) for f in fields(self) if f.name != "passages"}
        return {**plain, "cost_usd": self.cost_usd, "passages": self.passages.to_pylist()}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return asdict(value) if hasattr(value, "__dataclass_fields__") else value
