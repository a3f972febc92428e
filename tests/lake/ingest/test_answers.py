"""A few documents that a source never gives cost themselves, in each run; many tell that the source fails."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from lake.directory import Lake
from lake.errors import TransientError
from lake.ingest.source_listing import ListedSources, list_sources
from lake.sources.source import parse_source


class LosingFiles(MemoryFileSystem):  # type: ignore[misc]
    """A store that lists some files and never gives them."""

    protocol = "losing"
    store: ClassVar[dict[str, Any]] = {}
    pseudo_dirs: ClassVar[list[str]] = [""]

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return str(super()._strip_protocol(path.removeprefix("losing:/")))

    def _open(self, path: str, mode: str = "rb", **words: Any) -> Any:
        if "lost" in path and mode == "rb":
            raise OSError(f"{path}: internal error")
        return super()._open(path, mode, **words)

    def cat_file(self, path: str, *args: Any, **words: Any) -> Any:
        if "lost" in path:
            raise OSError(f"{path}: internal error")
        return super().cat_file(path, *args, **words)


def test_documents_that_are_never_given_cost_themselves_in_each_run(tmp_path: Path) -> None:
    fsspec.register_implementation("losing", LosingFiles, clobber=True)
    files, lake = LosingFiles(), Lake(str(tmp_path / "lake"))
    source = parse_source("losing://docs")
    for number in range(130):
        files.pipe(f"/docs/{'lost' if number < 12 else 'there'}{number}.md", b"the pump")

    def run() -> ListedSources:
        found = list_sources(lake, [source], verify=False)
        lake.remember(found.cache, [source.name])
        return found

    assert [len(run().unreadable) for _ in range(2)] == [12, 12]
    for number in range(130, 135):
        files.pipe(f"/docs/lost{number}.md", b"the pump")
    with pytest.raises(TransientError, match="documents could not be read"):
        run()
