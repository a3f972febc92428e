"""A judge's verdicts on a sample of logged requests."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import lake
from expectations.judged_traffic import JudgedTraffic, judge_traffic, series
from flows.reindex import Job, reindex
from flows.steps import PlainSteps
from lake import operate
from lake.answer.declining import MARKER
from lake.directory import Lake
from lake.errors import ContractError
from lake.options import QueryLogOptions, RecipeOptions
from lake.options.judging import JudgingOptions
from lake.records.judged_traffic import JUDGED_TRAFFIC
from lake.records.query_log import QUERIES, KeptQuestion
from lake.reporting import silent

AT = datetime.now(UTC)
KEPT = KeptQuestion(QueryLogOptions())
OIL, LIT, MOON = "How much oil does the pump need?", "When is the lamp lit?", "Who is on the moon?"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("judged")
    (source := folder / "source").mkdir()
    (source / "pump.md").write_text("# Pump\n\nThe pump needs 3 litres of whale oil. Anna checks it.\n")
    (source / "lamp.md").write_text("# Lamp\n\nThe lamp is lit at dusk by the keeper of the house.\n")
    job = Job(sources=(str(source),), lake=str(folder / "lake"), settings=RecipeOptions(embedder="hash"))
    with PlainSteps(n_workers=1) as steps:
        reindex(job, steps)
    return job.lake


def log(url: str, *questions: str, **words: Any) -> None:
    """Log each question with what it finds, except for that about the moon, which found nothing."""
    index, kept, rows = lake.open_lake(url), KeptQuestion(QueryLogOptions(**words)), []
    for number, text in enumerate(questions):
        found = [] if text == MOON else index.search(text, 1).to_pylist()
        hits = [{name: hit[name] for name in ("chunk_id", "doc_id", "score")} for hit in found]
        told = {
            "log_id": f"{text} {number} of {len(questions)} {words}",
            "asked_at": AT,
            "kind": "search",
            "api_key": "web",
            "hits": hits,
        }
        told |= {"outcome": "ok" if hits else "empty", "release": index.release().id, "question": text, "degraded": []}
        rows.append(kept.row({**dict.fromkeys(QUERIES.schema.names), **told}))
    QUERIES.write(Lake.existing(url), rows)


@pytest.fixture
def logged(url: str) -> str:
    Lake.existing(url).store.delete_folder("queries")
    Lake.existing(url).store.delete_folder("judged_traffic")
    log(url, OIL, LIT, MOON)
    return url


def model(request: dict[str, Any]) -> str:
    """Answers, and judges."""
    prompt = "\n".join(message["content"] for message in request["messages"])
    if "Split the answer into" in prompt:
        verdicts = ("supported", "not stated")
        return json.dumps({"claims": [{"claim": "c", "verdict": verdict} for verdict in verdicts]})
    if "How far does the answer" in prompt:
        return json.dumps({"reason": "r", "verdict": "full"})
    return "3 litres of oil [1]. The moon is blue [1]." if OIL in prompt else MARKER


def judged(url: str, **words: Any) -> JudgedTraffic:
    chosen = JudgingOptions(**{"judge": "openai:gpt-4.1", "model": "openai:gpt-4o-mini", **words})
    return judge_traffic(Lake.existing(url), lake.open_lake(url), chosen)


def test_each_request_is_answered_from_what_its_caller_got_and_judged(logged: str, endpoint: Any) -> None:
    endpoint.replies[0] = model
    found = judged(logged)
    by_digest = {row["question_digest"]: row for row in found.rows}
    oil, lit, moon = (by_digest[KEPT.digest(text)] for text in (OIL, LIT, MOON))
    assert (oil["answered"], oil["faithfulness"], oil["relevance"]) == (1.0, 0.5, 1.0)
    assert (lit["answered"], lit["faithfulness"], lit["relevance"]) == (0.0, None, 0.0)
    assert (moon["answered"], moon["relevance"], moon["chat_model"], moon["doc_ids"]) == (0.0, 0.0, None, [])
    asked = [str(request) for request in endpoint.requests if OIL in str(request) and "<source 1" in str(request)]
    assert len(asked) == 2  # for the answer, and for its faithfulness
    assert all("whale oil" in request and "dusk" not in request for request in asked)
    means = found.to_json()["measures"]
    assert (means["answered"]["n"], means["faithfulness"]["n"]) == (3, 1)
    assert means["answered"]["mean"] == pytest.approx(1 / 3)


def test_a_repetition_costs_nothing_and_is_another_sample(logged: str, endpoint: Any) -> None:
    endpoint.replies[0] = model
    first, n = judged(logged), len(endpoint.requests)
    second = judged(logged)
    assert len(endpoint.requests) == n
    assert second.budget.n_remembered > 0
    kept = series(JUDGED_TRAFFIC.read(Lake.existing(logged)))
    assert [one["sample"] for one in kept] == [first.sample, second.sample]
    assert kept[0]["measures"] == kept[1]["measures"]


def test_a_sample_is_drawn_at_random_but_the_same_each_time(logged: str, endpoint: Any) -> None:
    endpoint.replies[0] = model
    log(logged, *[LIT] * 20)
    drawn = [sorted(row["question_digest"] for row in judged(logged, requests=8).rows) for _ in range(2)]
    assert drawn[0] == drawn[1]
    assert judged(logged, requests=8).to_json()["logged"] == 23
    assert len(judged(logged, requests=8).rows) == 8


def test_what_is_not_legible_or_gone_is_left_out(logged: str, endpoint: Any) -> None:
    endpoint.replies[0] = model
    log(logged, OIL, text="hashed")
    store = Lake.existing(logged)
    row = QUERIES.read(store).to_pylist()[0]
    QUERIES.write(store, [{**row, "log_id": "gone", "question": OIL, "release": "2001-01-01.1"}])
    found = judged(logged).to_json()
    assert (found["logged"], found["judged"]) == (4, 3)
    assert list(found["left_out"].values()) == [1]


def test_a_budget_holds_and_the_rest_is_judged_later(logged: str, endpoint: Any) -> None:
    endpoint.replies[0] = model
    Lake.existing(logged).store.delete_folder("calls")
    found = judged(logged, max_usd=0.0)
    assert "budget" in found.stopped
    assert [row["chat_model"] for row in found.rows] == [None]  # what found nothing needs no model
    assert not endpoint.requests


def test_an_endpoint_that_fails_everything_is_an_error(logged: str, endpoint: Any) -> None:
    Lake.existing(logged).store.delete_folder("calls")
    Lake.existing(logged).store.delete_folder("queries")
    log(logged, OIL, LIT)
    endpoint.faults.extend([{"status": 400}] * 9)
    with pytest.raises(ContractError, match="400"):
        judged(logged)
    assert not JUDGED_TRAFFIC.read(Lake.existing(logged)).num_rows


def test_verdicts_about_an_erased_document_go_with_it(logged: str, endpoint: Any, tmp_path: Path) -> None:
    endpoint.replies[0] = model
    judged(logged)
    operate.forget(logged, uri="pump.md", why="case 1", progress=silent)
    left = JUDGED_TRAFFIC.read(Lake.existing(logged)).to_pylist()
    assert left
    assert KEPT.digest(OIL) not in {row["question_digest"] for row in left}
