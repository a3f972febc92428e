"""What a listing of a web site learned of its pages, kept on this machine, so that the next one asks what changed."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from email.utils import parsedate_to_datetime
from pathlib import Path

from lake.ids import bytes_digest, value_digest
from lake.sources import listed_pages
from lake.sources.protocol import CursorLost

#: What the addresses of web sites begin with.
WEB = "web+"
#: Seconds after which a listing's states are deleted, unless a later one was equal.
_KEPT = 30 * 86400
#: A page that changed so many seconds before its answer was made may change again without a later date.
_SETTLED = 2.0


@dataclass(frozen=True, slots=True)
class PageState:
    """A page as it was answered. ``url`` is where redirects ended; ``links`` are the addresses that it names.

    ``size``, ``modified`` (microseconds) and ``mark`` (a digest of the bytes) are what the listing says of the page.
    ``etag`` and ``date`` are the server's validators, as ``If-None-Match`` and ``If-Modified-Since`` repeat them; empty
    if there is none that can be trusted.
    """

    url: str
    suffix: str = ""
    size: int | None = None
    modified: int | None = None
    mark: str | None = None
    etag: str = ""
    date: str = ""
    links: tuple[str, ...] = ()

    @property
    def conditions(self) -> dict[str, str]:
        """Headers that ask for the page only if it changed; none without a validator."""
        headers = {"if-none-match": self.etag, "if-modified-since": self.date}
        return {name: value for name, value in headers.items() if value}

    def confirmed(self, headers: Mapping[str, str]) -> PageState | None:
        """The state after an answer without a body; None if the answer is about another state of the page."""
        told, date = _repeatable(headers.get("etag")), headers.get("last-modified")
        if told and self.etag:
            return replace(self, etag=told) if _opaque(told) == _opaque(self.etag) else None
        if date and self.date and date != self.date:
            return None
        return replace(self, etag=told or self.etag)

    @property
    def listed(self) -> tuple[int | None, int | None, str | None]:
        """What a change of the page changes."""
        return self.size, self.modified, self.mark


def validators(headers: Mapping[str, str]) -> tuple[str, str]:
    """ETag and Last-Modified of an answer, as far as a later request may rely on them.

    A time has no fractions of a second, so one that is as young as the answer does not tell two changes apart.

    >>> validators({"last-modified": "Sun, 06 Nov 1994 08:49:37 GMT", "date": "Sun, 06 Nov 1994 08:49:37 GMT"})
    ('', '')
    """
    date = _repeatable(headers.get("last-modified"))
    try:
        age = (parsedate_to_datetime(headers.get("date", "")) - parsedate_to_datetime(date)).total_seconds()
    except (ValueError, TypeError, OverflowError):
        age = 0.0
    return _repeatable(headers.get("etag")), date if age >= _SETTLED else ""


def _repeatable(value: str | None) -> str:
    """A header's value, or "" if a request can't repeat it: a server may send bytes that are not ASCII."""
    return value if value and value.isascii() and value.isprintable() else ""


def _opaque(etag: str) -> str:
    """An ETag without the mark of a weak one, which says that bytes may differ where the meaning does not."""
    return etag.removeprefix("W/")


def forget_states(sites: Iterable[object] | None = None) -> None:
    """Delete what this machine knows of the pages of these sites, or of all sites, so that each is listed in full."""
    sites = None if sites is None else list(sites)
    listed_pages.drop(sites)
    folders = _folders() if sites is None else (folder for site in sites if (folder := _folder_of(site)))
    for folder in folders:
        for file in folder.glob("*"):
            file.unlink(missing_ok=True)


def _root() -> Path | None:
    """The folder of the states of all sites; None for a user without a home."""
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "raglake" / "web"
    except RuntimeError:
        return None


def _folder_of(site: object) -> Path | None:
    root = _root()
    return root and root / value_digest(site)[:32]


def _folders() -> Iterator[Path]:
    root = _root()
    yield from (folder for folder in (root.glob("*") if root else ()) if folder.is_dir())


class PageStates:
    """The states of one site, in ``raglake/web`` of the user's cache folder: one file for each listing that differed.

    A position is the digest of a file. Without the file, as on another machine, everything is listed.
    """

    def __init__(self, site: object) -> None:
        self._folder = _folder_of(site)

    def write(self, states: Mapping[str, PageState]) -> str:
        """Keep the states by address; the position from which the next listing continues, "" if that fails."""
        data = json.dumps({url: asdict(state) for url, state in states.items()}).encode()
        position = bytes_digest(data)
        if self._folder is None:
            return ""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self._folder, delete=False) as file:
                file.write(data)
            os.replace(file.name, self._folder / f"{position}.json")
        except OSError:
            return ""
        _delete_old()
        return position

    def latest(self) -> dict[str, PageState]:
        """The newest states that this machine has, by whatever options they were found; none if there are none."""
        try:
            files = sorted(self._folder.glob("*.json"), key=lambda file: file.stat().st_mtime) if self._folder else []
            return self.read(files[-1].stem) if files else {}
        except (CursorLost, OSError):
            return {}

    def read(self, position: str) -> dict[str, PageState]:
        """The states of a position. Raises CursorLost if this machine does not have them."""
        if self._folder is None:
            raise CursorLost("this user has no cache folder")
        try:
            data = (self._folder / f"{position}.json").read_bytes()
            if bytes_digest(data) != position:
                raise CursorLost("the states of the pages are damaged")
            return {url: _state(**value) for url, value in json.loads(data).items()}
        except (OSError, ValueError, TypeError) as error:
            raise CursorLost("the states of the pages are not on this machine") from error


def _delete_old() -> None:
    """Of all sites, since one that is crawled no more deletes nothing."""
    with suppress(OSError):
        for folder in _folders():
            for file in folder.glob("*"):
                with suppress(FileNotFoundError):
                    if time.time() - file.stat().st_mtime > _KEPT:
                        file.unlink()


def _state(*, links: Iterable[str], **values: object) -> PageState:
    return PageState(links=tuple(links), **values)  # type: ignore[arg-type]
