"""A copy of the evidence counts as the evidence, and only once."""

from __future__ import annotations

import random
import shutil
import string
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import lake
from expectations.retrieval import Evaluation, evaluate
from flows.reindex import Outcome
from lake.directory import Lake
from lake.index import Index
from lake.options import RecipeOptions
from lake.questions import EvalQuestion, Evidence, add

KINDS = ["oil", "wick", "glass", "rope"]
#: Sections that become parents of their own, and chunks of several a section.
CUT = RecipeOptions(embedder="hash", child_tokens=24, overlap_tokens=0, heading_tokens=8, parent_tokens=64)


def text_of(kind: str) -> str:
    """Sections without two sentences that resemble a question equally."""
    drawn = random.Random(kind)
    parts = [f"# Of {kind}\n"]
    for n in range(4):
        words = " ".join(drawn.choices(string.ascii_lowercase, k=12)) + f" {drawn.random():.6f}"
        parts += [f"## {kind} {n}\n", f"The {kind} of lamp {n} {words}.", f"It is kept dry by {kind} clerk {n}.\n"]
    return "\n".join(parts)


QUESTIONS = [
    EvalQuestion(
        "lamps",
        f"Who keeps the {kind} of lamp {n} dry?",
        evidence=(Evidence(f"{kind[0]}/{kind}.md", quote=f"It is kept dry by {kind} clerk {n}."),),
    )
    for kind in KINDS
    for n in (0, 2)
]


def measured(index: Index, questions: Sequence[EvalQuestion] = QUESTIONS, **how: Any) -> Evaluation:
    return evaluate(index, questions, how=how)


def named(source: Path) -> tuple[str, ...]:
    """The source under a name of its own, so that ids, and with them the order of equal scores, are always the same."""
    return (f"lamps={source}",)


def values(found: Evaluation) -> pl.DataFrame:
    # Which of several chunks with equal scores comes tenth depends on their ids, and so on the names of documents.
    rows = pl.DataFrame(found.rows).filter(
        ~pl.col("measure").is_in(["seconds", *(f"{name}@{k}" for name in ("precision", "IoU") for k in (5, 10))])
    )
    return rows.select("question_id", "status", "level", "measure", "value").sort(pl.all())


@pytest.fixture
def lamps(source: Path, lake_url: str, ingest: Callable[..., Outcome]) -> Index:
    for kind in KINDS:
        (source / kind[0]).mkdir(exist_ok=True)
        (source / kind[0] / f"{kind}.md").write_text(text_of(kind))
    ingest(sources=named(source), settings=CUT)
    add(Lake(lake_url), QUESTIONS)
    return lake.open_lake(lake_url)


def test_folders_copied_moved_and_encoded_anew_leave_every_score(
    lamps: Index, source: Path, ingest: Callable[..., Outcome]
) -> None:
    before = values(measured(lamps, mode="vector"))
    assert before["status"].unique().to_list() == ["scored"]
    assert 0 < before.filter(pl.col("level") == "chunk")["value"].mean() < 1  # type: ignore[operator]
    shutil.copytree(source, source.parent / "copy")
    (source.parent / "copy").rename(source / "archive")
    for path in (source / "w").iterdir():
        path.write_bytes(path.read_text().encode("utf-16"))
    outcome = ingest(sources=named(source), settings=CUT)
    assert (outcome.published, outcome.blocked, outcome.n_copies) == (True, False, len(KINDS))
    assert values(measured(lamps, mode="vector")).equals(before)
    # A moved folder, and an original that goes while its copy stays.
    (source / "g").rename(source / "zz")
    for path in [*(source / "o").iterdir(), source / "archive" / "g" / "glass.md"]:
        path.unlink()
    outcome = ingest(sources=named(source), settings=CUT, allow_removals=9)
    assert (outcome.published, outcome.blocked) == (True, False)
    assert {"absent"}.isdisjoint(one.left_out for one in lamps.resolve(QUESTIONS))
    assert values(measured(lamps, mode="vector")).equals(before)
    shown = lamps.why(QUESTIONS[0].text, mode="vector").evidence[0]
    assert shown.stands == "archive/o/oil.md"


def test_copies_add_nothing_to_what_can_be_found(lamps: Index, source: Path, ingest: Callable[..., Outcome]) -> None:
    question = QUESTIONS[0]
    quote = str(question.evidence[0].quote)
    (source / "a.md").write_text(text_of("oil"))
    ingest(sources=named(source), settings=CUT)
    twice = EvalQuestion("lamps", question.text, evidence=(*question.evidence, Evidence("a.md", quote=quote)))
    whole = EvalQuestion("lamps", question.text, evidence=(Evidence("o/oil.md"), Evidence("a.md")))
    once = values(measured(lamps, [question]))
    assert values(measured(lamps, [twice])).equals(once)
    found = values(measured(lamps, [whole])).filter(pl.col("measure").is_in(["R@5", "nDCG@10"]))
    assert found["value"].to_list() == [1.0, 1.0]
    # Each copy takes a place of its own if a search wants all, and the first one counts.
    every = measured(lamps, [twice], copies="all", mode="vector")
    assert every.resolved[0].places[0].doc_id == every.resolved[0].places[1].doc_id
    ranks = [hit["doc_id"] for hit in every.found[twice.question_id] or ()]
    assert every.resolved[0].places[0].doc_id == next(
        doc_id for doc_id in ranks if doc_id in {place.doc_id for place in lamps.resolve([twice])[0].places}
    )


def test_a_source_copied_whole_is_no_other_evidence(
    lamps: Index, source: Path, tmp_path: Path, ingest: Callable[..., Outcome]
) -> None:
    before = values(measured(lamps, mode="vector"))
    shutil.copytree(source, tmp_path / "mirror")
    ingest(settings=CUT, sources=(*named(source), f"mirror={tmp_path / 'mirror'}"))
    assert values(measured(lamps, mode="vector")).equals(before)
    (tmp_path / "mirror" / "o" / "oil.md").write_text(text_of("other oil"))
    ingest(settings=CUT, sources=(*named(source), f"mirror={tmp_path / 'mirror'}"))
    assert [one.left_out for one in lamps.resolve(QUESTIONS)].count("several sources") == 2


def test_what_is_lost_of_a_moved_document_is_lost_by_the_pipeline(
    source: Path, lake_url: str, ingest: Callable[..., Outcome]
) -> None:
    texts = {
        "a": "Kept by <b>clerk one</b>, always.",
        "b": "Rinsed by <b>clerk two</b>, once.",
        "c": "Oiled by clerk 3.",
    }
    for name, text in texts.items():
        (source / f"{name}.txt").write_text(text)
    ingest()
    quotes = ("<b>clerk one</b>", "<b>clerk two</b>", "clerk 3")
    asked = [EvalQuestion("moved", f"Who is it in {quote}?", evidence=(Evidence(f"{name}.txt", quote=quote),))
             for name, quote in zip(texts, quotes, strict=True)]  # fmt: skip
    index = lake.open_lake(lake_url)
    before = index.resolve(asked)
    # One parser does not keep the words, one can't read the file, and one keeps what it had in other bytes.
    (source / "a.txt").rename(source / "moved-a.html")
    (source / "b.txt").rename(source / "moved-b.pdf")
    (source / "c.txt").unlink()
    (source / "moved-c.txt").write_bytes(texts["c"].encode("utf-16"))
    ingest()
    after = index.resolve(asked)
    assert [one.left_out for one in after] == ["text gone", "quarantined", ""]
    assert [one.evidence_bytes == was.evidence_bytes for one, was in zip(after, before, strict=True)] == [
        True,
        True,
        False,
    ]
    assert [place.start for place in after[2].places] == [place.start for place in before[2].places]
    (source / "moved-c.txt").unlink()
    ingest(allow_removals=1)
    assert index.resolve(asked)[2].left_out == "absent"


def test_why_names_the_copy_that_stands(lamps: Index, source: Path, ingest: Callable[..., Outcome]) -> None:
    (source / "oil.md").write_text(text_of("oil"))
    ingest(sources=named(source), settings=CUT)
    shown = lamps.why(QUESTIONS[0].text, k=30)
    found = shown.evidence[0]
    assert (found.stage, found.stands) == ("found", "oil.md")
    assert shown.to_json()["evidence"][0]["sentence"].startswith(
        "its exact copy oil.md stands for it; found as passage"
    )
    assert lamps.why(QUESTIONS[0].text, k=30, copies="all").evidence[0].stands is None
    assert lamps.why(QUESTIONS[0].text, k=30, filters={"uri": "o/oil.md"}).evidence[0].stands is None
