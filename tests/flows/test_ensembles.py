"""Recipes of several embedders: one more embeds only for itself, all search together, an erasure leaves none behind."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lake
from expectations.audit import audit
from expectations.experiment.grid import axes_of, cells, worded
from expectations.profiles import profile_text
from flows.cli.preview import preview
from flows.forms.ingest import IngestParameters
from flows.reindex import Job, Outcome, reindex
from flows.steps import PlainSteps
from lake import operate
from lake.destinations.sync import sync
from lake.directory import Lake
from lake.embed import load_embedder
from lake.embed.hash_identity import IDENTITY as HASH
from lake.endpoints.deadline import deadline
from lake.errors import LakeError, UsageError
from lake.ids import text_digest
from lake.index import Index
from lake.maintenance import doctor
from lake.options import RecipeOptions
from lake.questions import Evidence
from lake.recipe import Recipe
from lake.reporting import silent
from tests.lake.embed.conftest import FakeEndpoint, served

FIRST, SECOND = "hash", "openai:local@8"
BOTH = (FIRST, SECOND)
QUESTION = "Which oil does Lamp 7 burn?"
SECRET = "Annabella Quistermann of Nordhausen owes eleven thousand crowns."
N_LAMPS = 12
ALONE: dict[str, Any] = {"weights": {FIRST: 1, SECOND: 0}}


def ingest(root: Path, embedder: str | tuple[str, ...] | None = None, **words: Any) -> Outcome:
    with PlainSteps() as steps:
        return reindex(job(root, embedder, **words), steps)


def job(root: Path, embedder: str | tuple[str, ...] | None = None, **words: Any) -> Job:
    return Job((f"docs={root / 'source'}",), str(root / "lake"), settings=RecipeOptions(embedder=embedder), **words)


def texts_sent(endpoint: FakeEndpoint) -> list[str]:
    """All but the text by which a breaker finds out whether an endpoint works again."""
    return [text for request in endpoint.requests for text in request["input"] if text != "raglake"]


@dataclass
class Built:
    """A lake with one model, then with two: its releases, and the texts that each run sent to the second one."""

    root: Path
    server: FakeEndpoint
    releases: list[str]
    sent: list[list[str]]

    @property
    def index(self) -> Index:
        return lake.open_lake(str(self.root / "lake"))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    root = tmp_path_factory.mktemp("ensemble")
    (root / "source").mkdir()
    for number in range(N_LAMPS):
        (root / "source" / f"{number}.md").write_text(f"# Lamp {number}\n\nLamp {number} burns whale oil, he said.")
    (root / "source/anna.md").write_text(f"# Anna\n\n{SECRET}")
    with served(FakeEndpoint()) as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENAI_BASE_URL", server.url)
        patch.setenv("OPENAI_API_KEY", "secret")
        made = Built(root, server, [], [])
        for embedder in (FIRST, BOTH):
            made.releases.append(ingest(root, embedder, change_recipe=True).release or "")
            made.sent.append(texts_sent(server))
            server.requests.clear()
        yield made


@pytest.fixture
def copy(built: Built, tmp_path: Path) -> Built:
    """One that a test may change."""
    shutil.copytree(built.root, tmp_path, dirs_exist_ok=True)
    built.server.requests.clear()
    return Built(tmp_path, built.server, built.releases, built.sent)


@pytest.fixture
def down(built: Built) -> Iterator[None]:
    built.server.lasting.append({"status": 500})
    yield
    built.server.lasting.clear()


def ids(found: Any) -> list[str]:
    return [str(name) for name in found.hits.column("chunk_id").to_pylist()]


def contents_of(index: Index) -> list[str]:
    return sorted(index.dataset("documents").to_table(columns=["content_id"]).column(0).to_pylist())


def test_one_more_model_embeds_each_text_once_and_for_itself_alone(built: Built) -> None:
    assert built.sent[0] == []
    assert len(built.sent[1]) == len(set(built.sent[1])) == N_LAMPS + 1
    before, after = (built.index.release(name) for name in built.releases)
    assert after.counts["n_chunks"] == before.counts["n_chunks"]
    old, new = (
        built.index.dataset("documents", name).to_table(columns=["doc_id", "content_id"]).sort_by("doc_id")
        for name in built.releases
    )
    assert new.equals(old), "nothing is parsed again"
    assert before.recipe.embedder.table == after.recipe.embedder.table
    assert "vector_2" not in built.index.dataset("chunks", before.id).schema.names


@pytest.mark.parametrize("kind", ["faiss", "parquet"])
def test_a_copy_elsewhere_has_the_vectors_of_the_first_model(copy: Built, kind: str, tmp_path: Path) -> None:
    """Whether a release has one model or two; its rows differ in nothing that a store of one vector holds."""
    source = Lake.existing(str(copy.root / "lake"))
    for release in (*copy.releases, copy.releases[0]):
        done = sync(source, f"{kind}:{tmp_path / kind}", at=release)
        assert done.n_rows["chunks"] == N_LAMPS + 1
        assert done.verified is None or not done.verified.problem
    assert copy.server.requests == []


def test_a_recipe_with_one_embedder_is_stored_and_digested_as_before() -> None:
    recipe = Recipe(HASH)
    assert "further_embedders" not in recipe.to_json()
    assert recipe.by_embedder == (recipe,)
    assert Recipe.from_json(recipe.to_json()) == recipe
    several = replace(recipe, further_embedders=(replace(HASH, name="other"),))
    assert Recipe.from_json(json.loads(json.dumps(several.to_json()))) == several
    ours, theirs = (one.identifier()("bytes", "text", ".md") for one in (recipe, several))
    assert ours[0] == theirs[0]
    assert ours[1] != theirs[1]


def test_both_models_search_together_and_each_hit_states_what_each_added(built: Built) -> None:
    index = built.index
    found = index.search(QUESTION, k=5)
    for hit in found.hits.to_pylist():
        legs = {leg["leg"]: leg for leg in hit["legs"]}
        assert [legs[name]["embedder"] for name in ("vector", "vector_2", "text")] == [FIRST, SECOND, None]
        assert sum(leg["added"] for leg in legs.values()) == pytest.approx(hit["score"])
        cosines = {name: legs[name]["score"] for name in ("vector", "vector_2")}
        assert cosines["vector"] == hit["vector_score"]
        assert -1 <= cosines["vector_2"] <= 1
    assert set(index.explain(found)[0]["legs"]) == {"vector", "vector_2", "text"}
    one_model = index.search(QUESTION, at=built.releases[0]).to_pylist()
    assert all([leg["leg"] for leg in hit["legs"]] == ["vector", "text"] for hit in one_model)
    sums = [sum(leg["added"] for leg in hit["legs"]) for hit in one_model]
    assert sums == pytest.approx([hit["score"] for hit in one_model])
    assert index.search(QUESTION, at=built.releases[0], mode="text").hits.column("legs").null_count == 10


def test_vectors_of_each_model_are_searched_by_its_own(built: Built) -> None:
    index = built.index
    text = built.sent[1][0]
    mine = [row for row in index.search(text, k=13, mode="vector", expand="none").hits.to_pylist()]
    stored = index.dataset("chunks").to_table(columns=["chunk_id", "vector_2"]).to_pylist()
    vectors = {row["chunk_id"]: np.array(row["vector_2"]) for row in stored}
    question = load_embedder(SECOND).embed_query(text)
    for hit in mine:
        leg = next(leg for leg in hit["legs"] if leg["leg"] == "vector_2")
        assert leg["score"] == pytest.approx(float(vectors[hit["chunk_id"]] @ question), abs=1e-5)
    assert [leg["rank"] for leg in mine[0]["legs"]][1] == 1


def test_weights_choose_among_the_models(built: Built) -> None:
    index = built.index
    old = index.search(QUESTION, at=built.releases[0], k=8)
    built.server.requests.clear()
    alone = index.search(QUESTION, k=8, weights={FIRST: 1, SECOND: 0})
    assert not texts_sent(built.server), "a model without a weight embeds nothing"
    assert ids(alone) == ids(old)
    np.testing.assert_allclose(alone.hits.column("score").to_numpy(), old.hits.column("score").to_numpy(), rtol=1e-5)
    other = index.search(QUESTION, k=8, mode="vector", weights=f"{FIRST}=0,{SECOND}=2")
    assert other.hits.column("vector_rank").null_count == 8
    assert ids(other) != ids(index.search(QUESTION, k=8, mode="vector", weights=f"{FIRST}=2,{SECOND}=0"))
    # A profile with weights searches a release of one model as if it had none.
    assert ids(index.search(QUESTION, k=8, at=built.releases[0], weights={SECOND: 3})) == ids(old)


SENSELESS = [{}, "hash", "hash=x", {"hash": -1}, {"hash": True}, {"hash": float("nan")}, {"hsah": 1}, 3, [["a", 1]]]


@pytest.mark.parametrize("weights", SENSELESS)
def test_weights_that_mean_nothing_are_refused(built: Built, weights: Any) -> None:
    with pytest.raises(UsageError):
        built.index.search(QUESTION, weights=weights)


@pytest.mark.parametrize("fusion", ["adaptive", "rrf"])
def test_a_batch_finds_what_single_searches_find(built: Built, fusion: Any) -> None:
    index = built.index
    asked = [{"text": f"Lamp {number}", "mode": mode} for number in range(3) for mode in ("hybrid", "vector", "text")]
    asked.append({"text": "oil", "weights": {SECOND: 0}})
    found = index.search_batch(asked, k=4, fusion=fusion)
    for one, result in zip(asked, found, strict=True):
        words = {name: value for name, value in one.items() if name != "text"}
        assert result.hits.equals(index.search(one["text"], k=4, fusion=fusion, **words).hits)


def test_without_one_model_the_others_answer_and_the_result_names_it(built: Built, down: None) -> None:
    index, words = built.index, {"degrade": True, "degrade_after": 5.0}
    question = "Which lamp did he mean?"
    found = index.search(question, **words)
    assert found.degraded == ("vector:2",)
    assert ids(found) == ids(index.search(question, **ALONE))
    assert index.search(question, mode="vector", **words).degraded == ("vector:2",)
    with deadline(1), pytest.raises(LakeError):
        index.search("Which lamp did she mean?")
    batch = index.search_batch([f"Lamp {number}?" for number in range(3)], **words)
    assert {one.degraded for one in batch} == {("vector:2",)}


def test_a_rollback_goes_behind_the_further_model_and_live_comes_back(copy: Built) -> None:
    url = str(copy.root / "lake")
    operate.rollback(url, copy.releases[0], why="worse")
    assert ids(copy.index.search(QUESTION)) == ids(copy.index.search(QUESTION, at=copy.releases[0]))
    assert not texts_sent(copy.server), "an old release needs the old model only"
    operate.publish(url, copy.releases[1], why="again", force=True)
    assert copy.index.search(QUESTION).hits.column("legs").null_count == 0


def test_removing_a_model_and_adding_it_again_embeds_nothing(copy: Built) -> None:
    removed = ingest(copy.root, FIRST, change_recipe=True)
    again = ingest(copy.root, f"{FIRST}+{SECOND}", change_recipe=True)
    assert (removed.published, removed.n_texts_embedded) == (True, 0)
    assert (again.published, again.n_texts_embedded) == (True, 0)
    assert not texts_sent(copy.server)
    assert ingest(copy.root).reason == "nothing to do", "the lake keeps its models"


def test_a_change_of_models_needs_consent_and_says_what_it_costs(copy: Built) -> None:
    with pytest.raises(UsageError, match="write all rows anew"):
        ingest(copy.root, FIRST)
    operate.rollback(str(copy.root / "lake"), copy.releases[0], why="worse")
    with pytest.raises(UsageError, match=f"embed all texts with '{SECOND}'"):
        ingest(copy.root, BOTH)
    with pytest.raises(UsageError, match="twice"):
        ingest(copy.root, (FIRST, FIRST), change_recipe=True)


def test_new_documents_are_embedded_by_both(copy: Built) -> None:
    (copy.root / "source/new.md").write_text("# New\n\nA lantern of brass.")
    plan = preview(job(copy.root), silent)
    assert [(one["embedder"], one["n_texts"]) for one in plan["embedders"]] == [(FIRST, 1), (SECOND, 1)]
    assert plan["n_texts_to_embed"] == 2
    assert plan["n_vector_bytes"] == 4 * (256 + 8)
    assert plan["cost_usd"] is None, "no price is known for one of them"
    assert ingest(copy.root).n_texts_embedded == 2
    assert texts_sent(copy.server) == ["# New\n\nA lantern of brass."]


def test_the_audit_checks_the_vectors_of_each_model(copy: Built) -> None:
    place = Lake(str(copy.root / "lake"))
    release = place.log.read().releases[copy.releases[1]]
    assert audit(place, release, whole=True).passed
    table = release.recipe.embedder.table
    tables = place.tables(release.generation)
    broken = tables._latest(table)
    broken.update(values={"vector_2": [3.0] * 8}, where="text LIKE '%Lamp 7%'")
    verdict = audit(place, replace(release, versions={**release.versions, table: broken.version}), whole=True)
    assert {one.column for one in verdict.findings if not one.success} == {"norm_2"}


def test_an_erasure_leaves_no_vector_of_any_model(copy: Built) -> None:
    url = str(copy.root / "lake")
    place = Lake(url)
    digest = text_digest(f"# Anna\n\n{SECRET}")
    recipe = place.log.read().releases[copy.releases[1]].recipe
    gone = []
    for one in recipe.by_embedder:
        place.vectors(one).refresh()
        gone.append(place.vectors(one).read([digest], ["vector"]).column(0)[0].values.to_numpy())
    assert [len(vector) for vector in gone] == [256, 8]
    assert any(holds(url, vector) for vector in gone), "they are there before"
    (copy.root / "source/anna.md").unlink()
    forgotten = operate.forget(url, uri="anna.md", why="asked for")
    assert forgotten.proof is not None
    assert not any(holds(url, vector) for vector in gone)
    for name in copy.releases:
        assert SECRET not in str(copy.index.search("Annabella", at=name).hits.column("text").to_pylist())


def holds(url: str, vector: np.ndarray) -> bool:
    needle = np.ascontiguousarray(vector, np.float32).tobytes()
    return any(needle in path.read_bytes() for path in Path(url).rglob("*") if path.is_file())


def test_rebuilt_tables_find_the_same(copy: Built) -> None:
    url = str(copy.root / "lake")
    before = [copy.index.search(QUESTION, at=name).hits for name in copy.releases]
    operate.rebuild(url)
    assert set(texts_sent(copy.server)) <= {QUESTION}
    assert [copy.index.search(QUESTION, at=name).hits for name in copy.releases] == before


def test_lost_vectors_of_a_further_model_come_back_from_the_tables(copy: Built) -> None:
    url = str(copy.root / "lake")
    place = Lake(url)
    recipe = place.log.read().releases[copy.releases[1]].recipe
    shutil.rmtree(copy.root / "lake" / place.vectors(recipe.by_embedder[1]).folder)
    found = doctor.examine(doctor.open_damaged(url))
    assert "vectors" in [issue.fix for issue in found.issues]
    doctor.repair(doctor.open_damaged(url))
    assert not doctor.examine(doctor.open_damaged(url)).issues
    assert not texts_sent(copy.server)


def test_why_names_the_rank_by_each_model(built: Built) -> None:
    found = built.index.why(QUESTION, [Evidence("7.md", source="docs")]).evidence[0]
    (span,) = found.spans
    assert [one.embedder for one in span.further] == [SECOND]
    assert span.further[0].rank


def test_large_releases_are_searched_alike(built: Built, monkeypatch: pytest.MonkeyPatch) -> None:
    small = built.index.search(QUESTION, k=8)
    monkeypatch.setattr("lake.search.exact_index._MOST", 0)
    large = built.index.search(QUESTION, k=8)
    assert ids(large) == ids(small)
    np.testing.assert_allclose(large.hits.column("score").to_numpy(), small.hits.column("score").to_numpy(), atol=1e-4)


def test_an_experiment_varies_models_and_weights(built: Built) -> None:
    base, own = built.index.release(built.releases[0]).recipe, built.index.defaults()
    axes = axes_of([f"embedder={FIRST},{FIRST}+{SECOND}", f'weights=["{FIRST}=2", {{"{SECOND}": 3}}]'])
    found = cells(base, own, axes)
    assert [worded(cell.varied) for cell in found[:1]] == [f"embedder {FIRST}, weights none"]
    assert {cell.recipe.embedder_names for cell in found} == {FIRST, f"{FIRST}+{SECOND}"}
    weights = [json.loads(profile_text(cell.profile)).get("weights") for cell in found]
    assert weights == [None, {FIRST: 2.0}, {SECOND: 3.0}, {FIRST: 2.0}, {SECOND: 3.0}]


@pytest.mark.parametrize("stated", [FIRST, [FIRST, SECOND], f"{FIRST}+{SECOND}"])
def test_a_form_takes_a_name_or_a_list_of_names(stated: Any) -> None:
    parameters = {"sources": ["docs"], "lake": "lake", "recipe": {"embedder": stated}}
    made = IngestParameters.model_validate(parameters).job()
    assert made.settings.embedders == ((FIRST,) if stated == FIRST else BOTH)
    again = IngestParameters.model_validate(json.loads(IngestParameters.of(made).model_dump_json()))
    assert again.job().settings == made.settings
