"""Where evidence is lost: one lake with a case planted for each stage, and ranks against a plain computation."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lake
from flows.cli.app import _exit_status
from flows.cli.options import OK, USAGE
from flows.reindex import Job, Outcome, reindex
from flows.steps import PlainSteps
from lake.directory import Lake
from lake.embed import load_embedder
from lake.embed.query_encoder import query_vectors
from lake.erasure.forget import forget
from lake.inspect.diagnosis.messages import as_json
from lake.inspect.diagnosis.trace import SearchTrace
from lake.inspect.diagnosis.values import EvidenceLocation
from lake.options import RecipeOptions
from lake.questions import EvalQuestion, Evidence, add
from lake.search.question import SearchRequest
from lake.search.rights import Rights

QUESTION = "How much oil does the pump need?"
COPY = "The copied pump of the copied hall needs copied oil and a copied rag, twice a year, said the clerk of copies."


def document(name: str, *paragraphs: str, front: str = "") -> tuple[str, str]:
    return name, f"{front}# {name.removesuffix('.md').title()}\n\n" + "\n\n".join(paragraphs) + "\n"


DOCUMENTS = dict(
    [
        document("best.md", "The pump needs oil. How much oil does the pump need? Four litres of oil."),
        *(document(f"pump-{n}.md", f"How much oil? The pump needs oil, says note {n} of the pump.") for n in range(12)),
        document("far.md", "Albatrosses nest on cliffs where nobody walks, and come back each spring."),
        document("secret.md", "The hidden pump needs oil of seven ducats.", front="---\nacl: [hr]\n---\n"),
        document("open.md", "The pump of the yard needs oil.", front="---\ntags: [yard]\n---\n"),
        document("copy-a.md", COPY),
        document("copy-b.md", COPY.replace("said the clerk", "wrote the clerk")),
        document("long.md", " ".join(f"Word{n} follows word{n + 1} along the wall." for n in range(120))),
        document("erased.md", "The erased pump needs oil of nine ducats."),
        document("gone.md", "The pump that is gone needed oil."),
    ]
)  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("why")
    (folder / "source").mkdir()
    for name, text in DOCUMENTS.items():
        (folder / "source" / name).write_text(text)
    (folder / "source" / "broken.pdf").write_bytes(b"%PDF-1.4 broken")
    url = str(folder / "lake")
    _ingest(folder, url)
    (folder / "source" / "gone.md").unlink()
    _ingest(folder, url)
    forget(Lake(url), why="asked", uri="erased.md")
    return url


def _ingest(folder: Path, url: str) -> Outcome:
    settings = RecipeOptions(embedder="hash", child_tokens=40, overlap_tokens=0)
    with PlainSteps() as steps:
        return reindex(Job(sources=(str(folder / "source"),), lake=url, settings=settings), steps)


@pytest.fixture
def follow(place: str) -> Callable[..., EvidenceLocation]:
    def run(uri: str, quote: str | None = None, text: str = QUESTION, **how: Any) -> EvidenceLocation:
        found = lake.open_lake(place).why(text, [Evidence(uri, quote=quote)], **how)
        assert len(found.evidence) == 1
        return found.evidence[0]

    return run


CASES: list[tuple[str, str, str | None, dict[str, Any], str]] = [
    ("absent", "never.md", None, {}, "and no other kept release has it"),
    ("absent", "gone.md", None, {}, "the last kept release with it is "),
    ("erased", "erased.md", None, {}, "erased for good"),
    ("quarantined", "broken.pdf", None, {}, "in quarantine ("),
    ("text gone", "best.md", "Five litres of oil", {}, "no longer contains the quote"),
    ("ambiguous", "best.md", "oil", {}, "several times"),
    ("hidden", "secret.md", "seven ducats", {}, "its acl is hr"),
    ("filtered", "best.md", None, {"filters": {"tags": "yard", "uri": {"glob": "best*"}}}, "the filter tags=yard"),
    ("filtered", "best.md", None, {"where": "uri = 'open.md'"}, "excluded by --where uri = 'open.md'"),
    ("no words", "far.md", None, {"mode": "text"}, "contain none of the question's"),
    ("no words", "best.md", None, {"mode": "text", "syntax": "boolean", "text": "oi* -litres"}, "none of those with"),
    ("collapse", "copy-b.md", None, {"collapse": 0.5, "text": "a copied pump in a copied hall"}, "a chunk of copy-a"),
    ("min_score", "best.md", "Four litres", {"mode": "text", "min_score": 99.0}, "below the minimum of 99"),
    ("beyond k", "far.md", None, {"k": 3}, "beyond the 3 requested"),
    ("out of context", "best.md", "Four litres of oil", {"budget": 1000}, "had no room for it"),
    ("found", "best.md", "Four litres of oil", {}, "source 1 of an answer"),
    ("found", "secret.md", "seven ducats", {"principals": ["hr"], "k": 20}, "found as passage"),
]  # fmt: skip


@pytest.mark.parametrize(("stage", "uri", "quote", "how", "says"), CASES, ids=lambda value: str(value)[:24])
def test_each_stage_is_reported(
    follow: Callable[..., EvidenceLocation],
    stage: str,
    uri: str,
    quote: str | None,
    how: dict[str, Any],
    says: str,
) -> None:
    found = follow(uri, quote, **how)
    report = as_json(found)
    assert (found.stage, says in report["sentence"]) == (stage, True), report
    assert bool(report["advice"]) == (stage != "found")


def test_ranks_are_exact_however_deep(place: str, follow: Callable[..., EvidenceLocation]) -> None:
    """Against cosines of every chunk that may be seen, computed here."""
    chunks = lake.open_lake(place).dataset("chunks").to_table(filter="acl IS NULL").to_pylist()
    vector = query_vectors(load_embedder("hash"), [QUESTION])[0]
    cosines = {row["chunk_id"]: float(np.dot(row["vector"], vector)) for row in chunks}
    found = follow("long.md", mode="vector", k=1)
    mine = [row["chunk_id"] for row in chunks if row["uri"] == "long.md"]
    assert found.n_chunks == len(mine) > len(found.spans) == 10
    for span in found.spans:
        cosine = cosines[span.chunk_id]
        nearer, near = (sum(other > cosine + slack for other in cosines.values()) for slack in (1e-6, -1e-6))
        assert nearer < (span.vector_rank or 0) <= near
        assert span.vector_score == pytest.approx(cosine, abs=1e-5)
        assert (span.rank, span.text_rank) == (span.vector_rank, None)
    assert max(cosines[name] for name in mine) == pytest.approx(found.spans[0].vector_score)


@pytest.mark.parametrize("mode", ["vector", "hybrid"])
def test_ranks_of_a_release_that_is_not_held_in_memory(
    place: str, follow: Callable[..., EvidenceLocation], monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    held = follow("long.md", mode=mode, k=1)
    monkeypatch.setattr("lake.search.exact_index._MOST", 0)
    scanned = follow("long.md", mode=mode, k=1)
    scores = [[span.vector_score for span in found.spans] for found in (scanned, held)]
    assert scores[0] == pytest.approx(scores[1], abs=1e-5)
    assert scanned.spans[0].rank == held.spans[0].rank


def test_fused_ranks_are_those_of_the_search(place: str, follow: Callable[..., EvidenceLocation]) -> None:
    index = lake.open_lake(place)
    hits = index.search(QUESTION, 30, expand="none").to_pylist()
    for rank, hit in enumerate(hits[:15], 1):
        (span, *_) = follow(hit["uri"], expand="none", k=30).spans
        assert (span.rank, span.chunk_id, span.text_rank) == (rank, hit["chunk_id"], hit["text_rank"])
        assert span.score == pytest.approx(hit["score"], rel=1e-4)
    hidden = follow("secret.md", "seven ducats")
    shown = index.search(QUESTION, 30, expand="none", principals=["hr"]).to_pylist()
    assert hidden.spans[0].rank == [hit["uri"] for hit in shown].index("secret.md") + 1


def test_a_cut_quote_is_reported_with_its_spans(follow: Callable[..., EvidenceLocation]) -> None:
    quote = " ".join(DOCUMENTS["long.md"].split("\n\n")[1].split()[40:90])
    found = follow("long.md", quote, k=1, expand="none", text="word9 follows word10")
    assert found.is_cut
    assert 1 < found.n_chunks == len(found.spans)
    assert "no chunk contains all of it" in as_json(found)["sentence"]
    assert all(span.start < (found.end or 0) and (found.start or 0) < span.end for span in found.spans)
    whole = follow("long.md", quote, k=1, expand="parent", text="word9 follows word10")
    assert (whole.stage, whole.covered) == ("found", 1.0)


@pytest.mark.parametrize(("how", "stage"), [({}, "too deep"), ({"min_score": -99.0}, "too deep")])
def test_a_search_looks_only_so_deep(
    follow: Callable[..., EvidenceLocation], monkeypatch: pytest.MonkeyPatch, how: dict[str, Any], stage: str
) -> None:
    monkeypatch.setattr("lake.search.snapshot.LEAST_DEPTH", 4)
    found = follow("far.md", k=1, **how)
    assert (found.stage, found.facts) == (stage, {"depth": 4})
    assert (found.spans[0].vector_rank or 0) > 4


def test_a_reranker_is_named_that_pushes_evidence_down(
    follow: Callable[..., EvidenceLocation], monkeypatch: pytest.MonkeyPatch, endpoint: Any
) -> None:
    """The endpoint takes the longest for the best."""
    monkeypatch.setenv("RAGLAKE_RERANK_URL", endpoint.url)
    monkeypatch.setenv("RAGLAKE_RERANK_API_KEY", "key")
    pushed = follow("open.md", k=2, text="The pump of the yard", rerank="cohere:m")
    assert [step.name for step in pushed.steps] == ["fusion", "rerank_depth", "collapse", "rerank"]
    assert (pushed.stage, pushed.steps[0].rank) == ("beyond k", 1)
    assert "rerank moved it there" in as_json(pushed)["sentence"]
    assert "search without it" in as_json(pushed)["advice"]
    few = follow("open.md", k=1, rerank="cohere:m", rerank_depth=1)
    assert (few.stage, few.facts) == ("rerank_depth", {"n": 1})


def test_the_command_says_it_for_kept_questions_and_others(place: str, capsys: pytest.CaptureFixture[str]) -> None:
    question = EvalQuestion(
        "pumps", QUESTION, key="q-1", evidence=(Evidence("best.md", quote="Four litres"), Evidence("far.md"))
    )
    add(Lake(place), [question, EvalQuestion("other", QUESTION, evidence=(Evidence("open.md"),))])
    for words, uris in [
        (["q-1"], ["best.md", "far.md"]),
        ([question.question_id, "--set", "pumps"], ["best.md", "far.md"]),
        ([QUESTION], ["open.md", "best.md", "far.md"]),
        (["any pump", "--uri", "open.md", "--quote", "the yard"], ["open.md"]),
    ]:
        assert _exit_status(["why", *words, "--lake", place, "-k", "2", "--json"]) == OK
        shown = json.loads(capsys.readouterr().out)
        assert sorted(one["evidence"]["uri"] for one in shown["evidence"]) == sorted(uris)
        assert len(shown["hits"]) == 2
    assert _exit_status(["why", "q-1", "--lake", place, "-k", "2"]) == OK
    printed = capsys.readouterr().out
    assert "1 of 2 pieces of evidence found" in printed
    assert "beyond the 2 requested" in printed
    assert "above it:" in printed
    for words in (["nobody asked this"], ["x", "--quote", "y"]):
        assert _exit_status(["why", *words, "--lake", place]) == USAGE


def test_a_place_that_no_chunk_holds(place: str) -> None:
    index = lake.open_lake(place)
    asked = EvalQuestion("a", QUESTION, evidence=(Evidence("best.md", quote="Four litres"),))
    (found,) = index.resolve([asked])[0].places
    snapshot = index._reader.snapshot(index.release())
    traced = SearchTrace(snapshot, SearchRequest(QUESTION), Rights({})).follow(replace(found, chunk_ids=()))
    assert (traced.stage, traced.spans, traced.n_chunks) == ("no chunk", (), 0)
    assert "the chunker left them out" in as_json(traced)["sentence"]
