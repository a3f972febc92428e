"""Search options learned from questions: what is tried is what a search does, and only what is better is set."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lake
from expectations import tuning_space
from expectations.comparison import judge
from expectations.retrieval import evaluate
from expectations.summary import means
from expectations.tuning import Tuning, folds_of, n_needed
from expectations.tuning_space import Space
from flows.cli.app import _exit_status
from flows.cli.options import OK, REFUSED, USAGE
from flows.cli.show.tune import tuned
from flows.reindex import Job, reindex
from flows.steps import PlainSteps
from flows.tune import apply, space_of, tune, undo
from lake.directory import Lake, configuration
from lake.errors import ConflictError, UsageError
from lake.index import Index
from lake.options import Boosts, RecipeOptions, SearchDefaults
from lake.options.tuning import TuningOptions
from lake.questions import EvalQuestion, Evidence, add, drop

N = 60
SOURCES = ("archive", "handbook")
TEXTS = {
    "archive": "Lamp number{n}x burns oil{n}y, which is amber.",
    "handbook": "Lamp number{n}x burns oil{n}y since the hall was rebuilt, and no other oil may be poured into it.",
}


def question(n: int, **words: Any) -> EvalQuestion:
    return EvalQuestion(
        "lamps", f"Which oil{n}y does lamp number{n}x burn?", evidence=(Evidence(f"{n}.md", "handbook"),), **words
    )


@pytest.fixture(scope="module", autouse=True)
def few_values() -> Iterator[None]:
    """Each value that is tried takes all searches a few milliseconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tuning_space, "_FACTORS", (0.5, 1.0, 2.0))
        patch.setattr(tuning_space, "_RECENCIES", ((None, 0.2), (90.0, 0.2)))
        yield


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two sources with the same subjects, of which the one that ranks second answers, and documents for few eyes."""
    folder = tmp_path_factory.mktemp("tune")
    for source in SOURCES:
        (folder / source).mkdir()
        for n in range(N):
            (folder / source / f"{n}.md").write_text(TEXTS[source].format(n=n) + "\n")
            acl = ', "acl": ["ada"]' if n % 4 == 0 else ""
            (folder / source / f"{n}.md.meta.json").write_text(
                f'{{"quality": "{"low" if source == "archive" else "high"}"{acl}}}'
            )
    (folder / "archive" / "copy.md").write_text(TEXTS["handbook"].format(n=1) + "\n")
    sources = tuple(f"{name}={folder / name}" for name in SOURCES)
    with PlainSteps() as steps:
        reindex(Job(sources, str(folder / "lake"), settings=RecipeOptions(embedder=("minilm", "hash"))), steps)
    add(Lake(str(folder / "lake")), [question(n) for n in range(N)])
    return folder


@pytest.fixture
def index(place: Path) -> Index:
    Lake(str(place / "lake")).store.delete("configuration.json")
    return lake.open_lake(str(place / "lake"))


def run(index: Index, *words: str, capsys: pytest.CaptureFixture[str], status: int = OK) -> Any:
    capsys.readouterr()
    assert _exit_status(["tune", *words, "--lake", index.url, "--json"]) == status
    printed = capsys.readouterr()
    return json.loads(printed.out) if status == OK else printed.err


ORDERS: list[dict[str, Any]] = [
    {},
    {"alpha": 0.0},
    {"alpha": 0.9, "fusion": "rrf"},
    {"weights": {"minilm": 1, "hash": 0}},
    {"weights": {"minilm": 1, "hash": 3}, "alpha": 0.7},
    {"boosts": Boosts(sources={"handbook": 1.5}, values={"metadata.quality": {"low": 0.5}}, recency_half_life_days=30)},
    {"rerank": "own", "rerank_depth": 20, "rerank_weight": 0.3},
    {"rerank": "own", "rerank_depth": 5, "rerank_weight": 1.0},
    {"collapse": 0.5, "diversity": 0.3, "boosts": Boosts(sources={"archive": 0.1})},
]


@pytest.mark.parametrize(
    ("mode", "principals"), [("hybrid", ()), ("hybrid", ("ada",)), ("hybrid", "*"), ("vector", "*"), ("text", "*")]
)
def test_a_recorded_search_is_ordered_as_a_search(index: Index, mode: Any, principals: Any) -> None:
    texts = [question(n).text for n in (0, 1)]
    how: dict[str, Any] = {
        "mode": mode,
        "principals": principals,
        "expand": "none",
        "weights": {"minilm": 0, "hash": 1},
    }
    recorded = index.recorded(texts, 50, **how)
    for options in ORDERS:
        for text, one in zip(texts, recorded, strict=True):
            ids = [row["chunk_id"] for row in one.ordered(**options)]
            assert ids == index.search(text, 50, **{**how, **options})["chunk_id"].to_pylist()
            assert ids == [row["chunk_id"] for row in one.ordered(**options)]
    with pytest.raises(UsageError, match="can't vary mode"):
        recorded[0].ordered(mode="text")


@pytest.fixture(scope="module")
def found(place: Path) -> Tuning:
    Lake(str(place / "lake")).store.delete("configuration.json")
    return tune(str(place / "lake"), TuningOptions(parts=("boosts",), folds=3))


def test_a_part_is_judged_by_questions_that_did_not_choose_it(index: Index, found: Tuning) -> None:
    assert configuration.said(Lake(index.url).store) == {}
    (part,) = found.parts
    assert (part.is_kept, part.alpha, part.verdict, found.n_questions) == (True, 0.05, found.total, N)
    assert len(part.by_fold) == found.n_folds == 3
    factors = found.changes["boosts"]
    assert factors["sources"] or factors["values"]
    rows = evaluate(index, index.questions()).rows
    (mean,) = means(rows, (), [("document", "nDCG@10")])
    assert found.base == pytest.approx(mean["mean"])
    assert found.total.difference == pytest.approx(1 - found.base, abs=0.02)


def test_what_is_better_is_set_shown_and_undone(index: Index, capsys: pytest.CaptureFixture[str]) -> None:
    store = Lake(index.url).store
    configuration.put(store, "search.k", 7)
    found = run(index, "--part", "boosts", "--folds", "2", "--apply", capsys=capsys)
    factors = found["changes"]["boosts"]["sources"]
    assert factors.get("handbook", 1) > factors.get("archive", 1)
    said = configuration.said(store)
    assert said["search"] == {"k": 7, **found["changes"]}
    assert said["tuning"]["gain"] == pytest.approx(found["total"]["difference"], abs=1e-6)
    rows = evaluate(lake.open_lake(index.url), index.questions()).rows
    (tuned,) = means(rows, (), [("document", "nDCG@10")])
    assert tuned["mean"] >= found["base"] + 0.1

    # Nothing is left to gain now, and nothing is set.
    again = run(index, "--part", "boosts", "--folds", "2", "--apply", capsys=capsys)
    assert (again["changes"], again["applied"]) == ({}, False)
    assert configuration.said(store) == said

    assert run(index, "--undo", capsys=capsys) == {"restored": {"boosts": None}, "kept": {}}
    assert configuration.said(store)["search"] == {"k": 7}
    assert "nothing that could be undone" in run(index, "--undo", capsys=capsys, status=USAGE)


def test_what_somebody_changed_since_is_neither_overwritten_nor_undone(index: Index, found: Tuning) -> None:
    store = Lake(index.url).store
    configuration.put(store, "search.boosts", {"sources": {"archive": 0.9}})
    with pytest.raises(ConflictError, match="changed meanwhile"):
        apply(index.url, found)
    store.delete("configuration.json")
    assert apply(index.url, found)
    configuration.put(store, "search.boosts", {"sources": {"archive": 0.9}})
    assert undo(index.url) == {"restored": {}, "kept": {"boosts": {"sources": {"archive": 0.9}}}}
    assert configuration.said(store)["search"] == {"boosts": {"sources": {"archive": 0.9}}}


def test_a_person_reads_what_is_set_and_how_to_go_back(found: Tuning, capsys: pytest.CaptureFixture[str]) -> None:
    shown = {**found.to_json(), "applied": False}
    tuned(shown)
    printed = capsys.readouterr().out
    assert "search profiles tried" in printed
    assert "--apply sets search.boosts = " in printed
    assert "raglake config set search.boosts '{" in printed
    tuned({**shown, "applied": True})
    assert "raglake tune --undo" in capsys.readouterr().out
    part = shown["parts"][0]
    doubtful = {**part, "is_kept": False, "verdict": {**part["verdict"], "word": "not enough evidence"}}
    tuned({**shown, "parts": [doubtful], "learned": {}, "changes": {}})
    printed = capsys.readouterr().out
    assert "nothing to set" in printed
    assert f"about {part['n_needed']:,} questions" in printed


def test_too_few_questions_and_drafts_are_refused_with_the_number_needed(
    index: Index, capsys: pytest.CaptureFixture[str]
) -> None:
    few = [EvalQuestion("few", f"oil{n}y", evidence=(Evidence(f"{n}.md", "handbook"),)) for n in range(7)]
    drafts = [
        EvalQuestion("few", f"lamp oil{n}y", evidence=(Evidence(f"{n}.md", "handbook"),), reviewed=False)
        for n in range(60)
    ]
    add(Lake(index.url), [*few, *drafts])
    told = run(index, "--set", "few", capsys=capsys, status=REFUSED)
    assert "7 reviewed questions can be scored" in told
    assert "at least 60, 53 more" in told
    assert "raglake questions from-feedback --lake" in told
    drop(Lake(index.url), "few")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--part", "colour"), "no part colour"),
        (("--boost-by", "uri"), "boost_by='uri'"),
        (("--boost-by", "metadata.nowhere"), "no document has a value"),
        (("--rerank", "model"), "a chat model orders passages together"),
        (("--rerank", "nonsense"), "no reranker 'nonsense'"),
        (("--measure", "nDCG@10"), "must be a level"),
        (("--measure", "document nonsense"), "no measure 'nonsense'"),
        (("--measure", "span nonsense@5"), "no measure 'nonsense@5' of spans"),
        (("--undo", "--apply"), "--undo takes no other option"),
        (("--set", "nowhere"), "nowhere"),
        (("--part", "rerank"), "nothing to learn of rerank"),
    ],
)
def test_wrong_words_name_the_right_ones(
    index: Index, words: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told in run(index, *words, capsys=capsys, status=USAGE)


def test_noise_is_rarely_taken_for_a_gain() -> None:
    """Of values that chance alone makes, the best by the others is no better where it did not choose."""
    rng = np.random.default_rng(1)
    n_better = 0
    for _ in range(12):
        values = rng.random((30, 80))
        folds = np.arange(80) % 5
        chosen = [int(values[:, folds != fold].mean(axis=1).argmax()) for fold in range(5)]
        gains = np.array([values[chosen[folds[n]], n] - values[0, n] for n in range(80)])
        n_better += judge(gains).word == "better"
    assert n_better <= 2


def test_folds_keep_equal_words_together_and_are_of_one_size() -> None:
    texts = [f"question {n // 2}" for n in range(200)]
    folds = folds_of(texts, 5, 3)
    assert all(folds[n] == folds[n + 1] for n in range(0, 200, 2))
    assert np.bincount(folds).tolist() == [40] * 5
    assert (folds != folds_of(texts, 5, 4)).any()


def test_sources_and_values_to_boost_are_those_of_the_documents(index: Index) -> None:
    space = space_of(index, TuningOptions(boost_by=("metadata.quality", "language")))
    assert (space.sources, space.values) == (
        ["archive", "handbook"],
        {"metadata.quality": ["high", "low"], "language": ["en"]},
    )
    assert len(space.axes("boosts")) == 1 + 2 + 3
    assert (space.reranker, space.axes("rerank")) == (None, [])


def test_more_spread_needs_more_questions() -> None:
    assert n_needed(np.zeros(100)) == 60
    assert n_needed(np.tile([0.5, -0.46], 50)) > n_needed(np.tile([0.2, -0.16], 50)) > 60


def test_every_point_of_every_axis_is_a_search_and_keeps_what_holds() -> None:
    base = SearchDefaults(alpha=0.35, weights={"minilm": 1, "hash": 2}, boosts=Boosts(sources={"a": 1.7}), rerank="own")
    space = Space(base, ("minilm", "hash", "multilingual"), ("a", "b"), {"metadata.x": ("1",)}, "own")
    for part in ("fusion", "boosts", "rerank"):
        for axis in space.axes(part):
            points = axis(space.point)
            assert space.point in points
            assert all(SearchDefaults(**point) for point in points)
    assert Space(SearchDefaults(mode="text"), ("minilm",), ("a",), {}, None).axes("fusion") == []
