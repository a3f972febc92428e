"""Groups of a user from a directory that speaks SCIM 2.0 (RFC 7644): /Users and /Groups, filtered, page by page."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from lake.endpoints.http_get import fetched
from lake.errors import TransientError
from lake.options.groups import GROUP

if TYPE_CHECKING:
    from lake.options.groups import GroupOptions

#: What an address of such a directory begins with.
SCHEME = "scim+"
_PER_PAGE = 100
_MOST_GROUPS = 10_000


class ScimDirectory:
    """A directory; it is asked for the groups of one principal at a time."""

    def __init__(self, options: GroupOptions) -> None:
        self._options = options
        self._url = (options.url or "").removeprefix(SCHEME).rstrip("/")

    def groups_of(self, name: str) -> frozenset[str]:
        """All groups that a user, or a ``group:NAME``, is in, directly or through groups.

        Someone who is unknown, or not active, is in none. Raises TransientError if the directory does not tell all.
        """
        deadline = time.monotonic() + self._options.timeout
        found: dict[str, str] = {}
        waiting = list(self._ids(name))
        while waiting:
            one = waiting.pop()
            for group in self._all("Groups", f"members.value eq {json.dumps(one)}"):
                if group["id"] not in found:
                    found[group["id"]] = group["displayName"]
                    waiting.append(group["id"])
            if len(found) > _MOST_GROUPS or time.monotonic() > deadline:
                raise TransientError(f"{self._url} takes too long to tell the groups of a user")
        return frozenset(f"{GROUP}{display}" for display in found.values())

    def _ids(self, name: str) -> Iterator[str]:
        is_group = name.startswith(GROUP)
        kind, attribute = ("Groups", "displayName") if is_group else ("Users", "userName")
        wanted = name.removeprefix(GROUP)
        for resource in self._all(kind, f"{attribute} eq {json.dumps(wanted)}"):
            # Directories compare without regard to case; names of groups are told apart as acls do.
            shown = resource[attribute]
            is_it = shown == wanted if is_group else shown.casefold() == wanted.casefold()
            if is_it and resource.get("active", True) is not False:
                yield resource["id"]

    def _all(self, kind: str, condition: str) -> Iterator[dict[str, Any]]:
        """Every resource that meets a condition. Raises TransientError unless the pages hold all of them."""
        start, name = 1, "displayName" if kind == "Groups" else "userName"
        while True:
            params: dict[str, str | int] = {"filter": condition, "startIndex": start, "count": _PER_PAGE}
            page = _page(self._fetched(kind, params), name, self._url)
            yield from page[0]
            start += len(page[0])
            if start > page[1]:
                return
            if not page[0] or start > _MOST_GROUPS:
                raise TransientError(f"{self._url}/{kind} breaks off after {start - 1:,} of {page[1]:,}")

    def _fetched(self, kind: str, params: dict[str, str | int]) -> bytes:
        return fetched(f"{self._url}/{kind}", self._options.token, self._options.timeout, params)


def _page(data: bytes, name: str, url: str) -> tuple[list[dict[str, Any]], int]:
    """The resources of a page, and how many there are in all."""
    try:
        page = json.loads(data)
        resources, total = page.get("Resources") or [], page["totalResults"]
        if all(isinstance(one[key], str) for one in resources for key in ("id", name)) and isinstance(total, int):
            return resources, total
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    raise TransientError(f"{url} gives no SCIM 2.0 list")
