"""Office Open XML: names of elements in both of its namespaces, and what they hold of text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from lake.parse.canonical import one_line, runs_into
from lake.parse.office.symbol_fonts import in_font, is_symbolic, symbol
from lake.parse.pictures import description

if TYPE_CHECKING:
    from lxml.etree import _Element  # type: ignore[import-untyped]

_OOXML = "http://schemas.openxmlformats.org/"
_STRICT = "http://purl.oclc.org/ooxml/"
_MICROSOFT = "http://schemas.microsoft.com/office/"
#: Namespaces by the prefix that this module and its users write; strict files use other ones.
_NAMESPACES = {
    "w": (f"{_OOXML}wordprocessingml/2006/main", f"{_STRICT}wordprocessingml/main"),
    "a": (f"{_OOXML}drawingml/2006/main", f"{_STRICT}drawingml/main"),
    "p": (f"{_OOXML}presentationml/2006/main", f"{_STRICT}presentationml/main"),
    "r": (f"{_OOXML}officeDocument/2006/relationships", f"{_STRICT}officeDocument/relationships"),
    "m": (f"{_OOXML}officeDocument/2006/math", f"{_STRICT}officeDocument/math"),
    "c": (f"{_OOXML}drawingml/2006/chart", f"{_STRICT}drawingml/chart"),
    "dgm": (f"{_OOXML}drawingml/2006/diagram", f"{_STRICT}drawingml/diagram"),
    "wp": (f"{_OOXML}drawingml/2006/wordprocessingDrawing", f"{_STRICT}drawingml/wordprocessingDrawing"),
    "pic": (f"{_OOXML}drawingml/2006/picture", f"{_STRICT}drawingml/picture"),
    "mc": (f"{_OOXML}markup-compatibility/2006",),
    "wps": (f"{_MICROSOFT}word/2010/wordprocessingShape",),
    "c15": (f"{_MICROSOFT}drawing/2012/chart",),
    "cx": (f"{_MICROSOFT}drawing/2014/chartex",),
    "p188": (f"{_MICROSOFT}powerpoint/2018/8/main",),
    "p14": (f"{_MICROSOFT}powerpoint/2010/main",),
    "adec": (f"{_MICROSOFT}drawing/2017/decorative",),
    "v": ("urn:schemas-microsoft-com:vml",),
    "o": ("urn:schemas-microsoft-com:office:office",),
}
_PREFIXES = {uri: prefix for prefix, uris in _NAMESPACES.items() for uri in uris}

#: Elements whose text a reader of the document sees, or could see.
_TEXT = ("w:t", "w:delText", "m:t", "a:t", "c:v", "cx:pt", "cx:v", "p:text")
#: Elements that part words.
_BORDERS = (
    *("w:p", "w:tc", "w:tab", "w:ptab", "w:br", "w:cr", "w:noBreakHyphen", "w:sym", "w:footnoteReference"),
    *("w:endnoteReference", "w:comment", "a:p", "a:br", "a:tc", "m:oMath", "m:e", "m:num", "m:den", "m:sub", "m:sup"),
    *("m:deg", "m:fName", "m:lim", "mc:Fallback", "c:pt", "cx:pt", "w:rt", "w:rubyBase", "p:text", "c:tx"),
)
#: Elements whose attributes hold text.
_DESCRIBED = (
    *("wp:docPr", "pic:cNvPr", "wps:cNvPr", "p:cNvPr", "p14:cNvPr"),
    *("v:shape", "v:textpath", "v:rect", "v:roundrect"),
)
_ALT_ATTRIBUTES = ("descr", "title", "alt", "string")


@lru_cache(4096)
def key(tag: object) -> str:
    """The tag of a node with the usual prefix of its namespace; empty for comments and processing instructions.

    >>> key("{http://purl.oclc.org/ooxml/wordprocessingml/main}t")
    'w:t'
    """
    if not isinstance(tag, str):
        return ""
    uri, _, name = tag[1:].rpartition("}")
    return f"{_PREFIXES.get(uri, '?')}:{name}"


def tags(*keys: str) -> tuple[str, ...]:
    """Full tags of the prefixed names ``keys``, strict ones included."""
    return tuple(f"{{{uri}}}{one.partition(':')[2]}" for one in keys for uri in _NAMESPACES[one.partition(":")[0]])


_FONT_TAGS = tags("w:rFonts", "a:sym", "a:latin")
_TEXT_TAGS = frozenset(tags(*_TEXT))
_PARAGRAPH_TAGS = frozenset(tags("w:p", "a:p"))
_SYMBOL_TAGS = frozenset(tags("w:sym"))
_DESCRIBED_TAGS = frozenset(tags(*_DESCRIBED))
#: Elements whose text tracked changes take away, and the mark of a run that is hidden.
_TAKEN_TAGS = frozenset(tags("w:del", "w:moveFrom"))
_HIDING_TAGS = frozenset(tags("w:vanish"))
_READ_TAGS = tuple(dict.fromkeys((*tags(*_TEXT), *tags(*_BORDERS), *tags(*_DESCRIBED), *_TAKEN_TAGS, *_HIDING_TAGS)))


def attribute(node: _Element, name: str) -> str:
    """The attribute called ``name`` in any namespace, or an empty string."""
    value = node.get(name)
    if value is None:
        value = next((value for key, value in node.attrib.items() if str(key).rpartition("}")[2] == name), "")
    return str(value)


def child(node: _Element | None, *path: str) -> _Element | None:
    """The first descendant along ``path``, a list of prefixed names."""
    for name in path:
        if node is None:
            return None
        node = next((one for one in node if key(one.tag) == name), None)
    return node


def found(node: _Element, *keys: str) -> Iterator[_Element]:
    """Descendants with one of the prefixed names, in document order."""
    yield from node.iter(*tags(*keys))


def is_on(node: _Element | None) -> bool:
    """The value of a switch such as ``<w:vanish/>``; a missing one is off."""
    return node is not None and attribute(node, "val").lower() not in ("0", "false", "off", "none")


def is_large_letter(properties: _Element | None) -> bool:
    """Whether a paragraph of Word with these properties is the large first letter of the one after it."""
    frame = child(properties, "w:framePr")
    return frame is not None and attribute(frame, "dropCap") in ("drop", "margin")


def has_lost_its_end(properties: _Element | None) -> bool:
    """Whether tracked changes take away the end of a paragraph of Word, so that it goes on in the next one."""
    mark = child(properties, "w:rPr")
    return mark is not None and (is_on(child(mark, "w:del")) or child(mark, "w:moveFrom") is not None)


def _goes_on(paragraph: _Element) -> bool:
    properties = child(paragraph, "w:pPr")
    return properties is not None and (is_large_letter(properties) or has_lost_its_end(properties))


def reading(node: _Element) -> str:
    """All text below ``node`` in document order, whatever it is for: an independent reading for the account.

    What tracked changes take away and runs that state that they are hidden follow it, because they may stand inside
    a word that stays.
    """
    from lxml.etree import iterwalk

    kept: list[str] = []
    taken: list[str] = []
    depth = 0
    hidden_run = None
    described: set[str] = set()
    for event, one in iterwalk(node, events=("start", "end"), tag=_READ_TAGS):
        if one.tag in _TAKEN_TAGS:
            depth += 1 if event == "start" else -1
            taken.append(" ")
            continue
        if one.tag in _HIDING_TAGS:
            hidden_run = one.getparent().getparent() if event == "start" and is_on(one) else hidden_run
            continue
        is_hidden = hidden_run is not None and one.getparent() is hidden_run
        pieces = taken if depth or is_hidden else kept
        if event == "end":
            if one.tag in _PARAGRAPH_TAGS and not _goes_on(one):
                pieces.append(" ")
            continue
        if one.tag in _DESCRIBED_TAGS:
            texts = [text for text in _described(one) if text not in described]
            described.update(texts)
            pieces += (f" {text} " for text in texts)
            continue
        if one.tag not in _TEXT_TAGS:
            before = one.getprevious() if one.tag in _PARAGRAPH_TAGS else None
            if one.tag in _SYMBOL_TAGS:
                pieces.append(symbol(attribute(one, "font"), attribute(one, "char")) or " ")
            elif before is None or not _goes_on(before):
                pieces.append(" ")
            continue
        text = text_of(one)
        apart = pieces and runs_into(pieces[-1], text) and is_raised(one)
        pieces.append(" " if apart else "")
        pieces.append(f" {text} " if key(one.tag) in ("c:v", "cx:pt", "cx:v", "p:text") else text)
    return "".join([*kept, *taken])


def alternatives(node: _Element) -> Iterator[tuple[_Element, bool]]:
    """The alternatives of an ``mc:AlternateContent``, and whether each is the one to read.

    That is the first which holds text, a chart or a diagram; the others are copies for other programs.
    """
    ways = [one for one in node if key(one.tag) in ("mc:Choice", "mc:Fallback")]
    chosen = next((one for one in ways if _has_content(one)), ways[0] if ways else None)
    return ((one, one is chosen) for one in ways)


def _has_content(node: _Element) -> bool:
    return bool(reading(node).strip()) or next(found(node, "c:chart", "cx:chart", "dgm:relIds"), None) is not None


def is_raised(text: _Element) -> bool:
    """Whether the run of a ``w:t`` or ``a:t`` is a superscript."""
    run = text.getparent()
    word, drawn = child(run, "w:rPr", "w:vertAlign"), child(run, "a:rPr")
    if word is not None:
        return attribute(word, "val") == "superscript"
    return drawn is not None and attribute(drawn, "baseline").startswith(tuple("123456789"))


def text_of(node: _Element) -> str:
    """The text of a ``w:t`` or ``a:t``, with the characters that the font of its run shows."""
    text = node.text or ""
    run = node.getparent()
    if run is None or not is_symbolic(text):
        return text
    fonts = (attribute(one, name) for one in run.iter(*_FONT_TAGS) for name in ("ascii", "hAnsi", "typeface"))
    return in_font(text, next(filter(None, fonts), ""))


def alt_texts(node: _Element) -> list[str]:
    """Descriptions below ``node`` that a person wrote; file names and decorations are none."""
    texts: dict[str, None] = {}
    for one in node.iter(*_DESCRIBED_TAGS):
        if any(attribute(mark, "val") == "1" for mark in found(one, "adec:decorative")):
            continue
        texts.update(dict.fromkeys(_described(one)))
    return list(texts)


def _described(node: _Element) -> list[str]:
    return [text for name in _ALT_ATTRIBUTES if (text := description(node.get(name, "")))]


def plain_rows(rows: Iterable[Iterable[str]]) -> str:
    """A table inside a table's cell, as one line."""
    return "; ".join(filter(None, (" ".join(filter(None, map(one_line, row))) for row in rows)))
