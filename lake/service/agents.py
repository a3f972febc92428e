"""The MCP server over HTTP, where each call has the rights of its API key; needs the extra ``mcp``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from mcp.server.transport_security import TransportSecuritySettings

from lake.adapters.mcp import mcp_server
from lake.errors import TransientError, UsageError
from lake.service.capacity import Capacity
from lake.service.problems import Problem
from lake.service.workers import Workers

if TYPE_CHECKING:
    from mcp.server.mcpserver import Context
    from starlette.types import ASGIApp

    from lake.adapters.access import Access
    from lake.answer import ChatModel
    from lake.service.keys import Key


def http_app(access: Access, chat: ChatModel | None = None, bounds: Capacity | None = None) -> ASGIApp:
    """The server over streamable HTTP at ``/mcp``, without sessions: each request carries its own key."""
    # The Guard checks host names, since it knows the keys.
    any_host = TransportSecuritySettings(enable_dns_rebinding_protection=False)
    server = mcp_server(access, chat, partial(_with_rights_of_key, access), _Limited(bounds or Capacity()))
    app: ASGIApp = server.streamable_http_app(stateless_http=True, json_response=True, transport_security=any_host)
    return app


class _Limited:
    """Runs calls within the limits that hold for requests over HTTP."""

    def __init__(self, bounds: Capacity) -> None:
        self._bounds = bounds
        self._searching = Workers(bounds.n_threads, bounds.n_waiting, bounds.line_seconds)
        self._answering = Workers(bounds.n_answering, bounds.n_waiting, bounds.line_seconds)

    async def __call__(self, work: Callable[[], Any], *, is_answer: bool = False) -> Any:
        bounds = self._bounds
        workers, seconds = (self._answering, bounds.answer_seconds) if is_answer else (self._searching, bounds.seconds)
        try:
            return await workers.run(work, seconds)
        except Problem as problem:  # the line is full, or the time is over
            raise TransientError(problem.message) from problem


def _with_rights_of_key(access: Access, context: Context[Any, Any], is_answer: bool = False, **options: Any) -> Access:
    key: Key = context.request_context.request.scope["state"]["key"]
    if wrong := key.forbidden(name for name, value in options.items() if value is not None):
        raise UsageError(f"this API key does not allow {wrong}")
    if is_answer and not key.answers:
        raise UsageError("this API key allows searches, not answers")
    if is_answer and (key.budget_usd_per_day, key.tokens_per_day) != (None, None):
        raise UsageError("this API key has a budget, which is kept over HTTP only; search, or use POST /answer")
    return replace(access, principals=key.principals)
