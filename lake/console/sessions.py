"""Who visits: a cookie in which the visitor's API key is sealed, and the token that his forms carry.

The cookie can be opened by the processes of this service alone, until they end or the session is too old. No page and
no script ever sees the key again.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cryptography.fernet import Fernet, InvalidToken

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

#: Seconds after which a visitor signs in again.
_LASTS = 12 * 3600
_SECRET = "console-secret"
_PATH = "/console"


@dataclass(frozen=True, slots=True)
class Session:
    """The API key, None for a visitor without one, and the token of the forms."""

    key: str | None = None
    csrf: str = field(default_factory=lambda: secrets.token_urlsafe(24))

    @property
    def voter(self) -> str:
        """The name under which its judgements count; it tells nothing about the token."""
        return hashlib.sha256(f"voter {self.csrf}".encode()).hexdigest()


class Sessions:
    """Opens and seals sessions. ``folder``: what the processes of one service share, None for a single process."""

    def __init__(self, folder: str | None = None) -> None:
        self._box = Fernet(_shared_secret(Path(folder)) if folder else Fernet.generate_key())

    def of(self, request: Request) -> Session | None:
        """The session of a request; None if it has none, or one that is too old or not from this service."""
        sealed = request.cookies.get(_cookie(request), "")
        with suppress(InvalidToken, ValueError, TypeError):
            return Session(**json.loads(self._box.decrypt(sealed.encode(), ttl=_LASTS)))
        return None

    def keep(self, session: Session, request: Request, response: Response) -> None:
        """Sets the cookie: unreadable for scripts, not sent with requests from other sites, only over TLS if used."""
        sealed = self._box.encrypt(json.dumps({"key": session.key, "csrf": session.csrf}).encode()).decode()
        response.set_cookie(
            _cookie(request), sealed, path=_PATH, httponly=True, samesite="strict", secure=_is_secure(request)
        )

    def end(self, request: Request, response: Response) -> None:
        response.delete_cookie(
            _cookie(request), path=_PATH, httponly=True, samesite="strict", secure=_is_secure(request)
        )


def is_from_here(request: Request) -> bool:
    """Whether a POST comes from a page of this service, as its browser states it."""
    origin = request.headers.get("origin", "")
    if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        return False
    return bool(origin) and urlsplit(origin).netloc == request.headers.get("host", "")


def is_token(session: Session, given: str) -> bool:
    return hmac.compare_digest(session.csrf.encode(), given.encode("utf-8", "replace"))


def _is_secure(request: Request) -> bool:
    """Whether the browser uses TLS, which a proxy in front may end: the origin of its request states it."""
    return request.url.scheme == "https" or request.headers.get("origin", "").startswith("https://")


def _cookie(request: Request) -> str:
    """Browsers send the cookies of a host to all of its ports, so that each service needs a name of its own."""
    port = re.search(r":(\d+)$", request.headers.get("host", ""))
    return f"raglake_console_{port[1] if port else 'usual'}"


def _shared_secret(folder: Path) -> bytes:
    """The secret of all processes of a service, which the first of them makes."""
    path = folder / _SECRET
    made = folder / f"{_SECRET}.{os.getpid()}"
    made.touch(mode=0o600)
    made.write_bytes(Fernet.generate_key())
    with suppress(FileExistsError):
        os.link(made, path)
    made.unlink()
    return path.read_bytes()
