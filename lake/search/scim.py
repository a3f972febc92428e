"""Groups of a user from a directory that speaks SCIM 2.0 (RFC 7644): /Users and /Groups, filtered, page by page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from lake.endpoints.deadline import deadline, left
from lake.endpoints.http_get import StatusError, fetched
from lake.errors import TransientError
from lake.options.groups import GROUP

if TYPE_CHECKING:
    from lake.options.groups import GroupOptions

#: What an address of such a directory begins with.
SCHEME = "scim+"
_PER_PAGE = 100
_MOST_GROUPS = 10_000
#: What a directory answers that finds an id without a member malformed.
_REFUSED = (400, 404)


class ScimDirectory:
    """A directory; it is asked for the groups of one principal at a time."""

    def __init__(self, options: GroupOptions) -> None:
        self._options = options
        self._url = (options.url or "").removeprefix(SCHEME).rstrip("/")
        self._is_known_to_filter = False

    def groups_of(self, name: str) -> frozenset[str]:
        """All groups that a user, or a ``group:NAME``, is in, directly or through groups.

        Someone who is unknown, or not active, is in none. Raises TransientError if the directory does not tell all
        within the time for all of its answers together.
        """
        with deadline(self._options.timeout):
            return self._found(name)

    def _found(self, name: str) -> frozenset[str]:
        found: dict[str, str] = {}
        waiting = self._ids(name)
        while waiting:
            one = waiting.pop()
            for group in self._groups_with(one):
                if group["id"] not in found:
                    found[group["id"]] = group["displayName"]
                    waiting.append(group["id"])
            if len(found) > _MOST_GROUPS or left() == 0:
                raise TransientError(f"{self._url} takes too long to tell the groups of a user")
        return frozenset(f"{GROUP}{display}" for display in found.values())

    def _groups_with(self, member: str) -> list[dict[str, Any]]:
        """The groups that have this member, by its id."""
        found = list(self._all("Groups", _has(member)))
        if found and not self._is_known_to_filter:
            self._check_filters()
            self._is_known_to_filter = True
        return found

    def _check_filters(self) -> None:
        """Raises TransientError if groups are found for a member that nobody has: the filter is ignored."""
        try:
            nobodys = next(self._all("Groups", _has(str(uuid4()))), None)
        except StatusError as error:
            if error.status in _REFUSED:
                return
            raise
        if nobodys is not None:
            raise TransientError(f"{self._url}/Groups ignores the filter members.value, so that all seem in all groups")

    def _ids(self, name: str) -> list[str]:
        """Ids of a group, or of an active user; none if it is unclear which user is meant."""
        is_group = name.startswith(GROUP)
        kind, attribute = ("Groups", "displayName") if is_group else ("Users", "userName")
        wanted = name.removeprefix(GROUP)
        found = list(self._all(kind, f"{attribute} eq {json.dumps(wanted)}"))
        exact = [one for one in found if one[attribute] == wanted]
        if is_group:
            return [one["id"] for one in exact]
        # Directories compare names of users without regard to case.
        users = exact or [one for one in found if one[attribute].casefold() == wanted.casefold()]
        return [one["id"] for one in users if len(users) == 1 and _is_active(one)]

    def _all(self, kind: str, condition: str) -> Iterator[dict[str, Any]]:
        """Every resource that meets a condition. Raises TransientError unless the pages hold all of them."""
        start, name, seen = 1, "displayName" if kind == "Groups" else "userName", set[str]()
        while True:
            params: dict[str, str | int] = {"filter": condition, "startIndex": start, "count": _PER_PAGE}
            page = _page(self._fetched(kind, params), name, self._url)
            ids = {one["id"] for one in page[0]}
            if len(ids) < len(page[0]) or ids & seen:
                raise TransientError(f"{self._url}/{kind} gives the same resource twice, so others may be missing")
            seen |= ids
            yield from page[0]
            start += len(page[0])
            if start > page[1]:
                return
            if not page[0] or start > _MOST_GROUPS:
                raise TransientError(f"{self._url}/{kind} breaks off after {start - 1:,} of {page[1]:,}")

    def _fetched(self, kind: str, params: dict[str, str | int]) -> bytes:
        return fetched(f"{self._url}/{kind}", self._options.token, self._options.timeout, params)


def _has(member: str) -> str:
    return f"members.value eq {json.dumps(member)}"


def _is_active(user: dict[str, Any]) -> bool:
    """Whether ``active`` is true, or not assigned. Some directories write it as a text."""
    active = user.get("active")
    return active is None or str(active).casefold() == "true"


def _page(data: bytes, name: str, url: str) -> tuple[list[dict[str, Any]], int]:
    """The resources of a page, and how many there are in all."""
    try:
        page = json.loads(data)
        resources, total = page.get("Resources") or [], page["totalResults"]
        # What is no text is a TypeError, and half of a surrogate pair a ValueError.
        "".join(one[key] for one in resources for key in ("id", name)).encode()
        if isinstance(total, int):
            return resources, total
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass
    raise TransientError(f"{url} gives no SCIM 2.0 list")
