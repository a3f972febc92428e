"""Semantic chunking in a lake: paid for once, the same in any batch, erased with its document."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path

import pytest

import lake
from expectations.experiment import grid
from flows.cli.app import _exit_status
from flows.reindex import Outcome
from lake import operate
from lake.directory import Lake
from lake.errors import RefusedError, UsageError
from lake.ingest.delta import text_digests
from lake.options import RecipeOptions, Retention, SearchDefaults
from tests.flows.test_rollback import CountingEmbedder

Ingest = Callable[..., Outcome]
SETTINGS = RecipeOptions(
    embedder="hash", strategy="semantic", child_tokens=120, overlap_tokens=0, heading_tokens=8, least_tokens=16
)
FROGS = " ".join(f"The frog of pond {n} eats flies by the water of the pond." for n in range(4))
BANKS = " ".join(f"A bank lends money for interest and fees to house {n}." for n in range(4))


@pytest.fixture
def files(source: Path) -> Path:
    (source / "a.md").write_text(f"# Notes\n\n{FROGS} {BANKS}\n")
    for n in range(6):
        (source / f"{n}.md").write_text(f"# File {n}\n\n{FROGS} Number {n} is here. {BANKS}\n\n```\nx = {n}\n```\n")
    return source


def chunks(url: str) -> list[tuple[str, int, int, str]]:
    rows = lake.open_lake(url).dataset("chunks").to_table(columns=["uri", "start", "end", "text", "chunk_id"])
    return sorted((row["uri"], row["start"], row["end"], row["text"]) for row in rows.to_pylist())


def test_chunks_follow_the_meaning_and_quote_the_text(ingest: Ingest, files: Path, lake_url: str) -> None:
    ingest(settings=SETTINGS)
    ours = [row for row in chunks(lake_url) if row[0] == "a.md"]
    assert [row[3] for row in ours] == [f"# Notes\n\n{FROGS}", BANKS]
    text = (files / "a.md").read_text()
    assert all(text[start:end] == words for _, start, end, words in ours)


def test_batches_workers_and_known_vectors_change_nothing(
    ingest: Ingest, files: Path, lake_url: str, tmp_path: Path
) -> None:
    ingest(settings=SETTINGS, n_workers=1)
    other = str(tmp_path / "other")
    ingest(settings=SETTINGS, n_workers=3, shard_documents=1, lake=other)
    assert chunks(lake_url) == chunks(other)


def test_each_sentence_is_paid_for_once(ingest: Ingest, files: Path, lake_url: str) -> None:
    model = CountingEmbedder()
    outcome = ingest(settings=SETTINGS, embedder=model)
    assert outcome.n_texts_embedded == len(model.texts) == len(set(model.texts))
    assert ingest(embedder=CountingEmbedder()).reason == "nothing to do"
    (files / "a.md").write_text(f"# Notes\n\n{FROGS} A new sentence. {BANKS}\n")
    later = CountingEmbedder()
    ingest(embedder=later)
    assert "A new sentence." in later.texts
    assert len(later.texts) <= 3  # the sentence, and the chunks around it


def test_plan_prices_sentences_too_and_embeds_nothing(
    files: Path, lake_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["plan", str(files), "--lake", lake_url, "--embedder", "hash", "--json"]
    assert _exit_status([*words, "--strategy", "semantic"]) == 0
    semantic = json.loads(capsys.readouterr().out)
    assert _exit_status(words) == 0
    by_form = json.loads(capsys.readouterr().out)
    assert all(semantic[name] > 1.1 * by_form[name] for name in ("n_texts_to_embed", "n_tokens_to_embed"))
    assert "estimate" in semantic["remarks"][0]
    assert not Path(lake_url).exists()


def test_a_batch_api_is_refused(ingest: Ingest, files: Path) -> None:
    with pytest.raises(UsageError, match="leave --batch-hours out"):
        ingest(settings=SETTINGS, batch_hours=1.0)


def test_a_budget_is_kept_by_sentences(
    ingest: Ingest, files: Path, lake_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.spending.price_per_million_tokens", lambda *_, **__: 1000.0)
    model = CountingEmbedder()
    with pytest.raises(RefusedError, match="raise --budget-usd"):
        ingest(settings=SETTINGS, embedder=model, budget_usd=0.2, shard_documents=1)
    assert 0 < sum(len(text.split()) for text in model.texts) < 200
    ingest(settings=SETTINGS, embedder=model, budget_usd=100.0, shard_documents=1)
    assert chunks(lake_url)


def test_erasure_and_prune_know_the_vectors_of_sentences(ingest: Ingest, files: Path, lake_url: str) -> None:
    (files / "secret.md").write_text(f"# Secret\n\nAnnabella Quistermann owes crowns. {BANKS}\n")
    ingest(settings=SETTINGS)
    place = Lake(lake_url)
    vectors = place.vectors(place.log.read().resolve("live").recipe)
    operate.prune(lake_url, Retention(grace_hours=0, keep_vectors_days=0))
    documents = lake.open_lake(lake_url).dataset("documents").to_table(columns=["uri", "content_id"])
    ids = documents.column("content_id").combine_chunks()
    spoken = text_digests(place, ids, "sentences")
    vectors.refresh()
    assert len(spoken) > 20
    assert not vectors.missing(spoken.to_pylist())
    operate.forget(lake_url, uri="secret.md", why="a test")
    place = Lake(lake_url)
    vectors = place.vectors(place.log.read().resolve("live").recipe)
    vectors.refresh()
    gone = vectors.missing(spoken.to_pylist())
    assert len(gone) == 1  # all other sentences are those of other documents, too


def test_an_experiment_varies_it_in_both_directions(ingest: Ingest, files: Path, lake_url: str) -> None:
    ingest(settings=SETTINGS)
    base = lake.open_lake(lake_url).release().recipe
    axes = {"strategy": ("hierarchical", "semantic")}
    found = grid.cells(base, SearchDefaults(), axes)
    assert [cell.recipe.chunking.strategy for cell in found] == ["semantic", "hierarchical"]
    back = grid.cells(found[1].recipe, SearchDefaults(), axes | {"turn_percentile": (50, 90)})
    stated = itertools.chain.from_iterable([[cell.recipe.chunking.turn_percentile] for cell in back[1:]])
    assert sorted(filter(None, stated)) == [50, 90]
