"""Answers of a real lake by a scripted model behind a real endpoint, and a judge's verdicts on them."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

import lake
from expectations.answer_measures import of_words
from expectations.answers import AnswerEvaluation, evaluate_answers
from expectations.comparison import compare
from expectations.summary import means
from flows.reindex import Job, reindex
from flows.steps import PlainSteps
from lake import operate
from lake.answer import AnswerOptions, NoChatModelError
from lake.answer.declining import MARKER
from lake.directory import Lake
from lake.errors import UsageError
from lake.options import RecipeOptions
from lake.questions import EvalQuestion, Evidence, add, anchored

PUMP = "# Pump\n\nThe pump needs 3 litres of whale oil every 40 hours. Anna Berg checks it on Mondays.\n"
LAMP = "# Lamp\n\nThe lamp burns paraffin. It is lit at dusk by the keeper of the house.\n"
OPTIONS = AnswerOptions(k=2, min_evidence=0.0, budget_tokens=3000, max_tokens=200)
OIL = "How much oil does the pump need?"
LIT = "When is the lamp lit?"
WHO = "Who checks the pump?"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    (source := folder / "source").mkdir()
    (source / "pump.md").write_text(PUMP)
    (source / "lamp.md").write_text(LAMP)
    place = str(folder / "lake")
    with PlainSteps(n_workers=1) as steps:
        reindex(Job(sources=(str(source),), lake=place, settings=RecipeOptions(embedder="hash")), steps)
    oil = Evidence("pump.md", quote="3 litres of whale oil")
    asked = [
        EvalQuestion("s", OIL, answers=("3 litres of whale oil",), evidence=(oil,)),
        EvalQuestion("s", LIT, answers=("at dusk",), evidence=(Evidence("lamp.md"),)),
        EvalQuestion("s", WHO, evidence=(Evidence("pump.md", quote="Anna Berg checks it"),)),
        EvalQuestion("s", "Where is the moon?", evidence=(Evidence("moon.md"),)),
    ]
    kept = Lake.existing(place)
    add(kept, anchored(kept, kept.log.read().live, asked))
    return folder / "lake"


@pytest.fixture
def url(built: Path, tmp_path: Path) -> str:
    """A lake of its own for each test, since replies are kept in it."""
    return str(shutil.copytree(built, tmp_path / "lake"))


def model(request: dict[str, Any]) -> str:
    """Answers, and judges: what it says is fixed, so that each value can be counted by hand."""
    prompt = "\n".join(message["content"] for message in request["messages"])
    question = next(text for text in (OIL, LIT, WHO) if text in prompt)
    if "Split the answer into" in prompt:
        verdicts = ["supported", "not stated", "contradicted", "supported"] if question == OIL else ["supported"]
        return json.dumps({"claims": [{"claim": "c", "verdict": verdict} for verdict in verdicts]})
    if "How far does the answer" in prompt:
        return json.dumps({"reason": "r", "verdict": "part" if question == OIL else "full"})
    if "Judge each source by itself" in prompt:
        n = len(re.findall(r"<source \d+ ", prompt.split("$")[0].split("Judge each source")[0]))
        return json.dumps({"sources": [{"number": i + 1, "useful": i == 1} for i in range(n)]})
    if "can be read from the sources" in prompt:
        return json.dumps({"claims": [{"claim": "c", "in_sources": True}, {"claim": "d", "in_sources": False}]})
    if "Split both into single claims" in prompt:
        where = ["both", "both", "answer", "reference", "conflict"]
        return json.dumps({"claims": [{"claim": "c", "where": one} for one in where]})
    return answer(prompt, question)


def answer(prompt: str, question: str) -> str:
    number = prompt[: prompt.index("3 litres")].rindex("<source ") + len("<source ")
    n = prompt[number]
    if question == OIL:
        return f"It needs 3 litres of whale oil [{n}]. Whales sing at midnight in the harbour [{n}][9]."
    return MARKER if question == LIT else f"Anna Berg checks it on Mondays [{n}]."


def told(url: str, **words: Any) -> AnswerEvaluation:
    index = lake.open_lake(url)
    chosen = {"chat": "openai:local", "options": OPTIONS, **words}
    return evaluate_answers(index, index.questions("s"), **chosen)


def values(evaluation: AnswerEvaluation, text: str) -> dict[str, float]:
    name = next(one.question.question_id for one in evaluation.resolved if one.question.text == text)
    rows = evaluation.rows.to_pylist()
    return {row["measure"]: row["value"] for row in rows if row["question_id"] == name and row["level"] == "answer"}


@pytest.fixture
def scripted(endpoint: Any) -> Any:
    endpoint.replies[0] = model
    return endpoint


def test_without_a_judge_words_and_places_are_measured(url: str, scripted: Any) -> None:
    done = told(url)
    oil = values(done, OIL)
    said = "It needs 3 litres of whale oil. Whales sing at midnight in the harbour."
    assert oil["token_f1"] == pytest.approx(2 * 5 / (14 + 5))
    assert of_words(said, ["3 litres of whale oil"])["token_f1"] == oil["token_f1"]
    assert (oil["answered"], oil["token_recall"], oil["exact_match"]) == (1.0, 1.0, 0.0)
    assert oil["citation_validity"] == pytest.approx(2 / 3)
    assert (oil["cited"], oil["supported"]) == (1.0, 0.5)
    assert 0.3 < oil["support"] < 0.8
    shown = done.told[next(one.question.question_id for one in done.resolved if one.question.text == OIL)].sources
    assert (oil["evidence_recall"], oil["document_recall"]) == (1.0, 1.0)
    n_shown = sum(source.end - source.start for source in shown)
    assert len(shown) == 2
    assert oil["evidence_precision"] == pytest.approx(len("3 litres of whale oil") / n_shown)
    assert oil["document_precision"] == pytest.approx(len(PUMP.strip()) / n_shown, abs=0.02)
    lit = values(done, LIT)
    assert (lit["answered"], lit["token_f1"], lit["document_recall"]) == (0.0, 0.0, 1.0)
    assert lit.keys() == {
        "answered",
        "token_f1",
        "token_recall",
        "exact_match",
        "document_recall",
        "document_precision",
    }
    assert "token_f1" not in values(done, WHO)
    assert {row["status"] for row in done.rows.to_pylist()} == {"scored", "absent"}
    assert json.loads(json.dumps(done.to_json(), default=str))["not_judged"] == {}
    (mean,) = [row for row in means(done.rows) if row["measure"] == "answered"]
    assert (mean["n"], mean["mean"]) == (3, pytest.approx(2 / 3))


def test_a_judge_gives_verdicts_and_values_are_counted_from_them(url: str, scripted: Any) -> None:
    done = told(url, judge="openai:judge")
    oil = values(done, OIL)
    assert (oil["faithfulness"], oil["relevance"], oil["context_recall"]) == (0.5, 0.5, 0.5)
    assert oil["context_precision"] == 0.5  # the second of two sources is useful
    assert oil["correctness"] == pytest.approx(2 * 2 / (2 * 2 + 1 + 1 + 2))
    lit = values(done, LIT)
    assert (lit["relevance"], lit["correctness"]) == (0.0, 0.0)
    assert "faithfulness" not in lit
    who = values(done, WHO)
    assert (who["faithfulness"], who["relevance"]) == (1.0, 1.0)
    assert who.keys().isdisjoint({"correctness", "context_precision", "context_recall"})
    assert json.loads(done.settings)["answers"]["judge"] == "openai:judge"
    assert told(url).settings != done.settings
    asked = {request["model"] for request in scripted.requests if "response_format" in request}
    assert asked == {"judge"}
    index = lake.open_lake(url)
    index.keep_scores(done.rows)
    assert index.scores().sort_by("measure").num_rows == done.rows.num_rows


def test_replies_are_paid_for_once(url: str, scripted: Any) -> None:
    first = told(url, judge="openai:judge")
    n = len(scripted.requests)
    assert n == 3 + 5 + 2 + 2 == sum(paid.n_calls for paid in first.budget.paid.values())
    second = told(url, judge="openai:judge")
    assert len(scripted.requests) == n
    assert (second.budget.usage.n_calls, second.budget.n_remembered) == (0, n)
    drop = ["evaluated_at"]
    assert second.rows.drop_columns(drop).equals(first.rows.drop_columns(drop))
    told(url, judge="openai:judge", again=True)
    assert len(scripted.requests) == 2 * n
    operate.forget(url, uri="lamp.md", why="request 4711")
    assert not [stored for stored in Lake.existing(url).store.walk("calls") if "answer" in stored.path]


@pytest.mark.parametrize("bad", ["no JSON", '{"claims": []}', '{"claims": [{"claim": "c"}]}', '{"claims": "x"}'])
def test_a_reply_of_another_form_is_no_verdict_and_no_score(url: str, scripted: Any, bad: str) -> None:
    def broken(request: dict[str, Any]) -> str:
        prompt = request["messages"][0]["content"]
        return bad if OIL in prompt and "Split the answer into" in prompt else model(request)

    scripted.replies[0] = broken
    done = told(url, judge="openai:judge")
    assert "faithfulness" not in values(done, OIL)
    assert done.not_judged == {"faithfulness": 1}
    asked = [r for r in scripted.requests if "Split the answer" in r["messages"][0]["content"] and OIL in str(r)]
    assert [len(request["messages"]) for request in sorted(asked, key=lambda r: len(r["messages"]))] == [1, 3]
    scripted.replies[0] = model
    whole = told(url, judge="openai:judge", again=True)
    (one,) = compare(whole.rows, done.rows, [("answer", "faithfulness")])
    assert (one.judgement.n, one.judgement.difference) == (1, 0.0)


def test_a_reply_that_is_put_right_counts(url: str, scripted: Any) -> None:
    def at_second(request: dict[str, Any]) -> str:
        is_first = "response_format" in request and len(request["messages"]) == 1
        return "Let me think." if is_first else model(request)

    scripted.replies[0] = at_second
    done = told(url, judge="openai:judge")
    assert done.not_judged == {}
    assert values(done, OIL)["faithfulness"] == 0.5


def test_the_budget_stops_before_it_is_exceeded(url: str, scripted: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="no price is known"):
        told(url, budget=1.0)
    monkeypatch.setenv("RAGLAKE_CHAT_PRICE", "1/10")
    one_by_one = {"judge": "openai:judge", "n_workers": 1}
    part = told(url, budget=0.025, **one_by_one)
    assert part.budget.usage.cost_usd == pytest.approx(0.002 * len(scripted.requests))
    assert 0 < (part.budget.usage.cost_usd or 0) <= 0.025
    assert "raise the budget" in part.stopped
    n_scored = len({row["question_id"] for row in part.rows.to_pylist() if row["status"] == "scored"})
    assert n_scored < 3
    assert not [row for row in part.rows.to_pylist() if row["status"] == "failed"]
    whole = told(url, budget=1.0, **one_by_one)
    assert whole.stopped == ""
    assert len(scripted.requests) == 12


def test_what_fails_counts_as_nothing_found_unless_all_fails(
    url: str, scripted: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted.faults.append({"status": 400})
    done = told(url, n_workers=1)
    failed = [row for row in done.rows.to_pylist() if row["status"] == "failed"]
    assert {row["value"] for row in failed} == {0.0}
    assert len(done.failures) == 1
    scripted.faults.extend([{"status": 400}] * 3)
    with pytest.raises(Exception, match="no, thank you"):
        told(url, n_workers=1, again=True)
    scripted.faults.clear()
    scripted.faults.extend([{}, *[{"status": 500, "headers": {"retry-after": "0"}}] * 4])
    one = told(url, n_workers=1, again=True, judge="openai:judge")
    assert len(one.judge_failures) == 1
    assert sum(one.not_judged.values()) == 1
    monkeypatch.delenv("RAGLAKE_CHAT_MODEL", raising=False)
    with pytest.raises(NoChatModelError, match="no chat model is set"):
        told(url, chat=None)


def test_documents_stay_behind_their_fence_before_a_judge(url: str, scripted: Any) -> None:
    told(url, judge="openai:judge")
    for request in scripted.requests:
        prompt = request["messages"][-1]["content"]
        for block in re.findall(r"<(source \d+|question|answer|reference) ([0-9a-f]{16})>", prompt):
            assert prompt.count(f"</{block[0]} {block[1]}>") == 1
            assert prompt.count(block[1]) >= 2
