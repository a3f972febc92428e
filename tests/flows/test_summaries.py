"""Summaries: rows that lead to their section, by a chat model or of own sentences; paid once, never shown, erased."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import lake
from expectations.experiment import grid
from flows.cli.app import _exit_status
from flows.reindex import Outcome
from lake import operate
from lake.destinations.release_rows import ReleaseRows
from lake.directory import Lake
from lake.errors import RefusedError, TransientError, UsageError
from lake.options import RecipeOptions, Retention, SearchDefaults
from lake.questions import Evidence
from tests.flows.test_context_by_model import quick
from tests.lake.answer.conftest import ChatEndpoint, endpoint  # noqa: F401 - a fixture

Ingest = Callable[..., Outcome]
MODEL = "openai:gpt-4o-mini"
EXTRACT = RecipeOptions(embedder="hash", child_tokens=40, overlap_tokens=0, parent_tokens=160, summaries="extract")
BY_MODEL = replace(EXTRACT, summaries=MODEL)


@pytest.fixture
def files(source: Path) -> Path:
    for name in ("a", "b"):
        parts = []
        for part in ("Intake", "Rotor", "Outlet"):
            lines = [f"The {part.lower()} of pump {name} must be cleaned on day {n} of the month." for n in range(14)]
            parts.append(f"## {part}\n\n" + "\n\n".join(lines))
        (source / f"{name}.md").write_text(f"# Pump {name}\n\n" + "\n\n".join(parts) + "\n")
    (source / "short.md").write_text("Only one chunk.")
    return source


@pytest.fixture
def chat(endpoint: ChatEndpoint) -> ChatEndpoint:  # noqa: F811
    def reply(request: dict[str, Any]) -> str:
        shown = request["messages"][-1]["content"]
        return f"Quillmark upkeep of {'the whole machine' if shown.count('## ') > 1 else shown.split('## ')[-1][:6]}."

    endpoint.replies[0] = reply
    return endpoint


def summaries(url: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = lake.open_lake(url).dataset("chunks").to_table().to_pylist()
    return [row for row in found if row["kind"] == "summary"]


def test_a_summary_leads_to_the_beginning_of_its_section(
    ingest: Ingest, files: Path, lake_url: str, chat: ChatEndpoint
) -> None:
    assert ingest(settings=BY_MODEL).published
    rows = summaries(lake_url)
    assert {row["uri"] for row in rows} == {"a.md", "b.md"}
    assert {row["text"] for row in rows} == {""}
    text = (files / "a.md").read_text()
    for mode in ("text", "vector", "hybrid"):
        for expand in ("none", "parent", "window"):
            found = lake.open_lake(lake_url).search(
                "Quillmark upkeep of Rotor", 5, mode=mode, expand=expand, filters={"uri": "a.md"}
            )
            hits = found.to_pylist()
            assert all(hit["text"].strip() and hit["kind"] != "summary" for hit in hits)
            assert all(text[hit["start"] : hit["end"]] == hit["text"] for hit in hits)
            assert len({hit["chunk_id"] for hit in hits}) == len(hits)
            assert not {row["chunk_id"] for row in rows}.intersection(*[hit["chunk_ids"] for hit in hits])
            if mode == "text":
                assert "Rotor" in hits[0]["text"] or "Rotor" in hits[0]["heading"]


def test_a_search_is_not_cut_short_by_rows_that_lead_to_one_chunk(
    ingest: Ingest, files: Path, lake_url: str, chat: ChatEndpoint
) -> None:
    ingest(settings=BY_MODEL)
    index = lake.open_lake(lake_url)
    n_texts = index.release().counts["n_chunks"] - len(summaries(lake_url))
    assert index.search("pump", 200, mode="vector", expand="none").num_rows == n_texts


def test_conditions_on_chunks_are_not_passed_through_a_summary(
    ingest: Ingest, files: Path, lake_url: str, chat: ChatEndpoint
) -> None:
    ingest(settings=BY_MODEL)
    index = lake.open_lake(lake_url)
    of_chunks: list[tuple[dict[str, Any], Callable[[dict[str, Any]], bool]]] = [
        ({"where": "text LIKE '%day 9 %'"}, lambda hit: "day 9 " in hit["text"]),
        ({"filters": {"ordinal": 1}}, lambda hit: hit["ordinal"] == 1),
    ]
    for words, passes in of_chunks:
        hits = index.search("Quillmark upkeep", 5, mode="hybrid", expand="none", **words).to_pylist()
        assert hits
        assert all(map(passes, hits))


def test_rights_reach_summaries(ingest: Ingest, files: Path, lake_url: str, chat: ChatEndpoint) -> None:
    (files / "a.md.meta.json").write_text(json.dumps({"acl": ["group:hr"]}))
    ingest(settings=BY_MODEL)
    index = lake.open_lake(lake_url)
    for principals, is_seen in (([], False), (["group:hr"], True)):
        hits = index.search("Quillmark upkeep", 9, principals=principals).to_pylist()
        assert ("a.md" in {hit["uri"] for hit in hits}) == is_seen


def test_each_summary_is_paid_for_once_and_rebuilt_without_a_model(
    ingest: Ingest, files: Path, lake_url: str, chat: ChatEndpoint
) -> None:
    ingest(settings=BY_MODEL)
    before, n_asked = summaries(lake_url), len(chat.requests)
    assert n_asked == len(before)
    assert ingest().reason == "nothing to do"
    operate.rebuild(lake_url)
    assert sorted(row["chunk_id"] for row in summaries(lake_url)) == sorted(row["chunk_id"] for row in before)
    ingest(settings=RecipeOptions(summaries="none"), change_recipe=True)
    assert not summaries(lake_url)
    ingest(settings=BY_MODEL, change_recipe=True)
    assert len(chat.requests) == n_asked
    assert {row["situation"] for row in summaries(lake_url)} == {row["situation"] for row in before}


def test_a_dead_model_fails_the_run_and_a_refusal_costs_one_summary(
    ingest: Ingest, files: Path, lake_url: str, chat: ChatEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lake.answer.endpoint_chat.ChatTimeouts.__init__", quick(monkeypatch))
    chat.faults.extend([{}, {}, *[{"status": 500}] * 60])
    with pytest.raises(TransientError):
        ingest(settings=BY_MODEL, n_workers=1)
    n_failed, chat.faults = len(chat.requests), type(chat.faults)()
    chat.replies[0] = lambda request: "" if "Outlet" in request["messages"][-1]["content"] else "Quillmark and pumps."
    assert ingest(settings=BY_MODEL).published
    rows = summaries(lake_url)
    assert n_failed
    assert len(chat.requests) - n_failed < len(rows)
    by_extract = [row["situation"] for row in rows if "Quillmark" not in row["situation"]]
    assert by_extract
    assert all("outlet" in line or "cleaned" in line for line in by_extract)


def test_a_plan_prices_summaries_and_a_budget_is_kept(
    ingest: Ingest, files: Path, lake_url: str, chat: ChatEndpoint, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("RAGLAKE_CHAT_PRICE", "10/100")
    words = ["plan", str(files), "--lake", lake_url, "--embedder", "hash", "--child-tokens", "40", "--overlap-tokens"]
    words += ["0", "--parent-tokens", "160", "--summaries", MODEL]
    assert _exit_status([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert 0.02 < told["summaries_cost_usd"] < 1
    assert (told["n_sentences_to_write"], chat.requests) == (0, [])
    assert _exit_status(words) == 0
    assert f"{told['n_summaries_to_write']} of the summaries" in " ".join(capsys.readouterr().out.split())
    with pytest.raises(RefusedError, match="raise --budget-usd"):
        ingest(settings=BY_MODEL, budget_usd=0.06, n_workers=1)
    assert 0 < len(chat.requests) < told["n_summaries_to_write"]
    ingest(settings=BY_MODEL, budget_usd=5.0)
    assert len(chat.requests) == told["n_summaries_to_write"] == len(summaries(lake_url))


@pytest.mark.parametrize("settings", [EXTRACT, BY_MODEL], ids=["extract", "model"])
def test_an_erasure_reaches_summaries(
    ingest: Ingest, files: Path, lake_url: str, chat: ChatEndpoint, settings: RecipeOptions
) -> None:
    ingest(settings=settings)
    operate.prune(lake_url, Retention(grace_hours=0, keep_last=1, keep_daily=0, keep_monthly=0))
    operate.forget(lake_url, uri="a.md", why="a test")
    assert {row["uri"] for row in summaries(lake_url)} == {"b.md"}
    folder = Path(lake_url, "calls", "summarise")
    assert not folder.exists() or len(list(folder.iterdir())) == 1


def test_a_summary_of_own_sentences_holds_what_is_said_most(ingest: Ingest, source: Path, lake_url: str) -> None:
    told = [f"Turbines of Quillmark drive generators in plant {n}." for n in range(8)]
    aside = ["Lunch was served at noon in a hall.", "Nobody remembers who painted the door green."]
    (source / "c.md").write_text("# Notes\n\n" + "\n\n".join([*told[:4], *aside, *told[4:]]) + "\n")
    ingest(settings=EXTRACT)
    (row,) = summaries(lake_url)
    assert row["situation"].count("Quillmark") >= 2
    assert "Lunch" not in row["situation"]
    assert set(row["situation"].replace(". ", ".\n").splitlines()) <= {*told, *aside}
    assert next(iter(summaries(lake_url)))["heading"] == "Notes"


def test_summaries_are_explained_inspected_and_not_sent_to_stores(
    ingest: Ingest, files: Path, lake_url: str, chat: ChatEndpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    ingest(settings=BY_MODEL)
    index = lake.open_lake(lake_url)
    (hit,) = index.explain(index.search("Quillmark upkeep of Outlet", 1, mode="text", filters={"uri": "a.md"}))
    assert any("Outlet" in line for line in hit["summaries"])
    sections = index.inspect("a.md", chunks=True)["sections"]
    led = [summary for section in sections for summary in section["summaries"]]
    assert [one["text"] for one in led] == [row["situation"] for row in summaries(lake_url) if row["uri"] == "a.md"]
    assert [one["of"] for one in led] == ["document", *["section"] * (len(led) - 1)]
    assert not any(chunk["kind"] == "summary" for section in sections for chunk in section["chunks"])
    assert _exit_status(["inspect", "a.md", "--lake", lake_url, "--chunks"]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert printed.count("found by the summary of the document: ") == 1
    assert "found by the summary of the section: Quillmark upkeep of" in printed
    place = Lake(lake_url)
    rows = ReleaseRows(place, place.log.read().resolve("live"), None)
    sent = [payload for part in rows.rows(None, 10) for payload in part.payloads]
    assert len(sent) == rows.count() == index.release().counts["n_chunks"] - len(summaries(lake_url))
    assert all(payload["text"].strip() for payload in sent)


def test_it_must_be_a_known_way_or_a_model_and_leaves_other_recipes_as_they_were() -> None:
    from lake.recipe.chunking import ChunkRecipe

    with pytest.raises(UsageError, match="PROVIDER:MODEL"):
        ChunkRecipe(summaries="yes")
    assert "summaries" not in ChunkRecipe().to_json()
    assert ChunkRecipe.from_json(ChunkRecipe(summaries=MODEL).to_json()).summary_model == MODEL


def test_an_experiment_varies_summaries(ingest: Ingest, files: Path, lake_url: str) -> None:
    ingest(settings=EXTRACT)
    base = lake.open_lake(lake_url).release().recipe
    found = grid.cells(base, SearchDefaults(), {"summaries": ("none", "extract")})
    assert [cell.recipe.chunking.summaries for cell in found] == ["extract", "none"]


def test_contexts_and_summaries_are_written_side_by_side(
    ingest: Ingest, files: Path, lake_url: str, chat: ChatEndpoint
) -> None:
    both = replace(BY_MODEL, context="title+headings+model", context_model=MODEL, heading_tokens=60)
    assert ingest(settings=both).published
    rows = [row for row in lake.open_lake(lake_url).dataset("chunks").to_table().to_pylist() if row["uri"] == "a.md"]
    assert len(chat.requests) == 2 * len(rows)
    assert all(row["situation"].startswith("Quillmark upkeep of") for row in rows)
    assert len({row["chunk_id"] for row in rows}) == len(rows)
    assert all(row["n_tokens"] <= 100 for row in rows)


def test_a_diagnosis_counts_chunks_and_not_summaries(
    ingest: Ingest, files: Path, lake_url: str, chat: ChatEndpoint
) -> None:
    ingest(settings=BY_MODEL)
    index = lake.open_lake(lake_url)
    n_texts = sum(row["kind"] != "summary" for row in index.dataset("chunks").to_table(columns=["kind"]).to_pylist())
    found = index.why("Quillmark upkeep of the Rotor", [Evidence("a.md")], k=3)
    (place,) = found.evidence
    assert (place.stage, found.n_visible) == ("found", n_texts)
    assert place.n_chunks < n_texts
