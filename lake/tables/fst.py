"""Reads the keys of finite-state transducers of the Rust crate ``fst``, which are Lance's full-text dictionaries.

The layout is that of fst 0.4 (format 3): nodes are read backwards from an address; the first 8 bytes are
the version, the last 20 are the number of keys, the root's address and a checksum.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

_VERSION = 3
_FINAL_WITHOUT_TRANSITIONS = 0
#: Inputs, frequent in URLs, that a node with one transition encodes in its state byte.
_COMMON = b"te/oasripcnw.hlm-du012g=:bf3y5&_4v9678k%?xCDASFIBEjPTzRNM+LOqHG"
#: A node with more transitions than this has an index of 256 bytes.
_INDEXED = 32

_Node = tuple[bool, list[tuple[int, int]]]


def keys(data: bytes) -> Iterator[bytes]:
    """Every key, in no particular order. Raises ValueError if the bytes are not a transducer of format 3."""
    if len(data) < 36 or int.from_bytes(data[:8], "little") != _VERSION:
        raise ValueError("not an fst of format 3")
    n_keys, root = struct.unpack_from("<QQ", data, len(data) - 20)
    n_found, pending = 0, [(root, b"")]
    while pending:
        address, prefix = pending.pop()
        final, transitions = _node(data, address)
        if final:
            n_found += 1
            yield prefix
        pending += [(target, prefix + bytes((byte,))) for byte, target in transitions]
        if n_found > n_keys or len(prefix) > len(data):
            raise ValueError("the fst has more keys than it states")
    if n_found != n_keys:
        raise ValueError(f"the fst states {n_keys} keys and has {n_found}")


def _node(data: bytes, address: int) -> _Node:
    """Whether a key ends here, and (byte, address of the next node) of each transition."""
    if address == _FINAL_WITHOUT_TRANSITIONS:
        return True, []
    kind = data[address] >> 6
    return _one_transition(data, address, kind == 3) if kind >= 2 else _any_transitions(data, address)


def _one_transition(data: bytes, address: int, to_neighbour: bool) -> _Node:
    common, at = data[address] & 63, address
    if common:
        byte = _COMMON[common - 1]
    else:
        at -= 1
        byte = data[at]
    if to_neighbour:
        return False, [(byte, at - 1)]
    at -= 1
    width, output_width = data[at] >> 4, data[at] & 15
    return False, [(byte, _target(data, at - width, width, at - width - output_width))]


def _any_transitions(data: bytes, address: int) -> _Node:
    final, n, at = bool(data[address] & 64), data[address] & 63, address
    if not n:
        at -= 1
        n = 256 if data[at] == 1 else data[at]
    at -= 1
    width, output_width = data[at] >> 4, data[at] & 15
    at -= 256 if n > _INDEXED else 0
    targets = at - n
    end = targets - n * width - (n + final) * output_width
    return final, [(data[at - 1 - i], _target(data, targets - (i + 1) * width, width, end)) for i in range(n)]


def _target(data: bytes, at: int, width: int, end: int) -> int:
    distance = int.from_bytes(data[at : at + width], "little")
    return end - distance if distance else _FINAL_WITHOUT_TRANSITIONS
