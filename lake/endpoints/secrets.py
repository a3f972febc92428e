"""Keys of endpoints by name: of a variable, of a file, or of a Secret block of Prefect."""

from __future__ import annotations

import os
import time
from functools import lru_cache
from pathlib import Path

from lake.errors import UsageError
from lake.storage.secrets import resolved

#: The folder of files that a lake's configuration may name, and where orchestrators mount secrets.
FOLDER, _USUAL_FOLDER = "RAGLAKE_SECRETS", "/run/secrets"
#: Seconds for which a block is not loaded again, since each question resolves its endpoints.
_FRESH = 60


def secret(reference: str, what: str) -> str:
    """The secret that ``reference`` names; raises UsageError, with ``what`` it is for, if there is none."""
    kind, _, name = reference.replace("$", "env:", 1).partition(":")
    try:
        if kind == "block":
            found = _block(name, int(time.monotonic() // _FRESH))
        elif kind == "file":
            found = of_file(Path(os.environ.get(FOLDER) or _USUAL_FOLDER) / name, reference)
        else:
            found = resolved(f"${name}")
    except UsageError as error:
        raise UsageError(f"{what}: {error}") from error
    if not found.strip():
        raise UsageError(f"{what}: {reference} is empty")
    return found.strip()


def of_file(path: Path, what: str) -> str:
    """The text of a file that holds a secret."""
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise UsageError(f"{what}: {path} can't be read ({type(error).__name__})") from error


@lru_cache(maxsize=32)
def _block(name: str, minute: int) -> str:
    try:
        return resolved(f"block:{name}")
    except UsageError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever Prefect's client raises for an API that does not answer
        raise UsageError(f"block:{name} can't be loaded ({type(error).__name__}); check PREFECT_API_URL") from None
