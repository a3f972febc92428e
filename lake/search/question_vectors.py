"""Vectors of questions to a release, and how long a search waits for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from lake.embed.query_encoder import QueryEncoder, encoder_breaker, load_query_encoder
from lake.errors import ContractError, UsageError

if TYPE_CHECKING:
    from lake.embed.base import Embedder
    from lake.releases.values import Release
    from lake.search.question import SearchRequest


@dataclass(frozen=True, slots=True)
class QuestionVectors:
    """``embed``: like ``query_vectors``, perhaps through a cache."""

    release: Release
    embed: Callable[[QueryEncoder, Sequence[str]], np.ndarray]

    def of_texts(self, texts: Sequence[str], embedder: Embedder | None) -> np.ndarray:
        """Unit vectors [n, dimensions] in the release's space."""
        identity = self.release.recipe.embedder
        encoder = embedder or load_query_encoder(identity.name, identity)
        if not encoder.identity.answers(identity):
            raise UsageError(
                f"{self.release.id} was embedded with {identity.name!r} (weights {identity.weights[:12]}); embedding "
                f"with {encoder.identity.name!r} (weights {encoder.identity.weights[:12]}) would search another space"
            )
        vectors = self.embed(encoder, texts)
        if not np.isfinite(vectors).all():
            raise ContractError(
                f"{identity.name!r} made a vector of the question that is not finite; nothing was searched"
            )
        return vectors

    def of_question(self, question: SearchRequest, embedder: Embedder | None) -> np.ndarray:
        """The question's unit vector [dimensions]; raises UnreachableError only if the question may degrade."""
        identity = self.release.recipe.embedder

        def embed() -> np.ndarray:
            vector: np.ndarray = self.of_texts([question.text], embedder)[0]
            return vector

        if not question.degrade or (embedder is not None and not embedder.identity.answers(identity)):
            return embed()
        return encoder_breaker(identity, embedder).call(embed, question.degrade_after)

    def of_questions(
        self, questions: Sequence[SearchRequest], embedder: Embedder | None
    ) -> list[Callable[[], np.ndarray]]:
        """What returns the vector of each; questions that may not degrade are embedded together, and now."""
        together = [n for n, question in enumerate(questions) if question.mode != "text" and not question.degrade]
        vectors = self.of_texts([questions[n].text for n in together], embedder) if together else np.empty((0, 0))
        made = dict(zip(together, vectors, strict=True))

        def vector(n: int) -> np.ndarray:
            one: np.ndarray = made[n] if n in made else self.of_question(questions[n], embedder)
            return one

        return [partial(vector, n) for n in range(len(questions))]
