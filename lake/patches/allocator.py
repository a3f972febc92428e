"""Makes glibc's allocator return freed memory, of which LanceDB's threads would hold hundreds of megabytes.

Remove when an ingest's memory stays flat without it; ``benchmarks/soak.py`` shows that.
"""

from __future__ import annotations

import ctypes
import sys

# Constants of malloc.h. Setting the second stops it from growing with what was freed.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_TRIM_BYTES, _MMAP_BYTES = 1 << 20, 1 << 18


def give_memory_back() -> None:
    """Return large blocks to the system when they are freed, for the rest of this process; only with glibc."""
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:
            mallopt(_TRIM_THRESHOLD, _TRIM_BYTES)
            mallopt(_MMAP_THRESHOLD, _MMAP_BYTES)
