"""Translates an endpoint's refusals: retry, correct the request, or give up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lake.endpoints.pacing import stated_wait
from lake.errors import ContractError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

_RETRIED = (408, 409, 425, 429)
_UNACCEPTED = (400, 413, 422)


class RefusedRequest(Exception):
    """A request that may succeed if repeated, after ``wait`` seconds if given."""

    def __init__(self, message: str, wait: float | None) -> None:
        super().__init__(message)
        self.wait = wait


class UnacceptedRequest(ContractError):
    """The endpoint refused what a request holds; a smaller or another one may succeed."""


class RefusedAccess(UsageError):
    """The endpoint refuses every request of this account, model or address until somebody corrects them."""


def translated(
    status: int,
    message: str,
    code: str | None,
    headers: Mapping[str, str],
    *,
    key: str = "OPENAI_API_KEY",
    address: str = "OPENAI_BASE_URL",
) -> Exception:
    """The error to raise for an HTTP status of failure; ``key`` and ``address`` are variables to check."""
    if code == "insufficient_quota":
        return RefusedAccess(f"the account's quota is used up: {message}")
    if status in _RETRIED or status >= 500:
        return RefusedRequest(message, stated_wait(headers))
    if status in (401, 403):
        return RefusedAccess(f"the endpoint refused the key ({status}): {message}; check {key}")
    if 300 <= status < 400:
        where = headers.get("location") or "another address"
        return RefusedAccess(f"the endpoint redirects to {where} ({status}), which is not followed; check {address}")
    if status in (404, 405):
        return RefusedAccess(f"the endpoint knows no such model or address ({status}): {message}; check {address}")
    kind = UnacceptedRequest if status in _UNACCEPTED else ContractError
    return kind(f"the endpoint refused the request ({status}): {message}")
