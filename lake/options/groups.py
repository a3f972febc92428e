"""Options of groups: where a lake's service and Python learn which groups a user is in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lake.errors import UsageError
from lake.options.declaration import check, option
from lake.options.endpoints import is_secret

#: What the name of a group begins with, as acls and principals have it.
GROUP = "group:"
_URL = re.compile(r"/\S+|(?:scim\+)?https?://[^\s/?#@]+(?:/[^\s?#]*)?")


@dataclass(frozen=True, slots=True)
class GroupOptions:
    """Who is in which group. Acls and principals name groups as ``group:NAME``; a member may be a group as well."""

    members: Mapping[str, Any] = option(
        dict, 'Members of each group, such as {"engineering": ["anna", "group:backend"]}.'
    )
    url: str | None = option(
        None,
        "In place of members: a file of them, as an absolute path or an https URL to JSON or CSV (columns group and "
        "member), or a directory that speaks SCIM 2.0, as scim+https://HOST/PATH.",
    )
    token: str | None = option(
        None, "Where the bearer token of the URL is: env:RAGLAKE_NAME, file:NAME or block:raglake-NAME."
    )
    max_age: float = option(300.0, "Seconds for which memberships count before they are read again.", above=0)
    stale_for: float = option(
        900.0, "Further seconds for which known memberships count if they can't be read.", least=0
    )
    timeout: float = option(3.0, "Seconds that looking up a user may take.", above=0, most=60)

    def __post_init__(self) -> None:
        check(self)
        _check_members(self.members)
        if self.url is not None and self.members:
            raise UsageError("groups has members or a url, not both")
        if self.url is not None and not _URL.fullmatch(self.url):
            raise UsageError("url must be an absolute path, or begin with https:// or scim+https://, without ? and @")
        if self.token is not None and not is_secret(self.token):
            raise UsageError(
                "token must name where it is, and never hold it: env:RAGLAKE_NAME, file:NAME or block:raglake-NAME"
            )

    @property
    def is_on(self) -> bool:
        """Whether there is anything to expand by."""
        return bool(self.members) or self.url is not None


def _check_members(value: Any) -> None:
    example = '{"engineering": ["anna", "group:backend"]}'
    if not isinstance(value, Mapping):
        raise UsageError(f"members={value!r} must be an object, such as {example}")
    for group, members in value.items():
        listed = isinstance(members, Sequence) and not isinstance(members, str)
        if not group.strip() or not listed or not all(isinstance(one, str) and one.strip() for one in members):
            raise UsageError(f"members.{group} must be a list of names, such as {example}")
