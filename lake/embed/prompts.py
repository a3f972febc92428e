"""Prompts before the texts of an embedder: what applies, what fits, and what must not be left open."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lake.embed.known_prompts import KnownPrompts, known_prompts
from lake.errors import UsageError

if TYPE_CHECKING:
    import numpy as np

    from lake.embed.base import Embedder
    from lake.recipe import EmbedderIdentity

#: Tokens that prompts must leave to a text.
_LEAST_ROOM = 8
#: Maximum number of tokens by which prompt and text together exceed the sum of both if no blank separates them.
_OF_A_JOINT = 2


@dataclass(frozen=True, slots=True)
class StatedPrompts:
    """Stated prompts of documents and of questions; None: not stated, "": none."""

    document: str | None = None
    query: str | None = None

    def __post_init__(self) -> None:
        for option, prompt in (("document_prompt", self.document), ("query_prompt", self.query)):
            try:
                (prompt or "").encode()
            except UnicodeEncodeError as error:
                raise UsageError(f"{option}={prompt!r} is not valid Unicode") from error


UNSTATED = StatedPrompts()


def chosen(own: EmbedderIdentity, like: EmbedderIdentity | None, stated: StatedPrompts) -> tuple[str, str]:
    """The prompts of documents and questions: the stated ones, else those of ``like``, else the model's ``own``.

    ``like`` counts if it is of the same model. If weights of the same name have changed since, a model that has
    prompts of its own uses these.
    """
    document, query = own.document_prompt, own.query_prompt
    if like is not None and like.name == own.name and (like.weights == own.weights or not own.has_prompts):
        document, query = like.document_prompt, like.query_prompt
    return (
        document if stated.document is None else stated.document,
        query if stated.query is None else stated.query,
    )


def with_prompts(own: EmbedderIdentity, document: str, query: str, count: Callable[[str], int]) -> EmbedderIdentity:
    """The identity with these prompts, and with the room that the document's leaves; ``count`` counts their tokens.

    Raises UsageError if one leaves no room for a text.
    """
    whole = own.max_tokens + count(own.document_prompt)
    for option, prompt in (("document_prompt", document), ("query_prompt", query)):
        taken = _taken(prompt, count)
        if whole - taken < _LEAST_ROOM:
            raise UsageError(
                f"the {option} takes {taken:,} of the {whole:,} tokens that {own.name!r} reads; shorten it"
            )
    return replace(own, document_prompt=document, query_prompt=query, max_tokens=whole - _taken(document, count))


def _taken(prompt: str, count: Callable[[str], int]) -> int:
    """Tokens of a prompt, with a margin unless it ends in a blank: its last word may join the text's first one."""
    return count(prompt) + (0 if not prompt or prompt[-1].isspace() else _OF_A_JOINT)


def check_stated(identity: EmbedderIdentity, names: Iterable[str], stated: StatedPrompts) -> None:
    """Raises UsageError if a model is known by name to need prompts, has none, and nobody states that it needs none."""
    usual = known_prompts(names)
    if usual is None or _is_decided(identity, usual, stated):
        return
    kinds = {"documents": usual.document, "questions": usual.query}
    needed = " and ".join(f"{prompt!r} before {kind}" for kind, prompt in kinds.items() if prompt)
    lacking, none = "neither the model nor the recipe states any", "query"
    if identity.has_prompts:
        none = "document" if identity.query_prompt else "query"
        lacking = f"no {none} prompt is stated"
    raise UsageError(
        f"{identity.name!r} looks like a model of the family {usual.family}, trained with {needed}, but {lacking}. "
        f'Search would find less. Add {_options(usual)}, or --{none}-prompt "" if the model needs none, or its server '
        "adds it"
    )


def _is_decided(identity: EmbedderIdentity, usual: KnownPrompts, stated: StatedPrompts) -> bool:
    """Whether nothing is left open: a prompt is the model's own, or all usual ones are stated, or one as "none"."""
    if (identity.document_prompt and stated.document is None) or (identity.query_prompt and stated.query is None):
        return True
    if not identity.has_prompts:
        return "" in (stated.document, stated.query)
    return not (usual.document and stated.document is None) and not (usual.query and stated.query is None)


def _options(usual: KnownPrompts) -> str:
    pairs = (("--query-prompt", usual.query), ("--document-prompt", usual.document))
    return " ".join(f"{option} {_quoted(prompt)}" for option, prompt in pairs if prompt)


def _quoted(prompt: str) -> str:
    """The prompt as a shell reads it; the known ones hold nothing that double quotes don't keep but line ends.

    >>> print(_quoted("query: "), _quoted("Instruct: x\\nQuery: "))
    "query: " $'Instruct: x\\nQuery: '
    """
    escaped = prompt.replace("\n", "\\n")
    return f'"{prompt}"' if escaped == prompt else f"$'{escaped}'"


class PromptedEmbedder:
    """Puts an identity's prompts before the texts of an embedder that has none."""

    def __init__(self, inner: Embedder, identity: EmbedderIdentity) -> None:
        self.identity = identity
        self.address: str = getattr(inner, "address", "")
        self._inner = inner
        if many := getattr(inner, "embed_queries", None):
            self.embed_queries = lambda texts: many([identity.query_prompt + text for text in texts])

    def embed(self, texts: Sequence[str]) -> Iterator[tuple[Sequence[int], np.ndarray]]:
        return self._inner.embed([self.identity.document_prompt + text for text in texts])

    def embed_query(self, text: str) -> np.ndarray:
        return self._inner.embed_query(self.identity.query_prompt + text)
