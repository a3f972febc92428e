"""How the releases of a lake did, as one page and as plots."""

from __future__ import annotations

from expectations.report.gathering import gather
from expectations.report.page import page
from expectations.report.png import write_png

__all__ = ["gather", "page", "write_png"]
