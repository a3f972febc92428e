"""Files of Git LFS, of which a commit holds a pointer alone."""

from __future__ import annotations

import os
import re

from lake.errors import InputError
from lake.sources.blocks import whole

_POINTER = re.compile(
    rb"version https://git-lfs\.github\.com/spec/v1\n(?:ext-[^\n]*\n)*oid sha256:([0-9a-f]{64})\nsize \d+\n?"
)
#: Bytes of a pointer at the most, as its specification has it.
_MOST_BYTES = 1024


def pointed_at(data: bytes, folder: str) -> bytes:
    """The file that a blob stands for: itself, unless it is a pointer to a file below ``folder``, the repository's own.

    Raises InputError if that file is not there.
    """
    found = _POINTER.fullmatch(data) if len(data) <= _MOST_BYTES else None
    if found is None:
        return data
    name = found[1].decode()
    try:
        with open(os.path.join(folder, "lfs", "objects", name[:2], name[2:4], name), "rb") as file:
            return whole(file)
    except FileNotFoundError as error:
        raise InputError(
            "it is a pointer of Git LFS, whose file is not in the repository; run git lfs fetch in a clone on this "
            "machine, name that clone and read it once with --verify, or exclude such files",
            "unreadable",
        ) from error
