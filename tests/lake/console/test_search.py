"""Searching with the console: cards, facets, two columns, why, thumbs, and hostile documents."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

import lake
from lake.console.views.passages import passages
from lake.console.views.search_settings import facet_labels
from lake.directory import Lake
from lake.questions import store
from lake.service.keys import Key, KeyRing
from tests.lake.console.conftest import HOSTILE, OPERATOR, READER, ConsoleLake, cookie_of, served
from tests.lake.service.conftest import Running

Visit = Callable[..., Any]


def test_a_card_marks_the_words_found_and_says_where_and_why(visit: Visit) -> None:
    page = visit()
    page.fill("#q", "litres of oil in P-103")
    page.keyboard.press("Enter")
    page.wait_for_selector(".hit")
    assert "q=litres" in page.url
    card = page.locator(".hit").first
    assert "oil" in card.locator("mark").all_text_contents()
    place = "manual-3.md \N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK} Pump P-103 · "
    page.wait_for_selector(".hit >> nth=0 >> text=lines 1 to 7")  # which come after the card
    assert f"{place}lines 1 to 7" in " ".join(card.text_content().split())
    assert "characters 0 to" in visit(page.url.split("/console")[1], java_script_enabled=False).text_content(".hit")
    assert card.locator(".leg").count() == 2
    assert card.locator("h3 a").get_attribute("href").startswith("/console/documents/")


def test_a_facet_narrows_the_passages_and_the_address_keeps_it(visit: Visit) -> None:
    page = visit("/search?q=oil&k=20")
    before = page.locator(".hit").count()
    page.click("label:has-text('valves')")
    page.wait_for_url("**tags=valves**")
    page.wait_for_function(f"document.querySelectorAll('.hit').length < {before}")
    assert page.locator(".hit").count() == 6
    assert page.is_checked("label:has-text('valves') input")
    page.reload()
    assert page.locator(".hit").count() == 6
    page.click("text=Remove all filters")
    assert page.locator(".hit").count() == before


def test_what_is_picked_can_be_removed_where_no_document_has_it(console_service: Running) -> None:
    cookie = cookie_of(console_service.url, OPERATOR)
    with httpx.Client(base_url=console_service.url, cookies={cookie["name"]: cookie["value"]}, timeout=60) as client:
        page = client.get("/console/search", params={"q": "oil", "language": "zz", "tags": ["pumps", "gone"]}).text
    boxes = re.findall(r'<input type="checkbox"[^>]*value="(zz|gone|pumps)"[^>]* checked>', page)
    assert sorted(boxes) == ["gone", "pumps", "zz"]


def test_two_ways_to_search_stand_side_by_side_with_what_moved(visit: Visit, console_lake: ConsoleLake) -> None:
    page = visit("/search?q=three+litres")
    page.check("#compare")
    page.wait_for_selector(".column >> nth=1")
    page.select_option("#at_b", console_lake.releases[0])
    page.wait_for_url("**at_b=**")
    page.wait_for_selector(f".column-head:has-text('{console_lake.releases[0]}')")
    texts = page.locator(".column").all_text_contents()
    assert "holds four litres" in texts[0]
    assert "holds three litres" in texts[1]
    assert page.locator(".column .hit h3 .badge").count() == page.locator(".column .hit").count() > 0
    assert page.locator(".column .badge:has-text('same place')").count() > 0


def test_two_profiles_stand_side_by_side_and_the_diagnosis_follows_the_one_of_its_column(visit: Visit) -> None:
    page = visit("/search?q=oil+of+pump+103&compare=1")
    assert "as configured (meaning and words)" in page.locator("#mode option").first.text_content()
    page.select_option("#profile_b", "words only")
    page.wait_for_selector(".column-head:has-text('words only')")
    assert page.locator(".column >> nth=0 >> .leg:has-text('meaning')").count() > 0
    assert page.locator(".column >> nth=1 >> .leg:has-text('meaning')").count() == 0
    page.locator(".column >> nth=1 >> text=Why is this here?").first.click()
    page.wait_for_selector(".column >> nth=1 >> .way")
    assert "by meaning" not in page.locator(".column >> nth=1 >> .way").text_content()
    page.goto(f"{page.url.split('/console')[0]}/console/search?q=oil&profile=nope")
    assert "this service has no profile" in page.text_content("#problem").lower()


def test_a_search_that_takes_too_long_keeps_its_question_and_can_be_tried_again(console_lake: ConsoleLake) -> None:
    with served(console_lake.url, KeyRing(anonymous=Key("anonymous")), seconds=1e-6) as running:
        # The threads of a busy machine may find the passages before the service looks at its clock.
        each = (httpx.get(f"{running.url}/console/search?q=oil&k=5", timeout=60) for _ in range(20))
        page = next(page for page in each if page.status_code == 504)
    assert 'value="oil"' in page.text
    assert 'href="/console/search?q=oil&amp;k=5">Try again' in page.text


def test_one_column_that_fails_leaves_the_other(visit: Visit) -> None:
    page = visit("/search?q=oil&compare=1&at_b=no-such-release")
    assert page.locator(".column").count() == 2
    assert page.locator(".column .hit").count() > 0
    assert "no-such-release" in page.text_content(".column .notice.bad")
    assert page.locator("text=only here").count() == 0


def test_why_a_passage_is_here_opens_within_its_card(visit: Visit) -> None:
    page = visit("/search?q=oil+of+pump+103")
    page.locator(".hit >> text=Why is this here?").first.click()
    page.wait_for_selector(".hit .way")
    assert page.locator(".way li.passed").count() == 7
    assert "by words: place" in page.text_content(".way")
    page.goto("about:blank")
    page.go_back()  # its address has it
    page.wait_for_selector(".hit >> nth=0 >> .way")
    page.focus("[data-close]")
    page.keyboard.press("Enter")
    assert page.locator(".way").count() == 0
    assert "why=" not in page.url
    assert page.evaluate("document.activeElement.textContent") == "Why is this here?"


def test_why_a_passage_is_not_here_names_the_stage_that_lost_it(visit: Visit) -> None:
    page = visit("/search?q=oil&k=5&tags=valves")
    page.fill("#name", "manual-1")
    page.click("text=Why is it not here?")
    page.wait_for_selector("#missing li a")
    page.locator("#missing a >> text=manual-1.md").or_(
        page.locator("#missing li", has_text="manual-1.md")
    ).first.click()
    page.locator("#missing li:has-text('manual-1.md') a").first.click()
    page.wait_for_selector("#missing .way")
    assert "It passes the filters" in page.text_content("#missing li.lost")
    assert page.evaluate("document.activeElement.id") == "missing"
    page.reload()
    page.wait_for_selector("#missing .way")
    page.fill("#name", "no such thing")
    page.click("text=Why is it not here?")
    page.wait_for_selector("#missing >> text=No document that you may see")


def test_why_reveals_no_hidden_document(console_service: Running, console_lake: ConsoleLake) -> None:
    hidden = lake.open_lake(console_lake.url).find_documents("payroll", principals="*")["documents"][0]["doc_id"]
    cookie = cookie_of(console_service.url, READER)
    with httpx.Client(base_url=console_service.url, cookies={cookie["name"]: cookie["value"]}, timeout=60) as client:
        by_name = client.get("/console/search/why", params={"q": "oil", "name": "payroll"})
        by_id = client.get("/console/search/why", params={"q": "oil", "doc_id": hidden})
        absent = client.get("/console/search/why", params={"q": "oil", "doc_id": "0" * 32})
    assert "No document that you may see" in by_name.text
    assert (by_id.status_code, absent.status_code) == (404, 404)
    assert "payroll" not in by_id.text


def test_parts_of_words_are_searched_by_the_boolean_syntax(console_service: Running) -> None:
    cookie = cookie_of(console_service.url, OPERATOR)
    with httpx.Client(base_url=console_service.url, cookies={cookie["name"]: cookie["value"]}, timeout=60) as client:
        found, none, wrong = (
            client.get("/console/search", params={"q": text, "mode": "boolean"}) for text in ("lit*", "ltr*", "o*")
        )
    assert "hit-head" in found.text
    assert "Why is this here?" not in found.text, "a diagnosis has the plain syntax"
    assert "hit-head" not in none.text
    assert (wrong.status_code, "at least two letters or digits" in wrong.text) == (400, True)


def test_cards_state_what_adds_up_to_the_score_and_what_is_missing_to_the_place_above(visit: Visit) -> None:
    page = visit("/search?q=oil+of+pump+103&mode=hybrid&alpha=0.5")
    heads = page.locator(".hit-head .measure").all_text_contents()
    legs = [" ".join(one.split()) for one in page.locator(".legs").all_text_contents()]
    for head, leg in zip(heads, legs, strict=True):
        added = sum(map(float, re.findall(r"adds (-?\d+\.\d\d)", leg)))
        assert added == pytest.approx(float(head.split()[-1]), abs=0.03)
    assert "place" not in legs[0]
    said = [re.search(r"(?:Below place (\d+) by \d+\.\d+|As good as place (\d+), but)", leg) for leg in legs[1:]]
    assert [int(one[1] or one[2]) for one in said if one] == list(range(1, len(legs)))
    page = visit("/search?q=oil+of+pump+103&mode=text")
    assert "BM25" in page.locator(".legs").first.text_content()
    assert page.locator(".against").count() == 0


def test_scores_that_add_reciprocals_of_ranks_are_told_apart() -> None:
    found = passages([_fused(rank, 1 / (60 + rank), 1 / 61) for rank in (1, 2)])
    assert [one.decimals for one in found] == [4, 4]
    assert f"{-sum(by for _, by in found[1].against):.{found[1].decimals}f}" == "0.0003"


def _fused(rank: int, vector: float, text: float) -> dict[str, Any]:
    """A hit whose score is the sum of what both retrievers added."""
    added = {"vector": (rank, vector), "text": (1, text)}
    legs = [{"leg": leg, "rank": at, "score": 1.0, "added": part} for leg, (at, part) in added.items()]
    scores = {"score": vector + text, "text_score": 1.0, "vector_score": 1.0, "rerank_score": None}
    ranks = {"vector_rank": rank, "text_rank": 1}
    return {**scores, **ranks, "legs": legs, "text": "oil", "start": 0, "end": 3, "chunk_start": 0, "chunk_end": 3}


def test_the_excerpt_of_a_passage_without_spaces_is_short() -> None:
    text = f"oil {'w' * 5000} end"
    hit = {
        "text": text, "start": 0, "end": len(text), "chunk_start": 0, "chunk_end": len(text), "score": 1.0,
        "vector_rank": 1, "vector_score": 0.5, "text_rank": None, "text_score": None, "rerank_score": None,
    }  # fmt: skip
    (card,) = passages([hit])
    assert len("".join(piece for piece, _ in card.excerpt)) < 700
    assert "".join(piece for piece, _ in (*card.excerpt, *card.after)) == text


def test_two_sources_with_the_same_last_folder_have_different_words() -> None:
    values = [{"value": one} for one in ("/a/docs", "/b/docs", None)]
    assert facet_labels("source", values) == {"/a/docs": "a/docs", "/b/docs": "b/docs"}
    assert facet_labels("media_type", [{"value": "application/pdf"}]) == {"application/pdf": "pdf"}


def test_a_passage_becomes_a_draft_of_the_gate_with_and_without_script(visit: Visit, console_lake: ConsoleLake) -> None:
    page = visit("/search?q=which+oil+gets+checked")
    page.locator(".hit >> text=Make this a question of the gate").first.click()
    page.locator(".make-question input[name=set]").fill("gate")
    page.click("text=Draft it")
    page.click("text=Review it in Evaluation")
    page.wait_for_selector("h2:has-text('which oil gets checked')")
    assert page.locator(".around mark").count() == 1
    plain = visit("/search?q=which+oil+gets+checked", java_script_enabled=False)
    plain.locator(".hit >> text=Make this a question of the gate").nth(1).click()
    assert plain.input_value("textarea[name=text]") == "which oil gets checked"
    plain.fill("input[name=set]", "gate")
    plain.click("text=Draft it")
    assert "Accept it" in plain.text_content(".notice.good")
    assert plain.locator(".piece-of-evidence").count() == 2
    plain.click("button:has-text('Accept')")
    plain.goto(plain.url.split("/console")[0] + "/console/search?q=which+oil+gets+checked")
    plain.locator(".hit >> text=Make this a question of the gate").first.click()
    plain.fill("input[name=set]", "gate")
    plain.click("text=Draft it")
    assert "a person accepted it" in plain.text_content(".notice.bad")
    store.drop(Lake(console_lake.url), "gate")  # the lake is that of all tests


def test_readers_make_no_question(visit: Visit, console_service: Running) -> None:
    assert visit("/search?q=oil", key=READER).locator("text=question of the gate").count() == 0
    sent = {"text": "q", "uri": "manual-1.md", "quote": "oil"}
    headers = {"Authorization": f"Bearer {READER}"}
    reply = httpx.post(f"{console_service.url}/evaluation/sets/gate/drafts", json=sent, headers=headers, timeout=60)
    assert reply.status_code == 403


def test_a_thumb_becomes_a_judgement_and_a_session_counts_once(visit: Visit, console_lake: ConsoleLake) -> None:
    page = visit("/search?q=who+checks+the+oil")
    page.locator(".thumbs button[value=yes]").first.click()
    page.wait_for_selector("text=Thank you: useful.")
    page.wait_for_function("document.activeElement.textContent === 'Thank you: useful.'")
    page.locator(".thumbs button[value=no]").first.click()
    page.wait_for_selector("text=Thank you: not useful.")
    plain = visit("/search?q=who+checks+the+oil+by+hand", java_script_enabled=False)
    plain.locator(".thumbs button[value=yes]").first.click()
    assert "your judgement of a passage is kept" in plain.text_content(".notice.good")
    rows = lake.open_lake(console_lake.url).judgements().to_pylist()
    mine = [row for row in rows if row["question"] == "who checks the oil"]
    assert sorted(row["useful"] for row in mine) == [False, True]
    assert len({row["voter"] for row in mine}) == 1


def test_markup_in_documents_titles_tags_names_and_questions_is_text(visit: Visit) -> None:
    page = visit(f"/search?q={HOSTILE}+hostile&name={HOSTILE}&source={HOSTILE}&mode={HOSTILE}&k={HOSTILE}")
    assert page.locator("main img, main script").count() == 0
    page = visit(f"/search?q=hostile {HOSTILE}")
    assert HOSTILE in page.locator(".hit").first.text_content()
    assert page.locator(".hit h3", has_text="onerror").count() == 1
    assert page.input_value("#q") == f"hostile {HOSTILE}"
    assert page.locator("main img, main script").count() == 0
    page.locator(".hit", has_text="onerror").locator("text=Why is this here?").click()
    page.wait_for_selector(".way")


@pytest.mark.parametrize(
    "query", ["q=%00", "q=+", "q=%3F", "q=oil&k=-1", "q=oil&alpha=nan", "q=oil&modified_at=9999-12"]
)
def test_odd_addresses_are_answered_with_a_page(console_service: Running, query: str) -> None:
    cookie = cookie_of(console_service.url, OPERATOR)
    with httpx.Client(base_url=console_service.url, cookies={cookie["name"]: cookie["value"]}, timeout=60) as client:
        reply = client.get(f"/console/search?{query}")
    assert reply.status_code in (200, 400)
    assert "</html>" in reply.text
