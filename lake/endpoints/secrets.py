"""Secrets by name: of a variable, of a file, or of a Secret block of Prefect."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from lake.errors import UsageError

#: The folder of files that a lake's configuration may name, and where orchestrators mount secrets.
FOLDER, _USUAL_FOLDER = "RAGLAKE_SECRETS", "/run/secrets"

_readers: dict[str, Callable[[str], str]] = {}


def register(kind: str, read: Callable[[str], str]) -> None:
    """Adds a kind of secret: ``read`` returns the secret of a name, or raises UsageError."""
    _readers[kind] = read


def secret(reference: str, what: str) -> str:
    """The secret that ``reference`` (KIND:NAME) names; raises UsageError, with ``what`` it is for, if there is none."""
    kind, _, name = reference.partition(":")
    if kind not in _readers:
        raise UsageError(f"{what}: secrets of the kind {kind}: can be read by raglake's commands and flows only")
    found = _readers[kind](name).strip()
    if not found:
        raise UsageError(f"{what}: {reference} is empty or not set")
    return found


def of_file(path: Path, what: str) -> str:
    """The first line of a file that holds a secret."""
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise UsageError(f"{what}: {path} can't be read: {type(error).__name__}") from error


def _variable(name: str) -> str:
    return os.environ.get(name, "")


def _file(name: str) -> str:
    return of_file(Path(os.environ.get(FOLDER) or _USUAL_FOLDER) / name, f"file:{name}")


register("env", _variable)
register("file", _file)
