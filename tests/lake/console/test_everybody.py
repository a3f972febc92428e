"""Every view by keyboard alone, on the narrowest screen, in both themes and in a visitor's own colours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import lake
from tests.lake.console.conftest import ConsoleLake

Visit = Callable[..., Any]
#: Stops of the Tab key on one page, at most.
_MOST_STOPS = 300
#: What has the focus: its words, whether it can be seen, and its outline.
_FOCUSED = """() => {
  const one = document.activeElement, box = one?.getBoundingClientRect(), style = one && getComputedStyle(one);
  if (!one || one === document.body) return null;
  return {
    words: `${one.tagName} ${(one.getAttribute("aria-label") || one.textContent || one.id).trim().slice(0, 40)}`,
    isSeen: box.width > 2 && box.height > 2 && box.top < innerHeight && box.bottom > 0,
    isInHeader: Boolean(one.closest("header")),
    isOutlined: style.outlineStyle !== "none" && style.outlineWidth !== "0px",
  };
}"""


@pytest.fixture(scope="module")
def views(console_lake: ConsoleLake) -> list[str]:
    index, (old, _, new) = lake.open_lake(console_lake.url), console_lake.releases
    rows = index.dataset("documents").to_table(["doc_id", "uri"]).to_pylist()
    document = next(f"/documents/{row['doc_id']}" for row in rows if row["uri"] == "manual-1.md")
    return [
        # Of cards a few are enough: they are all made by one macro.
        *(
            "/search",
            "/search?q=oil&k=3&missing=manual-11",
            "/search?q=oil&compare=1&k=3",
            f"/search/why?q=oil&doc_id={document[11:]}",
        ),
        *("/ask", "/releases", f"/releases/{new}", f"/releases/compare?a={old}&b={new}", "/releases/log"),
        *("/health", "/health/quarantine", "/evaluation", "/evaluation/feedback", "/evaluation/experiments"),
        *("/evaluation/traffic", document, f"{document}/about", f"{document}/history", "/nowhere"),
        *(f"{document}/diff?from={old}&to={new}", f"{document}/erasure"),
    ]


def test_every_view_is_reached_by_keyboard_fits_320_pixels_and_keeps_nobody_out(
    visit: Visit, views: list[str], accessible: Callable[[Any], None]
) -> None:
    page = visit(viewport={"width": 320, "height": 640})
    root = page.url.removesuffix("/search")
    for number, path in enumerate(views):
        page.emulate_media(color_scheme="dark" if number % 2 else "light")
        page.goto(f"{root}{path}")
        page.wait_for_selector(".htmx-request", state="detached")
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, path
        accessible(page)
        stops = _stops(page, past_header=number > 0)
        assert [one["words"] for one in stops if not (one["isSeen"] and one["isOutlined"])] == [], path
        assert len(stops) < _MOST_STOPS, path
        assert any(one["isInHeader"] for one in stops) == (number == 0), path


def _stops(page: Any, *, past_header: bool) -> list[dict[str, Any]]:
    """What the Tab key leads to from the top of a page, until it leaves it or begins anew.

    ``past_header``: the first link leads past the header, which is the same on all pages.
    """
    stops: list[dict[str, Any]] = []
    while len(stops) < _MOST_STOPS:
        page.keyboard.press("Tab")
        if (stop := page.evaluate(_FOCUSED)) is None or (stops and stop == stops[0]):
            break
        if not stops and past_header:
            page.keyboard.press("Enter")
        stops.append(stop)
    return stops


def test_in_colours_of_the_visitors_own_the_section_is_still_told_apart(visit: Visit) -> None:
    page = visit("/evaluation/feedback", forced_colors="active")
    of = "e => getComputedStyle(e).textDecorationLine"
    assert page.eval_on_selector(".nav a[aria-current]", of) == "underline"
    assert page.eval_on_selector(".nav a:not([aria-current])", of) == "none"
    border = "e => getComputedStyle(e).borderBottomWidth"
    assert page.eval_on_selector(".doc-tabs a[aria-current]", border) == "2px"
    assert page.eval_on_selector(".doc-tabs a:not([aria-current])", border) == "0px"


def test_a_low_window_is_not_covered_by_the_header(visit: Visit) -> None:
    page = visit("/search?q=oil", viewport={"width": 320, "height": 256})
    page.evaluate("scrollTo(0, 500)")
    assert page.evaluate("document.querySelector('.top').getBoundingClientRect().bottom") <= 0
