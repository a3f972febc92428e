"""Options of a search, and those that a lake's configuration may set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal, TypedDict

from lake import plugins
from lake.errors import UsageError
from lake.options.boosts import Boosts, boosts_of, is_factor
from lake.options.declaration import check, option
from lake.options.named_numbers import named_numbers

Mode = Literal["hybrid", "vector", "text"]
Expand = Literal["none", "parent", "window"]
Fusion = Literal["adaptive", "rrf"]
Syntax = Literal["plain", "boolean"]
Copies = Literal["collapsed", "all"]

MAX_FUZZINESS = 2
#: Rerankers without a model of their own: the lake's embedder, and the chat model (``model`` or ``model:NAME``).
OWN, BY_CHAT = "own", "model"
#: Depths of a reranker, and the weight of ``own``; docs/quality.md has what they gain.
_FEW, _MANY, _OWN_WEIGHT = 20, 50, 0.3
#: Hosted embedders answer in less than half a second; people leave after a few.
DEGRADE_AFTER = 2.0
#: Seconds for which what was read of a lake counts while it can't be reached. docs/guarantees.md promises it.
STALE_FOR = 900.0


def is_by_chat(reranker: str | None) -> bool:
    """Whether it is ``model``, or ``model:NAME``.

    >>> is_by_chat("model"), is_by_chat("model:openai:gpt-4.1-mini"), is_by_chat("model:"), is_by_chat("modeller")
    (True, True, False, False)
    """
    return reranker == BY_CHAT or (
        (reranker or "").startswith(f"{BY_CHAT}:") and len(reranker or "") > len(BY_CHAT) + 1
    )


def weights_of(value: Mapping[str, float] | str) -> dict[str, float]:
    """Weights by an embedder's name. Raises UsageError unless they are numbers from 0 on, and of known embedders.

    >>> weights_of("minilm=2,multilingual=1")
    {'minilm': 2.0, 'multilingual': 1.0}
    """
    if isinstance(value, str):
        value = named_numbers(value.split(","), form="EMBEDDER=WEIGHT", example="minilm=2,multilingual=1")
    if not isinstance(value, Mapping) or not value:
        raise UsageError(f'weights={value!r} must be an object, such as {{"minilm": 2, "multilingual": 1}}')
    found = {str(name).strip(): weight for name, weight in value.items()}
    for name, weight in found.items():
        if plugins.find("embedders", name.partition(":")[0]) is None:
            raise UsageError(f"weights name {name!r}, which is no embedder")
        if isinstance(weight, bool) or not is_factor(weight):
            raise UsageError(f"weights.{name}={weight!r} must be a number, 0 or more")
    return {name: float(weight) for name, weight in found.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchDefaults:
    """The options that a lake's configuration may set, in its section ``search``."""

    k: int = option(10, "Number of passages to return.", least=1, most=10_000)
    mode: Mode = option("hybrid", "Search by vectors, by full text, or by both and fuse the two rankings.")
    fusion: Fusion = option(
        "adaptive", "Fuse by evidence, which weighs each ranking for the question, or by reciprocal ranks."
    )
    alpha: float | None = option(
        None,
        "Weight of the vectors in a hybrid search, of all embedders together.",
        least=0,
        most=1,
        unset="0.5; with N embedders N/(N+1)",
    )
    weights: Mapping[str, float] | str | None = option(
        None,
        "Weights of several embedders' vectors among each other, such as minilm=2,multilingual=1; 0 leaves one out. "
        "sparse names the sparse model.",
        unset="1 each",
    )
    expand: Expand = option(
        "parent", "Return the chunks found (none), their sections (parent), or chunks with neighbours (window)."
    )
    window: int = option(1, "Neighbours to add on either side of a chunk when expand is window.", least=0, most=100)
    fuzziness: int = option(
        0, "Number of letters that may differ in each word of a full-text query.", least=0, most=MAX_FUZZINESS
    )
    synonyms: int | None = option(
        None, "Number of the lake's list of synonyms that full text finds as well; none without.", least=1
    )
    rerank: str | None = option(
        None,
        "What reranks the best passages: own (the token vectors of the lake's model), st:MODEL_OR_PATH, PROVIDER:MODEL "
        "such as cohere:rerank-v3.5, or model (the chat model).",
    )
    rerank_depth: int | None = option(
        None, "Number of chunks that the reranker reads.", least=1, most=1000, unset="50, 20 for own and model"
    )
    rerank_weight: float | None = option(
        None,
        "Weight of the reranker beside the score before it; with 1 it alone decides.",
        above=0,
        most=1,
        unset="1, 0.3 for own",
    )
    copies: Copies = option(
        "collapsed", "Find one of the documents with exactly the same text, which names the others, or find all."
    )
    collapse: float | None = option(
        None, "Drop near-duplicates whose word overlap is at least this, e.g. 0.8.", least=0.01, most=1
    )
    diversity: float = option(
        0.0, "Trade relevance for passages that differ from those ranked above them.", least=0, most=1
    )
    boosts: Boosts | Mapping[str, Any] | None = option(None, "Factors on scores by recency and by source.")

    def __post_init__(self) -> None:
        check(self)
        if self.boosts is not None:
            boosts_of(self.boosts)
        if self.weights is not None:
            object.__setattr__(self, "weights", weights_of(self.weights))

    @property
    def embedder_weights(self) -> Mapping[str, float]:
        """Weights by an embedder's name."""
        return {} if self.weights is None else weights_of(self.weights)

    @property
    def n_reranked(self) -> int:
        """What ``rerank_depth`` comes to."""
        return self.rerank_depth or (_FEW if self.rerank == OWN or is_by_chat(self.rerank) else _MANY)

    @property
    def weight_of_reranker(self) -> float:
        return self.rerank_weight or (_OWN_WEIGHT if self.rerank == OWN else 1.0)

    @property
    def given(self) -> dict[str, Any]:
        """The options that differ from their defaults, except ``k``."""
        found = {one.name: getattr(self, one.name) for one in fields(self) if getattr(self, one.name) != one.default}
        found.pop("k", None)
        return found if self.boosts is None else {**found, "boosts": boosts_of(self.boosts)}

    def stated(self) -> dict[str, Any]:
        """The configurable options that differ from their defaults, except ``k`` and ``mode``, as JSON."""
        found = {one.name: getattr(self, one.name) for one in fields(SearchDefaults) if one.name not in ("k", "mode")}
        found = {name: value for name, value in found.items() if value != getattr(SearchDefaults(), name)}
        return found if self.boosts is None else {**found, "boosts": boosts_of(self.boosts).given}


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchOptions(SearchDefaults):
    """All options of a search.

    ``where``, ``filters``, ``principals`` and ``copies`` apply before ranking. The other steps run in this order, each
    off by default: ``collapse``, ``rerank``, ``boosts``, ``min_score``, ``diversity``. They read the best chunks found:
    4 for each passage requested, at least 100 and at most 1000.
    """

    where: str | None = option(None, "SQL condition over columns such as uri, source, media_type and page.")
    filters: Mapping[str, Any] | None = option(
        None, "Values by column, such as uri, tags, modified_at or metadata.project; applied before ranking."
    )
    principals: Sequence[str] | str = option(
        (), "Users and groups to search as; '*' sees everything. By default only unrestricted documents are found."
    )
    syntax: Syntax = option("plain", 'With boolean: "a phrase", +must, -mustnot, word~1, word*; needs mode text.')
    min_score: float | None = option(
        None, "Drop passages with a lower score, on the scale of the last step that scored."
    )
    degrade: bool = option(
        False,
        "Answer without the embedder or the reranker, or from memory without the lake, if it can't be reached.",
    )
    degrade_after: float = option(
        DEGRADE_AFTER,
        "With degrade, maximum seconds to wait for the embedder, for the reranker, and for the lake.",
        above=0,
        most=600,
    )

    def __post_init__(self) -> None:
        SearchDefaults.__post_init__(self)
        if self.filters is not None and not isinstance(self.filters, Mapping):
            raise UsageError(f"filters={self.filters!r:.80} must map columns to values, such as {{'language': 'de'}}")
        if self.syntax == "boolean" and self.mode != "text":
            raise UsageError(
                f"the boolean syntax needs mode 'text'; searches by vectors ({self.mode}) can't require a word"
            )

    def scale(self, are_sparse: Sequence[bool] = (False,)) -> str:
        """The meaning of a score, from the last step that scores; ``are_sparse``: each embedder that searches."""
        fused = {"adaptive": "fused evidence", "rrf": "reciprocal rank fusion"}[self.fusion]
        alone = "dot product of weights" if are_sparse[0] else "cosine similarity"
        by_vectors = alone if len(are_sparse) == 1 else fused
        first = {"vector": by_vectors, "text": "BM25", "hybrid": fused}[self.mode]
        scored = self._reranked_scale(first) if self.rerank else first
        return f"{scored}, boosted" if self.boosts else scored

    def _reranked_scale(self, first: str) -> str:
        is_alone = self.weight_of_reranker == 1
        return f"relevance by {self.rerank}" if is_alone else f"{first}, reranked by {self.rerank}"

    @classmethod
    def of(cls, given: Mapping[str, Any], defaults: SearchDefaults | None = None) -> SearchOptions:
        """The ``given`` options, completed by ``defaults``; raises UsageError for an unknown one."""
        known = [one.name for one in fields(SearchOptions)]
        if unknown := sorted(given.keys() - set(known)):
            raise UsageError(f"a search has no option {', '.join(unknown)}; it has at, embedder, {', '.join(known)}")
        return cls(**({} if defaults is None else {"k": defaults.k, **defaults.given}) | dict(given))


class SearchArguments(TypedDict, total=False):
    """Options of a search, except ``k``, as keyword arguments; the lake's configuration sets the others."""

    mode: Mode
    fusion: Fusion
    alpha: float | None
    weights: Mapping[str, float] | str | None
    expand: Expand
    window: int
    fuzziness: int
    synonyms: int | None
    rerank: str | None
    rerank_depth: int | None
    rerank_weight: float | None
    copies: Copies
    collapse: float | None
    diversity: float
    boosts: Boosts | Mapping[str, Any] | None
    where: str | None
    filters: Mapping[str, Any] | None
    principals: Sequence[str] | str
    syntax: Syntax
    min_score: float | None
    degrade: bool
    degrade_after: float
