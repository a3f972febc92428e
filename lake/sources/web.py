"""Web sites as sources: ``web+https://HOST/``; by its sitemap, or by following links, within bounds."""

from __future__ import annotations

import posixpath
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any
from urllib.parse import urlsplit

from lake.endpoints.retry import Retries
from lake.errors import InputError, TransientError, UsageError
from lake.sources import listed_pages
from lake.sources.address import options_of, setting
from lake.sources.guarded_http import GuardedClient, as_at_home, home_of, host_of, joined
from lake.sources.page_failures import PageFailures
from lake.sources.page_states import PageState, PageStates
from lake.sources.protocol import Cursor, Gap, Removal, SourceFile, is_sidecar
from lake.sources.robots import Robots, fetched_robots
from lake.sources.sitemaps import Sitemap, read_sitemap
from lake.sources.web_pages import addresses_of, content_of, state_of, uri_of

_RETRIES = Retries(n_attempts=4, first=0.5, longest=30, longest_stated=60)
_MAX_SITEMAPS = 1000
#: Statuses that say that there is no page for us; any other may be another one later.
_NO_PAGES = range(400, 500)
#: Seconds between two requests that a site may ask for.
_LONGEST_DELAY = 600.0


@dataclass(frozen=True)
class WebOptions:
    """Options of a web site."""

    sitemap: str = setting("", "Address of the sitemap; found through robots.txt and /sitemap.xml otherwise.")
    crawl: bool = setting(False, "Follow links, although there is a sitemap.")
    lastmod: bool = setting(True, "Trust the sitemap's times; 0 requests each page on condition.")
    pages: int = setting(1000, "Maximum number of pages; a site with more is refused, and nothing is removed.")
    depth: int = setting(5, "Maximum number of links from the first page.")
    rate: float = setting(2.0, "Maximum number of requests a second.")
    max_mb: float = setting(20.0, "Maximum size of a page, in MB.")
    private: bool = setting(False, "Allow hosts whose addresses are not public.")
    robots: bool = setting(True, "Respect robots.txt; 0 only for a site of one's own.")
    authorization: str = setting("", "$VARIABLE or block:NAME with the value of that header.", secret=True)

    def check(self) -> None:
        """Raise UsageError for a bound that is none."""
        for name in ("pages", "rate", "max_mb"):
            if getattr(self, name) <= 0:
                raise UsageError(f"{name} must be more than 0")


class WebSource:
    """Pages below one address of one host. A page is named by its path, with the suffix of its kind."""

    options: Any = WebOptions
    #: Finding out what changed takes a request for each page.
    asks_each = True

    def __init__(self, url: str) -> None:
        self._options = options_of(url, WebOptions)
        self._options.check()
        start = url.removeprefix("web+").partition("?")[0]
        self._home = home_of(start)
        if not self._home or not urlsplit(start).hostname:
            raise UsageError("a web site as a source has the form web+https://HOST/PATH")
        self._start = as_at_home(start, self._home)
        self._below = posixpath.dirname(urlsplit(start).path or "/")
        headers = {"authorization": self._options.authorization} if self._options.authorization else {}
        self._client = GuardedClient(
            home=self._home,
            private=self._options.private,
            per_second=self._options.rate,
            max_bytes=int(self._options.max_mb * 1e6),
            headers=headers,
            retries=_RETRIES,
        )
        self._site, self._states = url, PageStates(url)

    def list(self) -> Iterator[SourceFile]:
        failures = PageFailures({}, {}, self._check_site)
        yield from (file for file, _ in self._files(failures))
        if failures.of_unknown:
            raise TransientError(failures.of_unknown[0])

    def changes(self, since: str | None) -> Iterator[SourceFile | Removal | Gap | Cursor]:
        """Pages are asked for again only if they changed, by the validators that the server gave them.

        A page that the server fails to give is listed as before. If it was never seen, and may be what leads to pages
        that nothing else leads to any more, these are asked for.
        """
        known = {} if since is None else self._states.read(since)
        before = known or self._states.latest()
        gone, found = dict[str, PageState](), dict[str, PageState]()
        failures = PageFailures(known, before, self._check_site)
        for url, state in known.items():  # of several addresses with one name the first counts
            if not is_sidecar(uri := uri_of(url, state)):
                gone.setdefault(uri, state)
        for file, url in self._files(failures, found):
            was = gone.pop(file.uri, None)
            if was is None or was.listed != found[url].listed:
                yield file
        yield from map(Removal, gone)
        yield from (Gap(why, hides=not before) for why in failures.of_unknown)
        yield Cursor(self._states.write(found))

    def _files(
        self, failures: PageFailures, found: dict[str, PageState] | None = None
    ) -> Iterator[tuple[SourceFile, str]]:
        """Every page with its address; ``found`` receives the states of all.

        A site has no sidecars: it may answer any name. Of several addresses with one name the first counts.
        """
        listed = listed_pages.begin(self._site)
        pages = {} if self._options.crawl else self._of_sitemaps()
        self._check_number(len(pages))
        states = self._mapped(pages, failures) if pages else self._crawled(failures)
        for url, state in states:
            if found is not None:
                found[url] = state
            uri = uri_of(url, state)
            if not is_sidecar(uri) and listed.add(uri, url):
                yield SourceFile(uri, *state.listed), url

    def _mapped(self, pages: Mapping[str, int | None], failures: PageFailures) -> Iterator[tuple[str, PageState]]:
        """The pages of a sitemap. Those without a time are asked for, once a listing can tell whether they changed.

        One that is closed, or gone, is listed as long as the sitemap names it: reading it will reveal why.
        """
        for url, modified in pages.items():
            state = PageState(url, modified=modified)
            if modified is None and failures.known:
                state = self._asked(url, failures, state) or state
            # By the address, as in every listing of a sitemap: a name must not depend on what is known already.
            yield url, replace(state, suffix=".html", links=())

    def read(self, uri: str) -> bytes:
        """A page, as the listing found it. One that redirects out of the source, or is gone, can't be read."""
        listed = listed_pages.latest(self._site)
        url = listed.url(uri)
        if url and (failure := listed.failure(url)):
            raise TransientError(failure)
        candidates = [url] if url else addresses_of(self._home, uri)
        for candidate in candidates:
            if (body := listed.body(candidate)) is not None:
                return body
            answer = self._client.get(candidate, self._is_inside)
            if answer.status == 200:
                data = content_of(answer)
                if url:  # else another process listed it, and will again without telling this one
                    listed.keep(candidate, data)
                return data
        if answer.status in (401, 403):
            self._check_login()
            raise PermissionError(f"{candidate} is not open to everybody")
        if answer.status in (404, 410):
            raise FileNotFoundError(candidate)
        if answer.status in _NO_PAGES:
            raise InputError(f"{candidate} answered with status {answer.status}", "unreadable")
        raise TransientError(f"{candidate} answered with status {answer.status}, which says nothing of the page")

    def _asked(self, url: str, failures: PageFailures, named: PageState | None = None) -> PageState | None:
        """The state of a page that is not the first; see ``PageFailures.asked``."""
        page = partial(self._page, url, failures.known.get(url), is_first=False)
        return failures.asked(url, page, listed_pages.latest(self._site), named)

    def _crawled(self, failures: PageFailures) -> Iterator[tuple[str, PageState]]:
        """Pages that links lead to, breadth first. A first page that can't be reached is an error."""
        if not self._is_wanted(self._start):
            raise PermissionError(f"robots.txt does not allow {self._start}")
        waiting, seen = deque([(self._start, 0)]), {self._start}
        n = 0
        while waiting:
            url, depth = waiting.popleft()
            is_first = depth == 0
            state = self._page(url, failures.known.get(url), is_first=True) if is_first else self._asked(url, failures)
            if state is not None:
                n += 1
                self._check_number(n)
                yield url, state
            if state is not None and depth < self._options.depth:
                links = (as_at_home(link, self._home) for link in state.links)
                new = [link for link in links if link not in seen and self._is_wanted(link)]
                seen.update(new)
                waiting.extend((link, depth + 1) for link in dict.fromkeys(new))
            if not waiting and failures.of_unknown:  # what it leads to may be there
                waiting.extend((url, self._options.depth) for url in failures.before if url not in seen)
                seen.update(failures.before)

    def _page(self, url: str, known: PageState | None, *, is_first: bool) -> PageState | None:
        """The state of a page; None if it is not there, or not for us. Raises PermissionError if the site is closed."""
        conditions, at = (known.conditions, known.url) if known else ({}, "")
        try:
            answer = self._client.get(url, self._is_wanted, conditions, at)
        except InputError as error:
            if error.error_class == "too_large":  # reading it will reveal that
                return PageState(url)
            if is_first:
                raise UsageError(
                    f"{url}: {error}; if the site moved, state its new address after the same NAME=, which keeps its "
                    "documents"
                ) from error
            return None
        if answer.status == 304 and known is not None and conditions and answer.url == at:
            # A server that confirms another state than the one it was asked about is not believed.
            return known.confirmed(answer.headers) or self._page(url, None, is_first=is_first)
        if answer.status in (401, 403) and is_first:
            raise PermissionError(f"{url} answered with status {answer.status}")
        if answer.status in _NO_PAGES and not is_first:
            if answer.status in (401, 403):
                self._check_login()
            return None
        if answer.status == 404:
            raise FileNotFoundError(url)
        if answer.status != 200:
            raise TransientError(f"{url} answered with status {answer.status}; nothing of the listing is used")
        listed_pages.latest(self._site).keep(url, content_of(answer))
        return state_of(answer)

    def _check_site(self) -> None:
        """Raise TransientError if the first page fails as well: then a page that fails tells of the site."""
        with suppress(InputError):
            self._client.get(self._start, self._is_inside)

    def _check_login(self) -> None:
        """Raise UsageError if even the first page is closed: then a closed page tells of our login, not of itself."""
        if not self._options.authorization:
            return
        try:
            status = self._client.get(self._start, self._is_inside).status
        except InputError:  # as to a page for logging in
            status = 401
        if status in (401, 403):
            raise UsageError(f"{self._start} refuses the login that authorization= states; renew it and run again")

    def _of_sitemaps(self) -> dict[str, int | None]:
        """Addresses of pages and when each last changed, in microseconds, from the sitemap and those it names.

        Raises UsageError for a stated sitemap that names no page of the source. One that only might be there is not
        missed: links are followed instead.
        """
        stated = [self._options.sitemap] if self._options.sitemap else self._robots.sitemaps
        waiting = deque(joined(self._home, url) for url in stated or ["/sitemap.xml"])
        found: dict[str, int | None] = {}
        seen, n_named = set(waiting), 0
        while waiting:
            sitemap = self._sitemap(waiting.popleft(), is_guess=not stated and len(seen) == 1)
            n_named += len(sitemap.pages)
            pages = ((as_at_home(page, self._home), moment) for page, moment in sitemap.pages.items())
            trusted = self._options.lastmod
            found |= {page: moment if trusted else None for page, moment in pages if self._is_wanted(page)}
            new = [one for one in sitemap.others if one not in seen and home_of(one).startswith(("http:", "https:"))]
            seen.update(new)
            waiting.extend(new)
            if len(seen) > _MAX_SITEMAPS:
                raise UsageError(f"{self._home} has more than {_MAX_SITEMAPS} sitemaps")
        if self._options.sitemap and not found:
            raise UsageError(
                f"{self._options.sitemap} names {n_named:,} pages, of which none is below {self._home}{self._below} "
                "and allowed by robots.txt; check the address, or follow links with crawl=1"
            )
        return found

    def _sitemap(self, url: str, *, is_guess: bool) -> Sitemap:
        """An empty one if it was only a guess that there is any: servers have many ways to say that there is none."""
        try:
            answer = self._client.get(url, lambda target: host_of(target) in (host_of(url), host_of(self._home)))
        except InputError as error:
            if is_guess:
                return Sitemap()
            raise UsageError(f"the sitemap {url} can't be used: {error}; state another one with sitemap=URL") from error
        if is_guess and answer.status in (401, 403, 404, 410):
            return Sitemap()
        if answer.status in (401, 403):
            raise PermissionError(f"{url} answered with status {answer.status}")
        if answer.status != 200:
            raise TransientError(f"the sitemap {url} answered with status {answer.status}")
        try:
            found = read_sitemap(url, answer.data)
        except UsageError:
            if is_guess:
                return Sitemap()
            raise
        if found is None and not is_guess:
            raise UsageError(f"{url} is a web page, and no sitemap")
        return found or Sitemap()

    @cached_property
    def _robots(self) -> Robots:
        """The site's rules, which may ask for fewer requests as well."""
        if not self._options.robots:
            return Robots()
        found = fetched_robots(self._client, f"{self._home}/robots.txt")
        if found.delay > _LONGEST_DELAY:
            raise UsageError(
                f"{self._home}/robots.txt asks for {found.delay:,.0f} seconds between two requests, and raglake waits "
                f"{_LONGEST_DELAY:g} at the most; ask who runs the site, or ignore it on a site of your own (robots=0)"
            )
        if found.delay * self._options.rate > 1:
            self._client.slow_down(1 / found.delay)
        return found

    def _is_of_home(self, url: str) -> bool:
        return home_of(url) == self._home

    def _is_inside(self, url: str) -> bool:
        return self._is_of_home(url) and (f"{urlsplit(url).path or '/'}/").startswith(f"{self._below.rstrip('/')}/")

    def _is_wanted(self, url: str) -> bool:
        return self._is_inside(url) and self._robots.allows(url)

    def _check_number(self, n: int) -> None:
        if n > self._options.pages:
            raise UsageError(
                f"{self._start} has more than {self._options.pages:,} pages, of which none may be left out; "
                "allow more with pages=N, or name a folder of it"
            )
