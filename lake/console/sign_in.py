"""Signing in with an API key, and out."""

from __future__ import annotations

from dataclasses import replace

from starlette.responses import RedirectResponse, Response

from lake.console.client import ApiError
from lake.console.sessions import Session
from lake.console.visit import ROOT, Visit

SIGN_IN, SIGN_OUT = "/sign-in", "/sign-out"


async def sign_in_page(visit: Visit) -> Response:
    return visit.page("sign_in.html", wanted=_wanted(visit), problem=None)


async def sign_in(visit: Visit) -> Response:
    """Keeps the key if the service accepts it. The session is a new one, with a new token."""
    wanted = _wanted(visit)
    visit.api = replace(visit.api, key=visit.word("key"))
    try:
        await visit.api.get("/key")
    except ApiError as error:
        message = "The service does not know this key." if error.status == 401 else error.message
        return visit.page("sign_in.html", error.status, wanted=wanted, problem=message)
    visit.session, visit.request.state.is_new = Session(visit.word("key")), True
    return RedirectResponse(wanted, 303)


async def sign_out(visit: Visit) -> Response:
    visit.request.state.is_over = True
    return RedirectResponse(f"{ROOT}{SIGN_IN}", 303)


def _wanted(visit: Visit) -> str:
    """Where to go afterwards: a page of the console, whatever the address demands."""
    wanted = visit.word("next")
    is_page = wanted.startswith(f"{ROOT}/") and not any(ord(letter) < 33 or letter == "\\" for letter in wanted)
    return wanted if is_page else f"{ROOT}/"
