"""Structured data: JSON, JSON Lines and XML as readable outlines, notebooks as their cells."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from lake.errors import InputError
from lake.parse.canonical import TextWriter, paragraphs, source_document
from lake.parse.data import notebook, xml_text
from lake.parse.data.markup_values import OF_CODE, MarkupValue, may_be_markup, read_markup
from lake.parse.data.outline import write_outline
from lake.parse.text import decode

if TYPE_CHECKING:
    from lake.parse.document import ParsedDocument

_JSON = frozenset(
    (
        *(".json", ".jsonl", ".ndjson", ".ipynb", ".geojson", ".jsonld", ".jsonc", ".webmanifest"),
        *(".avsc", ".har", ".topojson", ".sarif"),
    )
)
#: A string of JSON, a comment, or a comma that nothing follows.
_RELAXED = re.compile(r'("(?:[^"\\]|\\.)*")|//[^\n]*|/\*.*?\*/|,(?=(?:\s|//[^\n]*\n|/\*.*?\*/)*[}\]])', re.S)
_BETWEEN = re.compile(r"[\s\x1e]*")
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|(.))", re.S)
#: A string of bytes written as text, with the key before it; slashes and line breaks may be escaped.
_ENCODED = re.compile(
    r'(?:"([^"\\\n]{1,80})"\s*:\s*)?"(?:data:([\w/+.-]+)[^",]{0,80};base64,)?'
    r'((?:[A-Za-z0-9+_-]|/|\\/|\\r|\\n){256,}={0,2}(?:\\r|\\n)*)"'
)
#: The same inside a longer text.
_DATA_URI = re.compile(r"data:([\w/+.-]+)(?:;[\w=.-]+)*;base64,((?:[A-Za-z0-9+_-]|/|\\/){64,}={0,2})")
#: A string that is a value, with the key before it; else one that is a key, so that the next begins where it ends.
_STRING = re.compile(r'(?:"([^"\\\n]{1,80})"\s*:\s*)?("(?:[^"\\]|\\.)*")(?!\s*:)|"(?:[^"\\]|\\.)*"', re.DOTALL)
_KINDS_OF_CHARACTERS = (re.compile("[a-z]"), re.compile("[A-Z]"), re.compile("[0-9]"))
_HEX = re.compile(r"[0-9a-fA-F]{512,}")
#: Longer integers are refused by Python.
_MOST_DIGITS = 4000


def parse(data: bytes, suffix: str) -> ParsedDocument:
    if suffix not in _JSON:
        return xml_text.parse(data, suffix)
    text, metadata, omitted = decode(data)
    if suffix == ".ipynb":
        return notebook.from_value(_loaded(text, plain=True), omitted)
    writer = TextWriter()
    writer.note(omitted)
    short = _without_encoded(text, writer)
    if may_be_markup(short):
        short, text = _without_markup(short, text, writer)
    writer.read(_without_escapes(text))
    if suffix in (".jsonl", ".ndjson"):
        _write_lines(short, writer)
        return writer.finish(metadata=metadata)
    try:
        value = _loaded(short)
    except InputError:
        if values := list(_concatenated(short)):
            _write_each(values, writer)
            return writer.finish(metadata=metadata)
        if _is_relaxed(short):
            # Comments are text as well, so the source is kept as it is written.
            return source_document(text, paragraphs(text, kind="code"), metadata=metadata, omitted=omitted)
        raise
    write_outline(value, writer)
    return writer.finish(title=_title(value), metadata=metadata)


def _loaded(text: str, line: int = 0, *, plain: bool = False) -> Any:
    """The value; unless it is ``plain``, numbers are texts as written, and objects are tuples of pairs.

    Raises InputError if the text is not JSON.
    """
    kept: dict[str, Any] = {"parse_float": str, "parse_int": str, "parse_constant": str, "object_pairs_hook": tuple}
    try:
        return json.loads(text, strict=False, **({"parse_int": _integer} if plain else kept))
    except json.JSONDecodeError as error:
        cut = error.pos >= len(text.rstrip()) - 1 or error.msg.startswith("Unterminated string")
        raise _reason(error, line, "truncated" if cut else "garbage") from error


def _integer(digits: str) -> int | str:
    """An integer; Python refuses to read one of thousands of digits."""
    return int(digits) if len(digits) < _MOST_DIGITS else digits


def _reason(error: json.JSONDecodeError, line: int, error_class: str) -> InputError:
    where = f"line {line or error.lineno}, column {error.colno}"
    if error_class == "truncated":
        return InputError(f"the JSON ends in the middle ({error.msg}, {where}); fetch the file again", error_class)
    return InputError(f"not JSON: {error.msg} at {where}; correct the file, or convert it if it is JSON5", error_class)


def _concatenated(text: str) -> Iterator[Any]:
    """Objects and lists that follow each other without commas; nothing if there is anything else."""
    decoder = json.JSONDecoder(
        strict=False, parse_float=str, parse_int=str, parse_constant=str, object_pairs_hook=tuple
    )
    values, place = [], _end_of_space(text, 0)
    while place < len(text):
        try:
            value, end = decoder.raw_decode(text, place)
        except ValueError:
            return
        if not isinstance(value, (tuple, list)):
            return
        values.append(value)
        place = _end_of_space(text, end)
    yield from values


def _end_of_space(text: str, place: int) -> int:
    found = _BETWEEN.match(text, place)
    return found.end() if found else place


def _is_relaxed(text: str) -> bool:
    """Whether the text is JSON but for comments and commas after last items."""
    if text.rfind("/*") > text.rfind("*/"):
        return False
    plain = _RELAXED.sub(lambda match: match[1] or " ", text)
    try:
        json.loads(plain)
    except ValueError:
        return False
    return True


def _write_lines(text: str, writer: TextWriter) -> None:
    """Append one value a line. A line that is not JSON costs that line; a file of such lines is refused."""
    good, bad = list[tuple[int, str, Any]](), list[tuple[int, str, InputError]]()
    for number, line in enumerate(text.split("\n"), start=1):
        line = line.strip("\x1e \t")
        if not line:
            continue
        try:
            good.append((number, line, _loaded(line, number)))
        except InputError as problem:
            values = list(_concatenated(line))
            good += ((number, line, value) for value in values)
            bad += [] if values else [(number, line, problem)]
        except RecursionError:
            bad.append((number, line, InputError("nested too deeply to be read; flatten the data", "too_deep")))
    if len(bad) > len(good):
        # Perhaps indented objects, of which no line is a value.
        values = list(_concatenated(text))
        if not values:
            _refuse(bad, len(good) + len(bad))
        good, bad = [(0, "", value) for value in values], []
    for number, line, value in good:
        try:
            write_outline([value], writer)
        except InputError as problem:
            bad.append((number, line, problem))
    for number, line, reason in sorted(bad, key=lambda one: one[0]):
        writer.omit("unreadable", line, f"line {number}: {str(reason).partition(';')[0]}")


def _write_each(values: list[Any], writer: TextWriter) -> None:
    for value in values:
        write_outline([value], writer)


def _refuse(bad: list[tuple[int, str, InputError]], n_lines: int) -> None:
    first = bad[0][2]
    if len(bad) == 1:
        raise first
    raise InputError(f"{len(bad):,} of {n_lines:,} lines are no JSON; first: {first}", "garbage")


def _without_encoded(text: str, writer: TextWriter) -> str:
    """The text without long strings in base64 or hexadecimal digits."""

    def named(match: re.Match[str]) -> str:
        key, media_type, encoded = match[1], match[2], match[3]
        if not (media_type or _HEX.fullmatch(encoded) or all(kind.search(encoded) for kind in _KINDS_OF_CHARACTERS)):
            return match[0]
        marks = "data base64 " if media_type else ""
        writer.omit("encoded_data", marks + _without_escapes(encoded), key or media_type or "")
        return f"{_json(key)}: {_json(media_type or '')}" if key is not None else _json(media_type or "")

    def typed(match: re.Match[str]) -> str:
        writer.omit("encoded_data", "base64 " + _without_escapes(match[2]), match[1])
        return f"data:{match[1]}"

    shorter = _ENCODED.sub(named, text)
    return _DATA_URI.sub(typed, shorter) if ";base64," in shorter else shorter


def _without_markup(short: str, text: str, writer: TextWriter) -> tuple[str, str]:
    """The text, in which each value that is HTML is what it says: as it is written, and by another reading."""
    replaced: dict[str, MarkupValue | None] = {}

    def value_of(match: re.Match[str]) -> MarkupValue | None:
        value = match[2]
        if value is None or (match[1] or "").lower() in OF_CODE or ("<" not in value and "&" not in value):
            return None
        if match[0] not in replaced:
            try:
                replaced[match[0]] = read_markup(json.loads(value, strict=False))
            except ValueError:
                replaced[match[0]] = None
        return replaced[match[0]]

    def shown(match: re.Match[str]) -> str:
        value = value_of(match)
        if value is None:
            return match[0]
        writer.note(value.omitted)
        writer.read(value.tags)
        writer.omit("decoration", value.tags, "markup of values")
        return match[0][: match.start(2) - match.start()] + json.dumps(value.text, ensure_ascii=False)

    def read(match: re.Match[str]) -> str:
        value = value_of(match)
        if value is None:
            return match[0]
        return match[0][: match.start(2) - match.start()] + json.dumps(value.reading, ensure_ascii=False)

    return _STRING.sub(shown, short), _STRING.sub(read, text)


def _json(text: str) -> str:
    return f'"{text}"'


def _without_escapes(text: str) -> str:
    r"""The text of JSON with its escapes resolved; those of white space become a space.

    >>> _without_escapes('"caf\\u00e9\\nbar"')
    '"café bar"'
    """
    if "\\" not in text:
        return text
    plain = _ESCAPE.sub(lambda match: chr(int(match[1], 16)) if match[1] else _escaped(match[2]), text)
    return plain.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")


def _escaped(letter: str) -> str:
    return " " if letter in "ntrbf" else letter


def _title(value: Any) -> str | None:
    if not isinstance(value, tuple):
        return None
    stated = next((item for key, item in value if key == "title"), None)
    return stated.strip() or None if isinstance(stated, str) else None
