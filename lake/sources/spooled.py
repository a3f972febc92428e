"""Sources that can only be read from their beginning."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from lake.errors import TransientError
from lake.sources.protocol import Cursor, CursorLost, Removal

if TYPE_CHECKING:
    from lake.sources.protocol import SourceFile
    from lake.sources.spool import Spool


class SpooledSource(ABC):
    """Reads documents one by one out of a spool."""

    @abstractmethod
    def _spool(self) -> Spool: ...

    def read(self, uri: str) -> bytes:
        for _, data in self.read_many([uri]):
            return data
        raise FileNotFoundError(uri)

    def read_many(self, uris: Sequence[str]) -> Iterable[tuple[str, bytes]]:
        return self._spool().read_many(uris)


class MarkedSource(SpooledSource):
    """Lists everything, unless the mark of the whole, which is its cursor, has stayed the same."""

    _place: str

    @abstractmethod
    def _mark(self) -> str: ...

    @abstractmethod
    def list(self) -> Iterator[SourceFile]: ...

    def changes(self, since: str | None) -> Iterator[SourceFile | Removal | Cursor]:
        mark = self._mark()
        if since is not None and since != mark:
            raise CursorLost(f"{self._place} changed")
        if since is None:
            yield from self.list()
            if self._mark() != mark:
                raise TransientError(f"{self._place} changed while it was listed; run again")
        yield Cursor(mark)
