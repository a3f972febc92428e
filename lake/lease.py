"""The writer lease: one run writes to a lake at a time, between processes and machines."""

from __future__ import annotations

import json
import os
import socket
import threading
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from types import TracebackType

from lake.errors import ContractError, RefusedError
from lake.store import LocalStore, Store

_FOLDER = "lease"
_LENGTH = timedelta(seconds=90)
_RENEW_EVERY_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds the lease, until when unless renewed; ``released`` once given back."""

    host: str
    pid: int
    what: str
    expires_at: str
    released: bool = False

    def is_over(self, local: bool) -> bool:
        """Whether another run may take the lease; on one machine a dead process is known at once."""
        if self.released or datetime.fromisoformat(self.expires_at) < datetime.now(UTC):
            return True
        return local and self.host == socket.gethostname() and not _is_running(self.pid)


class WriterLease(AbstractContextManager["WriterLease"]):
    """Held while inside ``with``; RefusedError where another run holds it.

    Leases are numbered objects: taking the next number is a put-if-absent, so of two runs that find
    the last one over only one gets the next. A thread renews it; losing it shows in ``check``.
    """

    def __init__(self, store: Store, what: str) -> None:
        self._store, self._what = store, what
        self._number = 0
        self._stop = threading.Event()
        self._lost = False

    def __enter__(self) -> WriterLease:
        names = self._store.names(_FOLDER)
        last = names[-1] if names else None
        if last is not None:
            holder = self._read(last)
            if holder is not None and not holder.is_over(isinstance(self._store, LocalStore)):
                raise RefusedError(_taken(self._store.url, holder))
            self._number = int(last.split(".")[0])
        self._number += 1
        if not self._store.put_if_absent(self._path, self._mine()):
            raise RefusedError(
                f"another run took the writer lease of {self._store.url} just now; try again when it is done"
            )
        for name in names:
            self._store.delete(f"{_FOLDER}/{name}")
        threading.Thread(target=self._renew, name="raglake-lease", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        if not self._lost:
            self._store.write(self._path, self._mine(released=True))

    def check(self) -> None:
        """ContractError where the lease was lost, for instance after the machine slept."""
        if self._lost or self._store.names(_FOLDER)[-1:] != [self._path.split("/")[1]]:
            raise ContractError(
                f"this run lost the writer lease of {self._store.url}; nothing is published, run it again"
            )

    @property
    def _path(self) -> str:
        return f"{_FOLDER}/{self._number:010}.json"

    def _mine(self, *, released: bool = False) -> bytes:
        expires = datetime.now(UTC) + _LENGTH
        holder = Holder(socket.gethostname(), os.getpid(), self._what, expires.isoformat(), released)
        return json.dumps(asdict(holder)).encode()

    def _read(self, name: str) -> Holder | None:
        try:
            return Holder(**json.loads(self._store.read(f"{_FOLDER}/{name}")))
        except FileNotFoundError:  # the next holder just swept it
            return None
        except (ValueError, TypeError) as error:
            raise ContractError(
                f"{_FOLDER}/{name} in {self._store.url} is damaged ({error}); delete it once no run is at work"
            ) from error

    def _renew(self) -> None:
        while not self._stop.wait(_RENEW_EVERY_SECONDS):
            if self._store.names(_FOLDER)[-1:] != [self._path.split("/")[1]]:
                self._lost = True
                return
            self._store.write(self._path, self._mine())


def _taken(url: str, holder: Holder) -> str:
    return (
        f"{url} is being written by {holder.what} (process {holder.pid} on {holder.host}, lease until "
        f"{holder.expires_at[:19]} UTC); wait for it or stop it"
    )


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
