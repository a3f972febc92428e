"""Tags of a table: each protects the version that a release names from vacuuming."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def tags_of(table: Any, url: str) -> dict[str, int]:
    """Release -> version. ``url`` is that of the table.

    A loss of power can leave an empty file behind, with which Lance lists nothing at all: such tags are left out.
    """
    try:
        return {tag: int(facts["version"]) for tag, facts in table.tags.list().items()}
    except RuntimeError:
        found = _read(url)
        if None not in found.values():
            raise
        return {tag: version for tag, version in found.items() if version is not None}


def drop_torn(table: Any, url: str) -> None:
    """Delete the tags whose files a loss of power left incomplete: they protect nothing, and Lance fails at them."""
    for tag, version in _read(url).items():
        if version is None:
            table.tags.delete(tag)


def _read(url: str) -> dict[str, int | None]:
    """The version that each tag's file states, None for a file that is not whole; a bucket has only whole objects."""
    if "://" in url:
        return {}
    return {path.stem: _version(path) for path in sorted(Path(url, "_refs", "tags").glob("*.json"))}


def _version(path: Path) -> int | None:
    try:
        return int(json.loads(path.read_bytes())["version"])
    except (ValueError, KeyError, TypeError):
        return None
