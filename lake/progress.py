"""How long work says how far it is."""

from __future__ import annotations

from collections.abc import Callable

#: ``progress(what, n_done, n_more)``: so many more are done, so many more are to do.
Progress = Callable[[str, int, int | None], None]


def silent(what: str, n_done: int, n_more: int | None) -> None:
    """Report to nobody."""
