"""Requests to stores that are written to by HTTP alone, without a client of their own."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

import httpx

from lake.errors import UsageError

#: Seconds until a connection is made, and between two pieces of an answer.
_CONNECT, _READ = 10.0, 60.0
#: What ``failures`` understands as a refused login or as something that a retry may cure.
_TRANSLATED = {401, 403, 408, 425, 429, 500, 502, 503, 504}


class HttpCalls:
    """A store's URL with its login: ``scheme KEY``, or the password of the user whom the URL names."""

    def __init__(self, url: str, key: str | None, scheme: str) -> None:
        parts = urlsplit(url)
        bare = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])).rstrip("/")
        is_user = bool(parts.username and key)
        self._client = httpx.Client(
            base_url=bare,
            headers={"Authorization": f"{scheme} {key}"} if key and not is_user else {},
            auth=(unquote(parts.username or ""), key) if is_user and key else None,
            timeout=httpx.Timeout(_READ, connect=_CONNECT),
        )

    def call(self, method: str, path: str, body: object = None, *, missing: Iterable[int] = ()) -> Any:
        """The JSON of the answer; None for an answer without any, and for a status in ``missing``.

        Raises httpx.HTTPStatusError for a refused login or a store that is busy, UsageError for any other refusal.
        """
        return self._sent(method, path, None if body is None else json.dumps(body), "application/json", missing)

    def lines(self, path: str, lines: Iterable[Mapping[str, Any]]) -> Any:
        """POST objects as lines of JSON."""
        text = "".join(json.dumps(line) + "\n" for line in lines)
        return self._sent("POST", path, text, "application/x-ndjson", ())

    def _sent(self, method: str, path: str, text: str | None, kind: str, missing: Iterable[int]) -> Any:
        headers = {"Content-Type": kind} if text is not None else {}
        answer = self._client.request(method, path, content=text, headers=headers)
        if answer.status_code in missing:
            return None
        if answer.status_code in _TRANSLATED:
            answer.raise_for_status()
        if answer.is_error or answer.is_redirect:
            raise UsageError(f"{method} {path.partition('?')[0]}: HTTP {answer.status_code}: {_reason(answer)}")
        return answer.json() if answer.content else None

    def close(self) -> None:
        self._client.close()


def _reason(answer: httpx.Response) -> str:
    """What the store says about a refusal, shortened."""
    try:
        found = answer.json()
    except ValueError:
        return answer.text[:200]
    error = found.get("error", found) if isinstance(found, dict) else found
    if isinstance(error, list) and error:
        error = error[0]
    return str(error.get("reason") or error.get("message") or error if isinstance(error, dict) else error)[:300]
