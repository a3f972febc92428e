"""One request by a visitor: his session, the API in his name, and the pages that he gets."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from lake.console.client import Api, ApiError
from lake.console.sessions import Session
from lake.reporting import with_lake
from lake.reporting.templates import rendered

#: Where the console is mounted.
ROOT = "/console"

Handler = Callable[["Visit"], Awaitable[Response]]


#: Digits of the largest number that an address may hold: Python refuses to read thousands of them.
_MOST_DIGITS = 11
#: Fields of a form, duplicated ones counted in.
_MOST_FIELDS = 500


def whole_number(word: str) -> int | None:
    """The number that was typed; None for anything else.

    >>> whole_number("12"), whole_number("-1"), whole_number("²"), whole_number("9" * 5000)
    (12, None, None, None)
    """
    return int(word) if word.isascii() and word.isdecimal() and len(word) <= _MOST_DIGITS else None


def before_of(visit: Visit, release: str) -> str:
    """The newest older release that readers saw, else the newest older one; the release itself if it is the oldest."""
    ids = [one["release"] for one in visit.releases]
    older = visit.releases[ids.index(release) + 1 :] if release in ids else []
    seen = [one for one in older if one["status"] == "superseded"]
    return next((str(one["release"]) for one in (*seen, *older)), release)


@dataclass(frozen=True, slots=True)
class ConsoleSection:
    """Views (GET) and acts (POST) by their paths below ``/console``; one with a title is in the navigation.

    ``parts`` are views without the frame of a page, so they know neither the key nor the releases.
    """

    title: str | None
    views: Mapping[str, Handler] = field(default_factory=dict)
    acts: Mapping[str, Handler] = field(default_factory=dict)
    parts: Mapping[str, Handler] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """That of its first view."""
        return next(iter(self.views))


@dataclass(slots=True)
class Visit:
    """``key`` is what ``GET /key`` returns, ``releases`` what ``GET /releases`` does, newest first."""

    request: Request
    session: Session
    api: Api
    sections: tuple[ConsoleSection, ...]
    key: dict[str, Any] = field(default_factory=dict)
    releases: list[dict[str, Any]] = field(default_factory=list)
    #: Why the releases can't be listed, if they can't.
    outage: ApiError | None = None
    form: dict[str, list[str]] = field(default_factory=dict)

    @property
    def at(self) -> str:
        """The release that the visitor looks at: ``live``, an id, a name or a date."""
        return self.word("at", "live")

    @property
    def is_part(self) -> bool:
        """Whether htmx wants a piece of a page."""
        return self.request.headers.get("hx-request") == "true"

    @property
    def live(self) -> dict[str, Any] | None:
        return next((release for release in self.releases if release["live"]), None)

    @property
    def shown(self) -> Mapping[str, Any]:
        """The row of the release that the visitor looks at; empty if its address names none by its id."""
        return next(
            (row for row in self.releases if (row["live"] if self.at == "live" else row["release"] == self.at)), {}
        )

    @property
    def has_nothing(self) -> bool:
        """Whether there is no release to look at: none is live, and the address names none."""
        return self.live is None and self.at == "live" and self.outage is None

    def is_in(self, section: ConsoleSection) -> bool:
        """Whether this page is one of the section, or below one."""
        path = self.request.url.path.removeprefix(ROOT)
        return any(path == view or path.startswith(f"{view}/") for view in section.views)

    def kept(self) -> list[tuple[str, str]]:
        """The parameters of the address besides the release."""
        return [(name, value) for name, value in self.request.query_params.multi_items() if name != "at"]

    def word(self, name: str, default: str = "") -> str:
        """A field of the form or a parameter of the address; the default if it is missing or empty."""
        return next(iter(self.words(name)), "").strip() or default

    def words(self, name: str) -> list[str]:
        """All values of a field or parameter."""
        return self.form[name] if name in self.form else self.request.query_params.getlist(name)

    def number(self, name: str) -> int | None:
        """A field or parameter that is a whole number; None for anything else."""
        return whole_number(self.word(name))

    def href(self, path: str, **words: Any) -> str:
        """An address below ``/console``, which keeps the chosen release; words that are None are left out."""
        kept = {"at": self.at if self.at != "live" else None} | words
        pairs = urlencode({name: value for name, value in kept.items() if value is not None}, doseq=True)
        return f"{ROOT}{path}" + (f"?{pairs}" if pairs else "")

    def altered(self, path: str, without: Collection[str] = (), **words: Any) -> str:
        """The address of another page with the parameters of this one, except ``without``, and other ``words``."""
        left_out = {*without, *words}
        pairs = [pair for pair in self.request.query_params.multi_items() if pair[0] not in left_out]
        query = urlencode([*pairs, *words.items()])
        return f"{ROOT}{path}" + (f"?{query}" if query else "")

    def command(self, *words: object) -> str:
        """A command line that can be pasted; it names the lake to whoever may know its place."""
        return shlex.join(("raglake", *map(str, words), "--lake", self.key.get("lake") or "LAKE"))

    def with_lake(self, text: str) -> str:
        """A message whose commands between backticks name the lake, to whoever may know its place."""
        return with_lake(text, self.key.get("lake"))

    def page(self, template: str, status: int = 200, **words: Any) -> Response:
        """A whole page."""
        return HTMLResponse(rendered(template, visit=self, **words), status)

    def part(self, template: str, status: int = 200, **words: Any) -> Response:
        """A piece of a page, which htmx swaps in."""
        return self.page(template, status, **words)

    def back_to(self, path: str, **words: Any) -> Response:
        """Sends the visitor to another page after an act. ``path`` is one below ``/console``."""
        to = self.href(path, **words)
        return Response(headers={"HX-Redirect": to}) if self.is_part else RedirectResponse(to, 303)

    async def look(self) -> None:
        """Reads what every page shows: what the key allows, and the releases."""
        self.key, self.releases = await asyncio.gather(self.api.get("/key"), self._releases())

    async def _releases(self) -> list[dict[str, Any]]:
        """Newest first; none in an outage, in which searches may go on."""
        try:
            return list(reversed((await self.api.get("/releases"))["releases"]))
        except ApiError as error:
            self.outage = error if error.status != 401 else None
            return []

    async def read_form(self) -> None:
        """Raises ApiError 400 for a form of more fields than any page has."""
        body = (await self.request.body()).decode("utf-8", "replace")
        try:
            self.form = parse_qs(body, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
        except ValueError as error:
            raise ApiError(400, "usage", f"a form may have at most {_MOST_FIELDS} fields") from error
