"""Registry of parsers by suffix, their versions, and the one function that runs them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from shlex import quote

from lake import plugins
from lake.errors import InputError, LakeError, UsageError
from lake.parse import packed
from lake.parse.canonical import cleaned
from lake.parse.document import ParsedDocument, check
from lake.parse.language import declared_language, language_of
from lake.parse.markup.misplaced_rights import rights_in_paragraphs
from lake.parse.parser import Parser
from lake.parse.twice_encoded import twice_encoded

#: More bytes than any text that a person wrote; anything larger is a dump that should be split.
MAX_BYTES = 512 << 20
_UNKNOWN_TYPE = "application/octet-stream"

#: Parsers of documents that are written in paragraphs, and have no front matter.
_OF_PARAGRAPHS = ("epub", "html", "office", "opendocument", "pdf", "pictures", "rtf")

_log = logging.getLogger(__name__)

#: Names that people give to text and code without a suffix.
_SUFFIX_OF_NAME = {
    **dict.fromkeys(
        ("readme", "license", "licence", "copying", "copyright", "notice", "authors", "contributors", "credits"), ".txt"
    ),
    **dict.fromkeys(("changelog", "changes", "news", "todo", "install", "history", "thanks", "version"), ".txt"),
    **dict.fromkeys(("maintainers", "faq", "bugs", "hacking", "release", "releases"), ".txt"),
    **dict.fromkeys(("makefile", "dockerfile", "containerfile", "jenkinsfile", "vagrantfile", "procfile"), ".conf"),
    **dict.fromkeys(("gemfile", "rakefile", "justfile", "codeowners"), ".conf"),
}

_MEDIA_TYPES = {
    **dict.fromkeys((".md", ".mdx", ".markdown", ".mdown", ".mkd", ".mdwn", ".qmd", ".rmd"), "text/markdown"),
    **dict.fromkeys((".html", ".htm", ".shtml"), "text/html"),
    **dict.fromkeys((".xhtml", ".xht"), "application/xhtml+xml"),
    ".css": "text/css",
    ".csv": "text/csv",
    **dict.fromkeys((".tsv", ".tab"), "text/tab-separated-values"),
    **dict.fromkeys((".rst", ".rest"), "text/x-rst"),
    ".org": "text/org",
    **dict.fromkeys((".adoc", ".asciidoc"), "text/asciidoc"),
    **dict.fromkeys((".tex", ".ltx", ".latex"), "application/x-tex"),
    **dict.fromkeys((".wiki", ".mediawiki", ".wikitext"), "text/x-wiki"),
    **dict.fromkeys((*(f".{section}" for section in range(1, 10)), ".man", ".mdoc", ".roff"), "text/troff"),
    ".svg": "image/svg+xml",
    ".webarchive": "application/x-webarchive",
    ".vtt": "text/vtt",
    ".srt": "application/x-subrip",
    **dict.fromkeys((".ass", ".ssa"), "text/x-ssa"),
    ".rtf": "application/rtf",
    ".pdf": "application/pdf",
    ".epub": "application/epub+zip",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".docm": "application/vnd.ms-word.document.macroEnabled.12",
    ".dotx": "application/vnd.openxmlformats-officedocument.wordprocessingml.template",
    ".dotm": "application/vnd.ms-word.template.macroEnabled.12",
    ".pptm": "application/vnd.ms-powerpoint.presentation.macroEnabled.12",
    ".ppsx": "application/vnd.openxmlformats-officedocument.presentationml.slideshow",
    ".ppsm": "application/vnd.ms-powerpoint.slideshow.macroEnabled.12",
    ".potx": "application/vnd.openxmlformats-officedocument.presentationml.template",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".xlsm": "application/vnd.ms-excel.sheet.macroEnabled.12",
    ".xlsb": "application/vnd.ms-excel.sheet.binary.macroEnabled.12",
    ".xltx": "application/vnd.openxmlformats-officedocument.spreadsheetml.template",
    ".xltm": "application/vnd.ms-excel.template.macroEnabled.12",
    **dict.fromkeys((".xls", ".xlt"), "application/vnd.ms-excel"),
    **dict.fromkeys((".doc", ".dot"), "application/msword"),
    **dict.fromkeys((".ppt", ".pps"), "application/vnd.ms-powerpoint"),
    ".odt": "application/vnd.oasis.opendocument.text",
    ".ott": "application/vnd.oasis.opendocument.text-template",
    ".fodt": "application/vnd.oasis.opendocument.text-flat-xml",
    ".odm": "application/vnd.oasis.opendocument.text-master",
    ".oth": "application/vnd.oasis.opendocument.text-web",
    ".odp": "application/vnd.oasis.opendocument.presentation",
    ".otp": "application/vnd.oasis.opendocument.presentation-template",
    ".fodp": "application/vnd.oasis.opendocument.presentation-flat-xml",
    ".odg": "application/vnd.oasis.opendocument.graphics",
    ".otg": "application/vnd.oasis.opendocument.graphics-template",
    ".fodg": "application/vnd.oasis.opendocument.graphics-flat-xml",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
    ".ots": "application/vnd.oasis.opendocument.spreadsheet-template",
    ".fods": "application/vnd.oasis.opendocument.spreadsheet-flat-xml",
    **dict.fromkeys((".eml", ".emlx"), "message/rfc822"),
    **dict.fromkeys((".mht", ".mhtml"), "multipart/related"),
    **dict.fromkeys((".msg", ".oft"), "application/vnd.ms-outlook"),
    **dict.fromkeys((".ics", ".ifb", ".vcs"), "text/calendar"),
    **dict.fromkeys((".vcf", ".vcard"), "text/vcard"),
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".ndjson": "application/x-ndjson",
    ".ipynb": "application/x-ipynb+json",
    ".geojson": "application/geo+json",
    ".jsonld": "application/ld+json",
    ".rss": "application/rss+xml",
    ".atom": "application/atom+xml",
    **dict.fromkeys(
        (
            ".xml",
            ".opml",
            ".fb2",
            ".dita",
            ".ditamap",
            ".dbk",
            ".docbook",
            ".xsd",
            ".plist",
            ".tmx",
            ".resx",
            ".enex",
            ".jats",
            ".nxml",
            ".tei",
            ".wsdl",
            ".bpmn",
            ".graphml",
        ),
        "application/xml",
    ),
    **dict.fromkeys((".ttml", ".dfxp"), "application/ttml+xml"),
    **dict.fromkeys((".yaml", ".yml"), "application/yaml"),
    ".toml": "application/toml",
    **dict.fromkeys((".py", ".pyi"), "text/x-python"),
    **dict.fromkeys((".js", ".jsx", ".mjs", ".cjs"), "text/javascript"),
    **dict.fromkeys((".ts", ".tsx"), "text/x-typescript"),
    ".go": "text/x-go",
    ".rs": "text/x-rust",
    ".java": "text/x-java",
    **dict.fromkeys((".c", ".h"), "text/x-c"),
    **dict.fromkeys((".cpp", ".cc", ".cxx", ".hpp", ".hh"), "text/x-c++"),
    **dict.fromkeys((".sh", ".bash", ".zsh"), "application/x-sh"),
    ".sql": "application/sql",
    ".png": "image/png",
    **dict.fromkeys((".jpg", ".jpeg"), "image/jpeg"),
    **dict.fromkeys((".tif", ".tiff"), "image/tiff"),
    ".webp": "image/webp",
    ".bmp": "image/bmp",
    ".gif": "image/gif",
    ".zip": "application/zip",
}


def suffix_of(uri: str) -> str:
    """Lower-cased suffix that determines the parser, two of a compressed file; well-known names count as having one.

    >>> suffix_of("docs/Guide.MD"), suffix_of("Makefile"), suffix_of("photo"), suffix_of("README.gz")
    ('.md', '.conf', '', '.txt.gz')
    """
    name = uri.rstrip("/").rpartition("/")[2].lower()
    stem, dot, rest = name.rpartition(".")
    suffix = dot + rest if stem and rest else _SUFFIX_OF_NAME.get(name, "")
    if suffix in packed.JOINED:
        return packed.JOINED[suffix]
    return suffix_of(stem) + suffix if suffix in packed.PACKED_SUFFIXES else suffix


def parser_of(uri: str) -> Parser | None:
    """The parser for a document, or None if nothing reads files of its suffix."""
    return _parser(suffix_of(uri))


def _parser(suffix: str) -> Parser | None:
    return parsers_by_suffix().get(packed.split(suffix)[0])


def media_type_of(uri: str) -> str:
    """Media type by suffix, from our own table so that it is the same on every machine."""
    suffix = suffix_of(uri)
    parser = _parser(suffix)
    inner = packed.split(suffix)[0]
    return (parser and parser.media_type) or _MEDIA_TYPES.get(inner, "text/plain" if parser else _UNKNOWN_TYPE)


def parser_versions() -> dict[str, str]:
    """Version of every parser by name; part of the recipe."""
    return {parser.name: parser.version for parser in (*_ours(), *_plugins())}


@cache
def parsers_by_suffix() -> Mapping[str, Parser]:
    """The parser of each suffix; plugins override ours. Raises UsageError if two plugins read the same suffix."""
    chosen = {suffix: parser for parser in _ours() for suffix in parser.suffixes}
    added: dict[str, Parser] = {}
    for parser in _plugins():
        for suffix in parser.suffixes:
            if suffix in added:
                raise UsageError(
                    f"the parsers {added[suffix].name!r} and {parser.name!r} both read {suffix}; uninstall one of "
                    "their packages, which `raglake plugins` lists"
                )
            added[suffix] = parser
    return chosen | added


@cache
def _ours() -> tuple[Parser, ...]:
    return tuple(plugin.load() for plugin in plugins.ours() if plugin.kind == "parsers")


@cache
def _plugins() -> tuple[Parser, ...]:
    """Parsers of other packages; a broken one is skipped with a warning."""
    found = []
    for name in plugins.names("parsers"):
        try:
            if plugin := plugins.find("parsers", name):
                found.append(plugin_parser(plugin))
        except LakeError as error:
            _log.warning("%s", error)
    return tuple(found)


def plugin_parser(plugin: plugins.Plugin) -> Parser:
    """The parser that an installed package registers. Raises ContractError if it is not a Parser."""
    parser = plugin.load()
    if not isinstance(parser, Parser) or parser.name != plugin.name:
        raise plugin.broken(f"must be a Parser called {plugin.name!r}, got {parser!r:.100}")
    if wrong := [suffix for suffix in parser.suffixes if not suffix.startswith(".") or suffix != suffix.lower()]:
        raise plugin.broken(f"reads {wrong}, but a suffix is in lower case and begins with a dot")
    return parser


def parse(data: bytes, uri: str) -> ParsedDocument:
    """Canonical text and blocks of a document; a pure function of its bytes and its suffix.

    Raises:
        InputError: the document can't be indexed; ``error_class`` is one of
            empty, encrypted, truncated, garbage, too_large, too_deep, zip_bomb, entity_bomb,
            no_text, unsupported, encoding, memory, crash.
    """
    suffix = suffix_of(uri)
    parser = _parser(suffix)
    if parser is None:
        raise InputError(_without_parser(uri, suffix), "unsupported")
    _refuse_blank(data)
    data = plain(data, uri)
    _refuse_blank(data)
    suffix = packed.split(suffix)[0]
    return _with_language(_remarked(_with_rights(_required_text(_run(parser, data, suffix)), parser)), parser)


def plain(data: bytes, uri: str) -> bytes:
    """The bytes of a document as its parser reads them. Raises InputError if they are packed and damaged."""
    compression = packed.split(suffix_of(uri))[1]
    return packed.unpacked(data, compression) if compression else data


def _without_parser(uri: str, suffix: str) -> str:
    if suffix == ".mbox":
        address = quote(f"mail=mbox:{uri}")
        return (
            "a mailbox, which is a source of its own; to read its messages, run in the folder of this source: "
            f"raglake ingest {address} --lake LAKE"
        )
    if packed.split(suffix)[1] and (inner := packed.split(suffix)[0]):
        return f"no parser for the suffix {inner!r} of what is inside; convert it to a text format or leave it out"
    return f"no parser for the suffix {suffix!r}; convert it to a text format or leave it out"


def _with_rights(parsed: ParsedDocument, parser: Parser) -> ParsedDocument:
    """Let nobody see a document whose first paragraphs are front matter that names an acl: its format has none."""
    if parser.name not in _OF_PARAGRAPHS or "acl" in parsed.metadata:
        return parsed
    why = rights_in_paragraphs(parsed.text)
    return replace(parsed, metadata=parsed.metadata | {"acl": None}, omitted=(*parsed.omitted, *why)) if why else parsed


def _remarked(parsed: ParsedDocument) -> ParsedDocument:
    remark = twice_encoded(parsed.text)
    return replace(parsed, omitted=(*parsed.omitted, remark)) if remark else parsed


def _refuse_blank(data: bytes) -> None:
    if len(data) > MAX_BYTES:
        raise InputError(f"{len(data):,} bytes, more than the limit of {MAX_BYTES:,}; split the file", "too_large")
    if not data.strip(b" \t\r\n\f\v\0\xef\xbb\xbf\xfe\xff"):
        raise InputError(f"nothing but white space in {len(data)} bytes; fill the file or delete it", "empty")


def _run(parser: Parser, data: bytes, suffix: str) -> ParsedDocument:
    try:
        parsed = parser.parse(data, suffix)
        if plugins.is_added("parsers", parser.name):
            check(parsed)
    except InputError:
        raise
    except MemoryError as error:
        raise InputError(
            "parsing took more memory than is allowed; split the file or raise the limit", "memory"
        ) from error
    except RecursionError as error:
        raise InputError("nested too deeply to be read; flatten the file", "too_deep") from error
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"[:300]
        raise InputError(
            f"the {parser.name} parser failed: {reason}; check that the file opens elsewhere", "crash"
        ) from error
    return cleaned(parsed)


def _required_text(parsed: ParsedDocument) -> ParsedDocument:
    if not parsed.blocks:
        raise InputError("the file is not empty, yet it holds no text; check that it opens elsewhere", "no_text")
    return parsed


def _with_language(parsed: ParsedDocument, parser: Parser) -> ParsedDocument:
    language = declared_language(parsed.language)
    if language is None and parser.detects_language:
        language = language_of(parsed)
    return replace(parsed, language=language)
