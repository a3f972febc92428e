"""Judgements of passages: who may give them, what is kept, what erasure takes along, and questions made of them."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import lake
from flows.cli.app import _exit_status
from flows.cli.options import OK, USAGE
from flows.reindex import Outcome
from lake.directory import Lake
from lake.erasure.forget import forget
from lake.errors import UsageError
from lake.ids import derived_id
from lake.maintenance.doctor.checks import examine
from lake.maintenance.doctor.repair import repair
from lake.maintenance.prune import prune
from lake.options import RecipeOptions, Retention
from lake.questions import questions, resolve
from lake.questions.from_feedback import from_feedback
from lake.questions.reviewing import accept, turn_down
from lake.records.feedback import PASSAGES
from lake.search.query_ids import MAX_QUESTION, query_id, searched
from lake.storage import clock
from tests.lake.patterns import copied, pattern_of

OIL, PAY, SAIL = "How much oil does the pump need?", "what does the stoker earn", "who mends a torn sail"
TEXTS = {
    "pump.md": "# Pump\n\nThe pump needs four litres of oil, and no more than that.\n",
    "pay.md": "---\nacl: [hr]\n---\n# Pay\n\nThe stoker earns seven ducats and a herring.\n",
    "sail.md": "# Sail\n\nWhoever tears a sail mends it, before the moon is full.\n",
}


@pytest.fixture(scope="module")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pattern_of(tmp_path_factory.mktemp("pattern"), TEXTS)


@pytest.fixture
def index(pattern: Path, source: Path, lake_url: str) -> lake.query.Index:
    copied(pattern, source, lake_url)
    return lake.open_lake(lake_url)


def judge(index: Any, question: str, uri: str, useful: bool = True, **who: Any) -> str:
    hits = index.search(question, 5, principals="*")
    chunk = next(row["chunk_id"] for row in hits.to_pylist() if row["uri"] == uri)
    return str(index.feedback(hits.query_id, chunk, useful, **who))


def test_what_is_said_is_kept_with_its_place_and_release(index: Any, lake_url: str) -> None:
    name = judge(index, OIL, "pump.md", voter="anna@example.org")
    (row,) = index.judgements().to_pylist()
    assert {row["feedback_id"], row["release"]} == {name, index.release().id}
    assert (row["question"], row["useful"], row["uri"]) == (OIL, True, "pump.md")
    text = Lake(lake_url).contents
    text.refresh()
    assert "four litres of oil" in row["quote"]
    assert row["voter"] == derived_id("voter", "anna@example.org")
    assert all(b"anna" not in path.read_bytes() for path in Path(lake_url, PASSAGES.folder).rglob("*.parquet"))
    again = lake.open_lake(lake_url).search(OIL, 5, principals="*")
    assert again.query_id == index.search(OIL, 2, mode="text").query_id


def test_what_may_not_be_seen_reads_as_what_is_not_there(index: Any) -> None:
    hits = index.search(PAY, 5, principals="*")
    named = hits.query_id
    pay = next(row["chunk_id"] for row in hits.to_pylist() if row["uri"] == "pay.md")
    messages = []
    for chunk in (pay, "0" * 32, "x' OR 'a'='a"):
        with pytest.raises(UsageError, match="no chunk") as refused:
            index.feedback(named, chunk, True, principals=["sales"])
        messages.append(str(refused.value).replace(repr(chunk), "it"))
    assert len(set(messages)) == 1
    assert index.judgements().num_rows == 0
    index.feedback(named, pay, False, principals=["hr"])
    assert index.judgements().column("useful").to_pylist() == [False]


def packed(value: Any) -> str:
    return "q1." + base64.urlsafe_b64encode(b"123456" + json.dumps(value).encode()).decode().rstrip("=")


good = query_id("2026-11-21", OIL) or ""
WRONG = [
    *("", "q1.", good[:-3], good[:-1] + ("A" if good[-1] != "A" else "B"), good + "!", "q2." + good[3:], "é" * 9),
    *(packed(["2026-11-21", OIL]), packed({}), packed(["r", " " * 9000]), packed(["r", OIL, 1])),
    *("q1." + "W1tb" * 4000, "q1." + "A" * 30_000),
]


@pytest.mark.parametrize("wrong", WRONG, ids=range(len(WRONG)))
def test_an_id_that_was_damaged_is_refused(wrong: str) -> None:
    with pytest.raises(UsageError, match="not the query_id"):
        searched(wrong)


def test_other_wrong_words_are_refused(index: Any) -> None:
    hits = index.search(OIL, 5)
    named, chunk = hits.query_id, hits.column("chunk_id")[0].as_py()
    for words in ({"useful": 1}, {"useful": True, "voter": ""}, {"useful": True, "voter": "x" * 201}):
        with pytest.raises(UsageError):
            index.feedback(named, chunk, **words)
    with pytest.raises(UsageError, match="2020"):
        index.feedback(query_id("2020-01-01", OIL), chunk, True)
    assert index.search("pump " * MAX_QUESTION, 1).query_id is None


def test_votes_become_questions_that_nobody_has_reviewed(index: Any, lake_url: str, source: Path, ingest: Any) -> None:
    for voter in "abc":
        judge(index, OIL, "pump.md", voter=voter)
        judge(index, f" {OIL} ", "sail.md", useful=False, voter=voter)
    judge(index, OIL, "pump.md", useful=False, voter="a")  # who thought better of it
    judge(index, SAIL, "sail.md", voter="a")
    judge(index, SAIL, "sail.md", useful=False, voter="b")
    judge(index, PAY, "pay.md", principals=["hr"])
    judge(index, "is there a herring", "sail.md", useful=False)
    judge(index, "is there a herring", "sail.md", useful=False)
    place = Lake(lake_url)
    found = from_feedback(place, "people", at_least=2)
    assert (found.n_judgements, found.drafted, found.n_too_few, found.n_nothing_useful) == (12, (OIL,), 1, 2)
    assert [(one.question, one.useful, one.useless) for one in found.conflicting] == [(SAIL, 1, 1)]
    (question,) = questions(place, "people")
    assert (question.origin, question.reviewed) == ("feedback", False)
    assert sorted((piece.uri, piece.grade) for piece in question.evidence) == [("pump.md", 1), ("sail.md", 0)]
    ingest(
        settings=RecipeOptions(embedder="hash", strategy="window", child_tokens=30, overlap_tokens=0),
        change_recipe=True,
    )
    assert [one.left_out for one in resolve(place, place.log.read().resolve("live"), [question])] == [""]


def test_what_a_person_decided_stays(index: Any, lake_url: str) -> None:
    place = Lake(lake_url)
    judge(index, OIL, "pump.md")
    judge(index, SAIL, "sail.md")
    assert len(from_feedback(place, "people").drafted) == 2
    oil, sail = sorted(questions(place, "people"), key=lambda one: one.text)
    accept(place, oil)
    turn_down(place, sail)
    judge(index, OIL, "sail.md")
    found = from_feedback(place, "people")
    assert (found.drafted, found.n_decided) == ((), 2)
    (left,) = questions(place, "people")
    assert (left.reviewed, left.evidence) == (True, oil.evidence)


def test_erasure_takes_what_was_said_along_and_proves_it(index: Any, lake_url: str) -> None:
    judge(index, OIL, "pump.md")
    judge(index, SAIL, "sail.md")
    judge(index, "does the stoker get a herring or ducats", "sail.md")  # speaks in words of what is erased alone
    judge(index, PAY, "pay.md", principals=["hr"])
    chunk = index.search(PAY, 5, principals="*")
    pay = next(row["chunk_id"] for row in chunk.to_pylist() if row["uri"] == "pay.md")
    planted = {path: Path(lake_url, path).read_bytes() for path in PASSAGES.paths(Lake(lake_url))}
    proof = forget(Lake(lake_url), why="request", uri="pay.md").proof
    assert proof is not None
    assert proof.holds
    assert sorted(index.judgements().column("question").to_pylist()) == sorted([OIL, SAIL])
    with pytest.raises(UsageError):
        index.feedback(chunk.query_id, pay, True, principals="*")
    for path, data in planted.items():  # as a copy of the lake would bring it back
        Path(lake_url, path).write_bytes(data)
    ailing = [issue.where for issue in examine(Lake(lake_url)).issues]
    assert len(ailing) == 1
    assert ailing[0].startswith(f"{PASSAGES.folder}/")
    assert [issue.where for issue in repair(Lake(lake_url)).fixed] == ailing
    assert set(index.judgements().column("uri").to_pylist()) == {"pump.md", "sail.md"}


def test_many_writers_and_prune_lose_nothing(
    index: Any, lake_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    hits = index.search(OIL, 3)
    named, chunk = hits.query_id, hits.column("chunk_id")[0].as_py()
    with ThreadPoolExecutor(8) as pool:
        given = set(pool.map(lambda n: index.feedback(named, chunk, n % 2 == 0), range(40)))
    place, now = Lake(lake_url), clock.now()
    assert (len(given), len(PASSAGES.paths(place))) == (40, 40)
    prune(place)
    assert len(PASSAGES.paths(place)) == 40  # their day is not over
    one = {path: Path(lake_url, path).read_bytes() for path in PASSAGES.paths(place)[:1]}
    monkeypatch.setattr("lake.storage.clock.now", lambda: now + timedelta(days=3))
    dry = prune(place, Retention(grace_hours=24), dry_run=True).vacuumed.n_files
    assert dry >= 39
    assert len(PASSAGES.paths(place)) == 40
    prune(place, Retention(grace_hours=24))
    assert len(PASSAGES.paths(place)) == 1
    for path, data in one.items():  # it died before all were deleted
        Path(lake_url, path).write_bytes(data)
    assert set(PASSAGES.read(place).column("feedback_id").to_pylist()) == given
    assert PASSAGES.read(place).num_rows == 40
    assert examine(place).issues == ()
    Path(lake_url, PASSAGES.paths(place)[0]).write_bytes(b"PAR1 broken")
    assert [issue.check for issue in examine(place).issues] == ["feedback"]


def test_the_commands(index: Any, lake_url: str, capsys: pytest.CaptureFixture[str], source: Path, ingest: Any) -> None:
    before = index.release().id
    for n in range(9):
        judge(index, OIL, "pump.md", useful=n == 0, voter=f"a{n}")
    (source / "pump.md").write_text(TEXTS["pump.md"] + "\nIt drinks from May on.\n")
    ingest()
    for n in range(9):
        judge(index, OIL, "pump.md", useful=n != 0, voter=f"b{n}")
    assert _exit_status(["feedback", "compare", before, "live", "--lake", lake_url, "--json"]) == OK
    found = json.loads(capsys.readouterr().out)
    assert (found["word"], found["a"]["useful"], found["b"]["useful"], found["b"]["n"]) == ("better", 1, 8, 9)
    assert found["difference"] == pytest.approx(7 / 9)
    assert found["low"] < found["difference"] < found["high"] < 1.01
    assert _exit_status(["feedback", "compare", "live", before, "--lake", lake_url]) == OK
    assert "B is worse: -0.778" in capsys.readouterr().out
    assert _exit_status(["feedback", "list", "--lake", lake_url]) == OK
    assert "11.1%" in capsys.readouterr().out
    judge(index, SAIL, "sail.md")
    judge(index, SAIL, "sail.md", useful=False)
    assert _exit_status(["questions", "from-feedback", "--set", "s", "--lake", lake_url]) == OK
    printed = capsys.readouterr().out
    assert "1 question drafted in the set s" in printed
    assert f"conflicting: {SAIL} (sail.md: 1 useful, 1 not)" in printed
    for words in (["compare", "live", "live"], ["compare", before, "live", "--since", "2999-01-01"],
                  ["compare", before, "live", "--since", "soon"]):  # fmt: skip
        assert _exit_status(["feedback", *words, "--lake", lake_url]) == USAGE


def test_on_an_object_store(bucket: str, source: Path, ingest: Callable[..., Outcome]) -> None:
    for name, text in TEXTS.items():
        (source / name).write_text(text)
    ingest(lake=f"{bucket}/lake")
    index = lake.open_lake(f"{bucket}/lake")
    kept = {judge(index, OIL, "pump.md"), judge(index, SAIL, "sail.md")}
    assert set(index.judgements().column("feedback_id").to_pylist()) == kept
    proof = forget(Lake(f"{bucket}/lake"), why="request", uri="sail.md").proof
    assert proof is not None
    assert proof.holds
    assert index.judgements().column("uri").to_pylist() == ["pump.md"]
