"""Structured data: JSON, JSON Lines and XML as readable outlines, notebooks as their cells."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from lake.errors import InputError
from lake.parse import markdown, xml_text
from lake.parse.canonical import TextWriter, clean
from lake.parse.outline import write_outline
from lake.parse.text import decode

if TYPE_CHECKING:
    from lake.parse.document import Omission, ParsedDocument


def parse(data: bytes, suffix: str) -> ParsedDocument:
    if suffix == ".xml":
        return xml_text.parse(data, suffix)
    text, metadata, omitted = decode(data)
    if suffix in (".jsonl", ".ndjson"):
        return _from_lines(text, metadata, omitted)
    value = _loaded(text)
    if suffix == ".ipynb":
        return _from_notebook(value, omitted)
    writer = TextWriter()
    write_outline(value, writer)
    return writer.finish(title=_title(value), metadata=metadata, omitted=omitted)


def _loaded(text: str, line: int = 0) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        cut = error.pos >= len(text.rstrip()) - 1 or error.msg.startswith("Unterminated string")
        raise _reason(error, line, "truncated" if cut else "garbage") from error
    except ValueError as error:
        # A number with thousands of digits.
        raise InputError(f"not readable as JSON: {error}; correct the number", "garbage") from error


def _reason(error: json.JSONDecodeError, line: int, error_class: str) -> InputError:
    where = f"line {line or error.lineno}, column {error.colno}"
    if error_class == "truncated":
        return InputError(f"the JSON ends in the middle ({error.msg}, {where}); fetch the file again", error_class)
    return InputError(f"not JSON: {error.msg} at {where}; correct the file", error_class)


def _from_lines(text: str, metadata: dict[str, object], omitted: tuple[Omission, ...]) -> ParsedDocument:
    writer = TextWriter()
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            write_outline([_loaded(line, number)], writer)
    return writer.finish(metadata=metadata, omitted=omitted)


def _title(value: Any) -> str | None:
    stated = value.get("title") if isinstance(value, dict) else None
    return stated.strip() or None if isinstance(stated, str) else None


def _from_notebook(notebook: Any, omitted: tuple[Omission, ...]) -> ParsedDocument:
    """Markdown cells and code cells in order, without outputs, which follow from the code."""
    if not isinstance(notebook, dict):
        raise InputError("not a notebook: its JSON is not an object; check its suffix", "garbage")
    sheets = notebook.get("worksheets") or [notebook]
    cells = [cell for sheet in sheets if isinstance(sheet, dict) for cell in sheet.get("cells") or []]
    metadata = notebook.get("metadata")
    language = _kernel_language(metadata if isinstance(metadata, dict) else {})
    writer = TextWriter()
    for cell in cells:
        if isinstance(cell, dict):
            _write_cell(cell, language, writer)
    return writer.finish(metadata={"kernel_language": language} if language else {}, omitted=omitted)


def _kernel_language(metadata: dict[str, Any]) -> str:
    for key, field in (("language_info", "name"), ("kernelspec", "language")):
        info = metadata.get(key)
        if isinstance(info, dict) and isinstance(info.get(field), str):
            return str(info[field])
    return ""


def _write_cell(cell: dict[str, Any], language: str, writer: TextWriter) -> None:
    source = cell.get("source", cell.get("input", ""))
    text = clean("".join(map(str, source)) if isinstance(source, list) else str(source or ""))
    if cell.get("cell_type") == "code":
        writer.code(text, language)
    elif cell.get("cell_type") == "markdown":
        writer.document(markdown.from_text(text.strip("\n")))
    else:
        writer.add(text)
