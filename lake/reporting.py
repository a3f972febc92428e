"""How work reports its progress, and how counts and sizes are worded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

_UNITS = ("bytes", "kB", "MB", "GB", "TB")


def counted(n: int, noun: str) -> str:
    """
    >>> counted(1, "document"), counted(1234, "chunk")
    ('1 document', '1,234 chunks')
    """
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def listed(counts: Mapping[str, int]) -> str:
    """Counts that are not 0, each before its word.

    >>> listed({"added": 0, "changed": 5, "unchanged": 1056}), listed({"added": 0})
    ('5 changed, 1,056 unchanged', 'nothing')
    """
    return ", ".join(f"{n:,} {word}" for word, n in counts.items() if n) or "nothing"


def either(choices: Iterable[object]) -> str:
    """
    >>> either(["hybrid", "vector", "text"]), either(["one"]), either([])
    ('hybrid, vector or text', 'one', 'none')
    """
    *others, last = map(str, choices) if choices else ("none",)
    return f"{', '.join(others)} or {last}" if others else last


def in_bytes(n: int) -> str:
    """
    >>> in_bytes(0), in_bytes(999), in_bytes(1_234_567), in_bytes(45_000_000_000)
    ('0 bytes', '999 bytes', '1.2 MB', '45.0 GB')
    """
    size, power = float(max(0, n)), 0
    while size >= 1000 and power < len(_UNITS) - 1:
        size, power = size / 1000, power + 1
    return f"{size:.{1 if power else 0}f} {_UNITS[power]}"


#: ``progress(what, n_done, n_more)``: so many more are done, so many more are to do.
Progress = Callable[[str, int, int | None], None]


def silent(what: str, n_done: int, n_more: int | None) -> None:
    """Report to nobody."""
