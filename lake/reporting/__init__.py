"""What people read: progress, counts and sizes, text that is safe to print, and what pages share."""

from __future__ import annotations

from lake.reporting.commands import markdown_message, with_lake
from lake.reporting.wording import (
    Progress,
    counted,
    did_you_mean,
    either,
    in_bytes,
    listed,
    markdown_cell,
    silent,
    visible,
)

__all__ = [
    "Progress",
    "counted",
    "did_you_mean",
    "either",
    "in_bytes",
    "listed",
    "markdown_cell",
    "markdown_message",
    "silent",
    "visible",
    "with_lake",
]
