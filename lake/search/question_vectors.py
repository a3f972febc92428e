"""Vectors of questions to a release, and how long a search waits for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from lake.embed.query_encoder import QueryEncoder, encoder_breaker, load_query_encoder, query_vectors
from lake.errors import ContractError, LakeError, TransientError, UsageError

if TYPE_CHECKING:
    from lake.embed.base import Embedder
    from lake.recipe import EmbedderIdentity
    from lake.releases.values import Release
    from lake.search.question import SearchRequest

#: Seconds that a batch waits longer for each further question, which a model on this machine needs.
_FOR_ANOTHER = 0.05


def _uncached(_: QueryEncoder, __: str) -> np.ndarray | None:
    """There is no cache."""
    return None


@dataclass(frozen=True, slots=True)
class Through:
    """How encoders are called. ``embed``: like ``query_vectors``. ``cached``: a text's vector, if a cache has it."""

    embed: Callable[[QueryEncoder, Sequence[str]], np.ndarray] = query_vectors
    cached: Callable[[QueryEncoder, str], np.ndarray | None] = _uncached


@dataclass(frozen=True, slots=True)
class QuestionVectors:
    """Vectors in the space of one of a release's embedders."""

    release: Release
    identity: EmbedderIdentity
    through: Through

    def of_texts(self, texts: Sequence[str], embedder: Embedder | None) -> np.ndarray:
        """Unit vectors [n, dimensions] in the release's space."""
        vectors = self.through.embed(self._encoder(embedder), texts)
        if not np.isfinite(vectors).all():
            raise ContractError(
                f"{self.identity.name!r} made a vector of the question that is not finite; nothing was searched"
            )
        return vectors

    def _encoder(self, embedder: Embedder | None) -> QueryEncoder:
        identity = self.identity
        encoder = embedder or load_query_encoder(identity.name, identity)
        if not encoder.identity.answers(identity):
            raise UsageError(
                f"{self.release.id} was embedded with {identity.name!r} (weights {identity.weights[:12]}); embedding "
                f"with {encoder.identity.name!r} (weights {encoder.identity.weights[:12]}) would search another space"
            )
        return encoder

    def of_question(self, question: SearchRequest, embedder: Embedder | None) -> np.ndarray:
        """The question's unit vector [dimensions]; raises UnreachableError only if the question may degrade."""
        vector: np.ndarray = self._together([question], embedder)[0]
        return vector

    def of_questions(
        self, questions: Sequence[SearchRequest], embedder: Embedder | None
    ) -> list[Callable[[], np.ndarray]]:
        """What returns the vector of each or raises why there is none; embeds all at once, and now."""
        made: dict[int, Callable[[], np.ndarray]] = {}
        for may_degrade in (False, True):
            numbers = [n for n, one in enumerate(questions) if one.mode != "text" and one.degrade is may_degrade]
            if numbers:
                vectors = self._each([questions[n] for n in numbers], embedder)
                made |= dict(zip(numbers, vectors, strict=True))
        return [made.get(n, partial(self.of_question, question, embedder)) for n, question in enumerate(questions)]

    def _each(self, questions: Sequence[SearchRequest], embedder: Embedder | None) -> list[Callable[[], np.ndarray]]:
        try:
            vectors = self._together(questions, embedder)
        except TransientError as error:
            return [partial(self._held_or, question, embedder, error) for question in questions]
        except LakeError:  # one text may be to blame, so each is embedded alone
            return [partial(self.of_question, question, embedder) for question in questions]
        return [partial(vectors.__getitem__, n) for n in range(len(questions))]

    def _together(self, questions: Sequence[SearchRequest], embedder: Embedder | None) -> np.ndarray:
        """Unit vectors [n, dimensions] of questions that all may degrade, or none."""
        identity, texts = self.identity, [question.text for question in questions]
        embed = partial(self.of_texts, texts, embedder)
        if not questions[0].degrade or (embedder is not None and not embedder.identity.answers(identity)):
            return embed()
        breaker = encoder_breaker(identity, embedder)
        if breaker.is_open and (held := self._held(texts, embedder)) is not None:
            return held
        seconds = max(question.degrade_after for question in questions) + _FOR_ANOTHER * (len(texts) - 1)
        return breaker.call(embed, seconds)

    def _held_or(self, question: SearchRequest, embedder: Embedder | None, error: LakeError) -> np.ndarray:
        """The vector that a cache has, if the question may degrade; raises the error without one."""
        held = self._held([question.text], embedder) if question.degrade else None
        if held is None:
            raise error
        vector: np.ndarray = held[0]
        return vector

    def _held(self, texts: Sequence[str], embedder: Embedder | None) -> np.ndarray | None:
        """The vectors, if caches have all of them, which takes the embedder's name and not the embedder."""
        try:
            encoder = self._encoder(embedder)
            vectors = [self.through.cached(encoder, text) for text in texts]
        except (LakeError, OSError):
            return None
        found = [vector for vector in vectors if vector is not None]
        return np.stack(found) if len(found) == len(texts) else None
