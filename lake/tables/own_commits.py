"""Notices that another run wrote to a table meanwhile: one may sleep between its last look at its lease and a write."""

from __future__ import annotations

from typing import Any

from lake.errors import ConflictError

#: Kinds of Lance's transactions that change rows or columns; all others are about indices and the layout of files.
_OF_ROWS = {"Append", "DataReplacement", "Delete", "Merge", "Overwrite", "Project", "Restore", "Update"}


class OwnCommits:
    """Counts the commits by which this run changed rows of each table, since the version that it began with."""

    def __init__(self) -> None:
        self._began: dict[str, int] = {}
        self._n: dict[str, int] = {}

    def begin(self, name: str, version: int) -> None:
        """What was committed before this version, by whomever, counts for nothing: it is as this run wants it."""
        self._began[name], self._n[name] = version, 0

    def add(self, name: str) -> None:
        self._n[name] = self._n.get(name, 0) + 1

    def has(self, name: str) -> bool:
        """Whether this run has begun with the table."""
        return name in self._began

    def end(self, name: str, table: Any, url: str) -> None:
        """Raises ConflictError if more commits than this run's changed rows up to the version of ``table``."""
        began, n_own = self._began.pop(name, None), self._n.pop(name, 0)
        if began is None or table.version == began:
            return
        dataset = table.to_lance()
        found = [dataset.read_transaction(version) for version in range(began + 1, table.version + 1)]
        n_found = sum(one is not None and type(one.operation).__name__ in _OF_ROWS for one in found)
        if n_found > n_own:
            raise ConflictError(
                f"{name} in {url} was changed by another run meanwhile, which had slept and lost its lease; nothing of "
                "this run is published, run it again"
            )
