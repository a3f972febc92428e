"""Readers of plugins, checked against the contract of a source."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from lake import plugins
from lake.errors import ContractError, LakeError, TransientError, UsageError
from lake.sources.protocol import Cursor, CursorReader, Gap, ManyReader, Removal, SourceFile, SourceReader
from lake.storage.secrets import hidden


class CheckedReader:
    """A plugin's reader; ours of the same protocol are plugins, too.

    ``hidden_names``: whether names that begin with a dot are listed.
    """

    def __init__(self, plugin: plugins.Plugin, root: str, hidden_names: bool) -> None:
        self._plugin, self._hidden_names = plugin, hidden_names
        with self._own_errors():
            self._reader = plugin.load()(root)
        if not isinstance(self._reader, SourceReader):
            raise plugin.broken(f"must return a SourceReader (list, read), got {self._reader!r:.100}")

    @property
    def has_cursor(self) -> bool:
        return isinstance(self._reader, CursorReader)

    @property
    def asks_each(self) -> bool:
        return bool(getattr(self._reader, "asks_each", False))

    @property
    def reads_many(self) -> bool:
        return isinstance(self._reader, ManyReader)

    def list(self) -> Iterator[SourceFile]:
        for found in self._checked(self._reader.list(), (SourceFile,)):
            assert isinstance(found, SourceFile)
            yield found

    def changes(self, since: str | None) -> Iterator[SourceFile | Removal | Gap | Cursor]:
        """Changes since a cursor, or everything; the last item is a Cursor. Raises CursorLost."""
        assert isinstance(self._reader, CursorReader)
        kinds = (SourceFile, Removal, Gap, Cursor)
        yield from self._checked(self._reader.changes(since), kinds, is_full=since is None)

    def _checked(
        self, items: Iterable[object], kinds: tuple[type, ...], is_full: bool = True
    ) -> Iterator[SourceFile | Removal | Gap | Cursor]:
        seen: set[str] = set()
        item: object = None
        with self._own_errors():
            for item in items:
                if not isinstance(item, SourceFile | Removal | Gap | Cursor) or not isinstance(item, kinds):
                    raise self._broken(item)
                if not isinstance(item, Cursor | Gap):
                    if not item.uri or item.uri.startswith("/"):
                        raise self._broken(item)
                    if is_full and item.uri in seen:
                        raise self._twice(item)
                    seen.add(item.uri)
                    if not self._hidden_names and "/." in f"/{item.uri}":
                        continue
                yield item
        if Cursor in kinds and not isinstance(item, Cursor):
            raise TransientError(f"{self._plugin} ended its changes without a cursor; nothing of them is used")

    def _broken(self, item: object) -> ContractError:
        return self._plugin.broken(f"listed {item!r:.100}, which is not a SourceFile with a unique relative uri")

    def _twice(self, item: SourceFile | Removal) -> LakeError:
        if self._plugin.package == plugins.PACKAGE:
            return UsageError(f"{item.uri!r:.100} is there twice; what names a document must be unique")
        return self._broken(item)

    def read(self, uri: str) -> bytes:
        with self._own_errors(uri):
            return bytes(self._reader.read(uri))

    def read_many(self, uris: Sequence[str]) -> dict[str, bytes]:
        """The bytes of those that exist."""
        assert isinstance(self._reader, ManyReader)
        with self._own_errors(f"{uris[0]} and others"):
            return {uri: bytes(data) for uri, data in self._reader.read_many(uris)}

    def open(self, uri: str) -> Any:
        return io.BytesIO(self.read(uri))

    @contextmanager
    def _own_errors(self, read: str = "") -> Iterator[None]:
        """Keep secrets out of messages; take an error of reading that is none of files or of ours for temporary."""
        try:
            yield
        except (LakeError, OSError) as error:
            text = str(error)
            if (shown := hidden(text)) == text:
                raise
            kind: Any = type(error) if type(error).__init__ is LakeError.__init__ else TransientError
            raise kind(shown) from None
        except Exception as error:
            text = f"{type(error).__name__}: {error}"
            if (shown := hidden(text)) == text and not read:
                raise
            what = f"read {read}" if read else "list its documents"
            raise TransientError(f"{self._plugin} could not {what}: {shown}") from (error if shown == text else None)
