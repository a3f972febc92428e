"""Formats that raglake knows but can't read, each with an alternative."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lake.errors import InputError

if TYPE_CHECKING:
    from lake.parse.document import ParsedDocument

_CONVERT_TO = {".doc": "docx", ".ppt": "pptx", ".pages": "docx", ".key": "pptx", ".numbers": "xlsx"}


def parse(data: bytes, suffix: str) -> ParsedDocument:
    """Always raises InputError."""
    target = _CONVERT_TO[suffix]
    raise InputError(
        f"the format of {suffix} files is not readable here; convert it to {target} (soffice --convert-to {target})",
        "unsupported",
    )
