"""Jupyter notebooks of all format versions: Markdown as Markdown, code with what it printed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from lake.errors import InputError
from lake.parse.account import word_counts
from lake.parse.canonical import TextWriter, clean
from lake.parse.data.drawings import SVG, drawn_reading, drawn_words
from lake.parse.encoded_data import without_data
from lake.parse.markup import markdown
from lake.parse.markup.misplaced_rights import rights_of_part
from lake.parse.web import html

if TYPE_CHECKING:
    from lake.parse.document import Omission, ParsedDocument

_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b.|.\x08")
#: Up to the last carriage return of a line, which a terminal overwrites.
_OVERWRITTEN = re.compile(r"^.*\r(?!\n)", re.M)
_OBJECT = re.compile(r"\s*<[^<>]*>\s*")
#: Forms of one result, the best first; the others repeat it.
_FORMS = ("text/markdown", "text/plain", "text/html", "text/latex", "application/json")
_TABLE = re.compile(r"<table[\s>]", re.I)
#: Names of the forms in version 3 of the format.
_OLD_FORMS = {"text": "text/plain", "html": "text/html", "latex": "text/latex", "json": "application/json",
              "png": "image/png", "jpeg": "image/jpeg", "svg": "image/svg+xml"}  # fmt: skip


#: Members of cells and outputs, and forms of a result, that hold no text.
_NO_TEXT = frozenset((
    "metadata", "attachments", "cell_type", "output_type", "id", "name", "execution_count", "prompt_number",
    "collapsed", "language", "level", "stream", "png", "jpeg", "svg", "pdf", "javascript",
))  # fmt: skip
_NO_TEXT_FORM = re.compile(r"(?:image|audio|video|application)/(?!json$)")


def from_value(notebook: Any, omitted: tuple[Omission, ...] = ()) -> ParsedDocument:
    """The document of a notebook's JSON. A damaged cell costs that cell. Raises InputError if it is no notebook."""
    if not isinstance(notebook, dict):
        raise InputError("not a notebook: its JSON is not an object; check its suffix", "garbage")
    sheets = notebook.get("worksheets") or [notebook]
    cells = [cell for sheet in _list(sheets) if isinstance(sheet, dict) for cell in _list(sheet.get("cells"))]
    metadata = notebook.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    language = _kernel_language(metadata)
    writer = TextWriter()
    writer.note(omitted)
    for number, cell in enumerate(cells, start=1):
        try:
            _write_cell(cell, number, language, writer)
        except (TypeError, ValueError, AttributeError, LookupError, InputError) as error:
            writer.omit("unreadable", place=f"cell {number}: {error}"[:200])
    title = metadata.get("title")
    rights = _rights(cells)
    writer.note(rights)
    return writer.finish(
        title=title if isinstance(title, str) else None,
        metadata={**({"kernel_language": language} if language else {}), **({"acl": None} if rights else {})},
        source_text=without_data("\n".join(_reading(cells)))[0],
    )


def _rights(cells: list[Any]) -> tuple[Omission, ...]:
    """Why nobody may see the notebook: its first cell with text is front matter, as Quarto has it, and names an acl."""
    texts = (_prose_of(cell) for cell in cells)
    return rights_of_part(next(filter(str.strip, texts), "").lstrip("\n"), is_markdown=True)


def _prose_of(cell: Any) -> str:
    """What a cell holds, unless it is code; empty for a damaged one."""
    if not isinstance(cell, dict) or cell.get("cell_type") not in ("raw", "markdown"):
        return ""
    try:
        return clean(_joined(cell.get("source", "")))
    except (TypeError, ValueError, AttributeError):
        return ""


def _reading(value: Any) -> Iterator[str]:
    """All texts of cells and outputs, wherever they stand."""
    if isinstance(value, str):
        yield plain_output(value)
    elif isinstance(value, list) and all(isinstance(item, str) for item in value):
        yield plain_output("".join(value))
    elif isinstance(value, list):
        for item in value:
            yield from _reading(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key == "data" and isinstance(item, dict):
                yield from (drawn_reading(form, drawing) for form, drawing in item.items())
            elif key == "svg":
                yield drawn_reading(SVG, item)
            if key in ("text/html", "html"):
                yield html.from_text(_joined(item)).source_text or ""
            elif key == "traceback":
                yield plain_output("\n".join(map(str, _list(item))))
            elif key not in _NO_TEXT and not _NO_TEXT_FORM.match(key):
                yield from _reading(item)


def _kernel_language(metadata: dict[str, Any]) -> str:
    for key, field in (("language_info", "name"), ("kernelspec", "language")):
        info = metadata.get(key)
        if isinstance(info, dict) and isinstance(info.get(field), str):
            return str(info[field])
    return ""


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _write_cell(cell: Any, number: int, language: str, writer: TextWriter) -> None:
    if not isinstance(cell, dict):
        raise TypeError(f"expected an object, got {cell!r:.40}")
    kind = cell.get("cell_type")
    text = clean(_joined(cell.get("source", cell.get("input", ""))))
    if kind == "code":
        text = _without_data(text, writer)
        own = cell.get("language")
        writer.code(text, own if isinstance(own, str) and own else language)
        for output in _list(cell.get("outputs")):
            _write_output(output, f"cell {number}", writer)
    elif kind == "markdown":
        _write_markdown(text, writer)
        attachments = cell.get("attachments")
        for name, forms in attachments.items() if isinstance(attachments, dict) else ():
            for form in forms if isinstance(forms, dict) else ():
                writer.omit("encoded_data", place=f"cell {number}: {name} ({form})")
    elif kind == "heading":
        level = str(cell.get("level", 1))
        writer.heading(text, int(level) if level.isdecimal() else 1)
    else:
        writer.add(text)


def _joined(source: object) -> str:
    """A text, which a notebook writes as one string or as a list of lines."""
    if isinstance(source, list):
        return "".join(map(str, source))
    if isinstance(source, (dict, bool)):
        raise TypeError(f"expected a text, got {source!r:.40}")
    return "" if source is None else str(source)


def _without_data(text: str, writer: TextWriter) -> str:
    """``text`` without pictures that are written into it; those of Markdown are its parser's."""
    text, omitted = without_data(text)
    writer.note(omitted)
    return text


def _write_markdown(text: str, writer: TextWriter) -> None:
    writer.document(markdown.from_text(text.strip("\n")))


def _write_output(output: Any, place: str, writer: TextWriter) -> None:
    if not isinstance(output, dict):
        raise TypeError(f"expected an output, got {output!r:.40}")
    kind = output.get("output_type")
    if kind in ("error", "pyerr"):
        lines = [str(line) for line in _list(output.get("traceback"))]
        stated = ": ".join(str(output[key]) for key in ("ename", "evalue") if output.get(key))
        traceback = _without_data(plain_output("\n".join(lines)), writer)
        writer.code(traceback if traceback.strip() else stated)
        if traceback.strip():
            writer.omit("repeated", stated, f"{place}: the name of the error")
        return
    if kind == "stream":
        writer.code(_without_data(plain_output(_joined(output.get("text", ""))), writer))
        return
    _write_forms(dict(_forms(output)), place, writer)


def _forms(output: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    data = output.get("data")
    if isinstance(data, dict):
        yield from data.items()
        return
    for name, form in _OLD_FORMS.items():
        if name in output:
            yield form, output[name]


def _write_forms(forms: dict[str, Any], place: str, writer: TextWriter) -> None:
    """Append the best form of a result; pictures and further forms are named."""
    pictures = [form for form in forms if _NO_TEXT_FORM.match(form)]
    for form in pictures:
        words = drawn_words(form, forms[form])
        writer.add(f"Picture: {words}" if words else "")
        if not words or form == SVG:
            writer.omit("encoded_data", place=f"{place}: {form}")
    texts = {form: _text_of(forms[form]) for form in _preferred(forms)}
    texts = {form: text for form, text in texts.items() if text.strip()}
    best = next(iter(texts), None)
    if best == "text/plain" and _OBJECT.fullmatch(texts[best]):
        # Only the name of an object: <Figure size 640x480 with 1 Axes>.
        others = [form for form in texts if form != best]
        if others or pictures:
            writer.omit("decoration", texts[best], f"{place}: the name of an object")
            del texts[best]
            best = others[0] if others else None
    if best is None:
        return
    text = texts[best]
    if best == "text/markdown":
        _write_markdown(text, writer)
    elif best == "text/html":
        writer.document(html.from_text(text, whole=True))
    else:
        writer.code(_without_data(text, writer))
    for form in texts:
        if form != best:
            again = html.from_text(texts[form]).source_text or "" if form == "text/html" else texts[form]
            writer.omit("repeated", again, f"{place}: {form}")


def _preferred(forms: dict[str, Any]) -> list[str]:
    """The forms that hold text, the best first: a table as one, whose columns a terminal's width would part."""
    others = [form for form in forms if form.startswith("text/") and form not in (*_FORMS, "text/javascript")]
    known = [form for form in (*_FORMS, *others) if form in forms]
    page = _joined(forms.get("text/html")) if {"text/html", "text/plain"} <= set(known) else ""
    if _TABLE.search(page):
        told = html.from_text(page, whole=True).text
        if word_counts(_joined(forms["text/plain"])).keys() <= word_counts(told).keys():
            return ["text/html", *(form for form in known if form != "text/html")]
    return known


def _text_of(value: object) -> str:
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, indent=1)
    return plain_output(_joined(value))


def plain_output(text: str) -> str:
    r"""What a terminal shows, without colours and overwritten lines.

    >>> plain_output("\x1b[31mred\x1b[0m\n10 %\r100 %")
    'red\n100 %'
    """
    text = _ANSI.sub("", text) if "\x1b" in text or "\b" in text else text
    text = text.replace("\r\n", "\n")
    return clean(_OVERWRITTEN.sub("", text) if "\r" in text else text)
