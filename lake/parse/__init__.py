"""Parses bytes of any supported format into canonical text with blocks: ``parse(data, uri)``.

Each name is imported with its first use: a search needs the parts that know titles, and no parser.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lake.plugins.later import lazy_names

if TYPE_CHECKING:
    from lake.parse.document import Block, ParsedDocument
    from lake.parse.parser import Parser
    from lake.parse.registry import media_type_of, parse, parser_of, parser_versions

__getattr__ = lazy_names(
    __name__,
    {
        "lake.parse.document": ("Block", "ParsedDocument"),
        "lake.parse.parser": ("Parser",),
        "lake.parse.registry": ("media_type_of", "parse", "parser_of", "parser_versions"),
    },
)

__all__ = ["Block", "ParsedDocument", "Parser", "media_type_of", "parse", "parser_of", "parser_versions"]


def __dir__() -> list[str]:
    return __all__
