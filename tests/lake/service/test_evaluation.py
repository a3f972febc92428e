"""Questions and scores over HTTP: from what was stored, to keys that see everything, with drafts to review."""

from __future__ import annotations

from dataclasses import replace
from shutil import copytree
from typing import Any

import pytest

import lake
from expectations.report.measured import Measurements
from expectations.retrieval import evaluate
from lake.directory import Lake
from lake.questions import store
from lake.questions.values import EvalQuestion, Evidence
from lake.service import evaluation_bodies as bodies
from lake.service.keys import Key, KeyRing, digest_of
from tests.lake.service.conftest import Running, Start, TwoReleases

OPERATOR, LOOKER, READER = "operator-key-0123456789", "looker-key-0123456789", "reader-key-0123456789"
RING = KeyRing(
    [
        Key("ops", digest_of(OPERATOR), "*", operator=True),
        Key("looker", digest_of(LOOKER), "*"),
        Key("reader", digest_of(READER)),
    ]
)


def question(set_: str, number: int, **words: Any) -> EvalQuestion:
    evidence = (Evidence(f"{number}.md", grade=1),)
    return EvalQuestion(set_, f"What does lamp {number} burn?", evidence=evidence, **words)


@pytest.fixture(scope="module")
def asked(two_releases: TwoReleases, tmp_path_factory: pytest.TempPathFactory) -> TwoReleases:
    """A lake of two releases that were measured by three questions, the second by one more; and two drafts."""
    copy = copytree(two_releases.url, tmp_path_factory.mktemp("asked") / "lake")
    found = replace(two_releases, url=str(copy))
    place, index = Lake.existing(found.url), lake.open_lake(found.url)
    store.add(place, [question("lamps", number) for number in (1, 2, 3)])
    index.keep_scores(evaluate(index, index.questions("lamps"), found.before, {"mode": "text"}).rows)
    store.add(place, [question("lamps", 4), EvalQuestion("lamps", "Who is gone?", evidence=(Evidence("gone.md"),))])
    index.keep_scores(evaluate(index, index.questions("lamps"), found.after, {"mode": "text"}).rows)
    store.add(place, [question("drafted", number, origin="generated", reviewed=False) for number in (5, 6, 7, 8)])
    return found


@pytest.fixture
def running(start: Start, asked: TwoReleases) -> Running:
    return start(RING, asked.url)


def test_means_over_other_questions_are_told_apart(running: Running, asked: TwoReleases) -> None:
    sets = bodies.QuestionSets.model_validate(running.get("/evaluation/sets", LOOKER).json()).sets
    assert [(one.set, one.n_questions, one.n_drafts) for one in sets] == [("drafted", 4, 4), ("lamps", 5, 0)]
    found = bodies.SetSeries.model_validate(running.get("/evaluation/sets/lamps", LOOKER).json())
    points = next(one.points for one in found.series if one.measure == "nDCG@10")
    assert [(one.release, one.n) for one in points] == [(asked.before, 3), (asked.after, 4)]
    assert points[0].questions != points[1].questions
    assert all(one.low <= one.mean <= one.high for one in points)
    assert {one.label for one in found.series} == {"text"}


def test_only_keys_that_see_everything_learn_where_the_lake_is(running: Running, asked: TwoReleases) -> None:
    found = {name: running.get("/key", name).json()["lake"] for name in (OPERATOR, LOOKER, READER)}
    assert found == {OPERATOR: asked.url, LOOKER: asked.url, READER: None}


def test_questions_come_worst_first_and_those_left_out_last(running: Running) -> None:
    got = running.get("/evaluation/sets/lamps/questions", LOOKER, limit=10).json()
    found = bodies.MeasuredQuestions.model_validate(got)
    values = [one.value for one in found.questions if one.value is not None]
    assert values == sorted(values)
    assert (found.questions[-1].text, found.questions[-1].status) == ("Who is gone?", "absent")
    page = running.get("/evaluation/sets/lamps/questions", LOOKER, limit=2, start=4).json()
    assert (len(page["questions"]), page["next_start"]) == (1, None)
    assert running.get("/evaluation/sets/lamps/questions", LOOKER, measure="document RR").json()["measure"] == "RR"


def test_releases_are_compared_on_the_questions_that_both_answered(running: Running, asked: TwoReleases) -> None:
    got = running.get("/evaluation/sets/lamps/comparison", LOOKER, a=asked.before, b=asked.after).json()
    found = bodies.SetComparison.model_validate(got)
    assert {one.n for one in found.measures} == {3}
    assert found.measures[0].wins + found.measures[0].losses == found.n_changes
    assert found.measures[0].word == "not enough evidence"


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("nothing", {}),
        ("lamps/questions", {"settings": '{"mode": "vector"}'}),
        ("lamps/questions", {"measure": "document nonsense"}),
        ("drafted/questions", {}),
        ("drafted/comparison", {"a": "live"}),
        ("nothing/drafts", {}),
        ("lamps/questions", {"at": "1999-01-01"}),
    ],
)
def test_what_was_not_measured_is_not_found(running: Running, path: str, words: dict[str, str]) -> None:
    got = running.get(f"/evaluation/sets/{path}", LOOKER, **words)
    assert got.status_code == 404
    assert got.json()["error"] in ("not_measured", "no_set", "no_release")


PATHS = ("sets", "traffic", *(f"sets/lamps{part}" for part in ("", "/questions", "/comparison", "/drafts")))


@pytest.mark.parametrize("path", PATHS)
def test_questions_and_scores_are_hidden_from_keys_that_do_not_see_everything(running: Running, path: str) -> None:
    got = running.get(f"/evaluation/{path}", READER)
    assert (got.status_code, got.json()["error"]) == (403, "forbidden")
    assert "lamp" not in got.json()["message"]


def test_drafts_are_accepted_edited_and_dropped_by_operators(running: Running, asked: TwoReleases) -> None:
    path = "/evaluation/sets/drafted/drafts"
    found = bodies.Drafts.model_validate(running.get(path, LOOKER).json())
    by_text = {one.text: one.question_id for one in found.drafts}
    first, second, third, fourth = (by_text[f"What does lamp {number} burn?"] for number in (5, 6, 7, 8))
    for key in (READER, LOOKER):
        assert running.post(f"{path}/{first}", key, decision="accept").status_code == 403
    accepted = running.post(f"{path}/{first}", OPERATOR, decision="accept").json()
    assert bodies.Decided.model_validate(accepted).n_drafts == 3
    edited = running.post(f"{path}/{second}", OPERATOR, decision="edit", text="Which oil?", answers=["olive"])
    assert edited.status_code == 200
    assert running.post(f"{path}/{third}", OPERATOR, decision="drop").json()["n_drafts"] == 1
    again = running.post(f"{path}/{third}", OPERATOR, decision="accept")
    assert (again.status_code, again.json()["error"]) == (404, "no_question")
    assert running.post(f"{path}/{fourth}", OPERATOR, decision="edit", text="?!").status_code == 400
    assert running.post(f"{path}/{fourth}", OPERATOR, decision="accept", text="Which?").status_code == 422
    left = {one.text: (one.reviewed, one.answers) for one in store.questions(Lake.existing(asked.url), "drafted")}
    assert left == {
        "What does lamp 5 burn?": (True, ()),
        "Which oil?": (True, ("olive",)),
        "What does lamp 8 burn?": (False, ()),
    }


def test_traffic_without_a_log_is_empty(running: Running) -> None:
    found = bodies.Traffic.model_validate(running.get("/evaluation/traffic", LOOKER).json())
    assert (found.is_logged, found.total["n"], found.n_days) == (False, 0, 7)


def test_means_are_kept_until_the_release_is_measured_again(asked: TwoReleases) -> None:
    measured = Measurements(lake.open_lake(asked.url))
    assert measured.series("lamps", 10) == measured.series("lamps", 10)
