"""From chunks to passages: sections, windows, and nothing twice."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lake
from flows.reindex import Job, reindex
from flows.steps import PlainSteps
from lake.errors import LakeError, UsageError
from lake.index import Index
from lake.options import RecipeOptions
from lake.schemas.result import SearchResult
from lake.search.passages import PLACES, grouped

CHUNKS = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 12)), unique=True, max_size=25)


def found(places: list[tuple[str, int]]) -> pa.Table:
    return pa.table({"parent_id": [p for p, _ in places], "ordinal": pa.array([o for _, o in places], pa.int32())})


@given(CHUNKS, st.sampled_from(["none", "parent", "window"]), st.integers(0, 3))
def test_every_chunk_stands_in_one_passage_and_the_best_come_first(
    places: list[tuple[str, int]], expand: str, window: int
) -> None:
    groups = grouped(found(places), expand, window)
    assert sorted(row for group in groups for row in group.rows) == list(range(len(places)))
    assert [group.rows[0] for group in groups] == sorted(group.rows[0] for group in groups)
    assert all(group.rows == sorted(group.rows) for group in groups)
    assert all(len({places[row][0] for row in group.rows}) == 1 for group in groups)


@given(CHUNKS, st.integers(0, 3))
def test_windows_of_a_section_neither_overlap_nor_touch(places: list[tuple[str, int]], window: int) -> None:
    stretches: dict[str, list[tuple[int, int]]] = {}
    for group in grouped(found(places), "window", window):
        stretches.setdefault(places[group.rows[0]][0], []).append((group.first, group.last))
        assert all(group.first + window <= places[row][1] <= group.last - window for row in group.rows)
    for spans in stretches.values():
        spans.sort()
        assert all(last + 1 < first for (_, last), (first, _) in pairwise(spans))


LINES = [f"Lamp number {n} burns oil of kind {n} for {n} hours before its wick must be trimmed." for n in range(40)]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    folder = tmp_path_factory.mktemp("passages")
    (folder / "source").mkdir()
    (folder / "source" / "lamps.md").write_text("# Lamps\n\n" + " ".join(LINES) + "\n")
    (folder / "source" / "boats.md").write_text("# Boats\n\nBoats need no oil.\n")
    (folder / "source" / "gulls.md").write_text("# Gulls\n\nGulls eat herring and no oil.\n")
    settings = RecipeOptions(embedder="hash", parent_tokens=200, child_tokens=24, overlap_tokens=8, heading_tokens=8)
    with PlainSteps() as steps:
        reindex(Job(sources=(str(folder / "source"),), lake=str(folder / "lake"), settings=settings), steps)
    return lake.open_lake(str(folder / "lake"))


def canonical(index: Index, uri: str) -> str:
    """The canonical text, as far as sections cover it."""
    documents = index.dataset("documents").to_table(columns=["uri", "doc_id"]).to_pylist()
    doc_id = next(row["doc_id"] for row in documents if row["uri"] == uri)
    text: dict[int, str] = {}
    for row in index.dataset("parents").to_table(filter=f"doc_id = '{doc_id}'").to_pylist():
        text |= dict(enumerate(row["text"], row["start"]))
    return "".join(text.get(place, " ") for place in range(max(text) + 1))


@pytest.mark.parametrize("mode", ["hybrid", "vector", "text"])
@pytest.mark.parametrize("expand", ["none", "parent", "window"])
def test_passages_are_the_text_and_nothing_comes_twice(index: Index, mode: str, expand: str) -> None:
    hits = index.search("oil of kind 7 burns for hours", 8, mode=mode, expand=expand).to_pylist()
    ids = [chunk_id for hit in hits for chunk_id in hit["chunk_ids"]]
    assert len(ids) == len(set(ids))
    assert {hit["chunk_ids"][0] for hit in hits} == {hit["chunk_id"] for hit in hits}
    scores = [hit["score"] for hit in hits]
    assert scores == sorted(scores, reverse=True)
    for hit in hits:
        text = canonical(index, hit["uri"])
        assert text[hit["start"] : hit["end"]] == hit["text"]
        assert text[hit["chunk_start"] : hit["chunk_end"]] == hit["chunk_text"]
        assert hit["start"] <= hit["chunk_start"]
        assert hit["chunk_end"] <= hit["end"]
    if expand != "none":
        spans = sorted((hit["uri"], hit["start"], hit["end"]) for hit in hits)
        assert all(a[0] != b[0] or a[2] <= b[1] for a, b in pairwise(spans))


def test_a_section_is_returned_once_however_many_of_its_chunks_are_found(index: Index) -> None:
    chunks = index.search("oil of kind 7", 6, mode="text", expand="none").to_pylist()
    sections = index.search("oil of kind 7", 6, mode="text").to_pylist()
    assert len({hit["parent_id"] for hit in chunks}) < len(chunks) == 6
    assert len({hit["parent_id"] for hit in sections}) == len(sections) > 3
    assert {"Lamps", "Boats"} <= {hit["heading"] for hit in sections}
    assert len(sections[0]["chunk_ids"]) > 1
    assert sections[0]["chunk_id"] == chunks[0]["chunk_id"]


def test_boolean_questions(index: Index) -> None:
    def uris(text: str, **how: object) -> set[str]:
        return set(index.search(text, mode="text", syntax="boolean", **how)["heading"].to_pylist())

    assert uris("oil -kind") == {"Boats", "Gulls"}
    assert uris("+oil +herring") == {"Gulls"}
    assert uris('"need no oil"') == {"Boats"}
    assert uris('"oil no need"') == set()
    assert uris("herrign~2") == {"Gulls"}
    assert uris("herrign") == set()
    assert index.search("herrign", mode="text", fuzziness=2).num_rows == 1
    for wrong in ('open "quote', "-oil", '""'):
        with pytest.raises(UsageError):
            uris(wrong)
    with pytest.raises(UsageError, match="needs mode 'text'"):
        index.search("oil", syntax="boolean")


def test_a_hit_says_where_it_comes_from(index: Index) -> None:
    hits = index.search("gulls eat herring", 2)
    first = index.explain(hits)[0]
    assert first["legs"]["text"]["rank"] == first["legs"]["vector"]["rank"] == 1
    lineage = first["lineage"]
    assert lineage["run"]["release"] == index.release().id
    assert {"digest", "parser", "parser_version", "recipe", "embedder", "weights", "tables"} <= lineage.keys()


def test_many_questions_are_answered_like_one_at_a_time(index: Index) -> None:
    questions = [f"oil of kind {number}" for number in range(9)]
    together = index.search_batch(questions, 3, expand="window")
    assert all(hits == index.search(q, 3, expand="window") for q, hits in zip(questions, together, strict=True))


def test_questions_of_one_batch_may_differ_in_their_options(index: Index) -> None:
    asked: list[tuple[str, dict[str, Any]]] = [
        ("oil of kind 1", {"expand": "none"}),
        ("gulls eat herring", {"collapse": 0.8}),
        ("oil of kind 3", {"k": 1}),
        ("oil of kind 4", {"where": "uri = 'nowhere'"}),
        ("oil of kind 5", {"mode": "text", "expand": "window"}),
    ]
    together = index.search_batch([{"text": text, **options} for text, options in asked], 3)
    assert together == [index.search(text, **{"k": 3, **options}) for text, options in asked]


ASKED = st.fixed_dictionaries(
    {"text": st.sampled_from(["oil of kind 1", "gulls eat herring", "oil", "Boats", "how many hours?", "zebra"])},
    optional={
        "mode": st.sampled_from(["hybrid", "vector", "text"]),
        "expand": st.sampled_from(["none", "parent", "window"]),
        "fusion": st.sampled_from(["evidence", "rrf"]),
        "k": st.sampled_from([1, 3, 60]),
        "alpha": st.sampled_from([0.0, 0.5, 1.0]),
        "fuzziness": st.integers(0, 2),
        "collapse": st.just(0.8),
        "diversity": st.just(0.5),
        "min_score": st.sampled_from([-1.0, 0.5]),
        "where": st.sampled_from(["uri = 'nowhere'", "uri <> 'lamps.md'", "no_such_column = 1"]),
        "filters": st.sampled_from([{"uri": "lamps.md"}, {"uri": ["gulls.md", "boats.md"]}]),
    },
)


@settings(max_examples=40)
@given(st.lists(ASKED, min_size=2, max_size=6), st.booleans())
def test_each_question_of_a_batch_finds_the_very_passages_that_it_finds_alone(
    index: Index, asked: list[dict[str, Any]], is_new: bool
) -> None:
    searched = lake.open_lake(index.status()["lake"]) if is_new else index
    together = searched.search_outcomes(asked, 3)
    alone = [index.search_outcomes([one], 3)[0] for one in asked]
    assert [_comparable(one) for one in together] == [_comparable(one) for one in alone]


def _comparable(found: SearchResult | LakeError) -> SearchResult | str:
    return str(found) if isinstance(found, LakeError) else found


@settings(max_examples=30)
@given(ASKED)
def test_places_are_those_of_the_hits(index: Index, asked: dict[str, Any]) -> None:
    asked = {"k": 5, **asked}
    try:
        hits = index.search(**asked).hits
    except UsageError as error:
        with pytest.raises(UsageError, match=re.escape(str(error))):
            index.places(**asked)
    else:
        assert index.places(**asked).equals(hits.select(PLACES))


def test_unknown_words_are_refused(index: Index) -> None:
    with pytest.raises(TypeError, match="mood"):
        index.search("oil", mood="text")  # type: ignore[call-arg]
    for how in ({"expand": "all"}, {"k": 0}, {"alpha": 2.0}, {"window": -1}, {"mode": None}):
        with pytest.raises(UsageError):
            index.search("oil", **how)
