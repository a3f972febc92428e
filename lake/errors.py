"""Every error raglake raises on purpose.

    LakeError
    ├── TransientError     a retry can cure it: network, rate limit, a busy disk
    │   └── StorageError   of those, what the lake's own disk or object store causes
    ├── PendingError       a run must wait for somebody else; a later run goes on from there
    ├── InputError         this one document can't be indexed: quarantine it, go on
    ├── ContractError      a promise is broken: stop, publish nothing
    │   ├── RefusedError   raglake declines to go on by design: guard, audit, pin
    │   │   └── BusyError  another run is writing to the lake, for which one may wait
    │   ├── ConflictError  somebody else wrote to the log first, or to a table
    │   └── GoneError      what was being read has been cleaned away
    └── UsageError         the caller's arguments are wrong: the message lists the right ones

A message states what, which, why and the next step. Each error takes that one message, so that it
survives pickling between processes.
"""


class LakeError(Exception):
    """Base of all errors that raglake raises on purpose."""


class TransientError(LakeError):
    """Trying again, later or elsewhere, may succeed."""


class StorageError(TransientError):
    """The disk or object store of a lake failed, or can't be reached; the lake itself may be intact."""


class PendingError(LakeError):
    """A run has to wait longer than it may; nothing is lost, and a later run goes on from there."""


class InputError(LakeError):
    """One document can't be read or parsed; its reason goes into the quarantine table."""

    #: Short, stable class of the failure; the ``error_class`` column of the quarantine table.
    error_class = "unreadable"

    def __init__(self, message: str, error_class: str | None = None) -> None:
        super().__init__(message)
        if error_class is not None:
            self.error_class = error_class

    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        return type(self), (str(self), self.error_class)


class ContractError(LakeError):
    """A promise that the next step relies on does not hold; nothing is published."""


class RefusedError(ContractError):
    """raglake declines by design, and the message names the remedy: guard, audit, pin or writer lease."""


class BusyError(RefusedError):
    """Another run holds the writer lease; when it is done, the same call may succeed."""


class ConflictError(ContractError):
    """Somebody else wrote to the log between reading it and writing to it, or to a table while this run did."""


class GoneError(ContractError):
    """A version that was being read was cleaned away; the log names its replacement."""


class UsageError(LakeError):
    """The caller asked for something that does not exist or can't be combined."""
