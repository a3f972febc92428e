"""An experiment over recipes and search profiles: what it says is what an ingest of each recipe would have said."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import lake
from expectations.experiment import grid
from expectations.experiment.sampling import sampled
from expectations.retrieval import evaluate
from expectations.summary import latencies, means
from flows.cli.app import _exit_status
from flows.cli.options import OK, USAGE
from flows.reindex import Outcome
from lake.directory import Lake, configuration
from lake.embed import identify
from lake.options import RecipeOptions, SearchDefaults
from lake.parse import parser_versions
from lake.questions import EvalQuestion, Evidence, add
from lake.recipe import Recipe

N, N_ASKED = 48, 36
SMALL = {"child_tokens": 30, "overlap_tokens": 4}
NDCG = "document nDCG@10"
#: What another moment or machine may change.
TIMES = dict.fromkeys(("p50_seconds", "p95_seconds", "on_front", "is_chosen", "is_as_good_as_best"))


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all tests here: the first of them makes the lake, the others find it."""
    return tmp_path_factory.mktemp("source")


@pytest.fixture(scope="module")
def lake_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tmp_path_factory.mktemp("of") / "lake")


@pytest.fixture
def asked(source: Path, lake_url: str, ingest: Callable[..., Outcome]) -> lake.Index:
    """Documents of two sentences far apart, of which the second answers; every other one is short."""
    for n in range(N):
        long = (
            f"\n\nThe keeper writes of hall{n % 7} each evening, at length and without any haste.{' So on.' * 20}\n\n"
        )
        (source / f"{n}.md").write_text(
            f"# Lamp {n}\n\nLamp number{n}x hangs there.{long if n % 2 else ' '}The oil{n}y is amber."
        )
    ingest()
    found = [
        EvalQuestion("oils", f"What is oil{n}y of hall{n % 7}?", evidence=(Evidence(f"{n}.md"),))
        for n in range(N_ASKED)
    ]
    add(Lake(lake_url), found)
    Lake(lake_url).store.write("configuration.json", b'{"search": {"diversity": 0.05}}')
    return lake.open_lake(lake_url)


def run(*words: str, capsys: pytest.CaptureFixture[str], status: int = OK) -> Any:
    capsys.readouterr()
    assert _exit_status(["experiment", *words, "--json"]) == status
    printed = capsys.readouterr()
    return json.loads(printed.out) if status == OK else printed.err


def texts_of(url: str) -> set[str]:
    rows: pa.Table = lake.open_lake(url).dataset("chunks").to_table(columns=["text_digest"])
    return set(rows["text_digest"].to_pylist())


def test_each_cell_is_what_an_ingest_of_its_recipe_would_be(
    asked: lake.Index,
    source: Path,
    lake_url: str,
    tmp_path: Path,
    ingest: Callable[..., Outcome],
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "grid.yaml"
    file.write_text("child_tokens: 30\noverlap: [4]\nmode: [text, vector]\n")
    kept, out = tmp_path / "kept", tmp_path / "out"
    words = (str(source), "--lake", lake_url, "--grid", str(file), "--keep", str(kept), "--out", str(out))
    head, held = asked.history().head, {path for path in Path(lake_url).rglob("*") if path.is_file()}
    found = run(*words, capsys=capsys)
    cells = found["cells"]
    assert [(row["child_tokens"], row["mode"]) for row in cells] == [
        ("200", "hybrid"),
        ("30", "text"),
        ("30", "vector"),
    ]

    other = str(tmp_path / "other")
    ingest(lake=other, settings=RecipeOptions(embedder="hash", **SMALL))
    alone = lake.open_lake(other)
    ways = [(asked, {}), *((alone, {"mode": mode, "diversity": 0.05}) for mode in ("text", "vector"))]
    for row, (index, how) in zip(cells, ways, strict=True):
        rows = evaluate(index, asked.questions(), "live", how).rows
        (expected,) = means(rows, (), [("document", "nDCG@10")])
        assert (row[NDCG], row[f"{NDCG} low"]) == (expected["mean"], expected["low"])
        assert row["n_chunks"] == index.release().counts["n_chunks"]
        assert 0 < row["p50_seconds"] <= row["p95_seconds"]
        assert latencies(rows)
    base, text, vector = cells
    assert (json.loads(text["settings"]), text["recipe"]) == (ways[1][1], alone.release().recipe.digest)
    assert text[f"{NDCG} difference"] == pytest.approx(text[NDCG] - base[NDCG])
    assert all(row[f"{NDCG} p_corrected"] >= row[f"{NDCG} p"] for row in cells)
    assert vector["n_tokens"] == sum(alone.dataset("chunks").to_table(columns=["n_tokens"])["n_tokens"].to_pylist())

    small = texts_of(other)
    assert (base["n_texts_embedded"], text["n_texts_embedded"]) == (0, len(small - texts_of(lake_url)))
    assert 0 < text["n_texts_embedded"] < len(small)
    assert asked.history().head == head
    (record,) = {path for path in Path(lake_url).rglob("*") if path.is_file()} - held
    stored = json.loads(record.read_text())
    assert (record.stem, stored["cells"]) == (found["experiment_id"], cells)

    best = max(cells, key=lambda row: row[NDCG])
    assert (found["best"], next(row for row in cells if row["is_chosen"])["is_as_good_as_best"]) == (best["cell"], True)
    assert [Path(path).suffix for path in found["written"]] == [".parquet", ".csv", ".html", ".png"]
    assert pq.read_table(out / "experiment.parquet").to_pylist() == cells
    assert len(list(csv.reader((out / "experiment.csv").open()))) == 4
    assert (out / "experiment.png").read_bytes().startswith(b"\x89PNG")
    page = (out / "experiment.html").read_text()
    assert "child_tokens 30" in page
    assert "<script" not in page

    written = {path: path.stat().st_mtime_ns for path in kept.rglob("*.parquet")}
    again = run(*words, "--apply", capsys=capsys)
    assert [{**row, **TIMES} for row in again["cells"]] == [{**row, **TIMES} for row in cells]
    assert written == {path: path.stat().st_mtime_ns for path in kept.rglob("*.parquet")}  # nothing was made anew
    chosen = next(row for row in again["cells"] if row["is_chosen"])
    said = configuration.said(Lake(lake_url).store)["search"]
    assert said == {"diversity": 0.05} | again["confirmed_search"]
    assert again["applied"] == bool(again["confirmed_search"]) == (again["confirmed"] is not None)
    assert again["confirmation"]
    assert ("--child-tokens 30 --overlap-tokens 4 --change-recipe" in (again["ingest"] or "")) == bool(chosen["cell"])


def test_ways_alone_are_tried_on_the_lake_itself_and_a_sample_holds_the_evidence(
    asked: lake.Index, source: Path, lake_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    few = sampled(asked, asked.questions(), 40, seed=3)
    assert {(str(source), f"{n}.md") for n in range(N_ASKED)} <= few.documents
    assert (len(few.documents), few.n_evidence, few.n_all) == (40, N_ASKED, N)
    assert few == sampled(asked, asked.questions(), 40, seed=3)
    assert few.documents < sampled(asked, asked.questions(), 44, seed=3).documents != few.documents

    local = Recipe(identify("minilm"), parsers=parser_versions())
    first, second = grid.cells(local, SearchDefaults(), {"embedder": ("minilm", "hash")})
    assert (first.recipe, first.settings.backend) == (local, local.embedder.computed_by)
    assert (second.recipe.embedder.name, second.settings.backend) == ("hash", None)

    axes = grid.axes_of(["embedder=openai:nomic-embed-text@8"])
    (_, usual) = grid.cells(local, SearchDefaults(), axes)
    assert (usual.settings.query_prompt, usual.recipe.embedder.document_prompt) == (
        "search_query: ",
        "search_document: ",
    )
    axes |= grid.axes_of(["query_prompt=none,find: "])
    assert [cell.recipe.embedder.query_prompt for cell in grid.cells(local, SearchDefaults(), axes)] == [
        "",
        "",
        "find: ",
    ]

    words = ("--lake", lake_url, "--out", str(tmp_path / "out"))
    found = run("--vary", "alpha=0.1,0.9", "--vary", "mode=hybrid,text", "--vary", "k=10", *words, capsys=capsys)
    assert [(row["mode"], row["alpha"]) for row in found["cells"]] == [
        ("hybrid", None), ("hybrid", "0.1"), ("text", None), ("hybrid", "0.9"),
    ]  # fmt: skip
    assert found["ingest"] is None
    assert not Path(lake_url, "scores").exists()

    wrong = {
        ("--vary", "child_tokens=30"): "name the sources",
        ("--vary", "childs=30"): "childs can't be varied",
        ("--vary", "alpha=3"): "alpha 3: alpha=3 must be a number from 0 to 1",
        ("--vary", "alpha"): "'alpha' is not NAME=VALUE,VALUE",
        (str(source), "--vary", "child_tokens=20"): "child_tokens 20: overlap_tokens=32 must lie",
        (str(source / "0.md"), "--sample", "40", "--vary", "alpha=0.1"): "the sources hold 0 of the 40 documents",
    }
    for said, told in wrong.items():
        assert told in run(*said, *words, capsys=capsys, status=USAGE)
