"""Sitemaps: XML, plain text, and both compressed."""

from __future__ import annotations

import gzip
import io
import re
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from datetime import time as day_time
from xml.etree import ElementTree

from lake.errors import TransientError, UsageError
from lake.sources.guarded_http import joined

#: Bytes of a sitemap once it is unpacked; the protocol allows 50 MB.
_MOST_BYTES = 64 << 20
_GZIP = b"\x1f\x8b"
_PAGE = re.compile(rb"<!doctype\s+html|<html", re.IGNORECASE)


@dataclass
class Sitemap:
    """``pages`` are addresses with the time of their last change, in microseconds; ``others`` are further sitemaps."""

    pages: dict[str, int | None] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)


def read_sitemap(url: str, data: bytes) -> Sitemap | None:
    """The sitemap; None for a web page, with which many servers answer for what they do not have.

    Raises UsageError for something else that is no list of all pages, TransientError for one that is cut off.
    """
    data = _unpacked(url, data) if data.startswith(_GZIP) else data
    if _PAGE.search(data[:1000]):
        return None
    if not data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return Sitemap(dict.fromkeys(_lines(url, data)))
    if b"<!DOCTYPE" in data[:2000] or b"<!ENTITY" in data:
        raise UsageError(f"{url} is no sitemap: it declares a document type")
    try:
        return _of_xml(url, ElementTree.fromstring(data))
    except ElementTree.ParseError as error:
        raise TransientError(f"the sitemap {url} can't be read: {error}") from error


def _unpacked(url: str, data: bytes) -> bytes:
    """All members of a gzip file, since files that were packed one by one may be joined."""
    try:
        plain = gzip.GzipFile(fileobj=io.BytesIO(data)).read(_MOST_BYTES + 1)
    except EOFError as error:
        raise TransientError(f"the sitemap {url} is cut off") from error
    except (OSError, zlib.error) as error:
        raise TransientError(f"the sitemap {url} can't be unpacked: {error}") from error
    if len(plain) > _MOST_BYTES:
        raise UsageError(f"the sitemap {url} has more than {_MOST_BYTES >> 20} MB unpacked")
    return plain


def _lines(url: str, data: bytes) -> Iterator[str]:
    """Addresses, one a line. Raises UsageError for another text."""
    for line in data.decode("utf-8-sig", "replace").split():
        if not line.lower().startswith(("http://", "https://")):
            raise UsageError(f"{url} is no sitemap: {line[:80]!r} is no address")
        yield line.partition("#")[0]


def _of_xml(url: str, root: ElementTree.Element) -> Sitemap:
    kind = _name(root)
    if kind in ("rss", "feed", "RDF"):
        raise UsageError(f"{url} is a feed, which lists only the newest pages; follow links instead, with crawl=1")
    if kind not in ("urlset", "sitemapindex"):
        raise UsageError(f"{url} is no sitemap: it begins with <{kind}>")
    found = Sitemap()
    for entry in root:
        words = {_name(child): (child.text or "").strip() for child in entry}
        if not words.get("loc"):
            continue
        if _name(entry) == "sitemap":
            found.others.append(joined(url, words["loc"]))
        else:
            found.pages[joined(url, words["loc"]).partition("#")[0]] = _iso(words.get("lastmod", ""))
    return found


def _name(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _iso(text: str) -> int | None:
    """A time in microseconds; None for one that may not have passed, or is none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    found = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    return int(found * 1_000_000) if found + _unsettled(moment.time()) <= time.time() else None


def _unsettled(at: day_time) -> float:
    """Seconds within which a page may change again without another time; midnight is how many state a day alone."""
    if at == day_time.min:
        return 36 * 3600  # until the day is over on all of earth
    return 60 if at.minute or at.second else 3660
