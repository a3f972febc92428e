"""Shares vector files between two lakes, so that neither re-embeds what the other has."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from lake.storage.store import LocalStore

if TYPE_CHECKING:
    from lake.directory import Lake
    from lake.recipe import Recipe


def share_vectors(origin: Lake, target: Lake, recipe: Recipe) -> int:
    """Add the origin's vector files of the recipe's embedders to the target. Returns the number of files added.

    These files never change and are named by the digest of their keys, so files of the same name are equal. On the
    same file system they are hard links and take no space; if one lake deletes a file, the other keeps it.
    """
    folders = origin.vector_folders(recipe)
    known = {f"{folder}/{name}" for folder in folders for name in target.store.names(folder)}
    there = (f"{folder}/{name}" for folder in folders for name in origin.store.names(folder))
    new = [path for path in there if path not in known]
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
    except OSError:  # another file system, or one without hard links
        return False
    return True
