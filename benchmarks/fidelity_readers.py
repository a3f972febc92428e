"""Readers that share no code path with raglake's parsers: LibreOffice, poppler, html5lib and Python's own modules.

What a reader invents is no text of the file. So slides are read as text nodes of LibreOffice's ODP and not from a
drawing, whose axes carry computed numbers and whose turned words are apart; PDFs are read in the order of drawing, in
which no line runs on into the next column; and the markup of Sphinx is no text of RST.
"""

from __future__ import annotations

import csv
import email
import email.policy
import io
import json
import re
import shutil
import subprocess
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import docutils.core
import docutils.nodes
import docutils.parsers.rst.directives
import docutils.parsers.rst.roles
import docutils.utils
import html5lib
import olefile  # type: ignore[import-untyped]
from docutils.parsers.rst.languages import en as _ENGLISH
from lxml import etree
from markdown_it import MarkdownIt

TEXTS = (".docx", ".odt", ".fodt", ".rtf", ".doc", ".docm", ".dotx", ".ott")
SHEETS = (".xlsx", ".ods", ".xls", ".xlsm")
SLIDES = (".pptx", ".odp", ".ppt", ".ppsx", ".potx")
PLAIN = (".txt", ".org", ".py", ".js", ".c", ".sh", ".yaml", ".yml", ".toml", ".css")
_ALL_SHEETS = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,true,false,false,-1"
#: What LibreOffice calls a series of a chart that has no name.
_INVENTED = re.compile(r"\bSeries\d+\b")
_UNSHOWN = ("script", "style", "template", "noscript")


def read(path: Path) -> str:
    """The text of a file that needs no office program. Raises whatever its reader raises."""
    return _READERS[path.suffix.lower()](path)


def office(paths: Sequence[Path], work: Path) -> dict[Path, str]:
    """Texts of office files, by one call of LibreOffice a kind. A file that it can't convert is missing."""
    return (
        _converted([path for path in paths if path.suffix.lower() in TEXTS], work, "txt:Text (encoded):UTF8")
        | _converted([path for path in paths if path.suffix.lower() in SHEETS], work, _ALL_SHEETS)
        | _converted([path for path in paths if path.suffix.lower() in SLIDES], work, "odp")
    )


def _converted(paths: Sequence[Path], work: Path, target: str) -> dict[Path, str]:
    if not paths:
        return {}
    kind = target.partition(":")[0]
    inputs, outputs = work / f"{kind}-in", work / f"{kind}-out"
    inputs.mkdir(parents=True)
    copies = {path: inputs / f"n{number:04}{path.suffix.lower()}" for number, path in enumerate(paths)}
    for path, copy in copies.items():
        shutil.copy(path, copy)
    command = ["soffice", f"-env:UserInstallation={(work / 'profile').as_uri()}", "--headless", "--convert-to", target]
    command += ["--outdir", str(outputs), *map(str, copies.values())]
    subprocess.run(command, capture_output=True, timeout=600, check=False)
    texts = {}
    for path, copy in copies.items():
        if made := sorted(outputs.glob(f"{copy.stem}[.-]*")):
            texts[path] = "\n".join(_slides(one) if kind == "odp" else _plain(one) for one in made)
    return texts


def _slides(path: Path) -> str:
    """Text nodes of the slides and of the objects, such as charts, that a presentation holds."""
    with zipfile.ZipFile(path) as package:
        names = [name for name in package.namelist() if name.rpartition("/")[2] == "content.xml"]
        text = "\n".join(_slide_text(etree.fromstring(package.read(name))) for name in sorted(names))
    return _INVENTED.sub("", text)


def _slide_text(root: Any) -> str:
    """Paragraphs as lines; spans and links part no words. Page numbers and their placeholders are no text."""
    pieces: list[str] = []
    for paragraph in root.iterfind(".//{*}body//{*}p"):
        for field in paragraph.iterfind(".//{*}page-number"):
            field.text = ""
        pieces.append(_joined(paragraph))
    return "\n".join(pieces)


def _joined(node: Any) -> str:
    """The text below a node; tabs, spaces and breaks part words."""
    space = " " if node.tag.rpartition("}")[2] in ("s", "tab", "line-break", "frame", "p") else ""
    return space + (node.text or "") + "".join(_joined(one) + (one.tail or "") for one in node if _is_element(one))


def _is_element(node: Any) -> bool:
    return isinstance(node.tag, str)


def _pdf(path: Path) -> str:
    command = ["pdftotext", "-raw", "-enc", "UTF-8", str(path), "-"]
    return subprocess.run(command, capture_output=True, timeout=120, check=True).stdout.decode(errors="replace")


def _plain(path: Path) -> str:
    return _decoded(path.read_bytes())


def _decoded(data: bytes) -> str:
    for encoding in ("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            pass
    return data.decode("latin-1")


def page_text(page: bytes | str) -> str:
    """The body of a page, without what a browser never shows.

    >>> page_text("<title>a</title><p>b<b>c</b><script>d</script><p>e")
    'bc e'
    """
    tree = html5lib.parse(page, treebuilder="etree", namespaceHTMLElements=False)
    return " ".join("".join(_shown(tree.find("body"))).split())


def _shown(element: Any) -> Iterator[str]:
    if element is None or not isinstance(element.tag, str) or element.tag in _UNSHOWN:
        return
    inline = element.tag in ("a", "b", "i", "em", "strong", "span", "code", "tt", "u", "sub", "sup", "font", "small")
    yield "" if inline else " "
    yield element.text or ""
    for child in element:
        yield from _shown(child)
        yield child.tail or ""
    yield "" if inline else " "


def _book(path: Path) -> str:
    with zipfile.ZipFile(path) as book:
        names = [name for name in book.namelist() if name.endswith((".xhtml", ".html", ".htm"))]
        return "\n".join(page_text(book.read(name)) for name in names)


def _mail(path: Path) -> str:
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    found = []
    for part in message.walk():
        if part.get_content_maintype() == "text":
            text = str(part.get_content())
            found.append(page_text(text) if part.get_content_subtype() == "html" else text)
    return "\n".join(found)


def _outlook(path: Path) -> str:
    """Subjects and bodies of a message and of those attached to it: the plain body, else the page."""
    with olefile.OleFileIO(path) as file:
        streams = {"/".join(names): names for names in file.listdir()}
        found = []
        for name in sorted(streams):
            place, _, tag = name.rpartition("__substg1.0_")
            if tag[:4] in ("0037", "1000") and tag[4:] in ("001F", "001E"):
                data = file.openstream(streams[name]).read()
                found.append(data.decode("utf-16-le") if tag.endswith("F") else _decoded(data))
            elif tag == "10130102" and not {f"{place}__substg1.0_1000001{kind}" for kind in "EF"} & streams.keys():
                found.append(page_text(file.openstream(streams[name]).read()))
        return "\n".join(found)


def _leaves(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for key, one in value.items():
            yield str(key)
            yield from _leaves(one)
    elif isinstance(value, list):
        for one in value:
            yield from _leaves(one)
    elif value is not None:
        yield json.dumps(value) if isinstance(value, bool) else str(value)


def _json(path: Path) -> str:
    return "\n".join(_leaves(json.loads(_plain(path))))


def _json_lines(path: Path) -> str:
    return "\n".join(one for line in _plain(path).splitlines() if line.strip() for one in _leaves(json.loads(line)))


def _xml(path: Path) -> str:
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    return " ".join(
        str(text) for text in etree.fromstring(path.read_bytes(), parser).xpath("//text()[not(parent::comment())]")
    )


def _rows(path: Path) -> str:
    table = csv.reader(io.StringIO(_plain(path)), delimiter="\t" if path.suffix.lower() == ".tsv" else ",")
    return "\n".join(" ".join(row) for row in table)


_ROLE_NAME = re.compile(r":([A-Za-z][\w:.+-]*):(?=`)|(?<=`):([A-Za-z][\w:.+-]*):")
_SILENT = docutils.utils.Reporter("", 5, 5)
_NOWHERE = docutils.utils.new_document("")
_TARGET = re.compile(r"(?<=\S)\s*<[^<>]*>$", re.DOTALL)


class _AnyDirective(docutils.parsers.rst.Directive):  # type: ignore[misc]
    """A directive that docutils doesn't know: the text of its argument and its content."""

    optional_arguments, final_argument_whitespace, has_content = 1, True, True
    option_spec = defaultdict(lambda: str)  # noqa: RUF012 - docutils only reads it

    def run(self) -> list[docutils.nodes.Node]:
        text = "\n".join([*self.arguments, *self.content])
        return [docutils.nodes.literal_block(text, text)]


def _rst(path: Path) -> str:
    """Roles and directives of Sphinx: the names of roles and the targets in angle brackets are no text."""
    source = _plain(path)
    for match in _ROLE_NAME.finditer(source):
        name = (match[1] or match[2]).lower()
        if not docutils.parsers.rst.roles.role(name, _ENGLISH, 0, _SILENT)[0]:
            docutils.parsers.rst.roles.register_local_role(name, _role)
    for match in re.finditer(r"\.\.[ \t]+(?:\|[^|\n]+\|[ \t]+)?([A-Za-z][\w:.+-]*)::", source):
        if not docutils.parsers.rst.directives.directive(match[1], _ENGLISH, _NOWHERE)[0]:
            docutils.parsers.rst.directives.register_directive(match[1], _AnyDirective)
    settings = {"report_level": 5, "halt_level": 6, "file_insertion_enabled": False, "raw_enabled": False}
    tree = docutils.core.publish_doctree(source, settings_overrides=settings)
    for message in list(tree.findall(docutils.nodes.system_message)):
        message.parent.remove(message)
    return str(tree.astext())


def _role(name: str, raw: str, text: str, line: int, inliner: Any, options: Any = None, content: Any = None) -> Any:
    shown = _TARGET.sub("", docutils.utils.unescape(text))
    return [docutils.nodes.inline(raw, shown)], []


def _markdown(path: Path) -> str:
    return page_text("<body>" + MarkdownIt("commonmark").enable("table").render(_plain(path)))


def _notebook(path: Path) -> str:
    cells = json.loads(_plain(path))["cells"]
    return "\n".join("".join(cell["source"]) for cell in cells)


_READERS: dict[str, Callable[[Path], str]] = {
    **dict.fromkeys(PLAIN, _plain),
    **dict.fromkeys((".html", ".htm", ".xhtml"), lambda path: page_text(path.read_bytes())),
    **dict.fromkeys((".csv", ".tsv"), _rows),
    **dict.fromkeys((".md", ".markdown"), _markdown),
    **dict.fromkeys((".jsonl", ".ndjson"), _json_lines),
    ".pdf": _pdf,
    ".epub": _book,
    ".eml": _mail,
    ".msg": _outlook,
    ".json": _json,
    ".xml": _xml,
    ".rst": _rst,
    ".ipynb": _notebook,
}
SUFFIXES = frozenset((*_READERS, *TEXTS, *SHEETS, *SLIDES))
