"""How the releases of a lake did, as one page and as plots."""

from __future__ import annotations

from expectations.report.gathering import gather
from expectations.report.rendering import report_page, write_png

__all__ = ["gather", "report_page", "write_png"]
