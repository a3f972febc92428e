"""Which documents a person may mean by a path that names none."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from contextlib import suppress
from itertools import chain
from urllib.parse import unquote

from lake.errors import UsageError
from lake.sources.declared import key_as_meant
from lake.sources.globs import matches

_GLOB = re.compile(r"[*?\[]")
#: A path from the root of a disk, or a url; possibly joined to a folder.
_ABSOLUTE = re.compile(r"^/|(?:^|/)[a-z][a-z0-9+.-]*:/")


class LikelyDocuments:
    """Documents that a mistaken path may mean: another Unicode form or case, backslashes, a folder, a glob, no suffix
    or another one, a path from the source's root or the disk's, a name in a folder below, a url's escapes.
    """

    def __init__(self, uris: Iterable[str]) -> None:
        self._named: dict[str, list[str]] = {}
        self._below: dict[str, list[str]] = {}
        self._stems: dict[str, list[str]] = {}
        self._last: dict[str, list[str]] = {}
        for uri in sorted(uris):
            name = _folded(uri)
            self._named.setdefault(name, []).append(uri)
            self._stems.setdefault(posixpath.splitext(name)[0], []).append(uri)
            self._last.setdefault(posixpath.splitext(posixpath.basename(name))[0], []).append(uri)
            for folder in folders_of(name):
                self._below.setdefault(folder, []).append(uri)

    def meant_by(self, path: str, folder: str, *, has_globs: bool = True) -> list[str]:
        """Uris at or below ``folder``, the one of the table. Each glob is compared with all names."""
        wanted = posixpath.normpath(_folded(path)).strip("/ ")
        wanted = wanted.rstrip(" .") or wanted
        inside = _folded(folder)
        if wanted.startswith("../"):
            return []
        # As it is, from the source's root, after a slash that should not be there, and with escapes of a url.
        own = wanted.removeprefix(f"{inside}/") if inside else wanted
        likely = [wanted, own, posixpath.join(inside, wanted)]
        if _ABSOLUTE.search(_folded(path)):
            parts = wanted.split("/")
            likely += ["/".join(parts[n:]) for n in range(1, len(parts))]
        spellings = dict.fromkeys(spelled for each in likely for spelled in (each, _folded(unquote(each))))
        looked_up = (self._called(one, has_globs) for one in spellings)
        for uris in chain(looked_up, (self._named_last(one, has_globs) for one in [own])):
            if meant := [uri for uri in uris if not inside or _folded(uri).startswith(f"{inside}/")]:
                return meant
        return []

    def _called(self, wanted: str, has_globs: bool) -> list[str]:
        """Uris of a name, below a folder of that name, with that name before their suffix, or that fit it as a glob."""
        found = self._named.get(wanted) or self._below.get("" if wanted == "." else wanted)
        if not found and has_globs and _GLOB.search(wanted):
            return self._fitting(f"/{wanted}")
        return found or self._stems.get(wanted) or self._stems.get(posixpath.splitext(wanted)[0], [])

    def _named_last(self, wanted: str, has_globs: bool) -> list[str]:
        """Uris in any folder that end in this path; a name alone may lack its suffix, have another, or be a glob."""
        if has_globs and _GLOB.search(wanted):
            return self._fitting(wanted)
        stem = posixpath.splitext(posixpath.basename(wanted))[0]
        return [uri for uri in self._last.get(stem, []) if "/" not in wanted or _folded(uri).endswith(f"/{wanted}")]

    def _fitting(self, pattern: str) -> list[str]:
        with suppress(UsageError):
            return [uri for name, each in self._named.items() if matches(name, pattern) for uri in each]
        return []


def _folded(path: str) -> str:
    return key_as_meant(path.replace("\\", "/")).casefold()


def folders_of(uri: str) -> list[str]:
    """The folders that contain a document, outermost first.

    >>> folders_of("a/b/c.md")
    ['', 'a', 'a/b']
    """
    parts = uri.split("/")[:-1]
    return ["/".join(parts[:n]) for n in range(len(parts) + 1)]
