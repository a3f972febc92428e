"""Calls of pdfium's C functions that cost a quarter of a microsecond instead of one."""

from __future__ import annotations

import ctypes
from typing import Any


def unchecked(name: str, result: Any = ctypes.c_int) -> Any:
    """A function of pdfium without the checks of arguments that take most of a call's time.

    A handle must be a ``c_void_p``: ctypes would cut a plain number to 32 bits.
    """
    import pypdfium2.raw as pdfium

    address = ctypes.cast(getattr(pdfium, name), ctypes.c_void_p).value or 0
    return ctypes.PYFUNCTYPE(result)(address)
