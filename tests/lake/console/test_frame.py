"""The frame of the console: sign-in, navigation, themes, and what keeps other sites and scripts out."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest
from markupsafe import escape

from lake.answer import AnswerOptions
from lake.service.keys import Key, KeyRing, digest_of
from lake.service.profiles import Profile
from tests.house import ROOT
from tests.lake.console.conftest import (
    HOSTILE,
    OPERATOR,
    READER,
    ConsoleLake,
    ScriptedChat,
    cookie_of,
    served,
    token_of,
)
from tests.lake.service.conftest import Running

Visit = Callable[..., Any]


def test_a_visitor_signs_in_and_comes_to_the_page_that_was_wanted(visit: Visit) -> None:
    page = visit("/search?q=oil", key=None)
    assert "/console/sign-in?next=" in page.url
    page.fill("#key", "a wrong key of some length")
    page.click("button.main")
    assert "does not know this key" in page.text_content("main")
    page.fill("#key", OPERATOR)
    page.keyboard.press("Enter")
    page.wait_for_selector(".hit")
    assert page.url.endswith("/console/search?q=oil")
    assert page.evaluate("document.cookie") == ""
    assert not any(OPERATOR in str(part) for part in (page.url, page.content()))
    page.click("text=Sign out")
    page.goto(page.url.split("/console")[0] + "/console/search")
    assert "/sign-in" in page.url


@pytest.mark.parametrize(
    "wanted", ["//evil.example/", "https://evil.example", "/console/\\evil", "/docs", "/console/a\nb"]
)
def test_sign_in_leads_to_pages_of_the_console_only(console_service: Running, wanted: str) -> None:
    with httpx.Client(base_url=console_service.url, timeout=60) as client:
        page = client.get("/console/sign-in", params={"next": wanted})
        sent = {"csrf": token_of(page.text), "key": OPERATOR, "next": wanted}
        reply = client.post("/console/sign-in", data=sent, headers={"Origin": console_service.url})
    assert (reply.status_code, reply.headers["location"]) == (303, "/console/")
    assert "HttpOnly" in reply.headers["set-cookie"]
    assert "SameSite=strict" in reply.headers["set-cookie"]


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "{base}", "Sec-Fetch-Site": "cross-site"},
    ],
)
def test_a_form_from_another_site_does_nothing(console_service: Running, sent: dict[str, str]) -> None:
    headers = {name: value.format(base=console_service.url) for name, value in sent.items()}
    with httpx.Client(base_url=console_service.url, timeout=60) as client:
        token = token_of(client.get("/console/sign-in").text)
        reply = client.post("/console/sign-in", data={"csrf": token, "key": OPERATOR}, headers=headers)
    assert reply.status_code == 403
    assert "does not come from a page of this console" in reply.text


def test_a_form_without_the_token_of_its_session_does_nothing(console_service: Running) -> None:
    with httpx.Client(base_url=console_service.url, timeout=60) as client:
        client.get("/console/sign-in")
        reply = client.post(
            "/console/sign-in", data={"csrf": "guessed", "key": OPERATOR}, headers={"Origin": console_service.url}
        )
    assert reply.status_code == 403


@pytest.mark.parametrize("name", ["a%00.css", f"{'a' * 5000}.css", "..%2fstatic%2fconsole.css", "%ff.css"])
def test_a_file_that_no_page_has_is_not_found(console_service: Running, name: str) -> None:
    assert httpx.get(f"{console_service.url}/console/static/{name}", timeout=60).status_code == 404


def test_a_form_with_more_fields_than_pages_have_is_refused(console_service: Running) -> None:
    reply = httpx.post(f"{console_service.url}/console/sign-in", content=b"&" * 2000, timeout=60)
    assert (reply.status_code, "at most 500 fields" in reply.text) == (400, True)


@pytest.mark.parametrize(
    ("came_from", "wanted"),
    [
        ("{base}/console/releases/live?act=pin", "/console/releases/live?act=pin"),
        ("https://evil.example/console/releases", "/console/"),
        ("", "/console/"),
    ],
)
def test_a_form_of_a_session_that_ended_leads_to_the_sign_in_and_back(
    console_service: Running, came_from: str, wanted: str
) -> None:
    base = console_service.url
    headers = {"Origin": base, "Referer": came_from.format(base=base)}
    with httpx.Client(base_url=base, timeout=60) as client:
        sent = {"csrf": "of the session that ended", "act": "pin", "why": "x"}
        reply = client.post("/console/releases/live/act", data=sent, headers=headers)
        assert reply.status_code == 303
        assert parse_qs(urlsplit(reply.headers["location"]).query)["next"] == [wanted]
        part = client.post("/console/search/judge", data=sent, headers={**headers, "HX-Request": "true"})
        assert parse_qs(urlsplit(part.headers["HX-Redirect"]).query)["next"] == [wanted]


def test_a_form_that_is_older_than_a_restart_leads_back_to_its_page(console_lake: ConsoleLake) -> None:
    with served(console_lake.url, KeyRing(anonymous=Key("anonymous"))) as running:
        headers = {"Origin": running.url, "Referer": f"{running.url}/console/search?q=oil"}
        reply = httpx.post(f"{running.url}/console/search/judge", data={"csrf": "x"}, headers=headers, timeout=60)
    assert reply.status_code == 403
    assert 'href="/console/search?q=oil">Load the page again' in reply.text


@pytest.mark.parametrize("path", ["/search", "/sign-in", "/static/console.css", "/nowhere", "/static/..%2fapp.py"])
def test_every_response_has_a_policy_without_inline_scripts_or_styles(console_service: Running, path: str) -> None:
    reply = httpx.get(f"{console_service.url}/console{path}", timeout=60)
    policy = reply.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert "app.py" not in path or reply.status_code == 404


class _Running(HTMLParser):
    """Collects what of a page would run, or lead to another place than the console and web sites."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        source = given.get("src", "/console/static/")
        runs = tag in ("img", "iframe", "object", "base", "style") or not source.startswith("/console/static/")
        runs |= tag == "script" and "src" not in given
        runs |= any(name.startswith("on") or name in ("style", "srcdoc") for name in given)
        to = (given[name] for name in ("href", "action", "formaction", "hx-get", "hx-post") if name in given)
        if runs or not all(one.startswith(("/console", "#", "https://")) for one in to):
            self.found.append(f"<{tag} {given}>")


@pytest.fixture(scope="module")
def named_with_markup(console_lake: ConsoleLake) -> Iterator[httpx.Client]:
    """Somebody signed in to a service whose operator's names, links and model are all markup."""
    given: dict[str, Any] = {"profiles": {HOSTILE: Profile({"mode": "text"}), "javascript:alert(1)": Profile({"k": 3})}}
    given["answers"] = AnswerOptions(min_evidence=0.0, link_template=f'https://wiki/{HOSTILE}" onclick="x/{{uri}}')
    keys = KeyRing((Key(HOSTILE, digest_of(OPERATOR), "*", operator=True),))
    with served(console_lake.url, keys, chat=ScriptedChat(HOSTILE, f"Oil {HOSTILE} [1]."), **given) as running:
        cookie = cookie_of(running.url, OPERATOR)
        cookies, sent = {cookie["name"]: cookie["value"]}, {"Origin": running.url}
        with httpx.Client(base_url=f"{running.url}/console", cookies=cookies, headers=sent, timeout=60) as client:
            yield client


def test_what_operators_name_is_text_wherever_a_page_shows_it(named_with_markup: httpx.Client) -> None:
    pages = [named_with_markup.get(f"/search?q=oil&compare=1&profile={quote(HOSTILE)}&profile_b=javascript:alert(1)")]
    form = {"csrf": token_of(pages[0].text), "q": "oil", "profile": HOSTILE}
    pages += [named_with_markup.get("/ask"), named_with_markup.post("/ask", data=form)]
    for page in pages:
        assert (page.status_code, _Running(page.text).found) == (200, []), page.url
        assert page.text.count(str(escape(HOSTILE))) > 1, page.url
    assert f'href="https://wiki/{escape(HOSTILE)}' in pages[-1].text


def test_a_service_without_keys_needs_no_sign_in_and_refuses_other_host_names(console_lake: ConsoleLake) -> None:
    hosts = ("127.0.0.1", "localhost")
    with served(console_lake.url, KeyRing(anonymous=Key("anonymous")), hosts=hosts) as running:
        page = httpx.get(f"{running.url}/console/search", params={"q": "oil"}, timeout=60)
        assert (page.status_code, "Sign out" in page.text) == (200, False)
        assert (
            httpx.get(f"{running.url}/console/search", headers={"Host": "evil.example"}, timeout=60).status_code == 421
        )


def test_the_release_of_the_header_stays_from_page_to_page(visit: Visit, console_lake: ConsoleLake) -> None:
    page = visit()
    page.fill("#q", "oil")
    page.keyboard.press("Enter")
    page.wait_for_selector(".hit")
    page.select_option("#at", console_lake.releases[0])
    page.wait_for_url("**at=**")
    assert "three litres" in page.text_content("main")
    page.click("nav >> text=Ask")
    assert f"at={console_lake.releases[0]}" in page.url
    page.goto(page.url.replace("/ask", f"/releases/{console_lake.releases[0]}"))
    page.select_option("#at", console_lake.releases[1])
    page.wait_for_url(f"**/releases/{console_lake.releases[1]}?at=*")
    assert page.text_content("h1") == console_lake.releases[1]
    page.select_option("#at", "live")
    page.wait_for_url(f"**/releases/{console_lake.releases[2]}")


def test_a_key_that_may_not_choose_a_release_is_told_so(visit: Visit, console_lake: ConsoleLake) -> None:
    page = visit(f"/search?q=oil&at={console_lake.releases[0]}", key=READER)
    assert "Not allowed" in page.text_content("main")
    assert "does not allow at" in page.text_content("main")
    page.click("text=Look at the live release instead")
    assert "at=" not in page.url


def test_the_theme_is_the_systems_until_the_visitor_chooses(visit: Visit) -> None:
    page = visit(color_scheme="dark")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.click("[data-theme-toggle]")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert dark != light
    page.reload()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == light


def test_the_keyboard_alone_leads_from_the_top_to_a_search(visit: Visit) -> None:
    page = visit()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    page.keyboard.press("/")
    page.keyboard.type("oil")
    page.keyboard.press("Enter")
    page.wait_for_selector(".hit")


def test_pages_read_without_script(visit: Visit) -> None:
    page = visit("/search?q=oil", java_script_enabled=False)
    assert page.locator(".hit").count() > 1


def test_nothing_keeps_people_with_disabilities_out(visit: Visit, accessible: Callable[..., None]) -> None:
    page = visit()
    for path in ("/search", "/search?q=oil", "/ask", "/sign-in", "/nowhere"):
        page.goto(f"{page.url.split('/console')[0]}/console{path}")
        accessible(page)
        page.emulate_media(color_scheme="dark")
        accessible(page, ["color-contrast"])
        page.emulate_media(color_scheme="light")


def test_nothing_is_wider_than_a_phone(visit: Visit, accessible: Callable[[Any], None]) -> None:
    page = visit("/search?q=oil", viewport={"width": 360, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.goto(f"{page.url}&compare=1&profile_b=words+only")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    accessible(page)


def test_the_command_shows_the_console_at_a_free_port(console_lake: ConsoleLake) -> None:
    command = [sys.executable, "-m", "flows", "console", "--lake", console_lake.url]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as running:
        assert running.stderr is not None
        try:
            address = running.stderr.readline().split("listening on ")[1].split(",")[0]
            assert (
                httpx.get(f"{address}/console/search", params={"q": "oil"}, timeout=60).text.count('class="card hit"')
                > 5
            )
        finally:
            running.terminate()


def test_the_files_of_the_console_are_in_the_wheel() -> None:
    stated = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]["lake.console"]
    folder = ROOT / "lake/console"
    packed = {path for pattern in stated for path in folder.glob(pattern) if path.is_file()}
    assert {path for path in folder.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")} == packed
