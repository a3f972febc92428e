"""Asking with the console: the stream, citations, flagged sentences, confidence, refusals and hostile words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from lake.console.views.ask import parts_of
from lake.service.keys import Key, KeyRing
from tests.lake.console.conftest import HOSTILE, READER, ConsoleLake, ScriptedChat, served, token_of
from tests.lake.service.conftest import Running
from tests.lake.service.test_outages import Broken

Visit = Callable[..., Any]


def test_an_answer_is_written_and_then_shown_with_its_sources(visit: Visit) -> None:
    page = visit("/ask")
    page.fill("#q", "How much oil does pump P-101 hold?")
    page.keyboard.press("Enter")
    page.wait_for_selector(".answer")
    assert "q=How+much+oil" in page.url
    assert "holds four litres of oil" in page.text_content(".answer-text")
    assert page.locator(".sources .hit").count() > 1
    assert "confidence:" in page.text_content(".answer")
    assert page.locator(".reasons li").count() > 0
    page.wait_for_selector("#source-1 >> text=lines 1 to 7")
    page.click(".cite >> nth=0")
    assert page.evaluate("document.activeElement.id") == "source-1"
    page.wait_for_function("document.getElementById('source-1').getBoundingClientRect().top < innerHeight")
    page.evaluate("document.querySelector('.skip').click()")
    page.go_back()
    assert page.locator(".answer").count() == 1, "a link within the page lost the answer"


def test_a_sentence_that_no_source_supports_is_marked_with_the_reason(visit: Visit) -> None:
    page = visit("/ask?q=Who+built+pump+P-101%3F")
    page.wait_for_selector(".flagged")
    assert "built on the moon" in page.text_content(".answer-text .flagged")
    assert "Check this" in page.get_attribute(".answer-text .flagged", "title")


def test_a_whole_answer_is_judged(visit: Visit) -> None:
    page = visit("/ask?q=Which+oil%3F")
    page.wait_for_selector(".answer .thumbs")
    page.click(".answer .thumbs button[value=no]")
    page.wait_for_selector("text=Thank you: not useful.")


def test_a_source_opens_for_a_key_that_may_not_choose_a_release(visit: Visit) -> None:
    page = visit("/ask?q=How+much+oil+does+pump+P-101+hold%3F", key=READER)
    page.click("#source-1 h3 a")
    page.wait_for_url("**/documents/**")
    assert "holds four litres" in page.text_content(".text-column")


def test_without_script_a_button_asks(visit: Visit) -> None:
    page = visit("/ask?q=How+much+oil%3F", java_script_enabled=False)
    assert page.locator(".answer").count() == 0
    page.click("text=Answer this question")
    assert "holds four litres of oil" in page.text_content(".answer-text")


@pytest.fixture(scope="module")
def hostile_service(console_lake: ConsoleLake) -> Iterator[Running]:
    chat = ScriptedChat("hostile", f"Oil {HOSTILE} [1]. [2](javascript:alert(1)) {HOSTILE}")
    with served(console_lake.url, KeyRing(anonymous=Key("anonymous", principals="*")), chat=chat) as running:
        yield running


def test_markup_of_models_and_documents_is_text(visit: Visit, hostile_service: Running) -> None:
    page = visit(f"/ask?q=hostile {HOSTILE}", key=None, url=hostile_service.url)
    page.wait_for_selector(".answer")
    assert HOSTILE in page.text_content(".answer-text")
    assert page.locator("#answer img, #answer script, #answer a[href^=javascript]").count() == 0


def test_what_the_service_refuses_is_explained_in_place(visit: Visit, console_lake: ConsoleLake) -> None:
    with served(console_lake.url, KeyRing(anonymous=Key("anonymous", answers=False))) as running:
        page = visit("/ask?q=oil", key=None, url=running.url)
        page.wait_for_selector("#answer .notice.bad")
        assert "allows searches, not answers" in page.text_content("#answer")


def test_a_chat_model_that_is_down_leaves_the_passages(visit: Visit, console_lake: ConsoleLake) -> None:
    with served(console_lake.url, KeyRing(anonymous=Key("anonymous")), chat=Broken()) as running:
        page = visit("/ask?q=How+much+oil%3F", key=None, url=running.url)
        page.wait_for_selector("#answer [data-degraded]")
        assert "here are the passages without an answer" in page.text_content("#answer")
        assert page.locator("#answer .hits h3 a").count() > 1


def test_a_get_asks_no_model(console_lake: ConsoleLake) -> None:
    with served(console_lake.url, KeyRing(anonymous=Key("anonymous"))) as running:
        with httpx.Client(base_url=running.url, timeout=60) as client:
            page = client.get("/console/ask", params={"q": "How much oil?"})
            assert "four litres" not in page.text
            sent = {"csrf": token_of(page.text), "q": "How much oil?"}
            answer = client.post("/console/ask/stream", data=sent, headers={"Origin": running.url})
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.text.startswith("event: text\ndata: ")
        assert answer.text.count("event: answer\n") == 1


def test_an_answer_looks_right_to_everybody(visit: Visit, accessible: Callable[[Any], None]) -> None:
    page = visit("/ask?q=How+much+oil%3F", viewport={"width": 360, "height": 700})
    page.wait_for_selector(".answer")
    accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_sentences_and_citations_cut_the_text_without_losing_any() -> None:
    text = "One [1-3]. Two [9] and [2, 1].\n\nThree."
    sentences = [
        {"start": 0, "end": 10, "is_claim": True, "supported": True, "support": 1.0},
        {"start": 11, "end": 30, "is_claim": True, "supported": False, "support": 0.25},
    ]
    parts = parts_of({"text": text, "sources": [{"number": n} for n in (1, 2, 3)], "sentences": sentences})
    assert [part.parts for part in parts] == [
        ["One ", 1, 2, 3, "."],
        [" "],
        ["Two [9] and ", 2, 1, "."],
        ["\n\nThree."],
    ]
    assert [bool(part.flag) for part in parts] == [False, False, True, False]
