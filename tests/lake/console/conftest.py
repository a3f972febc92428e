"""A lake with three releases, its service with the console, and one Chromium for all journeys.

``visit(path)`` opens a page as the operator, ``visit(path, key=READER)`` as somebody with fewer rights. Each page fails
its test if a script throws, if the policy blocks anything, or if anything is requested from another host.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

import lake
from expectations.report.measured import Measurements
from flows.reindex import Job, reindex
from flows.steps import PlainSteps
from lake.answer import AnswerOptions, Completion
from lake.console.app import mount
from lake.endpoints.usage import Usage
from lake.options import RecipeOptions
from lake.service.app import create_app
from lake.service.capacity import Capacity
from lake.service.keys import Key, KeyRing, digest_of
from lake.service.profiles import Profile
from tests.lake.service.conftest import Running, listening_service

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

OPERATOR, READER = "operator-key-0123456789", "reader-key-0123456789ab"
#: Markup that would run, wherever a page fails to escape it.
HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>'\"--></title>"
#: The shell has all that draws a page and nothing around it, which takes a third of the time.
_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser")
CHROMIUM = next((path for name in _NAMES if (path := shutil.which(name))), None)
#: Nothing is drawn by a process of its own, and pages share one: each page would start its own, for a third more time.
_FRUGAL = [
    *("--no-sandbox", "--disable-gpu", "--in-process-gpu", "--disable-software-rasterizer"),
    *("--disable-site-isolation-trials", "--renderer-process-limit=1"),
]
_WIDE = {"width": 1280, "height": 860}


@dataclass(frozen=True, slots=True)
class ScriptedChat:
    """A chat model that writes the same words about every question, piece by piece."""

    name: str = "scripted:one"
    text: str = "Pump P-101 holds four litres of oil [1]. It was built on the moon by seven owls."

    def complete(self, messages: Any, **_: Any) -> Completion:
        return Completion(self.text, Usage(100, 20), self.name, "stop", 0.1)

    def stream(self, messages: Any, **_: Any) -> Iterator[str | Completion]:
        yield from (f"{word} " for word in self.text.split(" "))
        yield Completion(self.text, Usage(100, 20), self.name, "stop", 0.1)


@dataclass(frozen=True, slots=True)
class ConsoleLake:
    """``releases`` oldest first; the last one is live."""

    url: str
    releases: tuple[str, ...]


@pytest.fixture(scope="session")
def console_lake(tmp_path_factory: pytest.TempPathFactory) -> ConsoleLake:
    """Manuals, notes and one document that is all markup; each release changes some."""
    folder = tmp_path_factory.mktemp("console")
    source = folder / "handbook"
    source.mkdir()
    releases = tuple(_ingested(folder, source, number) for number in range(3))
    return ConsoleLake(str(folder / "lake"), releases)


def _ingested(folder: Path, source: Path, night: int) -> str:
    for number in range(12):
        tags = f"tags: [{'pumps' if number % 2 else 'valves'}, plant-{number % 3}]"
        text = f"Pump P-10{number} holds {'four' if night else 'three'} litres of oil. Check the oil every week."
        head = f"---\ntitle: Manual {number}\n{tags}\nlanguage: en\n---\n# Pump P-10{number}\n\n"
        (source / f"manual-{number}.md").write_text(f"{head}{text}\n\n## Safety\n\nStop the pump first.")
    (source / f"note-{night}.txt").write_text(f"Night {night}: the oil of the pumps was changed.")
    (source / "payroll.md").write_text("---\nacl: [hr]\n---\n# Payroll\n\nWho oils pumps earns 7 ducats.")
    front = json.dumps({"title": HOSTILE, "author": HOSTILE, "tags": [HOSTILE], "project": HOSTILE})
    (source / "hostile <b>&.md").write_text(f"---\n{front}\n---\n# {HOSTILE}\n\nHostile oil {HOSTILE} ends.")
    job = Job(sources=(str(source),), lake=str(folder / "lake"), settings=RecipeOptions(embedder="hash"))
    with PlainSteps() as steps:
        release = reindex(job, steps).release
    assert release
    return release


@pytest.fixture(scope="session")
def console_service(console_lake: ConsoleLake) -> Iterator[Running]:
    """The service with the console, and the keys OPERATOR and READER."""
    keys = KeyRing(
        (Key("operator", digest_of(OPERATOR), "*", operator=True), Key("reader", digest_of(READER), (), ("mode",)))
    )
    with served(console_lake.url, keys) as running:
        yield running


def served(url: str, keys: KeyRing, seconds: float = 20.0, **words: Any) -> Any:
    """A context with a service and its console over any lake, which abandons what takes longer than ``seconds``."""
    limits = Capacity(rate=10_000, burst=10_000, seconds=seconds)
    given: dict[str, Any] = {"chat": ScriptedChat(), "answers": AnswerOptions(min_evidence=0.0)}
    given |= {"profiles": {"words only": Profile({"mode": "text"})}, **words}
    index = lake.open_lake(url)
    app = create_app(index, keys, limits, measured=Measurements(index), **given)
    return listening_service(mount(app), limits)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("there is no Chromium on this machine")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=_FRUGAL)
        yield browser
        browser.close()


class Visitors:
    """Contexts of the browser, each for one visitor at a time, who leaves nothing in it.

    A page of a new one is drawn by a new process, whose start takes longer than most journeys; so one page stays open.
    """

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._free: dict[str, list[BrowserContext]] = {}

    @contextmanager
    def one(self, viewport: Any, color_scheme: Any = None, **screen: Any) -> Iterator[Page]:
        """An empty page; size and colours are those of the page, all other options those of the context."""
        free = self._free.setdefault(repr(sorted(screen.items())), [])
        context = free.pop() if free else self._browser.new_context(reduced_motion="reduce", **screen)
        if not context.pages:
            context.new_page()
        page = context.new_page()
        page.set_viewport_size(viewport)
        if color_scheme:
            page.emulate_media(color_scheme=color_scheme)
        yield page
        self._leave(context)
        free.append(context)

    @staticmethod
    def _leave(context: BrowserContext) -> None:
        first, *others = context.pages
        context.clear_cookies()
        context.clear_permissions()
        of_first = context.new_cdp_session(first)
        for origin in {page.url.partition("/console")[0] for page in others if page.url.startswith("http")}:
            of_first.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "all"})
        of_first.detach()
        for page in others:
            page.close()


@pytest.fixture(scope="session")
def visitors(browser: Browser) -> Visitors:
    return Visitors(browser)


@pytest.fixture
def visit(visitors: Visitors, console_service: Running) -> Iterator[Callable[..., Page]]:
    """Opens a page of the console with a key; ``url`` of another service, ``screen``: options of the context."""
    faults: list[str] = []
    with ExitStack() as leaving:

        def opened(path: str = "/search", key: str | None = OPERATOR, url: str = "", **screen: Any) -> Page:
            base = url or console_service.url
            page = leaving.enter_context(visitors.one(**{"viewport": _WIDE, **screen}))
            if key is not None:
                page.context.add_cookies([{"url": f"{base}/console", **cookie_of(base, key)}])
            page.set_default_timeout(60_000)
            _complete_clicks(page)
            _watch(page, base, faults)
            page.goto(f"{base}/console{path}")
            return page

        yield opened
    assert faults == []


def _complete_clicks(page: Page) -> None:
    """Let a click that leads to another page wait for the whole of it: it returns when its first bytes come."""
    click = page.click

    def clicked(*where: Any, **how: Any) -> None:
        click(*where, **how)
        page.wait_for_load_state()

    page.click = clicked  # type: ignore[method-assign]


@lru_cache
def cookie_of(base: str, key: str) -> dict[str, str]:
    """The cookie of a session, made once for all journeys."""
    with httpx.Client(base_url=base, timeout=60) as client:
        sent = {"csrf": token_of(client.get("/console/sign-in").text), "key": key}
        client.post("/console/sign-in", data=sent, headers={"Origin": base})
        (cookie,) = client.cookies.jar
    return {"name": cookie.name, "value": str(cookie.value)}


def token_of(page: str) -> str:
    """The token of the forms of a page."""
    return page.split('name="csrf" value="')[1].split('"')[0]


def _watch(page: Page, base: str, faults: list[str]) -> None:
    page.on("pageerror", lambda error: faults.append(f"script: {error}"))
    page.on("dialog", lambda dialog: (faults.append("a document ran a script"), dialog.dismiss()))
    page.on("request", lambda sent: None if sent.url.startswith(base) else faults.append(f"requested {sent.url}"))
    page.on(
        "console",
        lambda said: faults.append(said.text) if "Content Security Policy" in said.text else None,
    )


@pytest.fixture(scope="session")
def axe() -> str:
    """The script of axe-core."""
    package = pytest.importorskip("axe_playwright_python")
    return next(Path(package.__file__).parent.rglob("axe.min.js")).read_text()


@pytest.fixture
def accessible(axe: str) -> Callable[..., None]:
    """Asserts that axe-core finds nothing serious or critical in a page; ``rules``: only by these."""

    def check(page: Page, rules: Sequence[str] = ()) -> None:
        if not page.evaluate("'axe' in window"):
            page.evaluate(axe)
        only = {"runOnly": list(rules)} if rules else {}
        found = page.evaluate("options => axe.run(document, options)", {"resultTypes": ["violations"], **only})
        serious = [one for one in found["violations"] if one["impact"] in ("serious", "critical")]
        assert [(page.url, one["id"], [node["html"][:120] for node in one["nodes"]]) for one in serious] == []

    return check
