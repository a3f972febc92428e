"""Questions drafted from the query log."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pyarrow as pa
import pytest

import lake
from lake.answer import load_chat
from lake.answer.templates import load_prompts
from lake.directory import Lake
from lake.errors import UsageError
from lake.questions import EvalQuestion, Evidence, add, questions
from lake.questions.from_traffic import DraftedFromTraffic, from_traffic, ranked
from lake.questions.store import drop
from lake.records.calls import Calls
from lake.records.query_log import QUERIES
from tests.expectations.test_judged_traffic import AT, KEPT, LIT, MOON, OIL, url  # noqa: F401 - a fixture

BLUE = "Is the sea blue?"
COLOURS = "Which colours has the lamp?"


def rows(*asked: tuple[str, str]) -> pa.Table:
    """QUERIES rows of questions with their outcomes."""
    usual = dict.fromkeys(QUERIES.schema.names) | {"asked_at": AT, "kind": "answer", "hits": [], "degraded": []}
    made = [
        KEPT.row({**usual, "log_id": str(n), "question": text, "outcome": outcome})
        for n, (text, outcome) in enumerate(asked)
    ]
    return pa.Table.from_pylist(made, schema=QUERIES.schema)


def model(request: dict[str, Any]) -> str:
    prompt = request["messages"][-1]["content"]
    if OIL in prompt:
        number = prompt[: prompt.index("3 litres")].rindex("<source ") + len("<source ")
        return json.dumps({"answer": "3 litres", "quote": "3 litres  of whale oil", "number": int(prompt[number])})
    if LIT in prompt:
        return json.dumps({"answer": "at noon", "quote": "lit at noon", "number": 1})
    if BLUE in prompt:
        return json.dumps({"answer": "yes", "quote": "lit at dusk", "number": 9})
    return json.dumps({"answer": "", "quote": "", "number": 0})


@pytest.fixture
def place(url: str) -> Lake:  # noqa: F811
    found = Lake.existing(url)
    for name in {question.set for question in questions(found)}:
        drop(found, name)
    found.store.delete_folder("calls")
    return found


def drafted(place: Lake, endpoint: Any, log: pa.Table, n: int = 9, **words: Any) -> DraftedFromTraffic:
    endpoint.replies[0] = model
    place.store.delete_folder("queries")
    QUERIES.write(place, log.to_pylist())
    search = partial(lake.open_lake(place.url).search, principals="*")
    return from_traffic(place, search, load_chat("openai:gpt-4o-mini"), n, prompts=load_prompts(), **words)


def test_what_failed_often_comes_first() -> None:
    log = rows(("a", "ok"), ("A ", "ok"), ("b", "declined"), ("c", "empty"), ("c", "ok"), ("d", "error"))
    assert [(row["question"], row["n"], row["failed"]) for row in ranked(log)] == [
        ("c", 2, 1),
        ("b", 1, 1),
        ("A ", 2, 0),
    ]


def test_a_draft_has_the_words_that_answer_it(place: Lake, endpoint: Any) -> None:
    found = drafted(place, endpoint, rows((OIL, "ok")))
    [kept] = questions(place, "traffic")
    assert [one.question_id for one in found.added] == [kept.question_id]
    assert (kept.text, kept.answers, kept.reviewed) == (OIL, ("3 litres",), False)
    [evidence] = kept.evidence
    assert (evidence.uri, evidence.quote) == ("pump.md", "3 litres of whale oil")
    [resolved] = lake.open_lake(place.url).resolve([kept])
    assert not resolved.left_out


def test_questions_without_a_draft_are_listed_with_the_reason(place: Lake, endpoint: Any) -> None:
    found = drafted(place, endpoint, rows((LIT, "ok"), (MOON, "empty"), (BLUE, "ok"), (MOON, "empty"))).to_json()
    assert found["added"] == []
    assert {one["question"]: (one["reason"], one["n"]) for one in found["unanswered"]} == {
        MOON: ("no answer in live", 2),
        LIT: ("quote not in the text", 1),
        BLUE: ("quote not in the text", 1),
    }


def test_what_is_known_or_was_turned_down_is_left_out(place: Lake, endpoint: Any) -> None:
    add(place, [EvalQuestion("mine", OIL.upper(), evidence=(Evidence("pump.md"),))])
    Calls(place).turn_down("traffic", COLOURS, ())
    found = drafted(place, endpoint, rows((OIL, "ok"), (COLOURS, "ok"), ("How much oil does a pump need", "ok")))
    assert (found.n_known, found.unanswered, endpoint.requests) == (3, [], [])


def test_no_more_than_wanted_within_the_budget_and_paid_once(place: Lake, endpoint: Any) -> None:
    log = rows((OIL, "ok"), (OIL, "ok"), (LIT, "ok"))
    assert len(drafted(place, endpoint, log, 1).added) == 1
    n = len(endpoint.requests)
    drop(place, "traffic")
    again = drafted(place, endpoint, log, 1)
    assert (len(again.added), len(endpoint.requests), again.budget.n_remembered) == (1, n, 1)
    place.store.delete_folder("calls")
    drop(place, "traffic")
    stopped = drafted(place, endpoint, log, budget=0.0)
    assert "budget" in stopped.stopped
    assert len(endpoint.requests) == n


def test_a_log_without_legible_questions_is_refused(place: Lake, endpoint: Any) -> None:
    with pytest.raises(UsageError, match="no legible questions"):
        drafted(place, endpoint, QUERIES.schema.empty_table())
