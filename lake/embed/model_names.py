"""Names by which a saved model may be known: its folder's, its configuration's and its card's."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

#: How a model hub's cache names a model's folder: ``models--intfloat--e5-base-v2/snapshots/DIGEST``.
_CACHED = "models--"
#: Bytes of a card that are searched for names; titles stand at its beginning, but results of tests may come first.
_CARD_BYTES = 1 << 20
_HEADING = re.compile(r"^# [^\n]+|<h1\b.*?</h1>", re.MULTILINE | re.DOTALL)


def names_of(path: Path) -> tuple[str, ...]:
    """The names that a model's folder states, the folder's own first. What can't be read states none."""
    real = path.resolve()
    cached = [part.removeprefix(_CACHED) for part in real.parts if part.startswith(_CACHED)]
    return tuple(dict.fromkeys([path.name, real.name, *cached, *_configured(path / "config.json"), *_titles(path)]))


def _configured(file: Path) -> Iterator[str]:
    try:
        name = json.loads(file.read_bytes()).get("_name_or_path")
    except (OSError, ValueError, AttributeError):
        return
    if isinstance(name, str) and name:
        yield name.rstrip("/").rpartition("/")[2]


def _titles(path: Path) -> Iterator[str]:
    """The names of a model card: of its index of results, and in its first heading."""
    try:
        with (path / "README.md").open("rb") as file:
            card = file.read(_CARD_BYTES).decode("utf-8", "replace").replace("\r\n", "\n")
    except OSError:
        return
    head, _, text = card.removeprefix("---\n").partition("\n---\n") if card.startswith("---\n") else ("", "", card)
    yield from re.findall(r"^model-index:\n *- name: *['\"]?([^'\"\n]+)", head, re.M)
    if heading := _HEADING.search(text.partition("```")[0]):
        yield re.sub(r"<[^>]*>", "", heading[0])
