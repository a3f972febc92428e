"""How canonical text becomes chunks: the part of a recipe that chunker and embedded texts depend on."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, replace
from functools import cache
from typing import Any, Literal, get_args

from lake.errors import UsageError
from lake.reporting import either

Strategy = Literal["hierarchical", "window", "paragraph", "semantic"]
#: Fields of a ChunkRecipe that only semantic chunking has, with what they are if nobody states them.
OF_SEMANTIC = {"turn_percentile": 80, "least_tokens": 40}

#: What stands outside a chunk and decides what it is about, in the order in which it is embedded: the document's title,
#: the headings above the chunk, the title and column names of a cut table. The place, the words of the folders and of
#: the file's name, is indexed for full text and never embedded, so that a rename embeds nothing. The model is a chat
#: model, whose sentence about the chunk comes before all others.
CONTEXT_PARTS = ("title", "headings", "table", "place", "model")
#: Raised when chat models are asked in another way, so that recipes with one chunk anew.
SITUATING = "1"
#: Summaries of documents and sections: none, or of their own sentences; anything else is the name of a chat model.
NO_SUMMARIES, EXTRACT = "none", "extract"
#: Raised when summaries are made in another way, so that recipes with them chunk anew.
SUMMARISING = "1"
#: The kind of a chunk that is a summary, and no text of its document.
SUMMARY = "summary"
#: Predicates of summaries and of all other chunks.
IS_SUMMARY, IS_TEXT = f"kind = '{SUMMARY}'", f"kind <> '{SUMMARY}'"
#: What recipes of releases before 0.4 have. It is left out where a recipe is stored, so that digests stay as they were.
EARLIER_CONTEXT = "headings+table"
#: A context without any part.
NO_CONTEXT = "empty"


@cache
def _parts(context: str) -> tuple[str, ...]:
    return tuple(part for part in CONTEXT_PARTS if part in context.split("+"))


def context_of(text: str) -> str:
    """Parts of a context in their order, as recipes store them. Raises UsageError for an unknown part.

    >>> context_of("table, headings"), context_of("empty")
    ('headings+table', 'empty')
    """
    parts = {part.strip().lower() for part in re.split("[+,]", text)}
    if parts == {NO_CONTEXT}:
        return NO_CONTEXT
    if unknown := sorted(parts.difference(CONTEXT_PARTS)):
        raise UsageError(
            f"context={text!r} has an unknown part {unknown[0]!r}; join {', '.join(CONTEXT_PARTS)} by +, or use "
            f"{NO_CONTEXT!r}"
        )
    return "+".join(part for part in CONTEXT_PARTS if part in parts)


def summaries_of(text: str) -> str:
    """How summaries are made, as recipes store it. Raises UsageError for what names neither a way nor a chat model.

    >>> summaries_of(" Extract"), summaries_of("openai:gpt-4o-mini")
    ('extract', 'openai:gpt-4o-mini')
    """
    said = text.strip()
    if said.lower() in (NO_SUMMARIES, EXTRACT):
        return said.lower()
    if ":" not in said.strip(":"):
        raise UsageError(f"summaries={text!r} must be {NO_SUMMARIES}, {EXTRACT}, or a chat model as PROVIDER:MODEL")
    return said


@dataclass(frozen=True, slots=True)
class ChunkRecipe:
    """How canonical text becomes parents and children.

    ``parent_tokens`` counts cl100k tokens; the others count tokens of the embedder's own tokenizer.
    ``heading_tokens`` is the maximum size of the context that is embedded before a child's text: the document's title,
    the heading path, the column names of a cut table, as far as they are parts of ``context``.
    ``strategy``: ``hierarchical`` follows sections, sentences and code; ``paragraph`` packs whole paragraphs and
    sentences regardless of headings; ``window`` slides a plain token window; ``semantic`` follows sections and cuts
    their text where its meaning turns. ``turn_percentile`` and ``least_tokens`` are None unless it is semantic.
    ``context_model`` is the chat model that the context's part ``model`` is by. ``summaries`` of documents and sections
    are ``none``, ``extract`` (made of their own sentences), or by the chat model of this name.
    """

    strategy: Strategy = "hierarchical"
    parent_tokens: int = 1200
    child_tokens: int = 200
    overlap_tokens: int = 32
    heading_tokens: int = 48
    context: str = "title+headings+table+place"
    turn_percentile: int | None = None
    least_tokens: int | None = None
    context_model: str | None = None
    summaries: str = NO_SUMMARIES

    def __post_init__(self) -> None:
        object.__setattr__(self, "context", context_of(self.context))
        object.__setattr__(self, "summaries", summaries_of(self.summaries))
        if self.is_situated and not self.context_model:
            raise UsageError(
                "a context with the part model needs a chat model; name it by --context-model PROVIDER:MODEL"
            )
        if self.context_model is not None and not self.is_situated:
            raise UsageError(f"context_model={self.context_model!r} applies to a context with the part model alone")
        if self.strategy not in get_args(Strategy):
            raise UsageError(f"no chunking strategy {self.strategy!r}; choose {either(get_args(Strategy))}")
        if not 8 <= self.child_tokens <= self.parent_tokens * 4:
            raise UsageError(
                f"child_tokens={self.child_tokens} must be at least 8 and at most 4 x parent_tokens "
                f"({self.parent_tokens})"
            )
        if not 0 <= self.overlap_tokens <= self.child_tokens // 2:
            raise UsageError(
                f"overlap_tokens={self.overlap_tokens} must lie between 0 and half of child_tokens "
                f"({self.child_tokens // 2}); lower it along with child_tokens"
            )
        if self.heading_tokens < 0:
            raise UsageError(f"heading_tokens={self.heading_tokens} must not be negative")
        self._check_semantic()

    def _check_semantic(self) -> None:
        for name, usual in OF_SEMANTIC.items():
            stated = getattr(self, name)
            if self.is_semantic:
                # A part of a text that is cut once has half of a small child's tokens at most.
                wanted = min(usual, self.child_tokens // 2) if name == "least_tokens" else usual
                object.__setattr__(self, name, wanted if stated is None else stated)
            elif stated is not None:
                raise UsageError(f"{name}={stated} applies to strategy='semantic' alone, not to {self.strategy!r}")
        if self.is_semantic and not 1 <= (self.least_tokens or 0) <= self.child_tokens // 2:
            raise UsageError(
                f"least_tokens={self.least_tokens} must lie between 1 and half of child_tokens "
                f"({self.child_tokens // 2})"
            )
        if self.is_semantic and not 0 <= (self.turn_percentile or 0) <= 100:
            raise UsageError(f"turn_percentile={self.turn_percentile} must lie between 0 and 100")

    @property
    def is_situated(self) -> bool:
        """Whether a chat model writes a part of the context."""
        return "model" in self.parts

    @property
    def has_summaries(self) -> bool:
        """Whether documents and sections have summaries."""
        return self.summaries != NO_SUMMARIES

    @property
    def summary_model(self) -> str | None:
        """The chat model that writes summaries; None if none does."""
        return None if self.summaries in (NO_SUMMARIES, EXTRACT) else self.summaries

    @property
    def is_written(self) -> bool:
        """Whether a chat model writes something for the index."""
        return self.is_situated or self.summary_model is not None

    @property
    def is_semantic(self) -> bool:
        """Whether borders depend on vectors of the sentences."""
        return self.strategy == "semantic"

    def changed(self, **fields: Any) -> ChunkRecipe:
        """This recipe with other fields; those that only semantic chunking has go with it."""
        if fields.get("strategy", self.strategy) != self.strategy:
            fields = dict.fromkeys(OF_SEMANTIC) | fields
        if "model" not in context_of(fields.get("context", self.context)).split("+"):
            fields = {"context_model": None} | fields
        return replace(self, **fields)

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts of the context."""
        return _parts(self.context)

    def to_json(self) -> dict[str, Any]:
        """The fields as releases state them, without those that earlier versions did not have or need."""
        unstated: list[tuple[str, str | None]] = [("context", EARLIER_CONTEXT), ("summaries", NO_SUMMARIES)]
        unstated += [(name, None) for name in (*OF_SEMANTIC, "context_model")]
        return {name: value for name, value in asdict(self).items() if (name, value) not in unstated}

    def of_content(self) -> dict[str, Any]:
        """The fields that decide what is embedded; the place does not."""
        embedded = "+".join(part for part in self.parts if part != "place")
        return replace(self, context=embedded or NO_CONTEXT).to_json()

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> ChunkRecipe:
        return cls(**{"context": EARLIER_CONTEXT, **value})
