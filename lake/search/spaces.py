"""The vectors of each of a release's embedders, dense or sparse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lake.recipe import SPARSE
from lake.search.sparse_space import SparseSpace
from lake.search.vector_space import VectorSpace

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from typing import Any

    from lake.releases.values import Release
    from lake.search.standing import StandingCopies
    from lake.tables.reader import TableReader


def space_of(
    release: Release,
    column: str,
    chunks: Callable[[], TableReader],
    copies: StandingCopies,
    submit: Callable[..., Future[Any]],
) -> VectorSpace | SparseSpace:
    """The vectors in one column of a release; ``chunks`` opens the table."""
    if column == SPARSE:
        return SparseSpace(release, chunks, copies, submit)
    return VectorSpace(release, column, chunks, copies, submit)
