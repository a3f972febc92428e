"""Pages of a web site that the server fails to give, while it gives others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from lake.errors import TransientError
from lake.sources.failures import is_too_often
from lake.sources.page_states import PageState

if TYPE_CHECKING:
    from lake.sources.listed_pages import ListedPages


class PageFailures:
    """What one listing could not get. ``check_site`` raises TransientError if the site itself does not answer.

    ``known`` are states of an earlier listing whose validators hold, ``before`` those of any.
    """

    def __init__(
        self, known: Mapping[str, PageState], before: Mapping[str, PageState], check_site: Callable[[], None]
    ) -> None:
        self.known, self.before, self._check_site = known, before, check_site
        self._n_failed = self._n = 0
        #: Why, of pages of which nothing is known: neither what they are called nor where they lead.
        self.of_unknown: list[str] = []

    def asked(
        self, url: str, page: Callable[[], PageState | None], listed: ListedPages, named: PageState | None = None
    ) -> PageState | None:
        """The state of a page; without marks if the server fails to give it, so that reading it will reveal why.

        None if it is not there, or if it fails, was never seen and has no name (``named``). Raises TransientError
        if the site fails, or too many of its pages.
        """
        self._n += 1
        try:
            return page()
        except TransientError as error:
            self._n_failed += 1
            if is_too_often(self._n_failed, self._n, len(self.before)):
                why = f"{self._n_failed} of {self._n} pages failed, the last one so: {error}"
                raise TransientError(why) from error
            self._check_site()
            listed.refuse(url, str(error))
            before = self.before.get(url) or named
            if before is None:
                self.of_unknown.append(f"{url} is new and could not be read, so it is left out: {error}")
                return None
            return PageState(before.url, before.suffix, links=before.links)
