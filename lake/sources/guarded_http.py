"""HTTP requests to addresses that others choose: only public hosts unless allowed, within limits of size and rate."""

from __future__ import annotations

import ipaddress
import socket
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import urljoin, urlsplit, urlunsplit

from lake.endpoints.bounded import bounded
from lake.endpoints.pacing import TokenBucket, stated_wait
from lake.endpoints.refusals import RefusedRequest
from lake.endpoints.retry import Retries
from lake.errors import InputError, TransientError, UsageError

#: Statuses that may pass, besides all that state a failure of the server (500 and above).
_RETRIED = (408, 425, 429)
#: What says that a browser is wanted, and not that a page is closed: Cloudflare, AWS.
_BOT_CHECKS = ("cf-mitigated", "x-amzn-waf-action")
_MAX_REDIRECTS = 5
_AGENT = "raglake"
#: Seconds for one page, however slowly it comes.
_LONGEST_PAGE = 600.0
_PORTS = {"http": 80, "https": 443}
#: IPv4 behind a translator (NAT64), named by the last 32 bits.
_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")
#: What Python takes for public and is not: embedded IPv4, a translator's own, site-local, examples, segments.
_INSIDE = [
    ipaddress.IPv6Network(network)
    for network in ("::/96", "::ffff:0:0:0/96", "64:ff9b:1::/48", "fec0::/10", "3fff::/20", "5f00::/16")
]


class PrivateAddressError(UsageError):
    """A host has an address inside a private network."""


class HttpAnswer(NamedTuple):
    """``url`` is where redirects ended; ``headers`` have lower-case names."""

    status: int
    url: str
    headers: Mapping[str, str]
    data: bytes


def check_public(host: str) -> list[str]:
    """The addresses of a host. Raises PrivateAddressError if one of them is not public, OSError if it has none."""
    found = [str(info[4][0]) for info in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]
    for address in found:
        if not _is_public(ipaddress.ip_address(address.partition("%")[0])):
            raise PrivateAddressError(
                f"{host} has the address {address}, which is not public; allow it with private=1 if that is meant"
            )
    return list(dict.fromkeys(found))


def _is_public(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    inner = ip
    if isinstance(ip, ipaddress.IPv6Address):
        if any(ip in network for network in _INSIDE):
            return False
        translated = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF) if ip in _TRANSLATED else None
        inner = ip.ipv4_mapped or ip.sixtofour or translated or ip
    return ip.is_global and inner.is_global and not ip.is_multicast


def joined(base: str, reference: str) -> str:
    """An address as a page at ``base`` names it; as it stands there if it is malformed, such as ``http://[``."""
    try:
        return urljoin(base, reference)
    except ValueError:
        return reference


def home_of(url: str) -> str:
    """Scheme, host and port in one spelling, as in ``https://host``; "" if the address is malformed.

    >>> home_of("HTTPS://Docs.Example.org:443/a"), home_of("http://bücher.example:8080"), home_of("http://[::1]:80/")
    ('https://docs.example.org', 'http://xn--bcher-kva.example:8080', 'http://[::1]')
    """
    try:
        parts = urlsplit(url)
        host, port = _ascii(parts.hostname or ""), parts.port
    except ValueError:
        return ""
    user, at, _ = parts.netloc.rpartition("@")
    name = f"[{host}]" if ":" in host else host
    stated = "" if port is None or port == _PORTS.get(parts.scheme) else f":{port}"
    return f"{parts.scheme}://{user}{at}{name}{stated}"


def host_of(url: str) -> str:
    """Host and port of an address, whatever its scheme."""
    return home_of(url).partition(":")[2]


def as_at_home(url: str, home: str) -> str:
    """The address with its host spelled as ``home`` is; another host's as it stands.

    >>> as_at_home("http://EXAMPLE.org:80/A?b", "http://example.org"), as_at_home("ftp://a/", "http://example.org")
    ('http://example.org/A?b', 'ftp://a/')
    """
    if home_of(url) != home or url.startswith(f"{home}/"):
        return url
    return urlunsplit((*urlsplit(home)[:2], *urlsplit(url)[2:]))


def _ascii(host: str) -> str:
    """A host's name as DNS has it."""
    import idna

    return host if host.isascii() else idna.encode(host, uts46=True).decode()


class GuardedClient:
    """GET requests, with redirects; each connection is checked again, whatever a name means by then.

    Only ``home`` (``https://host``) receives ``headers``, whoever names another address: a redirect, or robots.txt.
    """

    def __init__(
        self,
        *,
        home: str,
        private: bool,
        per_second: float,
        max_bytes: int,
        headers: Mapping[str, str],
        retries: Retries,
    ) -> None:
        import httpx

        transport: Any = httpx.HTTPTransport()
        if not private:
            transport._pool._network_backend = _public_backend()  # httpx hands this option of httpcore to nobody
        # Without the environment: a proxy would resolve names itself.
        self._client = bounded(httpx.Client)(
            transport=transport, timeout=30, trust_env=False, headers={"user-agent": _AGENT, "accept-encoding": "gzip"}
        )
        self._home, self._secret_headers, self._max_bytes, self._retries = home, dict(headers), max_bytes, retries
        self._bucket = TokenBucket(per_second * 60, burst=1)  # a site is no paid endpoint: never many at once

    def get(
        self, url: str, allowed: Callable[[str], bool], conditions: Mapping[str, str] | None = None, at: str = ""
    ) -> HttpAnswer:
        """The answer after redirects, each of which must be ``allowed``; statuses that may pass are tried again.

        ``conditions`` are headers for the address ``at`` alone, since validators belong to one address. Raises
        InputError for a redirect elsewhere, too many of them or too many bytes, TransientError.
        """
        for _ in range(_MAX_REDIRECTS + 1):
            if not (home := home_of(url)):
                raise InputError(f"{url} is no address", "unreadable")
            own = self._secret_headers if home == self._home else {}
            stated = (conditions or {}) if url == at else {}
            answer = self._retries.run(url, partial(self._once, url, {**own, **stated}))
            if answer.status not in (301, 302, 303, 307, 308) or "location" not in answer.headers:
                return answer
            url = joined(url, answer.headers["location"]).partition("#")[0]
            if not home_of(url).startswith(("http:", "https:")) or not allowed(url):
                raise InputError(f"it redirects to {url}, which is outside of the source", "unreadable")
        raise InputError("it redirects too often", "unreadable")

    def slow_down(self, per_second: float) -> None:
        """Send at most so many requests a second from now on."""
        self._bucket = TokenBucket(per_second * 60, burst=1)

    def _once(self, url: str, headers: Mapping[str, str]) -> HttpAnswer:
        import httpx

        time.sleep(self._bucket.take(1))
        try:
            with self._client.stream("GET", url, headers=dict(headers)) as response:
                _check_status(response.status_code, response.headers)
                pieces = _unpacked(response.iter_raw(), response.headers.get("content-encoding", ""))
                data = _within(url, pieces, self._max_bytes)
                lowered = {name.lower(): value for name, value in response.headers.items()}
                return HttpAnswer(response.status_code, url, lowered, data)
        except httpx.InvalidURL as error:
            raise InputError(f"{url} is no address: {error}", "unreadable") from error
        except httpx.HTTPError as error:
            raise RefusedRequest(f"{type(error).__name__}: {error}", None) from error


def _check_status(status: int, headers: Mapping[str, str]) -> None:
    """Raise RefusedRequest for an answer that says nothing of the page, and may be another one later."""
    if check := next((f"{name}: {headers[name]}" for name in _BOT_CHECKS if name in headers), None):
        raise RefusedRequest(
            f"status {status}, a check against bots ({check}); ask the site to admit the user agent {_AGENT!r}",
            None,
        )
    if status in _RETRIED or status >= 500:
        raise RefusedRequest(f"status {status}", stated_wait(headers))


def _unpacked(pieces: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """The body. Raises RefusedRequest if it is cut off, damaged, or packed otherwise than was asked for."""
    name = encoding.strip().lower()
    if name in ("", "identity"):
        yield from pieces
        return
    if name not in ("gzip", "x-gzip"):
        raise RefusedRequest(f"it is packed as {encoding!r}, and only gzip was asked for", None)
    unpacking = zlib.decompressobj(wbits=31)
    n = 0
    try:
        for piece in pieces:
            n += len(piece)
            yield unpacking.decompress(piece)
            while unpacking.eof and (rest := unpacking.unused_data):  # another member
                unpacking = zlib.decompressobj(wbits=31)
                yield unpacking.decompress(rest)
    except zlib.error as error:
        raise RefusedRequest(f"it can't be unpacked: {error}", None) from error
    if n and not unpacking.eof:
        raise RefusedRequest("its gzip stream is cut off", None)


def _within(url: str, pieces: Iterable[bytes], most: int) -> bytes:
    """The pieces as one. Raises InputError for more bytes than allowed, TransientError for too slow ones."""
    data, started = bytearray(), time.monotonic()
    for piece in pieces:
        data += piece
        if time.monotonic() - started > _LONGEST_PAGE:
            raise TransientError(f"{url} takes longer than {_LONGEST_PAGE:.0f} s; run again once the server is faster")
        if len(data) > most:
            raise InputError(f"{url} has more than {most:,} bytes; allow more with max_mb=N", "too_large")
    return bytes(data)


def _public_backend() -> Any:
    """A network backend that resolves a name once, checks what it found, and connects to exactly that."""
    import httpcore

    class PublicBackend(httpcore.SyncBackend):
        def connect_tcp(self, host: str, port: int, *args: Any, **words: Any) -> Any:
            try:
                addresses = check_public(host)
            except OSError as error:
                raise httpcore.ConnectError(f"{host} has no address: {error}") from error
            return super().connect_tcp(addresses[0], port, *args, **words)

        def connect_unix_socket(self, *args: Any, **words: Any) -> Any:
            raise httpcore.ConnectError("no sockets of this machine")

    return PublicBackend()
