"""Parses bytes of any supported format into canonical text with blocks: ``parse(data, uri)``.

Each name is imported with its first use: a search needs the parts that know titles, and no parser.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lake.parse.document import Block, ParsedDocument
    from lake.parse.parser import Parser
    from lake.parse.registry import media_type_of, parse, parser_of, parser_versions

_HOMES = {
    "lake.parse.document": ("Block", "ParsedDocument"),
    "lake.parse.parser": ("Parser",),
    "lake.parse.registry": ("media_type_of", "parse", "parser_of", "parser_versions"),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = ["Block", "ParsedDocument", "Parser", "media_type_of", "parse", "parser_of", "parser_versions"]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    return __all__
