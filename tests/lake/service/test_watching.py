"""What the service records of each question: the query log, the access log and the metrics."""

from __future__ import annotations

import json
import logging
import re
import shutil
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import lake
from expectations.feedback import compare_feedback
from flows.cli.app import _exit_status
from flows.cli.options import OK
from lake.answer import AnswerOptions, load_chat
from lake.answer.endpoint_chat import ChatTimeouts
from lake.endpoints.retry import Retries
from lake.errors import TransientError
from lake.records.schemas import SCORES
from lake.service.app import create_app
from lake.service.capacity import Capacity
from lake.service.keys import Key, KeyRing, digest_of
from lake.service.traffic_split import parse_split
from tests.lake.answer.conftest import ChatEndpoint
from tests.lake.service.conftest import Running, TwoReleases, _listening
from tests.lake.service.test_answers import events

AT = datetime(2026, 11, 20, tzinfo=UTC)
HR = "a-key-of-the-people-of-hr"
QUESTION = "Which oil does Lamp 7 burn? Tell anna@example.org"
DECLINED = "I don't have enough information to answer this question."


@pytest.fixture
def watched(two_releases: TwoReleases, tmp_path: Path, endpoint: ChatEndpoint) -> Iterator[Running]:
    """A service with a query log over a lake of its own."""
    others = shutil.ignore_patterns("feedback", "answer_feedback", "queries")
    shutil.copytree(two_releases.url, tmp_path / "lake", ignore=others)
    keys = KeyRing([Key("hr", digest_of(HR), ("hr",))], Key("anonymous"))
    limits = Capacity(rate=10_000, burst=10_000)
    chat = load_chat("openai:gpt-4o-mini", ChatTimeouts(timeout=20, retries=Retries(n_attempts=1)))
    words: dict[str, Any] = {"chat": chat, "answers": AnswerOptions(min_evidence=0.0), "query_log": True}
    running, stop = _listening(create_app(lake.open_lake(str(tmp_path / "lake")), keys, limits, **words), limits)
    yield running
    stop()


def logged(running: Running) -> list[dict[str, Any]]:
    assert running.service.log is not None
    running.service.log.flush()
    rows: list[dict[str, Any]] = running.service.index.queries().to_pylist()
    return rows


def figure(running: Running, name: str) -> float:
    found = re.search(rf"^{re.escape(name)} (\S+)$", running.get("/metrics").text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def test_each_outcome_is_logged_and_counted(
    watched: Running, endpoint: ChatEndpoint, two_releases: TwoReleases, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "raglake.access")
    endpoint.replies = deque(["Lamp 7 burns olive oil [1]. The moon is green [1].", DECLINED, "Olive oil [1]."])
    found = watched.post(text="lamp oil", k=3).json()
    watched.post(key=HR, text="nothing", k=3, filters={"uri": "missing.md"})
    watched.post("/answer", question=QUESTION, k=2)
    watched.post("/answer", question="Who is the king?", k=2)
    streamed = events(watched, question=QUESTION, k=2)
    watched.post(text="lamp", at="2001-01-01")
    rows = logged(watched)
    told = [(row["kind"], row["outcome"], row["error"], row["api_key"], len(row["hits"])) for row in rows]
    assert told == [
        ("search", "ok", None, "anonymous", 3),
        ("search", "empty", None, "hr", 0),
        ("answer", "ok", None, "anonymous", 2),
        ("answer", "declined", None, "anonymous", 2),
        ("answer", "ok", None, "anonymous", 2),
        ("search", "error", "no_release", "anonymous", 0),
    ]
    assert [hit["chunk_id"] for hit in rows[0]["hits"]] == [hit["chunk_id"] for hit in found["hits"]]
    answered = rows[2]
    assert answered["question"] == "Which oil does Lamp 7 burn? Tell [email]"
    assert answered["release"] == two_releases.after
    assert (answered["n_claims"], answered["n_flagged"]) == (2, 1)
    assert answered["n_input"] > 0
    assert answered["cost_usd"] > 0
    assert rows[4]["question_digest"] == answered["question_digest"]
    assert streamed[-1][0] == "answer"
    assert figure(watched, 'raglake_questions_total{key="hr",kind="search",outcome="empty"}') == 1
    assert figure(watched, 'raglake_answer_claims_total{state="flagged"}') == sum(row["n_flagged"] or 0 for row in rows)
    spent = 'raglake_model_usd_total{key="anonymous",model="gpt-4o-mini"}'
    assert figure(watched, spent) == pytest.approx(sum(row["cost_usd"] or 0 for row in rows))
    assert figure(watched, "raglake_query_log_rows_total") == len(rows)
    lines = [json.loads(record.message) for record in caplog.records if record.name == "raglake.access"]
    (line,) = [line for line in lines if line["id"] == answered["request_id"]]
    assert (line["kind"], line["outcome"], line["hits"], line["n_flagged"]) == ("answer", "ok", 2, 1)
    assert "anna" not in caplog.text


def test_chat_models_are_labelled_up_to_a_number(watched: Running) -> None:
    row = {"kind": "answer", "outcome": "ok", "api_key": "k", "cached": None, "degraded": [], "evidence": 1.0}
    figures = {"confidence": 1.0, "n_claims": 1, "n_flagged": 0, "n_input": 1, "n_output": 1, "cost_usd": None}
    for n in range(50):
        watched.service.metrics.served({**row, **figures, "chat_model": f"model-{n}"})
    models = set(re.findall(r'raglake_model_unpriced_total{model="([^"]+)"}', watched.get("/metrics").text))
    assert (len(models), "other" in models) == (21, True)


def test_a_lake_that_cannot_be_written_answers_all_the_same(watched: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise TransientError("no space left")

    monkeypatch.setattr("lake.records.daily_files.DailyFiles.write", full)
    assert watched.post(text="lamp oil").status_code == 200
    assert watched.service.log is not None
    watched.service.log.flush()
    assert figure(watched, "raglake_query_log_up") == 0
    assert figure(watched, "raglake_query_log_dropped_total") == 0
    monkeypatch.undo()
    assert len(logged(watched)) == 1


def test_an_answer_is_judged_with_a_comment(watched: Running, endpoint: ChatEndpoint, capsys: Any) -> None:
    endpoint.replies = deque(["Lamp 7 burns olive oil [1]."] * 3)
    answer = watched.post("/answer", question=QUESTION, k=2).json()
    said = {"query_id": answer["query_id"], "useful": False, "comment": "no, call +49 170 1234567", "session": "s"}
    assert watched.post("/feedback", **said).status_code == 200
    assert watched.post("/feedback", **said | {"comment": "still wrong"}).status_code == 200  # the same voter again
    assert watched.post("/feedback", **said | {"useful": True, "comment": None, "session": "t"}).status_code == 200
    for wrong in ({"comment": " "}, {"comment": "x" * 2001}, {"chunk_id": "0" * 32}, {"useful": 1}):
        assert watched.post("/feedback", **said | wrong).status_code == 422
    assert watched.post("/feedback", **said | {"query_id": "q1.x"}).status_code == 400
    kept = watched.service.index.answer_judgements().to_pylist()
    assert [row["comment"] for row in kept] == ["no, call [phone]", "still wrong", None]
    logged(watched)
    url = watched.service.index._lake.url
    assert _exit_status(["traffic", "--lake", url, "--json"]) == OK
    (unhappy,) = json.loads(capsys.readouterr().out)["unhappy"]
    assert (unhappy["disliked"], unhappy["comments"], unhappy["n"]) == (1, ["still wrong"], 1)
    assert _exit_status(["traffic", "--lake", url]) == OK
    told = capsys.readouterr().out
    assert "1 judged against, of 1" in told
    assert "anonymous" in told


def test_the_live_release_and_its_last_evaluation_are_gauges(watched: Running, two_releases: TwoReleases) -> None:
    of_question = {"release": two_releases.after, "set": "faq", "status": "scored", "settings": "{}"}
    rows = [
        {**dict.fromkeys(SCORES.names), **of_question, "question_id": f"{n}", "level": level, "measure": measure,
         "value": value, "settings": settings, "evaluated_at": AT + timedelta(hours=settings == "{}")}
        for n, value in enumerate((1.0, 0.5, 0.0))
        for level, measure in (("document", "R@10"), ("search", "seconds"))
        for settings in ("{}", '{"mode": "text"}')
    ]  # fmt: skip
    of_answers = [{**row, "level": "answer", "measure": "faithfulness", "settings": '{"model": "m"}', "value": 0.75}
                  for row in rows[:1]]  # fmt: skip
    rows[-1]["value"] = 1.0  # of the profile that was evaluated before
    watched.service.index.keep_scores(pa.Table.from_pylist([*rows, *of_answers], schema=SCORES))
    told = 'raglake_evaluation_score{level="document",measure="R@10",set="faq"}'
    assert figure(watched, told) == 0.5
    assert figure(watched, 'raglake_evaluation_score{level="answer",measure="faithfulness",set="faq"}') == 0.75
    assert "seconds" not in "".join(re.findall(r"raglake_evaluation_score{[^}]*}", watched.get("/metrics").text))
    assert figure(watched, 'raglake_evaluation_age_seconds{set="faq"}') > 0
    assert 0 < figure(watched, "raglake_live_age_seconds") < 86_400
    assert figure(watched, "raglake_live_documents") == 41


def test_a_profile_is_on_trial_and_its_feedback_is_told_apart(
    two_releases: TwoReleases, tmp_path: Path, endpoint: ChatEndpoint
) -> None:
    others = shutil.ignore_patterns("feedback", "answer_feedback", "queries")
    shutil.copytree(two_releases.url, tmp_path / "lake", ignore=others)
    profile = {"search": {"mode": "text"}, "model": "openai:other", "answers": {"max_tokens": 77}}
    (tmp_path / "words.json").write_text(json.dumps(profile))
    split = parse_split([f"{tmp_path}/words.json=0.5"])
    sessions = [f"session {n}" for n in range(40)]
    tried, usual = ([s for s in sessions if split.arm(s).variant == name] for name in ("words", "control"))
    index, limits = lake.open_lake(str(tmp_path / "lake")), Capacity(rate=10_000, burst=10_000)
    chat = load_chat("openai:gpt-4o-mini", ChatTimeouts(timeout=20, retries=Retries(n_attempts=1)))
    words: dict[str, Any] = {"chat": chat, "answers": AnswerOptions(min_evidence=0.0), "query_log": True}
    app = create_app(index, KeyRing([], Key("anonymous")), limits, split=split, **words)
    running, stop = _listening(app, limits)
    try:
        inside, outside = (running.post(text="lamp oil", k=2, session=one).json() for one in (tried[0], usual[0]))
        nowhere = running.post(text="lamp oil", k=2).json()
        assert [one["variant"] for one in (inside, outside, nowhere)] == ["words", "control", None]
        assert inside["release"] == outside["release"]
        assert inside["hits"][0]["vector_rank"] is None
        assert outside["hits"][0]["vector_rank"] is not None
        batch = running.post("/query/batch", session=tried[0], queries=[{"text": "lamp oil", "k": 2}]).json()
        assert [(row["variant"], row["query_id"]) for row in batch["results"]] == [("words", inside["query_id"])]
        answered = running.post("/answer", question=QUESTION, k=2, session=tried[0]).json()
        assert (answered["variant"], endpoint.requests[-1]["model"]) == ("words", "other")
        assert endpoint.requests[-1].get("max_completion_tokens", endpoint.requests[-1].get("max_tokens")) == 77
        streamed = events(running, question=QUESTION, k=2, session=tried[0])
        assert streamed[-1][1]["variant"] == "words"
        for found, useful in ((inside, True), (outside, False)):
            given = {"query_id": found["query_id"], "chunk_id": found["hits"][0]["chunk_id"], "useful": useful}
            assert running.post("/feedback", **given).status_code == 200
        running.post("/feedback", query_id=answered["query_id"], useful=True)
        rows = index.judgements().to_pylist()
        assert [(row["variant"], row["useful"]) for row in rows] == [("words", True), ("control", False)]
        assert index.answer_judgements()["variant"].to_pylist() == ["words"]
        assert [row["variant"] for row in logged(running)] == ["words", "control", None, "words", "words", "words"]
        compared = compare_feedback(rows, "control", "words")
        assert (compared.a.share, compared.b.share) == (0.0, 1.0)
    finally:
        stop()
