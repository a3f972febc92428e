"""A question: what is looked for, in which way, and what becomes of what was found; a checked value."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from lake.errors import UsageError
from lake.search.boosts import Boosts
from lake.tables.text_query import Syntax, TextQuery, text_query

Mode = Literal["hybrid", "vector", "text"]
Expand = Literal["none", "parent", "window"]
Fusion = Literal["adaptive", "rrf"]

MAX_K = 10_000
MAX_RERANKED = 1000
#: A question longer than this is a document; a model reads a few hundred words of it anyway.
MAX_CHARACTERS = 20_000


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """What is looked for, and how; ``k`` counts passages.

    ``where`` and ``filters`` say what may be found (``lake.search.filters``). ``principals`` says who asks: the names
    of a user and their groups, nobody in particular by default, "*" for an operator, who sees everything. All of
    these apply before ranking.
    ``fuzziness`` and ``syntax`` concern the full-text leg.
    ``alpha`` sets the weight of the vector leg from 0 to 1, which ``fusion`` chooses otherwise.
    ``expand``: passages are the chunks found (``none``), the sections that hold them (``parent``), or chunks with
    ``window`` neighbours on either side, inside their section.
    ``min_score`` drops passages that score less, on the scale of the last step that scored.

    The best chunks found (100, or 4 for each passage asked for, at most 1000) are put in their final order in these
    steps, each off unless asked for: ``collapse`` leaves out chunks whose words equal an earlier one's to that degree
    (0 to 1); ``rerank`` names a model that scores the best ``rerank_depth`` anew; ``boosts`` multiplies scores;
    ``diversity`` (0 to 1) trades relevance for chunks that say something else than those before them.
    """

    text: str
    k: int = 10
    mode: Mode = "hybrid"
    where: str | None = None
    filters: Mapping[str, Any] | None = None
    principals: Collection[str] | str = ()
    expand: Expand = "parent"
    window: int = 1
    syntax: Syntax = "plain"
    fuzziness: int = 0
    fusion: Fusion = "adaptive"
    alpha: float | None = None
    min_score: float | None = None
    rerank: str | None = None
    rerank_depth: int = 50
    collapse: float | None = None
    diversity: float = 0.0
    boosts: Boosts | None = None

    def __post_init__(self) -> None:
        for name, choices in (("mode", Mode), ("expand", Expand), ("fusion", Fusion), ("syntax", Syntax)):
            if getattr(self, name) not in get_args(choices):
                raise UsageError(f"no {name} {getattr(self, name)!r}; choose one of {list(get_args(choices))}")
        _check_text(self.text)
        _check_range("k", self.k, 1, MAX_K)
        _check_range("window", self.window, 0, 100)
        _check_range("rerank_depth", self.rerank_depth, 1, MAX_RERANKED)
        _check_range("diversity", self.diversity, 0, 1)
        for name, least in (("alpha", 0.0), ("collapse", 0.01)):
            if getattr(self, name) is not None:
                _check_range(name, getattr(self, name), least, 1)
        if self.min_score is not None:
            _check_range("min_score", self.min_score, -math.inf, math.inf)
        if self.syntax == "boolean" and self.mode != "text":
            raise UsageError(f"the boolean syntax needs mode 'text'; by vectors ({self.mode}) no word can be demanded")
        self.text_query()

    @classmethod
    def of(cls, text: str, k: int = 10, **how: Any) -> SearchRequest:
        """UsageError where ``how`` holds a word that is none of the fields."""
        fields = [name for name in cls.__dataclass_fields__ if name not in ("text", "k")]
        if unknown := sorted(how.keys() - set(fields)):
            raise UsageError(f"a search knows no {unknown}; it takes k, at, embedder and {fields}")
        return cls(text, k, **how)

    def text_query(self) -> TextQuery:
        return text_query(self.text, self.syntax, self.fuzziness)

    @property
    def is_refined(self) -> bool:
        """Whether a step after the fusion looks closer at the best candidates."""
        closer = (self.rerank, self.boosts, self.diversity or None, self.collapse, self.min_score)
        return any(step is not None for step in closer)


def _check_range(name: str, value: float, least: float, most: float) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise UsageError(f"{name}={value!r} must lie between {least} and {most}")


def _check_text(text: str) -> None:
    if not isinstance(text, str):
        raise UsageError(f"the question is {type(text).__name__}, not text")
    if len(text) > MAX_CHARACTERS:
        raise UsageError(f"the question has {len(text):,} characters; at most {MAX_CHARACTERS:,} are searched for")
    if not any(character.isalnum() for character in text):
        raise UsageError("the question holds no word to search for")
