"""Feedback over HTTP, and two releases that answer side by side."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import lake
from flows.cli.app import _exit_status
from flows.cli.options import USAGE
from lake.errors import ContractError
from lake.service.app import create_app
from lake.service.capacity import Capacity
from lake.service.keys import Key, KeyRing, digest_of
from lake.service.traffic_split import Split
from tests.lake.service.conftest import ANONYMOUS, Running, Start, TwoReleases, _listening

HR = "a-key-of-the-people-of-hr"
KEYS = KeyRing([Key("hr", digest_of(HR), ("hr",), options=("mode",))], Key("anonymous"))
QUESTION = "what does lamp 7 burn"


@pytest.fixture
def copied(two_releases: TwoReleases, tmp_path: Path) -> TwoReleases:
    """To write to."""
    shutil.copytree(two_releases.url, tmp_path / "lake")
    return TwoReleases(str(tmp_path / "lake"), two_releases.before, two_releases.after)


@pytest.fixture
def trial(copied: TwoReleases) -> Iterator[Running]:
    limits = Capacity(rate=10_000, burst=10_000)
    split = Split({copied.before: 0.4})
    running, stop = _listening(create_app(lake.open_lake(copied.url), ANONYMOUS, limits, split=split), limits)
    yield running
    stop()


def test_what_a_caller_says_is_kept(start: Start, copied: TwoReleases) -> None:
    running = start(KEYS, copied.url)
    found = running.post(text=QUESTION, k=3).json()
    body = {"query_id": found["query_id"], "chunk_id": found["hits"][0]["chunk_id"], "useful": True, "session": "s"}
    told = running.post("/feedback", **body)
    assert (told.status_code, told.headers["raglake-release"]) == (200, copied.after)
    (row,) = lake.open_lake(copied.url).judgements().to_pylist()
    assert told.json() == {"release": copied.after, "feedback_id": row["feedback_id"]}
    assert (row["question"], row["chunk_id"], row["useful"]) == (QUESTION, body["chunk_id"], True)
    answer = running.post("/answer", question=QUESTION).json()
    assert answer["query_id"] == found["query_id"]


def test_refusals(start: Start, copied: TwoReleases) -> None:
    running = start(KEYS, copied.url, feedback_a_day=7)
    found = running.post(key=HR, text="who earns ducats on the payroll", k=9).json()
    pay = next(hit["chunk_id"] for hit in found["hits"] if hit["uri"] == "payroll.md")
    good = {"query_id": found["query_id"], "chunk_id": pay, "useful": True}
    cases: list[tuple[dict[str, Any], str, int, str]] = [
        ({}, HR, 200, ""),
        ({}, "", 404, "no_passage"),  # not for who asks without a key
        ({"chunk_id": "0" * 32}, "", 404, "no_passage"),
        ({"query_id": "q1.x"}, "", 400, "usage"),
        ({"useful": "yes"}, "", 422, "invalid"),
        ({"session": "x" * 201}, "", 422, "invalid"),
        ({"comment": "x"}, "", 422, "invalid"),
        ({"query_id": "q" * 20_001}, "", 422, "invalid"),
        ({}, HR, 200, ""),
        ({}, HR, 200, ""),
        ({}, HR, 200, ""),
        ({}, HR, 429, "enough_feedback"),
    ]
    for words, key, status, error in cases:
        said = running.post("/feedback", key=key, **(good | words))
        assert (said.status_code, said.json().get("error", "")) == (status, error), said.text
    assert lake.open_lake(copied.url).judgements().num_rows == 4


def test_a_session_is_answered_by_one_release(trial: Running, copied: TwoReleases) -> None:
    split, oils = Split({copied.before: 0.4}), {copied.before: "whale", copied.after: "olive"}
    answered = []
    for n in range(30):
        for _ in range(2):
            said = trial.post(text=QUESTION, k=5, session=f"s{n}")
            release = said.json()["release"]
            assert said.headers["raglake-release"] == release
            assert release == {"live": copied.after}.get(wanted := split.release_for(f"s{n}"), wanted)
            assert all(oils[release] in hit["text"] for hit in said.json()["hits"])
        told = trial.post("/answer", question=QUESTION, session=f"s{n}").json()
        assert told["release"] == release
        assert all(oils[release] in hit["text"] for hit in told["passages"])
        hit = said.json()["hits"][0]["chunk_id"]
        trial.post("/feedback", query_id=said.json()["query_id"], chunk_id=hit, useful=True, session=f"s{n}")
        answered.append(release)
    assert {*answered} == {copied.before, copied.after}
    rows = lake.open_lake(copied.url).judgements().column("release").to_pylist()
    assert sorted(rows) == sorted(answered)


def test_who_names_a_release_or_no_session_is_outside_the_trial(trial: Running, copied: TwoReleases) -> None:
    inside = next(f"s{n}" for n in range(99) if Split({copied.before: 0.4}).release_for(f"s{n}") == copied.before)
    assert trial.post(text=QUESTION, session=inside).json()["release"] == copied.before
    assert trial.post(text=QUESTION, session=inside, at=copied.after).json()["release"] == copied.after
    assert trial.post(text=QUESTION).json()["release"] == copied.after


def test_a_trial_whose_release_is_gone_is_answered_by_live(copied: TwoReleases) -> None:
    limits = Capacity(rate=10_000, burst=10_000)
    split = Split({"2020-01-01": 1.0})
    running, stop = _listening(create_app(lake.open_lake(copied.url), ANONYMOUS, limits, split=split), limits)
    try:
        assert running.post(text=QUESTION, session="s").json()["release"] == copied.after
    finally:
        stop()


def test_a_trial_of_no_release_does_not_start(copied: TwoReleases, capsys: pytest.CaptureFixture[str]) -> None:
    for word in ("2020-01-01=0.1", f"{copied.before}=2", "x"):
        assert _exit_status(["serve", "--lake", copied.url, "--ab", word]) == USAGE
    assert "nothing was live at '2020-01-01'" in capsys.readouterr().err


def test_openapi_describes_it(start: Start) -> None:
    described = json.dumps(start().get("/openapi.json").json())
    assert "/feedback" in described
    assert "FeedbackBody" in described


def test_a_lake_that_cannot_be_written_still_answers(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    running = start()
    found = running.post(text=QUESTION).json()

    def read_only(*_: object, **__: object) -> str:
        raise ContractError("/srv/lake can't be written (Read-only file system); mount its file system for writing")

    monkeypatch.setattr(running.service.index, "feedback", read_only)
    judged = {"query_id": found["query_id"], "chunk_id": found["hits"][0]["chunk_id"], "useful": True}
    answer = running.post("/feedback", **judged)
    assert (answer.status_code, answer.json()["error"]) == (503, "not_stored")
    assert "/srv/lake" not in answer.text
    assert running.post(text=QUESTION).status_code == 200
