"""Who holds a lease, and whether it still runs."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Collection
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from lake.errors import ContractError
from lake.storage.protocol import Store

#: How long a lease lasts unless it is renewed.
LENGTH = timedelta(seconds=90)


@dataclass(frozen=True, slots=True)
class Holder:
    """The holder of the lease, which ends at ``expires_at`` unless renewed; ``released`` once given back.

    ``pid`` is valid only on the same ``machine``: two containers may share a host name and a disk.
    ``key`` is unique to each lease.
    """

    host: str
    pid: int
    what: str
    expires_at: str
    released: bool = False
    machine: str = ""
    key: str = ""

    @classmethod
    def of_this_process(cls, what: str, key: str, *, released: bool) -> Holder:
        """This process, for the usual length of time from now."""
        expires = (datetime.now(UTC) + LENGTH).isoformat()
        return cls(socket.gethostname(), os.getpid(), what, expires, released, _machine(), key)

    def to_bytes(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    def is_over(self, own: Collection[str]) -> bool:
        """Whether another run may take the lease; on the same machine a dead process is noticed at once.

        ``own`` are the keys of the leases that this process holds.

        ``expires_at`` follows the holder's clock. If that clock is ahead, a dead holder's lease lasts longer. If it is
        behind, a living holder loses its lease too early and stops at its next ``check``.
        """
        if self.released or datetime.fromisoformat(self.expires_at) < datetime.now(UTC):
            return True
        if not self.machine or self.machine != _machine():
            return False
        return self.key not in own if self.pid == os.getpid() else not _is_running(self.pid)

    def refusal(self, subject: str) -> str:
        """What another run is told that wants to write to ``subject``."""
        return (
            f"{subject} is being written by {self.what} (process {self.pid} on {self.host}, lease until "
            f"{self.expires_at[:19]} UTC); wait for it or stop it"
        )


def read_holder(store: Store, folder: str, name: str) -> Holder | None:
    """The holder of the lease of this name; None if it is gone. Raises ContractError if it is damaged."""
    try:
        return Holder(**json.loads(store.read(f"{folder}/{name}")))
    except FileNotFoundError:  # the next holder just vacuumed it
        return None
    except (ValueError, TypeError) as error:
        raise ContractError(
            f"{folder}/{name} in {store.url} is damaged ({error}); delete it once no run is active"
        ) from error


@cache
def _machine() -> str:
    """Ids of this machine's boot and of the process id namespace; empty if Linux does not provide them."""
    with suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {os.readlink('/proc/self/ns/pid')}"
    return ""


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
