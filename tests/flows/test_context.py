"""What stands outside a chunk is embedded and indexed with it; a rename or another sidecar embeds nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import lake
from expectations.experiment import grid
from flows.cli.app import _exit_status
from flows.reindex import Outcome
from lake.embed import identify
from lake.errors import UsageError
from lake.options import RecipeOptions, SearchDefaults
from lake.parse import parser_versions
from lake.recipe import Recipe
from lake.recipe.chunking import ChunkRecipe

Ingest = Callable[..., Outcome]

#: The company is named in the title alone; the sections are those of any report.
REPORT = """\
---
title: Tolvar plc annual report
---
# Notes

## Trade receivables

{body}
"""
BODY = "Trade receivables stood at 4,711 thousand. " + "The auditor found no reason for objections. " * 40


def contexts(url: str, uri: str) -> list[str]:
    found = lake.open_lake(url).inspect(uri, chunks=True)
    return [chunk["context"] for section in found["sections"] for chunk in section["chunks"]]


def found(url: str, words: str, mode: str = "text") -> list[str]:
    hits = lake.open_lake(url).search(words, 20, mode=mode, expand="none")
    return sorted(set(hits["uri"].to_pylist()))


def stored(url: str) -> list[str]:
    """Names of the files of contents and vectors."""
    return sorted(str(path) for folder in ("contents", "vectors") for path in Path(url, folder).rglob("*.parquet"))


@pytest.fixture
def report(source: Path) -> Path:
    path = source / "clients" / "quillmark" / "r1.md"
    path.parent.mkdir(parents=True)
    path.write_text(REPORT.format(body=BODY))
    (source / "other.md").write_text(f"# Notes\n\n## Trade receivables\n\n{BODY}")
    return path


def test_title_headings_and_place_say_what_a_chunk_is_about(
    report: Path, lake_url: str, ingest: Ingest, capsys: pytest.CaptureFixture[str]
) -> None:
    ingest()
    assert set(contexts(lake_url, "clients/quillmark/r1.md")) == {
        "Tolvar plc annual report\n",
        "Tolvar plc annual report > Notes > Trade receivables\n",
    }
    assert not any("Notes > Notes" in one for one in contexts(lake_url, "other.md"))
    chunks = lake.open_lake(lake_url).dataset("chunks").to_table().to_pylist()
    assert all("quillmark" in row["words"].split() for row in chunks if row["uri"] != "other.md")
    assert not any("tolvar" in (row["heading"] + row["text"]).lower() for row in chunks)
    assert found(lake_url, "Tolvar") == found(lake_url, "Quillmark") == ["clients/quillmark/r1.md"]
    first = lake.open_lake(lake_url).search("Tolvar trade receivables", 1, mode="vector").to_pylist()[0]
    assert first["uri"] == "clients/quillmark/r1.md"
    assert _exit_status(["inspect", "clients/quillmark/r1.md", "--chunks", "--lake", lake_url]) == 0
    assert "embedded after: Tolvar plc annual report > Notes > Trade receivables" in capsys.readouterr().out


def test_a_rename_parses_and_embeds_nothing_and_is_found_by_its_new_name(
    report: Path, lake_url: str, ingest: Ingest
) -> None:
    ingest()
    before = stored(lake_url)
    (report.parents[1] / "harkstead").mkdir()
    report.rename(report.parents[1] / "harkstead" / "r1.md")
    outcome = ingest()
    assert (outcome.moved, outcome.n_texts_embedded, stored(lake_url)) == (1, 0, before)
    assert found(lake_url, "quillmark") == []
    assert found(lake_url, "harkstead") == ["clients/harkstead/r1.md"]
    assert found(lake_url, "tolvar") == ["clients/harkstead/r1.md"]


def test_a_title_of_a_sidecar_is_indexed_and_not_embedded(report: Path, lake_url: str, ingest: Ingest) -> None:
    ingest()
    before = stored(lake_url)
    embedded = contexts(lake_url, "clients/quillmark/r1.md")
    Path(f"{report}.meta.json").write_text(json.dumps({"title": "Pelorus Vane AG"}))
    outcome = ingest()
    assert (outcome.changed, outcome.n_texts_embedded, stored(lake_url)) == (1, 0, before)
    assert contexts(lake_url, "clients/quillmark/r1.md") == embedded
    assert found(lake_url, "Pelorus") == ["clients/quillmark/r1.md"]
    assert found(lake_url, '"Pelorus Vane"') == ["clients/quillmark/r1.md"]
    assert found(lake_url, '"objections Pelorus"') == []


def test_parts_are_chosen_by_the_recipe(report: Path, lake_url: str, ingest: Ingest) -> None:
    ingest(settings=RecipeOptions(embedder="hash", context="headings, table"))
    assert "context" not in lake.open_lake(lake_url).release().recipe.to_json()["chunking"]
    assert set(contexts(lake_url, "clients/quillmark/r1.md")) == {"", "Notes > Trade receivables\n"}
    assert found(lake_url, "tolvar") == found(lake_url, "quillmark") == []
    assert ingest(settings=RecipeOptions()).reason == "nothing to do"
    before = stored(lake_url)
    with pytest.raises(UsageError, match=r"context from headings\+table to .*--change-recipe"):
        ingest(settings=RecipeOptions(context="headings+table+place"))
    outcome = ingest(settings=RecipeOptions(context="headings+table+place"), change_recipe=True)
    assert (outcome.changed, outcome.n_texts_embedded, stored(lake_url)) == (0, 0, before)
    assert found(lake_url, "quillmark") == ["clients/quillmark/r1.md"]
    assert found(lake_url, "tolvar") == []
    outcome = ingest(settings=RecipeOptions(context="title"), change_recipe=True)
    assert outcome.n_texts_embedded > 0
    assert set(contexts(lake_url, "clients/quillmark/r1.md")) == {"Tolvar plc annual report\n"}
    ingest(settings=RecipeOptions(context="empty"), change_recipe=True)
    assert set(contexts(lake_url, "clients/quillmark/r1.md")) == {""}
    assert found(lake_url, "tolvar") == []


def test_words_of_an_erased_documents_title_and_place_are_gone(report: Path, lake_url: str, ingest: Ingest) -> None:
    (report.parents[1] / "red_dock").mkdir()
    (report.parents[1] / "red_dock" / "a.md").write_text("# Cranes\n\nThe crane of the dock is red.\n")
    (report.parent / "r2.md").write_text(f"---\ntitle: red dock\n---\n\n{BODY} Umberline.")
    ingest()
    for uri in ("clients/quillmark/r2.md", "clients/quillmark/r1.md"):
        assert _exit_status(["forget", uri, "--why", "asked for", "--lake", lake_url]) == 0
    assert found(lake_url, "tolvar") == found(lake_url, "quillmark") == []
    assert found(lake_url, '"red dock"') == ["clients/red_dock/a.md"]


def test_an_experiment_varies_the_context() -> None:
    base = Recipe(identify("hash"), ChunkRecipe(context="headings+table"), parser_versions())
    axes = grid.axes_of(["context=table+headings,title+headings,empty"])
    found = grid.cells(base, SearchDefaults(), axes)
    assert [cell.recipe.chunking.context for cell in found] == ["headings+table", "title+headings", "empty"]
    with pytest.raises(UsageError, match="unknown part 'author'; join title, headings, table, place, model by"):
        grid.cells(base, SearchDefaults(), grid.axes_of(["context=title+author"]))
