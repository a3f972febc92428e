"""The evaluation in the console: scores, questions, comparisons, traffic, and reviews by keyboard."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from shutil import copytree, ignore_patterns
from typing import Any

import pytest

import lake
from expectations.retrieval import evaluate
from lake.directory import Lake
from lake.errors import UsageError
from lake.options import QueryLogOptions
from lake.questions import store
from lake.questions.values import EvalQuestion, Evidence
from lake.records import experiments, query_log
from lake.records.experiment_plots import experiment_plots
from lake.records.query_log import KeptQuestion
from lake.records.schemas import QUERIES
from lake.service.keys import Key, KeyRing, digest_of
from lake.storage import clock
from tests.lake.console.conftest import HOSTILE, OPERATOR, READER, ConsoleLake, served

Visit = Callable[..., Any]
LOOKER = "looker-key-0123456789abc"
QUOTE = "holds four litres of oil."


@dataclass(frozen=True, slots=True)
class Asked:
    """A service over a lake with questions, scores of two releases, and drafts."""

    url: str
    lake: str
    releases: tuple[str, ...]

    def texts(self, name: str) -> dict[str, bool]:
        """The questions of a set, and whether they were reviewed."""
        return {one.text: one.reviewed for one in store.questions(Lake.existing(self.lake), name)}


def about(number: int, set_: str = "pumps", **words: Any) -> EvalQuestion:
    text = words.pop("text", f"How much oil does P-10{number} hold?")
    return EvalQuestion(
        set_, text, evidence=(Evidence(f"manual-{number}.md", quote=words.pop("quote", None)),), **words
    )


@pytest.fixture(scope="module")
def asked(console_lake: ConsoleLake, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    judged_by_others = ignore_patterns("feedback")
    url = str(copytree(console_lake.url, tmp_path_factory.mktemp("asked") / "lake", ignore=judged_by_others))
    place, index = Lake.existing(url), lake.open_lake(url)
    for release, numbers in zip(console_lake.releases[1:], ((1, 2), (1, 2, 3)), strict=True):
        store.add(place, [about(number) for number in numbers] + [about(5, text=f"What is {HOSTILE}?")])
        index.keep_scores(evaluate(index, index.questions("pumps"), release, {"mode": "text"}).rows)
    drafted = [about(number, "drafted", origin="generated", reviewed=False, quote=QUOTE) for number in range(4)]
    source = index.dataset("documents").to_table(["source"]).to_pylist()[0]["source"]
    placed = [
        EvalQuestion(
            one.set, one.text, answers=("four litres", HOSTILE), origin="generated", reviewed=False,
            evidence=(Evidence(one.evidence[0].uri, source, QUOTE),),
        )
        for one in drafted
    ]  # fmt: skip
    store.add(place, placed)
    keys = (Key("operator", digest_of(OPERATOR), "*", operator=True), Key("looker", digest_of(LOOKER), "*"))
    with served(url, KeyRing((*keys, Key("reader", digest_of(READER))))) as running:
        yield Asked(running.url, url, console_lake.releases)


def test_a_line_breaks_where_the_questions_changed(visit: Visit, asked: Asked, accessible: Callable[..., None]) -> None:
    page = visit("/evaluation", OPERATOR, asked.url)
    assert "document nDCG@10" in page.text_content(".card:has-text('pumps') .set-score >> nth=0")
    accessible(page)
    page.click("text=pumps")
    assert f"The questions changed with {asked.releases[2]}" in page.text_content("main")
    assert page.locator("figure .interval").count() > 0
    assert page.locator("figure path.line").count() == 1  # of the time of a search, which breaks nowhere
    accessible(page)
    page.click("summary:has-text('The figures')")
    assert "document nDCG@10" in page.text_content("table")


def test_questions_are_shown_as_text_worst_first(visit: Visit, asked: Asked) -> None:
    page = visit("/evaluation/sets/pumps/questions", LOOKER, asked.url, viewport={"width": 390, "height": 844})
    assert f"What is {HOSTILE}?" in page.text_content(".questions")
    assert page.locator("main img, main .questions script").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.goto(f"{asked.url}/console/evaluation/sets/pumps/questions?at={asked.releases[0]}")
    assert "Not measured at this release" in page.text_content("main")


def test_two_releases_are_compared_question_by_question(
    visit: Visit, asked: Asked, accessible: Callable[..., None]
) -> None:
    page = visit("/evaluation/sets/pumps/compare", LOOKER, asked.url, color_scheme="dark")
    assert "not enough evidence" in page.text_content(".verdict")
    assert page.input_value("#a") == asked.releases[1]
    accessible(page)
    page.select_option("#a", asked.releases[0])
    page.wait_for_url(f"**a={asked.releases[0]}*")
    assert "can't be compared" in page.text_content("main")
    page.goto(f"{asked.url}/console/evaluation/sets/pumps/compare?a={asked.releases[1]}&b={asked.releases[1]}")
    assert "Choose two releases" in page.text_content(".empty")


def test_drafts_are_reviewed_with_the_keyboard_alone(
    visit: Visit, asked: Asked, accessible: Callable[..., None]
) -> None:
    page = visit("/evaluation/sets/drafted/drafts", OPERATOR, asked.url)
    assert page.text_content(".around mark") == QUOTE
    accessible(page)
    seen, notices = [], []
    for key in ("s", "b", "a", "d"):
        seen.append(page.text_content("#draft"))
        with page.expect_navigation():
            page.keyboard.press(key)
        notices.append(" ".join(page.locator(".notice").all_text_contents()).strip()[:8])
    assert notices == ["", "", "Accepted", "Dropped "]
    skipped, back, accepted, dropped = seen[1], seen[0], seen[2], seen[3]
    assert accepted == back
    edited = page.text_content("#draft")
    page.keyboard.press("e")
    page.keyboard.press("Control+A")
    page.keyboard.type("How many litres, as said before?")
    with page.expect_navigation():
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
    texts = asked.texts("drafted")
    assert texts[accepted] is True
    assert dropped not in texts
    assert edited not in texts
    assert texts["How many litres, as said before?"] is True
    assert "Draft 1 of 1" in page.text_content("main")
    assert skipped == dropped


def test_who_may_not_review_only_reads(visit: Visit, asked: Asked) -> None:
    page = visit("/evaluation/sets/drafted/drafts", LOOKER, asked.url)
    assert page.locator("main form").count() == 0
    page.keyboard.press("d")
    assert "Operators accept" in page.text_content("main")
    reader = visit("/evaluation/sets/drafted/drafts", READER, asked.url)
    assert "does not see all of them" in reader.text_content("main")
    assert "litres" not in reader.text_content("main")


def experiment(**words: Any) -> dict[str, Any]:
    """What an experiment found: three cells, of which the second was applied."""
    cells = [
        {
            "cell": n, "is_base": n == 0, "is_chosen": n == 1, "on_front": ["latency", "cost"] if n == 1 else [],
            "mode": mode, "n_questions": 80, "p50_seconds": 0.01 * (n + 1), "p95_seconds": 0.05, "n_chunks": 9,
            "n_tokens": 100, "cost_usd": None, "n_bytes": 10**6 * (n + 1),
            **{f"{measure}{part}": value
               for measure in ("document nDCG@10", "document R@10")
               for part, value in (("", 0.5 + n / 10), (" low", 0.4), (" high", 0.9), (" difference", n / 10),
                                   (" p", 0.01), (" p_corrected", 0.02))},
        }
        for n, mode in enumerate(("hybrid", HOSTILE, None))
    ]  # fmt: skip
    labels = [{"words": f"mode {cell['mode']}", "recipe": "the lake's recipe"} for cell in cells]
    return {
        "release": "2026-11-29.1", "sets": ["pumps"], "measures": ["document nDCG@10", "document R@10"],
        "varied": ["mode"], "labels": labels, "cells": cells, "n_documents": 4, "n_all": 5, "n_left_out": 1, "seed": 0,
        "best": 1, "chosen": 1, "confirmed": 1, "confirmation": "", "rule": "the cheapest", "applied": True,
        "search": {"mode": "text"}, "confirmed_search": {"mode": "text"}, "ingest": None, **words,
    }  # fmt: skip


def test_experiments_are_kept_listed_and_drawn_with_the_cell_that_was_applied(
    visit: Visit, asked: Asked, accessible: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    page = visit("/evaluation/experiments", LOOKER, asked.url)
    assert f"raglake experiment SOURCE --vary child_tokens=100,200 --lake {asked.lake}" in page.text_content(".empty")
    place = Lake.existing(asked.lake)
    monkeypatch.setattr(experiments, "KEPT", 1)
    oldest = experiments.keep(place, experiment(varied=["oldest"]))
    time.sleep(1)  # ids sort by seconds
    newest = experiments.keep(place, experiment())
    assert experiments.ids(place) == [newest]
    with pytest.raises(UsageError, match="keeps the last"):
        experiments.read(place, oldest)
    page.reload()
    assert "cell 1 applied" in page.text_content(".cards")
    page.click(".cards a")
    assert page.locator("figure").count() == 3
    assert page.locator("figure .interval").count() > 0
    assert page.locator("tr:has-text('applied') td").nth(1).text_content() == HOSTILE
    accessible(page)
    page.select_option("#measure", "document R@10")
    page.wait_for_url("**R%4010*")
    assert "document R@10 by latency" in page.locator("figcaption").first.text_content()
    narrow = visit(f"/evaluation/experiments/{newest}", LOOKER, asked.url, viewport={"width": 360, "height": 800})
    assert narrow.evaluate("document.documentElement.scrollWidth") <= 360
    narrow.goto(f"{asked.url}/console/evaluation/experiments/..%2Fraglake")
    assert narrow.locator("#problem").count() == 1


def test_a_label_of_a_plot_lies_on_no_other_point() -> None:
    near = {"p50_seconds": 0.0105, "document nDCG@10": 0.512}
    found = experiment()
    found["cells"][2] |= near
    plot = experiment_plots(found)[0]
    points = [point for series in plot.series for point in series.points if point.shape]
    (base,) = (point for point in points if point.label == "0")
    assert plot.hidden_by_label(replace(base, anchor="start", below=False), points) == 1
    assert plot.hidden_by_label(base, points) == 0


def judged(asked: Asked, release: str, votes: str, question: str = f"oil {HOSTILE}") -> None:
    """One judgement of the first passage by each session: "+" for useful."""
    index = lake.open_lake(asked.lake)
    found = index.search(question, k=1, at=release, principals="*", mode="text")
    for number, vote in enumerate(votes):
        words = {"voter": f"{release} {number}", "principals": "*"}
        index.feedback(found.query_id, found["chunk_id"][0].as_py(), vote == "+", **words)


def test_thumbs_compare_two_releases_and_become_drafts(
    visit: Visit, asked: Asked, accessible: Callable[..., None]
) -> None:
    page = visit("/evaluation/feedback", LOOKER, asked.url)
    assert "Nobody judged a passage yet" in page.text_content(".empty")
    judged(asked, asked.releases[1], "---+---")
    judged(asked, asked.releases[2], "+++++++")
    judged(asked, asked.releases[2], "++", f"P-101 {HOSTILE}")
    page.reload()
    assert "better" in page.text_content(".verdict")
    assert "useful, against 14 %" in page.text_content(".verdict")
    row = page.locator("tr", has_text="side by side")
    assert [cell.text_content() for cell in row.locator("td").all()[:4]] == [
        f"oil {HOSTILE}", "1 of 7", "7 of 7", "+0.86",
    ]  # fmt: skip
    assert page.locator("main img, main script, main form[method=post]").count() == 0
    accessible(page)
    page.select_option("#b", asked.releases[1])
    page.wait_for_selector("text=Choose two sides")
    page.go_back()
    page.click("text=side by side")
    assert [one.input_value() for one in (page.locator("#at"), page.locator("#at_b"))] == list(asked.releases[1:])
    operator = visit("/evaluation/feedback?days=7", OPERATOR, asked.url, viewport={"width": 320, "height": 700})
    assert operator.evaluate("document.documentElement.scrollWidth") <= 320
    operator.fill("#set", "No Set")
    operator.click("text=Draft them")
    assert operator.locator("#problem").count() == 1
    operator.fill("#set", "people")
    operator.fill("#at_least", "20")
    operator.click("text=Draft them")
    assert "with too few votes" in operator.text_content("#problem")
    operator.fill("#at_least", "2")
    operator.click("text=Draft them")
    assert "/evaluation/sets/people/drafts" in operator.url
    assert f"P-101 {HOSTILE}" in operator.text_content("main")
    store.drop(Lake.existing(asked.lake), "people")


def test_a_lake_without_questions_or_traffic_says_what_to_do(visit: Visit, asked: Asked) -> None:
    page = visit("/evaluation/traffic", LOOKER, asked.url)
    assert "--query-log" in page.text_content(".empty")
    store.drop(Lake.existing(asked.lake), "drafted")
    store.drop(Lake.existing(asked.lake), "pumps")
    page.goto(f"{asked.url}/console/evaluation")
    assert "raglake questions import" in page.text_content(".empty")
    page.goto(f"{asked.url}/console/evaluation/sets/pumps")
    assert "No set of questions" in page.text_content("main")


def logged(question: str, **words: Any) -> dict[str, Any]:
    usual = {"asked_at": clock.now(), "kind": "search", "outcome": "ok", "api_key": HOSTILE, "seconds": 0.01}
    return KeptQuestion(QueryLogOptions()).row(
        {
            **dict.fromkeys(QUERIES.names),
            **usual,
            "log_id": f"{question} {words}",
            "hits": [],
            "degraded": [],
            "question": question,
            **words,
        }
    )


def test_live_traffic_is_shown_by_kind_by_release_and_by_side_of_a_trial(
    visit: Visit, asked: Asked, accessible: Callable[..., None]
) -> None:
    hit = [{"chunk_id": "c", "doc_id": "d", "score": 1.0}]
    rows = [
        logged("oil", hits=hit, release=asked.releases[2], variant="control"),
        logged("oil", hits=hit, release=asked.releases[1], variant=HOSTILE),
        logged(HOSTILE, outcome="empty", release=asked.releases[2], variant="control"),
        logged("doubt", kind="answer", hits=hit, n_claims=1, n_flagged=1, confidence=0.1, cost_usd=0.5),
    ]
    query_log.QUERIES.write(Lake.existing(asked.lake), rows)
    page = visit("/evaluation/traffic", LOOKER, asked.url, viewport={"width": 360, "height": 800})
    assert [one.text_content() for one in page.locator("caption").all()] == [
        "By kind",
        "By release",
        "By side of the trial",
    ]
    assert page.locator("main img, main script").count() == 0
    assert "1 time" in page.text_content("section:has(h2:text('Nothing found'))")
    assert "1 doubtful" in page.text_content("section:has(h2:text('Answered badly'))")
    assert "0 declined" not in page.text_content("main")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    accessible(page)
