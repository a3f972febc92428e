"""Lone surrogates, which Python's strings can contain but no encoder or endpoint accepts."""

from __future__ import annotations

import re

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def without_surrogates(text: str) -> str:
    """``text`` with each lone surrogate replaced by the replacement character, as tokenizers count it."""
    return text if text.isascii() else _LONE_SURROGATE.sub("\ufffd", text)
