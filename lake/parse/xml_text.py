"""XML as an outline of its elements; entities are never fetched, and their expansion is bounded."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING, Any

from lake.errors import InputError
from lake.parse.canonical import TextWriter, clean, one_line
from lake.parse.outline import write_outline

if TYPE_CHECKING:
    from lake.parse.document import ParsedDocument

_LONGEST_ENTITY = 10_000
_REFERS = re.compile(r"&(?!#|(?:lt|gt|amp|quot|apos);)")


def parse(data: bytes, suffix: str) -> ParsedDocument:
    root, entities = _root(data)
    writer = TextWriter()
    write_outline(_top(root, entities), writer)
    language = root.get("{http://www.w3.org/XML/1998/namespace}lang")
    return writer.finish(title=_title(root), language=language, metadata={"root": _name(root)})


def _root(data: bytes) -> tuple[Any, dict[str, str]]:
    from lxml import etree  # type: ignore[import-untyped]

    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True
    )
    try:
        root = etree.fromstring(data.lstrip(b" \t\r\n"), parser)
    except etree.XMLSyntaxError as error:
        raise _reason(str(error.msg)) from error
    return root, _entities(root.getroottree().docinfo.internalDTD)


def _reason(message: str) -> InputError:
    lowered = message.lower()
    if "premature end" in lowered or "couldn't find end of" in lowered:
        return InputError(f"the XML ends in the middle ({message}); fetch the file again", "truncated")
    if "depth" in lowered:
        return InputError(f"nested too deeply to be read ({message}); flatten the file", "too_deep")
    if "entity" in lowered and ("loop" in lowered or "amplification" in lowered):
        return InputError(f"entities that multiply each other ({message}); write them out", "entity_bomb")
    return InputError(f"not well-formed XML: {message}; correct the file", "garbage")


def _entities(dtd: Any) -> dict[str, str]:
    """Texts of the entities that a file declares. Raises InputError for entities made of other entities."""
    found = {}
    for entity in dtd.iterentities() if dtd is not None else ():
        content = entity.content or ""
        if _REFERS.search(content) or len(content) > _LONGEST_ENTITY:
            raise InputError(
                f"the entity {entity.name!r} is made of other entities or huge; write it out", "entity_bomb"
            )
        found[entity.name] = unescape(content)
    return found


def _top(root: Any, entities: dict[str, str]) -> object:
    value = _value(root, entities)
    return value if isinstance(value, tuple) else {_name(root): value}


def _value(node: Any, entities: dict[str, str]) -> object:
    """Text of a leaf or of mixed content; else pairs, the attributes before the children."""
    children = [child for child in node if isinstance(child.tag, str)]
    attributes = tuple((_local(key), value) for key, value in node.attrib.items())
    text = _own_text(node, entities)
    if children and not text:
        return attributes + tuple((_name(child), _value(child, entities)) for child in children)
    full = _full_text(node, entities) if children else text
    return (*attributes, *((("text", full),) if full else ())) if attributes else full


def _own_text(node: Any, entities: dict[str, str]) -> str:
    pieces = [node.text or ""]
    for child in node:
        if not isinstance(child.tag, str):
            pieces.append(entities.get(getattr(child, "name", ""), ""))
        pieces.append(child.tail or "")
    return one_line(clean("".join(pieces)))


def _full_text(node: Any, entities: dict[str, str]) -> str:
    pieces = []
    for found in node.iter():
        if isinstance(found.tag, str):
            pieces.append(found.text or "")
        else:
            pieces.append(entities.get(getattr(found, "name", ""), ""))
        pieces.append(found.tail or "" if found is not node else "")
    return one_line(clean("".join(pieces)))


def _title(root: Any) -> str | None:
    found = root.find("{*}title")
    return one_line(clean("".join(found.itertext()))) or None if found is not None else None


def _name(node: Any) -> str:
    return _local(node.tag)


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]
