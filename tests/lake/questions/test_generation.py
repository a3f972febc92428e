"""Questions drafted by a model behind a real endpoint: filtered, kept, paid for once, reviewed, erased."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import lake
from flows.cli.app import _exit_status
from flows.cli.options import OK, USAGE
from flows.reindex import Outcome
from lake import operate
from lake.answer import Completion, Usage, load_chat
from lake.directory import Lake
from lake.errors import TransientError, UsageError
from lake.maintenance.doctor import examine, repair
from lake.options import RecipeOptions, Retention
from lake.questions import EvalQuestion, add, questions, reviewed
from lake.questions.generation import Generated, generate
from lake.questions.reviewing import accept, turn_down
from lake.questions.sampling import sections
from lake.records.calls import Calls
from tests.lake.patterns import copied, pattern_of

FILLER = "It stands on a hill above the lake, has a stove of cast iron, and is open from June until late in September. "
CALL = re.compile(r"Hut (\d+) sleeps (\d+)")


def hut(number: int, mark: str = "") -> str:
    return f"# Hut {number}\n\n{FILLER}{mark} Hut {number} sleeps {number + 2} guests in bunks. {FILLER}\n"


def written(**fields: Any) -> str:
    return json.dumps(fields)


def reply(request: dict[str, Any]) -> str:
    """What a model might write; words in capitals in the passage tell it how to go wrong."""
    prompt, n_messages = request["messages"][0]["content"], len(request["messages"])
    number, beds = (CALL.search(prompt) or re.compile(r"hut (\d+)()").search(prompt)).groups()  # type: ignore[union-attr]
    question = f"What number of people can stay overnight in mountain hut {number}?"
    if "HOPELESS" in prompt or ("BROKEN" in prompt and n_messages == 1):
        return 'Sure! {"question": 7}'
    if "answerable" in prompt:
        answer = "nobody at all" if "LIAR" in prompt else f"{beds} guests"
        return written(answer=answer, answerable="DARK" not in prompt, stands_alone="HANGING" not in prompt)
    if "Do both answers" in prompt:
        return written(same=False)
    if "from what you know" in prompt:
        return written(answer="" if number != "9" else "11 guests")
    return draft(prompt, question, number, beds)


def draft(prompt: str, question: str, number: str, beds: str) -> str:
    quote = f"sleeps {beds}\n guests"  # white space is the model's own
    found = {"question": question, "answer": f"{beds} guests", "quote": quote, "kind": "number"}
    if "LINKS" in prompt:
        found |= {"question": "", "answer": "", "quote": ""}
    if "INVENTED" in prompt:
        found["quote"] = "sleeps a hundred guests"
    if "POINTING" in prompt:
        found["question"] = f"How many does this document say sleep in hut {number}?"
    if "COPYING" in prompt:
        found["question"] = f"Hut {number} sleeps {beds} guests in bunks, or what?"
    if "TWICE" in prompt:
        found["question"] = "What number of people can stay overnight in mountain hut 1?"
    return json.dumps(found)


MARKS = ["", "LINKS", "HOPELESS", "INVENTED", "POINTING", "COPYING", "LIAR", "DARK", "HANGING", "", "BROKEN", ""]


@pytest.fixture(scope="module")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    files = {f"hut{number:02}.md": hut(number, mark) for number, mark in enumerate(MARKS, 1)}
    return pattern_of(tmp_path_factory.mktemp("pattern"), {**files, "stub.md": "# Stub\n\nToo short.\n"})


@pytest.fixture
def built(pattern: Path, source: Path, lake_url: str) -> None:
    copied(pattern, source, lake_url)


def made(url: str, n: int = 50, **words: Any) -> Generated:
    return generate(Lake.existing(url), load_chat("openai:local"), n, n_workers=3, **words)


@pytest.mark.usefixtures("built")
def test_what_is_wrong_is_dropped_and_the_rest_can_be_measured(lake_url: str, endpoint: Any) -> None:
    endpoint.replies[0] = reply
    done = made(lake_url)
    assert Counter(one.reason for one in done.dropped) == {
        "nothing to ask": 1,
        "no usable reply": 1,
        "quote not in the text": 1,
        "does not stand alone": 2,
        "copied from the text": 1,
        "answered otherwise": 1,
        "not answerable from the passage": 1,
    }
    assert {one.uri for one in done.dropped if one.reason == "answered otherwise"} == {"hut07.md"}
    assert sorted(question.evidence[0].uri for question in done.added) == [
        "hut01.md", "hut10.md", "hut11.md", "hut12.md"
    ]  # fmt: skip
    assert "gave no more questions" in done.stopped
    index = lake.open_lake(lake_url)
    kept = index.questions("generated")
    assert (len(kept), done.holds) == (4, 4)
    for one in index.resolve(kept):
        question, evidence = one.question, one.question.evidence[0]
        assert (question.origin, question.reviewed, one.left_out) == ("generated", False, "")
        assert re.fullmatch(r"sleeps \d+ guests", evidence.quote or "")
        assert (evidence.before or "").endswith(f"Hut {int(evidence.uri[3:5])} ")
        assert question.tags[:2] == ("number", "by openai:local")
    forms = {request["response_format"]["json_schema"]["strict"] for request in endpoint.requests}
    assert forms == {True}
    fence = endpoint.prompt(0).split("<passage ")[1][:16]
    assert endpoint.prompt(0).count(f"</passage {fence}>") == 1


@pytest.mark.usefixtures("built")
def test_again_costs_nothing_and_a_cut_short_run_goes_on(lake_url: str, endpoint: Any) -> None:
    endpoint.replies[0] = reply
    endpoint.faults.extend([{}] * 12 + [{"status": 401}])
    with pytest.raises(UsageError, match="OPENAI_API_KEY"):
        made(lake_url)
    n_before = len(endpoint.requests) - 1
    done = made(lake_url)
    n_all = len(endpoint.requests)
    assert done.budget.n_remembered  # how many depends on which sections were done with when the endpoint failed
    prompts = [json.dumps(request["messages"]) for request in endpoint.requests]
    assert len(prompts) == len(set(prompts)) + 1  # what failed was asked again, and nothing else
    assert n_all - n_before == done.budget.usage.n_calls + 1
    assert done.holds == 4
    again = made(lake_url)
    assert (again.added, again.budget.usage.n_calls, again.holds) == ([], 0, 4)
    assert made(lake_url, 4).stopped == ""
    assert len(endpoint.requests) == n_all
    other = made(lake_url, name="second")  # the questions of another set are asked already
    assert (other.added, len(endpoint.requests)) == ([], n_all)
    place = Lake.existing(lake_url)
    kept = questions(place)
    place.store.delete_folder("questions")
    assert made(lake_url).budget.usage.n_calls == 0
    assert questions(place) == kept


@pytest.mark.usefixtures("built")
def test_no_call_is_made_that_could_exceed_the_budget(
    lake_url: str, endpoint: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint.replies[0] = reply
    with pytest.raises(UsageError, match="RAGLAKE_CHAT_PRICE"):
        made(lake_url, budget=1.0)
    monkeypatch.setenv("RAGLAKE_CHAT_PRICE", "1/10")  # a call is counted as 1,000 + 100 tokens: 0.002 USD
    assert made(lake_url, budget=0.0).budget.usage.n_calls == 0
    assert endpoint.requests == []
    part = made(lake_url, budget=0.03)
    assert part.budget.usage.cost_usd == pytest.approx(0.002 * len(endpoint.requests))
    assert 0.01 < (part.budget.usage.cost_usd or 0) <= 0.03
    assert "raise the budget" in part.stopped
    assert made(lake_url, budget=10.0).holds == 4
    n_paid = Counter(json.dumps(request, sort_keys=True) for request in endpoint.requests)
    assert set(n_paid.values()) == {1}


@pytest.mark.usefixtures("built")
def test_common_knowledge_and_the_same_question_twice_can_be_dropped(
    source: Path, lake_url: str, ingest: Callable[..., Outcome], endpoint: Any
) -> None:
    (source / "hut09.md").write_text(hut(9))
    (source / "hut13.md").write_text(hut(13, "TWICE"))
    ingest()
    endpoint.replies[0] = reply
    add(
        Lake.existing(lake_url), [EvalQuestion("other", "What number of people can stay overnight in mountain hut 12?")]
    )
    done = made(lake_url, unknown_only=True)
    reasons = {one.uri: one.reason for one in done.dropped}
    assert reasons["hut09.md"] == "known without the passage"
    assert reasons["hut12.md"] == "asked already"
    assert [reasons.get("hut01.md"), reasons.get("hut13.md")].count("asked already") == 1


def test_a_failing_endpoint_loses_nothing(
    source: Path, lake_url: str, ingest: Callable[..., Outcome], endpoint: Any
) -> None:
    for number in range(1, 4):
        (source / f"hut{number}.md").write_text(hut(number))
    ingest()
    one_by_one: dict[str, Any] = {"n_workers": 1}
    place, chat = Lake.existing(lake_url), load_chat("openai:local")
    for answer in ("no JSON", reply):  # also the next time, since replies are kept
        endpoint.replies[0] = answer
        assert generate(place, chat, 3, **one_by_one).stopped.endswith("ask it anew by --again")
    one_by_one["again"] = True
    endpoint.faults.extend([{}, {}, *[{"status": 500, "headers": {"retry-after": "0"}}] * 4])
    with pytest.raises(TransientError):
        generate(place, chat, 3, **one_by_one)
    assert len(questions(place)) == 1
    assert generate(place, chat, 3, **one_by_one).holds == 3


def test_sections_are_drawn_from_every_kind_and_many_documents(
    source: Path, lake_url: str, ingest: Callable[..., Outcome]
) -> None:
    for number in range(30):
        parts = "\n\n".join(hut(number * 10 + part) for part in range(4))
        (source / f"long{number:02}.md").write_text(parts)
    (source / "page.html").write_text(f"<h1>Boats</h1><p>{FILLER * 3}</p>")
    (source / "copy.txt").write_text(FILLER * 3)
    ingest(
        settings=RecipeOptions(embedder="hash", parent_tokens=120, child_tokens=60, overlap_tokens=8, heading_tokens=8)
    )
    place = Lake.existing(lake_url)
    release = place.log.read().resolve("live")
    drawn = list(sections(place, release, 7, {}))
    first = [section.document["uri"] for section in drawn[:32]]
    assert len(set(first)) >= 28
    assert {"page.html", "copy.txt"} <= set(first)
    assert len({section.parent_id for section in drawn}) == len(drawn) > 40
    assert [s.parent_id for s in sections(place, release, 7, {})] == [s.parent_id for s in drawn]
    assert [s.parent_id for s in sections(place, release, 8, {})] != [s.parent_id for s in drawn]
    one = drawn[3]
    left = sections(place, release, 7, {one.document["doc_id"]: [one.start + 5]})
    assert [s.parent_id for s in left] == [s.parent_id for s in drawn if s is not one]


@pytest.mark.usefixtures("built")
def test_what_a_person_turned_down_does_not_come_back(
    lake_url: str, endpoint: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint.replies[0] = reply
    made(lake_url)
    lines = "x\n\nd\ne\n?!\n\ne\nHow many beds has hut $?\neight | 8\na\nq\n"
    monkeypatch.setattr(sys, "stdin", io.StringIO(lines))
    capsys.readouterr()
    assert _exit_status(["questions", "review", "--lake", lake_url]) == OK
    said = capsys.readouterr().out
    assert "'x' is none of [a]ccept" in said
    assert "holds no word" in said
    assert "1 accepted, 1 edited, 1 dropped, 0 skipped; 1 question of generated not reviewed" in said
    assert said.count(FILLER.strip()[:40]) >= 4  # what stands around the quotes
    place = Lake.existing(lake_url)
    kept = {question.text: question for question in questions(place)}
    edited = kept["How many beds has hut $?"]
    assert (edited.answers, edited.reviewed) == (("eight", "8"), True)
    assert sorted(question.reviewed for question in kept.values()) == [False, True, True]
    assert {question.text for question in reviewed(place)} == {text for text, one in kept.items() if one.reviewed}
    operate.prune(lake_url, Retention(grace_hours=0, keep_vectors_days=0))
    assert place.store.names("calls/draft_question") == []
    again = made(lake_url)
    assert [one.reason for one in again.dropped].count("turned down in a review") == 1
    assert len(questions(place)) == 3
    monkeypatch.setattr(sys, "stdin", io.StringIO("s\n"))
    assert _exit_status(["questions", "review", "--lake", lake_url, "--json"]) == OK
    assert json.loads(capsys.readouterr().out)["not_reviewed"] == 1


@pytest.mark.usefixtures("built")
def test_decisions_hold_beside_other_writers(lake_url: str, endpoint: Any) -> None:
    endpoint.replies[0] = reply
    first, second, *_ = made(lake_url).added
    place = Lake.existing(lake_url)
    assert turn_down(place, first)
    assert not accept(place, first)
    add(place, [replace(second, tags=("new",))])
    assert accept(place, second)
    kept = next(question for question in questions(place) if question.text == second.text)
    assert (kept.tags, kept.reviewed) == (("new",), True)


SECRET = "Annabella Quistermann"


@pytest.mark.usefixtures("built")
def test_forgotten_documents_take_replies_about_them_along(
    source: Path, lake_url: str, ingest: Callable[..., Outcome], endpoint: Any
) -> None:
    (source / "anna.md").write_text(hut(77, f"{SECRET} looks after it."))
    (source / "copy.md").write_text(hut(77, f"{SECRET} looks after it."))
    ingest()
    endpoint.replies[0] = reply
    made(lake_url)
    place = Lake.existing(lake_url)
    doc_ids = lake.open_lake(lake_url).dataset("documents").to_table(columns=["doc_id", "uri", "digest"]).to_pylist()
    (anna,) = [row for row in doc_ids if row["uri"] == "anna.md"]
    reply_of = next(Path(lake_url, "calls").rglob("*.parquet")).read_bytes()
    n_before = len(list(place.store.walk("calls")))
    done = operate.forget(lake_url, uri="anna.md", why="request 4711")
    assert done.proof is not None
    assert done.proof.holds
    n_after = len(list(place.store.walk("calls")))
    assert n_before - n_after == 2  # drafted and checked, and the rest still there
    assert all(question.evidence[0].uri not in ("anna.md", "copy.md") for question in questions(place))
    for about in ({anna["doc_id"]}, {anna["digest"]}):  # a generator at work while documents are erased
        Calls(place).put("answer_unaided", "0" * 32, Completion("Yes.", Usage(1), "local", "stop", 0.1), about)
    assert len(list(place.store.walk("calls"))) == n_after
    assert examine(place).healthy
    planted = Path(lake_url, "calls", "answer_unaided", "1.parquet")
    planted.parent.mkdir(exist_ok=True)
    planted.write_bytes(with_about(lake_url, anna["doc_id"]))
    planted.with_name("2.parquet").write_bytes(reply_of[:-9])
    found = {issue.where: issue.fixable for issue in examine(place).issues}
    assert found == {"calls/answer_unaided/1.parquet": True, "calls/answer_unaided/2.parquet": True}
    assert repair(place).healthy
    assert not planted.exists()


def with_about(url: str, doc_id: str) -> bytes:
    import pyarrow as pa

    from lake.records.schemas import CALLS
    from lake.storage.store import open_parquet, parquet_bytes

    store = Lake.existing(url).store
    (path, *_) = [stored.path for stored in store.walk("calls")]
    row = open_parquet(store, path).read().to_pylist()[0] | {"about": [doc_id]}
    return parquet_bytes(pa.Table.from_pylist([row], schema=CALLS), 1)


@pytest.mark.usefixtures("built")
def test_the_proof_finds_a_reply_that_was_left(lake_url: str, source: Path, endpoint: Any) -> None:
    from lake.erasure.scope import collect
    from lake.erasure.selection import choose
    from lake.erasure.verification import find_traces

    endpoint.replies[0] = reply
    made(lake_url)
    place = Lake.existing(lake_url)
    history = place.log.read()
    erased = collect(place, history, choose(place, history, uri="hut01.md", where=None, source=None))
    traces = find_traces(place.store, erased.terms).traces
    assert ("about", "id") in {(trace.where, trace.what) for trace in traces if trace.path.startswith("calls/")}


@pytest.mark.usefixtures("built")
def test_the_command(lake_url: str, endpoint: Any, capsys: pytest.CaptureFixture[str]) -> None:
    endpoint.replies[0] = reply
    assert _exit_status(["questions", "generate", "--lake", lake_url]) == USAGE
    assert "no chat model is set" in capsys.readouterr().err
    words = ["questions", "generate", "-n", "2", "--set", "huts", "--lake", lake_url, "--model", "openai:local"]
    assert _exit_status([*words, "--json"]) == OK
    told = json.loads(capsys.readouterr().out)
    assert (told["holds"], len(told["added"]), told["cost_usd"], told["stopped"]) == (2, 2, None, "")
    assert told["calls"] == len(endpoint.requests)
    assert _exit_status(words) == OK
    assert "0 questions added; huts holds 2" in capsys.readouterr().out
    command = [sys.executable, "-m", "flows", "questions", "review", "--set", "huts", "--lake", lake_url]
    piped = subprocess.run(command, input="a\na\n", capture_output=True, text=True, check=True, env=os.environ.copy())
    assert "2 accepted, 0 edited, 0 dropped, 0 skipped; 0 questions of huts not reviewed" in piped.stdout
    assert _exit_status(["questions", "review", "--set", "huts", "--lake", lake_url]) == OK
    assert _exit_status(["questions", "review", "--set", "none", "--lake", lake_url]) == USAGE


def test_replies_are_kept_on_an_object_store_too(bucket: str) -> None:
    place = Lake(f"{bucket}/replies")
    place.create()
    calls, said = Calls(place), Completion("Yes.", Usage(1, 10, 2, 0.5), "local", "stop", 0.1)
    assert calls.get("same_answer", "0" * 32) is None
    calls.put("same_answer", "0" * 32, said, ["d"])
    assert calls.get("same_answer", "0" * 32) == said
    assert Calls(place, again=True).get("same_answer", "0" * 32) is None
    calls.turn_down("s", "What?", ["d"])
    assert (calls.is_turned_down("s", "What?"), calls.is_turned_down("t", "What?")) == (True, False)
    assert [stored.path.split("/")[1] for stored in place.store.walk("calls")] == ["review", "same_answer"]
