"""How a page of a web site is named, what a listing says of it, and where it leads."""

from __future__ import annotations

import codecs
import posixpath
import re
from collections.abc import Iterator
from contextlib import suppress
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urljoin, urlsplit, urlunsplit

from lake.ids import bytes_digest
from lake.parse import parser_of
from lake.sources.page_states import PageState, validators

if TYPE_CHECKING:
    from lake.sources.guarded_http import HttpAnswer

#: Suffixes for what a server says about a page whose address has none that a parser reads.
_SUFFIXES = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "text/plain": ".txt",
    "text/markdown": ".md",
    "application/pdf": ".pdf",
    "application/json": ".json",
}
#: Where a page sends browsers after some seconds: ``0; url=latest/``.
_REFRESH = re.compile(r"url\s*=\s*['\"]?([^'\"]+)", re.IGNORECASE)


def uri_of(url: str, state: PageState) -> str:
    return _name(url, state.suffix)


def state_of(answer: HttpAnswer) -> PageState:
    suffix = _suffix_of(answer)
    links = tuple(dict.fromkeys(_links(answer))) if suffix == ".html" else ()
    if not answer.data:
        return PageState(answer.url, suffix, links=links)
    etag, date = validators(answer.headers)
    mark, modified = bytes_digest(answer.data)[:32], _time(answer.headers.get("last-modified"))
    return PageState(answer.url, suffix, len(answer.data), modified, mark, etag, date, links)


def content_of(answer: HttpAnswer) -> bytes:
    """The bytes of a page. A text whose encoding the header alone names becomes UTF-8 with a byte order mark.

    What is UTF-8 stays as it is: many servers name one encoding for all files, whatever they hold.
    """
    stated = Message()
    stated["content-type"] = answer.headers.get("content-type", "")
    charset, data = stated.get_content_charset(""), answer.data
    if not charset or not stated.get_content_type().startswith(("text/", "application/xhtml")) or data.isascii():
        return data
    with suppress(UnicodeDecodeError):
        data.decode("utf-8")
        return data
    with suppress(LookupError, ValueError):  # no encoding, one of bytes such as hex, or not that of these bytes
        name = codecs.lookup(charset).name
        # As in browsers: what calls itself Latin-1 is Windows-1252.
        name = "cp1252" if name in ("iso8859-1", "ascii") else name
        return codecs.BOM_UTF8 + data.decode(name).encode()
    return data


def _suffix_of(answer: HttpAnswer) -> str:
    kind = answer.headers.get("content-type", "text/html").partition(";")[0].strip().lower()
    return _SUFFIXES.get(kind, "")


def _name(url: str, suffix: str) -> str:
    """The uri of an address: its path, and its query as part of the name."""
    parts = urlsplit(url)
    path = _unquoted(parts.path).strip("/")
    name = "/".join(f"%2E{piece[1:]}" if piece.startswith(".") else piece for piece in path.split("/")) or "index"
    name += f"?{parts.query}" if parts.query else ""
    if parts.path.endswith("/") and path:
        name += "/index"
    return name if not suffix or _is_known(name) else name + suffix


def _unquoted(path: str) -> str:
    """A path as text; as it stands if its bytes are no UTF-8, so that no two paths become one."""
    try:
        return unquote(path, errors="strict")
    except UnicodeDecodeError:
        return path


def _is_known(name: str) -> bool:
    return "?" not in name and "." in posixpath.basename(name) and parser_of(name) is not None


def addresses_of(home: str, uri: str) -> list[str]:
    """Addresses that ``_name`` may have named so, if a process did not list them itself."""
    path, mark, query = uri.partition("?")
    if mark:
        query = query.rpartition(".")[0]
        return [urlunsplit((*urlsplit(home)[:2], "/" + quote(path), query, ""))]
    stem = uri.rpartition(".")[0]
    plain = [uri, stem, *([stem.removesuffix("index")] if posixpath.basename(stem) == "index" else [])]
    # What a name could not decode is still quoted in it.
    return list(dict.fromkeys(f"{home}/{quote(one, safe=safe)}" for safe in ("/", "/%") for one in plain))


def _links(answer: HttpAnswer) -> Iterator[str]:
    from selectolax.lexbor import LexborHTMLParser

    page = LexborHTMLParser(answer.data)
    robots = [node.attributes.get("content") or "" for node in page.css("meta[name=robots]")]
    if any("nofollow" in words.lower() for words in robots):
        return
    base = next((node.attributes.get("href") for node in page.css("base[href]")), None)
    for href in _references(page):
        try:
            link = urljoin(urljoin(answer.url, base or ""), href.strip()).partition("#")[0]
            is_web = urlsplit(link).scheme in ("http", "https")
        except ValueError:  # such as a bracket in place of a host
            continue
        if is_web:
            yield link


def _references(page: Any) -> Iterator[str]:
    """What a browser would offer, show in a frame, or go on to by itself."""
    for node in page.css("a[href], area[href], frame[src], iframe[src], link[rel=next][href]"):
        if "nofollow" not in (node.attributes.get("rel") or ""):
            yield node.attributes.get("href") or node.attributes.get("src") or ""
    for node in page.css("meta[http-equiv=refresh i]"):
        if found := _REFRESH.search(node.attributes.get("content") or ""):
            yield found[1]


def _time(text: str | None) -> int | None:
    try:
        return int(parsedate_to_datetime(text).timestamp() * 1_000_000) if text else None
    except (ValueError, OverflowError):
        return None
