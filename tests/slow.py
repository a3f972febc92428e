"""Tests that ``-m "not slow"`` leaves out: files and folders that take more than two seconds on a quiet machine.

Names of single tests follow ``::``. ``pytest --durations=30`` shows what belongs here.
"""

from __future__ import annotations

SLOW = ()


def is_slow(nodeid: str) -> bool:
    """Whether a file, a test or a folder around it is listed.

    >>> is_slow("tests/test_docs.py::test_every_link_leads_somewhere[README.md]")
    False
    """
    return any(nodeid == slow or nodeid.startswith((f"{slow}/", f"{slow}::", f"{slow}[")) for slow in SLOW)
