"""Vectors that one lake has from another, so that a text that was embedded for either is embedded for neither again."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from lake.storage.store import LocalStore

if TYPE_CHECKING:
    from lake.directory import Lake
    from lake.recipe import Recipe


def share_vectors(origin: Lake, target: Lake, recipe: Recipe) -> int:
    """Put the origin's files of vectors of the recipe's embedder beside the target's own; how many were new there.

    Such files are never changed and bear the digest of their keys as a name, so one that both have is the same. On one
    file system they are linked and take no room; a file that either lake deletes stays the other's.
    """
    folder = origin.vectors(recipe).folder
    known = set(target.store.names(folder))
    new = [f"{folder}/{name}" for name in origin.store.names(folder) if name not in known]
    for path in new:
        if not _linked(origin, target, path):
            target.store.write(path, origin.store.read(path))
    return len(new)


def _linked(origin: Lake, target: Lake, path: str) -> bool:
    if not isinstance(origin.store, LocalStore) or not isinstance(target.store, LocalStore):
        return False
    linked = Path(target.store.root, path)
    linked.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(Path(origin.store.root, path), linked)
    except OSError:  # another file system, or one that makes no links
        return False
    return True
