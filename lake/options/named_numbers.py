"""``NAME=NUMBER`` words of a command line."""

from __future__ import annotations

from collections.abc import Iterable

from lake.errors import UsageError


def named_numbers(words: Iterable[str], *, form: str, example: str) -> dict[str, float]:
    """Numbers by name; raises UsageError with ``form`` and ``example`` for any other word.

    >>> named_numbers(["handbook=1.5", "a=b=2"], form="SOURCE=FACTOR", example="handbook=1.5")
    {'handbook': 1.5, 'a=b': 2.0}
    """
    found: dict[str, float] = {}
    for word in words:
        name, _, number = word.rpartition("=")
        try:
            found[name] = float(number)
        except ValueError:
            name = ""
        if not name:
            raise UsageError(f"{word!r} is not {form}; for example {example}")
    return found
