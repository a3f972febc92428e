"""``--rerank own``: token vectors of the lake's model, and what becomes of them if a text is erased."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from flows.reindex import Job, reindex
from flows.steps import PlainSteps
from lake import operate
from lake.embed import token_vectors
from lake.embed.registry import identify
from lake.embed.token_vectors import TokenEncoder, max_sim, token_encoder
from lake.errors import UsageError
from lake.index import Index, open_lake
from lake.options import RecipeOptions
from lake.search.late_interaction import OwnReranker, TokenVectors

TEXTS = {
    "pump.md": "The pump in the north hall is reset with the green key after a pressure alarm.",
    "hall.md": "The north hall has a crane, a pump and a green door.",
    "alarm.md": "A pressure alarm rang in the north hall at night.",
    "key.md": "Somebody lost the green key of the old pump.",
    "cat.md": "The cat of the caretaker sleeps in the south hall, beside the pump.",
}
QUESTION = "how is the pump reset after an alarm"


def built(folder: Path, embedder: str) -> Index:
    (folder / "docs").mkdir(exist_ok=True)
    for name, text in TEXTS.items():
        (folder / "docs" / name).write_text(text + "\n")
    url = str(folder / f"lake-{embedder}")
    with PlainSteps() as steps:
        reindex(Job(sources=(str(folder / "docs"),), lake=url, settings=RecipeOptions(embedder=embedder)), steps)
    return open_lake(url)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    return built(tmp_path_factory.mktemp("own"), "minilm")


@pytest.fixture(scope="module")
def encoder() -> TokenEncoder:
    return token_encoder(identify("minilm"))


def test_max_sim_is_the_mean_of_the_best_cosines() -> None:
    question = np.array([[1, 0], [0, 1]], np.float32)
    tokens = np.array([[127, 0], [-127, 0], [90, 90]], np.int8)
    assert max_sim(question, tokens) == pytest.approx((1 + np.sqrt(0.5)) / 2)
    assert max_sim(question, tokens[:0]) == max_sim(question[:0], tokens) == 0.0


def test_a_text_has_the_same_token_vectors_in_any_batch(encoder: TokenEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [*TEXTS.values(), "", "a", "pump " * 400, "\ud800 key"]
    together = encoder.of_texts(texts)
    assert [len(one) for one in together[5:8]] == [0, 1, 254]
    for text, tokens in zip(reversed(texts), reversed(together), strict=True):
        assert encoder.of_texts([text])[0].tobytes() == tokens.tobytes()
    assert encoder.of_texts([]) == []
    monkeypatch.setattr(token_vectors, "has_openvino", lambda: False)
    by_numpy = TokenEncoder(identify("minilm")).of_texts(texts[:2])
    question = encoder.of_question(QUESTION)
    for one, other in zip(by_numpy, together, strict=False):
        assert max_sim(question, one) == pytest.approx(max_sim(question, other), abs=2e-3)


def found(index: Index, **how: Any) -> dict[str, float]:
    hits = index.search(QUESTION, 9, expand="none", **how).to_pylist()
    return {hit["uri"]: hit["score"] for hit in hits}


def test_candidates_are_ordered_by_both_scores(index: Index, encoder: TokenEncoder) -> None:
    before = found(index)
    hits = index.search(QUESTION, 9, expand="none", rerank="own", rerank_weight=1.0).to_pylist()
    question = encoder.of_question(QUESTION)
    expected = {name: max_sim(question, encoder.of_texts([text])[0]) for name, text in TEXTS.items()}
    assert {hit["uri"]: hit["score"] for hit in hits} == pytest.approx(expected, abs=1e-9)
    assert [hit["rerank_score"] for hit in hits] == sorted(expected.values(), reverse=True)
    blended = found(index, rerank="own", rerank_weight=0.5)
    least, most = min(before.values()), max(before.values())
    low, high = min(expected.values()), max(expected.values())
    for name, score in blended.items():
        stretched = least + (expected[name] - low) / (high - low) * (most - least)
        assert score == pytest.approx((before[name] + stretched) / 2)
    assert found(index, rerank="own") == found(open_lake(index.status()["lake"]), rerank="own", rerank_depth=20)


def test_candidates_beyond_the_depth_follow_as_they_were(index: Index) -> None:
    before, after = found(index), found(index, rerank="own", rerank_depth=2)
    assert list(after)[2:] == list(before)[2:]
    assert set(list(after)[:2]) == set(list(before)[:2])
    hits = index.search(QUESTION, 9, expand="none", rerank="own", rerank_depth=2).to_pylist()
    assert [hit["rerank_score"] is None for hit in hits] == [False, False, True, True, True]
    assert len(found(index, rerank="own", rerank_depth=2, rerank_weight=1.0)) == 2
    assert found(index, rerank="own", mode="text", filters={"uri": "nowhere"}) == {}


def test_a_model_without_token_vectors_is_refused(tmp_path: Path) -> None:
    index = built(tmp_path, "hash")
    with pytest.raises(UsageError, match="'hash' has no token vectors, which --rerank own compares; choose"):
        index.search(QUESTION, rerank="own")


def test_token_vectors_are_dropped_with_erased_texts(tmp_path: Path) -> None:
    index = built(tmp_path, "minilm")
    index.search(QUESTION, rerank="own")
    tokens, generation = index._reader._tokens, index.release().generation
    assert len(tokens) == len(TEXTS)
    operate.forget(index.status()["lake"], uri="pump.md", why="request 1")
    index._reader.follow()
    assert (len(tokens), tokens.n_bytes) == (0, 0)
    # A search that began before the erasure keeps nothing.
    assert len(OwnReranker(identify("minilm"), generation, tokens).scores(QUESTION, list(TEXTS.values()))) == 5
    assert len(tokens) == 0
    assert "pump.md" not in found(index, rerank="own")
    assert len(tokens) == len(TEXTS) - 1


def test_few_bytes_hold_the_last_texts() -> None:
    identity, tokens = identify("minilm"), TokenVectors(most_bytes=60_000)
    tokens.keep({"g"})
    texts = [f"valve {n} of the pump in the north hall" for n in range(30)]
    whole = tokens.of(identity, "g", texts)
    assert 0 < tokens.n_bytes <= 60_000
    assert len(tokens) < len(texts)
    again = tokens.of(identity, "g", texts)
    assert all((one == other).all() for one, other in zip(whole, again, strict=True))
