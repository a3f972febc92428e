"""Errors of a request, as a status and an object."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from lake.errors import ContractError, GoneError, TransientError, UsageError
from lake.releases.history import NoReleaseError

T = TypeVar("T")

_log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
#: Seconds to wait before the next try if the lake itself had a problem.
_AGAIN = 2


class Problem(Exception):
    """A refusal for the client: ``error`` is a short, stable code, ``message`` is for people."""

    def __init__(self, status: int, error: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.error, self.message, self.headers = status, error, message, dict(headers or {})

    def to_json(self, request_id: str) -> dict[str, Any]:
        return {"error": self.error, "message": self.message, "request_id": request_id}

    def to_bytes(self, request_id: str) -> bytes:
        return json.dumps(self.to_json(request_id)).encode()


def invalid(errors: Iterable[Mapping[str, Any]]) -> Problem:
    """What is wrong with a body, without its content: it may be long, secret, or not representable in JSON."""
    return Problem(422, "invalid", "; ".join(f"{'.'.join(map(str, e['loc']))}: {_said(e)}" for e in list(errors)[:10]))


#: In place of pydantic's words, by the type of an error.
_SAID = {"missing": "required, but missing", "extra_forbidden": "unknown field; /docs lists those there are"}


def _said(error: Mapping[str, Any]) -> str:
    if error["type"] == "json_invalid":
        return f"this is no JSON: {error.get('ctx', {}).get('error', error['msg'])}"
    return _SAID.get(error["type"], str(error["msg"]))


def of_framework(status: int, detail: str, headers: Mapping[str, str] | None) -> Problem:
    """A refusal by the web framework, whose own words name no next step."""
    if status == 404:
        return Problem(404, "no_route", "there is no such path; /docs lists those there are, none ends with a slash")
    if status == 405:
        allowed = (headers or {}).get("Allow", "other methods")
        return Problem(405, "no_method", f"this path accepts {allowed}; /docs has each path's methods", headers)
    if status == 400:
        message = (
            "the body can't be read as JSON; send UTF-8, uncompressed, without deep nesting or numbers of 4,300 digits"
        )
        return Problem(400, "invalid", message, headers)
    return Problem(status, "refused", detail, headers)


def no_release(error: UsageError) -> Problem:
    return Problem(404, "no_release", str(error))


def found_document(read: Callable[[], T]) -> T:
    """The result of reading a document; raises Problem 404 for one that does not exist or is hidden."""
    try:
        return read()
    except NoReleaseError:
        raise
    except UsageError as error:
        raise Problem(404, "no_document", str(error)) from error


def forbidden(message: str) -> Problem:
    return Problem(403, "forbidden", message)


def not_stored(error: Exception) -> Problem:
    _log.warning("a judgement could not be stored", exc_info=error)
    message = "the judgement is not stored: the lake can't be written to at the moment; try again later"
    return Problem(503, "not_stored", message, {"Retry-After": "60"})


def busy(message: str, seconds: int = 1) -> Problem:
    return Problem(503, "busy", message, {"Retry-After": str(seconds)})


def problem_of(error: BaseException) -> Problem:
    """What a client may know of an error; the rest goes to the log with its traceback."""
    problem = known_problem(error)
    if problem is error:
        return problem
    if problem.error == "unavailable":
        _log.warning("the lake or a model could not be reached", exc_info=error)
    elif problem.error == "internal":
        _log.error("a request failed", exc_info=error)
    return problem


def known_problem(error: BaseException) -> Problem:
    """What a client may know of an error; logs nothing."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, NoReleaseError):
        return no_release(error)
    if isinstance(error, UsageError):
        return Problem(400, "usage", str(error))
    if isinstance(error, TransientError | GoneError | ContractError | OSError):
        message = "the lake or a model it needs can't be reached at the moment; try again"
        return Problem(503, "unavailable", message, {"Retry-After": str(_AGAIN)})
    return Problem(500, "internal", "the request failed; the service's log has the cause under this request_id")
