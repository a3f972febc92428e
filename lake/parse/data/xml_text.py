"""XML as an outline of its elements, or as prose if it has paragraphs; nothing outside the file is fetched."""

from __future__ import annotations

import plistlib
import re
from collections.abc import Iterable, Iterator
from html import unescape
from html.entities import html5
from typing import TYPE_CHECKING, Any

from lake.errors import InputError
from lake.parse.canonical import TextWriter, clean, one_line
from lake.parse.data.diagrams import unpack_diagrams
from lake.parse.data.office_xml import read_as_office
from lake.parse.data.outline import MAX_DEPTH, write_outline
from lake.parse.data.xml_lists import FIRST_NUMBER
from lake.parse.data.xml_markup import marked_attributes, marked_texts, put_text
from lake.parse.data.xml_prose import is_prose, write_prose
from lake.parse.data.xml_words import attributes, has_words, local_name, own_text, reading, words
from lake.parse.encoded_data import without_data
from lake.parse.many_attributes import refuse_many_attributes
from lake.parse.text import decode

if TYPE_CHECKING:
    from lake.parse.document import ParsedDocument

#: As of JSON: shorter ones may be keys, and say little anyway.
_LEAST_ENCODED = 256
_BASE64, _HEXADECIMAL = re.compile(r"[A-Za-z0-9+/_-]+={0,2}"), re.compile(r"[0-9a-fA-F]+")
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_EIGHT_BITS = re.compile(rb"""^<\?xml[^>]*?encoding\s*=\s*["'](?!utf|ucs|iso-10646)""", re.I)
_ENTITY = re.compile(r"&(?!(?:lt|gt|amp|quot|apos);)([A-Za-z][A-Za-z0-9]*);")
_TAG = re.compile(r"<!--.*?-->|<[^<>]*>", re.S)
_START, _END, _TAIL = re.compile(rb"<([A-Za-z_][^\s<>/]*)"), re.compile(rb"</([^\s<>/]+)\s*>\s*\Z"), 4096
_UNKNOWN = re.compile(r"Entity '([^']+)' not defined")
#: What libxml2 says of text or a document behind the root, and what stands around all of it then.
_SEVERAL, _PART = ("Extra content at the end", "XML declaration allowed only"), "part"
_PROLOG = re.compile(r"<\?xml\s[^>]*\?>|<!DOCTYPE[^<>\[]*>")
_REFERENCE = re.compile(r"&([^#&;\s][^&;\s]*);")
#: Maximum number of entities in the text of one.
_MAX_ENTITIES = 100
#: Elements may be nested this deep; libxml2 reads 256 levels, or 2,048 if it is allowed to.
_MAX_LEVELS = 2000
_ELEMENT = re.compile(rb"<(/?)[A-Za-z_:\x80-\xff][^<>]*?(/?)>")


def parse(data: bytes, suffix: str) -> ParsedDocument:
    writer = TextWriter()
    data = _of_known_encoding(_as_text(data).lstrip(b" \t\r\n"), writer)
    root, damaged = _root(data, writer)
    if not damaged and (other := read_as_office(root, data)) is not None:
        return other
    unpack_diagrams(root, _parser())
    _drop_encoded(root, writer)
    # A repaired tree may lack text, so that the bytes are read without it.
    # Without an ampersand no attribute holds a tag, and no text outside CDATA does.
    marks = (b"&", b"<![CDATA[", b"\0", b"<mxfile")
    may_hold = not damaged and any(mark in data for mark in marks)
    marked_up = [*marked_texts(root), *marked_attributes(root)] if may_hold else []
    for node, name, value in marked_up:
        put_text(node, name, value.reading)
    writer.read(unescape(_TAG.sub(" ", damaged)) if damaged else reading(root))
    for node, name, value in marked_up:
        put_text(node, name, value.text)
        writer.note(value.omitted)
        writer.read(value.tags)
        writer.omit("decoration", value.tags, "markup of values")
    comments = "\n".join(node.text or "" for node in root.iter() if _is_comment(node))
    if comments.strip():
        writer.read(comments)
        writer.omit("hidden", comments, "comments")
    if is_prose(root):
        write_prose(root, writer)
        _note_marks(root.iter(), writer)
    else:
        marked: list[Any] = []
        _write_outline(root, writer, marked)
        _note_marks(marked, writer)
    return writer.finish(title=_title(root), language=root.get(_LANGUAGE), metadata={"root": local_name(root)})


def _as_text(data: bytes) -> bytes:
    """A property list of Apple's in XML, if it is a binary one. Raises InputError if it is damaged."""
    if not data.startswith(b"bplist"):
        return data
    try:
        return plistlib.dumps(plistlib.loads(data), sort_keys=False)
    except Exception as error:  # plistlib raises errors of many kinds for damaged files
        raise InputError(f"a damaged property list ({error}); convert it: plutil -convert xml1", "garbage") from error


def _of_known_encoding(data: bytes, writer: TextWriter) -> bytes:
    """``data`` in UTF-8 if it declares an encoding of eight bits: names are read as browsers do, unlike libxml2."""
    if data.isascii() or not _EIGHT_BITS.match(data):
        return data
    text, _, omitted = decode(data, declared=True)
    writer.note(omitted)
    return _DECLARATION.sub("", text, count=1).encode()


def _root(data: bytes, writer: TextWriter) -> tuple[Any, str]:
    """The root, and the source if it had to be repaired. Raises InputError if the bytes are no XML."""
    from lxml import etree  # type: ignore[import-untyped]

    refuse_many_attributes(data.decode("latin-1"))
    try:
        root = etree.fromstring(data, _parser())
        _refuse_bombs(root.getroottree().docinfo.internalDTD)
        return root, ""
    except etree.XMLSyntaxError as error:
        message, place = str(error.msg), f"line {error.lineno}: {error.msg}"
        if "depth" in message.lower() and b"<!ENTITY" not in data and _depth(data) <= _MAX_LEVELS:
            return etree.fromstring(data, _parser(huge_tree=True)), ""
    except ValueError as error:  # an encoding that is declared twice
        message = place = str(error)
    refusal = _reason(message)
    # libxml2 also stops early at a byte that is not of the declared encoding.
    stopped = refusal.error_class == "truncated" and _is_closed(data)
    if refusal.error_class != "garbage" and not stopped:
        raise refusal
    # Entities of HTML that no DTD declares, or an encoding that libxml2 does not know.
    text, _, omitted = decode(data, declared=True)
    text = _ENTITY.sub(lambda match: html5.get(f"{match[1]};", match[0]), _DECLARATION.sub("", text, count=1))
    try:
        return _mended(text, writer), ""
    except etree.XMLSyntaxError:
        root = _recovered(text)
        if root is None or not (len(root) or words(root)):
            raise refusal from None
        writer.omit("unreadable", place=f"{place}; the text around it is kept")
        return root, text
    finally:
        writer.note(omitted)


def _drop_encoded(root: Any, writer: TextWriter) -> None:
    """Take out bytes that are written as text: what an element holds, and data URIs."""
    for node in root.iter():
        if not isinstance(node.tag, str):
            continue
        if node.text and len(node.text) >= _LEAST_ENCODED and _is_encoded(node.text):
            node.text = ""
            writer.omit("encoded_data", place=local_name(node))
        elif node.text and "base64," in node.text:
            node.text, omitted = without_data(node.text)
            writer.note(omitted)
        for name, value in node.attrib.items():
            if len(value) >= _LEAST_ENCODED and "data:" in value[:80]:
                node.attrib[name], omitted = without_data(value)
                writer.note(omitted)


def _is_encoded(text: str) -> bool:
    """Whether a text is base64 or hexadecimal digits, in lines or not."""
    digits = "".join(text.split())
    if _HEXADECIMAL.fullmatch(digits):
        return True
    kinds = (str.isupper, str.islower, str.isdigit)
    return bool(_BASE64.fullmatch(digits)) and all(any(map(kind, digits)) for kind in kinds) and " " not in text.strip()


def _recovered(text: str) -> Any:
    """What can be read of a damaged text; None if that is nothing."""
    from lxml import etree

    try:
        return etree.fromstring(text.encode(), _parser(encoding="utf-8", recover=True))
    except etree.XMLSyntaxError:  # without any tag, which lxml reports here too
        return None


def _mended(text: str, writer: TextWriter) -> Any:
    """The root; a part of a document, which has several, gets one. Undeclared entities are left out and named."""
    from lxml import etree

    is_part = False
    for _ in range(_MAX_ENTITIES):
        try:
            return etree.fromstring(text.encode(), _parser(encoding="utf-8"))
        except etree.XMLSyntaxError as error:
            if str(error.msg).startswith(_SEVERAL) and not is_part:
                text, is_part = f"<{_PART}>{_PROLOG.sub('', text)}</{_PART}>", True
                continue
            unknown = _UNKNOWN.match(str(error.msg))
            if unknown is None or f"&{unknown[1]};" not in text:
                raise
            text = text.replace(f"&{unknown[1]};", "")
            writer.omit(
                "unreadable", place=f"line {error.lineno}: the entity {unknown[1]!r} is not declared in the file"
            )
    return etree.fromstring(text.encode(), _parser(encoding="utf-8"))


def _parser(**options: Any) -> Any:
    from lxml import etree

    usual = {"resolve_entities": "internal", "no_network": True, "load_dtd": False, "huge_tree": False}
    return etree.XMLParser(**usual | options)


def _depth(data: bytes) -> int:
    """How deep elements are nested, about: libxml2 is asked for more than its own limit only if this is sane."""
    depth = most = 0
    for match in _ELEMENT.finditer(data):
        depth += (-1 if match[1] else 1) if not match[2] else 0
        most = max(most, depth)
    return most


def _refuse_bombs(dtd: Any) -> None:
    """Raises InputError if an entity is made of very many others; libxml2 refuses only those that fill the memory."""
    inner = {one.name: _REFERENCE.findall(one.content or "") for one in (dtd.iterentities() if dtd is not None else ())}
    sizes: dict[str, int] = {}

    def size(name: str) -> int:
        if name not in sizes:
            sizes[name] = 0  # of an entity inside itself, which libxml2 refuses
            sizes[name] = sum(1 + size(other) for other in inner.get(name, ()))
        return sizes[name]

    if many := next((name for name in inner if size(name) > _MAX_ENTITIES), None):
        raise InputError(f"the entity {many!r} is made of {sizes[many]:,} others; write it out", "entity_bomb")


def _is_closed(data: bytes) -> bool:
    """Whether the bytes end with the end tag of their first element."""
    first, last = _START.search(data), _END.search(data[-_TAIL:])
    return bool(first and last and first[1] == last[1])


def _reason(message: str) -> InputError:
    lowered = message.lower()
    if "premature end" in lowered or "couldn't find end of" in lowered:
        return InputError(f"the XML ends in the middle ({message}); fetch the file again", "truncated")
    if "depth" in lowered:
        return InputError(f"nested too deeply to be read ({message}); flatten the file", "too_deep")
    if "entity" in lowered and ("loop" in lowered or "amplification" in lowered):
        return InputError(f"entities that multiply each other ({message}); write them out", "entity_bomb")
    return InputError(f"not well-formed XML: {message}; correct the file", "garbage")


def _note_marks(nodes: Iterable[Any], writer: TextWriter) -> None:
    """Note attributes without words, such as names and addresses, of nodes inside text."""
    values = (value for node in nodes if local_name(node) for name, value in attributes(node) if name != FIRST_NUMBER)
    if marks := "\n".join(value for value in values if not has_words(value)):
        writer.omit("decoration", marks, "attributes")


def _write_outline(root: Any, writer: TextWriter, marked: list[Any]) -> None:
    """Each child of the outermost element that has several becomes a block."""
    top = root
    while len(children := [child for child in top if isinstance(child.tag, str)]) == 1 and not own_text(top):
        if not len(children[0]):
            break
        if stated := tuple(attributes(top)):
            write_outline(stated, writer)
        top = children[0]
    value = _value(top, marked, 0)
    write_outline(value if isinstance(value, tuple) else {local_name(top): value}, writer)


def _value(node: Any, marked: list[Any], depth: int) -> object:
    """Text of a leaf, of mixed content or of what is nested deeply; else pairs, the attributes before the children.

    Nodes inside mixed content are added to ``marked``.
    """
    children = [child for child in node if isinstance(child.tag, str)]
    stated = tuple(attributes(node))
    if children and not own_text(node) and depth < MAX_DEPTH - 2:
        return stated + tuple((local_name(child), _value(child, marked, depth + 1)) for child in children)
    text = words(node)
    marked += [inner for child in children for inner in child.iter()]
    return (*stated, *((("text", text),) if text else ())) if stated else text


def _is_comment(node: Any) -> bool:
    return callable(node.tag) and node.tag.__name__ == "Comment"


def _title(root: Any) -> str | None:
    found = next(_titles(root), None)
    return one_line(clean(words(found))) or None if found is not None else None


def _titles(root: Any) -> Iterator[Any]:
    """The title of the document, also in the header of an article, a book or a feed."""
    for path in ("{*}title", "{*}info/{*}title", "{*}channel/{*}title", "{*}front//{*}article-title",
                 "{*}teiHeader//{*}title"):  # fmt: skip
        yield from root.iterfind(path)
