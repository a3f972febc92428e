"""Bytes of a file, within the limit of a document."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from lake.errors import InputError
from lake.parse.registry import MAX_BYTES

#: Bytes of the first block and of the largest one. A buffer of the largest costs more than reading a small file.
_FIRST, _LARGEST = 1 << 16, 1 << 20


def blocks(file: Any) -> Iterator[bytes]:
    """A file in blocks. Raises InputError once it is larger than any document may be, however it grows meanwhile."""
    size, length = 0, _FIRST
    while block := file.read(length):
        size, length = size + len(block), min(2 * length, _LARGEST)
        if size > MAX_BYTES:
            raise InputError(f"more than {MAX_BYTES:,} bytes, the limit of a document; split the file", "too_large")
        yield block


def whole(file: Any) -> bytes:
    """All bytes of a file. Raises the errors of ``blocks``."""
    data = io.BytesIO()
    for block in blocks(file):
        data.write(block)
    return data.getvalue()
