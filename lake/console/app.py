"""Mounts the console: its pages, its files, sign-in, and the headers that keep other sites and scripts out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from starlette.applications import Starlette
from starlette.datastructures import URL
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import Route

from lake.console.client import Api, ApiError
from lake.console.sessions import Session, Sessions, is_from_here, is_token
from lake.console.sign_in import SIGN_IN, SIGN_OUT, sign_in, sign_in_page, sign_out
from lake.console.views import SECTIONS
from lake.console.visit import ROOT, ConsoleSection, Handler, Visit
from lake.reporting.templates import STATIC

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from lake.service.guard import Guard

#: Pages load and call this service alone, and no script or style stands in them.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_SAFE = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    # Without an origin, forms could not show that they come from here.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


def mount(service: Guard, folder: str | None = None) -> Guard:
    """Adds the console to a service at ``/console``. ``folder``: what the processes of the service share."""
    console = Console(service, Sessions(folder))
    routes: Any = service.app
    routes.add_route(ROOT, console.home, include_in_schema=False)
    routes.mount(ROOT, _Safe(console.app()))
    service.pages = ROOT
    return service


class Console:
    """The pages of one service."""

    def __init__(self, service: ASGIApp, sessions: Sessions) -> None:
        self._service, self._sessions = service, sessions

    def app(self) -> Starlette:
        routes = [Route("/", self.home), Route("/static/{name:path}", _static)]
        routes += [
            Route(SIGN_IN, self._page(sign_in_page, is_framed=False)),
            Route(SIGN_OUT, self._act(sign_out), methods=["POST"]),
            Route(SIGN_OUT, self.home),
        ]
        routes += [Route(SIGN_IN, self._act(sign_in), methods=["POST"])]
        for section in SECTIONS:
            routes += [Route(path, self._page(view)) for path, view in section.views.items()]
            routes += [Route(path, self._page(part, is_framed=False)) for path, part in section.parts.items()]
            routes += [Route(path, self._act(act), methods=["POST"]) for path, act in section.acts.items()]
            left = {path: _page_of(path, section) for path in section.acts if path not in section.views}
            routes += [Route(path, _to_page(page)) for path, page in left.items()]
        handlers: Any = {ApiError: self._refused, HTTPException: self._refused}
        return Starlette(routes=routes, exception_handlers=handlers)

    async def home(self, _: Request) -> Response:
        return RedirectResponse(f"{ROOT}{SECTIONS[0].path}", 303)

    def _page(self, handler: Handler, *, is_framed: bool = True) -> Callable[[Request], Awaitable[Response]]:
        async def page(request: Request) -> Response:
            visit = self._visit(request)
            if is_framed:
                await visit.look()
            return self._remembered(visit, await handler(visit))

        return page

    def _act(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def act(request: Request) -> Response:
            visit = self._visit(request)
            await visit.read_form()
            await _check_form(visit)
            return self._remembered(visit, await handler(visit))

        return act

    def _visit(self, request: Request) -> Visit:
        session = self._sessions.of(request)
        client = (request.client.host, request.client.port) if request.client else ("127.0.0.1", 0)
        visit = Visit(
            request, session or Session(), Api(self._service, session.key if session else None, client), SECTIONS
        )
        request.state.visit, request.state.is_new = visit, session is None
        return visit

    def _remembered(self, visit: Visit, response: Response) -> Response:
        """The response, with the cookie of a session that is new, changed or over."""
        request = visit.request
        if getattr(request.state, "is_over", False):
            self._sessions.end(request, response)
        elif request.state.is_new:
            self._sessions.keep(visit.session, request, response)
        return response

    async def _refused(self, request: Request, error: Exception) -> Response:
        """A page that explains an error; the sign-in if a key is needed."""
        problem = error if isinstance(error, ApiError) else _of_framework(error)
        visit = getattr(request.state, "visit", None) or self._visit(request)
        if problem.status == 401:
            is_page = request.method == "GET" and not visit.is_part
            to = f"{ROOT}{SIGN_IN}?" + urlencode({"next": _place(request.url) if is_page else came_from(request)})
            return Response(headers={"HX-Redirect": to}) if visit.is_part else RedirectResponse(to, 303)
        if not visit.key and not visit.is_part:
            with suppress(ApiError):  # then its page leads to nothing but the search
                await visit.look()
        response = visit.page("error.html", problem.status, problem=problem, back=came_from(request))
        if visit.is_part:  # only what explains the error is swapped in
            response.headers.update({"HX-Reselect": "#refused", "HX-Reswap": "innerHTML"})
        return self._remembered(visit, response)


def _page_of(act: str, section: ConsoleSection) -> str:
    """The view of a section that an act belongs to: the longest beginning of its path."""
    above = act
    while above not in section.views:
        above = above.rpartition("/")[0] or section.path
    return above


def _to_page(view: str) -> Callable[[Request], Awaitable[Response]]:
    """Leads to a view of the same things, whoever loads the address of an act again, as one that was refused leaves."""

    async def led(request: Request) -> Response:
        path = ROOT + view.format_map({name: quote(value, safe="") for name, value in request.path_params.items()})
        return RedirectResponse(path + (f"?{request.url.query}" if request.url.query else ""), 303)

    return led


async def _check_form(visit: Visit) -> None:
    """Raises ApiError 403 for a form from elsewhere or of an earlier session, 401 if nobody is signed in any more."""
    is_known = is_from_here(visit.request)
    if is_known and is_token(visit.session, visit.word("csrf")):
        return
    if is_known and visit.session.key is None and visit.request.url.path != f"{ROOT}{SIGN_IN}":
        await visit.api.get("/key")
    raise ApiError(
        403, "forged", "this form does not come from a page of this console, or it is too old; load the page again"
    )


def came_from(request: Request) -> str:
    """The page of the console that sent a form or wants a part of itself; the first page if the browser hides it."""
    seen = URL(request.headers.get("referer", ""))
    is_page = seen.netloc == request.headers.get("host") and seen.path.startswith(f"{ROOT}/")
    return _place(seen) if is_page and seen.path != f"{ROOT}{SIGN_IN}" else f"{ROOT}/"


def _place(url: URL) -> str:
    """Path and query."""
    return url.path + (f"?{url.query}" if url.query else "")


def _of_framework(error: Exception) -> ApiError:
    status = error.status_code if isinstance(error, HTTPException) else 500
    words = "there is no such page" if status == 404 else str(getattr(error, "detail", error))
    return ApiError(status, "no_page" if status == 404 else "refused", words)


@cache
def _files() -> Mapping[str, Path]:
    """The files that pages load, by name: no name of a request reaches the file system."""
    return {path.relative_to(STATIC).as_posix(): path for path in STATIC.rglob("*") if path.suffix in _KINDS}


async def _static(request: Request) -> Response:
    path = _files().get(request.path_params["name"])
    if path is None:
        raise HTTPException(404)
    kept = "public, max-age=31536000, immutable" if request.query_params.get("v") else "no-cache"
    return FileResponse(path, media_type=_KINDS[path.suffix], headers={"Cache-Control": kept})


class _Safe:
    """An application whose every response carries the headers; pages are not kept by caches."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def safe(message: Message) -> None:
            if message["type"] == "http.response.start":
                stated = {name.lower() for name, _ in message.get("headers", ())}
                more = {"Cache-Control": "no-store", **_SAFE}
                pairs = [(name.lower().encode(), value.encode()) for name, value in more.items()]
                added = [pair for pair in pairs if pair[0] not in stated]
                message = {**message, "headers": [*message.get("headers", ()), *added]}
            await send(message)

        await self._app(scope, receive, safe)
