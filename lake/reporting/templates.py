"""Jinja2 templates that escape everything, of the console and of whatever else shows pages."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from lake.reporting import words

_CONSOLE = Path(__file__).parent.parent / "console"
STATIC = _CONSOLE / "static"
_FILTERS = (
    *("number", "fixed", "when", "ago", "percent", "day", "usd", "span"),
    *("score", "tail", "file_type", "profile_label", "compact", "p_value", "duration"),
)


def environment(*folders: Path, **more: Any) -> Environment:
    """The templates of ``folders``, then the console's and its styles. ``more``: further arguments of Environment."""
    found = Environment(
        loader=FileSystemLoader([*folders, _CONSOLE / "templates", STATIC]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        **more,
    )
    found.filters |= {name: getattr(words, name) for name in _FILTERS} | {"bytes": words.size}
    return found


def rendered(template: str, **given: Any) -> str:
    """A page of the console."""
    return _console().get_template(template).render(**given)


@lru_cache(maxsize=1)
def _console() -> Environment:
    found = environment()
    found.globals |= {"static": static}
    return found


@lru_cache(maxsize=64)
def static(name: str) -> str:
    """The address of a file, which changes with its content, so that browsers may keep it for good."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/console/static/{name}?v={digest}"
