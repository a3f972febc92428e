"""Journeys through releases and health: look, compare, act, and what a page says when it may not or can not."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pytest

import lake
from lake import operate
from lake.directory import Lake, configuration
from lake.records import scores
from lake.records.schemas import SCORES
from lake.releases import publishing
from lake.service.keys import Key, KeyRing, digest_of
from lake.storage import clock
from tests.lake.console.conftest import HOSTILE, OPERATOR, READER, ConsoleLake, cookie_of, served, token_of
from tests.lake.service.conftest import Running

Visit = Callable[..., Any]
LOOKER = "a-key-that-sees-all-and-changes-nothing"
_ALL = [Key("operator", digest_of(OPERATOR), "*", operator=True), Key("looker", digest_of(LOOKER), "*")]
KEYS = KeyRing([*_ALL, Key("reader", digest_of(READER))])


@pytest.fixture(scope="module")
def own(console_lake: ConsoleLake, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, Lake]]:
    """A service over a copy of the lake that journeys may change; the newest release is a blocked candidate."""
    place = tmp_path_factory.mktemp("acts") / "lake"
    shutil.copytree(console_lake.url, place)
    lake, (first, second, third) = Lake(str(place)), console_lake.releases
    for release, value in zip(console_lake.releases, (0.5, 0.625, 0.25), strict=True):
        scores.keep(lake, _scores(release, value, n=3 if release == third else 2))
    operate.rollback(lake.url, second, why=HOSTILE, by=HOSTILE)
    log = lake.log
    publishing.record_gate(log, log.read().releases[third], outcome="blocked", why="recall fell by half.")
    operate.name(lake.url, first, "first", why="the beginning")
    for name, limit in (("age_hours", 50), ("quarantine_share", 0.02), ("scores.document nDCG@10", 0.9)):
        configuration.put(lake.store, f"alarms.{name}", limit)
    with served(lake.url, KEYS) as running:
        yield running, lake


def _scores(release: str, value: float, n: int) -> pa.Table:
    row: dict[str, Any] = dict.fromkeys(SCORES.names)
    row |= {"release": release, "set": "oils", "settings": '{"mode": "text"}', "status": "scored", "value": value}
    row |= {"level": "document", "measure": "nDCG@10", "evaluated_at": clock.now(), "question_digest": "d"}
    return pa.Table.from_pylist([row | {"question_id": f"q{number}"} for number in range(n)], schema=SCORES)


@pytest.fixture
def show(visit: Visit, own: tuple[Running, Lake]) -> Visit:
    """Opens a page of the service that journeys may change."""
    return lambda path, key=OPERATOR, **screen: visit(path, key=key, url=own[0].url, **screen)


def live(own: tuple[Running, Lake]) -> str:
    return own[1].log.read().resolve("live").id


def test_the_time_line_shows_what_became_of_each_release(show: Visit, console_lake: ConsoleLake) -> None:
    page = show("/releases")
    first, second, third = (page.locator(".release", has_text=name) for name in console_lake.releases)
    assert "live" in second.locator(".badge").first.text_content()
    assert "rolled back" in third.text_content()
    assert "Rolled back: <img src=x" in third.text_content()
    assert "first" in first.locator(".badge").all_text_contents()
    assert "0.625" in second.text_content()
    assert page.locator("figure").count() >= 3
    # The third release was measured by other questions, so no line leads to it.
    lines = page.locator("figure").first.locator("path.line")
    assert [line.get_attribute("d").count("L") for line in lines.all()] == [1]


def test_two_ticks_lead_to_a_comparison_down_to_the_words(show: Visit, console_lake: ConsoleLake) -> None:
    page = show("/releases")
    first, second, _ = console_lake.releases
    for name in (second, first):
        page.check(f'input[value="{name}"]')
    page.click("text=Compare two")
    assert page.url.endswith(f"/releases/compare?a={first}&b={second}")
    assert page.locator(".kinds [aria-current]").text_content().split() == ["changed", "12"]
    assert "+0.125" in page.text_content("main")
    page.locator(".documents summary").first.click()
    page.wait_for_selector(".hunk")
    assert page.locator(".hunk del").first.text_content().strip() == "three"
    assert page.locator(".hunk ins").first.text_content().strip() == "four"
    page.click(".kinds >> text=added")
    assert page.locator(".documents .uri").first.text_content() == "note-1.txt"


def test_what_was_rolled_back_is_not_what_live_is_compared_with(
    show: Visit, own: tuple[Running, Lake], console_lake: ConsoleLake
) -> None:
    (document,) = lake.open_lake(own[1].url).find_documents("manual-3.md", principals="*")["documents"]
    page = show(f"/documents/{document['doc_id']}/history")
    assert (page.input_value("#from"), page.input_value("#to")) == console_lake.releases[:2]


def test_scores_over_other_questions_are_not_compared(show: Visit, console_lake: ConsoleLake) -> None:
    page = show(f"/releases/compare?a={console_lake.releases[1]}&b={console_lake.releases[2]}")
    assert "not comparable" in page.text_content("main")


@pytest.mark.parametrize("ticked", [0, 1, 3])
def test_any_other_number_of_ticks_says_what_to_do(show: Visit, console_lake: ConsoleLake, ticked: int) -> None:
    words = "&".join(f"r={name}" for name in (*console_lake.releases, "none")[:ticked]) or "r=nothing"
    page = show(f"/releases?{words}")
    assert "Choose two releases" in page.text_content(".notice.warn")
    assert ("not kept any more" in page.text_content(".notice.warn")) == (ticked == 0)
    assert page.locator(".release").count() == 3


def test_publishing_past_a_blocked_gate_needs_force(show: Visit, own: tuple[Running, Lake]) -> None:
    _, lake = own
    log, history = lake.log, lake.log.read()
    was = history.resolve("live")
    candidate = log.append(
        history, "build", "2030-01-01.1", facts={"release": was.to_json() | {"release": "2030-01-01.1", "base": was.id}}
    ).releases["2030-01-01.1"]
    publishing.record_audit(log, candidate, verdict={"passed": True, "seconds": 1, "n_warnings": 0}, why="")
    publishing.record_gate(log, candidate, outcome="blocked", why="recall fell by half; see `raglake releases`.")
    operate.pin(lake.url, why="until Friday")
    page = show("/releases/2030-01-01.1")
    assert "It answers the lake's questions worse than it may" in page.text_content("main")
    page.click("summary >> text=Publish")
    page.fill("#why-publish", "it must go out")
    page.click("button >> text=Publish 2030")
    assert "until Friday" in page.text_content("#problem")
    assert "recall fell by half" in page.text_content("#problem"), "one reason hides no other"
    command = f"raglake releases --lake {lake.url}"
    assert command in page.text_content("#problem"), "it can be pasted"
    assert live(own) == was.id
    assert page.input_value("#why-publish") == "it must go out"
    assert page.evaluate("document.activeElement.id") == "problem"
    page.goto(page.url)
    assert page.url.endswith("/console/releases/2030-01-01.1"), "the address of an act leads to its page"
    page.click("summary >> text=Publish")
    page.fill("#why-publish", "it must go out")
    page.check('[name="force"]')
    page.click("button >> text=Publish 2030")
    assert "is published" in page.text_content(".notice.good")
    assert live(own) == "2030-01-01.1"
    assert "by force" in page.text_content(".entries")
    operate.unpin(lake.url, why="it is out")
    operate.rollback(lake.url, was.id, why="back to what it was")


def test_an_operator_rolls_back_with_the_keyboard_alone(
    show: Visit, own: tuple[Running, Lake], console_lake: ConsoleLake
) -> None:
    page = show(f"/releases/{console_lake.releases[0]}")
    page.locator("summary", has_text="Roll back").focus()
    for key in ("Enter", "Tab"):
        page.keyboard.press(key)
    page.keyboard.type("the new oil is wrong")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector(".notice.good")
    assert live(own) == console_lake.releases[0]
    last = own[1].log.read().entries[-1]
    assert (last.by, last.why) == ("operator over HTTP", "the new oil is wrong")
    operate.rollback(own[1].url, console_lake.releases[1], why="back to what it was")


def test_a_pin_a_name_and_their_ends_are_shown_and_logged(show: Visit, own: tuple[Running, Lake]) -> None:
    page = show(f"/releases/{live(own)}")
    steps = (("pin", "Pin", ""), ("unpin", "Unpin", ""), ("name", "Give it a name", "golden"))
    for act, title, name in (*steps, ("unname", "Take a name from it", "")):
        page.click(f'.act-form summary >> text="{title}"')
        page.fill(f"#why-{act}", f"why {act} {HOSTILE}")
        if name:
            page.fill("#name-name", name)
        page.locator("details[open] button").click()
        page.wait_for_selector(f'.notice.good:has-text("{own[1].log.read().entries[-1].release}")')
        assert own[1].log.read().entries[-1].action == act
    page.goto(page.url.replace("done=unname", "done=publish"))
    assert page.locator(".notice.good").count() == 0, "an address says that something is done that was not"
    page.click('.act-form summary >> text="Pin"')
    page.fill("#why-pin", "  ")
    page.locator("details[open] button").click()
    assert "Give a reason" in page.text_content("#problem")
    page.click("text=All releases")
    page.click("text=Log of everything")
    assert page.locator(".entries li").first.text_content().count("lost the name golden") == 1
    assert "why unname <img src=x" in page.text_content(".entries")


def test_who_is_no_operator_finds_no_act_and_can_not_send_one(
    show: Visit, own: tuple[Running, Lake], console_lake: ConsoleLake
) -> None:
    page = show(f"/releases/{console_lake.releases[0]}", key=LOOKER)
    assert "need an operator's key" in page.text_content(".operate")
    assert page.locator(".operate form").count() == 0
    running, head = own[0], own[1].log.read().head
    path = f"/console/releases/{console_lake.releases[0]}/act"
    with httpx.Client(base_url=running.url, timeout=60) as client:
        cookie = cookie_of(running.url, LOOKER)
        client.cookies.set(cookie["name"], cookie["value"])
        token = token_of(client.get("/console/releases").text)
        sent = {"csrf": token, "act": "rollback", "why": "x"}
        assert client.post(path, data=sent, headers={"Origin": running.url}).status_code == 403
        assert client.post(path, data=sent, headers={"Origin": "https://evil.example"}).status_code == 403
    assert own[1].log.read().head == head


@pytest.mark.parametrize("path", ["/releases", "/releases/live", "/releases/compare", "/releases/log", "/health"])
def test_who_does_not_see_every_document_is_told_why(show: Visit, path: str) -> None:
    page = show(path, key=READER)
    assert "does not see all of them" in page.text_content("#problem")
    assert "payroll" not in page.content()


def test_what_this_release_lacks_is_found_in_another(show: Visit, console_lake: ConsoleLake) -> None:
    page = show("/search?q=oil&missing=NOTE-2")
    page.click(f"#missing a:has-text('{console_lake.releases[2]}')")
    page.wait_for_selector("#missing .way >> text=It is among the first")
    page = show("/search/why?q=oil&name=note-2", key=READER)
    assert page.locator(".way-in a").count() == 0


def test_health_names_what_is_wrong_and_what_to_do(show: Visit) -> None:
    page = show("/health")
    page.wait_for_selector("text=Costs of the last 30 days")
    words = page.text_content("main")
    assert "Words kept by format" in words
    assert "markdown" in words
    assert "are free on the disk" in words
    assert "document nDCG@10 of oils is 0.6250 over 2 questions, less than 0.9" in page.text_content(".notice.bad")
    stated = "document nDCG@10 at least 0.9; at most 2.0 % in quarantine; published at most 50 h ago."
    assert page.text_content("#limits") == f"Limits of the alarms: {stated}"
    assert page.locator("#space tr td:nth-child(2):text-is('')").count() == 0, "a folder that nothing explains"


def test_releases_and_health_read_without_script(show: Visit, console_lake: ConsoleLake) -> None:
    page = show("/releases", java_script_enabled=False)
    for name in console_lake.releases[:2]:
        page.check(f'input[value="{name}"]')
    page.click("text=Compare two")
    page.locator(".documents summary").first.click()
    page.locator(".documents a").first.click()
    assert page.locator("ins").count()
    page.goto(page.url.split("/releases")[0] + "/health/space")
    assert "Costs of the last 30 days" in page.text_content("main")


def test_nothing_of_it_keeps_people_out_or_is_wider_than_a_phone(show: Visit, accessible: Callable[..., None]) -> None:
    page = show("/releases", viewport={"width": 360, "height": 700})
    for path in ("/releases", "/releases/first", "/releases/compare", "/releases/log", "/health"):
        page.goto(f"{page.url.split('/console')[0]}/console{path}")
        accessible(page)
        page.emulate_media(color_scheme="dark")
        accessible(page, ["color-contrast"])
        page.emulate_media(color_scheme="light")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path


def test_an_empty_lake_says_what_to_do_first(visit: Visit, tmp_path: Path) -> None:
    Lake(str(tmp_path / "lake")).create()
    with served(str(tmp_path / "lake"), KEYS) as running:
        page = visit("/releases", url=running.url)
        assert "No release yet" in page.text_content("main")
        page.goto(f"{running.url}/console/health")
        assert "Nothing is published yet" in page.text_content("main")
        for path in ("/search", "/search?q=oil", "/ask"):
            page.goto(f"{page.url.split('/console')[0]}/console{path}")
            assert "raglake ingest" in page.text_content(".empty")
        page.goto(f"{running.url}/console/releases/log")
        assert "Nothing has been done yet" in page.text_content("main")
