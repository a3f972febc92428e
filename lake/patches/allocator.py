"""Tells glibc's allocator to return freed memory: LanceDB's threads leave hundreds of megabytes behind in it.

Remove when an ingest's memory stays flat without it; ``benchmarks/soak.py`` shows that.
"""

from __future__ import annotations

import ctypes
import sys

# Numbers of malloc.h. Named once, the second no longer grows with what was freed.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_TRIM_BYTES, _MMAP_BYTES = 1 << 20, 1 << 18


def give_memory_back() -> None:
    """For the rest of this process, large pieces return to the system when they are freed; nothing without glibc."""
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:
            mallopt(_TRIM_THRESHOLD, _TRIM_BYTES)
            mallopt(_MMAP_THRESHOLD, _MMAP_BYTES)
