"""Folders of an IMAP server as sources, one message a document: ``imaps://USER@HOST/FOLDER?password=$NAME``."""

from __future__ import annotations

import base64
import email.utils
import imaplib
import re
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

from lake.endpoints.refusals import RefusedRequest
from lake.endpoints.retry import Retries
from lake.errors import TransientError, UsageError
from lake.reporting import counted
from lake.sources.address import options_of, setting
from lake.sources.failures import is_too_often
from lake.sources.mailbox import SUFFIX
from lake.sources.protocol import SourceFile

T = TypeVar("T")


@dataclass(frozen=True)
class ImapOptions:
    """Options of IMAP."""

    password: str = setting("", "$VARIABLE or block:NAME.", secret=True)
    starttls: bool = setting(True, "Encrypt an imap:// connection before the login; 0 only for a server at hand.")


#: A server that is busy is asked again for some seconds.
_RETRIES = Retries(n_attempts=4, first=0.5, longest=8)
_ONCE = Retries(n_attempts=1)
_UIDS_AT_A_TIME = 500
#: Messages that one search may find: imaplib takes no line of more than a million bytes.
_FOUND_AT_A_TIME = 80_000
_OUTSIDE_ASCII = re.compile(r"[^\x20-\x7e]+")
_FETCHED = re.compile(rb"UID (\d+)")
_SIZE, _DATE = re.compile(rb"RFC822\.SIZE (\d+)"), re.compile(rb'INTERNALDATE "([^"]+)"')


@dataclass
class _Session:
    """A connection with the folder selected: how many messages it held then, and what its UIDs are valid with."""

    server: imaplib.IMAP4
    n: int = 0
    validity: str = ""


class ImapSource:
    """The messages of one folder, by UID; read without marking them as seen. A listing transfers no message.

    One of which the server tells nothing, while it tells of others, is listed without marks: reading it will tell why.
    If the folder was renumbered since the listing, a UID is another message's; it is not read.
    """

    options: Any = ImapOptions

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._scheme, self._host = parts.scheme, parts.hostname or ""
        self._port = parts.port or (993 if parts.scheme == "imaps" else 143)
        self._user, self._folder = unquote(parts.username or ""), unquote(parts.path.strip("/")) or "INBOX"
        self._options = options_of(url, ImapOptions)
        if not self._host or not self._user:
            raise UsageError("an IMAP source has the form imaps://USER@HOST/FOLDER?password=$VARIABLE")
        self._lock, self._idle = Lock(), list[_Session]()
        self._listed_validity: str | None = None
        weakref.finalize(self, _log_out, self._idle)

    def list(self) -> Iterator[SourceFile]:
        validity, uids = self._with(self._named)
        found, failed = dict[str, SourceFile](), set[bytes]()
        for start in range(0, len(uids), _UIDS_AT_A_TIME):
            part = uids[start : start + _UIDS_AT_A_TIME]
            found |= {file.uri: file for file in self._files(part, validity, len(uids), failed)}
        if len(found) < len(uids):  # some may be gone meanwhile
            now, named = self._with(self._named)
            if now != validity:
                raise TransientError(f"the folder {self._folder!r} at {self._host} was renumbered meanwhile; run again")
            lost = set(named).intersection(uids) - {uri.removesuffix(SUFFIX).encode() for uri in found}
            if is_too_often(len(lost), len(uids)) or (lost and not found):
                raise TransientError(f"{self._host} named {counted(len(lost), 'message')} and told nothing of them")
            found |= {uri: SourceFile(uri) for uri in sorted(f"{uid.decode()}{SUFFIX}" for uid in lost)}
        self._listed_validity = validity
        yield from found.values()

    def _named(self, session: _Session) -> tuple[str, Sequence[bytes]]:
        """What the UIDs of the folder are valid with, and they."""
        self._select(session)
        return session.validity, _uids(session)

    def _files(self, uids: Sequence[bytes], validity: str, n: int, failed: set[bytes]) -> Iterator[SourceFile]:
        """What the server tells of these of ``n`` messages: of fewer at a time if it fails, nothing of one that does.

        Servers refuse all, or hang up, if a single one is damaged. Raises TransientError if too many ``failed``.
        """
        is_part = len(uids) < min(n, _UIDS_AT_A_TIME)
        try:
            yield from self._with(partial(self._told, uids=uids, validity=validity), _ONCE if is_part else _RETRIES)
        except TransientError:
            if len(uids) == 1:
                failed.update(uids)
            if is_too_often(len(failed), n):
                raise
            self._with(self._named)  # else the server is gone
            half = len(uids) // 2
            for part in (uids[:half], uids[half:]) if half else ():
                yield from self._files(part, validity, n, failed)

    def _told(self, session: _Session, uids: Sequence[bytes], validity: str) -> Sequence[SourceFile]:
        lines = _ok(session.server.uid("FETCH", b",".join(uids).decode(), "(UID RFC822.SIZE INTERNALDATE)"))
        if session.validity != validity:
            raise imaplib.IMAP4.abort("the folder was renumbered")
        return [file for line in lines if (file := _file(line, validity))]

    def read(self, uri: str) -> bytes:
        for _, data in self.read_many([uri]):
            return data
        raise FileNotFoundError(uri)

    def read_many(self, uris: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        """Messages one by one, since a server may hold each in memory."""
        for uri in uris:
            uid = uri.removesuffix(SUFFIX)
            data = self._with(partial(self._message, uid=uid)) if uid.isdigit() else None
            if data is not None:
                yield uri, data

    def _message(self, session: _Session, uid: str) -> bytes | None:
        """All bytes of a message; None if it is gone."""
        if self._listed_validity not in (None, session.validity):
            raise TransientError(
                f"the folder {self._folder!r} at {self._host} was renumbered since it was listed (UIDVALIDITY "
                f"{self._listed_validity}, now {session.validity}), so that {uid} may be another message; run again"
            )
        try:
            lines = _ok(session.server.uid("FETCH", uid, "(UID BODY.PEEK[])"))
            data = next((bytes(line[1]) for line in lines if isinstance(line, tuple)), None)
            if data is None and (_answer(_ok(session.server.uid("SEARCH", f"UNDELETED UID {uid}"))) or b"").split():
                raise imaplib.IMAP4.abort("it is listed, and not given")
        except imaplib.IMAP4.error as error:  # BAD is about this message as well: others are asked for in the same way
            raise imaplib.IMAP4.abort(f"message {uid} of {self._folder!r}: {error}") from error
        return data

    def _with(self, work: Callable[[_Session], T], retries: Retries | None = None) -> T:
        """The result of work on a connection, which is made again if the server closed it."""

        def attempt() -> T:
            with self._connection() as session:
                return work(session)

        return (retries or _RETRIES).run(f"IMAP at {self._host}", attempt)

    @contextmanager
    def _connection(self) -> Iterator[_Session]:
        with self._lock:
            session = self._idle.pop() if self._idle else None
        try:
            session = session or self._connected()
            yield session
        except (imaplib.IMAP4.abort, OSError) as error:
            if isinstance(error, PermissionError):
                raise
            raise RefusedRequest(f"{type(error).__name__}: {error}", None) from error
        except imaplib.IMAP4.error as error:
            raise UsageError(f"{self._host} refused a command: {error}") from error
        with self._lock:
            self._idle.append(session)

    def _connected(self) -> _Session:
        kind = imaplib.IMAP4_SSL if self._scheme == "imaps" else imaplib.IMAP4
        server = kind(self._host, self._port, timeout=60)
        if self._scheme == "imap" and self._options.starttls:
            server.starttls()
        try:
            self._log_in(server)
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error as error:
            if "UNAVAILABLE" in str(error) or "LIMIT" in str(error):
                raise RefusedRequest(str(error), None) from None
            raise PermissionError(f"{self._user} at {self._host}: {error}") from None
        session = _Session(server)
        self._select(session)
        return session

    def _log_in(self, server: imaplib.IMAP4) -> None:
        """LOGIN takes ASCII alone; for others there is PLAIN."""
        user, password = self._user, self._options.password
        if user.isascii() and password.isascii():
            server.login(_quoted(user), password)
        else:
            server.authenticate("PLAIN", lambda _: f"\0{user}\0{password}".encode())

    def _select(self, session: _Session) -> None:
        """Select the folder. A name may be given as servers write it, too (``Entw&APw-rfe``)."""
        for name in dict.fromkeys((modified_utf7(self._folder), self._folder)):
            if name.isascii():
                status, lines = session.server.select(_quoted(name), readonly=True)
                if status == "OK":
                    session.n = int(_answer(lines) or 0)
                    session.validity = (_answer(session.server.response("UIDVALIDITY")[1]) or b"").decode()
                    return
        raise UsageError(f"{self._user} at {self._host} has no folder {self._folder!r}")


def modified_utf7(name: str) -> str:
    """A folder's name as RFC 3501 has it.

    >>> modified_utf7("Entwürfe"), modified_utf7("R&D"), modified_utf7("已发送")
    ('Entw&APw-rfe', 'R&-D', '&XfJT0ZAB-')
    """

    def encoded(found: re.Match[str]) -> str:
        return f"&{base64.b64encode(found[0].encode('utf-16-be')).decode().rstrip('=').replace('/', ',')}-"

    return _OUTSIDE_ASCII.sub(encoded, name.replace("&", "&-"))


def _quoted(name: str) -> str:
    return '"{}"'.format(name.replace("\\", "\\\\").replace('"', '\\"'))


def _uids(session: _Session) -> list[bytes]:
    """The UIDs of the folder that is selected, without messages that are marked as deleted and not expunged yet."""
    server = session.server
    next_uid = _answer(server.response("UIDNEXT")[1])
    ranges = ["UNDELETED"]
    if session.n > _FOUND_AT_A_TIME and next_uid:
        starts = range(1, int(next_uid), _FOUND_AT_A_TIME)
        ranges = [f"UNDELETED UID {start}:{start + _FOUND_AT_A_TIME - 1}" for start in starts]
    return [uid for one in ranges for uid in (_answer(_ok(server.uid("SEARCH", one))) or b"").split()]


def _log_out(sessions: list[_Session]) -> None:
    while sessions:
        with suppress(Exception):
            sessions.pop().server.logout()


def _ok(answer: tuple[str, list[Any]]) -> list[Any]:
    status, lines = answer
    if status != "OK":
        raise imaplib.IMAP4.abort(str(lines[:1]))
    return lines


def _answer(lines: Sequence[Any]) -> bytes | None:
    return next((line for line in lines if isinstance(line, bytes)), None)


def _file(line: Any, validity: str) -> SourceFile | None:
    """The message that a line of an answer describes; None for a notice of flags, which may come at any time."""
    text = line[0] if isinstance(line, tuple) else line or b""
    uid, size, date = (pattern.search(text) for pattern in (_FETCHED, _SIZE, _DATE))
    if uid is None or size is None:
        return None
    modified = _microseconds(date[1].decode("ascii", "replace")) if date else None
    return SourceFile(f"{uid[1].decode()}{SUFFIX}", int(size[1]), modified, f"uid {validity}")


def _microseconds(date: str) -> int | None:
    try:
        return int(email.utils.parsedate_to_datetime(date.replace("-", " ")).timestamp() * 1_000_000)
    except (ValueError, OverflowError):
        return None
