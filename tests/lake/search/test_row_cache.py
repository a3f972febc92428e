"""What is held in memory says the same as the tables, and a search the same with it as without."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest

import lake
from flows.reindex import Job, reindex
from flows.steps import PlainSteps
from lake.errors import ContractError
from lake.index import Index
from lake.options import RecipeOptions, SearchOptions
from lake.search.passages import OF_CHUNK, OF_SECTION, StoredRows
from lake.search.question import SearchRequest
from lake.search.row_cache import RowCache
from lake.search.snapshot import Snapshot
from lake.search.word_search import WordSearch
from lake.tables.synonyms import Synonyms

QUESTION = "how many lamps burn oil in the north hall"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("catalogue")
    (folder / "source").mkdir()
    for number in range(12):
        lines = [f"Lamp {n} of hall {number} burns oil 🛢️ for {n} hours." for n in range(number * 4)]
        acl = "acl: [hr]\n" if number % 5 == 1 else ""
        head = f"---\nauthor: A{number}\ntags: [t{number % 3}, ü]\n{acl}---\n"
        text = f"{head}# Hall {number}\n\n{' '.join(lines)}\n\n## Wicks 🕯️\n\n```python\ntrim({number})\n```\n"
        (folder / "source" / f"hall-{number}.md").write_text(text, encoding="utf-8")
    (folder / "source" / "empty.txt").write_text("")
    settings = RecipeOptions(embedder="hash", parent_tokens=120, child_tokens=24, overlap_tokens=8, heading_tokens=8)
    with PlainSteps() as steps:
        reindex(Job(sources=(str(folder / "source"),), lake=str(folder / "lake"), settings=settings), steps)
    return str(folder / "lake")


def snapshot_of(index: Index) -> Snapshot:
    return index._reader.snapshot(index.release())


@pytest.mark.parametrize("with_texts", [True, False])
def test_the_catalogue_says_what_the_tables_say(place: str, with_texts: bool) -> None:
    snapshot = snapshot_of(lake.open_lake(place))
    held = RowCache.read(snapshot.table, with_texts=with_texts)
    with ThreadPoolExecutor() as pool:
        stored = StoredRows(snapshot.table("chunks"), snapshot.table("parents"), pool.submit)
        found = snapshot.table("chunks").scan(["_rowid", "parent_id", "doc_id"])
        found = found.take(pa.array(reversed(range(len(found)))))
        for with_sections in (True, False):
            said, told = (rows.of(found, with_sections=with_sections) for rows in (stored, held))
            assert told.chunks.select(OF_CHUNK).to_pydict() == said.chunks.select(OF_CHUNK).to_pydict()
            if with_sections:
                assert said.sections is not None
                assert told.sections is not None
                assert told.sections.select(OF_SECTION).to_pydict() == said.sections.select(OF_SECTION).to_pydict()
            else:
                assert said.sections is told.sections is None
        spans, held_spans = stored.spans(found.slice(3, 5)), held.spans(found.slice(3, 5))
    assert {name: sorted(of) for name, of in held_spans.items()} == {name: sorted(of) for name, of in spans.items()}


@pytest.mark.parametrize("most_vectors", [32 << 20, 0])
@pytest.mark.parametrize("expand", ["none", "parent", "window"])
@pytest.mark.parametrize("mode", ["hybrid", "vector", "text"])
def test_an_answer_is_the_same_from_memory(
    place: str, monkeypatch: pytest.MonkeyPatch, mode: str, expand: str, most_vectors: int
) -> None:
    monkeypatch.setattr("lake.search.exact_index._MOST", most_vectors)
    for how in ({}, {"principals": ["hr"]}, {"filters": {"tags": ["t1"]}}, {"collapse": 0.9}):
        asked: dict[str, Any] = {"mode": mode, "expand": expand, **how}
        index = lake.open_lake(place)
        first = index.search(QUESTION, 6, **asked)
        index.search(QUESTION, 6, **asked)
        snapshot_of(index)._rows.loading.result()
        again = index.search(QUESTION, 6, **asked)
        assert again.to_pylist() == first.to_pylist() != []
        with monkeypatch.context() as patch:
            patch.setattr("lake.search.row_cache._MOST", 0)
            patch.setattr("lake.search.allow_list._MOST_LISTED", 0)
            assert lake.open_lake(place).search(QUESTION, 6, **asked).to_pylist() == first.to_pylist()


def test_a_chunk_without_its_section_is_an_error(place: str) -> None:
    snapshot = snapshot_of(lake.open_lake(place))

    class WithoutRows:
        def scan(self, columns: list[str]) -> pa.Table:
            return snapshot.table("parents").scan(columns).slice(1)

    def table(name: str) -> Any:
        return WithoutRows() if name == "parents" else snapshot.table(name)

    with pytest.raises(ContractError, match=r"name a parent_id that is not in the release; run `raglake doctor"):
        RowCache.read(table, with_texts=False)


def test_words_that_could_not_be_read_are_read_again_after_as_many_questions(place: str) -> None:
    snapshot, tried = snapshot_of(lake.open_lake(place)), list[object]()

    def failing(read: Callable[[], Any]) -> Future[Any]:
        tried.append(read)
        future = Future[Any]()
        future.set_exception(OSError("the disk is asleep"))
        return future

    release = replace(snapshot.release, counts={**snapshot.release.counts, "n_chunks": 450})  # worth 3 questions
    words = WordSearch(release, snapshot.table, snapshot._rows, lambda _: Synonyms(), failing)
    question = SearchRequest.asking(QUESTION, SearchOptions(mode="text"))
    assert all(len(words.ranked(question, None, 8).row_ids) for _ in range(12))
    assert len(tried) == 3
