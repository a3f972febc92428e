"""JSON over HTTP to an endpoint: one request and its answer, or a stream of lines; its failures as our errors."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property, lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeVar

from lake.endpoints.bounded import bounded
from lake.endpoints.deadline import at_most
from lake.endpoints.endpoint import Endpoint
from lake.endpoints.providers import Provider
from lake.endpoints.refusals import RefusedRequest, translated
from lake.errors import ContractError, UsageError

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")

#: Characters that a message quotes of an answer.
_QUOTED = 300


class JsonHttp:
    """Requests to the endpoint of ``provider``; ``name`` is that of the model, for messages.

    ``key_header`` holds the key as it is; without one, it follows "Bearer" in the header "authorization". Safe to use
    from several threads. ``check`` may raise an error of its own for a refusal's status, message and code.
    """

    def __init__(
        self,
        name: str,
        provider: Provider,
        endpoint: Endpoint,
        timeout: float,
        key_header: str | None = None,
        check: Callable[[int, str, str | None], None] | None = None,
    ) -> None:
        self._name, self._endpoint, self._key_header, self._checked = name, endpoint, key_header, check
        self._url = (endpoint.base_url or provider.url or "").rstrip("/")
        self._timeout = endpoint.timeout or timeout

    @cached_property
    def _client(self) -> httpx.Client:
        key, headers = self._endpoint.api_key, dict[str, str]()
        if key:
            headers = {self._key_header: key} if self._key_header else {"authorization": f"Bearer {key}"}
        return _client_of(tuple(sorted((headers | dict(self._endpoint.headers)).items())))

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """The answer as JSON. Raises RefusedRequest for what a retry may fix, else a LakeError."""
        with self._failures():
            response = self._client.post(f"{self._url}{path}", json=body, timeout=at_most(self._timeout))
            self._check(response)
            return self._without_error(self._json(response.text))

    def lines(self, path: str, body: Mapping[str, Any]) -> Iterator[str]:
        """The lines of a streamed answer as they come; raises the errors of ``post``."""
        with (
            self._failures(),
            self._client.stream("POST", f"{self._url}{path}", json=body, timeout=at_most(self._timeout)) as response,
        ):
            if response.status_code != 200:
                response.read()
            self._check(response)
            yield from _lines(response.iter_bytes())

    def events(self, path: str, body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """The JSON objects of server-sent events."""
        for data in _events(self.lines(path, body)):
            if data != "[DONE]":
                yield self.piece(data)

    def objects(self, path: str, body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """The JSON objects of a stream with one a line."""
        yield from (self.piece(line) for line in self.lines(path, body) if line.strip())

    def piece(self, text: str) -> dict[str, Any]:
        """A JSON object of a stream; raises the errors of ``post``."""
        found = self._json(text)
        if not isinstance(found, dict):
            raise ContractError(f"{self._name!r} sent {type(found).__name__} in a stream of objects")
        return self._without_error(found)

    def _without_error(self, found: T) -> T:
        """An answer; raises RefusedRequest for an error that has the status of one."""
        if isinstance(found, dict) and found.get("error"):
            raise RefusedRequest(self._endpoint.without_key(f"an error as its answer: {_message(found, '')}"), None)
        return found

    def _json(self, text: str) -> Any:
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            shown = self._endpoint.without_key(_short(text)) or "nothing"
            quoted = f"{self._name!r} did not answer in JSON: {shown!r}"
            if text.lstrip()[:1] in ("{", "["):  # it ends early, and may not the next time
                raise RefusedRequest(quoted, None) from error
            raise ContractError(f"{quoted}; check {self._endpoint.url_from}") from error

    def _check(self, response: httpx.Response) -> None:
        if response.status_code == 200:
            return
        try:
            stated = response.json()
        except (ValueError, RecursionError):
            stated = None
        status, code = response.status_code, _code(stated)
        message = self._endpoint.without_key(_message(stated, response.text))
        if self._checked:
            self._checked(status, message, code)
        if status == 400 and "api key" in message.lower():  # Gemini's status for a wrong key
            status = 401
        headers = {name.lower(): value for name, value in response.headers.items()}
        if wait := _wait_of(stated):
            headers.setdefault("retry-after", wait)
        access = {"key": self._endpoint.key_from, "address": self._endpoint.url_from}
        raise translated(status, f"{response.status_code} {message}", code, headers, **access)

    @contextmanager
    def _failures(self) -> Iterator[None]:
        import httpx

        try:
            yield
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise UsageError(f"{self._url!r} is no address: {error}; check {self._endpoint.url_from}") from error
        except (httpx.HTTPError, httpx.StreamError) as error:
            raise RefusedRequest(f"{type(error).__name__} {error}".strip(), None) from error


@lru_cache(maxsize=32)
def _client_of(headers: tuple[tuple[str, str], ...]) -> httpx.Client:
    """One client for all that send these headers, so that connections are used again."""
    import httpx

    return bounded(httpx.Client)(headers=dict(headers))


def _lines(blocks: Iterable[bytes]) -> Iterator[str]:
    """UTF-8 as lines, which end in CR, LF or both; JSON may hold the other signs that end a line of text as they are.

    >>> list(_lines([b'"a', b'\\xe2\\x80', b'\\xa8b"\\r', b'\\nc']))
    ['"a\\u2028b"', 'c']
    """
    parts, held = list[bytes](), b""
    for block in blocks:
        block = held + block
        held = b"\r" if block.endswith(b"\r") else b""  # half of an end, perhaps
        part, *others = re.split(rb"\r\n|\n|\r", block.removesuffix(held))
        parts.append(part)
        for other in others:
            yield b"".join(parts).decode(errors="replace")
            parts = [other]
    if last := b"".join(parts):
        yield last.decode(errors="replace")


def _events(lines: Iterable[str]) -> Iterator[str]:
    """The data of server-sent events, whose lines belong together until a blank one.

    >>> list(_events(["\\ufeff: a comment", "", "event: x", "data:{", "data: }", ""]))
    ['{\\n}']
    """
    data: list[str] = []
    for line in chain(lines, [""]):
        name, _, value = line.removeprefix("\ufeff").partition(":")
        if name == "data":
            data.append(value.removeprefix(" "))
        elif not line and data:
            yield "\n".join(data)
            data = []


def _short(text: str) -> str:
    return " ".join(text.split())[:_QUOTED]


def _error(stated: Any) -> Any:
    stated = stated[0] if isinstance(stated, list) and stated else stated
    return stated.get("error", stated) if isinstance(stated, dict) else stated


def _message(stated: Any, text: str) -> str:
    """The message of an error's body, wherever the provider puts it.

    >>> _message({"error": {"message": "no"}}, ""), _message({"detail": "no"}, ""), _message({"error": "no"}, "")
    ('no', 'no', 'no')
    """
    error = _error(stated)
    if isinstance(error, dict):
        error = error.get("message") or error.get("detail")
    return _short(error if isinstance(error, str) else json.dumps(error) if error else text)


def _wait_of(stated: Any) -> str | None:
    """The seconds that Gemini states in an error's details instead of in a header.

    >>> _wait_of({"error": {"details": [{"retryDelay": "34.5s"}]}})
    '34.5'
    """
    error = _error(stated)
    details = error.get("details") if isinstance(error, dict) else None
    for detail in details if isinstance(details, list) else []:
        if isinstance(detail, dict) and (delay := re.fullmatch(r"([\d.]+)s", str(detail.get("retryDelay")))):
            return delay[1]
    return None


def _code(stated: Any) -> str | None:
    """The code of an error, such as OpenAI's ``insufficient_quota``."""
    error = _error(stated)
    found = error.get("code") or error.get("type") if isinstance(error, dict) else None
    return found if isinstance(found, str) else None
