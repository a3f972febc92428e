"""A sparse model beside an embedder: exact scores, each text once, rights, rollback, erasure, repair, outages."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import lake
from expectations.audit import audit
from expectations.experiment.grid import axes_of, cells
from flows.cli.preview import preview
from flows.reindex import Job, Outcome, reindex
from flows.steps import PlainSteps
from lake import operate
from lake.console.views.why import way_of
from lake.directory import Lake
from lake.embed import load_embedder
from lake.embed.sparse_vectors import packed
from lake.errors import UsageError
from lake.ids import text_digest
from lake.index import Index
from lake.maintenance import doctor
from lake.options import RecipeOptions, SearchOptions
from lake.questions import Evidence
from lake.recipe import Recipe
from lake.reporting import silent
from tests.lake.embed.conftest import tiny_sparse as tiny_sparse

FIRST = "hash"
QUESTION = "which animal keeps the red barn"
TEXTS = {
    "owl.txt": "The owl sat on a mat by the old barn.",
    "fox.txt": "A red fox finds the hen on the hill.",
    "cow.txt": "The young cow keeps a green field by the river.",
    "pig.txt": "Old pig and blue cat on a red mat.",
    "dog.txt": "The dog finds a hen; the dog keeps the barn.",
    "cat.txt": "The cat sat. The cat keeps the river and the hill.",
    "secret.txt": "Annabella owes the fox a red hen, a blue hen, and a green hen.",
}
SECRET = TEXTS["secret.txt"]


@dataclass
class Built:
    """A lake with a dense model, then with a sparse one besides: its releases, and the texts embedded by each run."""

    root: Path
    sparse: str
    releases: list[str]
    n_embedded: list[int]

    @property
    def url(self) -> str:
        return str(self.root / "lake")

    @property
    def index(self) -> Index:
        return lake.open_lake(self.url)

    @property
    def recipe(self) -> Recipe:
        return Lake(self.url).log.read().releases[self.releases[1]].recipe

    def job(self, embedder: str | tuple[str, ...] | None = None, **words: Any) -> Job:
        return Job((f"docs={self.root / 'source'}",), self.url, settings=RecipeOptions(embedder=embedder), **words)

    def ingest(self, embedder: str | tuple[str, ...] | None = None, **words: Any) -> Outcome:
        with PlainSteps() as steps:
            return reindex(self.job(embedder, **words), steps)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, tiny_sparse: tuple[Path, Path]) -> Built:
    root = tmp_path_factory.mktemp("sparse")
    (root / "source").mkdir()
    for name, text in TEXTS.items():
        (root / "source" / name).write_text(text)
    (root / "source/owl.txt.meta.json").write_text(json.dumps({"acl": ["ann"]}))
    shutil.copytree(tiny_sparse[0], root / "splade")
    made = Built(root, f"sparse:{root / 'splade'}", [], [])
    for embedder in (FIRST, (FIRST, made.sparse)):
        outcome = made.ingest(embedder, change_recipe=True)
        made.releases.append(outcome.release or "")
        made.n_embedded.append(outcome.n_texts_embedded)
    return made


@pytest.fixture
def copy(built: Built, tmp_path: Path) -> Built:
    """One that a test may change; its sparse model stays where it is."""
    for folder in ("source", "lake"):
        shutil.copytree(built.root / folder, tmp_path / folder)
    return replace(built, root=tmp_path)


def weights_of(model: str, text: str) -> np.ndarray:
    """What sentence-transformers itself makes of a document, without any of our code."""
    from sentence_transformers import SparseEncoder

    encoder = SparseEncoder(model.removeprefix("sparse:"), device="cpu", local_files_only=True)
    vector: np.ndarray = encoder.encode_document([text], convert_to_sparse_tensor=False)[0].numpy()
    return vector


def uris(found: Any) -> list[str]:
    return [str(name) for name in found.hits.column("uri").to_pylist()]


def legs_of(hit: dict[str, Any]) -> dict[str, Any]:
    return {leg["leg"]: leg for leg in hit["legs"]}


def test_adding_a_sparse_model_to_an_old_lake_encodes_each_text_once_and_only_for_it(built: Built) -> None:
    assert built.n_embedded == [len(TEXTS), len(TEXTS)]
    old, new = (
        built.index.dataset("documents", name).to_table(columns=["doc_id", "content_id"]).sort_by("doc_id")
        for name in built.releases
    )
    assert new.equals(old), "nothing is parsed again"
    assert "sparse" not in built.index.dataset("chunks", built.releases[0]).schema.names
    assert built.ingest().reason == "nothing to do"


def test_scores_are_the_dot_products_of_question_and_chunk(built: Built) -> None:
    only = {FIRST: 0, "sparse": 1}
    found = built.index.search(QUESTION, k=10, mode="vector", weights=only, principals=["ann"])
    question = weights_of(built.sparse, QUESTION)  # this model treats questions like documents
    expected = {name: float(weights_of(built.sparse, text) @ question) for name, text in TEXTS.items()}
    assert uris(found) == sorted(expected, key=lambda name: -expected[name])
    scores = dict(zip(uris(found), found.hits.column("score").to_pylist(), strict=True))
    assert scores == pytest.approx(expected, rel=1e-5)
    hits, explained = found.hits.to_pylist(), built.index.explain(found)
    for rank, (hit, why) in enumerate(zip(hits, explained, strict=True), 1):
        leg = {"embedder": built.sparse, "rank": rank, "score": hit["score"], "added": hit["score"]}
        assert why["legs"] == {"sparse": leg}, "it alone found the passage"
    assert SearchOptions(mode="vector").scale([True]) == "dot product of weights"


def test_a_question_with_weights_of_its_own_scores_by_them(tiny_sparse: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source/fox.txt").write_text(TEXTS["fox.txt"])
    made = Built(tmp_path, f"sparse:{tiny_sparse[1]}", [], [])
    made.ingest((FIRST, made.sparse))
    (hit,) = made.index.search("red fox", weights={FIRST: 0}, mode="vector").hits.to_pylist()
    weights = load_embedder(made.sparse).embed_query("red fox")
    assert np.count_nonzero(weights) == 2, "a transformer would weigh more than the question's own tokens"
    assert hit["score"] == pytest.approx(float(weights_of(made.sparse, TEXTS["fox.txt"]) @ weights), rel=1e-5)


def test_all_retrievers_search_together_and_each_hit_names_what_each_added(built: Built) -> None:
    index = built.index
    found = index.search(QUESTION, k=5)
    for hit in found.hits.to_pylist():
        legs = legs_of(hit)
        assert [legs[name]["embedder"] for name in ("vector", "sparse", "text")] == [FIRST, built.sparse, None]
        assert sum(leg["added"] for leg in legs.values()) == pytest.approx(hit["score"])
    assert set(index.explain(found)[0]["legs"]) == {"vector", "sparse", "text"}
    diagnosis = index.why(QUESTION, [Evidence("fox.txt", source="docs")])
    (span,) = diagnosis.evidence[0].spans
    assert [one.embedder for one in span.further] == [built.sparse]
    assert span.further[0].rank
    notes = [note for step in way_of(diagnosis.to_json()) for note in step.notes if note.startswith("by ")]
    assert [note.partition(":")[0] for note in notes] == ["by meaning", "by terms of sparse", "by words"]
    assert f"{built.sparse}: place {span.further[0].rank} of 6 (dot product" in notes[1]
    alone = index.search(QUESTION, k=5, weights={"sparse": 0})
    assert uris(alone) == uris(index.search(QUESTION, k=5, at=built.releases[0]))


def test_batches_and_large_releases_find_the_same(built: Built, monkeypatch: pytest.MonkeyPatch) -> None:
    one = built.index.search(QUESTION, k=6)
    assert built.index.search_batch([QUESTION], k=6)[0].hits.equals(one.hits)
    monkeypatch.setattr("lake.search.exact_index._MOST", 0)
    large = built.index.search(QUESTION, k=6)
    assert uris(large) == uris(one)
    np.testing.assert_allclose(large.hits.column("score").to_numpy(), one.hits.column("score").to_numpy(), atol=1e-4)


def test_rights_and_filters_hold_for_the_sparse_model(built: Built) -> None:
    only: dict[str, Any] = {"mode": "vector", "weights": {FIRST: 0}, "k": 10}
    assert "owl.txt" in uris(built.index.search("owl", **only, principals=["ann"]))
    assert "owl.txt" not in uris(built.index.search("owl", **only, principals=["bob"]))
    assert uris(built.index.search("owl", **only, filters={"uri": "fox.txt"})) == ["fox.txt"]


def test_without_the_sparse_model_the_others_answer(copy: Built, tiny_sparse: tuple[Path, Path]) -> None:
    model = copy.root / "splade"
    shutil.copytree(tiny_sparse[0], model)
    copy.ingest((FIRST, f"sparse:{model}"), change_recipe=True)
    shutil.rmtree(model)
    index, words = copy.index, {"degrade": True, "degrade_after": 30.0}
    found = index.search(QUESTION, k=5, **words)
    assert found.degraded == ("sparse",)
    assert uris(found) == uris(index.search(QUESTION, k=5, weights={"sparse": 0}))
    only_words = index.search(QUESTION, k=5, weights={FIRST: 0}, **words)
    assert only_words.degraded == ("vector",)
    assert uris(only_words) == uris(index.search(QUESTION, k=5, mode="text"))
    with pytest.raises(UsageError, match="no model folder"):
        index.search(QUESTION)


def test_a_rollback_goes_behind_the_sparse_model(copy: Built) -> None:
    operate.rollback(copy.url, copy.releases[0], why="worse")
    hits = copy.index.search(QUESTION).hits.to_pylist()
    assert all([leg["leg"] for leg in hit["legs"]] == ["vector", "text"] for hit in hits)
    operate.publish(copy.url, copy.releases[1], why="again", force=True)
    assert "sparse" in legs_of(copy.index.search(QUESTION).hits.to_pylist()[0])


def test_a_new_document_is_encoded_and_priced_for_both_and_a_removed_model_comes_back_for_nothing(copy: Built) -> None:
    (copy.root / "source/new.txt").write_text("The hen finds a young owl.")
    plan = preview(copy.job(), silent)
    assert [(one["embedder"], one["n_texts"]) for one in plan["embedders"]] == [(FIRST, 1), (copy.sparse, 1)]
    assert (plan["n_texts_to_embed"], plan["cost_usd"]) == (2, 0)
    assert copy.ingest().n_texts_embedded == 2
    removed = copy.ingest(FIRST, change_recipe=True)
    again = copy.ingest(f"{FIRST}+{copy.sparse}", change_recipe=True)
    assert [(one.published, one.n_texts_embedded) for one in (removed, again)] == [(True, 0), (True, 0)]


def test_the_audit_finds_what_is_no_sparse_vector(copy: Built) -> None:
    place = Lake(copy.url)
    release = place.log.read().releases[copy.releases[1]]
    assert audit(place, release, whole=True).passed
    table = release.recipe.embedder.table
    broken = place.tables(release.generation)._latest(table)
    rows = broken.search().to_arrow().sort_by("uri")
    negative = packed(np.eye(1, 5, dtype=np.float32) * -1, "float32")[0].as_py()
    values = [b"\x05", None, negative, *rows.column("sparse").to_pylist()[3:]]
    place_of = rows.schema.get_field_index("sparse")
    rows = rows.set_column(place_of, "sparse", pa.array(values, pa.binary()))
    broken.merge_insert("chunk_id").use_index(False).when_matched_update_all().execute(rows)
    verdict = audit(place, replace(release, versions={**release.versions, table: broken.version}), whole=True)
    failed = {one.column: one.n_unexpected for one in verdict.findings if one.column.endswith("_sparse")}
    assert failed == {"dimension_ok_sparse": 2, "finite_sparse": 1}


def test_an_erasure_leaves_no_sparse_vector(copy: Built) -> None:
    place, digest = Lake(copy.url), text_digest(SECRET)
    files = place.vectors(copy.recipe.by_embedder[1])
    files.refresh()
    gone = files.read([digest], ["vector"]).column(0)[0].as_py()
    assert holds(copy.url, gone), "it is there before"
    (copy.root / "source/secret.txt").unlink()
    forgotten = operate.forget(copy.url, uri="secret.txt", why="asked for")
    assert forgotten.proof is not None
    assert forgotten.proof.holds
    assert not holds(copy.url, gone)
    for name in copy.releases:
        assert SECRET not in str(copy.index.search("Annabella", at=name).hits.column("text").to_pylist())


def holds(url: str, vector: bytes) -> bool:
    """Whether a file of the lake holds the bytes, or a value of a column of vectors is them."""
    from lake.storage.store import open_parquet

    store = Lake(url).store
    files = [file.path for file in store.walk()]
    stored = [open_parquet(store, path).read(["vector"]) for path in files if path.startswith("vectors/")]
    if any(vector in table.column(0).to_pylist() for table in stored if pa.types.is_binary(table.schema.types[0])):
        return True
    return any(vector in store.read(path) for path in files)


def test_rebuilt_tables_hold_the_same_and_find_the_same(copy: Built) -> None:
    before = [copy.index.search(QUESTION, at=name).hits for name in copy.releases]
    rows = copy.index.dataset("chunks").to_table().sort_by("chunk_id")
    operate.rebuild(copy.url)
    assert [copy.index.search(QUESTION, at=name).hits for name in copy.releases] == before
    assert copy.index.dataset("chunks").to_table().sort_by("chunk_id").equals(rows)


def test_a_fresh_lake_holds_the_same_rows(built: Built, tmp_path: Path) -> None:
    shutil.copytree(built.root / "source", tmp_path / "source")
    fresh = replace(built, root=tmp_path)
    fresh.ingest((FIRST, built.sparse))
    mine, theirs = (
        one.index.dataset("chunks").to_table(columns=["text_digest", "vector", "sparse"]).sort_by("text_digest")
        for one in (fresh, built)
    )
    assert mine.equals(theirs)


def test_the_doctor_takes_lost_sparse_vectors_back_from_the_tables(copy: Built) -> None:
    folder = Lake(copy.url).vectors(copy.recipe.by_embedder[1]).folder
    assert not doctor.examine(doctor.open_damaged(copy.url)).issues
    shutil.rmtree(copy.root / "lake" / folder)
    assert "vectors" in [issue.fix for issue in doctor.examine(doctor.open_damaged(copy.url)).issues]
    doctor.repair(doctor.open_damaged(copy.url))
    assert not doctor.examine(doctor.open_damaged(copy.url)).issues


@pytest.mark.parametrize(("names", "words"), [
    (("sparse:x",), "beside an embedder"),
    (("sparse:x", FIRST), "beside an embedder"),
    ((FIRST, "sparse:x", "sparse:y"), "at most one"),
])  # fmt: skip
def test_a_sparse_model_alone_or_two_of_them_are_refused(names: tuple[str, ...], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        RecipeOptions(embedder=names)


def test_an_experiment_varies_the_sparse_model_and_its_weight(built: Built) -> None:
    base, own = built.index.release(built.releases[0]).recipe, built.index.defaults()
    axes = axes_of([f"embedder={FIRST},{FIRST}+{built.sparse}", 'weights=["sparse=1", "sparse=0.5"]'])
    assert {cell.recipe.embedder_names for cell in cells(base, own, axes)} == {FIRST, f"{FIRST}+{built.sparse}"}
