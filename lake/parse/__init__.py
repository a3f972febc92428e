"""Parses bytes of any supported format into canonical text with blocks: ``parse(data, uri)``."""

from lake.parse.document import Block, ParsedDocument
from lake.parse.parser import Parser
from lake.parse.registry import media_type_of, parse, parser_of, parser_versions

__all__ = ["Block", "ParsedDocument", "Parser", "media_type_of", "parse", "parser_of", "parser_versions"]
