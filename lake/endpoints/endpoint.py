"""Address, key and rate limits of an OpenAI-compatible endpoint."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from lake.errors import UsageError

if TYPE_CHECKING:
    pass


_OPENAI_HOST = "api.openai.com"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Address, key and rate limits; ``rpm`` and ``tpm`` of 0 mean unlimited."""

    base_url: str | None = None
    api_key: str = field(default="", repr=False)
    rpm: float = 0
    tpm: float = 0

    @classmethod
    def from_environment(cls) -> Endpoint:
        """Reads OPENAI_BASE_URL, OPENAI_API_KEY, RAGLAKE_OPENAI_RPM and RAGLAKE_OPENAI_TPM.

        Only api.openai.com requires a key; most local servers ignore it.
        """
        base_url = os.environ.get("OPENAI_BASE_URL") or None
        key = os.environ.get("OPENAI_API_KEY", "")
        is_openai = base_url is None or urlsplit(base_url).hostname == _OPENAI_HOST
        if not key and is_openai:
            raise UsageError(f"no key for {_OPENAI_HOST}; set OPENAI_API_KEY, or OPENAI_BASE_URL for another endpoint")
        return cls(base_url, key or "none", _rate("RAGLAKE_OPENAI_RPM"), _rate("RAGLAKE_OPENAI_TPM"))


def _rate(variable: str) -> float:
    value = os.environ.get(variable, "").strip() or "0"
    if not (value.isascii() and value.isdigit()):
        raise UsageError(f"{variable}={value!r} must be a whole number per minute; 0 or unset means no limit")
    return float(value)
