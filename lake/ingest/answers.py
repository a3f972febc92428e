"""Tells a document that a source can't give from a source that gives none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from threading import Lock
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from lake.errors import InputError, StorageError, TransientError
from lake.ids import bytes_digest
from lake.reporting import counted
from lake.sources.failures import is_too_often
from lake.sources.protocol import is_sidecar

if TYPE_CHECKING:
    import pyarrow as pa

    from lake.sources.source import Source

#: The class of documents that stay as they were: whether they changed, nobody can tell.
UNANSWERED = "unanswered"
#: Documents that are asked for to tell whether a source answers at all.
_ASKED = 3


class SourceAnswers:
    """What one source, which lists ``n_listed`` files, answered to requests for them. Safe between threads."""

    def __init__(self, source: Source, n_listed: int = 0) -> None:
        self.source, self._n_listed, self._lock = source, n_listed, Lock()
        self._n_answered = self._n_failed = 0
        self._last: TransientError | None = None
        self._answered: str | None = None

    def digest(self, uri: str) -> str | InputError:
        """The digest of a document's bytes, or why it can't be read. Raises TransientError if that is so too often."""
        try:
            digest: str | InputError = self.source.digest(uri)
        except InputError as error:
            digest = error
        except StorageError:
            raise
        except TransientError as error:
            return self._failed(error)
        with self._lock:
            self._n_answered, self._answered = self._n_answered + 1, uri
        return digest

    def many(self, uris: Sequence[str]) -> Mapping[str, str | InputError]:
        """The same of many documents; none of them if they can't be read together."""
        try:
            each = [one if isinstance(one, InputError) else bytes_digest(one) for one in self.source.read_each(uris)]
        except StorageError:
            raise
        except TransientError:  # which one it is shows if each is read by itself
            return {}
        with self._lock:
            self._n_answered, self._answered = self._n_answered + len(each), uris[0]
        return dict(zip(uris, each, strict=True))

    def _failed(self, error: TransientError) -> InputError:
        with self._lock:
            self._n_failed += 1
            self._last = error
            if is_too_often(self._n_failed, self._n_failed + self._n_answered, self._n_listed):
                raise TransientError(f"{counted(self._n_failed, 'document')} could not be read: {error}") from error
        return InputError(str(error), UNANSWERED)

    def check(self, others: pa.Table | None) -> None:
        """Raise the last error if the source answers no more: for none that it gave, or else of ``others``."""
        if self._last is not None and not any(map(self._answers, self._asked_again(others))):
            raise self._last

    def _asked_again(self, others: pa.Table | None) -> Iterator[str]:
        if self._answered is not None:
            yield self._answered
        elif others is not None:
            ours = others.filter(pc.equal(others.column("source"), self.source.name)).column("uri")
            yield from islice((uri for uri in ours.to_pylist() if not is_sidecar(uri)), _ASKED)

    def _answers(self, uri: str) -> bool:
        try:
            self.source.digest(uri)
        except (InputError, TransientError):
            return False
        return True
