"""Questions that nothing answers: declining them is right, and declining others is not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import lake
from expectations.answers import evaluate_answers
from expectations.comparison import compare
from expectations.declining import ANSWERED, DECLINED, separation
from expectations.retrieval import evaluate
from expectations.scoring import scores_of
from flows.reindex import Outcome
from lake.answer.chat import Completion
from lake.answer.declining import MARKER
from lake.directory import Lake
from lake.endpoints.usage import Usage
from lake.errors import UsageError
from lake.options import RecipeOptions
from lake.questions import add, anchored, load

ASKED = [
    {"question": "Which oil does the harbour lamp burn?", "uri": "lamp.md"},
    {"question": "When does the ferry to the island leave?", "uri": "ferry.md"},
    {"question": "Why do zebrafish regenerate fins?", "answerable": False},
]


class Declines:
    """A model that knows nothing, and stands for a provider's."""

    name = "stub:declines"

    def complete(self, messages: object, **_: object) -> Completion:
        return Completion(MARKER, Usage(), self.name, "stop", 0.0)

    def stream(self, messages: object, **_: object) -> Iterator[str | Completion]:
        yield self.complete(messages)


@pytest.fixture
def index(source: Path, lake_url: str, ingest: Callable[..., Outcome]) -> lake.Index:
    (source / "lamp.md").write_text("# Lamp\n\nThe harbour lamp does burn whale oil.\n")
    (source / "ferry.md").write_text("# Ferry\n\nThe ferry to the island does leave at noon.\n")
    ingest(settings=RecipeOptions(embedder="hash"))
    return lake.open_lake(lake_url)


def keep(index: lake.Index, lake_url: str, path: Path, rows: list[dict[str, object]]) -> None:
    path.write_text("\n".join(map(json.dumps, rows)))
    place = Lake.existing(lake_url)
    add(place, anchored(place, place.log.read().live, load("jsonl", str(path), set="harbour")))


def test_declines_what_nothing_answers(index: lake.Index, lake_url: str, tmp_path: Path) -> None:
    keep(index, lake_url, tmp_path / "q.jsonl", ASKED[:2])
    before = scores_of(index, index.questions(), how={"mode": "text"})
    assert "evidence" not in before["level"].to_pylist()  # nothing to decline
    keep(index, lake_url, tmp_path / "q.jsonl", ASKED)
    rows = scores_of(index, index.questions(), how={"mode": "text"})
    told = {(row["measure"], row["value"]) for row in rows.to_pylist() if row["level"] == "evidence"}
    assert told == {(ANSWERED, 1.0), (DECLINED, 1.0)}
    assert set(rows["status"].to_pylist()) == {"scored"}
    found = separation(rows)
    assert found
    assert (found["n_answerable"], found["n_unanswerable"], found["auc"]) == (2, 1, 1.0)
    assert found["thresholds"][0]["answered"] == 1.0
    # Kept scores are used again, and compared like any other.
    assert scores_of(index, index.questions(), how={"mode": "text"}).equals(rows)
    [one] = compare(rows, rows, [("evidence", DECLINED)])
    assert (one.a, one.judgement.n) == (1.0, 1)


def test_measures_no_ranking_of_a_question_without_an_answer(index: lake.Index, lake_url: str, tmp_path: Path) -> None:
    keep(index, lake_url, tmp_path / "q.jsonl", ASKED)
    done = evaluate(index, index.questions(), how={"mode": "text"})
    assert not done.left_out
    assert len(done.found) == 2
    [without] = [one.question.question_id for one in done.resolved if one.question.is_unanswerable]
    levels = {row["level"] for row in done.rows.to_pylist() if row["question_id"] == without}
    assert levels == {"evidence", "search"}


def test_an_answer_that_declines_is_right(index: lake.Index, lake_url: str, tmp_path: Path) -> None:
    keep(index, lake_url, tmp_path / "q.jsonl", ASKED)
    done = evaluate_answers(index, index.questions(), how={"mode": "text"}, chat=Declines())
    values = {(row["measure"], row["value"]) for row in done.rows.to_pylist() if row["level"] == "answer"}
    assert {("declined", 1.0), ("answered", 0.0)} <= values


@pytest.mark.parametrize(
    ("format", "text"),
    [
        ("jsonl", '{"question": "Who?", "answerable": false}'),
        ("jsonl", '{"question": "Who?", "answerable": false, "evidence": []}'),
        ("csv", "question,uri,answerable\nWho?,,false\n"),
        ("squad", '{"data": [{"paragraphs": [{"context": "x", "qas": '
                  '[{"id": 1, "question": "Who?", "is_impossible": true, "answers": []}]}]}]}'),
    ],
)  # fmt: skip
def test_formats_state_that_nothing_answers(tmp_path: Path, format: str, text: str) -> None:
    path = tmp_path / "questions"
    path.write_text(text)
    [question] = load(format, str(path), set="s")
    assert question.is_unanswerable
    assert question.tags == ("unanswerable",)


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ('{"question": "Who?", "answerable": false, "uri": "a.md"}', "yet names evidence"),
        ('{"question": "Who?", "answerable": "perhaps"}', "must be true or false"),
        ('{"question": "Who?", "answerable": true}', "names no uri"),
    ],
)
def test_refuses_what_contradicts_itself(tmp_path: Path, line: str, named: str) -> None:
    path = tmp_path / "q.jsonl"
    path.write_text(line)
    with pytest.raises(UsageError, match=named):
        load("jsonl", str(path), set="s")
