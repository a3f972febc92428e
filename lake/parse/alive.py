"""Lets slow work in an isolated child tell its parent that it still goes on."""

from __future__ import annotations

from collections.abc import Callable

_listeners: list[Callable[[], None]] = []


def on_progress(listener: Callable[[], None]) -> None:
    """Call ``listener`` at each step of slow work in this process."""
    _listeners.append(listener)


def still_working() -> None:
    """Report one step, such as a page to recognise; a limit of time counts anew from here.

    Call it only between steps whose number and time are limited.
    """
    for listener in _listeners:
        listener()
