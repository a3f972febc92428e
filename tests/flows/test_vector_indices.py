"""Kinds of vector index: built and searched as the recipe states, changed without parsing or embedding."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pytest

import lake
from expectations.experiment import grid
from flows.reindex import Outcome
from lake import operate
from lake.directory import Lake
from lake.errors import UsageError
from lake.ingest.vectors_in_hand import vector_array
from lake.maintenance import doctor
from lake.options import RecipeOptions
from lake.recipe import VectorIndex
from lake.schemas import vector_type
from lake.search.recall import missed_neighbours
from lake.tables.table_indices import TYPES
from lake.tables.writer import Tables

Ingest = Callable[..., Outcome]
SETTINGS = {"embedder": "hash", "child_tokens": 24, "overlap_tokens": 0, "heading_tokens": 0}
WORDS = ["crane", "tide", "pilot", "quay", "buoy", "rope", "dredge", "signal", "beacon", "ballast", "winch", "barge"]
SPECS = {
    "ivf_flat": "ivf_flat:partitions=4,nprobes=4",
    "ivf_sq": "ivf_sq:partitions=4,nprobes=4,refine=5",
    "ivf_pq": "ivf_pq:partitions=4,sub_vectors=16,bits=8,nprobes=4,refine=30",
    "hnsw_sq": "hnsw_sq:partitions=1,m=16,ef_construction=100,ef=100,refine=5",
}


@pytest.fixture
def files(source: Path) -> Path:
    rng = random.Random(3)
    for n in range(30):
        parts = [" ".join(rng.choices(WORDS, k=18)) + f" number {rng.getrandbits(30):x}." for _ in range(12)]
        (source / f"{n}.md").write_text("\n\n".join(parts))
    return source


def kind_of(url: str) -> str | None:
    place = Lake(url)
    live = place.log.read().resolve("live")
    name = live.recipe.embedder.table
    return place.tables(live.generation).at(name, live.versions[name]).vector_index_type()


def found(url: str) -> list[str]:
    hits = lake.open_lake(url).search("pilot of the barge", 8, mode="vector", expand="none")
    return [str(one) for one in hits["chunk_id"].to_pylist()]


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_every_kind_is_built_searched_and_replaced(tmp_path: Path, dtype: Literal["float32", "float16"]) -> None:
    vectors = np.random.default_rng(1).normal(size=(600, 32)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    tables, was = Tables(str(tmp_path)), VectorIndex()
    column = vector_array(vectors, vector_type(32, dtype))
    rows = pa.table({"chunk_id": [str(n) for n in range(600)], "vector": column})
    tables.reset("chunks__x", rows.schema, None)
    tables.apply("chunks__x", iter(rows.to_batches()), rows.schema, [])
    exact = tables.at("chunks__x", tables.seal("chunks__x", "r0")).nearest(vectors[0], 10)["_distance"].to_numpy()
    for number, (kind, spec) in enumerate(SPECS.items(), 1):
        index = VectorIndex.of(spec)
        tables.index_vectors("chunks__x", index, was)
        reader = tables.at("chunks__x", tables.seal("chunks__x", f"r{number}"))
        assert reader.vector_index_type() == TYPES[kind]
        near = reader.nearest(vectors[0], 10, index=index)["_distance"].to_numpy()
        assert near == pytest.approx(exact, abs=2e-3 if dtype == "float16" else 1e-5)
        was = index


def test_another_index_embeds_nothing_and_a_rollback_and_a_rebuild_know_it(
    ingest: Ingest, files: Path, lake_url: str
) -> None:
    ingest(settings=RecipeOptions(**SETTINGS))  # type: ignore[arg-type]
    exact, fingerprints = found(lake_url), fingerprints_of(lake_url)
    assert kind_of(lake_url) is None
    assert "index" not in lake.open_lake(lake_url).release().recipe.to_json()
    with pytest.raises(UsageError, match=r"index from auto to ivf_pq.* parses and embeds nothing"):
        ingest(settings=RecipeOptions(index=SPECS["ivf_pq"]))
    outcome = ingest(settings=RecipeOptions(index=SPECS["ivf_pq"]), change_recipe=True)
    assert (outcome.published, outcome.n_texts_embedded, outcome.changed) == (True, 0, 0)
    assert kind_of(lake_url) == "IVF_PQ"
    assert fingerprints_of(lake_url) == fingerprints
    assert len(set(found(lake_url)) & set(exact)) >= 7
    operate.rebuild(lake_url)
    assert kind_of(lake_url) == "IVF_PQ"
    assert doctor.examine(doctor.open_damaged(lake_url), every=True, parts=1).healthy
    operate.rollback(lake_url, next(iter(lake.open_lake(lake_url).history().releases)), why="a test")
    assert kind_of(lake_url) is None
    assert found(lake_url) == exact


def fingerprints_of(url: str) -> list[str]:
    rows = lake.open_lake(url).dataset("documents").to_table(columns=["fingerprint"])
    return sorted(rows.column("fingerprint").to_pylist())


def test_a_stated_index_is_searched_whatever_the_size_and_its_parameters_count(
    ingest: Ingest, files: Path, lake_url: str
) -> None:
    poor = "ivf_pq:partitions=16,sub_vectors=1,nprobes=1,refine=1"
    ingest(settings=RecipeOptions(**SETTINGS, index=poor))  # type: ignore[arg-type]
    place = Lake(lake_url)
    live = place.log.read().resolve("live") or pytest.fail("nothing is live")
    chunks = place.tables(live.generation).at(live.recipe.embedder.table, live.versions[live.recipe.embedder.table])
    missed, n = missed_neighbours(chunks, live.recipe.vector_index)
    better, _ = missed_neighbours(chunks, VectorIndex.of("ivf_pq:nprobes=16,refine=50"))
    assert missed > n // 4 > better
    one = lake.open_lake(lake_url)
    vector = np.asarray(chunks.dataset().take([0], columns=["vector"])["vector"].to_pylist()[0], np.float32)
    assert chunks.nearest(vector, 5, index=VectorIndex.of("flat")).num_rows == 5
    assert one.search("pilot", 5, mode="vector").release == live.id


def test_a_change_of_the_night_keeps_the_index_and_search_parameters_build_nothing(
    ingest: Ingest, files: Path, lake_url: str
) -> None:
    ingest(settings=RecipeOptions(**SETTINGS, index=SPECS["ivf_pq"]))  # type: ignore[arg-type]
    (files / "new.md").write_text("A lighthouse keeper writes about lanterns.")
    ingest()
    assert kind_of(lake_url) == "IVF_PQ"
    assert lake.open_lake(lake_url).release().recipe.index == SPECS["ivf_pq"]
    hits = lake.open_lake(lake_url).search("lighthouse keeper lanterns", 1, mode="vector")
    assert hits["uri"].to_pylist() == ["new.md"]
    ingest(settings=RecipeOptions(index="flat"), change_recipe=True)
    assert kind_of(lake_url) is None


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("annoy", "has no known kind; choose auto, flat"),
        ("ivf_sq:sub_vectors=3", "ivf_sq has no 'sub_vectors'"),
        ("ivf_pq:partitions=0", "partitions must be from 1"),
        ("ivf_pq:partitions=-1", "is no number"),
        ("ivf_pq:partitions", "is no number"),
        ("ivf_pq:bits=5", "bits must be 4 or 8"),
        ("flat:nprobes=3", "flat has no 'nprobes'; it has none"),
        ("", "has no known kind"),
    ],
)
def test_a_wrong_index_is_refused_with_what_there_is(spec: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        RecipeOptions(index=spec)


def test_sub_vectors_must_divide_the_dimensions(ingest: Ingest, files: Path, lake_url: str) -> None:
    with pytest.raises(UsageError, match="sub_vectors must divide the"):
        ingest(settings=RecipeOptions(embedder="hash", index="ivf_pq:sub_vectors=7"))
    assert not Path(lake_url).exists()


def test_an_experiment_takes_indices_with_their_commas() -> None:
    axes = grid.axes_of(["index=ivf_pq:partitions=64,sub_vectors=48,flat,hnsw_sq:m=8"])
    assert axes == {"index": ("ivf_pq:partitions=64,sub_vectors=48", "flat", "hnsw_sq:m=8")}
