"""One import of ground truth, many ways of cutting and asking: what is measured is what stands in the tables."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import lake
from expectations.comparison import compare
from expectations.measures import of_rankings
from expectations.retrieval import Evaluation, evaluate, grades_of
from expectations.scoring import scores_of
from expectations.summary import counts, latencies, means
from expectations.trec import write
from flows.reindex import Outcome
from lake.directory import Lake
from lake.errors import UsageError
from lake.index import Index
from lake.options import RecipeOptions
from lake.questions import EvalQuestion, Evidence, Place, Resolved, add, anchored, load

LAMPS = "# Lamps\n\n" + " ".join(f"Lamp {n} burns oil of kind {n}, and its wick wants trimming." for n in range(40))
TIDES = "# Tides\n\nHigh water is at six.\n\n## Springs\n\nA spring tide comes with the new moon, twice a month.\n"
CUTS = [
    {"child_tokens": 24, "overlap_tokens": 8, "heading_tokens": 8, "parent_tokens": 100},
    {"child_tokens": 48, "overlap_tokens": 0, "parent_tokens": 400},
    {"strategy": "window", "child_tokens": 60, "overlap_tokens": 0, "heading_tokens": 0},
    {"strategy": "paragraph"},
]
ROWS = [
    {"id": "1", "question": "What does lamp 17 burn?", "language": "en",
     "evidence": [{"uri": "lamps.md", "quote": "Lamp 17 burns oil of kind 17,"}]},
    {"id": "2", "question": "When is high water?", "uri": "tides.md", "quote": "High water is at six.", "grade": 2},
    {"id": "3", "question": "Which wicks want trimming, and when comes a spring tide?",
     "evidence": [{"uri": "lamps.md", "quote": "Lamp 3 burns oil of kind 3, and its wick wants trimming."},
                  {"uri": "tides.md", "quote": "A spring tide comes with the new moon"}]},
    {"id": "4", "question": "Is there something about boats?", "uri": "boats.md"},
]  # fmt: skip


@pytest.fixture
def built(source: Path, lake_url: str, ingest: Callable[..., Outcome]) -> Index:
    """A lake with a release and the four questions."""
    for name, text in (("lamps.md", LAMPS), ("tides.md", TIDES), ("boats.md", "# Boats\n\nBoats need no oil.\n")):
        (source / name).write_text(text)
    ingest(settings=RecipeOptions(embedder="hash", **CUTS[0]))  # type: ignore[arg-type]
    path = source.parent / "harbour.jsonl"
    path.write_text("\n".join(map(json.dumps, ROWS)))
    keep(lake_url, *load("jsonl", str(path), set="harbour"))
    return lake.open_lake(lake_url)


def keep(url: str, *asked: EvalQuestion) -> None:
    place = Lake.existing(url)
    add(place, anchored(place, place.log.read().live, list(asked)))


def values(evaluation: Evaluation, level: str, measure: str) -> dict[str, float]:
    rows = pl.DataFrame(evaluation.rows).filter(pl.col("level") == level, pl.col("measure") == measure)
    names = {one.question.question_id: one.question.key or "" for one in evaluation.resolved}
    return {names[name]: value for name, value in rows.select("question_id", "value").iter_rows()}


def characters(index: Index, found: list[dict[str, Any]], wanted: list[tuple[str, str]]) -> dict[str, float]:
    """chunking_evaluation's recall, precision and IoU, letter by letter, from the texts of the chunks themselves."""
    chunks = {row["chunk_id"]: row for row in index.dataset("chunks").to_table().to_pylist()}
    texts = {"lamps.md": LAMPS, "tides.md": TIDES}
    letters = {(uri, texts[uri].index(quote) + n) for uri, quote in wanted for n in range(len(quote))}
    passages = [chunks[hit["chunk_ids"][0]] for hit in found]
    held = [(row["uri"], row["start"] + n) for row in passages for n in range(len(row["text"]))]
    shared, unused = letters & set(held), letters - set(held)
    return {"recall": len(shared) / len(letters), "precision": len(shared) / len(held),
            "IoU": len(shared) / (len(held) + len(unused))}  # fmt: skip


def test_one_import_scores_under_four_chunkings_and_two_embedders(
    built: Index, lake_url: str, ingest: Callable[..., Outcome]
) -> None:
    stored = Path(lake_url, "questions", "0000000001.parquet").read_bytes()
    recalls = {}
    for cut, embedder in zip(CUTS, cycle(["hash", "minilm"]), strict=False):
        release = ingest(settings=RecipeOptions(embedder=embedder, **cut), change_recipe=True)  # type: ignore[arg-type]
        for mode in ("text", "vector"):
            done = evaluate(built, built.questions(), how={"mode": mode})
            assert (done.left_out, done.failures) == ([], {})
            # So small a lake is found whole, by vectors; whatever is judged must be among it, at each level.
            for level, names in (("document", "1234"), ("parent", "123"), ("chunk", "123")):
                found = values(done, level, "R@100")
                assert found.keys() == set(names)
                assert mode == "text" or found == dict.fromkeys(names, 1.0)
            for one in done.scored:
                key, wanted = one.question.key or "", [(e.uri, e.quote or "") for e in one.question.evidence]
                if key != "4":
                    directly = characters(built, (done.found[one.question.question_id] or [])[:5], wanted)
                    measured = {name: values(done, "span", f"{name}@5")[key] for name in directly}
                    assert measured == pytest.approx(directly)
                    recalls[release.release, mode, key] = measured["recall"]
    assert [recall for (_, mode, key), recall in recalls.items() if (mode, key) == ("text", "2")] == [1.0] * len(CUTS)
    assert Path(lake_url, "questions", "0000000001.parquet").read_bytes() == stored
    assert len(Lake.existing(lake_url).store.names("questions")) == 1


def test_failing_and_finding_nothing_count_as_nothing_and_lost_evidence_does_not_count(
    built: Index, lake_url: str
) -> None:
    there = (Evidence("tides.md", quote="High water"),)
    keep(
        lake_url,
        EvalQuestion("odd", "six " * 6000, "long", evidence=there),  # longer than a search allows
        EvalQuestion("odd", "Zxqvj?", "nothing", evidence=there),
        EvalQuestion(
            "odd", "High water?", "good", evidence=(*there, Evidence("boats.md", grade=0), Evidence("x.md", grade=0))
        ),
        EvalQuestion("odd", "High water where?", "gone", evidence=(*there, Evidence("charts.md"), Evidence("maps.md"))),
        EvalQuestion(
            "odd", "High water, perhaps?", "moved", evidence=(Evidence("tides.md", quote="Low water is at noon"),)
        ),
    )
    done = evaluate(built, built.questions("odd"), how={"mode": "text"})
    assert values(done, "document", "nDCG@10") == {"long": 0.0, "nothing": 0.0, "good": 1.0}
    assert values(done, "span", "IoU@5")["nothing"] == 0.0
    assert {one.question.key: one.left_out for one in done.left_out} == {"gone": "absent", "moved": "text gone"}
    (why,) = done.failures.values()
    assert "characters" in why
    tallied = {row["status"]: row["n"] for row in counts(done.rows)}
    assert tallied == {"scored": 2, "failed": 1, "absent": 1, "text gone": 1}
    (mean,) = means(done.rows, measures=[("document", "nDCG@10")])
    assert (mean["n"], mean["mean"]) == (3, pytest.approx(1 / 3))
    with pytest.raises(UsageError, match="characters"):
        evaluate(built, [one for one in built.questions("odd") if one.key == "long"])
    for how in ({"mode": "telepathy"}, {"alpha": 7}, {"colour": 1}, {"k": 5}):
        with pytest.raises(UsageError):
            evaluate(built, built.questions("odd"), how=how)


def test_what_the_chunker_dropped_stays_in_the_ideal() -> None:
    quotes = (Evidence("a.md", quote="oil"), Evidence("a.md", quote="wick"))
    places = (Place(quotes[0], "a", 0, 3, ("c1",), ("p1",)), Place(quotes[1], "a", 9, 13))
    grades = grades_of(Resolved(EvalQuestion("s", "What?", evidence=quotes), places, ()), "chunk")
    assert of_rankings({"q": grades}, {"q": ["c1"]}, ["R@10"])["q"]["R@10"] == 0.5


def test_scores_are_kept_and_taken_again_while_the_questions_are_the_same(built: Index, lake_url: str) -> None:
    questions, release = built.questions(), built.release().id
    assert built.scores().num_rows == 0
    rows = scores_of(built, questions, how={"mode": "text"})
    assert built.scores().equals(rows)
    moment = rows.column("evaluated_at")[0]
    assert scores_of(built, questions, release, {"mode": "text"}).equals(rows)
    assert scores_of(built, questions[:2], release, {"mode": "text"}).num_rows < rows.num_rows
    assert scores_of(built, questions, how={"mode": "text"}, again=True).column("evaluated_at")[0] != moment
    keep(lake_url, replace(questions[0], evidence=(Evidence("boats.md"),)))
    fresh = scores_of(built, built.questions(), how={"mode": "text"})
    assert fresh.column("evaluated_at")[0] != moment
    (document,) = [one for one in compare(rows, fresh) if (one.level, one.measure) == ("document", "RR")]
    assert questions[0].question_id not in document.pairs["question_id"]  # it has other evidence now
    assert document.judgement.n == 3


def test_trec_files_say_what_was_measured(built: Index, tmp_path: Path) -> None:
    done = [evaluate(built, built.questions(), how={"mode": mode}) for mode in ("text", "hybrid")]
    paths = write(tmp_path / "trec", done)
    assert [path.name for path in paths] == ["harbour.qrels", "harbour.text.run", "harbour.hybrid.run"]
    judged: dict[str, dict[str, int]] = {}
    for line in paths[0].read_text().splitlines():
        question, _, document, grade = line.split()
        judged.setdefault(question, {})[document] = int(grade)
    assert judged == {
        "1": {"lamps.md": 1},
        "2": {"tides.md": 2},
        "3": {"lamps.md": 1, "tides.md": 1},
        "4": {"boats.md": 1},
    }
    for path, evaluation in zip(paths[1:], done, strict=True):
        ranked: dict[str, list[tuple[float, str]]] = {question: [] for question in judged}
        for line in path.read_text().splitlines():
            question, _, document, _, score, _ = line.split()
            ranked[question].append((-float(score), document))
        found = of_rankings(
            judged, {q: [name for _, name in sorted(run)] for q, run in ranked.items()}, ["nDCG@10", "AP"]
        )
        for measure in ("nDCG@10", "AP"):
            assert values(evaluation, "document", measure) == {q: found[q][measure] for q in found}


def test_names_in_trec_files_are_never_two_things(
    built: Index, source: Path, lake_url: str, ingest: Callable[..., Outcome], tmp_path: Path
) -> None:
    (source.parent / "other").mkdir()
    (source.parent / "other" / "my tides.md").write_text(TIDES + "\nNeap tides are lower.\n")
    ingest(
        sources=(f"a={source}", f"b={source.parent / 'other'}"),
        settings=RecipeOptions(embedder="hash", **CUTS[0]),
        allow_removals=9,
    )  # type: ignore[arg-type]
    evidence = (Evidence("my tides.md", source="b"), Evidence("tides.md", source="a"))
    keep(
        lake_url,
        EvalQuestion("two", "When is high water?", evidence=evidence),
        EvalQuestion("two", "High water?", evidence=evidence),
    )
    qrels, run = write(tmp_path, [evaluate(built, built.questions("two"))])
    # The lake still holds the source under its first name, whose documents stand for the copies in "a".
    assert {line.split()[2] for line in qrels.read_text().splitlines()} == {"b/my%20tides.md", f"{source}/tides.md"}
    ids = {question.question_id for question in built.questions("two")}
    assert {line.split()[0] for line in run.read_text().splitlines()} == ids
    assert all(len(line.split()) == 6 for line in run.read_text().splitlines())


def test_slices_part_the_questions(built: Index) -> None:
    rows = evaluate(built, built.questions(), how={"mode": "text"}).rows
    (whole,) = means(rows, measures=[("document", "RR")])
    for by in ("source", "media_type", "language", "length"):
        parts = means(rows, [by], [("document", "RR")])
        assert sum(part["n"] for part in parts) == whole["n"] == 4
        assert sum(part["n"] * part["mean"] for part in parts) == pytest.approx(whole["n"] * whole["mean"])
    lengths = {part["length"]: part["n"] for part in means(rows, ["length"], [("document", "RR")])}
    assert lengths == {"up to 5 words": 3, "up to 12 words": 1}
    with pytest.raises(UsageError, match="can't be sliced by"):
        means(rows, ["colour"])
    (seconds,) = latencies(rows)
    assert 0 < seconds["p50"] <= seconds["p95"] <= seconds["p99"]


def test_a_question_that_lost_a_part_of_its_evidence_is_measured_by_stated_rules(
    built: Index, source: Path, lake_url: str, ingest: Callable[..., Outcome]
) -> None:
    names = [f"log{n}.md" for n in range(4)]
    for n, name in enumerate(names):
        (source / name).write_text(f"The keeper's logbook, volume {n}.")
    ingest(settings=RecipeOptions())
    keep(lake_url, EvalQuestion("part", "keeper's logbook", evidence=tuple(map(Evidence, names))))

    def measured() -> Evaluation:
        return evaluate(built, built.questions("part"), how={"mode": "text"})

    assert recall_of(measured()) == (1.0, 0)
    (source / names[0]).write_bytes(b"\x00\xff" * 300)
    ingest(settings=RecipeOptions())
    assert recall_of(measured()) == (0.75, 1), "what the pipeline lost stays in the ideal"
    for name in names[:2]:
        (source / name).unlink()
    ingest(settings=RecipeOptions(), allow_removals=5)
    assert recall_of(measured()) == (1.0, 1), "what the source took away leaves the ideal, while half remains"
    (source / names[2]).unlink()
    ingest(settings=RecipeOptions(), allow_removals=5)
    assert [one.left_out for one in measured().left_out] == ["absent"]


def recall_of(done: Evaluation) -> tuple[float, int]:
    (recall,) = values(done, "document", "R@10").values()
    return recall, len(done.measured_in_part)


def test_a_hundred_documents_are_looked_at_although_one_has_hundreds_of_chunks(
    built: Index, source: Path, lake_url: str, ingest: Callable[..., Outcome]
) -> None:
    (source / "long.md").write_text("\n\n".join(f"Beacon {n} beacon beacon of oak and iron." for n in range(300)))
    for n in range(30):
        (source / f"pier{n}.md").write_text(
            f"Pier {n} has one beacon among many other things that are kept there, {n}."
        )
    ingest(settings=RecipeOptions())
    keep(lake_url, EvalQuestion("deep", "beacon", evidence=tuple(Evidence(f"pier{n}.md") for n in range(30))))
    done = evaluate(built, built.questions("deep"), how={"mode": "text"})
    (found,) = done.found.values()
    assert found is not None
    assert len({hit["uri"] for hit in found[:100]}) == 1
    assert list(values(done, "document", "R@100").values()) == [1.0]
    assert list(values(done, "document", "nDCG@10").values()) != [0.0]
