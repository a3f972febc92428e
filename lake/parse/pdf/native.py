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


class Results:
    """Where pdfium puts numbers: six floats (a rectangle or a matrix) and four doubles, read through memory views.

    Reading a view is several times as fast as reading the fields of a ctypes structure.
    """

    def __init__(self) -> None:
        floats, doubles = (ctypes.c_float * 6)(), (ctypes.c_double * 4)()
        self.floats = memoryview(floats).cast("B").cast("f")
        self.floats_at = ctypes.byref(floats)
        self.each_float_at = [ctypes.byref(floats, 4 * i) for i in range(4)]
        self.doubles = memoryview(doubles).cast("B").cast("d")
        self.doubles_at = [ctypes.byref(doubles, 8 * i) for i in range(4)]
