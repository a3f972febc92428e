"""A lake's lists of synonyms, numbered files that never change; ``search.synonyms`` names the one in use."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lake.errors import ConflictError, UsageError
from lake.tables.synonyms import Synonyms

if TYPE_CHECKING:
    from lake.directory import Lake

FOLDER = "synonyms"
_NAME = re.compile(r"(\d{10})\.txt")
_TRIES = 50


def numbers(lake: Lake) -> list[int]:
    """The numbers of all lists, oldest first."""
    return [int(found[1]) for name in lake.store.names(FOLDER) if (found := _NAME.fullmatch(name))]


def text_of(lake: Lake, number: int) -> str:
    """The list as it was imported; raises UsageError if there is none of this number."""
    try:
        return lake.store.read(_path(number)).decode("utf-8")
    except FileNotFoundError as error:
        known = ", ".join(map(str, numbers(lake))) or "none yet"
        raise UsageError(
            f"the lake has no list of synonyms {number}, but {known}; `raglake synonyms import FILE` stores one"
        ) from error


def read(lake: Lake, number: int) -> Synonyms:
    return Synonyms.parse(text_of(lake, number))


def add(lake: Lake, text: str) -> int:
    """Stores a list and returns its number, that of the newest list if it is the same.

    Raises UsageError for a list that is invalid.
    """
    Synonyms.parse(text)
    for _ in range(_TRIES):
        known = numbers(lake)
        if known and text_of(lake, known[-1]) == text:
            return known[-1]
        number = known[-1] + 1 if known else 1
        if lake.store.put_if_absent(_path(number), text.encode("utf-8")):
            return number
    raise ConflictError(f"others kept adding synonyms to {lake.url}; try again")


def share(origin: Lake, place: Lake) -> None:
    """Copies all lists to another lake, under their numbers."""
    for number in numbers(origin):
        place.store.put_if_absent(_path(number), text_of(origin, number).encode("utf-8"))


def _path(number: int) -> str:
    return f"{FOLDER}/{number:010}.txt"
