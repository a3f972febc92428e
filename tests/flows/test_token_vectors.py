"""Token vectors that a lake stores: computed once, read by questions, and gone with their texts."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from flows.reindex import Job, Outcome, reindex
from flows.steps import PlainSteps
from lake import operate
from lake.directory import Lake
from lake.erasure.scope import collect
from lake.erasure.selection import choose
from lake.erasure.verification import find_traces
from lake.errors import UsageError
from lake.index import open_lake
from lake.maintenance.doctor import examine
from lake.options import RecipeOptions, Retention

TEXTS = {
    "pump.md": "The pump in the north hall is reset with the green key after a pressure alarm.",
    "copy.md": "The pump in the north hall is reset with the green key after a pressure alarm.",
    "hall.md": "The north hall has a crane and a gate made of oak.",
    "cat.md": "The caretaker's zebra sleeps beside the boiler.",
}
QUESTION = "how is the pump reset after an alarm"
STORED = RecipeOptions(embedder="minilm", token_vectors="stored")


@dataclass(frozen=True)
class Place:
    docs: Path
    lake: Path
    steps: PlainSteps  # whose auditing process serves all tests

    def ingested(self, settings: RecipeOptions, *, change: bool = False, verify: bool = False) -> Outcome:
        sources, lake = (str(self.docs),), str(self.lake)
        job = Job(sources=sources, lake=lake, settings=settings, change_recipe=change, verify=verify)
        return reindex(job, self.steps)

    def tokens(self) -> dict[str, bytes]:
        files = [one for place in (self.lake / "vectors").glob("*-tokens") for one in place.iterdir()]
        rows = [row for file in files for row in pq.read_table(file).to_pylist()]
        assert len({row["text_digest"] for row in rows}) == len(rows)
        return {row["text_digest"]: row["tokens"] for row in rows}

    def scores(self) -> dict[str, float]:
        hits = open_lake(str(self.lake)).search(QUESTION, 9, expand="none", rerank="own", rerank_weight=1.0)
        return {hit["uri"]: hit["score"] for hit in hits.to_pylist()}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("tokens")
    (folder / "docs").mkdir()
    for name, text in TEXTS.items():
        (folder / "docs" / name).write_text(text + "\n")
    with PlainSteps() as steps:
        place = Place(folder / "docs", folder / "lake", steps)
        place.ingested(STORED)
        yield place


@pytest.fixture
def copied(made: Place, tmp_path: Path) -> Place:
    return replace(made, lake=Path(shutil.copytree(made.lake, tmp_path / "lake")))


def test_each_distinct_text_is_stored_once_and_questions_read_it(made: Place) -> None:
    assert len(made.tokens()) == len(TEXTS) - 1
    index = open_lake(str(made.lake))
    index.search(QUESTION, 9, rerank="own")
    assert len(index._reader._tokens) == len(TEXTS) - 1
    assert next(iter(made.scores())) in ("pump.md", "copy.md")
    assert made.ingested(RecipeOptions()).reason.startswith("nothing to do")


def test_what_is_stored_scores_as_what_is_computed(copied: Place) -> None:
    stored = copied.scores()
    shutil.rmtree(next((copied.lake / "vectors").glob("*-tokens")))
    assert copied.scores() == pytest.approx(stored, abs=0.02)


def test_turning_it_on_computes_what_is_missing_and_rows_stay(copied: Place) -> None:
    lake, before = copied.lake, open_lake(str(copied.lake)).release()
    digests = copied.tokens()
    assert copied.ingested(RecipeOptions(token_vectors="none"), change=True).published
    off = open_lake(str(lake)).release()
    assert (off.recipe.token_vectors, off.counts["n_chunks"]) == ("none", before.counts["n_chunks"])
    with pytest.raises(UsageError, match=r"token_vectors from none to stored.*once more, which parses nothing"):
        copied.ingested(STORED)
    shutil.rmtree(next((lake / "vectors").glob("*-tokens")))
    assert copied.ingested(STORED, change=True).n_texts_embedded == len(digests)
    assert copied.tokens() == digests
    operate.rollback(str(lake), to=off.id, why="trial")
    assert len(copied.scores()) == len(digests)


def test_an_erasure_takes_them_and_proves_it(copied: Place) -> None:
    before = copied.tokens()
    operate.forget(str(copied.lake), uri="cat.md", why="request 1")
    left = copied.tokens()
    assert len(left) == len(before) - 1
    (gone,) = before.keys() - left.keys()
    rest = [file for file in (copied.lake).rglob("*") if file.is_file()]
    assert not [file for file in rest if before[gone][400:800] in file.read_bytes()]


def test_an_erasure_names_what_is_left_of_them(copied: Place) -> None:
    lake = Lake(str(copied.lake))
    history = lake.log.read()
    scope = collect(lake, history, choose(lake, history, uri="cat.md", where=None, source=None))
    found = find_traces(lake.store, scope.terms)
    assert any("-tokens/" in trace.path and trace.what == "vector" for trace in found.traces)


def test_prune_drops_them_once_no_release_stores_them(copied: Place) -> None:
    url = str(copied.lake)
    copied.ingested(RecipeOptions(token_vectors="none"), change=True)
    assert len(copied.tokens()) == len(TEXTS) - 1
    operate.prune(url, Retention(keep_last=1, grace_hours=0, keep_vectors_days=0))
    assert copied.tokens() == {}
    assert len(open_lake(url).search(QUESTION, 9, rerank="own").to_pylist()) > 0


def test_damage_is_found_and_a_run_that_verifies_mends_it(copied: Place) -> None:
    lake = copied.lake
    path = next(lake.glob("vectors/*-tokens/*.parquet"))
    before = copied.tokens()
    data = bytearray(path.read_bytes())
    data[300] ^= 0xFF
    path.write_bytes(data)
    assert any(issue.where == str(path.relative_to(lake)) for issue in examine(Lake(str(lake))).issues)
    path.unlink()
    found = [issue for issue in examine(Lake(str(lake))).issues if "-tokens" in issue.where]
    assert [issue.what for issue in found] == [f"{len(before)} vectors that releases need are nowhere"]
    assert copied.ingested(RecipeOptions(), verify=True).n_texts_embedded == len(before)
    assert copied.tokens() == before


def test_a_model_without_tokens_is_refused(made: Place, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"'hash' has no token vectors, .* or say --token-vectors none"):
        replace(made, lake=tmp_path / "lake").ingested(RecipeOptions(embedder="hash", token_vectors="stored"))
