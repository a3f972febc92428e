"""Searching a release: fusion, ties, and which embedder may ask."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lake
from flows.reindex import Job, Outcome, reindex
from flows.steps import PlainSteps
from lake.embed import load_embedder
from lake.errors import UsageError
from lake.options import RecipeOptions


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A lake that is only read."""
    folder = tmp_path_factory.mktemp("built")
    (folder / "source").mkdir()
    for number in range(30):
        text = f"# Lamp {number}\n\nLamp {number} burns whale oil at {number} degrees."
        (folder / f"source/{number}.md").write_text(text)
    with PlainSteps() as steps:
        reindex(Job((str(folder / "source"),), str(folder / "lake"), RecipeOptions("hash")), steps)
    return str(folder / "lake")


def test_the_same_question_gets_the_same_answer(built: str) -> None:
    first, second = lake.open_lake(built), lake.open_lake(built)
    for mode in ("hybrid", "vector", "text"):
        hits = first.search("which lamp burns whale oil", 12, mode=mode)  # type: ignore[arg-type]
        assert hits.hits.equals(second.search("which lamp burns whale oil", 12, mode=mode).hits)  # type: ignore[arg-type]
        scores = hits["score"].to_pylist()
        assert scores == sorted(scores, reverse=True)


ODD = ["lamp \x00 7", "'; DROP TABLE chunks; --", '"whale oil"', "lamp AND (7", "a" * 19_000]


@pytest.mark.parametrize("question", ODD, ids=range(len(ODD)))
def test_odd_questions_are_answered_or_empty(built: str, question: str) -> None:
    assert lake.open_lake(built).search(question, 3).num_rows <= 3


@pytest.mark.parametrize("mode", ["text", "vector", "hybrid"])
def test_a_question_that_utf8_cannot_encode_is_refused(built: str, mode: Any) -> None:
    with pytest.raises(UsageError, match="no valid text"):
        lake.open_lake(built).search("lamp \ud800", mode=mode)


def test_a_minimum_score_may_be_any_whole_number(built: str) -> None:
    assert lake.open_lake(built).search("lamp", min_score=10**30).num_rows == 0


def test_a_release_without_chunks_answers_nothing(source: Path, lake_url: str, ingest: Callable[..., Outcome]) -> None:
    (source / "only.md").write_text("# Lamp\n\nA lamp burns whale oil.")
    ingest()
    (source / "only.md").unlink()
    assert ingest(allow_removals=1).published
    index = lake.open_lake(lake_url)
    for _ in range(2):
        assert [index.search("lamp", mode=mode).num_rows for mode in ("hybrid", "vector", "text")] == [0, 0, 0]  # type: ignore[arg-type]
        index._reader.snapshot(index.release())._rows.loading.result()


def test_what_is_held_of_past_releases_is_bounded(
    source: Path, lake_url: str, ingest: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    releases = []
    for number in range(3):
        (source / f"{number}.md").write_text(f"# Lamp {number}\n\nLamp {number} burns whale oil.")
        releases.append(str(ingest().release))
    index, asked = lake.open_lake(lake_url), [*releases, releases[0], "live"]
    assert [index.search("lamp", at=name).num_rows for name in asked] == [1, 2, 3, 1, 3]
    held = [key[0] for key in index._reader._snapshots]  # type: ignore[index]
    assert held == [releases[1], releases[0], releases[2]]  # the one asked last stands last
    *others, live = index._reader._snapshots.values()
    assert all(one._words._loading.result() is not None for one in (*others, live))
    of_words = [one._words.n_bytes for one in others]
    assert all(of_words)
    room = sum(one.n_bytes for one in (*others, live)) - sum(of_words)
    monkeypatch.setattr("lake.search.reader._MOST_BYTES", room)
    assert index.search("lamp").num_rows == 3
    assert [one._words.n_bytes for one in others] == [0, 0]  # words go before all that is held of a release
    assert len(index._reader._snapshots) == 3
    monkeypatch.setattr("lake.search.reader._MOST_BYTES", 1)
    assert index.search("lamp", at=releases[1]).num_rows == 2
    (source / "3.md").write_text("# Lamp 3\n\nLamp 3 burns whale oil.")
    newest = str(ingest().release)
    assert index.search("lamp").num_rows == 4
    assert [key[0] for key in index._reader._snapshots] == [newest]  # type: ignore[index]


def test_another_model_may_not_ask(built: str) -> None:
    asker = load_embedder("hash")

    class Stranger:
        identity = replace(asker.identity, weights="shuffled")
        embed, embed_query = asker.embed, asker.embed_query

    with pytest.raises(UsageError, match="would search another space"):
        lake.open_lake(built).search("lamp", 1, embedder=Stranger())


def test_another_backend_of_the_same_weights_may(built: str) -> None:
    asker = load_embedder("hash")

    class OnGpu:
        identity = replace(asker.identity, backend="torch-cuda", dtype="bfloat16")
        embed, embed_query = asker.embed, asker.embed_query

    assert lake.open_lake(built).search("lamp", 1, embedder=OnGpu()).num_rows == 1


def test_a_large_table_is_searched_through_an_index_that_covers_every_row(
    source: Path, lake_url: str, ingest: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lake.tables.table_indices.VECTOR_INDEX_ROWS", 256)
    words = [f"word{number}" for number in range(97)]
    for number in range(300):
        (source / f"{number}.md").write_text(
            f"# {number}\n\n{' '.join(words[number % 90 :: number % 7 + 3])} n{number}"
        )
    ingest()
    (source / "new.md").write_text("# New\n\nA lighthouse keeper counts herring gulls.")
    ingest()
    index = lake.open_lake(lake_url)
    reader = index._reader.snapshot(index.release()).table("chunks")
    assert reader.unindexed() == dict.fromkeys(["chunk_id", "doc_id", "words", "heading_words", "vector"], 0)
    assert index.search("who counts herring gulls?", 1, mode="vector")["uri"].to_pylist() == ["new.md"]
    rows = index.dataset("chunks").to_table(columns=["chunk_id", "vector"])
    vectors = np.stack(rows["vector"].to_pylist())
    for question in ("word3 word8 n17", "word11 n250", "n99"):
        exact = vectors @ load_embedder("hash").embed_query(question)
        found = index.search(question, 5, mode="vector")
        assert found["score"].to_pylist() == pytest.approx(sorted(exact, reverse=True)[:5], abs=1e-5)
