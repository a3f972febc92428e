"""HTML before it is parsed: quirks of XHTML, elements whose text a parser hides, and an independent reading."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING, Any

from lake.errors import InputError
from lake.parse.many_attributes import refuse_many_attributes
from lake.parse.web.html_notes import note_marks, raised_spans
from lake.parse.web.html_styles import apart

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser

#: A LexborNode; see ``html_walk``.
SourceNode = Any

VOID = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr")
)
_BORDERS = (
    "address article aside blockquote br button caption center colgroup datalist dd details dialog dir div dl dt "
    "fieldset figcaption figure footer form frame frameset h1 h2 h3 h4 h5 h6 header hgroup hr iframe img input "
    "label legend li listing main map menu meter nav noembed noframes noscript object ol optgroup option p "
    "plaintext pre progress search section select summary svg table tbody td template text textarea "
    "tfoot th thead title tr ul video xmp audio canvas desc rp rt math mi mn mo ms mtext mfrac annotation "
    "annotation-xml rtc"
)
#: Elements before and after which a line breaks, or which stand apart as a button does.
BORDERS = frozenset(_BORDERS.split())
_BORDER = re.compile(
    rf"<(?=/?(?:(?:{'|'.join(sorted(BORDERS))})[\s/>]|[a-z]+-)|/ruby>|tspan\s(?:[^<>]*\s)?(?:x|y|dy)\s*=)",
    re.IGNORECASE,
)
#: What may stand right before the tag of a power, of which the first sign is read: a digit, also at the end of an
#: element inside the line.
_NUMBER_BEFORE = "|".join(rf"(?<=\d{end}<)" for end in ("", *(f"</{tag}>" for tag in ("b", "em", "i", "span"))))
#: A reference to a note, or a power, is a word of its own although nothing stands before it.
_RAISED = re.compile(
    rf"<sup\b[^<>]*>\s*(?=<a\b)|<a\b[^<>]*noteref[^<>]*>|<(?=sup\b)(?:{_NUMBER_BEFORE})sup\b[^<>]*>(?=[-\u2212]?\d)",
    re.IGNORECASE,
)

_XHTML = re.compile(r"""\A\s*<\?xml\b|\bxmlns(?::\w+)?\s*=\s*["']http://www\.w3\.org/1999/xhtml["']""")
_HEAD = 2048
_SELF_CLOSED = re.compile(r"<([A-Za-z][\w:.-]*)((?:\s[^<>]*)?)/>")
_CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_PREFIX = re.compile(r"""\bxmlns:(\w+)\s*=\s*["']http://www\.w3\.org/1999/xhtml["']""")
_DOCTYPE = re.compile(r"<!DOCTYPE\b[^<>\[]*(\[.*?\]\s*)?>", re.IGNORECASE | re.DOTALL)
_ENTITY = re.compile(r"""<!ENTITY\s+([\w.-]+)\s+(?:"([^"&]{0,200})"|'([^'&]{0,200})')\s*>""")
#: A parser keeps the content of these as raw text or apart from the tree.
_RAW = re.compile(r"<(/?)(iframe|noframes|noembed|template|frameset|frame)(?=[\s/>])", re.IGNORECASE)

_TABLE = re.compile(r"<table[\s/>]", re.IGNORECASE)
_CELL, _CELL_END = (re.compile(rf"<{end}t(?:r|d|h|body|head|foot)(?:\s[^<>]*)?>", re.IGNORECASE) for end in ("", "/"))

#: A parser moves texts between rows and cells before the table, where they would run into each other.
_STRAY = re.compile(r"(?<=[^\s>])(?=</?(?:table|caption|thead|tbody|tfoot|tr|td|th)[\s>])", re.IGNORECASE)

#: A price or a word that is struck out, and what stands for it without a space between them.
_REPLACED = re.compile(
    r"(?<!\w)(<(del|s|strike)\b[^<>]*>(?:[^<>]|<(?!/?(?:del|s|strike)\b)[^<>]*>){1,300}</\2>)(?=<[a-z])", re.IGNORECASE
)

_TAG = re.compile(r"<(/?)([a-zA-Z][\w:-]*)(?:[^<>]*(/)>)?")
_SHALLOW = (
    "p li dt dd tr td th thead tbody tfoot colgroup option optgroup rp rt html head body a b big code em font i "
    "nobr s small strike strong tt u"
)
_NOT_NESTED = VOID | frozenset(_SHALLOW.split())
#: Deeper pages take a parser more than seconds.
MAX_NESTED = 2500


def prepared(source: str, *, xhtml: bool = False) -> str:
    """``source`` as an HTML parser reads all of it. Raises InputError (too_deep)."""
    if xhtml or _XHTML.search(source, 0, _HEAD):
        source = _as_html(source)
    if _CELL.search(source) and not _TABLE.search(source):
        source = _in_table(source)
    if _TABLE.search(source):
        source = _STRAY.sub(" ", source)
    if "</del><" in source or "</s><" in source or "</strike><" in source:
        source = _REPLACED.sub(r"\1 ", source)
    if _RAW.search(source):
        source = _RAW.sub(r"<\1x-\2", source)
    if source.count("<") - 2 * source.count("</") > MAX_NESTED or source.count("</") > MAX_NESTED:
        _refuse_nesting(source)
    refuse_many_attributes(source)
    return source


def _in_table(source: str) -> str:
    """``source`` with a table around rows and cells that have none, which a parser would run into one word."""
    start = _CELL.search(source)
    if start is None:
        return source
    end = max((match.end() for match in _CELL_END.finditer(source, start.start())), default=len(source))
    return f"{source[: start.start()]}<table>{source[start.start() : end]}</table>{source[end:]}"


#: A cell of a table that is made of other elements, which parts words.
_ROLE_CELL = re.compile(r"<(?=[a-z][^<>]*\srole=[\"']?(?:cell|gridcell|columnheader|rowheader)\b)", re.IGNORECASE)


_OF_POWERS = frozenset("0123456789-\u2212")


def _is_after_digit(node: SourceNode) -> bool:
    before = node.prev
    text = "" if before is None else before.text_content if before.is_text_node else before.text()
    return text[-1:].isdecimal()


def reading(source: str) -> str:
    """All text of a page's body, with the attributes that a browser shows; ``source`` is prepared."""
    from selectolax.lexbor import LexborHTMLParser

    source = _ROLE_CELL.sub(" <", source)
    tree = LexborHTMLParser(_BORDER.sub(" <", _RAISED.sub(r" \g<0>", source)))
    body = tree.body
    if body is None:
        return ""
    for node in list(apart(body)):
        node.insert_before(" ")
        node.insert_after(" ")
    for node in [*note_marks(body), *raised_spans(tree)]:
        if node.tag == "a" or (node.text()[:1] in _OF_POWERS and _is_after_digit(node)):
            node.insert_before(" ")
        if node.tag == "a":
            node.insert_after(" ")
    attributes = shown_attributes(tree)
    programs = []
    for node in tree.css("body script, body style"):
        # Apart, since one may stand inside a word.
        programs.append(node.text())
        node.decompose()
    return " ".join([body.text(), *attributes, *programs])


def shown_attributes(tree: LexborHTMLParser) -> list[str]:
    """Texts of attributes that a browser shows."""
    texts = []
    for node in tree.css("body img, body area, body input, body textarea, body option, body optgroup"):
        texts += shown(node.tag, node.attributes) or choice(node)
    for node in tree.css("body [srcdoc]"):
        texts.append(reading(prepared(node.attributes["srcdoc"] or "")))
    return texts


#: Inputs whose value is no text on the page.
_VALUELESS = frozenset(("hidden", "checkbox", "radio", "password", "color", "range", "file", "image"))


def shown(tag: str | None, attributes: dict[str, str | None]) -> list[str]:
    """What a browser shows of an element's attributes.

    >>> shown("img", {"alt": "A lamp", "title": "A lamp"}), shown("input", {"value": "7", "placeholder": "days"})
    (['A lamp'], ['7'])
    """
    names: tuple[str, ...] = ("alt", "title") if tag in ("img", "area") else ("label",)
    if tag == "input":
        kind = (attributes.get("type") or "").lower()
        names = () if kind == "hidden" else ("alt",) if kind == "image" else ("value", "placeholder")
        names = tuple(name for name in names if name != "value" or kind not in _VALUELESS)
    if tag == "textarea":
        names = ("placeholder",)
    texts = list(dict.fromkeys(text for name in names if (text := (attributes.get(name) or "").strip())))
    return texts[:1] if tag == "input" else texts


def choice(node: SourceNode) -> list[str]:
    """The value of a choice that a field proposes, which is shown if the choice has no text."""
    around = node.parent
    if node.tag != "option" or around is None or around.tag != "datalist" or node.text().strip():
        return []
    return [value] if (value := (node.attributes.get("value") or "").strip()) else []


def nesting(html: str) -> int:
    """Depth of the deepest element, without those that end by themselves and those that only mark words.

    >>> nesting("<div>a<br><p>b<div>c</div></div>")
    2
    """
    depth = deepest = 0
    for match in _TAG.finditer(html):
        name = match[2].lower()
        if name not in _NOT_NESTED and not (match[3] and name not in BORDERS):
            depth = max(0, depth + (-1 if match[1] else 1))
            deepest = max(deepest, depth)
    return deepest


def _refuse_nesting(source: str) -> None:
    depth = nesting(source)
    if depth > MAX_NESTED:
        raise InputError(
            f"elements nested {depth} deep, more than the {MAX_NESTED} that can be read; flatten it", "too_deep"
        )


def _as_html(source: str) -> str:
    """XHTML as HTML: elements that close themselves, CDATA, prefixes, and entities that the document declares."""
    doctype = _DOCTYPE.search(source, 0, 1 << 16)
    if doctype and doctype[1]:
        entities = {name: one or other for name, one, other in _ENTITY.findall(doctype[1])}
        source = source[: doctype.start()] + source[doctype.end() :]
        if entities:
            names = "|".join(map(re.escape, sorted(entities, key=len, reverse=True)))
            source = re.sub(rf"&({names});", lambda match: entities[match[1]], source)
    for prefix in set(_PREFIX.findall(source[:_HEAD])):
        source = re.sub(rf"<(/?){prefix}:", r"<\1", source)
    if "<![CDATA[" in source:
        source = _CDATA.sub(lambda match: escape(match[1], quote=False), source)
    return _SELF_CLOSED.sub(_opened, source)


def _opened(match: re.Match[str]) -> str:
    if match[1].lower() in VOID:
        return match[0]
    return f"<{match[1]}{match[2]}></{match[1]}>"
