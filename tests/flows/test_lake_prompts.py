"""Prompts of a lake: stated once, kept by later runs, and never mixed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from flows.cli.preview import preview
from flows.reindex import Job, Outcome
from lake.embed import identify, load_embedder
from lake.errors import UsageError
from lake.index import open_lake
from lake.ingest.choosing import choose_recipe, recipe_of
from lake.options import RecipeOptions
from lake.releases.history import History
from lake.releases.values import Release
from lake.reporting import silent

Ingest = Callable[..., Outcome]


def stated(query: str | None = None, document: str | None = None) -> RecipeOptions:
    return RecipeOptions(embedder="hash", child_tokens=96, query_prompt=query, document_prompt=document)


def vectors_of(url: str) -> dict[str, np.ndarray]:
    rows = open_lake(url).dataset("chunks").to_table(columns=["text", "vector"]).to_pylist()
    return {row["text"]: np.array(row["vector"], np.float32) for row in rows}


def test_another_prompt_embeds_all_texts_anew_and_shares_no_vector(source: Path, lake_url: str, ingest: Ingest) -> None:
    (source / "lamp.txt").write_text("The lamp of berth four burns all night.\n")
    (source / "pump.txt").write_text("The pump is checked each morning.\n")
    plain, first = ingest(settings=stated()).release, vectors_of(lake_url)
    assert plain is not None
    with pytest.raises(UsageError, match=r"the prompts of 'hash' \(document_prompt '' -> 'passage: '") as raised:
        ingest(settings=stated("query: ", "passage: "))
    assert "embed all texts anew, since vectors of different prompts can't be compared" in str(raised.value)
    assert "--change-recipe" in str(raised.value)
    job = Job((str(source),), lake_url, stated("query: ", "passage: "), change_recipe=True)
    shown = preview(job, silent)
    assert (shown["n_texts_to_embed"], shown["query_prompt"], shown["document_prompt"]) == (2, "query: ", "passage: ")
    bare = preview(Job((str(source),), lake_url + "2", stated()), silent)
    assert shown["n_tokens_to_embed"] == bare["n_tokens_to_embed"] + 2 * 2, "a prompt of two tokens before each text"
    prompted = ingest(settings=stated("query: ", "passage: "), change_recipe=True).release
    spent = open_lake(lake_url).history().spent(prompted or "")
    assert spent is not None
    assert spent.n_tokens_embedded == shown["n_tokens_to_embed"]
    second, hash_alone = vectors_of(lake_url), load_embedder("hash")
    for text, vector in second.items():
        assert np.abs(vector - first[text]).max() > 1e-3
    for later in (RecipeOptions(), stated("query: ")):
        assert ingest(settings=later).reason == "nothing to do"
    index = open_lake(lake_url)
    for at, question in ((prompted, "query: lamp"), (plain, "lamp")):
        hit = index.search("lamp", 1, mode="vector", at=at).to_pylist()[0]
        vectors = second if at == prompted else first
        assert hit["score"] == pytest.approx(
            float(vectors[hit["chunk_text"]] @ hash_alone.embed_query(question)), abs=1e-5
        )


def test_a_lake_without_the_usual_prompts_goes_on_without_them() -> None:
    name = "openai:nomic-embed-text@8"
    settings = RecipeOptions(embedder=name)
    for change_recipe in (False, True):
        with pytest.raises(
            UsageError, match='Add --query-prompt "search_query: " --document-prompt "search_document: "'
        ):
            choose_recipe(History(), settings, change_recipe=change_recipe)
    recipe = recipe_of(settings, None, [identify(name)])
    made = Release("2026-11-21.1", "d", None, recipe, "1", {}, {}, datetime(2026, 11, 21, tzinfo=UTC), "c", None)
    old = History(releases={made.id: made})
    for nightly in (settings, RecipeOptions(), RecipeOptions(query_prompt="", document_prompt="")):
        assert choose_recipe(old, nightly, change_recipe=False).embedder == recipe.embedder
    assert choose_recipe(old, RecipeOptions(child_tokens=100), change_recipe=True).embedder == recipe.embedder
    other = RecipeOptions(embedder="openai:mxbai-embed-large@8")
    with pytest.raises(UsageError, match="mxbai-embed"):
        choose_recipe(old, other, change_recipe=True)
    both = RecipeOptions(query_prompt="search_query: ", document_prompt="search_document: ")
    with pytest.raises(UsageError, match="--change-recipe"):
        choose_recipe(old, both, change_recipe=False)
    assert choose_recipe(old, both, change_recipe=True).embedder.query_prompt == "search_query: "
