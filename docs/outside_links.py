"""A hook of MkDocs: links to files outside this folder become plain text, since the site has no copy of them."""

from __future__ import annotations

import re
from typing import Any

_OUTSIDE = re.compile(r"\[([^\]]*)\]\(\.\./[^)]*\)")


def on_page_markdown(markdown: str, **_: Any) -> str:
    """The page without links that leave the documentation."""
    return _OUTSIDE.sub(r"\1", markdown)
