"""How a lake is searched where nobody says otherwise: its configuration's section ``search``."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import lake
from expectations.retrieval import evaluate
from flows.cli.app import _exit_status
from flows.cli.options import OK, USAGE
from flows.reindex import Outcome
from lake import operate
from lake.adapters.access import Access
from lake.directory import Lake
from lake.options import Boosts
from lake.questions import EvalQuestion, Evidence, add

N = 24


def config(lake_url: str, *words: str) -> int:
    return _exit_status(["config", *words, "--lake", lake_url])


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all tests here: the first of them makes the lake, the others find it."""
    return tmp_path_factory.mktemp("source")


@pytest.fixture(scope="module")
def lake_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tmp_path_factory.mktemp("of") / "lake")


@pytest.fixture
def index(source: Path, lake_url: str, ingest: Callable[..., Outcome]) -> lake.Index:
    for n in range(N):
        (source / f"{n}.md").write_text(f"# Lamp {n}\n\nLamp number{n}x hangs in the hall.\n")
    ingest()
    Lake(lake_url).store.delete("configuration.json")
    return lake.open_lake(lake_url)


def test_what_nobody_says_is_as_the_lake_has_it(
    index: lake.Index, source: Path, lake_url: str, ingest: Callable[..., Outcome], capsys: pytest.CaptureFixture[str]
) -> None:
    text, plain = "lamp number7x", lake.open_lake(lake_url)
    usual, by_words = plain.search(text), plain.search(text, 3, mode="text", expand="none")
    boosted = plain.search(text, mode="text", expand="none", boosts=Boosts(sources={str(source): 2.0}))
    assert (usual.num_rows, usual["score"][0]) != (3, by_words["score"][0])

    values = {"k": "3", "mode": "text", "expand": "none", "boosts": json.dumps({"sources": {str(source): 2.0}})}
    for name, value in values.items():
        assert config(lake_url, "set", f"search.{name}", value) == OK
    reads: list[str] = []
    store = index._lake.store
    read = store.read
    store.read = lambda path: (reads.append(path), read(path))[1]  # type: ignore[method-assign]
    found = [index.search(text), *index.search_batch([text, text])]
    assert reads.count("configuration.json") == 1
    assert all(one.num_rows == 3 and one["score"].equals(boosted["score"][:3]) for one in found)
    assert index.search(text, 5, mode="hybrid", expand="parent", boosts=None).hits.equals(usual.hits.slice(0, 5))
    assert Access(index, options={"boosts": None}).search(text).hits.equals(by_words.hits)
    assert index.answer(text).passages["score"].to_pylist() == boosted["score"][:8].to_pylist()

    config(lake_url, "unset", "search.boosts")  # a reader that is open sees it when the log has grown
    assert index.search(text)["score"].equals(boosted["score"][:3])
    operate.pin(lake_url, why="so that there is an entry")
    assert index.search(text).hits.equals(by_words.hits)
    assert reads.count("configuration.json") == 2

    capsys.readouterr()
    for words, n in (([], 3), (["-k", "4", "--mode", "hybrid"], 4)):
        assert _exit_status(["query", text, "--lake", lake_url, "--json", *words]) == OK
        assert len(json.loads(capsys.readouterr().out)["hits"]) == n


def test_scores_are_of_what_users_get(
    index: lake.Index, source: Path, lake_url: str, ingest: Callable[..., Outcome]
) -> None:
    add(Lake(lake_url), [EvalQuestion("halls", f"number{n}x", evidence=(Evidence(f"{n}.md"),)) for n in range(N)])
    for name, value in {"alpha": "0.2", "expand": "parent", "diversity": "0.1"}.items():
        config(lake_url, "set", f"search.{name}", value)
    (source / "new.md").write_text("# New\n\nA page about nothing.\n")
    candidate = ingest(publish=False).release or ""
    own: dict[str, Any] = {"alpha": 0.2, "diversity": 0.1, "mode": "hybrid"}
    assert {json.loads(one)["alpha"] for one in index.scores(candidate)["settings"].to_pylist()} == {0.2}
    asked = lake.open_lake(lake_url)
    done = evaluate(asked, asked.questions(), candidate)
    assert json.loads(done.settings) == own
    assert set(asked.scores(candidate)["settings"].to_pylist()) == {done.settings}
    said = evaluate(asked, asked.questions(), candidate, {"mode": "text", "diversity": 0.0})
    assert json.loads(said.settings) == {"mode": "text"}
    config(lake_url, "set", "gate.how", '{"alpha": null, "diversity": 0}')
    assert ingest(publish=False).release == candidate
    assert '{"mode": "hybrid"}' in asked.scores(candidate)["settings"].to_pylist()


def test_what_no_search_takes_is_refused_before_it_holds(
    index: lake.Index, lake_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = {
        ("mode", "telepathy"): "search.mode='telepathy' must be one of hybrid, vector, text",
        ("alpha", "2"): "search.alpha=2 must be a number from 0 to 1",
        ("k", "ten"): "search.k='ten' must be a whole number",
        ("filters", '{"uri": "x"}'): "search has no 'filters'; its names: alpha, ",
        ("boosts", '{"fame": 1}'): r"boosts have no fame",
        ("rerank", "cleverly"): "no reranker 'cleverly'",
    }
    for (name, value), told in wrong.items():
        assert config(lake_url, "set", f"search.{name}", value) == USAGE
        assert re.search(told, capsys.readouterr().err)
    assert not Path(lake_url, "configuration.json").exists()
