"""The parts of an Excel workbook and their relationships."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from lake.parse.archive import lenient_xml, read_member

if TYPE_CHECKING:
    import zipfile


class WorkbookPackage:
    """The parts of a workbook by their paths, whose case does not count."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._names = {name.lower().lstrip("/"): name for name in archive.namelist()}

    def has(self, path: str) -> bool:
        return path.lower() in self._names

    def part(self, path: str) -> bytes:
        """A part's bytes. Raises InputError if it is missing or damaged."""
        return read_member(self._archive, self._names.get(path.lower().lstrip("/"), path))

    def root(self, path: str) -> Any:
        """The root of a part as `root_of` reads it. Raises InputError if the part is missing or damaged."""
        return root_of(self.part(path))

    def relations(self, path: str) -> Iterator[tuple[str, str, str]]:
        """Id, kind and target of a part's relationships inside the archive."""
        folder, name = posixpath.split(path)
        listed = posixpath.join(folder, "_rels", f"{name}.rels")
        if not self.has(listed):
            return
        root = self.root(listed)
        for node in root.iter("{*}Relationship") if root is not None else ():
            target = node.get("Target", "")
            if node.get("TargetMode") == "External" or not target:
                continue
            whole = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
            yield node.get("Id", ""), node.get("Type", "").rpartition("/")[2], whole

    def related(self, path: str) -> Iterator[tuple[str, str]]:
        return ((kind, target) for _, kind, target in self.relations(path))


def root_of(data: bytes) -> Any:
    """The root of a part, repaired as far as possible; None if nothing is left."""
    return lenient_xml(data)[0]
