"""Where a CSV file ends: after a row, or inside a quoted value, because the rest is missing."""

from __future__ import annotations

from typing import Any

_MARK = "end of the file"


class CsvEnd:
    """Adds a line to the end of a file that is no row of it; inside quotes it would be part of a value instead.

    The parser alone knows which quotes count. ``n_delimiters``: at least as many as the file's first row has.
    ``encoding``: without a byte order mark, which stands at the beginning alone.
    """

    def __init__(self, delimiter: str, n_delimiters: int, encoding: str) -> None:
        self._line = _MARK + delimiter * (n_delimiters + 1)
        self._bytes = f"\n{self._line}\n".encode(encoding)
        self.was_seen = False

    def added_to(self, file: Any) -> EndedFile:
        """A file to read from, with the line at its end."""
        return EndedFile(file, self._bytes)

    def see_invalid(self, row: Any) -> str:
        """What Arrow does with a row that has too many or too few values."""
        if row.text is None or row.text.rstrip("\r\n") != self._line:
            return "error"
        self.was_seen = True
        return "skip"


class EndedFile:
    """A file with more bytes at its end."""

    def __init__(self, file: Any, end: bytes) -> None:
        self._file, self._end = file, end

    @property
    def closed(self) -> bool:
        return bool(self._file.closed)

    def close(self) -> None:
        self._file.close()

    def read(self, n: int = -1) -> bytes:
        if data := self._file.read(n):
            return bytes(data)
        taken = self._end if n < 0 else self._end[:n]
        self._end = self._end[len(taken) :]
        return taken
