"""Encodes values so that two encodings are equal only if the values are: what cache keys are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time

_SCALARS = (int, float, str, bytes, date, time)


class Unkeyable(Exception):
    """The value has a type that can't be compared with certainty, so nothing that depends on it is cached."""


def encoded(value: object) -> bytes:
    """The value with its types; each part is preceded by its length, so that none can run into another.

    A list equals a tuple, and the order of a mapping or a set does not matter. Raises Unkeyable for other types, and
    for what is nested too deeply.

    >>> encoded(["a", "bc"]) == encoded(["ab", "c"]), encoded({"a": 1, "b": 2}) == encoded({"b": 2, "a": 1})
    (False, True)
    >>> encoded([1]) == encoded([True]), encoded(["1"]) == encoded([1])
    (False, False)
    """
    try:
        return _encoded(value)
    except RecursionError as error:
        raise Unkeyable("nested too deeply") from error


def _encoded(value: object) -> bytes:
    if value is None or isinstance(value, bool):
        return _framed("c", str(value).encode())
    if isinstance(value, _SCALARS):
        return _framed(_kind(value), _scalar(value))
    if isinstance(value, list | tuple):
        return _framed("l", b"".join(map(_encoded, value)))
    if isinstance(value, set | frozenset):
        return _framed("s", b"".join(sorted(map(_encoded, value))))
    if isinstance(value, Mapping):
        return _framed("m", b"".join(sorted(_encoded(pair) for pair in value.items())))
    if is_dataclass(value) and not isinstance(value, type):
        named = {one.name: getattr(value, one.name) for one in fields(value)}
        return _framed("d", _encoded([type(value).__qualname__, named]))
    raise Unkeyable(f"{type(value).__name__} can't be part of a key")


def _kind(value: object) -> str:
    for kind, name in ((int, "i"), (float, "f"), (str, "t"), (bytes, "b"), (datetime, "D"), (date, "d"), (time, "h")):
        if type(value) is kind:
            return name
    # A subclass may compare, or be written, in a way of its own.
    raise Unkeyable(f"{type(value).__name__} can't be part of a key")


def _scalar(value: object) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    return repr(value).encode() if isinstance(value, int | float) else str(value).encode()


def _framed(kind: str, data: bytes) -> bytes:
    return f"{kind}{len(data)}:".encode() + data
