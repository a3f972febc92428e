"""Whatever an embedder returns or raises for a text costs that text; what it does for all texts fails the run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pytest

from lake.embed.base import RefusedTexts
from lake.embed.hash_identity import IDENTITY
from lake.embed.hashing import HashEmbedder
from lake.errors import ContractError, TransientError
from lake.ingest.sound_vectors import SoundVectors

TEXTS = [f"lamp {n}" for n in range(13)]


class Odd(HashEmbedder):
    """Goes wrong for texts that hold BAD, or for all: a plugin as one can be written."""

    identity = replace(IDENTITY, name="odd")

    def __init__(self, how: str, bad: str = "BAD", size: int = 4) -> None:
        self.how, self.bad, self.size, self.n_calls = how, bad, size, 0

    def embed(self, texts: Sequence[str]) -> Iterator[tuple[Sequence[int], np.ndarray]]:
        self.n_calls += 1
        for start in range(0, len(texts), self.size):
            part = texts[start : start + self.size]
            [(_, vectors)] = super().embed(part)
            bad = [self.bad in text for text in part]
            if any(bad) and self.how == "raises":
                raise ValueError("no such token")
            if any(bad) and self.how == "short":
                vectors = vectors[:, :-1]
            elif any(bad) and self.how == "fewer":
                vectors = vectors[:-1]
            else:
                worth = {"nan": np.nan, "inf": np.inf, "zero": 0.0, "long": 2.0}.get(self.how, 1.0)
                vectors[bad] = worth * np.abs(vectors[bad]) if np.isfinite(worth) else worth
            yield range(start, start + len(part)), vectors


def collected(embedder: Odd, texts: Sequence[str]) -> tuple[dict[int, np.ndarray], dict[int, str]]:
    found: dict[int, np.ndarray] = {}
    try:
        for positions, vectors in SoundVectors(embedder).embed(texts):
            found |= dict(zip(positions, vectors, strict=True))
    except RefusedTexts as refusal:
        return found, refusal.reasons
    return found, {}


@pytest.mark.parametrize("how", ["nan", "inf", "zero", "long", "raises", "fewer"])
@pytest.mark.parametrize("places", [(0,), (5, 6), (12,), (0, 3, 11)])
def test_a_bad_text_costs_itself(how: str, places: tuple[int, ...]) -> None:
    texts = [f"{text} BAD" if n in places else text for n, text in enumerate(TEXTS)]
    found, reasons = collected(Odd(how), texts)
    assert set(reasons) == set(places)
    assert set(found) == set(range(13)) - set(places)
    exact = next(iter(HashEmbedder().embed(texts)))[1]
    assert all(np.array_equal(found[n], exact[n]) for n in found)


def test_a_vector_of_other_dimensions_costs_its_batch() -> None:
    found, reasons = collected(Odd("short", size=1), [*TEXTS, "BAD"])
    assert (len(found), list(reasons)) == (13, [13])
    assert "dimensions" in reasons[13]


@pytest.mark.parametrize("how", ["nan", "zero", "raises", "short", "long", "fewer"])
def test_an_embedder_that_embeds_nothing_fails_at_once(how: str) -> None:
    embedder = Odd(how, bad="")
    with pytest.raises(ContractError, match="embeds no text"):
        list(SoundVectors(embedder).embed(TEXTS * 100))
    assert embedder.n_calls == 2


def test_what_may_pass_is_not_a_refusal() -> None:
    class Down(Odd):
        def embed(self, texts: Sequence[str]) -> Iterator[tuple[Sequence[int], np.ndarray]]:
            raise TransientError("the server is down")
            yield

    with pytest.raises(TransientError):
        list(SoundVectors(Down("")).embed(TEXTS))
