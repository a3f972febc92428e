"""Vectors that one lake has from another, so that a text that was embedded for either is embedded for neither again."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from lake.storage.store import LocalStore

if TYPE_CHECKING:
    from lake.directory import Lake
    from lake.recipe import Recipe


def lend(lender: Lake, borrower: Lake, recipe: Recipe) -> int:
    """Put the lender's files of vectors of the recipe's embedder beside the borrower's own; how many were new there.

    Such files are never changed and bear the digest of their keys as a name, so one that both have is the same. On one
    file system they are linked and take no room; a file that either lake deletes stays the other's.
    """
    folder = lender.vectors(recipe).folder
    known = set(borrower.store.names(folder))
    new = [f"{folder}/{name}" for name in lender.store.names(folder) if name not in known]
    for path in new:
        if not _linked(lender, borrower, path):
            borrower.store.write(path, lender.store.read(path))
    return len(new)


def _linked(lender: Lake, borrower: Lake, path: str) -> bool:
    if not isinstance(lender.store, LocalStore) or not isinstance(borrower.store, LocalStore):
        return False
    target = Path(borrower.store.root, path)
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(Path(lender.store.root, path), target)
    except OSError:  # another file system, or one that makes no links
        return False
    return True
